//! The questions that look for offers without words: related offers, pools, rankings, trends, categories.

use bytes::Bytes;

use crate::cache::{KeyBuilder, Kind};
use crate::lookup::audience::Audience;
use crate::lookup::cursor;
use crate::lookup::failure::Error;
use crate::lookup::question::{Question, no_category, parsed};
use crate::lookup::reason::Reason;
use crate::model::browse::{Keyword, Keywords, Pool, PoolPage, Ranking, Related, Trend, TrendOf};
use crate::model::category::CategoryDetail;
use crate::model::ids::CategoryId;
use crate::model::money::Exchange;
use crate::model::offer::OfferSummary;
use crate::model::quote::Country;
use crate::model::search::Found;
use crate::translate::{self, Nonsense};
use crate::upstream::Call;
use crate::upstream::wholesale::calls::browse as calls;

pub(super) const POOL_NOT_FOUND: &str = "POOL_NOT_FOUND";

/// Asks for all pools.
#[derive(Clone, Copy, Debug)]
pub struct AllPools;

impl Question for Related {
    type Found = Vec<OfferSummary>;
    const KIND: Kind = Kind::Related;
    const PRICED: bool = true;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        let key = key.number(self.offer.number()).some_text(self.ship_to.as_ref().map(Country::as_str));
        key.number(i64::from(self.size.get()))
    }
    fn call(&self, audience: &Audience, _: &Exchange) -> Result<Call, Error> {
        Ok(calls::related(self, audience.language))
    }
    fn read(&self, _: &Audience, document: &Bytes) -> Result<Self::Found, Error> {
        Ok(translate::browse::offers(parsed(document, "related")?)?)
    }
    fn absent(&self) -> Error {
        Error::OfferNotFound(self.offer)
    }
    fn kept_back(&self, reason: Reason) -> Error {
        reason.of(self.offer)
    }
}

impl Question for TrendOf {
    type Found = Trend;
    const KIND: Kind = Kind::Trend;
    const PRICED: bool = true;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        key.number(self.0.number())
    }
    fn call(&self, _: &Audience, _: &Exchange) -> Result<Call, Error> {
        Ok(calls::trend(self.0))
    }
    fn read(&self, _: &Audience, document: &Bytes) -> Result<Trend, Error> {
        let trend = translate::browse::trend(parsed(document, "trend")?)?;
        if trend.offer == self.0 {
            Ok(trend)
        } else {
            Err(Nonsense::new(format!("asked for the trend of goods {}, got {}", self.0, trend.offer)).into())
        }
    }
    fn absent(&self) -> Error {
        Error::OfferNotFound(self.0)
    }
    fn kept_back(&self, reason: Reason) -> Error {
        reason.of(self.0)
    }
}

impl Question for CategoryId {
    type Found = CategoryDetail;
    const KIND: Kind = Kind::Category;
    const PRICED: bool = false;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        key.number(self.number())
    }
    fn call(&self, audience: &Audience, _: &Exchange) -> Result<Call, Error> {
        Ok(calls::category(*self, audience.language))
    }
    fn read(&self, _: &Audience, document: &Bytes) -> Result<CategoryDetail, Error> {
        let found = translate::browse::category(parsed(document, "category")?)?;
        if found.category.id == *self {
            Ok(found)
        } else {
            Err(Nonsense::new(format!("asked for category {self}, got {}", found.category.id)).into())
        }
    }
    fn absent(&self) -> Error {
        Error::CategoryNotFound(*self)
    }
}

impl Question for AllPools {
    type Found = Vec<Pool>;
    const KIND: Kind = Kind::Pools;
    const PRICED: bool = false;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        key
    }
    fn call(&self, audience: &Audience, _: &Exchange) -> Result<Call, Error> {
        Ok(calls::pools(audience.language))
    }
    fn read(&self, _: &Audience, document: &Bytes) -> Result<Vec<Pool>, Error> {
        Ok(translate::browse::pools(parsed(document, "pools")?))
    }
    fn absent(&self) -> Error {
        Nonsense::new("no pools").into()
    }
}

impl Question for PoolPage {
    type Found = Found;
    const KIND: Kind = Kind::PoolPage;
    const PRICED: bool = true;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        key.number(self.pool.number())
            .some_text(self.ship_to.as_ref().map(Country::as_str))
            .some_text(self.cursor.as_ref().map(|cursor| cursor.0.as_str()))
            .number(i64::from(self.size.get()))
    }
    fn call(&self, audience: &Audience, _: &Exchange) -> Result<Call, Error> {
        let token = self.cursor.as_ref().map(|mark| cursor::unwrap(self, audience.mode, mark)).transpose()?;
        Ok(calls::pool_goods(self, token.as_deref(), audience.language))
    }
    fn read(&self, audience: &Audience, document: &Bytes) -> Result<Found, Error> {
        let found = translate::search::found(parsed(document, "pool")?)?;
        let next = found.next_token.map(|token| cursor::wrap(self, audience.mode, &token));
        Ok(Found { items: found.items, next, total: Some(found.total), corrected: None, facets: None })
    }
    fn absent(&self) -> Error {
        Error::PoolNotFound(self.pool)
    }
}

impl Question for Ranking {
    type Found = Vec<OfferSummary>;
    const KIND: Kind = Kind::Ranking;
    const PRICED: bool = true;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        key.text(self.by.name())
            .some_number(self.category.map(|id| id.number()))
            .some_text(self.ship_to.as_ref().map(Country::as_str))
            .number(i64::from(self.size.get()))
    }
    fn call(&self, audience: &Audience, _: &Exchange) -> Result<Call, Error> {
        Ok(calls::ranking(self, audience.language))
    }
    fn read(&self, _: &Audience, document: &Bytes) -> Result<Self::Found, Error> {
        Ok(translate::browse::offers(parsed(document, "ranking")?)?)
    }
    fn absent(&self) -> Error {
        no_category(self.category)
    }
}

impl Question for Keywords {
    type Found = Vec<Keyword>;
    const KIND: Kind = Kind::Keywords;
    const PRICED: bool = false;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        let key = key.number(i64::from(self.rising)).some_number(self.category.map(|id| id.number()));
        key.number(i64::from(self.size.get()))
    }
    fn call(&self, audience: &Audience, _: &Exchange) -> Result<Call, Error> {
        Ok(calls::keywords(self, audience.language))
    }
    fn read(&self, _: &Audience, document: &Bytes) -> Result<Self::Found, Error> {
        Ok(translate::browse::keywords(parsed(document, "keywords")?))
    }
    fn absent(&self) -> Error {
        no_category(self.category)
    }
}
