//! The walk of an order: what comes after what, how long each step takes, and the ways out.

use serde_json::json;

use super::book::Book;
use super::order::{CloseReason, Order, Status};
use super::pay::PaidHow;
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
    // Milliseconds of minutes: nothing is lost in a float.
    (pace > 0.0).then(|| (seconds as f64 * 1000.0 / pace) as i64)
}

/// Seconds that goods are on the road at a pace; none when they only move on command.
pub fn road_s(pace: f64) -> Option<i64> {
    (pace > 0.0).then(|| (180.0 / pace) as i64)
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
    order.lines.len() > 1 && order.order_no % 4 == 0
}

fn not_allowed(status: Status) -> Refusal {
    Refusal::with(Code::StatusNotAllowed, json!({ "status": status }))
}

impl Book {
    /// Moves an order one step on; an unpaid order is paid.
    pub fn step(&mut self, order_no: i64, now_ms: i64) -> Result<Order, Refusal> {
        let order = self.order(order_no)?.clone();
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

    /// Moves on whatever is due; says how many orders moved.
    pub fn step_due(&mut self, shop: &Shop, now_ms: i64) -> usize {
        let mut moved = 0;
        while let Some(order_no) = self.next_due(now_ms) {
            let Ok(order) = self.order(order_no).cloned() else {
                break;
            };
            if order.status == Status::WaitBuyerPay {
                self.close(shop, order, CloseReason::PayTimeout, now_ms);
            } else if self.step(order_no, now_ms).is_err() {
                break;
            }
            moved += 1;
        }
        moved
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
                order.shipments.iter_mut().for_each(|parcel| parcel.signed_at = Some(now));
                order.signed_at = Some(now);
            }
            Status::Success => order.finished_at = Some(now),
            _ => {}
        }
        order.status = status;
        self.keep(order, What::Status, now_ms).clone()
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
        for line in &order.lines {
            self.take_stock(shop, line.sku_id, -line.quantity, now_ms);
        }
        order.refunded_fen = order.paid_fen;
        order.close_reason = Some(why);
        order.finished_at = Some(now_ms / 1000);
        order.status = if why == CloseReason::SellerGoodsLack { Status::Terminated } else { Status::Cancel };
        self.keep(order, What::Status, now_ms).clone()
    }

    /// The buyer says that he has the goods; saying it again answers the same.
    pub fn confirm_receipt(&mut self, order_no: i64, now_ms: i64) -> Result<Order, Refusal> {
        let order = self.order(order_no)?.clone();
        match order.status {
            Status::Success => Ok(order),
            Status::WarehouseSigned | Status::Inspected | Status::HandedOver => {
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
        Ok(self.keep(order, What::PriceModified, now_ms).clone())
    }
}
