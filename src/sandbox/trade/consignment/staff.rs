//! The warehouse's own people: they receive and inspect by themselves at their pace, or on command. About one SKU in
//! forty comes a piece short, one in forty with a piece damaged.

use super::open::not_allowed;
use super::report::{check_found, known_line};
use super::{ConsignedLine, Consignment, ConsignmentStatus, Finding, InspectedLine, ReceivedLine};
use crate::sandbox::envelope::Refusal;
use crate::sandbox::goods::Shop;
use crate::sandbox::image::Format;
use crate::sandbox::trade::book::Book;
use crate::sandbox::trade::order::Status;
use crate::sandbox::trade::voucher::Source;

/// What they are told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Receive all that is to come.
    Receive,
    /// Look at all that came.
    Inspect,
}

/// What is not as expected of a line, on command.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "the names are those of the contract, see `control`")]
pub struct Override {
    pub order_no: i64,
    pub line_no: u32,
    /// Pieces that came in all.
    pub received: Option<i64>,
    pub result: Option<Finding>,
    pub passed: Option<i64>,
    pub note: Option<String>,
    pub photo_ids: Vec<i64>,
}

/// What the warehouse finds by itself about the pieces of a SKU.
fn luck(sku_id: i64) -> Finding {
    match sku_id.rem_euclid(1009) % 40 {
        7 => Finding::Short,
        27 => Finding::Damaged,
        _ => Finding::Pass,
    }
}

impl Book {
    /// The warehouse goes on by itself.
    pub(in crate::sandbox::trade) fn consignment_due(&mut self, shop: &Shop, consignment_no: i64, now_ms: i64) {
        let Some(consignment) = self.consignments.find(consignment_no).cloned() else {
            return;
        };
        match consignment.status {
            ConsignmentStatus::Open => {
                let came = |_, line: &ConsignedLine| line.expected - i64::from(luck(line.sku_id) == Finding::Short);
                self.receive_rest(consignment, came, now_ms);
            }
            ConsignmentStatus::Received => {
                let lines = self.look(shop, &consignment, now_ms);
                self.take_inspection(consignment, format!("WH-{consignment_no}"), lines, now_ms);
            }
            ConsignmentStatus::Inspected | ConsignmentStatus::HandedOver | ConsignmentStatus::Cancel => {}
        }
    }

    /// Receives what did not come yet, so many pieces of each line in all.
    fn receive_rest(
        &mut self,
        consignment: Consignment,
        came: impl Fn(i64, &ConsignedLine) -> i64,
        now_ms: i64,
    ) -> Consignment {
        let out_ref = format!("WH-{}-{}", consignment.consignment_no, consignment.receipts.len() + 1);
        let mut lines = Vec::new();
        for order in &consignment.orders {
            for line in &order.lines {
                let quantity = came(order.order_no, line) - line.received;
                if quantity > 0 {
                    lines.push(ReceivedLine { order_no: order.order_no, line_no: line.line_no, quantity });
                }
            }
        }
        self.take_receipt(consignment, out_ref, lines, true, now_ms)
    }

    /// What the warehouse finds of everything that was not inspected yet.
    fn look(&mut self, shop: &Shop, consignment: &Consignment, now_ms: i64) -> Vec<InspectedLine> {
        let mut lines = Vec::new();
        for order in &consignment.orders {
            for line in order.lines.iter().filter(|line| line.expected > 0 && line.result.is_none()) {
                let mut found = plain(order.order_no, line);
                if found.result == Finding::Pass && luck(line.sku_id) == Finding::Damaged {
                    found.result = Finding::Damaged;
                    found.passed = line.received - 1;
                    found.note = Some(String::from("1件破损"));
                    found.photo_ids = self.photograph(shop, &consignment.partner_code, line.sku_id, now_ms);
                }
                lines.push(found);
            }
        }
        lines
    }

    fn photograph(&mut self, shop: &Shop, partner: &str, sku_id: i64, now_ms: i64) -> Vec<i64> {
        let goods_id = shop.sku_owner(sku_id).map(|index| shop.goods(index).id);
        let take = |goods_id| self.take_voucher(partner, Format::Png, Source::Drawn(goods_id), now_ms);
        goods_id.map(take).into_iter().collect()
    }

