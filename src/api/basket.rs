//! What quotes and orders show alike: lines with prices in the locked currency, and the rate they were made of.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::price::PriceView;
use crate::model::money::{Exchange, Money};
use crate::model::quote::{Basket, Line};

/// A line of a quote or order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BasketLine)]
pub struct LineView {
    /// The variant.
    #[schema(example = "610947572360001")]
    sku_id: String,
    /// The offer it belongs to.
    #[schema(example = "610947572360")]
    offer_id: String,
    /// The offer's Chinese title.
    title_original: String,
    /// The variant's attributes in Chinese.
    #[schema(example = "红色/L")]
    specification: String,
    /// How many pieces.
    quantity: u32,
    /// Price of one piece.
    unit_price: PriceView,
    /// Price of all pieces.
    amount: PriceView,
    /// Weight of one piece in grams.
    weight_g: i64,
}

impl LineView {
    fn of(line: &Line, exchange: &Exchange) -> Self {
        Self {
            sku_id: line.sku.to_string(),
            offer_id: line.offer.to_string(),
            title_original: line.title.clone(),
            specification: line.specification.clone(),
            quantity: line.quantity.get(),
            unit_price: shown(line.unit_price, exchange),
            amount: shown(line.amount, exchange),
            weight_g: line.weight_g,
        }
    }
}

/// The lines of a basket.
pub fn lines(basket: &Basket, exchange: &Exchange) -> Vec<LineView> {
    basket.lines.iter().map(|line| LineView::of(line, exchange)).collect()
}

/// A CNY amount at the locked rate; one that does not fit the currency is shown as it is.
pub fn shown(cny: Money, exchange: &Exchange) -> PriceView {
    PriceView::of(cny, exchange).unwrap_or_else(|| PriceView {
        amount: cny.amount(),
        currency: cny.currency.code(),
        cny: None,
        rate: None,
        rate_date: None,
    })
}

/// The exchange rate that was locked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Exchange)]
pub struct ExchangeView {
    /// ISO 4217 code.
    #[schema(example = "JPY")]
    currency: &'static str,
    /// How much of it 1 CNY buys.
    #[schema(example = "21.05")]
    per_cny: String,
    /// The day of the rate.
    #[schema(example = "2026-11-20", format = Date)]
    date: String,
    /// Who says so.
    #[schema(example = "ecb")]
    source: String,
}

impl From<&Exchange> for ExchangeView {
    fn from(exchange: &Exchange) -> Self {
        Self {
            currency: exchange.currency.code(),
            per_cny: exchange.per_cny.to_string(),
            date: exchange.date.to_string(),
            source: exchange.source.clone(),
        }
    }
}
