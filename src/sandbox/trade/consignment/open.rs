//! Opening and giving up a consignment, and what its orders' fate does to it while it is open.

use serde_json::json;

use super::wire::OpenAsked;
use super::{Consignment, ConsignmentStatus, Operator, consigned};
use crate::sandbox::asked;
use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::feed::{Kind, What};
use crate::sandbox::persist::Entry;
use crate::sandbox::trade::book::{Book, Due, Told};
use crate::sandbox::trade::order::{Order, Status};
use crate::sandbox::trade::steps::{paced_ms, wait_ms};
use crate::sandbox::trade::warehouses;

/// Seconds at pace 1 until the warehouse has received, and until it has inspected.
pub(super) const RECEIVES_S: i64 = 180;
pub(super) const INSPECTS_S: i64 = 60;
const MOST_ORDERS: usize = 100;

/// A consignment, and whether it was there before.
pub struct Opened {
    /// The consignment.
    pub consignment: Consignment,
    /// Whether this call only repeated an earlier one.
    pub replayed: bool,
}

/// Refuses what does not go from where a consignment stands.
pub(super) fn not_allowed(consignment: &Consignment) -> Refusal {
    Refusal::with(Code::StatusNotAllowed, json!({ "status": consignment.status }))
}

impl Book {
    /// The consignment with a number.
    pub fn consignment(&self, consignment_no: i64) -> Result<&Consignment, Refusal> {
        self.consignments.find(consignment_no).ok_or_else(|| Code::ConsignmentNotFound.into())
    }

    /// The consignment under a caller's reference.
    pub fn consignment_by_ref(&self, partner: &str, out_ref: &str) -> Result<&Consignment, Refusal> {
        self.consignments.by_ref(partner, out_ref).ok_or_else(|| Code::ConsignmentNotFound.into())
    }

    /// Consignments of a partner, newest first, below a number.
    pub fn consignments_of(&self, partner: &str, below: i64, limit: usize) -> Vec<&Consignment> {
        self.consignments.of_partner(partner, below).take(limit).collect()
    }

    /// Opens a consignment, or finds the one that the same call opened before.
    pub fn open_consignment(&mut self, asked: &OpenAsked, now_ms: i64) -> Result<Opened, Refusal> {
        check(asked)?;
        if let Some(known) = self.consignments.by_ref(&asked.partner_code, &asked.out_ref) {
            if same_content(known, asked) {
                return Ok(Opened { consignment: known.clone(), replayed: true });
            }
            return Err(Refusal::with(Code::OutRefConflict, json!({ "consignmentNo": known.consignment_no })));
        }
        let orders: Vec<Order> =
            asked.order_nos.iter().map(|number| self.fitting_order(asked, *number)).collect::<Result<_, _>>()?;
        let now = now_ms / 1000;
        let consignment = Consignment {
            consignment_no: self.number(now_ms),
            out_ref: asked.out_ref.clone(),
            partner_code: asked.partner_code.clone(),
            warehouse_code: asked.warehouse_code.clone(),
            dest_country: asked.dest_country.clone(),
            operated_by: asked.operated_by,
            status: ConsignmentStatus::Open,
            orders: orders.iter().map(consigned).collect(),
            receipts: Vec::new(),
            inspections: Vec::new(),
            handover: None,
            created_at: now,
            modified_at: now,
            version: 0,
            due_ms: None,
        };
        let consignment_no = consignment.consignment_no;
        for order in orders {
            self.consign(order, Some(consignment_no), now_ms);
        }
        self.keep_consignment(consignment, What::Created, now_ms);
        self.look_at_consignment(consignment_no, now_ms);
        Ok(Opened { consignment: self.consignment(consignment_no)?.clone(), replayed: false })
    }

