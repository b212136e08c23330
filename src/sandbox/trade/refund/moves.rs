//! The walk of a refund: what the buyer, the seller and the platform may do, and what happens when nobody does.

use serde_json::json;

use super::apply::{check_fen, check_voucher_ids, check_words};
use super::wire::{ArbitrationAsked, ModifyAsked, ReturnAsked};
use super::{Arbitration, Decision, Refund, RefundStatus, RefundType, Return, WhyClosed};
use crate::sandbox::asked;
use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::feed::{Kind, What};
use crate::sandbox::goods::{Lang, Shop};
use crate::sandbox::persist::Entry;
use crate::sandbox::trade::book::{Book, Due, Told};
use crate::sandbox::trade::order::{CloseReason, Order, Status};
use crate::sandbox::trade::steps::paced_ms;

/// Who waits how long: seconds at pace 1 until the other side acts, and days of the clock until the deadline.
const STAYS: [(RefundStatus, Option<i64>, Option<i64>); 5] = [
    (RefundStatus::WaitSellerAgree, Some(60), Some(5)),
    (RefundStatus::SellerRefused, None, Some(7)),
    (RefundStatus::WaitBuyerSend, None, Some(7)),
    (RefundStatus::WaitSellerReceive, Some(120), Some(10)),
    (RefundStatus::Arbitrating, Some(120), None),
];
/// A description that begins with this is refused by a seller who acts by himself.
const REFUSE_ME: &str = "TEST-REFUSE";
const DAY_S: i64 = 86_400;

/// What the other side does.
pub enum Act {
    /// The seller agrees, to less than was asked when an amount is given.
    Agree(Option<i64>),
    /// The seller refuses.
    Refuse,
    /// The seller has the goods back.
    Receive,
    /// The platform decides; a `SPLIT` may say how much goes back.
    Decide(Decision, Option<i64>),
}

fn not_allowed(refund: &Refund) -> Refusal {
    Refusal::with(Code::StatusNotAllowed, json!({ "status": refund.status }))
}

impl Book {
    /// The refund with a number.
    pub fn refund(&self, refund_no: i64) -> Result<&Refund, Refusal> {
        self.refunds.find(refund_no).ok_or_else(|| Code::RefundNotFound.into())
    }

    /// The refund under a caller's reference.
    pub fn refund_by_ref(&self, partner: &str, out_ref: &str) -> Result<&Refund, Refusal> {
        self.refunds.by_ref(partner, out_ref).ok_or_else(|| Code::RefundNotFound.into())
    }

    /// Refunds of a partner (and order), newest first, below a number.
    pub fn refunds_of(&self, partner: &str, order_no: Option<i64>, below: i64, limit: usize) -> Vec<&Refund> {
        let of_order = |refund: &&Refund| order_no.is_none_or(|wanted| refund.now.order_no == wanted);
        self.refunds.of_partner(partner, below).filter(of_order).take(limit).collect()
    }

    /// The buyer asks for something else after a refusal.
    pub fn modify(&mut self, refund_no: i64, asked: &ModifyAsked, now_ms: i64) -> Result<Refund, Refusal> {
        let mut refund = self.refund(refund_no)?.clone();
        let mut wanted = refund.now.clone();
        wanted.apply_fen = asked.apply_fen;
        wanted.freight_fen = asked.freight_fen.unwrap_or(wanted.freight_fen);
        wanted.description.clone_from(&asked.description);
        wanted.voucher_ids.clone_from(&asked.voucher_ids);
        check_fen(wanted.apply_fen, wanted.freight_fen)?;
        check_words("description", &wanted.description, 2, 200)?;
        check_voucher_ids(&wanted.voucher_ids)?;
        if refund.status != RefundStatus::SellerRefused {
            return if refund.now == wanted { Ok(refund) } else { Err(not_allowed(&refund)) };
        }
        let order = self.order(wanted.order_no)?;
        let reason = super::reasons::fitting(wanted.kind, order.status).find(|known| known.code == wanted.reason_code);
        if reason.is_some_and(|reason| reason.need_voucher) && wanted.voucher_ids.is_empty() {
            return Err(Code::VoucherRequired.into());
        }
        self.check_vouchers(&refund.partner_code, &wanted.voucher_ids)?;
        self.check_amount(order, &wanted, Some(refund_no))?;
        refund.now = wanted;
        Ok(self.move_refund(refund, RefundStatus::WaitSellerAgree, now_ms))
    }

