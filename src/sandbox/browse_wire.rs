//! How pools, properties of categories, rankings and trends are written.

use serde::Serialize;
use utoipa::ToSchema;

use super::goods::{CategoryAttribute, Lang, Words};
use super::goods_wire::{Brief, CategoryWire, beside};

/// Several goods, best first.
#[derive(Serialize, ToSchema)]
pub struct GoodsList {
    /// The goods.
    pub items: Vec<Brief>,
}

/// A category, what stands below it, and what its goods have.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryDetail {
    #[serde(flatten)]
    #[allow(missing_docs)]
    pub category: CategoryWire,
    /// Categories right below it; none for a leaf.
    pub children: Vec<CategoryWire>,
    /// Properties that its goods have, those below it included.
    pub attributes: Vec<CategoryAttributeWire>,
}

/// A property of a category.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryAttributeWire {
    /// Which property.
    pub attr_id: i64,
    /// Its Chinese name.
    pub name: &'static str,
    /// Its name in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_trans: Option<&'static str>,
    /// `Y` when variants of one goods differ by it.
    pub sku_spec: &'static str,
    /// The values that occur.
    pub values: Vec<ValueWire>,
}

/// A value.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValueWire {
    /// In Chinese.
    pub value: &'static str,
    /// In the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_trans: Option<&'static str>,
}

impl CategoryAttributeWire {
    /// Writes a property.
    pub fn of(attribute: &CategoryAttribute, lang: Lang) -> CategoryAttributeWire {
        let value = |words: &Words| ValueWire { value: words.get(Lang::Zh), value_trans: beside(*words, lang) };
        CategoryAttributeWire {
            attr_id: attribute.id,
            name: attribute.name.get(Lang::Zh),
            name_trans: beside(attribute.name, lang),
            sku_spec: super::words::flag(attribute.of_variants),
            values: attribute.values.iter().map(value).collect(),
        }
    }
}

/// A selected assortment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PoolWire {
    /// Its number.
    pub pool_id: i64,
    /// Chinese name.
    pub name: &'static str,
    /// Name in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_trans: Option<&'static str>,
    /// Visible goods in it.
    pub goods_count: u64,
}

/// All pools.
#[derive(Serialize, ToSchema)]
pub struct Pools {
    /// The pools.
    pub items: Vec<PoolWire>,
}

/// What is bought now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeywordWire {
    /// In Chinese.
    pub keyword: &'static str,
    /// In the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword_trans: Option<&'static str>,
    /// Leaf category of these goods.
    pub category_id: i64,
    /// How many goods.
    pub goods_count: u64,
    /// Pieces sold in thirty days.
    pub month_sold: u64,
    /// Pieces sold in seven days.
    pub week_sold: u64,
    /// How much more was sold in the last week than in a usual week of the month, per cent; below zero when less.
    pub rise_percent: i64,
}

/// Keywords, the most sold or the most rising first.
#[derive(Serialize, ToSchema)]
pub struct Keywords {
    /// The keywords.
    pub items: Vec<KeywordWire>,
}

/// How a goods sold.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GoodsTrend {
    /// Which goods.
    pub goods_id: i64,
    /// The last ninety days without today, oldest first.
    pub days: Vec<DayWire>,
    /// The price of the largest quantity in the middle of these days' prices, yuan.
    #[schema(example = "3.20")]
    pub median_price: String,
    /// Share of buyers who came back.
    #[schema(example = "32%")]
    pub repurchase_rate: String,
}

/// One day.
#[derive(Serialize, ToSchema)]
pub struct DayWire {
    /// The day in Beijing.
    #[schema(example = "2026-11-22")]
    pub date: String,
    /// Pieces sold.
    pub sold: u32,
    /// Price of the largest quantity, yuan.
    pub price: String,
}
