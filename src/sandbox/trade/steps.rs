//! The walk of an order: what comes after what, how long each step takes, and the ways out.

use serde_json::json;

use super::book::{Book, Due};
use super::order::{CloseReason, Order, Status};
use super::pay::PaidHow;
use super::refund::worth;
use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::feed::What;
use crate::sandbox::goods::Shop;

/// Seconds an order stays in a status at pace 1. Paying is the buyer's business and has no entry.
const STEPS: [(Status, i64); 6] = [
    (Status::WaitSellerSend, 120),
    (Status::SellerPartSend, 60),
    (Status::WaitBuyerReceive, 180),
    (Status::WarehouseSigned, 60),
    (Status::Inspected, 60),
    (Status::HandedOver, 120),
];

/// How long an order waits until it moves on by itself; none when it does not.
pub fn wait_ms(order: &Order, pace: f64) -> Option<i64> {
    let seconds = STEPS.iter().find(|(status, _)| *status == order.status)?.1;
    if order.is_held() { None } else { paced_ms(seconds, pace) }
}

/// How long something takes that takes so many seconds at pace 1; none when it only happens on command.
pub fn paced_ms(seconds: i64, pace: f64) -> Option<i64> {
    // Milliseconds of minutes: nothing is lost in a float.
    (pace > 0.0).then(|| (seconds as f64 * 1000.0 / pace) as i64)
}

/// What comes next on the straight way.
fn next(order: &Order) -> Option<Status> {
    Some(match order.status {
        Status::WaitBuyerPay => Status::WaitSellerSend,
        Status::WaitSellerSend if sends_in_parts(order) => Status::SellerPartSend,
        Status::WaitSellerSend | Status::SellerPartSend => Status::WaitBuyerReceive,
        Status::WaitBuyerReceive => Status::WarehouseSigned,
        Status::WarehouseSigned => Status::Inspected,
        Status::Inspected => Status::HandedOver,
        Status::HandedOver => Status::Success,
        Status::Success | Status::Cancel | Status::Terminated => return None,
    })
}

/// About one order in four that can be split is sent in two parcels; its number decides.
fn sends_in_parts(order: &Order) -> bool {
    order.lines.iter().filter(|line| order.unsent(line) > 0).count() > 1 && order.order_no % 4 == 0
}

fn not_allowed(status: Status) -> Refusal {
    Refusal::with(Code::StatusNotAllowed, json!({ "status": status }))
}

/// Refuses to move an order that only its consignment moves.
fn refuse_consigned(order: &Order) -> Result<(), Refusal> {
    if !order.waits_for_consignment() {
        return Ok(());
    }
    let facts = json!({ "status": order.status, "consignmentNo": order.consignment_no });
    Err(Refusal::with(Code::StatusNotAllowed, facts))
}

impl Book {
    /// Moves an order one step on; an unpaid order is paid.
    pub fn step(&mut self, order_no: i64, now_ms: i64) -> Result<Order, Refusal> {
        let order = self.order(order_no)?.clone();
        refuse_consigned(&order)?;
        let Some(next) = next(&order) else {
            return Err(not_allowed(order.status));
        };
        if order.status == Status::WaitBuyerPay {
            return self.settle(order_no, PaidHow::OnCommand, now_ms);
        }
        Ok(self.enter(order, next, now_ms))
    }

    /// Moves an order on until it has a status.
    pub fn step_to(&mut self, order_no: i64, to: Status, now_ms: i64) -> Result<Order, Refusal> {
        loop {
            let order = self.order(order_no)?;
            if order.status == to {
                return Ok(order.clone());
            }
            // The status words are ordered as the walk is; what lies behind is not reached by walking on.
            if order.status > to || to > Status::Success {
                return Err(not_allowed(order.status));
            }
            self.step(order_no, now_ms)?;
        }
    }

    /// Moves a paid order on until it has a status, or leaves it where it is when it is further or has ended.
    pub(super) fn raise(&mut self, order_no: i64, to: Status, now_ms: i64) {
        while let Ok(order) = self.order(order_no).cloned()
            && (Status::WaitSellerSend..to).contains(&order.status)
            && let Some(next) = next(&order)
        {
            self.enter(order, next, now_ms);
        }
    }

    /// Moves on at most so many of those that are due; says how many moved.
    pub fn step_due(&mut self, shop: &Shop, most: usize, now_ms: i64) -> usize {
        let mut moved = 0;
        while moved < most
            && let Some(due) = self.take_due(now_ms)
        {
            match due {
                Due::Order(order_no) => self.order_due(shop, order_no, now_ms),
                Due::Parcel(order_no, parcel) => self.depart(order_no, parcel, now_ms),
                Due::Refund(refund_no) => self.refund_due(shop, refund_no, now_ms),
                Due::Consignment(consignment_no) => self.consignment_due(shop, consignment_no, now_ms),
                Due::Inquiry(inquiry_no) => self.inquiry_due(shop, inquiry_no, now_ms),
            }
            moved += 1;
        }
        moved
    }