    /// The buyer sends the goods back.
    pub fn send_back(&mut self, refund_no: i64, asked: &ReturnAsked, now_ms: i64) -> Result<Refund, Refusal> {
        asked::reference("carrierCode", &asked.carrier_code, 32)?;
        asked::reference("mailNo", &asked.mail_no, 64)?;
        check_words("note", &asked.note, 0, 200)?;
        let mut refund = self.refund(refund_no)?.clone();
        let done = refund.return_shipment.as_ref().is_some_and(|sent| {
            (&sent.carrier_code, &sent.mail_no, &sent.note) == (&asked.carrier_code, &asked.mail_no, &asked.note)
        });
        if done {
            return Ok(refund);
        }
        if refund.status != RefundStatus::WaitBuyerSend {
            return Err(not_allowed(&refund));
        }
        refund.return_shipment = Some(Return {
            carrier_code: asked.carrier_code.clone(),
            mail_no: asked.mail_no.clone(),
            note: asked.note.clone(),
            sent_at: now_ms / 1000,
        });
        Ok(self.move_refund(refund, RefundStatus::WaitSellerReceive, now_ms))
    }

    /// The buyer calls the platform.
    pub fn arbitrate(&mut self, refund_no: i64, asked: &ArbitrationAsked, now_ms: i64) -> Result<Refund, Refusal> {
        check_words("reason", &asked.reason, 2, 500)?;
        check_voucher_ids(&asked.voucher_ids)?;
        let mut refund = self.refund(refund_no)?.clone();
        let done = refund.arbitration.as_ref();
        if done.is_some_and(|called| called.reason == asked.reason && called.voucher_ids == asked.voucher_ids) {
            return Ok(refund);
        }
        if !matches!(refund.status, RefundStatus::SellerRefused | RefundStatus::WaitSellerReceive) {
            return Err(not_allowed(&refund));
        }
        self.check_vouchers(&refund.partner_code, &asked.voucher_ids)?;
        refund.arbitration = Some(Arbitration {
            reason: asked.reason.clone(),
            voucher_ids: asked.voucher_ids.clone(),
            decision: None,
            note: None,
            asked_at: now_ms / 1000,
        });
        Ok(self.move_refund(refund, RefundStatus::Arbitrating, now_ms))
    }

    /// The buyer thinks better of it.
    pub fn withdraw(&mut self, refund_no: i64, now_ms: i64) -> Result<Refund, Refusal> {
        let refund = self.refund(refund_no)?.clone();
        if refund.close_reason == Some(WhyClosed::Withdrawn) {
            return Ok(refund);
        }
        if refund.status.is_over() || refund.status == RefundStatus::Arbitrating {
            return Err(not_allowed(&refund));
        }
        Ok(self.close_refund(refund, WhyClosed::Withdrawn, now_ms))
    }

    /// The other side acts.
    pub fn act(
        &mut self,
        shop: &Shop,
        refund_no: i64,
        act: &Act,
        note: Option<String>,
        now_ms: i64,
    ) -> Result<Refund, Refusal> {
        let mut refund = self.refund(refund_no)?.clone();
        let awaited = match act {
            Act::Agree(_) | Act::Refuse => RefundStatus::WaitSellerAgree,
            Act::Receive => RefundStatus::WaitSellerReceive,
            Act::Decide(..) => RefundStatus::Arbitrating,
        };
        if refund.status != awaited {
            return Err(not_allowed(&refund));
        }
        let apply_fen = refund.now.apply_fen;
        if let Act::Agree(Some(fen)) | Act::Decide(_, Some(fen)) = act
            && !(1..=apply_fen).contains(fen)
        {
            return Err(Refusal::param("fen"));
        }
        match (act, refund.arbitration.as_mut()) {
            (Act::Decide(decision, _), Some(called)) => {
                called.decision = Some(*decision);
                called.note = note;
            }
            _ => refund.seller_note = note.or(refund.seller_note),
        }
        Ok(match act {
            Act::Refuse => self.move_refund(refund, RefundStatus::SellerRefused, now_ms),
            Act::Agree(fen) => self.agree(shop, refund, fen.unwrap_or(apply_fen), now_ms),
            Act::Receive => {
                let agreed_fen = refund.agreed_fen.unwrap_or(apply_fen);
                self.give_back(shop, refund, agreed_fen, now_ms)
            }
            Act::Decide(Decision::Seller, _) => self.close_refund(refund, WhyClosed::SellerWon, now_ms),
            Act::Decide(Decision::Buyer, _) => self.give_back(shop, refund, apply_fen, now_ms),
            Act::Decide(Decision::Split, fen) => {
                self.give_back(shop, refund, fen.unwrap_or((apply_fen / 2).max(1)), now_ms)
            }
        })
    }

