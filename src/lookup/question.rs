//! The questions the catalogue answers, each with its call, its reading and the meaning of its absence.

use std::fmt::Display;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::cache::{KeyBuilder, Kind};
use crate::error::Place;
use crate::lookup::audience::Audience;
use crate::lookup::failure::Error;
use crate::lookup::reason::Reason;
use crate::lookup::{bounds, cursor, document};
use crate::model::category::Category;
use crate::model::ids::{CategoryId, OfferId, SupplierId};
use crate::model::money::{Exchange, Money};
use crate::model::offer::{Offer, PictureSize};
use crate::model::picture::Pictured;
use crate::model::search::{Found, Search};
use crate::model::supplier::Supplier;
use crate::model::warehouse::Site;
use crate::translate::search::Bounds;
use crate::translate::{self, Nonsense};
use crate::upstream::Call;
use crate::upstream::wholesale::{calls, wire};

/// A question to the catalogue.
pub trait Question: Sync {
    /// What answers it.
    type Found;
    /// The kind of its document.
    const KIND: Kind;
    /// Whether the answer shows prices, so that it needs an exchange rate.
    const PRICED: bool;
    /// The service's word for "there is no such thing".
    const ABSENT: &'static str = document::row(Self::KIND).1;

    /// Adds everything that tells this question from others of its kind.
    fn key(&self, key: KeyBuilder) -> KeyBuilder;
    /// The call that asks it.
    fn call(&self, audience: &Audience, exchange: &Exchange) -> Result<Call, Error>;
    /// Reads the document.
    fn read(&self, audience: &Audience, document: &Bytes) -> Result<Self::Found, Error>;
    /// What it means that there is no such thing.
    fn absent(&self) -> Error;
    /// What it means that the service keeps it back for this reason.
    fn kept_back(&self, reason: Reason) -> Error {
        let _ = reason;
        self.absent()
    }
}

/// Asks for all categories.
#[derive(Clone, Copy, Debug)]
pub struct AllCategories;

/// Asks for all warehouses.
#[derive(Clone, Copy, Debug)]
pub struct AllWarehouses;

/// Asks for the picture of an offer.
#[derive(Clone, Copy, Debug)]
pub struct Picture {
    /// The offer.
    pub offer: OfferId,
    /// How large.
    pub size: PictureSize,
}

pub(super) const GOODS_NOT_FOUND: &str = "GOODS_NOT_FOUND";
pub(super) const SELLER_NOT_FOUND: &str = "SELLER_NOT_FOUND";
pub(super) const CATEGORY_NOT_FOUND: &str = "CATEGORY_NOT_FOUND";
pub(super) const PICTURE_NOT_FOUND: &str = "PICTURE_NOT_FOUND";
/// Lists are never absent: they are empty.
pub(super) const NEVER_ABSENT: &str = "";

impl Question for OfferId {
    type Found = Offer;
    const KIND: Kind = Kind::Offer;
    const PRICED: bool = true;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        key.number(self.number())
    }
    fn call(&self, audience: &Audience, _: &Exchange) -> Result<Call, Error> {
        Ok(calls::goods(*self, audience.language))
    }
    fn read(&self, _: &Audience, document: &Bytes) -> Result<Offer, Error> {
        let offer = translate::goods::offer(parsed(document, "goods")?)?;
        if offer.summary.id != *self {
            return Err(Nonsense::new(format!("asked for goods {self}, got {}", offer.summary.id)).into());
        }
        if offer.on_sale { Ok(offer) } else { Err(self.absent()) }
    }
    fn absent(&self) -> Error {
        Error::OfferNotFound(*self)
    }
    fn kept_back(&self, reason: Reason) -> Error {
        reason.of(*self)
    }
}

impl Question for SupplierId {
    type Found = Supplier;
    const KIND: Kind = Kind::Supplier;
    const PRICED: bool = false;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        key.number(self.number())
    }
    fn call(&self, audience: &Audience, _: &Exchange) -> Result<Call, Error> {
        Ok(calls::seller(*self, audience.language))
    }
    fn read(&self, _: &Audience, document: &Bytes) -> Result<Supplier, Error> {
        let supplier = translate::sellers::supplier(parsed(document, "seller")?)?;
        if supplier.id == *self {
            Ok(supplier)
        } else {
            Err(Nonsense::new(format!("asked for seller {self}, got {}", supplier.id)).into())
        }
    }
    fn absent(&self) -> Error {
        Error::SupplierNotFound(*self)
    }
}

impl Question for AllCategories {
    type Found = Vec<Category>;
    const KIND: Kind = Kind::Categories;
    const PRICED: bool = false;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        key
    }
    fn call(&self, audience: &Audience, _: &Exchange) -> Result<Call, Error> {
        Ok(calls::categories(audience.language))
    }
    fn read(&self, _: &Audience, document: &Bytes) -> Result<Vec<Category>, Error> {
        Ok(translate::categories::categories(parsed(document, "categories")?))
    }
    fn absent(&self) -> Error {
        Nonsense::new("no categories").into()
    }
}

