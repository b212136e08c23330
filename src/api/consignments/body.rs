//! What partners say about consignments, read into the model's types with every wrong place named.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::asked::Asked;
use crate::edge::problem::Problem;
use crate::error::Place;
use crate::fulfilment::NewConsignment;
use crate::model::consignment::{Counted, InspectedLine, Inspection, Said};
use crate::model::quote::Quantity;

const NOTE_CHARS: usize = 500;
const NAME_CHARS: usize = 64;
const MOST_PHOTOS: usize = 5;
const MOST_PIECES: u32 = 1_000_000;
const MOST_WEIGHT_G: u32 = 1_000_000_000;

/// A wish to let orders leave together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewConsignment)]
pub struct NewConsignmentBody {
    /// Your own number of it: 1 to 64 of A-Z a-z 0-9 . _ : / - and used once, for ever.
    #[schema(example = "CO-2026-0001", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._:/-]{1,64}$")]
    reference: String,
    /// 1 to 100 paid orders that are gathered at one warehouse and go to one country.
    #[schema(min_items = 1, max_items = 100, example = json!(["ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01"]))]
    order_ids: Vec<String>,
    /// Who receives and inspects: `partner` (your own staff; you report) or `warehouse` (it reports; you follow).
    #[schema(example = "warehouse", pattern = "^(partner|warehouse)$")]
    operated_by: String,
}

/// Goods that came in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReceipt)]
pub struct NewReceiptBody {
    /// What came: at most 500 lines, each once. May be empty with `complete`.
    #[schema(max_items = 500)]
    lines: Vec<ReceivedLineBody>,
    /// Nothing more will come, though something may be missing. Receiving ends by itself when everything has come.
    #[serde(default)]
    complete: bool,
}

/// Pieces of a line that came in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReceivedLine)]
pub struct ReceivedLineBody {
    /// The order.
    #[schema(example = "ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    order_id: String,
    /// The variant.
    #[schema(example = "610947572360001")]
    sku_id: String,
    /// How many pieces came this time.
    #[schema(example = 10, minimum = 1, maximum = 1_000_000)]
    quantity: i64,
}

/// Lines that were looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInspection)]
pub struct NewInspectionBody {
    /// The lines: 1 to 500, each once. Lines left out are reported in further inspections.
    #[schema(min_items = 1, max_items = 500)]
    lines: Vec<InspectedLineBody>,
}

/// A line that was looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InspectedLine)]
pub struct InspectedLineBody {
    /// The order.
    #[schema(example = "ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    order_id: String,
    /// The variant.
    #[schema(example = "610947572360001")]
    sku_id: String,
    /// `pass` (everything that was expected is there and good), `short`, `damaged`, `wrong` or `other`.
    #[schema(example = "damaged", pattern = "^(pass|short|damaged|wrong|other)$")]
    result: String,
    /// How many pieces are as they should be.
    #[schema(example = 9, minimum = 0, maximum = 1_000_000)]
    passed: i64,
    /// More about it.
    #[schema(max_length = 500, example = "one cup is chipped")]
    note: Option<String>,
    /// Photos: at most 5 pictures uploaded before.
    #[serde(default)]
    #[schema(max_items = 5, example = json!(["vch_0192f5b0c1d27a3e8f4a5b6c7d8e9f01"]))]
    voucher_ids: Vec<String>,
}

/// How a consignment leaves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewHandover)]
pub struct NewHandoverBody {
    /// Your carrier.
    #[schema(example = "DHL", min_length = 1, max_length = 64)]
    carrier: String,
    /// Its number.
    #[schema(example = "JD014600006281230701", min_length = 1, max_length = 64)]
    tracking_number: String,
    /// What the whole weighs, in grams.
    #[schema(example = 12400, minimum = 1, maximum = 1_000_000_000)]
    weight_g: i64,
    /// In how many pieces.
    #[schema(example = 2, minimum = 1, maximum = 1_000_000)]
    pieces: i64,
}

/// Why a consignment is given up.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = ConsignmentCancellation)]
pub struct CancelConsignmentBody {
    /// The reason, kept in its events.
    #[schema(max_length = 200, example = "will leave with the next one")]
    reason: Option<String>,
}

