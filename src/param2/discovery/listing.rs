//! An offer as lists of this protocol show it. Prices are yuan in texts.

use serde::Serialize;

use crate::model::ids::OfferId;
use crate::model::offer::OfferSummary;
use crate::model::search::Found;
use crate::param2::dates;
use crate::param2::discovery::goods::{Promotion, count, percent, seller_identities, shipping_guarantee, trace};
use crate::param2::discovery::marks::MOST_RESULTS;

/// A page of a search.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<'a> {
    total_records: u32,
    total_page: u32,
    page_size: u32,
    current_page: u32,
    data: Vec<Listed<'a>>,
}

/// One offer of a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed<'a> {
    image_url: String,
    white_image: String,
    subject: &'a str,
    subject_trans: &'a str,
    offer_id: i64,
    is_jxhy: bool,
    price_info: Prices,
    #[serde(skip_serializing_if = "Option::is_none")]
    repurchase_rate: Option<String>,
    month_sold: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sales7d: Option<String>,
    trace_info: String,
    is_one_psale: bool,
    seller_identities: Vec<&'static str>,
    offer_identities: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_score: Option<String>,
    promotion_model: Promotion,
    is_patent_product: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    create_date: Option<String>,
    modify_date: String,
    is_select: bool,
    min_order_quantity: u32,
    product_simple_shipping_info: Shipping,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Prices {
    price: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    consign_price: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shipping {
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_time_guarantee: Option<&'static str>,
}

impl<'a> Page<'a> {
    /// A page of what was found, counted from 1.
    pub fn of(found: &'a Found, (page, size): (u32, u32), picture: &dyn Fn(OfferId) -> String) -> Self {
        let listed = found.items.iter().map(|offer| Listed::of(offer, picture)).collect();
        Self { data: listed, ..Self::beyond(found, (page, size)) }
    }

    /// A page behind the last.
    pub fn beyond(found: &Found, (page, size): (u32, u32)) -> Self {
        let all = found.total.and_then(|total| u32::try_from(total).ok()).unwrap_or(u32::MAX);
        let total_records = all.min(MOST_RESULTS);
        let total_page = total_records.div_ceil(size.max(1));
        Self { total_records, total_page, page_size: size, current_page: page, data: Vec::new() }
    }
}

impl<'a> Listed<'a> {
    fn of(offer: &'a OfferSummary, picture: &dyn Fn(OfferId) -> String) -> Self {
        let (image, price) = (picture(offer.id), offer.price_from.amount());
        Self {
            white_image: image.clone(),
            image_url: image,
            subject: &offer.title.original,
            subject_trans: &offer.title.shown,
            offer_id: offer.id.number(),
            is_jxhy: false,
            price_info: Prices { consign_price: offer.one_piece.then(|| offer.price_to.amount()), price },
            repurchase_rate: offer.repurchase_rate.map(percent),
            month_sold: count(offer.sold_30d),
            sales7d: offer.sold_7d.map(|sold| sold.to_string()),
            trace_info: trace(offer),
            is_one_psale: offer.one_piece,
            seller_identities: seller_identities(offer),
            offer_identities: Vec::new(),
            trade_score: offer.rating.map(|rating| rating.to_string()),
            promotion_model: Promotion::NONE,
            is_patent_product: false,
            create_date: offer.listed_at.map(dates::plain),
            modify_date: dates::plain(offer.updated_at),
            is_select: false,
            min_order_quantity: offer.minimum_order,
            product_simple_shipping_info: Shipping { shipping_time_guarantee: shipping_guarantee(offer) },
        }
    }
}
