//! What the catalogue does not take, in our words: a code, a sentence, and the places of the partner's own request.

use super::line_of;
use crate::error::{Code, Place};
use crate::model::consignment::{Deed, Refusal, Said};
use crate::model::ids::OrderId;
use crate::upstream;
use crate::upstream::wholesale::wire::fulfilment::{InTheWay, LineInTheWay};

/// Why a consignment was not opened.
pub fn refused_opening(refused: &upstream::Refusal, deed: &Deed) -> Refusal {
    let facts = refused.facts::<InTheWay>().unwrap_or_default();
    let (code, what) = match refused.error_code.as_str() {
        "ALREADY_CONSIGNED" => (Code::OrderConsigned, "this order is in another consignment"),
        "STATUS_NOT_ALLOWED" => (Code::OrderStateConflict, "this order is not paid, or has ended"),
        "ORDER_NOT_FOUND" => (Code::ConsignmentRefused, "the catalogue does not know this order"),
        "WAREHOUSE_MISMATCH" => (Code::ConsignmentRefused, "this order is gathered at another warehouse"),
        "COUNTRY_MISMATCH" => (Code::ConsignmentRefused, "this order goes to another country"),
        _ => (Code::ConsignmentRefused, "the catalogue did not accept this order"),
    };
    let number = facts.order_no;
    let at = number.and_then(|number| deed.orders.iter().position(|order| order.number.number() == number));
    let places = at.map(|at| Place::body(&format!("/order_ids/{at}"), what)).into_iter().collect();
    Refusal { code, detail: "The catalogue did not open the consignment; nothing was gathered.".to_owned(), places }
}

/// Why a report was not taken.
pub fn refused_report(refused: &upstream::Refusal, said: &Said, deed: &Deed) -> Refusal {
    let facts = refused.facts::<InTheWay>().unwrap_or_default();
    let (code, detail) = match (refused.error_code.as_str(), facts.order_no) {
        ("STATUS_NOT_ALLOWED", Some(_)) => (
            Code::ConsignmentRefused,
            "Goods that the supplier has not sent cannot have come, or be given up as missing.",
        ),
        ("STATUS_NOT_ALLOWED", None) => {
            (Code::ConsignmentStateConflict, "At the warehouse the consignment stands where this cannot be done.")
        }
        ("NOT_OPERATOR", _) => (Code::ConsignmentStateConflict, "The warehouse receives and inspects this one."),
        ("PARAM_INVALID", _) => (Code::InvalidRequest, "The figures do not fit what is expected and what came."),
        ("VOUCHER_NOT_FOUND", _) => (Code::InvalidRequest, "The catalogue does not have one of the photos."),
        ("QUANTITY_TOO_LARGE", _) => {
            (Code::ConsignmentRefused, "More pieces are reported than were sent and are still expected.")
        }
        ("ALREADY_INSPECTED", _) => (Code::ConsignmentRefused, "A line is inspected once, and some were already."),
        _ => (Code::ConsignmentRefused, "The catalogue did not accept the report."),
    };
    let param = facts.param.as_deref().map(|param| Place::body(&pointer(param), "does not fit what is expected here"));
    let lines = facts.lines.iter().filter_map(|line| place(line, said, deed));
    let order = facts.order_no.and_then(|number| of_order(number, said, deed));
    Refusal { code, detail: detail.to_owned(), places: param.into_iter().chain(lines).chain(order).collect() }
}

/// `lines[0].passed` as a JSON Pointer.
fn pointer(param: &str) -> String {
    let field = |name: &str| match name {
        "photoIds" => "voucher_ids".to_owned(),
        "trackingNo" => "tracking_number".to_owned(),
        "weightGram" => "weight_g".to_owned(),
        "orderNo" => "order_id".to_owned(),
        "lineNo" => "sku_id".to_owned(),
        other => other.to_owned(),
    };
    let parts = param.split(['.', '[', ']']).filter(|part| !part.is_empty());
    parts.map(|part| format!("/{}", field(part))).collect()
}

fn place(line: &LineInTheWay, said: &Said, deed: &Deed) -> Option<Place> {
    let (order, sku) = line_of(deed, line.order_no?, line.line_no).ok()?;
    let at = said.lines().position(|(one, other)| *one == order.order && other == sku)?;
    Some(match line.max {
        Some(max) => Place::body(&format!("/lines/{at}/quantity"), format!("at most {max}; more cannot have come")),
        None => Place::body(&format!("/lines/{at}"), "this line was inspected already"),
    })
}

fn of_order(number: i64, said: &Said, deed: &Deed) -> Option<Place> {
    let order: &OrderId = deed.orders.iter().find(|one| one.number.number() == number).map(|one| &one.order)?;
    Some(match said.lines().position(|(one, _)| one == order) {
        Some(at) => Place::body(&format!("/lines/{at}"), "this order was not sent as a whole yet"),
        None => Place::body("/complete", format!("order {order} was not sent as a whole yet")),
    })
}
