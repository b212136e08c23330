//! A turn: what was tried is written down, and what is due is taken, in one transaction. Any number of nodes take turns
//! at any time; a delivery is taken by one of them, for as long as its lease, and only the newest lease may settle it.

use jiff::Timestamp;

use crate::ledger::endpoints::{self, Secrets};
use crate::ledger::{Error, Ledger, words};
use crate::model::ids::{DeliveryId, EndpointId, EventId};
use crate::model::webhook::{Attempt, Endpoint, WhyDisabled};
use crate::sql::{Row, Tx, args};

/// An endpoint whose every attempt failed for so long is disabled.
const FAILING_MS: i64 = 3 * 86_400_000;

/// A delivery under a lease.
#[derive(Clone, Debug)]
pub struct Made {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The endpoint.
    pub endpoint: EndpointId,
    subject: String,
    serial: i64,
    fence: i64,
}

/// A delivery that is ours to try.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Which delivery, under which lease.
    pub made: Made,
    /// Where to.
    pub url: String,
    /// What to sign with.
    pub secrets: Secrets,
    /// The event.
    pub event: EventId,
    /// Its type.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// Its data, as it was written.
    pub data: String,
    /// Attempts of this round before this one.
    pub attempts: u32,
}

/// What an attempt means for its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The endpoint has it.
    Delivered,
    /// It is tried again, not before this moment in milliseconds.
    Again(i64),
    /// That was the last attempt.
    Exhausted,
    /// The endpoint wants nothing any more.
    Gone,
}

/// A try that is over.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Of which delivery.
    pub made: Made,
    /// What was tried.
    pub attempt: Attempt,
    /// What it means.
    pub verdict: Verdict,
}

/// What a turn brought.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// What is ours to try now.
    pub claimed: Vec<Claimed>,
    /// Endpoints that were disabled by what was written down.
    pub disabled: Vec<(Endpoint, WhyDisabled)>,
}

impl Ledger {
    /// Writes down what was tried and takes at most `room` due deliveries, one for each endpoint, for `lease_ms`.
    /// Endpoints after `from` come first, so that all have their turn.
    pub async fn take_turn(
        &self,
        settled: Vec<Settled>,
        room: u32,
        lease_ms: i64,
        from: &EndpointId,
    ) -> Result<Turn, Error> {
        let now = self.clock.now();
        let now_ms = now.as_millisecond();
        let take_some = room > 0 && self.is_any_due(now_ms).await?;
        if settled.is_empty() && !take_some {
            return Ok(Turn::default());
        }
        let claim = DeliveryId::fresh();
        let (from, token) = (from.clone(), claim.clone());
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let mut disabled = Vec::new();
                for one in &settled {
                    disabled.extend(settle(tx, one, now).await?);
                }
                let taken = if take_some { take(tx, &token, room, lease_ms, &from, now_ms).await? } else { 0 };
                Ok::<_, Error>((disabled, taken))
            })
        });
        let (disabled, taken) = written.await?;
        let claimed = if taken > 0 { self.list_claimed(&claim, now_ms).await? } else { Vec::new() };
        Ok(Turn { claimed, disabled })
    }

    async fn is_any_due(&self, now: i64) -> Result<bool, Error> {
        const DUE: &str = "SELECT id FROM webhook_deliveries WHERE state = 'pending' AND due_at <= $1 LIMIT 1";
        Ok(self.sql.fetch_optional(DUE, args![now]).await?.is_some())
    }

    async fn list_claimed(&self, claim: &DeliveryId, now: i64) -> Result<Vec<Claimed>, Error> {
        const LIST: &str = "SELECT d.id, d.endpoint, d.subject, d.serial, d.fence, d.attempts, w.url, \
            w.master_version, w.wrapped_key, w.sealed_secret, w.previous_master_version, w.previous_wrapped_key, \
            w.previous_sealed_secret, w.previous_until, e.event, e.kind, e.at, e.data \
            FROM webhook_deliveries AS d JOIN webhook_endpoints AS w ON w.id = d.endpoint \
            JOIN events AS e ON e.event = d.event WHERE d.claim = $1 ORDER BY d.serial";
        let rows = self.sql.fetch_all(LIST, args![claim.as_str()]).await?;
        rows.iter().map(|row| claimed(row, now)).collect()
    }
}

/// Takes what is due: for each endpoint with room the delivery that waited longest and has nobody in front of it.
/// Over all nodes four attempts to one endpoint may be under way at one time, and one while it fails.
async fn take(
    tx: &mut Tx,
    claim: &DeliveryId,
    room: u32,
    lease_ms: i64,
    from: &EndpointId,
    now: i64,
) -> Result<u64, Error> {
    // The conditions on the row itself stand outside once more: on PostgreSQL, a node that had to wait for another
    // node's turn looks at the row again and leaves it alone.
    const TAKE: &str = "UPDATE webhook_deliveries SET fence = fence + 1, claimed_at = $1, due_at = $1 + $2, claim = $3 \
         WHERE state = 'pending' AND due_at <= $1 AND id IN (SELECT line.delivery FROM (SELECT w.id AS endpoint, \
         (SELECT d.id FROM webhook_deliveries AS d WHERE d.endpoint = w.id AND d.state = 'pending' AND d.due_at <= $1 \
         AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS b WHERE b.endpoint = d.endpoint AND b.subject = d.subject \
         AND b.state = 'pending' AND b.serial < d.serial AND b.attempts < 3) \
         ORDER BY d.due_at, d.serial LIMIT 1) AS delivery FROM webhook_endpoints AS w WHERE w.state = 'enabled' \
         AND (SELECT COUNT(*) FROM webhook_deliveries AS o WHERE o.endpoint = w.id AND o.claimed_at IS NOT NULL \
         AND o.due_at > $1) < CASE WHEN w.failing_since IS NULL THEN 4 ELSE 1 END) AS line \
         WHERE line.delivery IS NOT NULL \
         ORDER BY CASE WHEN line.endpoint > $4 THEN 0 ELSE 1 END, line.endpoint LIMIT $5)";
    Ok(tx.execute(TAKE, args![now, lease_ms, claim.as_str(), from.as_str(), room]).await?)
}