    fn fitting_order(&self, asked: &OpenAsked, order_no: i64) -> Result<Order, Refusal> {
        let order = self.orders.find(order_no).filter(|order| order.partner_code == asked.partner_code);
        let order = order.ok_or_else(|| Refusal::with(Code::OrderNotFound, json!({ "orderNo": order_no })))?;
        if !(Status::WaitSellerSend..=Status::Inspected).contains(&order.status) {
            let facts = json!({ "orderNo": order_no, "status": order.status });
            return Err(Refusal::with(Code::StatusNotAllowed, facts));
        }
        if order.warehouse_code != asked.warehouse_code {
            let facts = json!({ "orderNo": order_no, "warehouseCode": order.warehouse_code });
            return Err(Refusal::with(Code::WarehouseMismatch, facts));
        }
        if order.dest_country != asked.dest_country {
            let facts = json!({ "orderNo": order_no, "destCountry": order.dest_country });
            return Err(Refusal::with(Code::CountryMismatch, facts));
        }
        if let Some(consignment_no) = order.consignment_no {
            let facts = json!({ "orderNo": order_no, "consignmentNo": consignment_no });
            return Err(Refusal::with(Code::AlreadyConsigned, facts));
        }
        Ok(order.clone())
    }

    /// Puts an order into a consignment or takes it out, and with that stops it or lets it go on.
    fn consign(&mut self, mut order: Order, consignment_no: Option<i64>, now_ms: i64) {
        order.consignment_no = consignment_no;
        let waits = wait_ms(&order, self.pace);
        order.due_ms = waits.and(order.due_ms).or_else(|| waits.map(|wait| now_ms + wait));
        self.amend(order);
    }

    /// Gives a consignment up to which nothing has come yet; said again, it answers the same.
    pub fn cancel_consignment(&mut self, consignment_no: i64, now_ms: i64) -> Result<Consignment, Refusal> {
        let consignment = self.consignment(consignment_no)?.clone();
        match consignment.status {
            ConsignmentStatus::Cancel => Ok(consignment),
            ConsignmentStatus::Open if consignment.receipts.is_empty() => Ok(self.give_up(consignment, now_ms)),
            _ => Err(not_allowed(&consignment)),
        }
    }

    fn give_up(&mut self, mut consignment: Consignment, now_ms: i64) -> Consignment {
        consignment.status = ConsignmentStatus::Cancel;
        let consignment = self.keep_consignment(consignment, What::Status, now_ms);
        for order_no in consignment.order_nos() {
            if let Ok(order) = self.order(order_no).cloned() {
                self.consign(order, None, now_ms);
            }
        }
        consignment
    }

    /// One of its orders changed: less may be expected, or everything may have been sent.
    pub(in crate::sandbox::trade) fn look_at_consignment(&mut self, consignment_no: i64, now_ms: i64) {
        let Some(before) = self.consignments.find(consignment_no) else {
            return;
        };
        if before.status != ConsignmentStatus::Open {
            return;
        }
        let mut consignment = before.clone();
        for (order_no, line) in consignment.lines_mut() {
            if let Some(order) = self.orders.find(order_no) {
                let bought = order.line(line.line_no).map_or(0, |line| line.quantity);
                line.expected = (bought - order.called_off(line.line_no)).max(line.received);
            }
        }
        let changed = !consignment.lines().eq(before.lines());
        if consignment.lines().all(|line| line.expected == 0) {
            self.give_up(consignment, now_ms);
        } else if changed && consignment.is_complete() {
            self.end_receiving(consignment, now_ms);
        } else {
            consignment.due_ms = self.receives_ms(&consignment, now_ms);
            if changed {
                self.keep_consignment(consignment, What::Lines, now_ms);
            } else if consignment.due_ms != self.consignments.find(consignment_no).and_then(|known| known.due_ms) {
                self.amend_consignment(consignment);
            }
        }
    }

    /// When the warehouse will have received everything: some time after the last parcel was sent.
    fn receives_ms(&self, consignment: &Consignment, now_ms: i64) -> Option<i64> {
        let sent =
            |number: &i64| self.orders.find(*number).is_none_or(|order| order.status >= Status::WaitBuyerReceive);
        let works = consignment.operated_by == Operator::Warehouse && consignment.order_nos().iter().all(sent);
        let wait = paced_ms(RECEIVES_S, self.pace).filter(|_| works)?;
        consignment.due_ms.or(Some(now_ms + wait))
    }

