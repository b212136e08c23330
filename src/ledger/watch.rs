//! What the operator watches of webhooks over all partners, and what was told of one order to whom: endpoints with their
//! health, deliveries of any of them, and an endpoint enabled again by hand.

use jiff::Timestamp;

use super::deliveries::{self, attempt, delivery};
use super::endpoints::endpoint;
use super::pages::{page, place};
use super::{Error, Ledger, words};
use crate::audit::{self, Entry, Who};
use crate::model::ids::{ConsignmentId, DeliveryId, EndpointId, EventId, OrderId, PartnerId};
use crate::model::order::Order;
use crate::model::page::{Cursor, Page};
use crate::model::partner::Mode;
use crate::model::webhook::{Delivery, DeliveryState, Endpoint};
use crate::sql::{Row, args};

/// Deliveries are counted over so long.
const COUNTED_MS: i64 = 86_400_000;

/// An endpoint and how it does.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Deliveries that wait or are under way.
    pub pending: u64,
    /// The event of the oldest of them.
    pub oldest: Option<Timestamp>,
    /// Events of the last 24 hours that were delivered.
    pub delivered: u64,
    /// Events of the last 24 hours that were given up.
    pub failed: u64,
}

/// Which deliveries are wanted; all by default.
#[derive(Clone, Debug, Default)]
pub struct DeliveryWhich {
    /// Only to this endpoint.
    pub endpoint: Option<EndpointId>,
    /// Only of this partner.
    pub partner: Option<PartnerId>,
    /// Only in this state.
    pub state: Option<DeliveryState>,
    /// Only events of this type.
    pub kind: Option<String>,
    /// Only of what happened to this.
    pub subject: Option<String>,
}

/// A delivery, and where it goes.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The delivery with its attempts.
    pub delivery: Delivery,
    /// To which endpoint.
    pub endpoint: EndpointId,
    /// The endpoint's address.
    pub url: String,
    /// Whose it is.
    pub partner: PartnerId,
    /// Of which world.
    pub mode: Mode,
}

/// Something a partner was told, or will be, and what became of it.
#[derive(Clone, Debug)]
pub struct Story {
    /// The event.
    pub event: EventId,
    /// Its public type.
    pub kind: String,
    /// What it happened to.
    pub subject: String,
    /// When it was written down.
    pub at: Timestamp,
    /// Its place among the events of all partners; none until it is published.
    pub position: Option<i64>,
    /// On its way to which endpoints.
    pub sent: Vec<Sent>,
}

impl Ledger {
    /// Every endpoint of every partner, those that fail or are disabled first, then the busiest.
    pub async fn watch_endpoints(&self) -> Result<Vec<Watched>, Error> {
        const WATCH: &str = "SELECT w.id, w.partner, w.mode, w.url, w.description, w.patterns, w.state, w.why, \
            w.failing_since, w.format, w.app_key, w.previous_until, w.created_at, w.updated_at, \
            COALESCE(n.pending, 0) AS pending, n.oldest, COALESCE(n.delivered, 0) AS delivered, \
            COALESCE(n.failed, 0) AS failed FROM webhook_endpoints w LEFT JOIN \
            (SELECT endpoint, COUNT(CASE WHEN state = 'pending' THEN 1 END) AS pending, \
             MIN(CASE WHEN state = 'pending' THEN created_at END) AS oldest, \
             COUNT(CASE WHEN state = 'delivered' THEN 1 END) AS delivered, \
             COUNT(CASE WHEN state = 'failed' THEN 1 END) AS failed \
             FROM webhook_deliveries WHERE state = 'pending' OR created_at >= $1 GROUP BY endpoint) AS n \
            ON n.endpoint = w.id \
            ORDER BY CASE WHEN w.state = 'disabled' AND w.why <> 'by_partner' THEN 0 \
             WHEN w.failing_since IS NOT NULL AND w.state = 'enabled' THEN 1 WHEN w.state = 'enabled' THEN 2 ELSE 3 END, \
            COALESCE(w.failing_since, 0), COALESCE(n.pending, 0) DESC, w.partner, w.created_at, w.id";
        let rows = self.sql.fetch_all(WATCH, args![self.clock.now_ms() - COUNTED_MS]).await?;
        rows.iter().map(watched).collect()
    }

    /// An endpoint, whoever's it is.
    pub async fn find_any_endpoint(&self, id: &EndpointId) -> Result<Option<Endpoint>, Error> {
        const FIND: &str = "SELECT id, partner, mode, url, description, patterns, state, why, failing_since, \
            format, app_key, previous_until, created_at, updated_at FROM webhook_endpoints WHERE id = $1";
        self.sql.fetch_optional(FIND, args![id.as_str()]).await?.as_ref().map(endpoint).transpose()
    }

    /// The endpoint that a delivery goes to.
    pub async fn find_endpoint_of(&self, delivery: &DeliveryId) -> Result<Option<EndpointId>, Error> {
        const FIND: &str = "SELECT endpoint FROM webhook_deliveries WHERE id = $1";
        let row = self.sql.fetch_optional(FIND, args![delivery.as_str()]).await?;
        Ok(row.map(|row| row.parse("endpoint")).transpose()?)
    }

