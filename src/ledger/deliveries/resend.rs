//! Deliveries that somebody asked for: a test, one more time, or all of a stretch of time.

use jiff::Timestamp;

use super::deliver;
use crate::ledger::outbox::{self, Notice};
use crate::ledger::{Error, Ledger};
use crate::model::event::TEST;
use crate::model::ids::{DeliveryId, EndpointId, EventId};
use crate::model::webhook::Endpoint;
use crate::sql::{Tx, args};

/// What is to be sent again.
#[derive(Clone, Debug)]
pub enum Resend {
    /// One delivery, whatever became of it.
    One(DeliveryId),
    /// All that failed, and all that was never sent here, of events that happened from a moment to before another.
    Missed(Timestamp, Timestamp),
    /// The same, and what was delivered once more.
    All(Timestamp, Timestamp),
}

/// Sends one again in a new round of attempts, unless it is on its way right now.
macro_rules! again {
    ($which:literal) => {
        concat!(
            "UPDATE webhook_deliveries SET state = 'pending', attempts = 0, due_at = $2, fence = fence + 1, \
             claimed_at = NULL, claim = NULL, settled_at = NULL WHERE endpoint = $1 \
             AND NOT (state = 'pending' AND claimed_at IS NOT NULL AND due_at > $2) AND ",
            $which
        )
    };
}

impl Ledger {
    /// Writes a test event for one endpoint, with its delivery, due at once; none when the endpoint is disabled.
    pub async fn append_test(&self, endpoint: &Endpoint) -> Result<Option<DeliveryId>, Error> {
        let (endpoint, now) = (endpoint.clone(), self.clock.now_ms());
        self.sql.transaction(move |tx| Box::pin(async move { test(tx, &endpoint, now).await })).await
    }

    /// How many events a stretch of time has for this endpoint's partner, of any type.
    pub async fn count_events(&self, endpoint: &Endpoint, from: Timestamp, to: Timestamp) -> Result<u64, Error> {
        Ok(self.stretch(endpoint, from, to).await?.0)
    }

    /// Makes deliveries due again, or anew; gives how many: none to an endpoint that is disabled.
    pub async fn resend(&self, endpoint: &Endpoint, what: &Resend) -> Result<u64, Error> {
        const ONE: &str = again!("id = $3");
        const FAILED: &str = again!(
            "state = 'failed' AND created_at >= $5 AND created_at < $6 AND event IN \
             (SELECT e.event FROM events AS e WHERE e.position BETWEEN $3 AND $4)"
        );
        const ALL: &str = again!(
            "state <> 'pending' AND created_at >= $5 AND created_at < $6 AND event IN \
             (SELECT e.event FROM events AS e WHERE e.position BETWEEN $3 AND $4)"
        );
        const MISSING: &str =
            deliver!("$2", "w.id = $1 AND e.position BETWEEN $3 AND $4 AND e.at >= $5 AND e.at < $6", "");
        let (id, now) = (endpoint.id.clone(), self.clock.now_ms());
        let (texts, row) = match what {
            Resend::One(delivery) => (vec![ONE], args![id.as_str(), now, delivery.as_str()]),
            Resend::Missed(from, to) | Resend::All(from, to) => {
                let (_, first, last) = self.stretch(endpoint, *from, *to).await?;
                let again = if matches!(what, Resend::All(..)) { ALL } else { FAILED };
                let row = args![id.as_str(), now, first, last, from.as_millisecond(), to.as_millisecond()];
                (vec![again, MISSING], row)
            }
        };
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let mut count = 0;
                    if hold(tx, &id).await? {
                        for text in texts {
                            count += tx.execute(text, row.clone()).await?;
                        }
                    }
                    Ok(count)
                })
            })
            .await
    }

    /// Whether an endpoint has this delivery.
    pub async fn has_delivery(&self, endpoint: &EndpointId, delivery: &DeliveryId) -> Result<bool, Error> {
        const HAS: &str = "SELECT id FROM webhook_deliveries WHERE id = $1 AND endpoint = $2";
        Ok(self.sql.fetch_optional(HAS, args![delivery.as_str(), endpoint.as_str()]).await?.is_some())
    }

    /// How many published events of a partner happened in a stretch of time, and their first and last positions.
    async fn stretch(&self, of: &Endpoint, from: Timestamp, to: Timestamp) -> Result<(u64, i64, i64), Error> {
        const STRETCH: &str = "SELECT COUNT(*) AS events, MIN(position) AS first, MAX(position) AS last FROM events \
            WHERE partner = $1 AND mode = $2 AND position > 0 AND at >= $3 AND at < $4";
        let row = args![of.partner.as_str(), of.mode.name(), from.as_millisecond(), to.as_millisecond()];
        let Some(row) = self.sql.fetch_optional(STRETCH, row).await? else { return Ok((0, 0, 0)) };
        let count = u64::try_from(row.int("events")?).unwrap_or(0);
        Ok((count, row.opt_int("first")?.unwrap_or(0), row.opt_int("last")?.unwrap_or(0)))
    }
}

/// Holds an endpoint until the transaction ends, so that nobody disables it meanwhile; false when somebody did.
async fn hold(tx: &mut Tx, id: &EndpointId) -> Result<bool, Error> {
    const HOLD: &str = "UPDATE webhook_endpoints SET state = state WHERE id = $1 AND state = 'enabled'";
    Ok(tx.execute(HOLD, args![id.as_str()]).await? == 1)
}

async fn test(tx: &mut Tx, endpoint: &Endpoint, now: i64) -> Result<Option<DeliveryId>, Error> {
    const DELIVER: &str = "INSERT INTO webhook_deliveries \
        (id, endpoint, event, serial, subject, state, attempts, due_at, fence, created_at) \
        SELECT $1, w.id, e.event, e.serial, e.event, 'pending', 0, e.at, 0, e.at \
        FROM events AS e, webhook_endpoints AS w WHERE e.event = $2 AND w.id = $3 AND w.state = 'enabled'";
    if !hold(tx, &endpoint.id).await? {
        return Ok(None);
    }
    let (event, delivery) = (EventId::fresh(), DeliveryId::fresh());
    let notice = Notice {
        event: &event,
        partner: &endpoint.partner,
        mode: endpoint.mode,
        subject: endpoint.id.as_str(),
        kind: TEST.to_owned(),
        data: serde_json::json!({ "endpoint_id": endpoint.id.as_str(), "state": endpoint.state.name() }),
        at: now,
    };
    outbox::post(tx, &[notice]).await?;
    let row = args![delivery.as_str(), event.as_str(), endpoint.id.as_str()];
    Ok((tx.execute(DELIVER, row).await? == 1).then_some(delivery))
}
