//! Why the ledger did not write or read something, in words for the caller of whichever room asked it.

use serde_json::{Value, json};

use crate::error::{Code, Failure, Place};
use crate::ledger::refunds::Ordered;
use crate::model::ids::{InquiryId, OrderId, RefundId, SkuId, VoucherId};
use crate::model::order::State;
use crate::sql;

/// A refusal or failure of the ledger.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Sql(#[from] sql::Error),
    /// What is stored cannot be read back.
    #[error("{what} cannot be read back: {why}")]
    Unreadable {
        /// What it is.
        what: &'static str,
        /// Why not.
        why: String,
    },
    /// The key was used with another request.
    #[error("the idempotency key was used with another request")]
    KeyMismatch,
    /// The first request with this key is still running.
    #[error("the first request with this key is still running")]
    InProgress {
        /// Seconds after which it is surely over.
        retry_after_s: u64,
    },
    /// The lease ran out and somebody else took over.
    #[error("the lease ran out")]
    LeaseLost,
    /// Somebody else wrote the order's next event first.
    #[error("the order moved on")]
    Moved,
    /// The partner used this reference before.
    #[error("the reference is taken by {first}")]
    ReferenceTaken {
        /// The order that has it.
        first: OrderId,
    },
    /// There is no such quote.
    #[error("no such quote")]
    QuoteNotFound,
    /// The mark of a page is none that a page before ended with.
    #[error("not a mark of a page")]
    WrongCursor,
    /// The quote has expired.
    #[error("the quote has expired")]
    QuoteExpired,
    /// The quote became an order before.
    #[error("the quote became {order}")]
    QuoteUsed {
        /// The order it became.
        order: OrderId,
    },
    /// Something about consignments.
    #[error(transparent)]
    Consigning(#[from] super::Consigning),
    /// There is no such order among the partner's.
    #[error("no such order: {0}")]
    OrderNotFound(OrderId),
    // after sales
    /// There is no such refund among the partner's.
    #[error("no such refund: {0}")]
    RefundNotFound(RefundId),
    /// The partner used this reference for another refund.
    #[error("the reference is taken by {first}")]
    RefundReferenceTaken {
        /// The refund that has it.
        first: RefundId,
    },
    /// Money cannot be asked back for an order that stands there.
    #[error("an order that is {0} cannot be refunded")]
    NotRefundable(State),
    /// The order has fewer of something, or nothing of it.
    #[error("more is asked back than was ordered")]
    TooManyPieces(Vec<Ordered>),
    /// There is no such inquiry among the partner's.
    #[error("no such inquiry: {0}")]
    InquiryNotFound(InquiryId),
    /// The partner used this reference for another inquiry.
    #[error("the reference is taken by {first}")]
    InquiryReferenceTaken {
        /// The inquiry that has it.
        first: InquiryId,
    },
    /// There is no such voucher among the partner's.
    #[error("no such voucher: {0}")]
    VoucherNotFound(VoucherId),
}

impl Error {
    /// Whether the database failed, and not what was asked of it: asking for something else fails alike.
    pub fn is_of_the_engine(&self) -> bool {
        matches!(self, Self::Sql(error) if !matches!(error, sql::Error::Column { .. }) && !error.is_unique())
    }