    /// A page of deliveries with their attempts, newest event first.
    pub async fn list_all_deliveries(
        &self,
        which: &DeliveryWhich,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Sent>, Error> {
        const LIST: &str = "SELECT d.id, d.event, d.subject, d.state, d.due_at, d.created_at, d.settled_at, \
            d.attempts, e.kind, w.id AS endpoint, w.url, w.partner, w.mode FROM webhook_deliveries d \
            JOIN events e ON e.event = d.event JOIN webhook_endpoints w ON w.id = d.endpoint \
            WHERE ($1 IS NULL OR d.endpoint = $1) AND ($2 IS NULL OR w.partner = $2) AND ($3 IS NULL OR d.state = $3) \
            AND ($4 IS NULL OR e.kind = $4) AND ($5 IS NULL OR d.subject = $5) \
            AND ($6 IS NULL OR d.created_at < $6 OR (d.created_at = $6 AND d.id < $7)) \
            ORDER BY d.created_at DESC, d.id DESC LIMIT $8";
        let mut row = args![
            which.endpoint.as_ref().map(EndpointId::as_str),
            which.partner.as_ref().map(PartnerId::as_str),
            which.state.map(DeliveryState::name),
            which.kind.clone(),
            which.subject.clone(),
        ];
        row.extend(place::<DeliveryId>(after)?);
        row.extend(args![limit.saturating_add(1)]);
        let rows = self.sql.fetch_all(LIST, row).await?;
        let mut listed = page(rows, limit, sent, |last| deliveries::mark(&last.delivery))?;
        for sent in &mut listed.items {
            self.with_attempts(sent).await?;
        }
        Ok(listed)
    }

    /// What a partner was told of an order, of what was paid, sent, gathered or asked back for it, oldest first.
    pub async fn told_of(&self, order: &Order) -> Result<Vec<Story>, Error> {
        const TOLD: &str = "SELECT event, kind, subject, at, position FROM events WHERE partner = $2 AND mode = $3 AND \
            subject IN (SELECT $1 UNION ALL SELECT payment FROM payment_orders WHERE order_id = $1 \
             UNION ALL SELECT id FROM refunds WHERE order_id = $1 \
             UNION ALL SELECT consignment FROM consignment_orders WHERE order_id = $1 \
             UNION ALL SELECT CAST(id AS TEXT) FROM shipments WHERE order_id = $1) ORDER BY serial";
        const SENT: &str = "SELECT d.id, d.event, d.subject, d.state, d.due_at, d.created_at, d.settled_at, \
            d.attempts, e.kind, w.id AS endpoint, w.url, w.partner, w.mode FROM webhook_deliveries d \
            JOIN events e ON e.event = d.event JOIN webhook_endpoints w ON w.id = d.endpoint \
            WHERE d.event = $1 ORDER BY w.created_at, w.id";
        let deed = &order.deed;
        let row = args![deed.id.as_str(), deed.partner.as_str(), deed.mode.name()];
        let mut stories = Vec::new();
        for row in self.sql.fetch_all(TOLD, row).await? {
            let mut story = story(&row)?;
            for row in self.sql.fetch_all(SENT, args![story.event.as_str()]).await? {
                let mut sent = sent(&row)?;
                self.with_attempts(&mut sent).await?;
                story.sent.push(sent);
            }
            stories.push(story);
        }
        Ok(stories)
    }

    /// The consignments that an order is or was part of, oldest first.
    pub async fn consignments_of(&self, order: &OrderId) -> Result<Vec<ConsignmentId>, Error> {
        const OF: &str = "SELECT consignment FROM consignment_orders WHERE order_id = $1 ORDER BY consignment";
        let rows = self.sql.fetch_all(OF, args![order.as_str()]).await?;
        rows.iter().map(|row| Ok(row.parse("consignment")?)).collect()
    }

    /// Lets an endpoint hear again by an operator's hand; false when it was enabled, or there is none.
    pub async fn enable_endpoint_by(&self, who: Who, id: &EndpointId) -> Result<bool, Error> {
        const ENABLE: &str = "UPDATE webhook_endpoints SET state = 'enabled', why = NULL, failing_since = NULL, \
            updated_at = $2 WHERE id = $1 AND state = 'disabled'";
        let now = self.clock.now();
        let (entry, id) = (Entry::new(now, who, "webhook_endpoint.enable", id, ""), id.clone());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    if tx.execute(ENABLE, args![id.as_str(), now.as_millisecond()]).await? == 0 {
                        return Ok(false);
                    }
                    audit::note(tx, &entry).await?;
                    Ok(true)
                })
            })
            .await
    }

    async fn with_attempts(&self, sent: &mut Sent) -> Result<(), Error> {
        const ATTEMPTS: &str = "SELECT at, duration_ms, status, problem, answer FROM webhook_attempts \
            WHERE delivery = $1 ORDER BY number";
        let rows = self.sql.fetch_all(ATTEMPTS, args![sent.delivery.id.as_str()]).await?;
        sent.delivery.attempts = rows.iter().map(attempt).collect::<Result<_, Error>>()?;
        Ok(())
    }
}

fn watched(row: &Row) -> Result<Watched, Error> {
    let count = |column| row.int(column).map(|count| u64::try_from(count).unwrap_or(0));
    Ok(Watched {
        endpoint: endpoint(row)?,
        pending: count("pending")?,
        oldest: row.opt_int("oldest")?.map(|ms| words::moment("delivery", ms)).transpose()?,
        delivered: count("delivered")?,
        failed: count("failed")?,
    })
}

fn sent(row: &Row) -> Result<Sent, Error> {
    Ok(Sent {
        delivery: delivery(row)?,
        endpoint: row.parse("endpoint")?,
        url: row.text("url")?,
        partner: row.parse("partner")?,
        mode: row.parse("mode")?,
    })
}

fn story(row: &Row) -> Result<Story, Error> {
    Ok(Story {
        event: row.parse("event")?,
        kind: row.text("kind")?,
        subject: row.text("subject")?,
        at: words::moment("event", row.int("at")?)?,
        position: row.opt_int("position")?,
        sent: Vec::new(),
    })
}
