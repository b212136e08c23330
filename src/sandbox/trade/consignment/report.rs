//! What people report of a consignment: what came, what they found, to whom they gave it.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::open::not_allowed;
use super::wire::{HandoverAsked, InspectionAsked, ReceiptAsked};
use super::{
    Consignment, ConsignmentStatus, Finding, Handover, InspectedLine, Inspection, Operator, Receipt, ReceivedLine,
};
use crate::sandbox::asked;
use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::feed::What;
use crate::sandbox::trade::book::Book;
use crate::sandbox::trade::order::Status;

/// Whether a report was made before: `Some(true)` with this content, `Some(false)` with another.
type Before = Option<bool>;

impl Book {
    /// Pieces came.
    pub fn receive(&mut self, consignment_no: i64, asked: &ReceiptAsked, now_ms: i64) -> Result<Consignment, Refusal> {
        asked::reference("outRef", &asked.out_ref, 64)?;
        check_lines(asked.lines.iter().map(|line| (line.order_no, line.line_no)), asked.complete)?;
        let wrong = asked.lines.iter().position(|line| !(1..=1_000_000).contains(&line.quantity));
        if let Some(place) = wrong {
            return Err(Refusal::param(&format!("lines[{place}].quantity")));
        }
        let mut consignment = self.consignment(consignment_no)?.clone();
        let before = consignment.receipts.iter().find(|known| known.out_ref == asked.out_ref);
        let before = before.map(|known| known.lines == asked.lines && known.complete == asked.complete);
        if repeated(&consignment, before)? {
            return Ok(consignment);
        }
        refuse_others(&consignment, ConsignmentStatus::Open)?;
        self.check_received(&mut consignment, &asked.lines)?;
        if asked.complete {
            self.check_all_sent(&consignment)?;
        }
        Ok(self.take_receipt(consignment, asked.out_ref.clone(), asked.lines.clone(), asked.complete, now_ms))
    }

    /// Refuses pieces that are not in the consignment, were not sent, or came already.
    fn check_received(&self, consignment: &mut Consignment, lines: &[ReceivedLine]) -> Result<(), Refusal> {
        let mut over: Vec<Value> = Vec::new();
        for (place, asked) in lines.iter().enumerate() {
            let order = self.orders.find(asked.order_no);
            let shipped = order.and_then(|order| order.line(asked.line_no)).map_or(0, |line| line.shipped_quantity);
            let line = known_line(consignment, place, asked.order_no, asked.line_no)?;
            let max = (line.expected.min(shipped) - line.received).max(0);
            if asked.quantity > max {
                over.push(json!({ "orderNo": asked.order_no, "lineNo": asked.line_no, "max": max }));
            }
        }
        if over.is_empty() { Ok(()) } else { Err(Refusal::with(Code::QuantityTooLarge, json!({ "lines": over }))) }
    }

    fn check_all_sent(&self, consignment: &Consignment) -> Result<(), Refusal> {
        let unsent =
            |number: &&i64| self.orders.find(**number).is_some_and(|order| order.status < Status::WaitBuyerReceive);
        let numbers = consignment.order_nos();
        let Some(order) = numbers.iter().find(unsent).and_then(|number| self.orders.find(*number)) else {
            return Ok(());
        };
        let facts = json!({ "orderNo": order.order_no, "status": order.status });
        Err(Refusal::with(Code::StatusNotAllowed, facts))
    }

    /// Writes down what came; when nothing more is to come, receiving is over.
    pub(super) fn take_receipt(
        &mut self,
        mut consignment: Consignment,
        out_ref: String,
        lines: Vec<ReceivedLine>,
        complete: bool,
        now_ms: i64,
    ) -> Consignment {
        for came in &lines {
            if let Some(line) = consignment.line_mut(came.order_no, came.line_no) {
                line.received += came.quantity;
            }
        }
        consignment.receipts.push(Receipt { out_ref, at: now_ms / 1000, complete, lines });
        if complete || consignment.is_complete() {
            self.end_receiving(consignment, now_ms)
        } else {
            self.keep_consignment(consignment, What::Lines, now_ms)
        }
    }

    /// Lines were looked at.
    pub fn inspect(
        &mut self,
        consignment_no: i64,
        asked: &InspectionAsked,
        now_ms: i64,
    ) -> Result<Consignment, Refusal> {
        asked::reference("outRef", &asked.out_ref, 64)?;
        check_lines(asked.lines.iter().map(|line| (line.order_no, line.line_no)), false)?;
        for (place, line) in asked.lines.iter().enumerate() {
            check_inspected(place, line)?;
        }
        let mut consignment = self.consignment(consignment_no)?.clone();
        let before = consignment.inspections.iter().find(|known| known.out_ref == asked.out_ref);
        let before = before.map(|known| known.lines == asked.lines);
        if repeated(&consignment, before)? {
            return Ok(consignment);
        }
        refuse_others(&consignment, ConsignmentStatus::Received)?;
        check_found(&mut consignment, &asked.lines)?;
        self.check_vouchers(&consignment.partner_code, asked.lines.iter().flat_map(|line| &line.photo_ids))?;
        Ok(self.take_inspection(consignment, asked.out_ref.clone(), asked.lines.clone(), now_ms))
    }