    /// Nothing more comes: the orders have arrived.
    pub(super) fn end_receiving(&mut self, mut consignment: Consignment, now_ms: i64) -> Consignment {
        consignment.status = ConsignmentStatus::Received;
        consignment.due_ms = match consignment.operated_by {
            Operator::Warehouse => paced_ms(INSPECTS_S, self.pace).map(|wait| now_ms + wait),
            Operator::Partner => None,
        };
        let consignment = self.keep_consignment(consignment, What::Status, now_ms);
        self.raise_all(&consignment, Status::WarehouseSigned, now_ms);
        consignment
    }

    /// Moves all orders of a consignment on.
    pub(super) fn raise_all(&mut self, consignment: &Consignment, to: Status, now_ms: i64) {
        for order_no in consignment.order_nos() {
            self.raise(order_no, to, now_ms);
        }
    }

    /// Stores a changed consignment and tells the feed.
    pub(super) fn keep_consignment(&mut self, mut consignment: Consignment, change: What, now_ms: i64) -> Consignment {
        consignment.version += 1;
        consignment.modified_at = now_ms / 1000;
        if !matches!(consignment.status, ConsignmentStatus::Open | ConsignmentStatus::Received) {
            consignment.due_ms = None;
        }
        let told = Told { kind: Kind::Consignment, change, order_no: None, version: consignment.version };
        self.tell_of(&consignment, told, consignment.status.word(), now_ms);
        self.amend_consignment(consignment.clone());
        consignment
    }

    fn amend_consignment(&mut self, consignment: Consignment) {
        self.enter_journal(Entry::Consignment(Box::new(consignment.clone())));
        self.file_consignment(consignment);
    }

    /// Files a consignment as it is.
    pub(in crate::sandbox::trade) fn file_consignment(&mut self, consignment: Consignment) {
        self.gave_number(consignment.consignment_no);
        self.schedule(Due::Consignment(consignment.consignment_no), consignment.due_ms);
        self.consignments.file(consignment);
    }

    /// Consignments that stood still under another pace go on under this one.
    pub(in crate::sandbox::trade) fn resume_consignments(&mut self, now_ms: i64) {
        for number in self.consignments.numbers() {
            let Some(mut consignment) = self.consignments.find(number).cloned() else {
                continue;
            };
            let works = consignment.operated_by == Operator::Warehouse;
            consignment.due_ms = match consignment.status {
                ConsignmentStatus::Open => self.receives_ms(&consignment, now_ms),
                ConsignmentStatus::Received if works => {
                    paced_ms(INSPECTS_S, self.pace).map(|wait| consignment.due_ms.unwrap_or(now_ms + wait))
                }
                _ => None,
            };
            self.file_consignment(consignment);
        }
    }
}

fn check(asked: &OpenAsked) -> Result<(), Refusal> {
    asked::reference("outRef", &asked.out_ref, 64)?;
    asked::reference("partnerCode", &asked.partner_code, 64)?;
    asked::country("destCountry", &asked.dest_country)?;
    if warehouses::find(&asked.warehouse_code).is_none() {
        return Err(Refusal::param("warehouseCode"));
    }
    if !(1..=MOST_ORDERS).contains(&asked.order_nos.len()) {
        return Err(Refusal::param("orderNos"));
    }
    for (place, number) in asked.order_nos.iter().enumerate() {
        if asked.order_nos.iter().take(place).any(|other| other == number) {
            return Err(Refusal::param(&format!("orderNos[{place}]")));
        }
    }
    Ok(())
}

fn same_content(known: &Consignment, asked: &OpenAsked) -> bool {
    let sorted = |mut numbers: Vec<i64>| {
        numbers.sort_unstable();
        numbers
    };
    known.warehouse_code == asked.warehouse_code
        && known.dest_country == asked.dest_country
        && known.operated_by == asked.operated_by
        && sorted(known.order_nos()) == sorted(asked.order_nos.clone())
}
