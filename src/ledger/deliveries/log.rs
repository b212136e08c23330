//! What became of deliveries: the log a partner reads, what the operator counts, and what is forgotten when.

use crate::ledger::pages::{page, place};
use crate::ledger::{Error, Ledger, words};
use crate::model::ids::{DeliveryId, EndpointId, EventId};
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::webhook::{Attempt, Delivery, DeliveryState};
use crate::sql::{Row, args};

/// How long deliveries are remembered; as long as their events.
const KEEP_MS: i64 = 30 * 86_400_000;
/// So many are forgotten at one time, so that nobody waits long for the writer.
const STRETCH: i64 = 1_000;

/// Which deliveries a list shows.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Only those in this state.
    pub state: Option<DeliveryState>,
    /// Only that of this event.
    pub event: Option<EventId>,
}

/// How much is not delivered yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undelivered {
    /// Deliveries that are pending.
    pub pending: u64,
    /// Age of the oldest of them, in seconds.
    pub oldest_s: i64,
}

/// The newest deliveries of an endpoint, for a list and for the attempts of that list.
macro_rules! newest {
    ($columns:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM webhook_deliveries AS d JOIN events AS e ON e.event = d.event WHERE d.endpoint = $1 \
             AND ($2 IS NULL OR d.state = $2) AND ($3 IS NULL OR d.event = $3) \
             AND ($4 IS NULL OR d.created_at < $4 OR (d.created_at = $4 AND d.id < $5)) \
             ORDER BY d.created_at DESC, d.id DESC LIMIT $6"
        )
    };
}

impl Ledger {
    /// An endpoint's deliveries with their attempts, newest event first.
    pub async fn list_deliveries(
        &self,
        endpoint: &EndpointId,
        filter: &DeliveryFilter,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<Delivery>, Error> {
        const LIST: &str =
            newest!("d.id, d.event, e.subject, d.state, d.due_at, d.created_at, d.settled_at, d.attempts, e.kind");
        const ATTEMPTS: &str = concat!(
            "SELECT a.delivery, a.at, a.duration_ms, a.status, a.problem, a.answer FROM webhook_attempts AS a \
             WHERE a.delivery IN (SELECT listed.id FROM (",
            newest!("d.id"),
            ") AS listed) ORDER BY a.delivery, a.number"
        );
        let mut row = args![
            endpoint.as_str(),
            filter.state.map(DeliveryState::name),
            filter.event.as_ref().map(EventId::as_str),
        ];
        row.extend(place::<DeliveryId>(after)?);
        row.extend(args![size.get() + 1]);
        let mut listed = page(self.sql.fetch_all(LIST, row.clone()).await?, size.get(), delivery, mark)?;
        for row in self.sql.fetch_all(ATTEMPTS, row).await? {
            let of: DeliveryId = row.parse("delivery")?;
            if let Some(delivery) = listed.items.iter_mut().find(|delivery| delivery.id == of) {
                delivery.attempts.push(attempt(&row)?);
            }
        }
        Ok(listed)
    }

    /// How much is not delivered yet, over all partners.
    pub async fn undelivered(&self) -> Result<Undelivered, Error> {
        const COUNT: &str = "SELECT COUNT(*) AS pending, MIN(created_at) AS oldest FROM webhook_deliveries \
            WHERE state = 'pending'";
        let Some(row) = self.sql.fetch_optional(COUNT, Vec::new()).await? else { return Ok(Undelivered::default()) };
        let oldest_s = row.opt_int("oldest")?.map_or(0, |oldest| (self.clock.now_ms() - oldest).max(0) / 1000);
        Ok(Undelivered { pending: u64::try_from(row.int("pending")?).unwrap_or(0), oldest_s })
    }

    /// Forgets deliveries of events that happened long ago, with their attempts; gives how many.
    pub async fn tidy_deliveries(&self) -> Result<u64, Error> {
        let horizon = self.clock.now_ms() - KEEP_MS;
        let mut gone = 0;
        loop {
            let forgotten = self.forget_some(horizon).await?;
            gone += forgotten;
            if forgotten < STRETCH.unsigned_abs() {
                return Ok(gone);
            }
        }
    }

    async fn forget_some(&self, horizon: i64) -> Result<u64, Error> {
        const ATTEMPTS: &str = "DELETE FROM webhook_attempts WHERE delivery IN \
            (SELECT id FROM webhook_deliveries WHERE created_at <= $1 ORDER BY created_at, id LIMIT $2)";
        const DELIVERIES: &str = "DELETE FROM webhook_deliveries WHERE id IN \
            (SELECT id FROM webhook_deliveries WHERE created_at <= $1 ORDER BY created_at, id LIMIT $2)";
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    tx.execute(ATTEMPTS, args![horizon, STRETCH]).await?;
                    Ok(tx.execute(DELIVERIES, args![horizon, STRETCH]).await?)
                })
            })
            .await
    }
}

pub(in crate::ledger) fn delivery(row: &Row) -> Result<Delivery, Error> {
    let state = row.parse("state")?;
    let due_at = row.int("due_at")?;
    let moment = |ms| words::moment("delivery", ms);
    Ok(Delivery {
        id: row.parse("id")?,
        event: row.parse("event")?,
        kind: row.text("kind")?,
        subject: row.text("subject")?,
        state,
        next_attempt_at: (state == DeliveryState::Pending).then(|| moment(due_at)).transpose()?,
        created_at: moment(row.int("created_at")?)?,
        settled_at: row.opt_int("settled_at")?.map(moment).transpose()?,
        attempts: Vec::new(),
    })
}

pub(in crate::ledger) fn attempt(row: &Row) -> Result<Attempt, Error> {
    Ok(Attempt {
        at: words::moment("attempt", row.int("at")?)?,
        duration_ms: row.int("duration_ms")?,
        status: row.opt_int("status")?.and_then(|status| u16::try_from(status).ok()),
        problem: row.opt_text("problem")?,
        answer: row.text("answer")?,
    })
}

/// The mark behind a delivery.
pub(in crate::ledger) fn mark(last: &Delivery) -> Cursor {
    Cursor::behind(last.created_at.as_millisecond(), &last.id)
}