impl NewConsignmentBody {
    /// The wish, if everything can be read.
    pub fn read(&self) -> Result<NewConsignment, Problem> {
        let mut asked = Asked::default();
        let reference = asked.body("/reference", Some(&self.reference));
        let operated_by = asked.body("/operated_by", Some(&self.operated_by));
        let ids = self.order_ids.iter().enumerate().map(|(at, id)| asked.body(&format!("/order_ids/{at}"), Some(id)));
        let orders: Option<Vec<_>> = ids.collect::<Vec<_>>().into_iter().collect();
        let whole = reference.zip(orders).zip(operated_by);
        asked.done(whole.map(|((reference, orders), operated_by)| NewConsignment { reference, orders, operated_by }))
    }
}

impl NewReceiptBody {
    /// The report, if everything can be read.
    pub fn read(&self) -> Result<Said, Problem> {
        let mut asked = Asked::default();
        let lines = self.lines.iter().enumerate().map(|(at, line)| line.read(at, &mut asked)).collect::<Vec<_>>();
        let lines: Option<Vec<_>> = lines.into_iter().collect();
        asked.done(lines.map(|lines| Said::Receipt { lines, complete: self.complete }))
    }
}

impl ReceivedLineBody {
    fn read(&self, at: usize, asked: &mut Asked) -> Option<Counted> {
        let order = asked.body(&format!("/lines/{at}/order_id"), Some(&self.order_id));
        let sku = asked.body(&format!("/lines/{at}/sku_id"), Some(&self.sku_id));
        let quantity = Quantity::new(self.quantity);
        if quantity.is_none() {
            asked.wrong(Place::body(&format!("/lines/{at}/quantity"), format!("1 to {MOST_PIECES}")));
        }
        Some(Counted { order: order?, sku: sku?, quantity: quantity?.get() })
    }
}

impl NewInspectionBody {
    /// The report, if everything can be read.
    pub fn read(&self) -> Result<Said, Problem> {
        let mut asked = Asked::default();
        let lines = self.lines.iter().enumerate().map(|(at, line)| line.read(at, &mut asked)).collect::<Vec<_>>();
        let lines: Option<Vec<_>> = lines.into_iter().collect();
        asked.done(lines.map(|lines| Said::Inspection { lines }))
    }
}

impl InspectedLineBody {
    fn read(&self, at: usize, asked: &mut Asked) -> Option<InspectedLine> {
        let place = |member: &str| format!("/lines/{at}/{member}");
        let order = asked.body(&place("order_id"), Some(&self.order_id));
        let sku = asked.body(&place("sku_id"), Some(&self.sku_id));
        let verdict = asked.body(&place("result"), Some(&self.result));
        let passed = u32::try_from(self.passed).ok().filter(|passed| *passed <= MOST_PIECES);
        if passed.is_none() {
            asked.wrong(Place::body(&place("passed"), format!("0 to {MOST_PIECES}")));
        }
        if let Some(wrong) = self.note.as_deref().and_then(|note| unfit(note, NOTE_CHARS)) {
            asked.wrong(Place::body(&place("note"), wrong));
        }
        if self.voucher_ids.len() > MOST_PHOTOS {
            asked.wrong(Place::body(&place("voucher_ids"), format!("at most {MOST_PHOTOS} photos")));
        }
        let photos = self.voucher_ids.iter().enumerate();
        let photos: Vec<_> =
            photos.map(|(nth, id)| asked.body(&place(&format!("voucher_ids/{nth}")), Some(id))).collect();
        let note = self.note.clone().filter(|note| !note.trim().is_empty());
        let photos = photos.into_iter().collect::<Option<Vec<_>>>()?;
        let inspection = Inspection { verdict: verdict?, passed: passed?, note, photos };
        Some(InspectedLine { order: order?, sku: sku?, inspection })
    }
}