    /// A deadline has passed, or the other side acts by itself.
    pub(in crate::sandbox::trade) fn refund_due(&mut self, shop: &Shop, refund_no: i64, now_ms: i64) {
        let Some(refund) = self.refunds.find(refund_no).cloned() else {
            return;
        };
        let late = refund.deadline.is_some_and(|deadline| deadline * 1000 <= now_ms);
        let (act, note) = match refund.status {
            RefundStatus::WaitSellerAgree if !late && refund.now.description.starts_with(REFUSE_ME) => {
                (Act::Refuse, "商品没有问题，不同意退款")
            }
            RefundStatus::WaitSellerAgree => (Act::Agree(None), if late { "超时自动同意" } else { "同意退款" }),
            RefundStatus::WaitSellerReceive => (Act::Receive, if late { "超时自动确认收货" } else { "已收到退货" }),
            RefundStatus::Arbitrating => {
                let proved = refund.arbitration.as_ref().is_some_and(|called| !called.voucher_ids.is_empty());
                (Act::Decide(if proved { Decision::Buyer } else { Decision::Split }, None), "平台已裁决")
            }
            RefundStatus::SellerRefused | RefundStatus::WaitBuyerSend => {
                self.close_refund(refund, WhyClosed::Timeout, now_ms);
                return;
            }
            RefundStatus::RefundSuccess | RefundStatus::RefundClose => return,
        };
        // It was looked at just now: the status is the awaited one and no amount is named.
        let _ = self.act(shop, refund_no, &act, Some(note.to_owned()), now_ms);
    }

    fn agree(&mut self, shop: &Shop, mut refund: Refund, fen: i64, now_ms: i64) -> Refund {
        if refund.now.kind == RefundType::Money {
            return self.give_back(shop, refund, fen, now_ms);
        }
        refund.agreed_fen = Some(fen);
        refund.return_address = self.order(refund.now.order_no).ok().map(|order| address(shop, order));
        self.move_refund(refund, RefundStatus::WaitBuyerSend, now_ms)
    }

    /// The money goes back, and the order learns of it.
    fn give_back(&mut self, shop: &Shop, mut refund: Refund, fen: i64, now_ms: i64) -> Refund {
        let content = refund.now.clone();
        refund.agreed_fen = Some(fen);
        refund.refunded_at = Some(now_ms / 1000);
        let refund = self.move_refund(refund, RefundStatus::RefundSuccess, now_ms);
        let Ok(mut order) = self.order(content.order_no).cloned() else {
            return refund;
        };
        order.open_refunds.retain(|number| *number != refund.refund_no);
        order.refunded_fen += fen;
        // Goods come first; what is beyond their part is freight.
        order.refunded_freight_fen += (fen - (content.apply_fen - content.freight_fen)).max(0);
        for pieces in &content.lines {
            let unsent = order.line(pieces.line_no).map_or(0, |line| order.unsent(line));
            self.call_off(shop, &mut order, pieces.line_no, unsent.min(pieces.quantity), now_ms);
            if let Some(line) = order.lines.iter_mut().find(|line| line.line_no == pieces.line_no) {
                line.refunded_quantity += pieces.quantity;
            }
        }
        let nothing_to_send = order.shipments.is_empty() && order.lines.iter().all(|line| order.unsent(line) == 0);
        let ended = !order.status.is_over() && (order.refunded_fen >= order.paid_fen || nothing_to_send);
        if ended {
            self.close_refunds(&mut order, now_ms);
            self.call_off_rest(shop, &mut order, now_ms);
            order.status = Status::Terminated;
            order.close_reason = Some(CloseReason::Refunded);
            order.finished_at = Some(now_ms / 1000);
        }
        self.keep(order, if ended { What::Status } else { What::Refund }, now_ms);
        refund
    }

