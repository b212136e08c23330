//! Payments: begun with their key, each order's part written on as it becomes known.

use jiff::Timestamp;

use super::claims::{self, Claimed};
use super::holds::{self, Hold};
use super::{Answer, Begun, Error, KeyUse, Lease, Ledger, notes, words};
use crate::model::ids::{OrderId, PartnerId, PaymentId};
use crate::model::order::{Event, Kind, Order};
use crate::model::partner::Mode;
use crate::model::payment::{Method, Part, PartState, Payment};
use crate::sql::{Row, Tx, args};

impl Ledger {
    /// Claims the key and writes the payment down with all parts pending and held (`Hold::of_fresh`). All orders must be
    /// the partner's. The parts of one that is resumed are still to be taken.
    pub async fn begin_payment(
        &self,
        asked: KeyUse,
        method: Method,
        orders: Vec<OrderId>,
    ) -> Result<Begun<Payment>, Error> {
        let now = self.clock.now();
        let (partner, mode) = (asked.partner.clone(), asked.mode);
        let begun = self
            .sql
            .transaction(move |tx| Box::pin(async move { begin(tx, asked, method, orders, now).await }))
            .await?;
        let (lease, id, fresh) = match begun {
            Begun::Seen(answer) => return Ok(Begun::Seen(answer)),
            Begun::Fresh(lease, id) => (lease, id, true),
            Begun::Resumed(lease, id) => (lease, id, false),
        };
        let payment = self.find_payment(&partner, mode, &id).await?;
        let payment = payment.ok_or_else(|| Error::unreadable("payment", &id))?;
        Ok(if fresh { Begun::Fresh(lease, payment) } else { Begun::Resumed(lease, payment) })
    }

    /// Writes on how the held part stands; its partner hears of what is new. Gives whether the hold was still the newest
    /// and the part open; otherwise nothing is written.
    pub async fn settle_part(&self, hold: &Hold, part: &Part) -> Result<bool, Error> {
        const NEWS: &str = "UPDATE payment_orders \
            SET state = $4, pay_url = $5, problem = $6, updated_at = $7, asked_at = $8 \
            WHERE payment = $1 AND order_id = $2 AND fence = $3 AND state IN ('pending', 'unknown') \
            AND (state <> $4 OR (pay_url IS NULL AND $5 IS NOT NULL))";
        const SAME: &str = "UPDATE payment_orders SET updated_at = $4, asked_at = $5 \
            WHERE payment = $1 AND order_id = $2 AND fence = $3 AND state IN ('pending', 'unknown')";
        let (hold, part, now) = (hold.clone(), part.clone(), self.clock.now_ms());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let names = || args![hold.payment.as_str(), hold.order.as_str(), hold.fence()];
                    let mut row = names();
                    row.extend(args![part.state.name(), part.pay_url.clone(), part.problem.clone(), now, hold.asked]);
                    if tx.execute(NEWS, row).await? == 1 {
                        notes::tell_part(tx, &hold.payment, &part, now).await?;
                        return Ok(true);
                    }
                    let mut row = names();
                    row.extend(args![now, hold.asked]);
                    Ok(tx.execute(SAME, row).await? == 1)
                })
            })
            .await
    }

    /// Stores the answer that repeats of the payment's request get.
    pub async fn commit_payment(&self, lease: &Lease, answer: &Answer) -> Result<(), Error> {
        let (lease, answer) = (lease.clone(), answer.clone());
        self.sql.transaction(move |tx| Box::pin(async move { claims::settle(tx, &lease, &answer).await })).await
    }

    /// Ends the lease of a payment's request without an answer.
    pub async fn release_payment(&self, lease: &Lease) -> Result<(), Error> {
        let lease = lease.clone();
        self.sql.transaction(move |tx| Box::pin(async move { claims::release(tx, &lease).await })).await
    }

    /// A partner's payment.
    pub async fn find_payment(
        &self,
        partner: &PartnerId,
        mode: Mode,
        id: &PaymentId,
    ) -> Result<Option<Payment>, Error> {
        const FIND: &str = "SELECT method, created_at FROM payments WHERE id = $1 AND partner = $2 AND mode = $3";
        const PARTS: &str =
            "SELECT order_id, state, pay_url, problem FROM payment_orders WHERE payment = $1 ORDER BY position";
        let row = self.sql.fetch_optional(FIND, args![id.as_str(), partner.as_str(), mode.name()]).await?;
        let Some(row) = row else { return Ok(None) };
        let parts = self.sql.fetch_all(PARTS, args![id.as_str()]).await?;
        Ok(Some(Payment {
            id: id.clone(),
            partner: partner.clone(),
            mode,
            method: row.parse("method")?,
            parts: parts.iter().map(part).collect::<Result<_, Error>>()?,
            created_at: words::moment("payment", row.int("created_at")?)?,
        }))
    }
}

