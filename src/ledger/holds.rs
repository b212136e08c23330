//! Who may say how one order's part of a payment goes. Whoever is about to work on a part takes a hold of it; taking it
//! ends the hold of whoever had it, whatever the clocks of both say. Only the newest holder writes an outcome, and only
//! while it holds the part may it send a debit: it says so right before, in the same row.

use super::{Error, Ledger, notes};
use crate::model::ids::{OrderId, PaymentId};
use crate::model::payment::{PartState, Payment};
use crate::sql::{Row, args};

/// The fence of a part's first hold, which comes into being with the payment.
pub(super) const FIRST: i64 = 1;

/// The right to work on one order's part of a payment.
#[derive(Clone, Debug)]
pub struct Hold {
    /// The payment.
    pub payment: PaymentId,
    /// The order.
    pub order: OrderId,
    /// When a debit was sent last of which nobody knows that it ended.
    pub asked: Option<i64>,
    fence: i64,
}

/// A part of a debit whose order is paid, and nobody knows yet by what.
#[derive(Clone, Debug)]
pub struct Doubted {
    /// The payment.
    pub payment: PaymentId,
    /// The order.
    pub order: OrderId,
}

impl Hold {
    /// The holds that come with a fresh payment.
    pub fn of_fresh(payment: &Payment) -> Vec<Self> {
        let first =
            |order: &OrderId| Self { payment: payment.id.clone(), order: order.clone(), asked: None, fence: FIRST };
        payment.parts.iter().map(|part| first(&part.order)).collect()
    }

    /// Whether nobody held the part before.
    pub fn is_first(&self) -> bool {
        self.fence == FIRST
    }

    pub(super) fn fence(&self) -> i64 {
        self.fence
    }

    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            payment: row.parse("payment")?,
            order: row.parse("order_id")?,
            asked: row.opt_int("asked_at")?,
            fence: row.int("fence")?,
        })
    }
}

impl Ledger {
    /// Takes all open parts of a payment that somebody else left, in their order.
    pub async fn take_parts(&self, payment: &PaymentId) -> Result<Vec<Hold>, Error> {
        const TAKE: &str = "UPDATE payment_orders SET fence = fence + 1, updated_at = $2 \
            WHERE payment = $1 AND state IN ('pending', 'unknown') AND pay_url IS NULL \
            RETURNING payment, order_id, position, fence, asked_at";
        let row = args![payment.as_str(), self.clock.now_ms()];
        let mut rows = self.sql.transaction(move |tx| Box::pin(async move { tx.fetch_all(TAKE, row).await })).await?;
        rows.sort_by_key(|row| row.int("position").unwrap_or(i64::MAX));
        rows.iter().map(Hold::read).collect()
    }

    /// Says that these parts are still worked on; those that somebody else took are left to them.
    pub async fn renew_holds(&self, holds: &[Hold]) -> Result<(), Error> {
        const RENEW: &str =
            "UPDATE payment_orders SET updated_at = $4 WHERE payment = $1 AND order_id = $2 AND fence = $3";
        let (holds, now) = (holds.to_vec(), self.clock.now_ms());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    for hold in holds {
                        let row = args![hold.payment.as_str(), hold.order.as_str(), hold.fence, now];
                        tx.execute(RENEW, row).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Writes down that a debit is sent now, and when; none if the hold was lost or the part is settled: then it must not
    /// be sent.
    pub async fn mark_asked(&self, hold: &Hold) -> Result<Option<i64>, Error> {
        const MARK: &str = "UPDATE payment_orders SET asked_at = $4, updated_at = $4 \
            WHERE payment = $1 AND order_id = $2 AND fence = $3 AND state IN ('pending', 'unknown')";
        let now = self.clock.now_ms();
        let row = args![hold.payment.as_str(), hold.order.as_str(), hold.fence, now];
        Ok((self.sql.execute(MARK, row).await? == 1).then_some(now))
    }

    /// Ends the doubt about a part of a paid order: its debit is what paid it, or something else did. Its partner hears of
    /// what is new. Gives whether the part was called failed though its debit was taken.
    pub async fn end_doubt(&self, doubted: &Doubted, was_taken: bool) -> Result<bool, Error> {
        const OPEN: &str = "UPDATE payment_orders SET state = $3, problem = $4, doubt_at = NULL, updated_at = $5 \
            WHERE payment = $1 AND order_id = $2 AND state IN ('pending', 'unknown')";
        const TAKEN: &str = "UPDATE payment_orders SET state = 'paid', problem = NULL, doubt_at = NULL, updated_at = $3 \
            WHERE payment = $1 AND order_id = $2 AND state = 'failed'";
        const OVER: &str = "UPDATE payment_orders SET doubt_at = NULL WHERE payment = $1 AND order_id = $2";
        let (doubted, now) = (doubted.clone(), self.clock.now_ms());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let (payment, order) = (&doubted.payment, &doubted.order);
                    let names = || args![payment.as_str(), order.as_str()];
                    let (state, problem) =
                        if was_taken { (PartState::Paid, None) } else { (PartState::Failed, Some(notes::CONFLICT)) };
                    let row = [names(), args![state.name(), problem, now]].concat();
                    let was_open = tx.execute(OPEN, row).await? == 1;
                    let was_failed = was_taken && tx.execute(TAKEN, [names(), args![now]].concat()).await? == 1;
                    if was_open || was_failed {
                        notes::tell_part(tx, payment, &notes::settled(order, state, problem), now).await?;
                    } else {
                        tx.execute(OVER, names()).await?;
                    }
                    Ok(was_failed)
                })
            })
            .await
    }
}
