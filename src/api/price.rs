//! A price as partners see it: in their currency, with the renminbi and the dated rate it was made of beside it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::margin::Margin;
use crate::model::money::{Currency, Exchange, Money};

/// A price in the asked currency. For any but CNY the catalogue's own price and the rate stand beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Price)]
pub struct PriceView {
    /// Decimal string with the digits of the currency.
    #[schema(example = "67")]
    pub amount: String,
    /// ISO 4217 code.
    #[schema(example = "JPY")]
    pub currency: &'static str,
    /// The catalogue's price in CNY.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "3.20")]
    pub cny: Option<String>,
    /// How much of the currency 1 CNY buys.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "21.05")]
    pub rate: Option<String>,
    /// The day of the rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-11-20", format = Date)]
    pub rate_date: Option<String>,
    /// Who published the rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ecb")]
    pub rate_source: Option<String>,
    /// The margin of your plan that is in the rate, per cent; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1.5")]
    pub rate_margin_percent: Option<String>,
    /// True when the rate is of a day too long ago to be quoted at; otherwise left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(example = true)]
    pub rate_stale: bool,
}

impl PriceView {
    /// A CNY amount shown at a rate; `None` when it does not fit the currency.
    pub fn of(cny: Money, exchange: &Exchange) -> Option<Self> {
        Some(Self::at(exchange.convert(cny)?, cny, exchange))
    }

    /// An amount of a currency as it is, with nothing that it was made of.
    pub fn plain(money: Money) -> Self {
        Self {
            amount: money.amount(),
            currency: money.currency.code(),
            cny: None,
            rate: None,
            rate_date: None,
            rate_source: None,
            rate_margin_percent: None,
            rate_stale: false,
        }
    }

    /// An amount that was made of a CNY amount at a rate.
    pub fn at(shown: Money, cny: Money, exchange: &Exchange) -> Self {
        let foreign = exchange.currency != Currency::CNY;
        Self {
            amount: shown.amount(),
            currency: shown.currency.code(),
            cny: foreign.then(|| cny.amount()),
            rate: foreign.then(|| exchange.per_cny.to_string()),
            rate_date: foreign.then(|| exchange.date.to_string()),
            rate_source: foreign.then(|| exchange.source.clone()),
            rate_margin_percent: (foreign && exchange.margin != Margin::NONE).then(|| exchange.margin.to_string()),
            rate_stale: foreign && exchange.stale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PriceView;
    use crate::model::money::{Exchange, Money};
    use rust_decimal::Decimal;
    use serde_json::json;

    #[test]
    fn a_converted_price_shows_what_it_was_made_of() {
        let date = jiff::civil::date(2026, 11, 20);
        let yen = Exchange::new("JPY".parse().unwrap(), Decimal::new(2105, 2), date, "test");
        let shown = serde_json::to_value(PriceView::of(Money::fen(320), &yen).unwrap()).unwrap();
        let wanted = json!({
            "amount":"67","currency":"JPY","cny":"3.20","rate":"21.05","rate_date":"2026-11-20","rate_source":"test"
        });
        assert_eq!(shown, wanted);
        let old = Exchange { stale: true, ..yen.with_margin("1.5".parse().unwrap()) };
        let shown = serde_json::to_value(PriceView::of(Money::fen(320), &old).unwrap()).unwrap();
        let wanted = json!({
            "amount":"68","currency":"JPY","cny":"3.20","rate":"21.36575","rate_date":"2026-11-20",
            "rate_source":"test","rate_margin_percent":"1.5","rate_stale":true
        });
        assert_eq!(shown, wanted);
        let plain = serde_json::to_value(PriceView::of(Money::fen(320), &Exchange::identity(date)).unwrap()).unwrap();
        assert_eq!(plain, json!({"amount":"3.20","currency":"CNY"}));
    }
}
