//! Applying for a refund: once per reference, for pieces that can be had, for no more than they are worth.

use serde_json::{Value, json};

use super::wire::{ApplyAsked, ReasonWire, Reasons};
use super::{Content, Pieces, Refund, RefundStatus, RefundType, reasons, worth};
use crate::sandbox::asked;
use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::feed::What;
use crate::sandbox::goods::Lang;
use crate::sandbox::trade::book::Book;
use crate::sandbox::trade::order::Order;

/// No amount is larger.
pub const MOST_FEN: i64 = 1_000_000_000_000;
const MOST_VOUCHERS: usize = 5;

/// A refund, and whether it was there before.
pub struct Applied {
    /// The refund.
    pub refund: Refund,
    /// Whether this call only repeated an earlier one.
    pub replayed: bool,
}

impl Book {
    /// Opens a refund, or finds the one that the same call opened before.
    pub fn apply(&mut self, asked: &ApplyAsked, now_ms: i64) -> Result<Applied, Refusal> {
        let content = check(asked)?;
        if let Some(refund) = self.refunds.by_ref(&asked.partner_code, &asked.out_ref) {
            if refund.first == content {
                return Ok(Applied { refund: refund.clone(), replayed: true });
            }
            return Err(Refusal::with(Code::OutRefConflict, json!({ "refundNo": refund.refund_no })));
        }
        let mut order = self.order(content.order_no)?.clone();
        if order.partner_code != asked.partner_code {
            return Err(Code::OrderNotFound.into());
        }
        self.check_applied(&order, &content)?;
        let now = now_ms / 1000;
        let refund = Refund {
            refund_no: self.number(now_ms),
            out_ref: asked.out_ref.clone(),
            partner_code: asked.partner_code.clone(),
            order_out_ref: order.out_ref.clone(),
            first: content.clone(),
            now: content,
            status: RefundStatus::WaitSellerAgree,
            agreed_fen: None,
            seller_note: None,
            return_address: None,
            return_shipment: None,
            arbitration: None,
            close_reason: None,
            deadline: None,
            created_at: now,
            modified_at: now,
            refunded_at: None,
            version: 0,
            due_ms: None,
        };
        order.open_refunds.push(refund.refund_no);
        let refund = self.keep_refund(refund, What::Created, now_ms);
        self.keep(order, What::Refund, now_ms);
        Ok(Applied { refund, replayed: false })
    }

    /// Refusals in the order in which they are told when several apply.
    fn check_applied(&self, order: &Order, content: &Content) -> Result<(), Refusal> {
        let mut fitting = reasons::fitting(content.kind, order.status).peekable();
        if fitting.peek().is_none() {
            return Err(Refusal::with(Code::StatusNotAllowed, json!({ "status": order.status })));
        }
        let unknown = content.lines.iter().position(|line| order.line(line.line_no).is_none());
        if let Some(place) = unknown {
            return Err(Refusal::param(&format!("lines[{place}].lineNo")));
        }
        let reason = fitting.find(|reason| reason.code == content.reason_code);
        let reason = reason.ok_or_else(|| Refusal::from(Code::ReasonInvalid))?;
        if reason.need_voucher && content.voucher_ids.is_empty() {
            return Err(Code::VoucherRequired.into());
        }
        self.check_vouchers(&order.partner_code, &content.voucher_ids)?;
        self.check_lines(order, &content.lines)?;
        self.check_amount(order, content, None)
    }

    fn check_lines(&self, order: &Order, lines: &[Pieces]) -> Result<(), Refusal> {
        for line in lines {
            if let Some(refund_no) = self.open_refund_of(order, line.line_no) {
                return Err(Refusal::with(Code::RefundOpen, json!({ "refundNo": refund_no, "lineNo": line.line_no })));
            }
        }
        let left = |line_no| order.line(line_no).map_or(0, |line| line.quantity - line.refunded_quantity);
        let over: Vec<Value> = lines
            .iter()
            .filter(|line| line.quantity > left(line.line_no))
            .map(|line| json!({ "lineNo": line.line_no, "max": left(line.line_no) }))
            .collect();
        if over.is_empty() { Ok(()) } else { Err(Refusal::with(Code::QuantityTooLarge, json!({ "lines": over }))) }
    }

