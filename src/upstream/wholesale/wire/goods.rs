//! Goods, categories and sellers. Prices are yuan strings, times Beijing wall clock, booleans `Y` or `N`.

use super::trans::Trans;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A page of found goods.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchPage {
    /// How many goods match.
    pub total: u64,
    /// Where the next page starts.
    pub next_page_token: Option<String>,
    /// The keyword as it was understood, when not as it was written.
    pub corrected_keyword: Option<String>,
    /// All matches by what they are, when asked for.
    pub facets: Option<super::browse::Facets>,
    /// This page.
    pub items: Vec<Brief>,
}

/// Goods as a list shows them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Brief {
    /// Id of the goods.
    pub goods_id: i64,
    /// Chinese title.
    pub subject: String,
    /// Title in the asked language.
    pub subject_trans: Option<Trans>,
    /// Category.
    pub category_id: i64,
    /// Lowest price of all tiers, yuan.
    pub price: String,
    /// Highest price of all tiers, yuan.
    pub price_max: Option<String>,
    /// Smallest quantity.
    pub begin_amount: u32,
    /// Chinese unit of count.
    pub unit: String,
    /// Unit in the asked language.
    pub unit_trans: Option<Trans>,
    /// Pieces sold in the last 30 days.
    pub month_sold: Option<u64>,
    /// Pieces sold in the last 7 days.
    pub week_sold: Option<u64>,
    /// Share of buyers who bought again, e.g. `32%`.
    pub repurchase_rate: Option<String>,
    /// Rating out of five, e.g. `4.6`.
    pub score: Option<String>,
    /// Path of the picture at the service.
    pub pic_url: Option<String>,
    /// Seller.
    pub seller_id: i64,
    /// Seller's Chinese name.
    pub seller_name: String,
    /// Seller's name in the asked language.
    pub seller_name_trans: Option<Trans>,
    /// Badge words.
    #[serde(default)]
    pub badges: Vec<String>,
    /// Hours until the seller sends.
    pub send_within_hours: Option<u32>,
    /// `Y`: single pieces are sent.
    pub one_piece: Option<String>,
    /// `Y`: may be returned without reason.
    pub free_return: Option<String>,
    /// `Y`: the seller is the factory.
    pub factory: Option<String>,
    /// Listed at, Beijing time.
    pub gmt_create: Option<String>,
    /// Last change, Beijing time.
    pub gmt_modified: String,
    /// Where the keyword stands in the shown subject: characters from and to.
    #[serde(default)]
    pub highlights: Vec<[usize; 2]>,
    /// In a search by picture: how like it is, 1000 when nothing differs.
    pub likeness: Option<u32>,
}

/// Goods in full: what lists show, and what stands beside it.
#[derive(Clone, Debug)]
pub struct Detail {
    /// What lists show.
    pub brief: Brief,
    /// The rest.
    pub rest: Rest,
}

impl<'de> Deserialize<'de> for Detail {
    /// Both stand in one object. Reading it twice is quicker than to gather first what belongs to whom.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let object = Box::<RawValue>::deserialize(from)?;
        let brief = serde_json::from_str(object.get()).map_err(Error::custom)?;
        let rest = serde_json::from_str(object.get()).map_err(Error::custom)?;
        Ok(Self { brief, rest })
    }
}

/// What only goods in full have.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rest {
    /// `published` when on sale.
    pub status: String,
    /// Chinese description.
    pub description: Option<String>,
    /// Description in the asked language.
    pub description_trans: Option<Trans>,
    /// Properties of the goods.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    /// Price by quantity, ascending.
    pub price_ranges: Vec<PriceRange>,
    /// Variants.
    pub skus: Vec<Sku>,
    /// Quantities must be a multiple of this.
    pub batch_amount: Option<u32>,
    /// What waives the smallest quantity.
    pub mix_batch: Option<MixBatch>,
    /// Grams per piece.
    pub weight_gram: Option<u32>,
    /// Length, width, height.
    pub size_mm: Option<[u32; 3]>,
    /// Countries it may not be sold to, ISO 3166.
    #[serde(default)]
    pub restricted_countries: Vec<String>,
    /// Grows with each change.
    pub version: i64,
}

/// So much of several SKUs of a seller that none of its goods has a smallest quantity of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MixBatch {
    /// Pieces of all together.
    pub min_pieces: Option<u32>,
    /// Or yuan for all together.
    pub min_amount: Option<String>,
}

/// A property with its value.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// Chinese name.
    pub name: String,
    /// Name in the asked language.
    pub name_trans: Option<Trans>,
    /// Chinese value.
    pub value: String,
    /// Value in the asked language.
    pub value_trans: Option<Trans>,
}

/// The price from a quantity on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceRange {
    /// From this quantity.
    pub begin_amount: u32,
    /// Yuan per piece.
    pub price: String,
}

/// A variant that can be bought.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sku {
    /// Id of the variant.
    pub sku_id: i64,
    /// What sets it apart.
    #[serde(default)]
    pub specs: Vec<Attribute>,
    /// Yuan added to the price of the range; may be negative.
    pub price_offset: Option<String>,
    /// Pieces in stock.
    pub stock: u64,
}

/// Asks for several goods at once.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchGet<'a> {
    /// At most 50 ids.
    pub goods_ids: &'a [i64],
    /// Language tag.
    pub lang: &'a str,
}

/// Several goods, each as the bytes that a call for it alone would bring.
#[derive(Clone, Debug, Deserialize)]
pub struct Batch {
    /// Those found.
    pub items: Vec<Box<RawValue>>,
    /// Ids of those not found.
    #[serde(default)]
    pub missing: Vec<i64>,
    /// Ids of those that are held back.
    #[serde(default)]
    pub held: Vec<i64>,
    /// Numbers that are none of this marketplace.
    #[serde(default)]
    pub foreign: Vec<i64>,
}

/// Whose bytes these are.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Numbered {
    /// Id of the goods.
    pub goods_id: i64,
}

/// All categories, flat.
#[derive(Clone, Debug, Deserialize)]
pub struct Categories {
    /// The categories.
    pub items: Vec<Category>,
}

/// A category.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Category {
    /// Id.
    pub category_id: i64,
    /// The category above.
    pub parent_id: Option<i64>,
    /// Chinese name.
    pub name: String,
    /// Name in the asked language.
    pub name_trans: Option<Trans>,
    /// Goods in it and below.
    #[serde(default)]
    pub goods_count: u64,
}

/// A seller.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seller {
    /// Id.
    pub seller_id: i64,
    /// Chinese name.
    pub name: String,
    /// Name in the asked language.
    pub name_trans: Option<Trans>,
    /// Industrial belt, Chinese.
    pub belt_name: Option<String>,
    /// Industrial belt in the asked language.
    pub belt_name_trans: Option<Trans>,
    /// Province, Chinese.
    pub province: Option<String>,
    /// Province in the asked language.
    pub province_trans: Option<Trans>,
    /// City, Chinese.
    pub city: Option<String>,
    /// City in the asked language.
    pub city_trans: Option<Trans>,
    /// GB/T 2260 code of the place.
    pub region_code: Option<String>,
    /// Badge words.
    #[serde(default)]
    pub badges: Vec<String>,
    /// Years on the marketplace.
    pub years: Option<u32>,
    /// Rating out of five.
    pub score: Option<String>,
    /// Share of orders sent in time, e.g. `97%`.
    pub on_time_rate: Option<String>,
    /// People employed.
    pub staff: Option<u32>,
    /// Floor space.
    pub area_sqm: Option<u32>,
    /// Goods on sale.
    #[serde(default)]
    pub goods_count: u64,
}
