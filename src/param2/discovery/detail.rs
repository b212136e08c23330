//! `product.search.queryProductDetail`: one offer in full. Prices are yuan in texts; packed pieces weigh grams in
//! `skuShippingInfoList` and kilograms elsewhere, as on the platform.

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::model::ids::OfferId;
use crate::model::money::Exchange;
use crate::model::offer::{Attribute, Offer, PriceTier, Sku};
use crate::param2::asked::{Answer, Asked, Told};
use crate::param2::dates;
use crate::param2::discovery::goods::{
    Promotion, count, quote_type, seller_identities, shipping_guarantee, small, stock, trace,
};
use crate::param2::discovery::mix::MixSetting;
use crate::param2::discovery::spec;
use crate::param2::fault::Refusal;
use crate::param2::lenient;

/// This face's name in the keys of rendered answers.
const FACE: &str = "param2-detail";
const PARAMETER: &str = "offerDetailParam";

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wanted {
    #[serde(deserialize_with = "lenient::long")]
    offer_id: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    country: Option<String>,
}

/// Answers.
pub async fn query_product_detail(asked: Asked) -> Told {
    let wanted: Wanted = asked.json(PARAMETER)?;
    let number = wanted.offer_id.ok_or_else(|| Refusal::missing("offerDetailParam.offerId"))?;
    let audience = asked.audience("offerDetailParam.country", wanted.country.as_deref())?;
    let catalog = asked.room::<Catalog>()?;
    let (form, mode) = (asked.row.form, audience.mode);
    let picture = |offer: OfferId| catalog.picture_url(mode, offer);
    let offer = OfferId::new(number);
    let shown = catalog
        .rendered(FACE, &audience, &offer, |offer: &Offer, _: &Exchange| form.whole(&Detail::of(offer, &picture)));
    Ok(Answer::Kept(Box::new(shown.await?)))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a> {
    offer_id: i64,
    category_id: i64,
    subject: &'a str,
    subject_trans: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description_trans: Option<&'a str>,
    product_image: Images,
    product_attribute: Vec<ProductAttribute<'a>>,
    product_sku_infos: Vec<SkuInfo<'a>>,
    product_sale_info: SaleInfo<'a>,
    product_shipping_info: ShippingInfo,
    is_jxhy: bool,
    seller_open_id: String,
    min_order_quantity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_number: Option<u32>,
    status: &'static str,
    tag_info_list: Vec<Tag>,
    trace_info: String,
    seller_mix_setting: MixSetting,
    sold_out: String,
    promotion_model: Promotion,
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_score: Option<String>,
    offer_identities: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    create_date: Option<String>,
    is_select: &'static str,
    company_name: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Images {
    images: Vec<String>,
    white_image: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductAttribute<'a> {
    attribute_id: String,
    attribute_name: &'a str,
    value: &'a str,
    attribute_name_trans: &'a str,
    value_trans: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SkuInfo<'a> {
    amount_on_sale: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    sku_id: i64,
    spec_id: String,
    sku_attributes: Vec<SkuAttribute<'a>>,
    cargo_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fenxiao_price_info: Option<FenxiaoPrice>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SkuAttribute<'a> {
    attribute_id: i64,
    attribute_name: &'a str,
    attribute_name_trans: &'a str,
    value: &'a str,
    value_trans: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FenxiaoPrice {
    one_piece_price: String,
    offer_price: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SaleInfo<'a> {
    amount_on_sale: i64,
    price_range_list: Vec<PriceRange>,
    quote_type: u8,
    unit_info: Unit<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fenxiao_sale_info: Option<FenxiaoSale>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PriceRange {
    start_quantity: u32,
    price: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Unit<'a> {
    unit: &'a str,
    trans_unit: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FenxiaoSale {
    one_piece_free_postage: bool,
    start_quantity: u32,
    one_piece_price: String,
    offer_price: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShippingInfo {
    /// Kilograms.
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<f64>,
    /// Centimetres, as all three.
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<f64>,
    sku_shipping_info_list: Vec<SkuShipping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_time_guarantee: Option<&'static str>,
    sku_shipping_details: Vec<SkuShippingDetail>,
    pkg_size_source: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SkuShipping {
    spec_id: String,
    sku_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<f64>,
    /// Grams.
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<u32>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SkuShippingDetail {
    sku_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<f64>,
    /// Kilograms.
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<f64>,
    pkg_size_source: &'static str,
}

#[derive(Debug, Serialize)]
struct Tag {
    key: &'static str,
    value: bool,
}

/// Where sizes come from: the seller said so.
const SIZE_SOURCE: &str = "商家自填";

impl<'a> Detail<'a> {
    fn of(offer: &'a Offer, picture: &dyn Fn(OfferId) -> String) -> Self {
        let summary = &offer.summary;
        let image = picture(summary.id);
        let description = offer.description.as_ref();
        Self {
            offer_id: summary.id.number(),
            category_id: summary.category.number(),
            subject: &summary.title.original,
            subject_trans: &summary.title.shown,
            description: description.map(|text| text.original.as_str()),
            description_trans: description.map(|text| text.shown.as_str()),
            product_image: Images { images: vec![image.clone()], white_image: image },
            product_attribute: offer.attributes.iter().zip(1..).map(ProductAttribute::of).collect(),
            product_sku_infos: offer.skus.iter().map(|sku| SkuInfo::of(sku, summary.one_piece)).collect(),
            product_sale_info: SaleInfo::of(offer),
            product_shipping_info: ShippingInfo::of(offer),
            is_jxhy: false,
            seller_open_id: summary.supplier.id.to_string(),
            min_order_quantity: summary.minimum_order,
            batch_number: offer.order_multiple,
            status: "published",
            tag_info_list: vec![
                Tag { key: "isOnePsale", value: summary.one_piece },
                Tag { key: "select", value: false },
            ],
            trace_info: trace(summary),
            seller_mix_setting: offer.mixed_order.into(),
            sold_out: summary.sold_30d.to_string(),
            promotion_model: Promotion::NONE,
            trade_score: summary.rating.map(|rating| rating.to_string()),
            offer_identities: seller_identities(summary),
            create_date: summary.listed_at.map(dates::plain),
            is_select: "false",
            company_name: &summary.supplier.name.original,
        }
    }
}

impl<'a> ProductAttribute<'a> {
    fn of((attribute, number): (&'a Attribute, usize)) -> Self {
        Self {
            attribute_id: number.to_string(),
            attribute_name: &attribute.name.original,
            value: &attribute.value.original,
            attribute_name_trans: &attribute.name.shown,
            value_trans: &attribute.value.shown,
        }
    }
}

impl<'a> SkuInfo<'a> {
    fn of(sku: &'a Sku, one_piece: bool) -> Self {
        let first = sku.price_tiers.first().map(|tier| tier.price.amount());
        let last = sku.price_tiers.last().map(|tier| tier.price.amount());
        let both = first.clone().zip(last).filter(|_| one_piece);
        Self {
            amount_on_sale: count(sku.stock),
            price: first,
            sku_id: sku.id.number(),
            spec_id: spec::of(sku.id),
            sku_attributes: sku.attributes.iter().zip(1..).map(SkuAttribute::of).collect(),
            cargo_number: sku.id.to_string(),
            fenxiao_price_info: both
                .map(|(one_piece_price, offer_price)| FenxiaoPrice { one_piece_price, offer_price }),
        }
    }
}

impl<'a> SkuAttribute<'a> {
    fn of((attribute, number): (&'a Attribute, i64)) -> Self {
        Self {
            attribute_id: number,
            attribute_name: &attribute.name.original,
            attribute_name_trans: &attribute.name.shown,
            value: &attribute.value.original,
            value_trans: &attribute.value.shown,
        }
    }
}

impl<'a> SaleInfo<'a> {
    fn of(offer: &'a Offer) -> Self {
        let summary = &offer.summary;
        let prices = offer.price_tiers.first().zip(offer.price_tiers.last()).filter(|_| summary.one_piece);
        Self {
            amount_on_sale: stock(offer),
            price_range_list: offer.price_tiers.iter().map(PriceRange::of).collect(),
            quote_type: quote_type(offer),
            unit_info: Unit { unit: &summary.unit.original, trans_unit: &summary.unit.shown },
            fenxiao_sale_info: prices.map(|(one, many)| FenxiaoSale {
                one_piece_free_postage: false,
                start_quantity: one.from_quantity,
                one_piece_price: one.price.amount(),
                offer_price: many.price.amount(),
            }),
        }
    }
}

impl PriceRange {
    fn of(tier: &PriceTier) -> Self {
        Self { start_quantity: tier.from_quantity, price: tier.price.amount() }
    }
}

impl ShippingInfo {
    fn of(offer: &Offer) -> Self {
        let [length, width, height] = offer.size_mm.map_or([None; 3], |size| size.map(|mm| small(mm, 1)));
        let (grams, kilograms) = (offer.weight_g, offer.weight_g.and_then(|grams| small(grams, 3)));
        let each = |sku: &Sku| SkuShipping {
            spec_id: spec::of(sku.id),
            sku_id: sku.id.number(),
            width,
            length,
            height,
            weight: grams,
        };
        let detail = |sku: &Sku| SkuShippingDetail {
            sku_id: sku.id.to_string(),
            width,
            length,
            height,
            weight: kilograms,
            pkg_size_source: SIZE_SOURCE,
        };
        Self {
            weight: kilograms,
            width,
            height,
            length,
            sku_shipping_info_list: offer.skus.iter().map(each).collect(),
            shipping_time_guarantee: shipping_guarantee(&offer.summary),
            sku_shipping_details: offer.skus.iter().map(detail).collect(),
            pkg_size_source: SIZE_SOURCE,
        }
    }
}