impl Question for AllWarehouses {
    type Found = Vec<Site>;
    const KIND: Kind = Kind::Warehouses;
    const PRICED: bool = false;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        key
    }
    fn call(&self, audience: &Audience, _: &Exchange) -> Result<Call, Error> {
        Ok(calls::warehouses(audience.language))
    }
    fn read(&self, _: &Audience, document: &Bytes) -> Result<Vec<Site>, Error> {
        Ok(translate::fulfilment::warehouses(parsed(document, "warehouses")?)?)
    }
    fn absent(&self) -> Error {
        Nonsense::new("no warehouses").into()
    }
}

impl Question for Search {
    type Found = Found;
    const KIND: Kind = Kind::Search;
    const PRICED: bool = true;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        // The currency of bounds is the audience's; it is in the key already.
        let key = key
            .some_text(self.words.as_deref())
            .some_number(self.category.map(|id| id.number()))
            .some_number(self.price_min.map(|money| money.minor))
            .some_number(self.price_max.map(|money| money.minor))
            .some_number(self.minimum_order_max.map(i64::from))
            .some_number(self.supplier.map(|id| id.number()));
        let key = cursor::alike(key, self.alike.as_ref());
        cursor::conditions(key, &self.filters)
            .number(i64::from(self.facets))
            .text(self.sort.name())
            .some_text(self.cursor.as_ref().map(|cursor| cursor.0.as_str()))
            .number(i64::from(self.size.get()))
    }
    fn call(&self, audience: &Audience, exchange: &Exchange) -> Result<Call, Error> {
        let bound = |name: &str, bound: Option<Money>, find: fn(Money, &Exchange) -> Option<Money>| {
            let fits = |money: Money| if money.currency == exchange.currency { find(money, exchange) } else { None };
            let refused = || Error::Invalid(vec![Place::query(name, "an amount of the asked currency that fits")]);
            bound.map(|money| fits(money).ok_or_else(refused)).transpose()
        };
        let token = self.cursor.as_ref().map(|mark| cursor::unwrap(self, audience.mode, mark)).transpose()?;
        let bounds = Bounds {
            price_min: bound("price_min", self.price_min, bounds::lowest)?,
            price_max: bound("price_max", self.price_max, bounds::highest)?,
            page_token: token,
        };
        Ok(translate::search::call(self, &bounds, audience.language))
    }
    fn read(&self, audience: &Audience, document: &Bytes) -> Result<Self::Found, Error> {
        let found = translate::search::found(parsed::<wire::goods::SearchPage>(document, "search")?)?;
        let next = found.next_token.map(|token| cursor::wrap(self, audience.mode, &token));
        let (corrected, facets) = (found.corrected, found.facets);
        Ok(Found { items: found.items, next, total: Some(found.total), corrected, facets })
    }
    fn absent(&self) -> Error {
        match self.alike.as_ref().map(|alike| &alike.picture) {
            Some(Pictured::Uploaded { image, .. }) => Error::ImageGone(image.clone()),
            Some(Pictured::Offer(id)) => Error::OfferNotFound(*id),
            None => Nonsense::new("no page").into(),
        }
    }
    fn kept_back(&self, reason: Reason) -> Error {
        if reason == Reason::NoCategory { no_category(self.category) } else { self.absent() }
    }
}

impl Question for Picture {
    type Found = Bytes;
    const KIND: Kind = Kind::Picture;
    const PRICED: bool = false;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        key.number(self.offer.number()).number(i64::from(self.size.pixels()))
    }
    fn call(&self, _: &Audience, _: &Exchange) -> Result<Call, Error> {
        Ok(calls::picture(self.offer, self.size.pixels()))
    }
    fn read(&self, _: &Audience, document: &Bytes) -> Result<Bytes, Error> {
        if document.starts_with(b"\x89PNG\r\n\x1a\n") {
            Ok(document.clone())
        } else {
            Err(Nonsense::new(format!("the picture of goods {} is no PNG", self.offer)).into())
        }
    }
    fn absent(&self) -> Error {
        Error::OfferNotFound(self.offer)
    }
}

/// What it means that nothing is told of what was narrowed to a category.
pub(super) fn no_category(asked: Option<CategoryId>) -> Error {
    asked.map_or_else(|| Nonsense::new("no category was asked for").into(), Error::CategoryUnknown)
}

pub(super) fn parsed<T: DeserializeOwned>(document: &Bytes, what: &str) -> Result<T, Nonsense> {
    let nonsense = |why: &dyn Display| Nonsense::new(format!("{what}: {why}"));
    // Looked at once as a whole, and not text by text.
    let text = std::str::from_utf8(document).map_err(|why| nonsense(&why))?;
    serde_json::from_str(text).map_err(|why| nonsense(&why))
}
