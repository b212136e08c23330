//! Offers as partners see them. What is not written here does not leave the house.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::offers::facets::FacetsView;
use crate::api::price::PriceView;
use crate::catalog::Catalog;
use crate::model::money::{Exchange, Money};
use crate::model::offer::{Attribute, Offer, OfferSummary, PriceTier, Seller, Sku};
use crate::model::partner::Mode;
use crate::model::quote::MixedOrder;
use crate::model::search::Found;

/// An offer as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferSummary)]
pub struct OfferSummaryView<'a> {
    /// Id of the offer.
    #[schema(example = "610947572360")]
    id: String,
    /// Title in the asked language.
    title: &'a str,
    /// Title in Chinese, as the supplier wrote it.
    title_original: &'a str,
    /// Where `title` comes from: `original`, `catalogue`, `glossary` or `machine`.
    #[schema(example = "catalogue")]
    title_origin: &'static str,
    /// The category it is filed in.
    #[schema(example = "1001")]
    category_id: String,
    /// Who sells it.
    supplier: SellerView<'a>,
    /// Lowest and highest price of a piece over all quantities and variants.
    price: PriceSpanView,
    /// Fewest pieces of one order, all variants together.
    #[schema(example = 2)]
    minimum_order: u32,
    /// What one is called.
    #[schema(example = "piece")]
    unit: &'a str,
    /// What one is called in Chinese.
    #[schema(example = "个")]
    unit_original: &'a str,
    /// Where `unit` comes from.
    #[schema(example = "catalogue")]
    unit_origin: &'static str,
    /// Pieces sold in the last thirty days.
    sold_30d: u64,
    /// Pieces sold in the last seven days.
    sold_7d: Option<u64>,
    /// Share of buyers who bought again, 0 to 1.
    #[schema(example = "0.32")]
    repurchase_rate: Option<String>,
    /// Rating out of five.
    #[schema(example = "4.6")]
    rating: Option<String>,
    /// Hours within which the supplier promises to send.
    #[schema(example = 48)]
    ships_within_hours: Option<u32>,
    /// Whether single pieces are sent too.
    one_piece: bool,
    /// Whether returns are free.
    free_return: bool,
    /// Whether the supplier is the factory.
    factory: bool,
    /// Address of the picture, for browsers too; `?size=` 120, 240 or 480.
    image_url: String,
    /// In a search: where its words stand in `title`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    title_highlights: Vec<HighlightView>,
    /// In a search by picture: how like its picture is, 0 to 1.
    #[schema(example = "0.973")]
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<String>,
    /// When the offer was listed.
    #[schema(example = "2026-10-01T02:00:00Z", format = DateTime)]
    listed_at: Option<String>,
    /// When the offer last changed.
    #[schema(example = "2026-11-23T03:08:48Z", format = DateTime)]
    updated_at: String,
}

/// A part of a title, in Unicode characters.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Highlight)]
pub struct HighlightView {
    /// The first character.
    #[schema(example = 7)]
    start: usize,
    /// The character after the last.
    #[schema(example = 13)]
    end: usize,
}

/// The supplier of an offer, in brief.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferSupplier)]
pub struct SellerView<'a> {
    /// Id of the supplier.
    id: String,
    /// Name in the asked language.
    name: &'a str,
    /// Name in Chinese.
    name_original: &'a str,
    /// Where `name` comes from.
    #[schema(example = "catalogue")]
    name_origin: &'static str,
    /// What the marketplace certifies: `super_factory`, `powerful_merchant`, `certified_factory`, `origin_factory`.
    badges: Vec<&'static str>,
}

/// Lowest and highest price.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceSpan)]
pub struct PriceSpanView {
    /// The lowest.
    from: PriceView,
    /// The highest.
    to: PriceView,
}

/// A page of found offers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferPage)]
pub struct OfferPageView<'a> {
    /// The offers of this page.
    items: Vec<OfferSummaryView<'a>>,
    /// Ask with this as `cursor` for the next page; null on the last.
    next_cursor: Option<&'a str>,
    /// How many offers match in all.
    total: Option<u64>,
    /// Your words as they were understood, when an unknown word was taken for the known one it is most like.
    corrected_query: Option<&'a str>,
    /// All matches counted by what they are; with `facets=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<FacetsView>,
}

/// Several offers in an order that means something, without further pages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferList)]
pub struct OfferListView<'a> {
    /// The offers, best first.
    items: Vec<OfferSummaryView<'a>>,
}

