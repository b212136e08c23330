//! `product.freight.estimate`: what the road inside the country costs. Yuan as texts; kilograms and centimetres.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, FreightLine, FreightWish};
use crate::landed::Region;
use crate::model::freight::{CountedBy, Freight, Load, SentLine, SentTo, Terms};
use crate::model::ids::{OfferId, SkuId, SupplierId};
use crate::model::quote::{LineProblem, Quantity};
use crate::model::region::RegionCode;
use crate::orders::Quoted;
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::lenient;

const PARAMETER: &str = "productFreightQueryParamsNew";
/// The template of sellers who take nothing for the road, by the platform's number.
pub const FREE: i64 = 1;
/// Of the kinds of sub-templates, the parcel service.
pub const EXPRESS: u8 = 0;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    #[serde(deserialize_with = "lenient::long")]
    offer_id: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    to_province_code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    to_city_code: Option<String>,
    // The platform's own name for the district.
    #[serde(deserialize_with = "lenient::text")]
    to_country_code: Option<String>,
    #[serde(deserialize_with = "lenient::long")]
    total_num: Option<i64>,
    logistics_sku_num_models: Option<Vec<SkuNumber>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SkuNumber {
    #[serde(deserialize_with = "lenient::long")]
    sku_id: Option<i64>,
    #[serde(deserialize_with = "lenient::long")]
    number: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Estimate {
    offer_id: i64,
    freight: String,
    template_id: i64,
    single_product_weight: Option<f64>,
    single_product_width: Option<f64>,
    single_product_height: Option<f64>,
    single_product_length: Option<f64>,
    template_type: u8,
    template_name: String,
    sub_template_type: u8,
    sub_template_name: &'static str,
    first_fee: String,
    first_unit: String,
    next_fee: String,
    next_unit: String,
    discount: &'static str,
    charge_type: String,
    free_postage: bool,
    product_freight_sku_info_models: Vec<SkuSize>,
    size_value_type: u8,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SkuSize {
    sku_id: String,
    single_sku_weight: Option<f64>,
    single_sku_width: Option<f64>,
    single_sku_height: Option<f64>,
    single_sku_length: Option<f64>,
}

/// Answers.
pub async fn estimate(asked: Asked) -> Told {
    let wanted: Wanted = asked.json(PARAMETER)?;
    let offer = wanted.offer_id.ok_or_else(|| missing("offerId"))?;
    let region = region(&wanted)?;
    let wish = FreightWish { lines: lines(&wanted, offer)?, to: SentTo::Region(region), region, ship_to: None };
    let audience = asked.audience("language", Some("zh"))?;
    let found = asked.room::<Catalog>()?.freight(&audience, &wish).await?.found;
    let load = found.loads.first().ok_or_else(|| nothing(&found))?;
    asked.answer(&Estimate::of(offer, load))
}

fn missing(member: &str) -> Refusal {
    Refusal::missing(&format!("{PARAMETER}.{member}"))
}

/// The innermost place that is named.
fn region(wanted: &Wanted) -> Result<RegionCode, Refusal> {
    let codes = [
        ("toCountryCode", &wanted.to_country_code),
        ("toCityCode", &wanted.to_city_code),
        ("toProvinceCode", &wanted.to_province_code),
    ];
    let told = codes.iter().find_map(|(name, code)| Some((name, code.as_deref()?)));
    let (name, code) = told.ok_or_else(|| missing("toCountryCode"))?;
    let code: Option<RegionCode> = code.trim().parse().ok();
    let known = code.and_then(Region::of).map(|region| region.code);
    known.ok_or_else(|| Refusal::invalid(&format!("{PARAMETER}.{name}"), "six digits of a place in the country"))
}

/// The variants with their numbers, one named twice as one; without any, whichever variant is in stock.
fn lines(wanted: &Wanted, offer: i64) -> Result<Vec<FreightLine>, Refusal> {
    let wrong = |member: &str| Refusal::invalid(&format!("{PARAMETER}.{member}"), "1 to 1000000 pieces");
    let line = |sku, quantity| FreightLine { offer: Some(OfferId::new(offer)), sku, quantity };
    let mut pieces: BTreeMap<i64, i64> = BTreeMap::new();
    for one in wanted.logistics_sku_num_models.iter().flatten() {
        let sku = one.sku_id.ok_or_else(|| missing("logisticsSkuNumModels.skuId"))?;
        let number = one.number.filter(|number| *number > 0).ok_or_else(|| wrong("logisticsSkuNumModels.number"))?;
        let sum = pieces.entry(sku).or_default();
        *sum = sum.saturating_add(number);
    }
    if pieces.is_empty() {
        let total = wanted.total_num.ok_or_else(|| missing("totalNum"))?;
        return Ok(vec![line(None, Quantity::new(total).ok_or_else(|| wrong("totalNum"))?)]);
    }
    let read = |(sku, number)| {
        let quantity = Quantity::new(number).ok_or_else(|| wrong("logisticsSkuNumModels.number"))?;
        Ok(line(Some(SkuId::new(sku)), quantity))
    };
    pieces.into_iter().map(read).collect()
}

/// Why nothing of it can be sent.
fn nothing(found: &Freight) -> Refusal {
    let why = found.problems.first().map(|problem: &LineProblem| Quoted::describe(problem));
    Refusal::own("404", why.unwrap_or_else(|| "nothing of this can be sent".to_owned()))
}

impl Estimate {
    fn of(offer: i64, load: &Load) -> Self {
        let sizes: Vec<_> = load.lines.iter().map(SkuSize::of).collect();
        let alike = load.lines.windows(2).all(|pair| matches!(pair, [a, b] if packing(a) == packing(b)));
        let first = load.lines.first().map(SkuSize::of);
        let first = |of: fn(&SkuSize) -> Option<f64>| first.as_ref().and_then(of);
        let terms = &load.terms;
        Self {
            offer_id: offer,
            freight: load.freight.amount(),
            template_id: template(load.supplier, terms),
            single_product_weight: first(|size| size.single_sku_weight),
            single_product_width: first(|size| size.single_sku_width),
            single_product_height: first(|size| size.single_sku_height),
            single_product_length: first(|size| size.single_sku_length),
            template_type: if terms.by == CountedBy::Free { 1 } else { 2 },
            template_name: name_of(&load.supplier_name),
            sub_template_type: EXPRESS,
            sub_template_name: "快递",
            first_fee: terms.first_price.amount(),
            first_unit: unit(terms.by, terms.first),
            next_fee: terms.step_price.amount(),
            next_unit: unit(terms.by, terms.step),
            discount: "1",
            charge_type: charge(terms.by).to_string(),
            free_postage: load.freight.minor == 0,
            product_freight_sku_info_models: sizes,
            size_value_type: if alike { 1 } else { 2 },
        }
    }
}

fn packing(line: &SentLine) -> (u32, [u32; 3]) {
    (line.weight_g, line.size_mm)
}

impl SkuSize {
    fn of(line: &SentLine) -> Self {
        let [length, width, height] = line.size_mm.map(|mm| smaller(mm, 1));
        Self {
            sku_id: line.sku.to_string(),
            single_sku_weight: smaller(line.weight_g, 3),
            single_sku_width: width,
            single_sku_height: height,
            single_sku_length: length,
        }
    }
}

/// The number of a seller's template: the seller's own, unless the road is free.
pub fn template(supplier: SupplierId, terms: &Terms) -> i64 {
    if terms.by == CountedBy::Free { FREE } else { supplier.number() }
}

/// What a seller's template is called.
pub fn name_of(supplier: &str) -> String {
    format!("{supplier}运费模板")
}

/// 0 by weight, 1 by pieces, 2 by volume.
pub const fn charge(by: CountedBy) -> u8 {
    match by {
        CountedBy::Weight => 0,
        CountedBy::Piece | CountedBy::Free => 1,
        CountedBy::Volume => 2,
    }
}

/// Kilograms, pieces or cubic metres.
fn unit(by: CountedBy, count: u32) -> String {
    let power = match by {
        CountedBy::Weight => 3,
        CountedBy::Piece | CountedBy::Free => 0,
        CountedBy::Volume => 6,
    };
    Decimal::new(i64::from(count), power).normalize().to_string()
}

/// A whole number of a small unit in one that is so many powers of ten larger.
fn smaller(number: u32, power: u32) -> Option<f64> {
    Decimal::new(i64::from(number), power).to_f64()
}

#[cfg(test)]
mod tests {
    use super::{Wanted, lines, region, unit};
    use crate::model::freight::CountedBy;

    fn wanted(text: &str) -> Wanted {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn units_are_those_of_the_platform() {
        assert_eq!((unit(CountedBy::Weight, 1_500), unit(CountedBy::Weight, 1_000)), ("1.5".into(), "1".into()));
        assert_eq!((unit(CountedBy::Piece, 3), unit(CountedBy::Volume, 10_000)), ("3".into(), "0.01".into()));
    }

    #[test]
    fn the_innermost_place_is_meant() {
        let code = |text: &str| region(&wanted(text)).ok().map(|code| code.to_string());
        let all = "{\"toProvinceCode\":\"330000\",\"toCityCode\":330100,\"toCountryCode\":\"330108\"}";
        assert_eq!(code(all).as_deref(), Some("330108"));
        assert_eq!(code("{\"toProvinceCode\":\"330000\",\"toCountryCode\":\"\"}").as_deref(), Some("330000"));
        for wrong in ["{}", "{\"toCityCode\":\"x\"}", "{\"toCountryCode\":\"999999\"}"] {
            assert_eq!(code(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_variant_named_twice_is_one_line() {
        let read = |text: &str| lines(&wanted(text), 9).map(|lines| lines.len()).ok();
        assert_eq!(read("{\"totalNum\":3}"), Some(1));
        let twice = "{\"logisticsSkuNumModels\":[{\"skuId\":\"1\",\"number\":1},{\"skuId\":1,\"number\":2}]}";
        let found = lines(&wanted(twice), 9).unwrap();
        assert_eq!((found.len(), found[0].quantity.get()), (1, 3));
        for wrong in ["{}", "{\"totalNum\":0}", "{\"logisticsSkuNumModels\":[{\"skuId\":1}]}"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
