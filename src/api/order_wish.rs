//! The body of `POST /v1/orders`: a quote, or lines that are quoted and ordered in one step.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::asked::Asked;
use crate::api::payments::MoneyBody;
use crate::api::plain_text::check_note;
use crate::api::quotes::{NewLineBody, read_lines};
use crate::edge::problem::Problem;
use crate::error::Place;
use crate::model::ids::QuoteId;
use crate::model::money::Currency;
use crate::model::order::Reference;
use crate::orders::{Basis, NewOrder, NewQuote};

/// A wish to order what was quoted, or lines that are quoted now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOrder, example = json!({"reference": "PO-2026-0001", "quote_id": "quo_0192f5b0c1d27a3e8f4a5b6c7d8e9f01"}))]
pub struct NewOrderBody {
    /// Your own number of the order: 1 to 64 of A-Z a-z 0-9 . _ : / - and used once, for ever.
    #[schema(example = "PO-2026-0001", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._:/-]{1,64}$")]
    reference: String,
    /// The quote; it must not have expired or been ordered before. Either this or `lines`.
    #[schema(example = "quo_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    quote_id: Option<String>,
    /// 1 to 50 different SKUs of one supplier, quoted and ordered in one step. Either this or `quote_id`.
    #[schema(min_items = 1, max_items = 50)]
    lines: Option<Vec<NewLineBody>>,
    /// With `lines`: code of the domestic warehouse; the gateway's usual one when left out.
    #[schema(example = "YW01")]
    warehouse: Option<String>,
    /// With `lines`: ISO 3166-1 code of the destination; your account's country when left out.
    #[schema(example = "JP")]
    ship_to_country: Option<String>,
    /// With `lines`: ISO 4217 code of the currency whose rate is locked; CNY when left out.
    #[schema(example = "JPY")]
    currency: Option<String>,
    /// What you think it costs in all, in CNY or in the quote's currency. When it is another by now, nothing is ordered
    /// and you get 409 `price_changed` with the total as it is.
    expected_total: Option<MoneyBody>,
    /// A note to the supplier, best in Chinese.
    #[schema(max_length = 500)]
    note: Option<String>,
    /// The `click_id` with which a visitor was sent to your storefront, when the order comes of it. One older than 30 days,
    /// or that another order of yours named, is passed over.
    #[schema(max_length = 100)]
    referral: Option<String>,
}

impl NewOrderBody {
    /// The wish, if every member is right.
    pub fn read(&self) -> Result<NewOrder, Problem> {
        let mut asked = Asked::default();
        let reference = asked.body::<Reference>("/reference", Some(&self.reference));
        let basis = self.basis(&mut asked);
        let expected_total = self.expected_total.as_ref().and_then(|money| money.read(&mut asked, "/expected_total"));
        if let Some(note) = &self.note {
            check_note(&mut asked, note);
        }
        let note = self.note.clone().filter(|note| !note.trim().is_empty());
        let read = reference.zip(basis);
        let wish = read.map(|(reference, basis)| NewOrder { reference, basis, note, expected_total, referral: None });
        asked.done(wish)
    }

    /// The click id that it names.
    pub fn referral(&self) -> Option<&str> {
        self.referral.as_deref()
    }

    fn basis(&self, asked: &mut Asked) -> Option<Basis> {
        let Some(lines) = &self.lines else { return self.quote(asked) };
        if self.quote_id.is_some() {
            asked.wrong(Place::body("/quote_id", "either quote_id or lines, not both"));
        }
        let lines = read_lines(asked, lines);
        let warehouse = asked.body("/warehouse", self.warehouse.as_deref());
        let ship_to = asked.body("/ship_to_country", self.ship_to_country.as_deref());
        let currency = asked.body("/currency", self.currency.as_deref()).unwrap_or(Currency::CNY);
        lines.map(|lines| Basis::Lines(NewQuote { lines, warehouse, ship_to, currency }))
    }

    fn quote(&self, asked: &mut Asked) -> Option<Basis> {
        let of_lines = [
            ("/warehouse", self.warehouse.is_some()),
            ("/ship_to_country", self.ship_to_country.is_some()),
            ("/currency", self.currency.is_some()),
        ];
        for (pointer, _) in of_lines.iter().filter(|(_, given)| *given) {
            asked.wrong(Place::body(pointer, "only with lines; a quote has its own"));
        }
        if self.quote_id.is_none() {
            asked.wrong(Place::body("/quote_id", "give a quote_id, or lines"));
        }
        asked.body::<QuoteId>("/quote_id", self.quote_id.as_deref()).map(Basis::Quote)
    }
}

#[cfg(test)]
mod tests {
    use super::NewOrderBody;
    use crate::orders::Basis;
    use serde_json::{Value, json};

    fn places(body: Value) -> Vec<String> {
        let body: NewOrderBody = serde_json::from_value(body).unwrap();
        let problem = body.read().unwrap_err();
        let document: Value = serde_json::from_slice(&problem.render("req", "/")).unwrap();
        let errors = document["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn every_wrong_member_is_named() {
        let wrong = places(json!({"reference": "a b", "quote_id": "x", "note": "x".repeat(501)}));
        assert_eq!(wrong, ["#/reference", "#/quote_id", "#/note"]);
        let quote_id = format!("quo_{}", "0".repeat(32));
        assert_eq!(places(json!({"reference": "PO-1", "quote_id": quote_id, "note": "a\0b"})), ["#/note"]);
        let total = json!({"amount": "1.234", "currency": "CNY"});
        let wrong = places(json!({"reference": "PO-1", "quote_id": quote_id, "expected_total": total}));
        assert_eq!(wrong, ["#/expected_total/amount"]);
        let lines = json!([{"sku_id": "7", "quantity": 0}, {"sku_id": "x", "quantity": 1}]);
        let wrong = places(json!({"reference": "PO-1", "lines": lines, "ship_to_country": "XX"}));
        assert_eq!(wrong, ["#/lines/0/quantity", "#/lines/1/sku_id", "#/ship_to_country"]);
    }

    #[test]
    fn an_order_is_of_a_quote_or_of_lines() {
        let lines = json!([{"sku_id": "7", "quantity": 2}]);
        assert_eq!(places(json!({"reference": "PO-1"})), ["#/quote_id"]);
        assert_eq!(places(json!({"reference": "PO-1", "quote_id": "x", "lines": lines})), ["#/quote_id"]);
        let quote_id = format!("quo_{}", "0".repeat(32));
        let wrong = places(json!({"reference": "PO-1", "quote_id": quote_id, "warehouse": "YW01", "currency": "JPY"}));
        assert_eq!(wrong, ["#/warehouse", "#/currency"]);
        let body: NewOrderBody =
            serde_json::from_value(json!({"reference": "PO-1", "lines": lines, "currency": "JPY"})).unwrap();
        let Basis::Lines(wish) = body.read().unwrap().basis else { panic!("lines were given") };
        assert_eq!((wish.lines.len(), wish.currency.code()), (1, "JPY"));
    }
}
