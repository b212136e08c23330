//! An offer as the platform's older calls tell it: `alibaba.product.ProductInfo`. Prices are yuan in numbers; what is
//! packed weighs kilograms and measures centimetres.

use serde::Serialize;

use crate::model::offer::{Attribute, Offer, PriceTier, Sku};
use crate::param2::dates;
use crate::param2::discovery::goods::{count, quote_type, small, stock};
use crate::param2::discovery::spec;
use crate::param2::trade::yuan::Yuan;

/// A product of this marketplace is a thing, sold from stock, described in Chinese.
const THING: u8 = 1;
const TYPE: &str = "wholesale";
const LANGUAGE: &str = "CHINESE";
const STATUS: &str = "published";
/// An offer stands until it is taken down.
const PERIOD_DAYS: u16 = 3_650;

/// What lists and details say alike.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed<'a> {
    #[serde(rename = "productID")]
    product_id: i64,
    product_type: &'static str,
    #[serde(rename = "categoryID")]
    category_id: i64,
    attributes: Vec<Property<'a>>,
    status: &'static str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    language: &'static str,
    period_of_validity: u16,
    biz_type: u8,
    image: Images,
    supplier_login_id: String,
}

/// One product in full.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Product<'a> {
    #[serde(flatten)]
    listed: Listed<'a>,
    picture_auth: bool,
    sku_infos: Vec<SkuInfo<'a>>,
    sale_info: SaleInfo<'a>,
    shipping_info: Shipping,
    supplier_user_id: String,
    seller_login_id: String,
    cross_border_offer: bool,
    reference_price: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    create_time: Option<String>,
    last_update_time: String,
    modify_time: String,
    booked_count: String,
    seven_days_refunds: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Property<'a> {
    #[serde(rename = "attributeID")]
    attribute_id: i64,
    attribute_name: &'a str,
    value: &'a str,
    is_custom: bool,
}

#[derive(Debug, Serialize)]
struct Images {
    images: [String; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SkuInfo<'a> {
    attributes: Vec<SkuProperty<'a>>,
    cargo_number: String,
    amount_on_sale: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Yuan>,
    sku_id: i64,
    spec_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SkuProperty<'a> {
    #[serde(rename = "attributeID")]
    attribute_id: i64,
    attribute_value: &'a str,
    attribute_display_name: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SaleInfo<'a> {
    support_online_trade: bool,
    mix_whole_sale: bool,
    sale_type: &'static str,
    price_auth: bool,
    price_ranges: Vec<PriceRange>,
    amount_on_sale: i64,
    unit: &'a str,
    min_order_quantity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_number: Option<u32>,
    quote_type: u8,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PriceRange {
    start_quantity: u32,
    price: Yuan,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shipping {
    #[serde(rename = "freightTemplateID")]
    freight_template_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_weight: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<f64>,
}

impl<'a> Listed<'a> {
    /// The offer with its picture.
    pub fn of(offer: &'a Offer, picture: String) -> Self {
        let summary = &offer.summary;
        Self {
            product_id: summary.id.number(),
            product_type: TYPE,
            category_id: summary.category.number(),
            attributes: offer.attributes.iter().zip(1..).map(Property::of).collect(),
            status: STATUS,
            subject: &summary.title.original,
            description: offer.description.as_ref().map(|text| text.original.as_str()),
            language: LANGUAGE,
            period_of_validity: PERIOD_DAYS,
            biz_type: THING,
            image: Images { images: [picture] },
            supplier_login_id: summary.supplier.id.to_string(),
        }
    }
}

impl<'a> Product<'a> {
    /// The offer with its picture.
    pub fn of(offer: &'a Offer, picture: String) -> Self {
        let summary = &offer.summary;
        let supplier = summary.supplier.id.to_string();
        Self {
            listed: Listed::of(offer, picture),
            picture_auth: false,
            sku_infos: offer.skus.iter().map(SkuInfo::of).collect(),
            sale_info: SaleInfo::of(offer),
            shipping_info: Shipping::of(offer),
            supplier_user_id: supplier.clone(),
            seller_login_id: supplier,
            cross_border_offer: true,
            reference_price: format!("{}~{}", summary.price_from.amount(), summary.price_to.amount()),
            create_time: summary.listed_at.map(dates::wire),
            last_update_time: dates::wire(summary.updated_at),
            modify_time: dates::wire(summary.updated_at),
            booked_count: summary.sold_30d.to_string(),
            seven_days_refunds: summary.free_return,
        }
    }
}

impl<'a> Property<'a> {
    fn of((attribute, number): (&'a Attribute, i64)) -> Self {
        let (attribute_name, value) = (attribute.name.original.as_str(), attribute.value.original.as_str());
        Self { attribute_id: number, attribute_name, value, is_custom: false }
    }
}

impl<'a> SkuInfo<'a> {
    fn of(sku: &'a Sku) -> Self {
        let property = |(attribute, number): (&'a Attribute, i64)| SkuProperty {
            attribute_id: number,
            attribute_value: &attribute.value.original,
            attribute_display_name: &attribute.name.original,
        };
        Self {
            attributes: sku.attributes.iter().zip(1..).map(property).collect(),
            cargo_number: sku.id.to_string(),
            amount_on_sale: count(sku.stock),
            price: sku.price_tiers.first().map(|tier| Yuan(tier.price)),
            sku_id: sku.id.number(),
            spec_id: spec::of(sku.id),
        }
    }
}

impl<'a> SaleInfo<'a> {
    fn of(offer: &'a Offer) -> Self {
        let range = |tier: &PriceTier| PriceRange { start_quantity: tier.from_quantity, price: Yuan(tier.price) };
        Self {
            support_online_trade: offer.on_sale,
            mix_whole_sale: offer.mixed_order.is_some(),
            sale_type: if offer.order_multiple.is_some() { "batch" } else { "normal" },
            price_auth: false,
            price_ranges: offer.price_tiers.iter().map(range).collect(),
            amount_on_sale: stock(offer),
            unit: &offer.summary.unit.original,
            min_order_quantity: offer.summary.minimum_order,
            batch_number: offer.order_multiple,
            quote_type: quote_type(offer),
        }
    }
}

impl Shipping {
    fn of(offer: &Offer) -> Self {
        let [length, width, height] = offer.size_mm.map_or([None; 3], |size| size.map(|mm| small(mm, 1)));
        let unit_weight = offer.weight_g.and_then(|grams| small(grams, 3));
        // A seller's template is named by the seller's number (`myFreightTemplate.list.get`).
        Self { freight_template_id: offer.summary.supplier.id.number(), unit_weight, length, width, height }
    }
}
