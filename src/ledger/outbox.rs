//! What partners hear of: one row for each event, written in the transaction that made it true, and numbered when it is
//! published. What is told of which event is decided by whoever writes it; sending it is for others.

use std::time::Duration;

use super::{Error, Ledger, deliveries};
use crate::model::event;
use crate::model::ids::{EventId, PartnerId};
use crate::model::partner::Mode;
use crate::sql::{Row, Rows, Tx, args};

/// How long published events are kept.
const KEEP_MS: i64 = 30 * 86_400_000;

/// Something a partner is told.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    /// Its id; the same for every way and every repeat it is told by.
    pub event: &'a EventId,
    /// Whom it is told.
    pub partner: &'a PartnerId,
    /// In which world.
    pub mode: Mode,
    /// The id of what it happened to; events of one subject are told in their order.
    pub subject: &'a str,
    /// The public type, e.g. `order.paid`.
    pub kind: String,
    /// Ids, the partner's reference, the new state.
    pub data: serde_json::Value,
    /// When it was written down, in milliseconds.
    pub at: i64,
}

/// A published event.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// Its place among all published events; without holes over all partners, and never given twice.
    pub position: i64,
    /// Its id.
    pub event: EventId,
    /// Whom it is told.
    pub partner: PartnerId,
    /// In which world.
    pub mode: Mode,
    /// The id of what it happened to.
    pub subject: String,
    /// The public type.
    pub kind: String,
    /// Ids, the partner's reference, the new state: a JSON object as it was written.
    pub data: String,
    /// When it was written down, in milliseconds.
    pub at: i64,
}

/// What one pass of publishing brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// How many events were published in this pass.
    pub count: u64,
    /// The newest position of all.
    pub newest: i64,
}

/// What is written and not published yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Events that wait.
    pub count: u64,
    /// Age of the oldest of them, in milliseconds.
    pub oldest_ms: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT position, event, partner, mode, subject, kind, data, at FROM events ", $rest)
    };
}

impl Ledger {
    /// Publishes at most so many of the oldest events that wait: gives them the next positions. Any node may call it at
    /// any time; they take turns.
    pub async fn publish(&self, limit: u32) -> Result<Published, Error> {
        const PEEK: &str = "SELECT position, (SELECT COUNT(*) FROM \
            (SELECT serial FROM events WHERE position IS NULL LIMIT 1) AS first) AS waiting FROM event_head WHERE id = 1";
        let row = self.sql.fetch_optional(PEEK, Vec::new()).await?.ok_or_else(headless)?;
        if row.int("waiting")? == 0 {
            return Ok(Published { count: 0, newest: row.int("position")? });
        }
        self.sql.transaction(move |tx| Box::pin(async move { publish(tx, limit).await })).await
    }

    /// Waits until this process wrote an event, or for so long; for the one task that publishes. Other nodes' events are
    /// published by the nodes that wrote them, or by whoever looks next.
    pub async fn wait_for_news(&self, at_most: Duration) {
        self.sql.wait_for_news(at_most).await;
    }

    /// A partner's published events after a position, oldest first; of all kinds when `kinds` is empty.
    pub async fn list_events(
        &self,
        partner: &PartnerId,
        mode: Mode,
        after: i64,
        kinds: &[String],
        limit: u32,
    ) -> Result<Vec<Announcement>, Error> {
        const LIST: &str = select!(
            "WHERE partner = $1 AND mode = $2 AND position > $3 \
             AND ($4 = '' OR REPLACE($4, ',' || kind || ',', '') <> $4) ORDER BY position LIMIT $5"
        );
        let kinds = if kinds.is_empty() { String::new() } else { format!(",{},", kinds.join(",,")) };
        let rows = self.sql.fetch_all(LIST, args![partner.as_str(), mode.name(), after, kinds, limit]).await?;
        rows.iter().map(announcement).collect()
    }

    /// A partner's published event.
    pub async fn find_event(
        &self,
        partner: &PartnerId,
        mode: Mode,
        event: &EventId,
    ) -> Result<Option<Announcement>, Error> {
        const FIND: &str = select!("WHERE event = $1 AND partner = $2 AND mode = $3 AND position IS NOT NULL");
        let row = self.sql.fetch_optional(FIND, args![event.as_str(), partner.as_str(), mode.name()]).await?;
        row.as_ref().map(announcement).transpose()
    }

