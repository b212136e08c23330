//! Messages of the older protocol, as the outbox has them: which of a partner's events an app has not had yet, and which
//! it confirmed. The events are those of `/v1/events`; only what each app confirmed is kept besides.
//!
//! An app has had a message when it confirmed it, or when an endpoint of the app answered 2xx to it. What is still on its
//! way to such an endpoint is left to it; what failed there is waiting again.

mod facts;
#[cfg(test)]
mod tests;

pub use facts::{MessageFacts, Refunding, Traded};

use super::{Error, Ledger};
use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::model::topic;
use crate::sql::{Row, Tx, args};

/// An app that messages are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The app's number.
    pub app: String,
    /// Its partner.
    pub partner: PartnerId,
    /// Of which world it hears.
    pub mode: Mode,
    /// From when on, in milliseconds: what happened before the app was made was never for it.
    pub since_ms: i64,
}

/// Which messages are wanted; all by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only those behind this position.
    pub after: i64,
    /// Only of these public types; of all when empty.
    pub kinds: Vec<String>,
    /// Only what happened at or after this, in milliseconds.
    pub from_ms: i64,
    /// Only what happened before this, in milliseconds.
    pub to_ms: Option<i64>,
}

/// An event that is a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unheard {
    /// Its number, the same for every way it is told by.
    pub serial: i64,
    /// Its place among all published events.
    pub position: i64,
    /// The public type.
    pub kind: String,
    /// The id of what it happened to.
    pub subject: String,
    /// A JSON object as it was written.
    pub data: String,
    /// When it was written down, in milliseconds.
    pub at: i64,
}

/// Not confirmed by app `$1`, and in none of its endpoints in a state that counts as had.
macro_rules! unheard {
    ($had:literal) => {
        concat!(
            "e.partner = $2 AND e.mode = $3 AND e.at >= $4 AND e.kind IN (",
            topic::in_sql!(),
            ") AND e.position > COALESCE((SELECT m.position FROM message_marks AS m WHERE m.app_key = $1), 0) \
             AND NOT EXISTS (SELECT 1 FROM message_confirms AS c WHERE c.app_key = $1 AND c.position = e.position) \
             AND NOT EXISTS (SELECT 1 FROM webhook_endpoints AS w JOIN webhook_deliveries AS d ON d.endpoint = w.id \
             AND d.event = e.event WHERE w.app_key = $1 AND ",
            $had,
            ")"
        )
    };
}

impl Ledger {
    /// Messages that an app has not had, the oldest first.
    pub async fn list_unheard(&self, of: &Listener, wanted: &Wanted, limit: u32) -> Result<Vec<Unheard>, Error> {
        const LIST: &str = concat!(
            "SELECT e.serial, e.position, e.kind, e.subject, e.data, e.at FROM events AS e WHERE ",
            unheard!("d.state <> 'failed'"),
            " AND e.position > $5 AND ($6 = '' OR REPLACE($6, ',' || e.kind || ',', '') <> $6) \
             AND e.at >= $7 AND e.at < $8 ORDER BY e.position LIMIT $9"
        );
        let kinds = if wanted.kinds.is_empty() { String::new() } else { format!(",{},", wanted.kinds.join(",,")) };
        let row = args![
            &of.app,
            of.partner.as_str(),
            of.mode.name(),
            of.since_ms,
            wanted.after,
            kinds,
            wanted.from_ms,
            wanted.to_ms.unwrap_or(i64::MAX),
            limit,
        ];
        self.sql.fetch_all(LIST, row).await?.iter().map(unheard).collect()
    }

    /// Keeps that an app has these messages; numbers that are none of its partner's messages are passed over. Gives how
    /// many were news.
    pub async fn confirm_messages(&self, of: &Listener, serials: &[i64]) -> Result<u64, Error> {
        if serials.is_empty() {
            return Ok(0);
        }
        let (of, now) = (of.clone(), self.clock.now_ms());
        let serials = super::words::write("messages", &serials)?;
        self.sql.transaction(move |tx| Box::pin(async move { confirm(tx, &of, serials, now).await })).await
    }
}

async fn confirm(tx: &mut Tx, of: &Listener, serials: String, now: i64) -> Result<u64, Error> {
    macro_rules! note {
        ($list:literal) => {
            concat!(
                "INSERT INTO message_confirms (app_key, position) SELECT $1, e.position FROM events AS e \
                 WHERE e.serial IN (",
                $list,
                ") AND e.partner = $2 AND e.mode = $3 AND e.position > \
                 COALESCE((SELECT m.position FROM message_marks AS m WHERE m.app_key = $1), 0) ON CONFLICT DO NOTHING"
            )
        };
    }
    const ON_SQLITE: &str = note!("SELECT value FROM json_each($4)");
    const ON_POSTGRES: &str = note!("SELECT CAST(json_array_elements_text(CAST($4 AS JSON)) AS BIGINT)");
    // In one statement, that is at one moment: a message published between two would be taken for one that was had.
    const REACHED: &str = concat!(
        "SELECT (SELECT MIN(e.position) FROM events AS e WHERE ",
        unheard!("d.state = 'delivered'"),
        ") AS first, (SELECT MAX(n.position) FROM events AS n WHERE n.partner = $2 AND n.mode = $3) AS newest"
    );
    const MARK: &str = "INSERT INTO message_marks (app_key, position, updated_at) VALUES ($1, $2, $3) \
        ON CONFLICT (app_key) DO UPDATE SET position = excluded.position, updated_at = excluded.updated_at \
        WHERE message_marks.position < excluded.position";
    const TIDY: &str = "DELETE FROM message_confirms WHERE app_key = $1 AND position <= $2";
    let own = args![&of.app, of.partner.as_str(), of.mode.name()];
    let note = if tx.is_postgres() { ON_POSTGRES } else { ON_SQLITE };
    let noted = tx.execute(note, [own.clone(), args![serials]].concat()).await?;
    if noted == 0 {
        return Ok(0);
    }
    let Some(row) = tx.fetch_optional(REACHED, [own, args![of.since_ms]].concat()).await? else { return Ok(noted) };
    let reached = row.opt_int("first")?.map(|first| first - 1).or(row.opt_int("newest")?);
    if let Some(reached) = reached {
        tx.execute(MARK, args![&of.app, reached, now]).await?;
        tx.execute(TIDY, args![&of.app, reached]).await?;
    }
    Ok(noted)
}

fn unheard(row: &Row) -> Result<Unheard, Error> {
    Ok(Unheard {
        serial: row.int("serial")?,
        position: row.int("position")?,
        kind: row.text("kind")?,
        subject: row.text("subject")?,
        data: row.text("data")?,
        at: row.int("at")?,
    })
}