    fn order_due(&mut self, shop: &Shop, order_no: i64, now_ms: i64) {
        let Ok(order) = self.order(order_no).cloned() else {
            return;
        };
        if order.status == Status::WaitBuyerPay {
            self.close(shop, order, CloseReason::PayTimeout, now_ms);
        } else if let (false, Some(next)) = (order.is_held(), next(&order)) {
            self.enter(order, next, now_ms);
        }
    }

    fn enter(&mut self, mut order: Order, status: Status, now_ms: i64) -> Order {
        let now = now_ms / 1000;
        match status {
            Status::SellerPartSend => self.send(&mut order, 1, now_ms),
            Status::WaitBuyerReceive => {
                self.send(&mut order, usize::MAX, now_ms);
                order.sent_at = Some(now);
            }
            Status::WarehouseSigned => {
                self.sign(&mut order, now_ms);
                order.signed_at = Some(now);
            }
            Status::Success => order.finished_at = Some(now),
            _ => {}
        }
        order.status = status;
        self.keep(order, What::Status, now_ms)
    }

    /// The buyer takes an unpaid order back; saying it again answers the same.
    pub fn cancel(&mut self, shop: &Shop, order_no: i64, now_ms: i64) -> Result<Order, Refusal> {
        let order = self.order(order_no)?.clone();
        match (order.status, order.close_reason) {
            (Status::WaitBuyerPay, _) => Ok(self.close(shop, order, CloseReason::BuyerCancel, now_ms)),
            (Status::Cancel, Some(CloseReason::BuyerCancel)) => Ok(order),
            (status, _) => Err(not_allowed(status)),
        }
    }

    /// The seller or the system closes an order that was not yet sent; what was paid is given back.
    pub fn terminate(&mut self, shop: &Shop, order_no: i64, why: CloseReason, now_ms: i64) -> Result<Order, Refusal> {
        let order = self.order(order_no)?.clone();
        match order.status {
            Status::WaitBuyerPay | Status::WaitSellerSend => Ok(self.close(shop, order, why, now_ms)),
            Status::Cancel | Status::Terminated if order.close_reason == Some(why) => Ok(order),
            status => Err(not_allowed(status)),
        }
    }

    fn close(&mut self, shop: &Shop, mut order: Order, why: CloseReason, now_ms: i64) -> Order {
        self.close_refunds(&mut order, now_ms);
        self.call_off_rest(shop, &mut order, now_ms);
        if order.paid_fen > 0 {
            order.refunded_freight_fen = worth::freight_paid(&order);
            order.lines.iter_mut().for_each(|line| line.refunded_quantity = line.quantity);
        }
        order.refunded_fen = order.paid_fen;
        order.close_reason = Some(why);
        order.finished_at = Some(now_ms / 1000);
        order.status = if why == CloseReason::SellerGoodsLack { Status::Terminated } else { Status::Cancel };
        self.keep(order, What::Status, now_ms)
    }

    /// What was not sent yet never will be, and goes back to stock.
    pub(super) fn call_off_rest(&mut self, shop: &Shop, order: &mut Order, now_ms: i64) {
        let rest: Vec<(u32, i64)> = order.lines.iter().map(|line| (line.line_no, order.unsent(line))).collect();
        for (line_no, pieces) in rest {
            self.call_off(shop, order, line_no, pieces, now_ms);
        }
    }

    /// Pieces of a line that were not sent yet never will be, and go back to stock.
    pub(super) fn call_off(&mut self, shop: &Shop, order: &mut Order, line_no: u32, pieces: i64, now_ms: i64) {
        if let Some(sku_id) = order.line(line_no).map(|line| line.sku_id).filter(|_| pieces > 0) {
            *order.called_off.entry(line_no).or_default() += pieces;
            self.take_stock(shop, sku_id, -pieces, now_ms);
        }
    }

    /// The buyer says that he has the goods; saying it again answers the same.
    pub fn confirm_receipt(&mut self, order_no: i64, now_ms: i64) -> Result<Order, Refusal> {
        let order = self.order(order_no)?.clone();
        match order.status {
            Status::Success => Ok(order),
            Status::WarehouseSigned | Status::Inspected | Status::HandedOver => {
                refuse_consigned(&order)?;
                Ok(self.enter(order, Status::Success, now_ms))
            }
            status => Err(not_allowed(status)),
        }
    }

    /// The seller changes what an unpaid order costs.
    pub fn reprice(&mut self, order_no: i64, total_fen: i64, now_ms: i64) -> Result<Order, Refusal> {
        let mut order = self.order(order_no)?.clone();
        if order.status != Status::WaitBuyerPay {
            return Err(not_allowed(order.status));
        }
        order.adjust_fen = total_fen - order.goods_fen - order.freight_fen;
        Ok(self.keep(order, What::PriceModified, now_ms))
    }

    /// The buyer writes another memo, as long as somebody may still read it.
    pub fn write_memo(&mut self, order_no: i64, memo: &str, now_ms: i64) -> Result<Order, Refusal> {
        let mut order = self.order(order_no)?.clone();
        if order.buyer_memo == memo {
            return Ok(order);
        }
        if order.status.is_over() {
            return Err(not_allowed(order.status));
        }
        memo.clone_into(&mut order.buyer_memo);
        Ok(self.keep(order, What::Memo, now_ms))
    }
}