    /// How much waits to be published, and for how long.
    pub async fn events_backlog(&self) -> Result<Backlog, Error> {
        const COUNT: &str = "SELECT COUNT(*) AS waiting, MIN(at) AS oldest FROM events WHERE position IS NULL";
        let Some(row) = self.sql.fetch_optional(COUNT, Vec::new()).await? else { return Ok(Backlog::default()) };
        let oldest_ms = row.opt_int("oldest")?.map_or(0, |oldest| (self.clock.now_ms() - oldest).max(0));
        Ok(Backlog { count: u64::try_from(row.int("waiting")?).unwrap_or(0), oldest_ms })
    }

    /// Removes events published long ago, a stretch at a time so that nobody waits long for the writer.
    pub(super) async fn forget_events(&self, now: i64) -> Result<u64, Error> {
        const STRETCH: &str = "SELECT MAX(serial) AS last, MIN(at) AS oldest FROM \
            (SELECT serial, at FROM events WHERE serial > $1 ORDER BY serial LIMIT 1000) AS stretch";
        const FORGET: &str = "DELETE FROM events \
            WHERE serial > $1 AND serial <= $2 AND position IS NOT NULL AND at <= $3";
        let (mut gone, mut from, horizon) = (0, 0, now - KEEP_MS);
        while let Some(row) = self.sql.fetch_optional(STRETCH, args![from]).await? {
            let (Some(last), Some(oldest)) = (row.opt_int("last")?, row.opt_int("oldest")?) else { break };
            if oldest > horizon {
                break;
            }
            gone += self.sql.execute(FORGET, args![from, last, horizon]).await?;
            from = last;
        }
        Ok(gone)
    }
}

async fn publish(tx: &mut Tx, limit: u32) -> Result<Published, Error> {
    // Locks the head's row: a second publisher waits here, and sees then what the first one numbered.
    const TURN: &str = "UPDATE event_head SET position = position WHERE id = 1 RETURNING position";
    const NUMBER: &str = "UPDATE events SET position = fresh.place FROM \
        (SELECT serial, $1 + ROW_NUMBER() OVER (ORDER BY serial) AS place \
         FROM events WHERE position IS NULL ORDER BY serial LIMIT $2) AS fresh \
        WHERE events.serial = fresh.serial";
    const MOVE: &str = "UPDATE event_head SET position = $2 WHERE id = 1 AND position = $1";
    let from = tx.fetch_optional(TURN, Vec::new()).await?.ok_or_else(headless)?.int("position")?;
    let count = tx.execute(NUMBER, args![from, limit]).await?;
    if count == 0 {
        return Ok(Published { count, newest: from });
    }
    let newest = from + i64::try_from(count).unwrap_or(i64::MAX - from);
    if tx.execute(MOVE, args![from, newest]).await? == 0 {
        return Err(Error::Moved);
    }
    deliveries::fan_out(tx, from, newest).await?;
    Ok(Published { count, newest })
}

fn announcement(row: &Row) -> Result<Announcement, Error> {
    Ok(Announcement {
        position: row.int("position")?,
        event: row.parse("event")?,
        partner: row.parse("partner")?,
        mode: row.parse("mode")?,
        subject: row.text("subject")?,
        kind: row.text("kind")?,
        data: row.text("data")?,
        at: row.int("at")?,
    })
}

fn headless() -> Error {
    Error::unreadable("event_head", "its row is gone")
}

/// Writes them down, in this order. Comes after the write that settles whose turn it is (the compare-and-set of the
/// subject), so that a subject's events are numbered in the order of its story.
pub(super) async fn post(tx: &mut Tx, notices: &[Notice<'_>]) -> Result<(), Error> {
    static POST: Rows = Rows::new("INSERT INTO events (event, partner, mode, subject, kind, data, at) VALUES", 7);
    if notices.is_empty() {
        return Ok(());
    }
    // Nobody could subscribe to it: a mistake of whoever wrote it, for the first test that meets it to find.
    let unknown = notices.iter().find(|notice| event::find(&notice.kind).is_none());
    if let Some(notice) = unknown.filter(|_| cfg!(debug_assertions)) {
        return Err(Error::unreadable("event", format!("{} is not in the table of `model::event`", notice.kind)));
    }
    let row = |notice: &Notice<'_>| {
        args![
            notice.event.as_str(),
            notice.partner.as_str(),
            notice.mode.name(),
            notice.subject,
            &notice.kind,
            notice.data.to_string(),
            notice.at,
        ]
    };
    tx.is_news();
    Ok(POST.insert(tx, notices.iter().map(row).collect()).await?)
}
