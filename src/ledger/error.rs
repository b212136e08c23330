//! Why the ledger did not write or read something.

use crate::ledger::refunds::Ordered;
use crate::model::ids::{InquiryId, OrderId, RefundId, VoucherId};
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