impl NewHandoverBody {
    /// The report, if everything can be read.
    pub fn read(&self) -> Result<Said, Problem> {
        let mut asked = Asked::default();
        for (pointer, text) in [("/carrier", &self.carrier), ("/tracking_number", &self.tracking_number)] {
            let empty = text.trim().is_empty().then(|| format!("1 to {NAME_CHARS} characters"));
            if let Some(wrong) = empty.or_else(|| unfit(text, NAME_CHARS)) {
                asked.wrong(Place::body(pointer, wrong));
            }
        }
        let mut whole = |pointer: &str, number: i64, most: u32| {
            let number = u32::try_from(number).ok().filter(|number| (1..=most).contains(number));
            if number.is_none() {
                asked.wrong(Place::body(pointer, format!("1 to {most}")));
            }
            number
        };
        let weight_g = whole("/weight_g", self.weight_g, MOST_WEIGHT_G);
        let pieces = whole("/pieces", self.pieces, MOST_PIECES);
        let (carrier, tracking_number) = (self.carrier.trim().to_owned(), self.tracking_number.trim().to_owned());
        let said = weight_g.zip(pieces);
        asked.done(said.map(|(weight_g, pieces)| Said::Handover { carrier, tracking_number, weight_g, pieces }))
    }
}

impl CancelConsignmentBody {
    /// The report, if everything can be read.
    pub fn read(&self) -> Result<Said, Problem> {
        const REASON_CHARS: usize = 200;
        let mut asked = Asked::default();
        if let Some(wrong) = self.reason.as_deref().and_then(|reason| unfit(reason, REASON_CHARS)) {
            asked.wrong(Place::body("/reason", wrong));
        }
        let reason = self.reason.clone().filter(|reason| !reason.trim().is_empty());
        asked.done(Some(Said::Cancellation { reason }))
    }
}

/// What is wrong with a text, if something is.
fn unfit(text: &str, most: usize) -> Option<String> {
    if text.chars().count() > most {
        return Some(format!("at most {most} characters"));
    }
    let control = text.chars().any(char::is_control);
    control.then(|| "text without control characters such as line breaks".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{CancelConsignmentBody, NewConsignmentBody, NewHandoverBody, NewInspectionBody, NewReceiptBody};
    use crate::edge::problem::Problem;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    fn body<T: DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    fn pointers(problem: Problem) -> Vec<String> {
        let document: Value = serde_json::from_slice(&problem.render("req", "/")).unwrap();
        let errors = document["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn every_wrong_member_of_a_consignment_is_named() {
        let wrong: NewConsignmentBody = body(json!({"reference": "a b", "order_ids": ["x"], "operated_by": "me"}));
        assert_eq!(pointers(wrong.read().unwrap_err()), ["#/reference", "#/operated_by", "#/order_ids/0"]);
    }

    #[test]
    fn every_wrong_member_of_a_line_is_named() {
        let wrong: NewReceiptBody = body(json!({"lines": [{"order_id": "x", "sku_id": "y", "quantity": 0}]}));
        let places = ["#/lines/0/order_id", "#/lines/0/sku_id", "#/lines/0/quantity"];
        assert_eq!(pointers(wrong.read().unwrap_err()), places);
        let order = format!("ord_{}", "0".repeat(32));
        let photos = vec!["x"; 6];
        let wrong: NewInspectionBody = body(json!({"lines": [{"order_id": order, "sku_id": "7", "result": "fine",
            "passed": -1, "note": "a\nb", "voucher_ids": photos}]}));
        let named = pointers(wrong.read().unwrap_err());
        for member in ["result", "passed", "note", "voucher_ids", "voucher_ids/5"] {
            assert!(named.contains(&format!("#/lines/0/{member}")), "{member}: {named:?}");
        }
    }

    #[test]
    fn a_handover_needs_a_carrier_and_figures_that_can_be() {
        let wrong = json!({"carrier": " ", "tracking_number": "x".repeat(65), "weight_g": 0, "pieces": 2_000_000});
        let wrong: NewHandoverBody = body(wrong);
        assert_eq!(pointers(wrong.read().unwrap_err()), ["#/carrier", "#/tracking_number", "#/weight_g", "#/pieces"]);
        let wrong: CancelConsignmentBody = body(json!({"reason": "a\0b"}));
        assert_eq!(pointers(wrong.read().unwrap_err()), ["#/reason"]);
    }
}