/// Writes an attempt down, if its lease is still the newest; gives the endpoint if that disabled it.
async fn settle(tx: &mut Tx, one: &Settled, now: Timestamp) -> Result<Option<(Endpoint, WhyDisabled)>, Error> {
    // What was given up meanwhile stays given up, unless the endpoint has it.
    const SETTLE: &str = "UPDATE webhook_deliveries SET attempts = attempts + 1, claimed_at = NULL, claim = NULL, \
        state = CASE WHEN state = 'failed' AND $3 <> 'delivered' THEN state ELSE $3 END, due_at = $4, \
        settled_at = CASE WHEN $3 = 'pending' THEN settled_at ELSE $5 END WHERE id = $1 AND fence = $2";
    const NOTE: &str = "INSERT INTO webhook_attempts (delivery, number, at, duration_ms, status, problem, answer) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (made, attempt, now_ms) = (&one.made, &one.attempt, now.as_millisecond());
    let (state, due_at) = match one.verdict {
        Verdict::Delivered => ("delivered", now_ms),
        Verdict::Again(at) => ("pending", at),
        Verdict::Exhausted | Verdict::Gone => ("failed", now_ms),
    };
    let row = args![made.delivery.as_str(), made.fence, state, due_at, now_ms];
    if tx.execute(SETTLE, row).await? == 0 {
        return Ok(None);
    }
    let note = args![
        made.delivery.as_str(),
        made.fence,
        attempt.at.as_millisecond(),
        attempt.duration_ms,
        attempt.status.map(i64::from),
        attempt.problem.clone(),
        &attempt.answer,
    ];
    tx.execute(NOTE, note).await?;
    move_line(tx, made, due_at).await?;
    match judge(tx, made, one.verdict, attempt.at.as_millisecond(), now_ms).await? {
        Some(why) => Ok(endpoints::disable(tx, &made.endpoint, why, now).await?.map(|endpoint| (endpoint, why))),
        None => Ok(None),
    }
}

/// Those behind it in line are looked at when it is tried again, or at once when it is out of their way. They are
/// looked at, no more: whether they still have to wait is asked when they are taken. After its third failed attempt
/// their time is left as it is, for it has come.
async fn move_line(tx: &mut Tx, made: &Made, due_at: i64) -> Result<(), Error> {
    const MOVE: &str = "UPDATE webhook_deliveries SET due_at = $4 WHERE endpoint = $1 AND subject = $2 \
        AND state = 'pending' AND serial > $3 AND attempts = 0 AND claimed_at IS NULL \
        AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS me WHERE me.id = $5 AND me.state = 'pending' \
        AND me.attempts >= 3)";
    let row = args![made.endpoint.as_str(), &made.subject, made.serial, due_at, made.delivery.as_str()];
    tx.execute(MOVE, row).await?;
    Ok(())
}

/// Keeps since when the endpoint fails; says whether that is reason enough to disable it.
async fn judge(tx: &mut Tx, made: &Made, verdict: Verdict, at: i64, now: i64) -> Result<Option<WhyDisabled>, Error> {
    const WELL: &str = "UPDATE webhook_endpoints SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL";
    const FAILS: &str = "UPDATE webhook_endpoints SET failing_since = $2 WHERE id = $1 AND failing_since IS NULL";
    const SINCE: &str = "SELECT failing_since FROM webhook_endpoints WHERE id = $1";
    let endpoint = made.endpoint.as_str();
    if verdict == Verdict::Delivered {
        tx.execute(WELL, args![endpoint]).await?;
        return Ok(None);
    }
    tx.execute(FAILS, args![endpoint, at]).await?;
    if verdict == Verdict::Gone {
        return Ok(Some(WhyDisabled::Gone));
    }
    let row = tx.fetch_optional(SINCE, args![endpoint]).await?;
    let since = row.map(|row| row.opt_int("failing_since")).transpose()?.flatten();
    Ok(since.filter(|since| now - since >= FAILING_MS).map(|_| WhyDisabled::Failing))
}

fn claimed(row: &Row, now: i64) -> Result<Claimed, Error> {
    Ok(Claimed {
        made: Made {
            delivery: row.parse("id")?,
            endpoint: row.parse("endpoint")?,
            subject: row.text("subject")?,
            serial: row.int("serial")?,
            fence: row.int("fence")?,
        },
        url: row.text("url")?,
        secrets: endpoints::secrets(row, now)?,
        event: row.parse("event")?,
        kind: row.text("kind")?,
        at: words::moment("event", row.int("at")?)?,
        data: row.text("data")?,
        attempts: u32::try_from(row.int("attempts")?).unwrap_or(u32::MAX),
    })
}
