//! A turn: what was tried is written down, and what is due is taken, in one transaction. Any number of nodes take turns
//! at any time; a delivery is taken by one of them, for as long as its lease, and only the newest lease may settle it.

use jiff::Timestamp;

use super::settle::{Texts, settle, texts};
use crate::ledger::endpoints::{self, Secrets};
use crate::ledger::{Error, Ledger, words};
use crate::model::ids::{DeliveryId, EndpointId, EventId, PartnerId};
use crate::model::partner::Mode;
use crate::model::webhook::{Attempt, Endpoint, Format, WhyDisabled};
use crate::sql::{Row, Tx, args};

/// A delivery under a lease.
#[derive(Clone, Debug)]
pub struct Made {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// What the event happened to.
    pub subject: String,
    /// Its event's number.
    pub serial: i64,
    pub(super) fence: i64,
    /// Attempts of this round before this one.
    pub(super) tried: u32,
}

/// A delivery that is ours to try.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Which delivery, under which lease.
    pub made: Made,
    /// Where to.
    pub url: String,
    /// How it is written and signed.
    pub format: Format,
    /// The app that signs, where the older protocol is spoken.
    pub app: Option<String>,
    /// Whose endpoint it is.
    pub partner: PartnerId,
    /// Of which world it hears.
    pub mode: Mode,
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
        // What is written down may let others go on.
        let take_some = room > 0 && (!settled.is_empty() || self.is_any_due(now_ms).await?);
        if settled.is_empty() && !take_some {
            return Ok(Turn::default());
        }
        let claim = DeliveryId::fresh();
        let (from, token, texts) = (from.clone(), claim.clone(), texts(self.sql.engine_name()));
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                if let Some(hint) = texts.hint {
                    tx.execute(hint, Vec::new()).await?;
                }
                let disabled = settle(tx, texts, &settled, now).await?;
                let taken = if take_some { take(tx, texts, &token, room, lease_ms, &from, now_ms).await? } else { 0 };
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
            w.previous_sealed_secret, w.previous_until, w.format, w.app_key, w.partner, w.mode, e.event, e.kind, e.at, e.data \
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
    texts: &Texts,
    claim: &DeliveryId,
    room: u32,
    lease_ms: i64,
    from: &EndpointId,
    now: i64,
) -> Result<u64, Error> {
    const DUE: &str = "SELECT line.delivery FROM (SELECT w.id AS endpoint, (SELECT d.id FROM webhook_deliveries AS d \
        WHERE d.endpoint = w.id AND d.state = 'pending' AND d.due_at <= $1 \
        AND (SELECT MIN(b.serial) FROM webhook_deliveries AS b WHERE b.endpoint = d.endpoint AND b.subject = d.subject \
        AND b.state = 'pending' AND b.serial <= d.serial AND (b.attempts < 3 OR b.serial = d.serial)) = d.serial \
        ORDER BY d.due_at, d.serial LIMIT 1) AS delivery FROM webhook_endpoints AS w WHERE w.state = 'enabled' \
        AND (SELECT COUNT(*) FROM webhook_deliveries AS o WHERE o.endpoint = w.id AND o.claimed_at IS NOT NULL \
        AND o.due_at > $1) < CASE WHEN w.failing_since IS NULL THEN 4 ELSE 1 END) AS line \
        WHERE line.delivery IS NOT NULL \
        ORDER BY CASE WHEN line.endpoint > $2 THEN 0 ELSE 1 END, line.endpoint LIMIT $3";
    let due = tx.fetch_all(DUE, args![now, from.as_str(), room]).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let ids = due.iter().map(|row| Ok(row.text("delivery")?)).collect::<Result<Vec<_>, Error>>()?;
    let ids = words::write("deliveries", &ids)?;
    Ok(tx.execute(texts.take, args![now, lease_ms, claim.as_str(), ids]).await?)
}

fn claimed(row: &Row, now: i64) -> Result<Claimed, Error> {
    let tried = u32::try_from(row.int("attempts")?).unwrap_or(u32::MAX);
    Ok(Claimed {
        made: Made {
            delivery: row.parse("id")?,
            endpoint: row.parse("endpoint")?,
            subject: row.text("subject")?,
            serial: row.int("serial")?,
            fence: row.int("fence")?,
            tried,
        },
        url: row.text("url")?,
        format: row.parse("format")?,
        app: row.opt_text("app_key")?,
        partner: row.parse("partner")?,
        mode: row.parse("mode")?,
        secrets: endpoints::secrets(row, now)?,
        event: row.parse("event")?,
        kind: row.text("kind")?,
        at: words::moment("event", row.int("at")?)?,
        data: row.text("data")?,
        attempts: tried,
    })
}