    /// Receives or inspects on command, whoever operates the consignment. Orders are sent on the way.
    pub fn work(
        &mut self,
        consignment_no: i64,
        job: Job,
        overrides: &[Override],
        now_ms: i64,
    ) -> Result<Consignment, Refusal> {
        let consignment = self.consignment(consignment_no)?.clone();
        let open = consignment.status == ConsignmentStatus::Open;
        if !open && (job == Job::Receive || consignment.status != ConsignmentStatus::Received) {
            return Err(not_allowed(&consignment));
        }
        // Everything is planned before anything is done: a refusal leaves nothing half done.
        let planned = plan(consignment, overrides)?;
        let mut found = Vec::new();
        if job == Job::Inspect {
            found = told(&planned, overrides);
            check_found(&mut planned.clone(), &found).map_err(|_| Refusal::param("lines"))?;
            self.check_vouchers(&planned.partner_code, found.iter().flat_map(|line| &line.photo_ids))?;
        }
        if open {
            self.raise_all(&planned, Status::WaitBuyerReceive, now_ms);
            let sent = self.consignment(consignment_no)?.clone();
            let came = |order_no, line: &ConsignedLine| {
                let order = planned.orders.iter().find(|order| order.order_no == order_no);
                let lines = order.into_iter().flat_map(|order| &order.lines);
                lines.filter(|known| known.line_no == line.line_no).map(|known| known.received).sum()
            };
            self.receive_rest(sent, came, now_ms);
        }
        let consignment = self.consignment(consignment_no)?.clone();
        if job == Job::Receive {
            return Ok(consignment);
        }
        Ok(self.take_inspection(consignment, format!("WH-{consignment_no}"), found, now_ms))
    }
}

/// The consignment as it will be when everything has come.
fn plan(mut consignment: Consignment, overrides: &[Override]) -> Result<Consignment, Refusal> {
    let open = consignment.status == ConsignmentStatus::Open;
    for (place, wanted) in overrides.iter().enumerate() {
        let line = known_line(&mut consignment, place, wanted.order_no, wanted.line_no)?;
        let possible = |received: &i64| open && (line.received..=line.expected).contains(received);
        if wanted.received.as_ref().is_some_and(|received| !possible(received)) {
            return Err(Refusal::param(&format!("lines[{place}].received")));
        }
    }
    for (order_no, line) in consignment.lines_mut().filter(|_| open) {
        line.received =
            find(overrides, order_no, line.line_no).and_then(|wanted| wanted.received).unwrap_or(line.expected);
    }
    Ok(consignment)
}

/// What is found on command of everything that was not inspected yet.
fn told(consignment: &Consignment, overrides: &[Override]) -> Vec<InspectedLine> {
    let mut lines = Vec::new();
    for order in &consignment.orders {
        for line in order.lines.iter().filter(|line| line.expected > 0 && line.result.is_none()) {
            let mut found = plain(order.order_no, line);
            if let Some(wanted) = find(overrides, order.order_no, line.line_no) {
                found.result = wanted.result.unwrap_or(found.result);
                let one_less = matches!(found.result, Finding::Damaged | Finding::Wrong | Finding::Other);
                found.passed = wanted.passed.unwrap_or(line.received - i64::from(one_less && line.received > 0));
                found.note = wanted.note.clone().or(found.note);
                found.photo_ids.clone_from(&wanted.photo_ids);
            }
            lines.push(found);
        }
    }
    lines
}

fn find(overrides: &[Override], order_no: i64, line_no: u32) -> Option<&Override> {
    overrides.iter().find(|wanted| (wanted.order_no, wanted.line_no) == (order_no, line_no))
}

/// A line that is as it came.
fn plain(order_no: i64, line: &ConsignedLine) -> InspectedLine {
    let missing = line.expected - line.received;
    InspectedLine {
        order_no,
        line_no: line.line_no,
        result: if missing > 0 { Finding::Short } else { Finding::Pass },
        passed: line.received,
        note: (missing > 0).then(|| format!("少{missing}件")),
        photo_ids: Vec::new(),
    }
}
