//! What partners say about refunds, read into the model's words.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::aftersale::{Change, NewRefund, Plea, SendBack, WantedPieces};
use crate::api::asked::Asked;
use crate::edge::problem::Problem;
use crate::error::Place;
use crate::model::ids::VoucherId;
use crate::model::money::{Currency, Money};
use crate::model::quote::{MOST_LINES, Quantity};
use crate::model::refund::MOST_VOUCHERS;

const SHORTEST: usize = 2;
const DESCRIPTION_CHARS: usize = 200;
const PLEA_CHARS: usize = 500;

/// An amount in the catalogue's currency.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CnyAmount)]
pub struct CnyBody {
    /// Decimal string with at most two digits after the point.
    #[schema(example = "12.30", pattern = r"^[0-9]{1,13}(\.[0-9]{1,2})?$")]
    amount: String,
    /// `CNY`: what was paid goes back in the currency it was paid in.
    #[schema(example = "CNY", pattern = "^CNY$")]
    currency: String,
}

/// Pieces of a line of the order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRefundLine)]
pub struct PiecesBody {
    /// The variant, as the order's line names it.
    #[schema(example = "610947572360001")]
    sku_id: String,
    /// How many pieces.
    #[schema(example = 5, minimum = 1, maximum = 1_000_000)]
    quantity: i64,
}

/// A wish to get money back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRefund)]
pub struct NewRefundBody {
    /// Your own number of the refund: 1 to 64 of A-Z a-z 0-9 . _ : / - and used once, for ever.
    #[schema(example = "R-2026-0001", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._:/-]{1,64}$")]
    reference: String,
    /// The order; it must be paid.
    #[schema(example = "ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    order_id: String,
    /// `money`: money back, whatever goods there are stay. `return`: the goods are sent back.
    #[schema(example = "money", pattern = "^(money|return)$")]
    r#type: String,
    /// A code from `GET /v1/orders/{order_id}/refund-reasons` of the same type.
    #[schema(example = "DAMAGED")]
    reason: String,
    /// How much, freight included.
    amount: CnyBody,
    /// How much of it is freight; nothing when left out.
    freight: Option<CnyBody>,
    /// Which pieces, each variant once. They count as refunded when it succeeds, even when less was asked for them.
    #[schema(min_items = 1, max_items = 50)]
    lines: Vec<PiecesBody>,
    /// What happened, for the supplier; best in Chinese.
    #[schema(example = "五件破损", min_length = 2, max_length = 200)]
    description: String,
    /// What proves it: `voucher_id`s from `POST /v1/vouchers`.
    #[serde(default)]
    #[schema(max_items = 5)]
    voucher_ids: Vec<String>,
}

/// What is asked for instead, after the supplier refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefundChange)]
pub struct ChangeBody {
    /// How much, freight included.
    amount: CnyBody,
    /// How much of it is freight; as it is when left out.
    freight: Option<CnyBody>,
    /// What happened, for the supplier; best in Chinese.
    #[schema(example = "两件破损，见照片", min_length = 2, max_length = 200)]
    description: String,
    /// What proves it; these take the place of those given before.
    #[serde(default)]
    #[schema(max_items = 5)]
    voucher_ids: Vec<String>,
}

/// How the goods were sent back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReturnShipment)]
pub struct SendBackBody {
    /// The carrier's code.
    #[schema(example = "ZTO", min_length = 1, max_length = 32)]
    carrier_code: String,
    /// The carrier's number of the parcel.
    #[schema(example = "ZTO75312345678", min_length = 1, max_length = 64)]
    tracking_number: String,
    /// A note to the supplier.
    #[schema(max_length = 200)]
    note: Option<String>,
}

/// A case for the marketplace.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewArbitration)]
pub struct PleaBody {
    /// Why the supplier is wrong; best in Chinese.
    #[schema(example = "照片清楚显示破损", min_length = 2, max_length = 500)]
    reason: String,
    /// What proves it.
    #[serde(default)]
    #[schema(max_items = 5)]
    voucher_ids: Vec<String>,
}