/// Everything about an offer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Offer)]
pub struct OfferView<'a> {
    #[serde(flatten)]
    summary: OfferSummaryView<'a>,
    /// Description in the asked language.
    description: Option<&'a str>,
    /// Description in Chinese.
    description_original: Option<&'a str>,
    /// Where `description` comes from.
    #[schema(example = "catalogue")]
    description_origin: Option<&'static str>,
    /// Material, style, use and the like.
    attributes: Vec<AttributeView<'a>>,
    /// Price of a piece by quantity, all variants of the offer counted together; a variant's own may differ.
    price_tiers: Vec<PriceTierView>,
    /// The variants that can be ordered.
    skus: Vec<SkuView<'a>>,
    /// Quantities of a variant must be a multiple of this; null when any number will do.
    order_multiple: Option<u32>,
    /// What two or more SKUs of the supplier, of this or other offers, have to make together for no minimum order to
    /// apply; null when the supplier takes no such mixed orders.
    mixed_order: Option<MixedOrderView>,
    /// Weight of one packed piece in grams.
    weight_g: Option<u32>,
    /// Size of one packed piece.
    size_mm: Option<SizeView>,
    /// Countries (ISO 3166) it may not be sold to.
    restricted_countries: &'a [String],
}

/// A named property in the asked language and in Chinese.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attribute)]
pub struct AttributeView<'a> {
    /// Name in the asked language.
    #[schema(example = "Material")]
    name: &'a str,
    /// Value in the asked language.
    #[schema(example = "ceramic")]
    value: &'a str,
    /// Name in Chinese.
    #[schema(example = "材质")]
    name_original: &'a str,
    /// Value in Chinese.
    #[schema(example = "陶瓷")]
    value_original: &'a str,
    /// Where `name` comes from: `original`, `catalogue`, `glossary` or `machine`.
    #[schema(example = "catalogue")]
    name_origin: &'static str,
    /// Where `value` comes from.
    #[schema(example = "glossary")]
    value_origin: &'static str,
}

/// The price of a piece from a quantity on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceTier)]
pub struct PriceTierView {
    /// From so many pieces.
    #[schema(example = 2)]
    from_quantity: u32,
    /// A piece costs this.
    price: PriceView,
}

/// What makes an order a mixed one: either is enough.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MixedOrder)]
pub struct MixedOrderView {
    /// So many pieces; null when pieces do not count.
    #[schema(example = 30)]
    min_pieces: Option<u32>,
    /// Goods of this price; null when money does not count.
    min_amount: Option<PriceView>,
}

/// A variant that can be ordered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sku)]
pub struct SkuView<'a> {
    /// Id of the variant; quotes are asked with it.
    id: String,
    /// What sets it apart, such as colour and size.
    attributes: Vec<AttributeView<'a>>,
    /// Price of a piece of this variant by quantity.
    price_tiers: Vec<PriceTierView>,
    /// Pieces that can be ordered now.
    stock: u64,
}

/// Millimetres.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Size)]
pub struct SizeView {
    /// Length.
    length: u32,
    /// Width.
    width: u32,
    /// Height.
    height: u32,
}

/// What views need to know beside the model: the rate of prices and where pictures are.
#[derive(Clone, Copy, Debug)]
pub struct Showing<'a> {
    /// The rate.
    pub exchange: &'a Exchange,
    /// Knows the address of pictures.
    pub catalog: &'a Catalog,
    /// Whose pictures.
    pub mode: Mode,
}

