//! Changes that the cursor of a feed went past and that could not be taken in: kept until a later look takes them in or a
//! person settles them. Looking is for `feed`.

use super::{Error, Hand, Ledger};
use crate::audit::{self, Entry, Who};
use crate::model::partner::Mode;
use crate::sql::{Arg, Row, Tx, args};

/// The first pause until it is looked up again, and the longest.
const FIRST_PAUSE_MS: i64 = 5_000;
const LONGEST_PAUSE_MS: i64 = 3_600_000;
/// More of a reason is not kept.
const MOST_LETTERS: usize = 500;

/// What is left out now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// What changed: `order`, `shipment`, `consignment` or `refund`.
    pub kind: String,
    /// The reference it carries, which is one of our ids.
    pub reference: String,
    /// Why it could not be taken in.
    pub why: String,
}

/// Something that was left out and is still to be taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The feed it was told in.
    pub feed: String,
    /// What it is, and why it could not be taken in last.
    pub what: LeftOut,
    /// When it was left out first, in milliseconds.
    pub first_seen: i64,
    /// How often it was looked up again since.
    pub tries: i64,
    /// When it is looked up next, in milliseconds.
    pub look_at: i64,
}

/// How much of a kind is left out, and for how long the oldest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftCount {
    /// What changed.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// The age of the oldest, in seconds.
    pub oldest_s: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT feed, kind, reference, first_seen, tries, look_at, why FROM changes_left_out ", $rest)
    };
}

const SETTLE: &str = "DELETE FROM changes_left_out WHERE feed = $1 AND kind = $2 AND reference = $3 AND look_at = $4";

fn settled(left: &Left) -> Vec<Arg> {
    let LeftOut { kind, reference, .. } = &left.what;
    args![left.feed.as_str(), kind.as_str(), reference.as_str(), left.look_at]
}

impl Ledger {
    /// What was left out of a feed and is to be looked up again now, the longest due first.
    pub async fn list_due_left_out(&self, feed: &str, limit: u32) -> Result<Vec<Left>, Error> {
        const DUE: &str = select!("WHERE feed = $1 AND look_at <= $2 ORDER BY look_at LIMIT $3");
        let rows = self.sql.fetch_all(DUE, args![feed, self.clock.now_ms(), limit]).await?;
        rows.iter().map(read).collect()
    }

    /// Everything that is left out, the oldest first.
    pub async fn list_left_out(&self, limit: u32) -> Result<Vec<Left>, Error> {
        const ALL: &str = select!("ORDER BY first_seen, feed, kind, reference LIMIT $1");
        self.sql.fetch_all(ALL, args![limit]).await?.iter().map(read).collect()
    }

    /// It was taken in; false when it was left out anew meanwhile, or is not there.
    pub async fn settle_left_out(&self, left: &Left) -> Result<bool, Error> {
        Ok(self.sql.execute(SETTLE, settled(left)).await? == 1)
    }

    /// A person settled it; the same with a row of the audit, written together.
    pub async fn settle_left_out_by(&self, hand: Hand, left: &Left) -> Result<bool, Error> {
        let who = Who::Operator(hand.operator);
        let entry = Entry::new(self.clock.now(), who, hand.action, &left.what.reference, hand.detail);
        let row = settled(left);
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    if tx.execute(SETTLE, row).await? == 0 {
                        return Ok(false);
                    }
                    audit::note(tx, &entry).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// It could not be taken in again: the pause grows.
    pub async fn put_left_out_off(&self, left: &Left, why: &str) -> Result<(), Error> {
        const PUT_OFF: &str = "UPDATE changes_left_out SET tries = $5, look_at = $6, why = $7 \
            WHERE feed = $1 AND kind = $2 AND reference = $3 AND look_at = $4";
        let LeftOut { kind, reference, .. } = &left.what;
        let tries = left.tries + 1;
        let next = self.clock.now_ms() + pause_ms(tries);
        let mut row = args![left.feed.as_str(), kind.as_str(), reference.as_str(), left.look_at];
        row.extend(args![tries, next, short(why)]);
        self.sql.execute(PUT_OFF, row).await?;
        Ok(())
    }

    /// How much is left out, by what it is.
    pub async fn count_left_out(&self) -> Result<Vec<LeftCount>, Error> {
        const COUNT: &str =
            "SELECT kind, COUNT(*) AS left_out, MIN(first_seen) AS oldest FROM changes_left_out GROUP BY kind";
        let now = self.clock.now_ms();
        let count = |row: &Row| {
            Ok(LeftCount {
                kind: row.text("kind")?,
                count: u64::try_from(row.int("left_out")?).unwrap_or(0),
                oldest_s: (now - row.int("oldest")?).max(0) / 1000,
            })
        };
        self.sql.fetch_all(COUNT, Vec::new()).await?.iter().map(count).collect()
    }
}

/// Writes down that it is left out; what was left out before is looked up soon again.
pub(super) async fn write(tx: &mut Tx, feed: &str, mode: Mode, left: &LeftOut, now: i64) -> Result<(), Error> {
    const WRITE: &str = "INSERT INTO changes_left_out \
        (feed, kind, reference, mode, first_seen, tries, look_at, why) VALUES ($1, $2, $3, $4, $5, 0, $6, $7) \
        ON CONFLICT (feed, kind, reference) DO UPDATE SET look_at = excluded.look_at, why = excluded.why";
    let (kind, reference) = (left.kind.as_str(), left.reference.as_str());
    tx.execute(WRITE, args![feed, kind, reference, mode.name(), now, now + pause_ms(0), short(&left.why)]).await?;
    Ok(())
}

/// The pause after so many tries.
fn pause_ms(tries: i64) -> i64 {
    let doubled = u32::try_from(tries).unwrap_or(u32::MAX).min(16);
    (FIRST_PAUSE_MS << doubled).min(LONGEST_PAUSE_MS)
}

fn short(why: &str) -> String {
    why.chars().take(MOST_LETTERS).collect()
}

fn read(row: &Row) -> Result<Left, Error> {
    let what = LeftOut { kind: row.text("kind")?, reference: row.text("reference")?, why: row.text("why")? };
    Ok(Left {
        feed: row.text("feed")?,
        what,
        first_seen: row.int("first_seen")?,
        tries: row.int("tries")?,
        look_at: row.int("look_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{FIRST_PAUSE_MS, LONGEST_PAUSE_MS, pause_ms};

    #[test]
    fn pauses_grow_and_end_at_an_hour() {
        let pauses: Vec<_> = (0..20).map(pause_ms).collect();
        assert_eq!((pauses[0], pauses[1], pauses[19]), (FIRST_PAUSE_MS, 2 * FIRST_PAUSE_MS, LONGEST_PAUSE_MS));
        assert!(pauses.is_sorted());
        assert_eq!(pause_ms(i64::MAX), LONGEST_PAUSE_MS);
    }
}
