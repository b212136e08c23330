//! Deliveries: one row for each event and each endpoint that wants it, from the moment the event is published until an
//! endpoint answered 2xx or the last attempt failed. Nothing is sent here; `webhooks` takes due rows and tells back.
//!
//! **Which waits for which.** Deliveries of one subject to one endpoint keep their order: one is not taken while an
//! earlier one is pending that made fewer than three attempts. So it waits for the attempts at 0 s, 5 s and 5 min of
//! the one before it, and goes ahead as soon as the third has failed.
//!
//! **Who locks what** (PostgreSQL; SQLite has one writer). An endpoint's row is locked before its deliveries, and rows of
//! several endpoints in the order of their ids. Publishing holds its endpoints `FOR KEY SHARE`, so that many may publish
//! while attempts are written down; writing attempts down and sending again hold theirs against each other; disabling and
//! forgetting hold theirs against everybody: whoever publishes then is either done, and its deliveries are given up with
//! the rest, or sees the endpoint disabled. Taking what is due waits for nobody.

mod log;
mod resend;
mod settle;
mod turn;

pub use log::{DeliveryFilter, Undelivered};
pub(super) use log::{attempt, delivery, mark};
pub use resend::Resend;
pub use turn::{Claimed, Made, Settled, Turn, Verdict};

use super::Error;
use crate::sql::{Tx, args};

/// Makes deliveries of the events `e` for the endpoints `w` that want them. The id is made of digits of both, so that
/// one text does for both engines: 74 random bits of the event's and 48 of the endpoint's.
macro_rules! deliver {
    ($due:literal, $which:literal, $lock:literal) => {
        concat!(
            "INSERT INTO webhook_deliveries \
             (id, endpoint, event, serial, subject, state, attempts, due_at, fence, created_at) \
             SELECT 'dlv_' || substr(e.event, 17, 20) || substr(w.id, 25, 12), w.id, e.event, e.serial, e.subject, \
             'pending', 0, ",
            $due,
            ", 0, e.at FROM events AS e JOIN webhook_endpoints AS w ON w.partner = e.partner AND w.mode = e.mode WHERE ",
            $which,
            " AND w.state = 'enabled' AND e.kind <> 'webhook.test' AND (w.format = 'standard' OR e.kind IN (",
            crate::model::topic::in_sql!(),
            ")) AND EXISTS (SELECT 1 FROM webhook_patterns AS p \
             WHERE p.endpoint = w.id AND (p.pattern = '*' OR p.pattern = e.kind OR (p.pattern LIKE '%.*' \
             AND substr(e.kind, 1, length(p.pattern) - 1) = substr(p.pattern, 1, length(p.pattern) - 1))))",
            $lock,
            " ON CONFLICT DO NOTHING"
        )
    };
}
use deliver;

/// Makes one delivery for each event published after position `from`, up to and with `to`, and each enabled endpoint of
/// its partner that wants it; gives how many. To be called in the transaction that gives the positions.
pub(super) async fn fan_out(tx: &mut Tx, from: i64, to: i64) -> Result<u64, Error> {
    macro_rules! fan_out {
        ($lock:literal) => {
            // Whoever stands in line behind one that waits for its next attempt need not be looked at before that.
            deliver!(
                "COALESCE((SELECT MAX(b.due_at) FROM webhook_deliveries AS b WHERE b.endpoint = w.id \
                 AND b.subject = e.subject AND b.state = 'pending' AND b.claimed_at IS NULL \
                 AND b.attempts BETWEEN 1 AND 2), e.at)",
                "e.position > $1 AND e.position <= $2",
                $lock
            )
        };
    }
    const HOLD: &str = "SELECT w.id FROM webhook_endpoints AS w WHERE w.state = 'enabled' AND EXISTS \
        (SELECT 1 FROM events AS e WHERE e.partner = w.partner AND e.mode = w.mode AND e.position > $1 \
        AND e.position <= $2) ORDER BY w.id FOR KEY SHARE OF w";
    if !tx.is_postgres() {
        return Ok(tx.execute(fan_out!(""), args![from, to]).await?);
    }
    tx.fetch_all(HOLD, args![from, to]).await?;
    // And those that were enabled since.
    Ok(tx.execute(fan_out!(" FOR KEY SHARE OF w"), args![from, to]).await?)
}

#[cfg(test)]
mod tests;