    /// Writes down what was found; with the last line the consignment is inspected.
    pub(super) fn take_inspection(
        &mut self,
        mut consignment: Consignment,
        out_ref: String,
        lines: Vec<InspectedLine>,
        now_ms: i64,
    ) -> Consignment {
        for found in &lines {
            if let Some(line) = consignment.line_mut(found.order_no, found.line_no) {
                line.result = Some(found.result);
                line.passed = found.passed;
                line.note.clone_from(&found.note);
                line.photo_ids.clone_from(&found.photo_ids);
            }
        }
        consignment.inspections.push(Inspection { out_ref, lines });
        if !consignment.is_inspected() {
            return self.keep_consignment(consignment, What::Lines, now_ms);
        }
        consignment.status = ConsignmentStatus::Inspected;
        let consignment = self.keep_consignment(consignment, What::Status, now_ms);
        self.raise_all(&consignment, Status::Inspected, now_ms);
        consignment
    }

    /// The international carrier has it.
    pub fn hand_over(
        &mut self,
        consignment_no: i64,
        asked: &HandoverAsked,
        now_ms: i64,
    ) -> Result<Consignment, Refusal> {
        asked::reference("outRef", &asked.out_ref, 64)?;
        asked::reference("carrier", &asked.carrier, 64)?;
        asked::reference("trackingNo", &asked.tracking_no, 64)?;
        for (name, amount) in [("weightGram", asked.weight_gram), ("pieces", asked.pieces)] {
            if !(1..=1_000_000_000).contains(&amount) {
                return Err(Refusal::param(name));
            }
        }
        let mut consignment = self.consignment(consignment_no)?.clone();
        let before = consignment.handover.as_ref().filter(|known| known.out_ref == asked.out_ref);
        let before = before.map(|known| {
            (&known.carrier, &known.tracking_no, known.weight_gram, known.pieces)
                == (&asked.carrier, &asked.tracking_no, asked.weight_gram, asked.pieces)
        });
        if repeated(&consignment, before)? {
            return Ok(consignment);
        }
        if consignment.status != ConsignmentStatus::Inspected {
            return Err(not_allowed(&consignment));
        }
        consignment.handover = Some(Handover {
            out_ref: asked.out_ref.clone(),
            carrier: asked.carrier.clone(),
            tracking_no: asked.tracking_no.clone(),
            weight_gram: asked.weight_gram,
            pieces: asked.pieces,
            at: now_ms / 1000,
        });
        consignment.status = ConsignmentStatus::HandedOver;
        let consignment = self.keep_consignment(consignment, What::Status, now_ms);
        self.raise_all(&consignment, Status::HandedOver, now_ms);
        Ok(consignment)
    }
}

/// Whether a report only repeats an earlier one; refused when it says something else under the same reference.
fn repeated(consignment: &Consignment, before: Before) -> Result<bool, Refusal> {
    match before {
        None => Ok(false),
        Some(true) => Ok(true),
        Some(false) => Err(Refusal::with(Code::OutRefConflict, json!({ "consignmentNo": consignment.consignment_no }))),
    }
}

/// Refuses reports of people who do not operate the consignment, or at the wrong time.
fn refuse_others(consignment: &Consignment, at: ConsignmentStatus) -> Result<(), Refusal> {
    if consignment.operated_by != Operator::Partner {
        return Err(Refusal::with(Code::NotOperator, json!({ "operatedBy": consignment.operated_by })));
    }
    if consignment.status == at { Ok(()) } else { Err(not_allowed(consignment)) }
}

/// Refuses no lines at all, and a line named twice.
fn check_lines(lines: impl Iterator<Item = (i64, u32)>, may_be_empty: bool) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    for (place, line) in lines.enumerate() {
        if !seen.insert(line) {
            return Err(Refusal::param(&format!("lines[{place}].lineNo")));
        }
    }
    if seen.is_empty() && !may_be_empty { Err(Refusal::param("lines")) } else { Ok(()) }
}

fn check_inspected(place: usize, line: &InspectedLine) -> Result<(), Refusal> {
    let wrong = |field: &str| Err(Refusal::param(&format!("lines[{place}].{field}")));
    if line.passed < 0 {
        return wrong("passed");
    }
    if line.note.as_ref().is_some_and(|note| note.chars().count() > 500) {
        return wrong("note");
    }
    if line.photo_ids.len() > 5 { wrong("photoIds") } else { Ok(()) }
}

/// Refuses findings that do not fit what came.
pub(super) fn check_found(consignment: &mut Consignment, lines: &[InspectedLine]) -> Result<(), Refusal> {
    let mut again: Vec<Value> = Vec::new();
    let mut wrong = None;
    for (place, found) in lines.iter().enumerate() {
        let line = known_line(consignment, place, found.order_no, found.line_no)?;
        if line.result.is_some() {
            again.push(json!({ "orderNo": found.order_no, "lineNo": found.line_no }));
        }
        let fits = match found.result {
            Finding::Pass => found.passed == line.expected,
            Finding::Short => found.passed < line.expected,
            Finding::Damaged | Finding::Wrong | Finding::Other => true,
        };
        if !fits || found.passed > line.received {
            wrong = wrong.or(Some(place));
        }
    }
    if !again.is_empty() {
        return Err(Refusal::with(Code::AlreadyInspected, json!({ "lines": again })));
    }
    wrong.map_or(Ok(()), |place| Err(Refusal::param(&format!("lines[{place}].passed"))))
}

/// The line that a report names.
pub(super) fn known_line(
    consignment: &mut Consignment,
    place: usize,
    order_no: i64,
    line_no: u32,
) -> Result<&mut super::ConsignedLine, Refusal> {
    if !consignment.orders.iter().any(|order| order.order_no == order_no) {
        return Err(Refusal::param(&format!("lines[{place}].orderNo")));
    }
    consignment.line_mut(order_no, line_no).ok_or_else(|| Refusal::param(&format!("lines[{place}].lineNo")))
}
