//! Payments: begun with their key, each order's part written on as it becomes known.

use jiff::Timestamp;

use super::claims::{self, Claimed};
use super::{Answer, Begun, Error, KeyUse, Lease, Ledger, words};
use crate::model::ids::{OrderId, PartnerId, PaymentId};
use crate::model::order::{Event, Kind, Order};
use crate::model::partner::Mode;
use crate::model::payment::{Method, Part, PartState, Payment};
use crate::sql::{Row, Tx, args};

/// A part of a payment whose outcome is not known.
#[derive(Clone, Debug)]
pub struct OpenPart {
    /// The payment.
    pub payment: PaymentId,
    /// The order.
    pub order: OrderId,
}

impl Ledger {
    /// Claims the key and writes the payment down with all parts pending. All orders must be the partner's.
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

    /// Writes on how a part stands, unless it is settled already.
    pub async fn settle_part(&self, payment: &PaymentId, part: &Part) -> Result<(), Error> {
        const UPDATE: &str = "UPDATE payment_orders SET state = $3, pay_url = $4, problem = $5, updated_at = $6 \
            WHERE payment = $1 AND order_id = $2 AND state IN ('pending', 'unknown')";
        let row = args![
            payment.as_str(),
            part.order.as_str(),
            part.state.name(),
            part.pay_url.clone(),
            part.problem.clone(),
            self.clock.now_ms(),
        ];
        self.sql.execute(UPDATE, row).await?;
        Ok(())
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

    /// Parts of debits that nobody heard of for so long, oldest first: asked for without an answer, or never asked.
    pub async fn list_open_debits(&self, mode: Mode, silent_ms: i64, limit: u32) -> Result<Vec<OpenPart>, Error> {
        const OPEN: &str = "SELECT p.payment, p.order_id FROM payment_orders p JOIN payments m ON m.id = p.payment \
            WHERE p.state IN ('pending', 'unknown') AND m.method = 'debit' AND p.updated_at <= $1 \
            AND m.mode = $2 ORDER BY p.updated_at LIMIT $3";
        let rows = self.sql.fetch_all(OPEN, args![self.clock.now_ms() - silent_ms, mode.name(), limit]).await?;
        rows.iter().map(|row| Ok(OpenPart { payment: row.parse("payment")?, order: row.parse("order_id")? })).collect()
    }
}

/// What an order's event means for its payments: paid orders settle them, ended orders end them.
pub(super) async fn follow(tx: &mut Tx, order: &Order, event: &Event) -> Result<(), Error> {
    const SETTLE: &str = "UPDATE payment_orders SET state = $2, problem = $3, updated_at = $4 \
        WHERE order_id = $1 AND state IN ('pending', 'unknown')";
    let (state, problem) = match event.kind {
        Kind::Paid => (PartState::Paid, None),
        Kind::Cancelled | Kind::Closed => (PartState::Failed, Some("order_state_conflict")),
        _ => return Ok(()),
    };
    tx.execute(SETTLE, args![order.deed.id.as_str(), state.name(), problem, event.at.as_millisecond()]).await?;
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
    const PART: &str = "INSERT INTO payment_orders (payment, order_id, position, state, updated_at) \
        VALUES ($1, $2, $3, 'pending', $4)";
    const OWN: &str = "SELECT id FROM orders WHERE id = $1 AND partner = $2 AND mode = $3";
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
        let own = tx.fetch_optional(OWN, args![order.as_str(), partner, mode]).await?;
        if own.is_none() {
            return Err(Error::OrderNotFound(order));
        }
        tx.execute(PART, args![id.as_str(), order.as_str(), position, now_ms]).await?;
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