    /// Refuses an amount above what the pieces are worth; `own` is the refund itself when it is there already.
    pub(super) fn check_amount(&self, order: &Order, content: &Content, own: Option<i64>) -> Result<(), Refusal> {
        let pieces: i64 = content.lines.iter().map(|line| worth::pieces_fen(order, line.line_no, line.quantity)).sum();
        let freight = self.freight_left(order, own);
        if content.freight_fen <= freight && content.apply_fen - content.freight_fen <= pieces {
            return Ok(());
        }
        let facts = json!({ "maxFen": pieces + freight, "freightFen": freight });
        Err(Refusal::with(Code::AmountTooLarge, facts))
    }

    /// Freight that was neither given back nor is asked for by another open refund.
    fn freight_left(&self, order: &Order, own: Option<i64>) -> i64 {
        let others = order.open_refunds.iter().filter(|number| Some(**number) != own);
        let asked: i64 = others.filter_map(|number| self.refunds.find(*number)).map(|open| open.now.freight_fen).sum();
        (worth::freight_paid(order) - order.refunded_freight_fen - asked).max(0)
    }

    fn open_refund_of(&self, order: &Order, line_no: u32) -> Option<i64> {
        let names = |refund: &&Refund| refund.now.lines.iter().any(|line| line.line_no == line_no);
        let mut open = order.open_refunds.iter().filter_map(|number| self.refunds.find(*number));
        open.find(names).map(|refund| refund.refund_no)
    }

    /// What can be asked for now.
    pub fn reasons(&self, order_no: i64, kind: RefundType, lang: Lang) -> Result<Reasons, Refusal> {
        let order = self.order(order_no)?;
        let items: Vec<ReasonWire> = reasons::fitting(kind, order.status)
            .map(|reason| ReasonWire {
                code: reason.code,
                name: reason.name(Lang::Zh),
                name_trans: (lang != Lang::Zh).then(|| reason.name(lang)),
                need_voucher: reason.need_voucher,
            })
            .collect();
        if items.is_empty() {
            return Err(Refusal::with(Code::StatusNotAllowed, json!({ "status": order.status })));
        }
        let free = order.lines.iter().filter(|line| self.open_refund_of(order, line.line_no).is_none());
        let pieces: i64 =
            free.map(|line| worth::pieces_fen(order, line.line_no, line.quantity - line.refunded_quantity)).sum();
        let freight_fen = self.freight_left(order, None);
        Ok(Reasons { max_fen: pieces + freight_fen, freight_fen, items })
    }
}

fn check(asked: &ApplyAsked) -> Result<Content, Refusal> {
    asked::reference("outRef", &asked.out_ref, 64)?;
    asked::reference("partnerCode", &asked.partner_code, 64)?;
    check_fen(asked.apply_fen, asked.freight_fen)?;
    check_words("description", &asked.description, 2, 200)?;
    check_voucher_ids(&asked.voucher_ids)?;
    if !(1..=50).contains(&asked.lines.len()) {
        return Err(Refusal::param("lines"));
    }
    for (place, line) in asked.lines.iter().enumerate() {
        if !(1..=1_000_000).contains(&line.quantity) {
            return Err(Refusal::param(&format!("lines[{place}].quantity")));
        }
        if asked.lines.iter().take(place).any(|other| other.line_no == line.line_no) {
            return Err(Refusal::param(&format!("lines[{place}].lineNo")));
        }
    }
    Ok(Content {
        order_no: asked.order_no,
        kind: asked.kind,
        reason_code: asked.reason_code.clone(),
        apply_fen: asked.apply_fen,
        freight_fen: asked.freight_fen,
        lines: asked.lines.clone(),
        description: asked.description.clone(),
        voucher_ids: asked.voucher_ids.clone(),
    })
}

/// Refuses amounts that make no sense.
pub fn check_fen(apply_fen: i64, freight_fen: i64) -> Result<(), Refusal> {
    if !(1..=MOST_FEN).contains(&apply_fen) {
        return Err(Refusal::param("applyFen"));
    }
    if (0..=apply_fen).contains(&freight_fen) { Ok(()) } else { Err(Refusal::param("freightFen")) }
}

/// Refuses a text that is too short or too long.
pub fn check_words(name: &str, text: &str, least: usize, most: usize) -> Result<(), Refusal> {
    if (least..=most).contains(&text.chars().count()) { Ok(()) } else { Err(Refusal::param(name)) }
}

/// Refuses too many vouchers, or one named twice.
pub fn check_voucher_ids(ids: &[i64]) -> Result<(), Refusal> {
    let twice = ids.iter().enumerate().any(|(place, id)| ids.iter().take(place).any(|other| other == id));
    if twice || ids.len() > MOST_VOUCHERS { Err(Refusal::param("voucherIds")) } else { Ok(()) }
}
