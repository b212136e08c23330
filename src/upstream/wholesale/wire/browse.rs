//! Counts of a search, pools, properties of categories, rankings and trends.

use super::trans::Trans;
use serde::Deserialize;

use super::goods::{Brief, Category};

/// All matches counted by what they are.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facets {
    /// By leaf category.
    #[serde(default)]
    pub categories: Vec<CategoryCount>,
    /// By price of the largest quantity.
    #[serde(default)]
    pub prices: Vec<PriceCount>,
    /// By promised hours.
    #[serde(default)]
    pub send_within: Vec<HoursCount>,
    /// By badge word.
    #[serde(default)]
    pub badges: Vec<BadgeCount>,
    /// Single pieces are sent.
    #[serde(default)]
    pub one_piece: u64,
    /// The seller makes it.
    #[serde(default)]
    pub factory: u64,
    /// Returns are free.
    #[serde(default)]
    pub free_return: u64,
    /// Listed within seven days.
    #[serde(default)]
    pub new7: u64,
    /// Listed within thirty days.
    #[serde(default)]
    pub new30: u64,
    /// By property.
    #[serde(default)]
    pub attributes: Vec<AttributeCount>,
}

/// How many have which value of a property.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeCount {
    /// Which property.
    pub attr_id: i64,
    /// Chinese name.
    pub name: String,
    /// Name in the asked language.
    pub name_trans: Option<Trans>,
    /// The values.
    #[serde(default)]
    pub values: Vec<ValueCount>,
}

/// How many have a value.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValueCount {
    /// In Chinese.
    pub value: String,
    /// In the asked language.
    pub value_trans: Option<Trans>,
    /// How many.
    pub count: u64,
}

/// How many are in a category.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CategoryCount {
    /// Leaf category.
    pub category_id: i64,
    /// How many.
    pub count: u64,
}

/// How many cost between two prices.
#[derive(Clone, Debug, Deserialize)]
pub struct PriceCount {
    /// Yuan, at least.
    pub from: String,
    /// Yuan, less than.
    pub to: Option<String>,
    /// How many.
    pub count: u64,
}

/// How many are sent in time.
#[derive(Clone, Debug, Deserialize)]
pub struct HoursCount {
    /// Promised hours.
    pub hours: u32,
    /// How many.
    pub count: u64,
}

/// How many are of sellers with a badge.
#[derive(Clone, Debug, Deserialize)]
pub struct BadgeCount {
    /// Badge word.
    pub badge: String,
    /// How many.
    pub count: u64,
}

/// Several goods, best first.
#[derive(Clone, Debug, Deserialize)]
pub struct GoodsList {
    /// The goods.
    pub items: Vec<Brief>,
}

/// A category with what stands below it.
#[derive(Clone, Debug, Deserialize)]
pub struct CategoryDetail {
    /// The category.
    #[serde(flatten)]
    pub category: Category,
    /// Those right below it.
    #[serde(default)]
    pub children: Vec<Category>,
    /// Properties of its goods.
    #[serde(default)]
    pub attributes: Vec<CategoryAttribute>,
}

/// A property of a category.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CategoryAttribute {
    /// Which property.
    pub attr_id: i64,
    /// Chinese name.
    pub name: String,
    /// Name in the asked language.
    pub name_trans: Option<Trans>,
    /// `Y`: variants differ by it.
    pub sku_spec: Option<String>,
    /// Values that occur.
    #[serde(default)]
    pub values: Vec<Value>,
}

/// A value of a property.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Value {
    /// In Chinese.
    pub value: String,
    /// In the asked language.
    pub value_trans: Option<Trans>,
}

/// All pools.
#[derive(Clone, Debug, Deserialize)]
pub struct Pools {
    /// The pools.
    pub items: Vec<Pool>,
}

/// A selected assortment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    /// Id.
    pub pool_id: i64,
    /// Chinese name.
    pub name: String,
    /// Name in the asked language.
    pub name_trans: Option<Trans>,
    /// Goods in it.
    #[serde(default)]
    pub goods_count: u64,
}

/// What is bought now.
#[derive(Clone, Debug, Deserialize)]
pub struct Keywords {
    /// The keywords.
    pub items: Vec<Keyword>,
}

/// One keyword.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Keyword {
    /// In Chinese.
    pub keyword: String,
    /// In the asked language.
    pub keyword_trans: Option<Trans>,
    /// Leaf category of these goods.
    pub category_id: i64,
    /// How many goods.
    pub goods_count: u64,
    /// Pieces sold in 30 days.
    pub month_sold: u64,
    /// Pieces sold in 7 days.
    pub week_sold: u64,
    /// How much above a usual week, per cent.
    pub rise_percent: i64,
}

/// How a goods sold.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GoodsTrend {
    /// Which goods.
    pub goods_id: i64,
    /// Oldest first.
    pub days: Vec<Day>,
    /// Yuan.
    pub median_price: String,
    /// Share of buyers who bought again, e.g. `32%`.
    pub repurchase_rate: Option<String>,
}

/// One day.
#[derive(Clone, Debug, Deserialize)]
pub struct Day {
    /// `2026-11-22`, in Beijing.
    pub date: String,
    /// Pieces sold.
    pub sold: u64,
    /// Yuan.
    pub price: String,
}