impl NewRefundBody {
    /// The wish, or every place that is wrong.
    pub fn read(&self) -> Result<NewRefund, Problem> {
        let mut asked = Asked::default();
        let reference = asked.body("/reference", Some(&self.reference));
        let order = asked.body("/order_id", Some(&self.order_id));
        let remedy = asked.body("/type", Some(&self.r#type));
        let reason = asked.body("/reason", Some(&self.reason));
        let (amount, freight) = amounts(&mut asked, &self.amount, self.freight.as_ref());
        let pieces = pieces(&mut asked, &self.lines);
        let description = words(&mut asked, "/description", &self.description, DESCRIPTION_CHARS);
        let vouchers = vouchers(&mut asked, &self.voucher_ids);
        let wish = (|| {
            Some(NewRefund {
                reference: reference?,
                order: order?,
                remedy: remedy?,
                reason: reason?,
                amount: amount?,
                freight: freight.unwrap_or(Money::fen(0)),
                pieces,
                description,
                vouchers,
            })
        })();
        asked.done(wish)
    }
}

impl ChangeBody {
    /// The change, or every place that is wrong.
    pub fn read(&self) -> Result<Change, Problem> {
        let mut asked = Asked::default();
        let (amount, freight) = amounts(&mut asked, &self.amount, self.freight.as_ref());
        let description = words(&mut asked, "/description", &self.description, DESCRIPTION_CHARS);
        let vouchers = vouchers(&mut asked, &self.voucher_ids);
        asked.done(amount.map(|amount| Change { amount, freight, description, vouchers }))
    }
}

impl SendBackBody {
    /// The parcel, or every place that is wrong.
    pub fn read(&self) -> Result<SendBack, Problem> {
        let mut asked = Asked::default();
        let carrier = asked.body("/carrier_code", Some(&self.carrier_code));
        let tracking_number = asked.body("/tracking_number", Some(&self.tracking_number));
        let note = self.note.as_deref().filter(|note| !note.trim().is_empty());
        let note = note.map(|note| words(&mut asked, "/note", note, DESCRIPTION_CHARS));
        let parcel = carrier.zip(tracking_number);
        asked.done(parcel.map(|(carrier, tracking_number)| SendBack { carrier, tracking_number, note }))
    }
}

impl PleaBody {
    /// The plea, or every place that is wrong.
    pub fn read(&self) -> Result<Plea, Problem> {
        let mut asked = Asked::default();
        let reason = words(&mut asked, "/reason", &self.reason, PLEA_CHARS);
        let vouchers = vouchers(&mut asked, &self.voucher_ids);
        asked.done(Some(Plea { reason, vouchers }))
    }
}

/// The whole amount and the freight in it.
fn amounts(asked: &mut Asked, amount: &CnyBody, freight: Option<&CnyBody>) -> (Option<Money>, Option<Money>) {
    let whole = cny(asked, "/amount", amount);
    if whole.is_some_and(|whole| whole.minor == 0) {
        asked.wrong(Place::body("/amount/amount", "at least 0.01"));
    }
    let freight = freight.and_then(|freight| cny(asked, "/freight", freight));
    if whole.zip(freight).is_some_and(|(whole, freight)| freight.minor > whole.minor) {
        asked.wrong(Place::body("/freight/amount", "at most the amount, of which it is a part"));
    }
    (whole, freight)
}

fn cny(asked: &mut Asked, pointer: &str, body: &CnyBody) -> Option<Money> {
    if body.currency != Currency::CNY.code() {
        asked.wrong(Place::body(
            &format!("{pointer}/currency"),
            "give CNY: money goes back in the currency it was paid in",
        ));
    }
    let read = Money::parse(&body.amount, Currency::CNY);
    read.map_err(|why| asked.wrong(Place::body(&format!("{pointer}/amount"), why.to_string()))).ok()
}

fn pieces(asked: &mut Asked, lines: &[PiecesBody]) -> Vec<WantedPieces> {
    if lines.is_empty() || lines.len() > MOST_LINES {
        asked.wrong(Place::body("/lines", format!("1 to {MOST_LINES} lines")));
    }
    let mut pieces: Vec<WantedPieces> = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        let sku = asked.body(&format!("/lines/{at}/sku_id"), Some(&line.sku_id));
        let quantity = Quantity::new(line.quantity);
        if quantity.is_none() {
            asked.wrong(Place::body(&format!("/lines/{at}/quantity"), "1 to 1000000"));
        }
        if pieces.iter().any(|before| Some(before.sku) == sku) {
            asked.wrong(Place::body(&format!("/lines/{at}/sku_id"), "this variant is listed before"));
        }
        pieces.extend(sku.zip(quantity).map(|(sku, quantity)| WantedPieces { sku, quantity }));
    }
    pieces
}

/// A text without spaces around it, if it is one.
fn words(asked: &mut Asked, pointer: &str, text: &str, most: usize) -> String {
    let text = text.trim();
    if !(SHORTEST..=most).contains(&text.chars().count()) {
        asked.wrong(Place::body(pointer, format!("{SHORTEST} to {most} characters")));
    }
    if text.chars().any(char::is_control) {
        asked.wrong(Place::body(pointer, "text without control characters such as line breaks"));
    }
    text.to_owned()
}

fn vouchers(asked: &mut Asked, ids: &[String]) -> Vec<VoucherId> {
    if ids.len() > MOST_VOUCHERS {
        asked.wrong(Place::body("/voucher_ids", format!("at most {MOST_VOUCHERS}")));
    }
    let mut read: Vec<VoucherId> = Vec::with_capacity(ids.len());
    for (at, id) in ids.iter().enumerate() {
        let id = asked.body(&format!("/voucher_ids/{at}"), Some(id));
        if id.as_ref().is_some_and(|id| read.contains(id)) {
            asked.wrong(Place::body(&format!("/voucher_ids/{at}"), "this voucher is listed before"));
        }
        read.extend(id);
    }
    read
}

#[cfg(test)]
mod tests {
    use super::{ChangeBody, NewRefundBody, PleaBody, SendBackBody};
    use crate::edge::problem::Problem;
    use crate::model::money::Money;
    use crate::model::refund::Remedy;
    use serde_json::{Value, json};

