//! How the ledger writes the model down: JSON documents with money in fen and times in milliseconds.
//! Released documents must stay readable: add optional fields only.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Error;
use crate::error::Code;
use crate::model::ids::{CatalogueOrderId, CatalogueQuotationId, OfferId, SkuId, SupplierId};
use crate::model::margin::Margin;
use crate::model::money::{Exchange, Money};
use crate::model::order::{Facts, Refusal, RefusedLine};
use crate::model::quote::{Basket, Line, Quantity};

/// What a quote or an order is about.
#[derive(Serialize, Deserialize)]
pub(super) struct Bought {
    pub basket: BasketWords,
    pub exchange: ExchangeWords,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote_expires_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct BasketWords {
    supplier: i64,
    supplier_name: String,
    warehouse: String,
    ship_to: String,
    lines: Vec<LineWords>,
    goods: i64,
    freight: i64,
    total: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quotation: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct LineWords {
    sku: i64,
    offer: i64,
    title: String,
    specification: String,
    quantity: u32,
    unit_price: i64,
    amount: i64,
    weight_g: i64,
    /// Absent where the price is of no tier, and in older documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tier_from: Option<u32>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ExchangeWords {
    currency: String,
    per_cny: String,
    date: String,
    source: String,
    /// Hundredths of a per cent; absent where there is none, and in older documents.
    #[serde(default, skip_serializing_if = "is_nothing")]
    margin: i64,
}

fn is_nothing(figure: &i64) -> bool {
    *figure == 0
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct FactsWords {
    #[serde(skip_serializing_if = "Option::is_none")]
    catalogue_order: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_by: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<RefusalWords>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payable: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interrupts: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct RefusalWords {
    code: String,
    detail: String,
    lines: Vec<RefusedLineWords>,
    freight: Option<i64>,
    total: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct RefusedLineWords {
    sku: i64,
    unit_price: Option<i64>,
    stock: Option<i64>,
}

/// Reads a document.
pub(super) fn read<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::unreadable(what, error))
}

/// Writes a document.
pub(super) fn write(what: &'static str, words: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(words).map_err(|error| Error::unreadable(what, error))
}

/// A stored moment.
pub(super) fn moment(what: &'static str, ms: i64) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(ms).map_err(|error| Error::unreadable(what, error))
}

impl From<&Basket> for BasketWords {
    fn from(basket: &Basket) -> Self {
        let line = |line: &Line| LineWords {
            sku: line.sku.number(),
            offer: line.offer.number(),
            title: line.title.clone(),
            specification: line.specification.clone(),
            quantity: line.quantity.get(),
            unit_price: line.unit_price.minor,
            amount: line.amount.minor,
            weight_g: line.weight_g,
            tier_from: line.tier_from,
        };
        Self {
            supplier: basket.supplier.number(),
            supplier_name: basket.supplier_name.clone(),
            warehouse: basket.warehouse.to_string(),
            ship_to: basket.ship_to.to_string(),
            lines: basket.lines.iter().map(line).collect(),
            goods: basket.goods.minor,
            freight: basket.freight.minor,
            total: basket.total.minor,
            quotation: basket.quotation.map(CatalogueQuotationId::number),
        }
    }
}

impl TryFrom<BasketWords> for Basket {
    type Error = Error;
    fn try_from(words: BasketWords) -> Result<Self, Error> {
        let wrong = |what: &str| Error::unreadable("basket", what);
        let line = |line: LineWords| {
            Ok(Line {
                sku: SkuId::new(line.sku),
                offer: OfferId::new(line.offer),
                title: line.title,
                specification: line.specification,
                quantity: Quantity::new(line.quantity.into()).ok_or_else(|| wrong("quantity"))?,
                unit_price: Money::fen(line.unit_price),
                amount: Money::fen(line.amount),
                weight_g: line.weight_g,
                tier_from: line.tier_from,
            })
        };
        Ok(Self {
            supplier: SupplierId::new(words.supplier),
            supplier_name: words.supplier_name,
            warehouse: words.warehouse.parse().map_err(|_| wrong("warehouse"))?,
            ship_to: words.ship_to.parse().map_err(|_| wrong("ship_to"))?,
            lines: words.lines.into_iter().map(line).collect::<Result<_, Error>>()?,
            goods: Money::fen(words.goods),
            freight: Money::fen(words.freight),
            total: Money::fen(words.total),
            quotation: words.quotation.map(CatalogueQuotationId::new),
        })
    }
}

impl From<&Exchange> for ExchangeWords {
    fn from(exchange: &Exchange) -> Self {
        Self {
            currency: exchange.currency.code().to_owned(),
            per_cny: exchange.per_cny.to_string(),
            date: exchange.date.to_string(),
            source: exchange.source.clone(),
            margin: exchange.margin.hundredths().into(),
        }
    }
}

impl TryFrom<ExchangeWords> for Exchange {
    type Error = Error;
    fn try_from(words: ExchangeWords) -> Result<Self, Error> {
        Ok(Self {
            currency: words.currency.parse().map_err(|error| Error::unreadable("exchange", error))?,
            per_cny: words.per_cny.parse().map_err(|error| Error::unreadable("exchange", error))?,
            date: words.date.parse().map_err(|error| Error::unreadable("exchange", error))?,
            source: words.source,
            margin: Margin::of(words.margin).ok_or_else(|| Error::unreadable("exchange", "margin"))?,
            // It was held to when it was locked, and is for good.
            stale: false,
        })
    }
}

/// Writes what an event brought to light.
pub(super) fn write_facts(facts: &Facts) -> Result<String, Error> {
    let refused = |line: &RefusedLine| RefusedLineWords {
        sku: line.sku.number(),
        unit_price: line.unit_price.map(|money| money.minor),
        stock: line.stock,
    };
    let refusal = |refusal: &Refusal| RefusalWords {
        code: refusal.code.facts().name.to_owned(),
        detail: refusal.detail.clone(),
        lines: refusal.lines.iter().map(refused).collect(),
        freight: refusal.freight.map(|money| money.minor),
        total: refusal.total.map(|money| money.minor),
    };
    let words = FactsWords {
        catalogue_order: facts.catalogue_order.map(CatalogueOrderId::number),
        pay_by: facts.pay_by.map(Timestamp::as_millisecond),
        reason: facts.reason.clone(),
        refusal: facts.refusal.as_ref().map(refusal),
        payable: facts.payable.map(|money| money.minor),
        refunded: facts.refunded.map(|money| money.minor),
        interrupts: facts.interrupts.map(|state| state.name().to_owned()),
        note: facts.note.clone(),
    };
    write("facts", &words)
}

/// Reads what an event brought to light.
pub(super) fn read_facts(text: &str) -> Result<Facts, Error> {
    let words: FactsWords = read("facts", text)?;
    let refused = |line: RefusedLineWords| RefusedLine {
        sku: SkuId::new(line.sku),
        unit_price: line.unit_price.map(Money::fen),
        stock: line.stock,
    };
    let refusal = |words: RefusalWords| {
        let code = Code::find(&words.code).ok_or_else(|| Error::unreadable("facts", "code"))?;
        Ok::<_, Error>(Refusal {
            code,
            detail: words.detail,
            lines: words.lines.into_iter().map(refused).collect(),
            freight: words.freight.map(Money::fen),
            total: words.total.map(Money::fen),
        })
    };
    Ok(Facts {
        catalogue_order: words.catalogue_order.map(CatalogueOrderId::new),
        pay_by: words.pay_by.map(|ms| moment("facts", ms)).transpose()?,
        reason: words.reason,
        refusal: words.refusal.map(refusal).transpose()?,
        payable: words.payable.map(Money::fen),
        refunded: words.refunded.map(Money::fen),
        interrupts: words
            .interrupts
            .map(|state| state.parse().map_err(|_| Error::unreadable("facts", "state")))
            .transpose()?,
        note: words.note,
    })
}
