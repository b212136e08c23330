//! Payments: begun with their key, each order's part written on as it becomes known.

use jiff::Timestamp;

use super::claims::{self, Claimed};
use super::holds::{self, Hold};
use super::orders::{select, summary};
use super::{Answer, Begun, Error, KeyUse, Lease, Ledger, notes, words};
use crate::model::ids::{OrderId, PartnerId, PaymentId};
use crate::model::money::Money;
use crate::model::order::{Event, Kind, Order, Paying};
use crate::model::partner::Mode;
use crate::model::payment::{Agreed, Method, Part, PartState, Payment};
use crate::sql::{Row, Tx, args};

impl Ledger {
    /// Claims the key and writes the payment down with all parts pending and held (`Hold::of_fresh`), and with what is
    /// agreed to for each: what is given, else what the order says here. All orders must be the partner's. The parts of
    /// one that is resumed are still to be taken.
    pub async fn begin_payment(
        &self,
        asked: KeyUse,
        method: Method,
        orders: Vec<(OrderId, Option<Agreed>)>,
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
            SET state = $4, pay_url = $5, problem = $6, updated_at = $7, asked_at = $8, \
            doubt_at = CASE WHEN $4 = 'paid' THEN NULL ELSE doubt_at END \
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
        const PARTS: &str = "SELECT order_id, state, pay_url, problem, agreed, agreed_currency, agreed_version \
            FROM payment_orders WHERE payment = $1 ORDER BY position";
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

/// What an order's event means for its payments. Whoever holds a part is not asked, because this is what the catalogue
/// says. A paid order settles the pages that were opened for it. That it is paid does not say by which debit: whether it
/// was one of its own is asked, also of those called failed before. What was never paid ends all its parts.
pub(super) async fn follow(tx: &mut Tx, order: &Order, event: &Event) -> Result<(), Error> {
    macro_rules! settle {
        ($which:literal) => {
            concat!(
                "UPDATE payment_orders SET state = $2, problem = $3, updated_at = $4 \
                 WHERE order_id = $1 AND state IN ('pending', 'unknown')",
                $which,
                " RETURNING payment"
            )
        };
    }
    const ALL: &str = settle!("");
    const OPENED: &str =
        settle!(" AND pay_url IS NOT NULL AND payment IN (SELECT id FROM payments WHERE method = 'page')");
    // Nobody was told yet where to pay: it was paid in another way.
    const NOT_OPENED: &str =
        settle!(" AND pay_url IS NULL AND payment IN (SELECT id FROM payments WHERE method = 'page')");
    const DOUBT: &str = "UPDATE payment_orders SET doubt_at = $2 WHERE order_id = $1 \
        AND state IN ('pending', 'unknown', 'failed') AND payment IN (SELECT id FROM payments WHERE method = 'debit')";
    let was_paid = matches!(order.paying, Paying::Paid | Paying::Refunded);
    let settled: &[(&str, PartState)] = match event.kind {
        Kind::Paid => &[(OPENED, PartState::Paid), (NOT_OPENED, PartState::Failed)],
        Kind::Cancelled | Kind::Closed if !was_paid => &[(ALL, PartState::Failed)],
        // It ended here, and money may have been taken for it all the same.
        Kind::WentOn => &[],
        _ => return Ok(()),
    };
    let (id, at) = (&order.deed.id, event.at.as_millisecond());
    for (text, state) in settled {
        let problem = (*state == PartState::Failed).then_some(notes::CONFLICT);
        for row in tx.fetch_all(text, args![id.as_str(), state.name(), problem, at]).await? {
            notes::tell_part(tx, &row.parse("payment")?, &notes::settled(id, *state, problem), at).await?;
        }
    }
    if matches!(event.kind, Kind::Paid | Kind::WentOn) {
        tx.execute(DOUBT, args![id.as_str(), at]).await?;
    }
    Ok(())
}

async fn begin(
    tx: &mut Tx,
    asked: KeyUse,
    method: Method,
    orders: Vec<(OrderId, Option<Agreed>)>,
    now: Timestamp,
) -> Result<Begun<PaymentId>, Error> {
    const PAYMENT: &str = "INSERT INTO payments (id, partner, mode, method, created_at) VALUES ($1, $2, $3, $4, $5)";
    const SHOWN: &str = select!("WHERE id = $1 AND partner = $2 AND mode = $3");
    const PART: &str = "INSERT INTO payment_orders \
        (payment, order_id, position, state, updated_at, fence, agreed, agreed_currency, agreed_version) \
        VALUES ($1, $2, $3, 'pending', $4, $5, $6, $7, $8)";
    let (id, now_ms) = (PaymentId::fresh(), now.as_millisecond());
    let lease = match claims::claim(tx, &asked, &id, now_ms).await? {
        Claimed::Before(begun) => return Ok(begun),
        Claimed::Fresh(lease) => lease,
    };
    let (partner, mode) = (asked.partner.as_str(), asked.mode.name());
    tx.execute(PAYMENT, args![id.as_str(), partner, mode, method.name(), now_ms]).await?;
    for (position, (order, agreed)) in (0_i64..).zip(orders) {
        let shown = tx.fetch_optional(SHOWN, args![order.as_str(), partner, mode]).await?;
        let Some(shown) = shown else { return Err(Error::OrderNotFound(order)) };
        let shown = summary(&shown)?;
        let Agreed { amount, version } = agreed.unwrap_or(Agreed { amount: shown.payable, version: shown.version });
        let row = args![
            id.as_str(),
            order.as_str(),
            position,
            now_ms,
            holds::FIRST,
            amount.minor,
            amount.currency.code(),
            version,
        ];
        tx.execute(PART, row).await?;
    }
    Ok(Begun::Fresh(lease, id))
}

pub(super) fn part(row: &Row) -> Result<Part, Error> {
    Ok(Part {
        order: row.parse("order_id")?,
        state: row.parse("state")?,
        pay_url: row.opt_text("pay_url")?,
        problem: row.opt_text("problem")?,
        agreed: agreed(row)?,
    })
}

/// Older gateways wrote none.
fn agreed(row: &Row) -> Result<Option<Agreed>, Error> {
    let (Some(minor), Some(_), Some(version)) =
        (row.opt_int("agreed")?, row.opt_text("agreed_currency")?, row.opt_int("agreed_version")?)
    else {
        return Ok(None);
    };
    let version = u32::try_from(version).map_err(|error| Error::unreadable("agreed_version", error))?;
    Ok(Some(Agreed { amount: Money::new(minor, row.parse("agreed_currency")?), version }))
}