    fn body() -> Value {
        json!({
            "reference": "R-1", "order_id": format!("ord_{}", "0".repeat(32)), "type": "return", "reason": "DAMAGED",
            "amount": {"amount": "12.30", "currency": "CNY"}, "lines": [{"sku_id": "7", "quantity": 5}],
            "description": " five are broken ", "voucher_ids": [format!("vch_{}", "0".repeat(32))],
        })
    }

    fn read<T: serde::de::DeserializeOwned>(body: Value) -> T {
        serde_json::from_value(body).unwrap()
    }

    fn pointers(problem: Problem) -> Vec<String> {
        let document: Value = serde_json::from_slice(&problem.render("req", "/")).unwrap();
        let errors = document["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_wish_is_read_whole() {
        let wish = read::<NewRefundBody>(body()).read().unwrap();
        assert_eq!((wish.amount, wish.freight, wish.remedy), (Money::fen(1230), Money::fen(0), Remedy::Return));
        assert_eq!(wish.description, "five are broken", "spaces around it are not part of what is said");
        assert_eq!((wish.pieces.len(), wish.vouchers.len()), (1, 1));
    }

    #[test]
    fn every_wrong_member_is_named() {
        let mut wrong = body();
        wrong["reference"] = json!("a b");
        wrong["type"] = json!("gift");
        wrong["amount"] = json!({"amount": "0.00", "currency": "USD"});
        wrong["freight"] = json!({"amount": "1.001", "currency": "CNY"});
        wrong["lines"] =
            json!([{"sku_id": "7", "quantity": 0}, {"sku_id": "7", "quantity": 1}, {"sku_id": "7", "quantity": 1}]);
        wrong["description"] = json!("a\u{0}b");
        wrong["voucher_ids"] = json!(["vch_1"]);
        let told = pointers(read::<NewRefundBody>(wrong).read().unwrap_err());
        let expected = [
            "#/reference",
            "#/type",
            "#/amount/currency",
            "#/amount/amount",
            "#/freight/amount",
            "#/lines/0/quantity",
            "#/lines/2/sku_id",
            "#/description",
            "#/voucher_ids/0",
        ];
        assert_eq!(told, expected);
        let mut empty = body();
        (empty["lines"], empty["description"]) = (json!([]), json!(" x "));
        assert_eq!(pointers(read::<NewRefundBody>(empty).read().unwrap_err()), ["#/lines", "#/description"]);
    }

    #[test]
    fn steps_are_read_or_refused_with_their_places() {
        let change = json!({"amount": {"amount": "5", "currency": "CNY"}, "freight": {"amount": "6", "currency": "CNY"}, "description": "less"});
        assert_eq!(pointers(read::<ChangeBody>(change).read().unwrap_err()), ["#/freight/amount"]);
        let parcel = json!({"carrier_code": "Z T O", "tracking_number": "", "note": "x"});
        assert_eq!(
            pointers(read::<SendBackBody>(parcel).read().unwrap_err()),
            ["#/carrier_code", "#/tracking_number", "#/note"]
        );
        let id = format!("vch_{}", "0".repeat(32));
        let plea = json!({"reason": "?", "voucher_ids": [id, id]});
        assert_eq!(pointers(read::<PleaBody>(plea).read().unwrap_err()), ["#/reason", "#/voucher_ids/1"]);
    }
}
