//! Parcels and consignments: where they stand at the catalogue, in our words, and our reports in theirs.

mod parcels;
mod refusals;
mod sites;

pub use parcels::shipments;
pub use refusals::{refused_opening, refused_report};
pub use sites::warehouses;

use jiff::Timestamp;

use super::Nonsense;
use super::words::beijing;
use crate::model::consignment::{
    Consigned, Counted, Deed, Handover, InspectedLine, OperatedBy, Receipt, State, Verdict,
};
use crate::model::ids::{CatalogueConsignmentId, OrderId, ReportId, SkuId, VoucherId};
use crate::upstream::wholesale::wire::fulfilment as wire;

/// Their status words and where a consignment stands then.
const STATUS: &[(&str, State)] = &[
    ("open", State::Open),
    ("received", State::Received),
    ("inspected", State::Inspected),
    ("handedover", State::HandedOver),
    ("cancel", State::Cancelled),
];

/// Their words for what came of looking at a line.
const RESULT: &[(&str, Verdict)] = &[
    ("PASS", Verdict::Pass),
    ("SHORT", Verdict::Short),
    ("DAMAGED", Verdict::Damaged),
    ("WRONG", Verdict::Wrong),
    ("OTHER", Verdict::Other),
];

/// Where a consignment stands at the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Their number of it.
    pub number: CatalogueConsignmentId,
    /// The reference it was opened under.
    pub reference: String,
    /// Where it stands, in our words; parts that came in leave it `open`.
    pub state: State,
    /// The figures of every line, in the order of the deed.
    pub lines: Vec<StandingLine>,
    /// What came in, oldest first.
    pub receipts: Vec<Receipt>,
    /// How it left.
    pub handover: Option<Handover>,
    /// The reference under which its leaving was reported.
    pub handover_reference: Option<String>,
}

/// A line's figures at the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingLine {
    /// The order.
    pub order: OrderId,
    /// The variant.
    pub sku: SkuId,
    /// Pieces that should come.
    pub expected: u32,
    /// Pieces that came.
    pub received: u32,
    /// What came of looking at them.
    pub finding: Option<Finding>,
}

/// What came of looking at a line, with the catalogue's numbers of the photos.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// In one word.
    pub verdict: Verdict,
    /// Pieces that are as they should be.
    pub passed: u32,
    /// More about it.
    pub note: Option<String>,
    /// Photos.
    pub photos: Vec<i64>,
}

/// Opens what a deed says, under our own id as reference.
pub fn new_consignment(deed: &Deed) -> wire::NewConsignment {
    wire::NewConsignment {
        out_ref: deed.id.to_string(),
        partner_code: deed.partner.to_string(),
        warehouse_code: deed.warehouse.to_string(),
        dest_country: deed.ship_to.to_string(),
        order_nos: deed.orders.iter().map(|order| order.number.number()).collect(),
        operated_by: match deed.operated_by {
            OperatedBy::Partner => "PARTNER",
            OperatedBy::Warehouse => "WAREHOUSE",
        },
    }
}

/// Goods that came in, said under the report's own id.
pub fn receipts(id: &ReportId, lines: &[Counted], complete: bool, deed: &Deed) -> Result<wire::Receipts, Nonsense> {
    let line = |line: &Counted| {
        let (order_no, line_no) = place(deed, &line.order, line.sku)?;
        Ok(wire::ReceivedLine { order_no, line_no, quantity: line.quantity })
    };
    let lines = lines.iter().map(line).collect::<Result<_, Nonsense>>()?;
    Ok(wire::Receipts { out_ref: id.to_string(), lines, complete })
}

/// Lines that were looked at, said under the report's own id; `numbers` are the catalogue's numbers of the photos.
pub fn inspections(
    id: &ReportId,
    lines: &[InspectedLine],
    deed: &Deed,
    numbers: &[(VoucherId, i64)],
) -> Result<wire::Inspections, Nonsense> {
    let lines = lines.iter().map(|line| inspected(line, deed, numbers)).collect::<Result<_, Nonsense>>()?;
    Ok(wire::Inspections { out_ref: id.to_string(), lines })
}

fn inspected(line: &InspectedLine, deed: &Deed, numbers: &[(VoucherId, i64)]) -> Result<wire::InspectedLine, Nonsense> {
    let (order_no, line_no) = place(deed, &line.order, line.sku)?;
    let inspection = &line.inspection;
    let number = |photo: &VoucherId| {
        let known = numbers.iter().find(|(id, _)| id == photo);
        known.map(|(_, number)| *number).ok_or_else(|| Nonsense::new(format!("photo {photo} has no number")))
    };
    let result = RESULT.iter().find(|(_, verdict)| *verdict == inspection.verdict).map_or("OTHER", |(word, _)| *word);
    Ok(wire::InspectedLine {
        order_no,
        line_no,
        result,
        passed: inspection.passed,
        note: inspection.note.clone(),
        photo_ids: inspection.photos.iter().map(number).collect::<Result<_, Nonsense>>()?,
    })
}