    pub(super) fn unreadable(what: &'static str, why: impl ToString) -> Self {
        Self::Unreadable { what, why: why.to_string() }
    }
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Sql(error) => error.code(),
            Self::Unreadable { .. } => Code::Internal,
            Self::KeyMismatch => Code::IdempotencyMismatch,
            Self::InProgress { .. } | Self::LeaseLost | Self::Moved => Code::OrderInProgress,
            Self::WrongCursor => Code::InvalidRequest,
            Self::ReferenceTaken { .. } => Code::ReferenceTaken,
            Self::QuoteNotFound => Code::QuoteNotFound,
            Self::QuoteExpired => Code::QuoteExpired,
            Self::QuoteUsed { .. } => Code::QuoteUsed,
            Self::Consigning(refused) => refused.code(),
            Self::OrderNotFound(_) => Code::OrderNotFound,
            Self::RefundNotFound(_) => Code::RefundNotFound,
            Self::RefundReferenceTaken { .. } => Code::RefundReferenceTaken,
            Self::NotRefundable(_) => Code::RefundNotPossible,
            Self::TooManyPieces(_) => Code::RefundQuantityTooLarge,
            Self::InquiryNotFound(_) => Code::InquiryNotFound,
            Self::InquiryReferenceTaken { .. } => Code::InquiryReferenceTaken,
            Self::VoucherNotFound(_) => Code::VoucherNotFound,
        }
    }

    fn detail(&self) -> Option<String> {
        Some(match self {
            Self::Sql(error) => return error.detail(),
            Self::Consigning(refused) => return refused.detail(),
            Self::ReferenceTaken { first } => {
                format!("The reference belongs to order {first}. Use a new reference for a new order.")
            }
            Self::QuoteUsed { order } => format!("The quote became order {order}."),
            Self::OrderNotFound(id) => format!("There is no order {id}."),
            Self::RefundReferenceTaken { first } => format!("The reference belongs to refund {first}."),
            Self::NotRefundable(state) => {
                format!("The order is {state}: nothing is paid that could be given back.")
            }
            Self::InquiryReferenceTaken { first } => format!("The reference belongs to inquiry {first}."),
            Self::VoucherNotFound(id) => format!("There is no voucher {id}."),
            _ => return None,
        })
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::WrongCursor => vec![Place::wrong_cursor()],
            Self::Consigning(refused) => refused.places(),
            Self::TooManyPieces(lines) => {
                let says = |line: &Ordered| match line.quantity {
                    0 => format!("The order has no SKU {}.", line.sku),
                    ordered => format!("Of SKU {} {ordered} were ordered.", line.sku),
                };
                lines.iter().map(|line| Place::body(&format!("/lines/{}/quantity", line.line), says(line))).collect()
            }
            _ => Vec::new(),
        }
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Consigning(refused) => refused.extras(),
            Self::ReferenceTaken { first: id } | Self::QuoteUsed { order: id } => {
                vec![("order_id", format!("\"{id}\""))]
            }
            Self::RefundReferenceTaken { first } => vec![("refund_id", format!("\"{first}\""))],
            Self::InquiryReferenceTaken { first } => vec![("inquiry_id", format!("\"{first}\""))],
            Self::NotRefundable(state) => vec![("state", format!("\"{state}\""))],
            Self::TooManyPieces(lines) => {
                vec![("lines", most_pieces(lines.iter().map(|line| (line.sku, line.quantity))))]
            }
            _ => Vec::new(),
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Sql(error) if error.is_unreachable() => error.retry_after_s(),
            Self::InProgress { retry_after_s } => Some(*retry_after_s),
            // Others were faster, or something broke: the same request may find it otherwise at once.
            _ => matches!(self.code(), Code::OrderInProgress | Code::Internal).then_some(1),
        }
    }

    fn internal(&self) -> Option<String> {
        matches!(self.code(), Code::Internal | Code::LedgerUnavailable).then(|| self.to_string())
    }
}

/// The member of a problem that tells how many pieces of variants can be asked back at most.
pub fn most_pieces(lines: impl Iterator<Item = (SkuId, u32)>) -> String {
    let line = |(sku, most): (SkuId, u32)| json!({"sku_id": sku.to_string(), "max_quantity": most});
    Value::from_iter(lines.map(line)).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Code, Error, Failure};
    use crate::sql;

    #[test]
    fn whoever_may_find_it_otherwise_is_told_when_to_ask_again() {
        let unreadable = Error::unreadable("order", "x");
        for (error, code, wait_s) in [
            (Error::InProgress { retry_after_s: 2 }, Code::OrderInProgress, Some(2)),
            (Error::LeaseLost, Code::OrderInProgress, Some(1)),
            (Error::Moved, Code::OrderInProgress, Some(1)),
            (Error::Sql(sql::Error::Open(String::new())), Code::LedgerUnavailable, Some(2)),
            (Error::Sql(sql::Error::Interrupted), Code::Internal, Some(1)),
            (unreadable, Code::Internal, Some(1)),
            (Error::WrongCursor, Code::InvalidRequest, None),
            (Error::QuoteExpired, Code::QuoteExpired, None),
        ] {
            assert_eq!((error.code(), error.retry_after_s()), (code, wait_s), "{error}");
            let is_ours = matches!(code, Code::Internal | Code::LedgerUnavailable);
            assert_eq!(error.internal().is_some(), is_ours, "{error}");
        }
    }
}
