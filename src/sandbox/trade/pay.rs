//! Paying: a page for a person, or a debit of the agreed account. An order is paid once, however often it is said.

use serde_json::json;

use super::book::Book;
use super::order::{CloseReason, Order, Payment, Status};
use super::wire::{Debit, Paid};
use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::feed::What;
use crate::sandbox::words::beijing;

/// Who says that an order is paid.
pub enum PaidHow {
    /// The agreed account, under the caller's reference.
    Debit(String),
    /// A person at the cashier's page.
    AtCashier,
    /// The control endpoint.
    OnCommand,
}

impl Book {
    /// Pays an order; one that was paid before answers as it is.
    pub fn settle(&mut self, order_no: i64, how: PaidHow, now_ms: i64) -> Result<Order, Refusal> {
        let mut order = self.payable(order_no, now_ms)?;
        if order.payment.is_some() {
            return Ok(order);
        }
        let pay_ref = if let PaidHow::Debit(pay_ref) = how { Some(pay_ref) } else { None };
        order.payment = Some(Payment { pay_no: self.number(now_ms), pay_ref });
        order.paid_fen = order.total_fen();
        order.paid_at = Some(now_ms / 1000);
        order.status = Status::WaitSellerSend;
        Ok(self.keep(order, What::Status, now_ms))
    }

    /// The secret word of the order's cashier page; the same one every time.
    pub fn cashier(&mut self, order_no: i64, fresh: String, now_ms: i64) -> Result<Order, Refusal> {
        let mut order = self.payable(order_no, now_ms)?;
        if order.payment.is_none() && order.cashier.is_none() {
            order.cashier = Some(fresh);
            self.amend(order.clone());
        }
        Ok(order)
    }

    /// Refuses an order that is to be paid and does not cost what the caller believes.
    pub fn check_total(&self, order_no: i64, believed_fen: Option<i64>) -> Result<(), Refusal> {
        let order = self.order(order_no)?;
        let total_fen = order.total_fen();
        if order.payment.is_some() || believed_fen.is_none_or(|believed| believed == total_fen) {
            return Ok(());
        }
        Err(Refusal::with(Code::PriceChanged, json!({ "totalFen": total_fen })))
    }

    /// The order, unless it can neither be paid nor has been.
    fn payable(&self, order_no: i64, now_ms: i64) -> Result<Order, Refusal> {
        let order = self.order(order_no)?;
        let late = order.close_reason == Some(CloseReason::PayTimeout)
            || (order.status == Status::WaitBuyerPay && now_ms / 1000 >= order.pay_expire);
        if late {
            return Err(Code::PayExpired.into());
        }
        if matches!(order.status, Status::Cancel | Status::Terminated) {
            return Err(Refusal::with(Code::StatusNotAllowed, json!({ "status": order.status })));
        }
        Ok(order.clone())
    }
}

/// Tells that an order is paid; nothing when it is not.
pub fn receipt(order: &Order) -> Option<Paid> {
    let payment = order.payment.as_ref()?;
    Some(Paid { status: Some("PAID"), paid_fen: Some(order.paid_fen), pay_no: Some(payment.pay_no), ..Paid::default() })
}

/// Tells of the debit that paid an order; nothing when it was not a debit.
pub fn debit(order: &Order) -> Option<Debit> {
    let payment = order.payment.as_ref()?;
    Some(Debit {
        pay_ref: payment.pay_ref.clone()?,
        order_no: order.order_no,
        status: "PAID",
        paid_fen: order.paid_fen,
        pay_no: payment.pay_no,
    })
}

/// Tells where an order can be paid.
pub fn page(order: &Order, public_url: &str) -> Option<Paid> {
    let word = order.cashier.as_ref()?;
    Some(Paid {
        pay_url: Some(format!("{}/cashier/{word}", public_url.trim_end_matches('/'))),
        expire: Some(beijing(order.pay_expire)),
        ..Paid::default()
    })
}