impl Showing<'_> {
    fn price(&self, cny: Money) -> Option<PriceView> {
        PriceView::of(cny, self.exchange)
    }

    fn tiers(&self, tiers: &[PriceTier]) -> Option<Vec<PriceTierView>> {
        let tier = |tier: &PriceTier| {
            Some(PriceTierView { from_quantity: tier.from_quantity, price: self.price(tier.price)? })
        };
        tiers.iter().map(tier).collect()
    }

    /// A page of offers; `None` when a price does not fit.
    pub fn page<'m>(&self, page: &'m Found) -> Option<OfferPageView<'m>> {
        Some(OfferPageView {
            items: page.items.iter().map(|offer| self.summary(offer)).collect::<Option<_>>()?,
            next_cursor: page.next.as_ref().map(|cursor| cursor.0.as_str()),
            total: page.total,
            corrected_query: page.corrected.as_deref(),
            facets: match &page.facets {
                Some(facets) => Some(FacetsView::of(facets, self.exchange)?),
                None => None,
            },
        })
    }

    /// Several offers; `None` when a price does not fit.
    pub fn list<'m>(&self, offers: &'m [OfferSummary]) -> Option<OfferListView<'m>> {
        Some(OfferListView { items: offers.iter().map(|offer| self.summary(offer)).collect::<Option<_>>()? })
    }

    fn summary<'m>(&self, offer: &'m OfferSummary) -> Option<OfferSummaryView<'m>> {
        Some(OfferSummaryView {
            id: offer.id.to_string(),
            title: &offer.title.shown,
            title_original: &offer.title.original,
            title_origin: offer.title.origin.name(),
            category_id: offer.category.to_string(),
            supplier: seller(&offer.supplier),
            price: PriceSpanView { from: self.price(offer.price_from)?, to: self.price(offer.price_to)? },
            minimum_order: offer.minimum_order,
            unit: &offer.unit.shown,
            unit_original: &offer.unit.original,
            unit_origin: offer.unit.origin.name(),
            sold_30d: offer.sold_30d,
            sold_7d: offer.sold_7d,
            repurchase_rate: offer.repurchase_rate.map(|rate| rate.to_string()),
            rating: offer.rating.map(|rating| rating.to_string()),
            ships_within_hours: offer.ships_within_hours,
            one_piece: offer.one_piece,
            free_return: offer.free_return,
            factory: offer.factory,
            image_url: self.catalog.picture_url(self.mode, offer.id),
            title_highlights: offer
                .highlights
                .iter()
                .map(|(start, end)| HighlightView { start: *start, end: *end })
                .collect(),
            score: offer.likeness.map(|likeness| format!("{}.{:03}", likeness / 1000, likeness % 1000)),
            listed_at: offer.listed_at.map(|moment| moment.to_string()),
            updated_at: offer.updated_at.to_string(),
        })
    }

    /// An offer in full; `None` when a price does not fit.
    pub fn offer<'m>(&self, offer: &'m Offer) -> Option<OfferView<'m>> {
        Some(OfferView {
            summary: self.summary(&offer.summary)?,
            description: offer.description.as_ref().map(|text| text.shown.as_str()),
            description_original: offer.description.as_ref().map(|text| text.original.as_str()),
            description_origin: offer.description.as_ref().map(|text| text.origin.name()),
            attributes: offer.attributes.iter().map(attribute).collect(),
            price_tiers: self.tiers(&offer.price_tiers)?,
            skus: offer.skus.iter().map(|sku| self.sku(sku)).collect::<Option<_>>()?,
            order_multiple: offer.order_multiple,
            mixed_order: match &offer.mixed_order {
                Some(rule) => Some(self.mixed_order(rule)?),
                None => None,
            },
            weight_g: offer.weight_g,
            size_mm: offer.size_mm.map(|[length, width, height]| SizeView { length, width, height }),
            restricted_countries: &offer.restricted_countries,
        })
    }

    fn mixed_order(&self, rule: &MixedOrder) -> Option<MixedOrderView> {
        let min_amount = match rule.amount {
            Some(amount) => Some(self.price(amount)?),
            None => None,
        };
        Some(MixedOrderView { min_pieces: rule.pieces, min_amount })
    }

    fn sku<'m>(&self, sku: &'m Sku) -> Option<SkuView<'m>> {
        Some(SkuView {
            id: sku.id.to_string(),
            attributes: sku.attributes.iter().map(attribute).collect(),
            price_tiers: self.tiers(&sku.price_tiers)?,
            stock: sku.stock,
        })
    }
}

fn seller(seller: &Seller) -> SellerView<'_> {
    SellerView {
        id: seller.id.to_string(),
        name: &seller.name.shown,
        name_original: &seller.name.original,
        name_origin: seller.name.origin.name(),
        badges: seller.badges.iter().map(|badge| badge.name()).collect(),
    }
}

fn attribute(attribute: &Attribute) -> AttributeView<'_> {
    AttributeView {
        name: &attribute.name.shown,
        value: &attribute.value.shown,
        name_original: &attribute.name.original,
        value_original: &attribute.value.original,
        name_origin: attribute.name.origin.name(),
        value_origin: attribute.value.origin.name(),
    }
}