    /// Closes a refund and lets its order go on.
    fn close_refund(&mut self, mut refund: Refund, why: WhyClosed, now_ms: i64) -> Refund {
        refund.close_reason = Some(why);
        let refund = self.move_refund(refund, RefundStatus::RefundClose, now_ms);
        if let Ok(mut order) = self.order(refund.now.order_no).cloned() {
            order.open_refunds.retain(|number| *number != refund.refund_no);
            self.keep(order, What::Refund, now_ms);
        }
        refund
    }

    /// Closes all open refunds of an order that ends; the order is kept by the caller.
    pub(in crate::sandbox::trade) fn close_refunds(&mut self, order: &mut Order, now_ms: i64) {
        for refund_no in std::mem::take(&mut order.open_refunds) {
            if let Some(mut refund) = self.refunds.find(refund_no).cloned() {
                refund.close_reason = Some(WhyClosed::OrderClosed);
                self.move_refund(refund, RefundStatus::RefundClose, now_ms);
            }
        }
    }

    fn move_refund(&mut self, mut refund: Refund, to: RefundStatus, now_ms: i64) -> Refund {
        refund.status = to;
        self.keep_refund(refund, What::Status, now_ms)
    }

    /// Stores a changed refund, tells the feed, and sets when somebody else acts.
    pub(super) fn keep_refund(&mut self, mut refund: Refund, change: What, now_ms: i64) -> Refund {
        let now = now_ms / 1000;
        refund.version += 1;
        refund.modified_at = now;
        let stay = STAYS.iter().find(|(status, ..)| *status == refund.status);
        refund.deadline = stay.and_then(|(_, _, days)| *days).map(|days| now + days * DAY_S);
        refund.due_ms = self.refund_due_ms(&refund, now_ms);
        let order_no = Some(refund.now.order_no);
        let told = Told { kind: Kind::Refund, change, order_no, version: refund.version };
        self.tell_of(&refund, told, refund.status.word(), now_ms);
        self.enter_journal(Entry::Refund(Box::new(refund.clone())));
        self.file_refund(refund.clone());
        refund
    }

    /// Files a refund as it is.
    pub(in crate::sandbox::trade) fn file_refund(&mut self, refund: Refund) {
        self.gave_number(refund.refund_no);
        self.schedule(Due::Refund(refund.refund_no), refund.due_ms);
        self.refunds.file(refund);
    }

    /// Refunds that stood still under another pace go on under this one.
    pub(in crate::sandbox::trade) fn resume_refunds(&mut self, now_ms: i64) {
        for number in self.refunds.numbers() {
            if let Some(mut refund) = self.refunds.find(number).cloned() {
                let due_ms = self.refund_due_ms(&refund, now_ms);
                // What was due earlier stays due; nobody waits anew because of a restart.
                refund.due_ms = match (refund.due_ms, due_ms) {
                    (Some(before), Some(due)) if self.pace > 0.0 => Some(before.min(due)),
                    _ => due_ms,
                };
                self.file_refund(refund);
            }
        }
    }

    fn refund_due_ms(&self, refund: &Refund, from_ms: i64) -> Option<i64> {
        let (_, seconds, _) = STAYS.iter().find(|(status, ..)| *status == refund.status)?;
        let paced = seconds.and_then(|seconds| paced_ms(seconds, self.pace)).map(|wait| from_ms + wait);
        paced.into_iter().chain(refund.deadline.map(|deadline| deadline * 1000)).min()
    }
}

/// Where the goods go back to: the seller's place, no person and no telephone.
fn address(shop: &Shop, order: &Order) -> String {
    shop.seller(order.seller_id).map_or_else(String::new, |seller| {
        let belt = &seller.belt;
        format!(
            "{}{}{} {} 退货部",
            belt.province.get(Lang::Zh),
            belt.city.get(Lang::Zh),
            belt.name.get(Lang::Zh),
            seller.name.get(Lang::Zh)
        )
    })
}