/// Their order and line of one of ours.
fn place(deed: &Deed, order: &OrderId, sku: SkuId) -> Result<(i64, u32), Nonsense> {
    let nonsense = || Nonsense::new(format!("consignment: {order} has no line of SKU {sku}"));
    let consigned = deed.orders.iter().find(|one| one.order == *order).ok_or_else(nonsense)?;
    let at = consigned.lines.iter().position(|line| line.sku == sku).ok_or_else(nonsense)?;
    Ok((consigned.number.number(), u32::try_from(at + 1).unwrap_or(u32::MAX)))
}

/// Our line of one of theirs.
fn line_of(deed: &Deed, order_no: i64, line_no: u32) -> Result<(&Consigned, SkuId), Nonsense> {
    let nonsense = || Nonsense::new(format!("consignment: order {order_no}, line {line_no}"));
    let order = deed.orders.iter().find(|one| one.number.number() == order_no).ok_or_else(nonsense)?;
    let at = usize::try_from(line_no).ok().and_then(|number| number.checked_sub(1));
    let line = at.and_then(|at| order.lines.get(at)).ok_or_else(nonsense)?;
    Ok((order, line.sku))
}

/// Where their consignment stands, if it is the one we mean.
pub fn standing(theirs: wire::Consignment, deed: &Deed) -> Result<Standing, Nonsense> {
    if theirs.out_ref != deed.id.as_str() {
        return Err(Nonsense::new(format!("consignment {} answered for {}", theirs.out_ref, deed.id)));
    }
    let known = STATUS.iter().find(|(word, _)| *word == theirs.status);
    let (_, state) = known.ok_or_else(|| Nonsense::new(format!("consignment: status {}", theirs.status)))?;
    let receipt = |receipt: wire::Receipt| {
        let line = |line: wire::ReceivedLine| {
            let (order, sku) = line_of(deed, line.order_no, line.line_no)?;
            Ok(Counted { order: order.order.clone(), sku, quantity: line.quantity })
        };
        let lines = receipt.lines.into_iter().map(line).collect::<Result<_, Nonsense>>()?;
        Ok::<_, Nonsense>(Receipt { reference: receipt.out_ref, at: beijing(&receipt.time)?, lines })
    };
    Ok(Standing {
        number: CatalogueConsignmentId::new(theirs.consignment_no),
        reference: theirs.out_ref,
        state: *state,
        lines: lines(theirs.orders, deed)?,
        receipts: theirs.receipts.into_iter().map(receipt).collect::<Result<_, Nonsense>>()?,
        handover_reference: theirs.handover.as_ref().and_then(|handover| handover.out_ref.clone()),
        handover: theirs.handover.map(handed_over).transpose()?,
    })
}

fn lines(orders: Vec<wire::ConsignedOrder>, deed: &Deed) -> Result<Vec<StandingLine>, Nonsense> {
    let mut found = Vec::new();
    for order in orders {
        for line in order.lines {
            let (ours, sku) = line_of(deed, order.order_no, line.line_no)?;
            let verdict = line.result.as_deref().map(verdict).transpose()?;
            let (passed, note, photos) = (line.passed, line.note, line.photo_ids);
            found.push(StandingLine {
                order: ours.order.clone(),
                sku,
                expected: line.expected,
                received: line.received,
                finding: verdict.map(|verdict| Finding { verdict, passed, note, photos }),
            });
        }
    }
    let expected: usize = deed.orders.iter().map(|order| order.lines.len()).sum();
    if found.len() == expected {
        Ok(found)
    } else {
        Err(Nonsense::new(format!("consignment: {} of {expected} lines", found.len())))
    }
}

fn verdict(word: &str) -> Result<Verdict, Nonsense> {
    let known = RESULT.iter().find(|(result, _)| *result == word).map(|(_, verdict)| *verdict);
    known.ok_or_else(|| Nonsense::new(format!("consignment: result {word}")))
}

fn handed_over(handover: wire::HandedOver) -> Result<Handover, Nonsense> {
    let at: Timestamp = beijing(&handover.time)?;
    Ok(Handover {
        carrier: handover.carrier,
        tracking_number: handover.tracking_no,
        weight_g: handover.weight_gram,
        pieces: handover.pieces,
        at,
    })
}

#[cfg(test)]
mod tests;