/// What an order's event means for its payments: paid orders settle them, ended orders end them. Whoever holds a part is
/// not asked, because this is what the catalogue says. A debit called failed before may be what paid the order after all.
pub(super) async fn follow(tx: &mut Tx, order: &Order, event: &Event) -> Result<(), Error> {
    const SETTLE: &str = "UPDATE payment_orders SET state = $2, problem = $3, updated_at = $4 \
        WHERE order_id = $1 AND state IN ('pending', 'unknown') RETURNING payment";
    const DOUBT: &str = "UPDATE payment_orders SET doubt_at = $2 WHERE order_id = $1 AND state = 'failed' \
        AND payment IN (SELECT id FROM payments WHERE method = 'debit')";
    let (state, problem) = match event.kind {
        Kind::Paid => (PartState::Paid, None),
        Kind::Cancelled | Kind::Closed => (PartState::Failed, Some("order_state_conflict")),
        _ => return Ok(()),
    };
    let (id, at) = (&order.deed.id, event.at.as_millisecond());
    for row in tx.fetch_all(SETTLE, args![id.as_str(), state.name(), problem, at]).await? {
        notes::tell_part(tx, &row.parse("payment")?, &notes::settled(id, state, problem), at).await?;
    }
    if state == PartState::Paid {
        tx.execute(DOUBT, args![id.as_str(), at]).await?;
    }
    Ok(())
}

async fn begin(
    tx: &mut Tx,
    asked: KeyUse,
    method: Method,
    orders: Vec<OrderId>,
    now: Timestamp,
) -> Result<Begun<PaymentId>, Error> {
    const PAYMENT: &str = "INSERT INTO payments (id, partner, mode, method, created_at) VALUES ($1, $2, $3, $4, $5)";
    const PART: &str = "INSERT INTO payment_orders (payment, order_id, position, state, updated_at, fence) \
        SELECT $1, id, $3, 'pending', $4, $7 FROM orders WHERE id = $2 AND partner = $5 AND mode = $6";
    let (id, now_ms) = (PaymentId::fresh(), now.as_millisecond());
    let lease = match claims::claim(tx, &asked, id.as_str(), now_ms).await? {
        Claimed::Seen(answer) => return Ok(Begun::Seen(answer)),
        Claimed::Resumed(lease, subject) => {
            let id = subject.parse().map_err(|error| Error::unreadable("subject", error))?;
            return Ok(Begun::Resumed(lease, id));
        }
        Claimed::Fresh(lease) => lease,
    };
    let (partner, mode) = (asked.partner.as_str(), asked.mode.name());
    tx.execute(PAYMENT, args![id.as_str(), partner, mode, method.name(), now_ms]).await?;
    for (position, order) in (0_i64..).zip(orders) {
        let row = args![id.as_str(), order.as_str(), position, now_ms, partner, mode, holds::FIRST];
        if tx.execute(PART, row).await? == 0 {
            return Err(Error::OrderNotFound(order));
        }
    }
    Ok(Begun::Fresh(lease, id))
}

pub(super) fn part(row: &Row) -> Result<Part, Error> {
    Ok(Part {
        order: row.parse("order_id")?,
        state: row.parse("state")?,
        pay_url: row.opt_text("pay_url")?,
        problem: row.opt_text("problem")?,
    })
}
