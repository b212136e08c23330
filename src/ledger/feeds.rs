//! How far each of the catalogue's change feeds was followed, over restarts and for all nodes together: one node follows
//! a feed at a time. What it could not take in is in `left_out`.

use super::left_out::{self, LeftOut};
use super::{Error, Ledger};
use crate::model::partner::Mode;
use crate::sql::args;

/// A node that is not heard of for so long has lost its turn.
const TURN_MS: i64 = 15_000;
/// A turn that ends later than this was written by a clock that is wrong.
const LONGEST_MS: i64 = 60_000;

/// The right to follow a feed.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The feed.
    pub feed: String,
    /// The number of the last change that was taken in; 0 at first.
    pub from: i64,
    holder: String,
    until: i64,
}

impl Ledger {
    /// The number of the last change that was taken in; 0 at first.
    pub async fn feed_cursor(&self, feed: &str) -> Result<i64, Error> {
        let row = self.sql.fetch_optional("SELECT seq FROM feed_cursors WHERE feed = $1", args![feed]).await?;
        row.map_or(Ok(0), |row| Ok(row.int("seq")?))
    }

    /// Takes the turn to follow a feed, or keeps it; none while somebody else has it.
    pub async fn take_feed(&self, feed: &str, holder: &str) -> Result<Option<Turn>, Error> {
        const PEEK: &str = "SELECT seq, holder, held_until FROM feed_cursors WHERE feed = $1";
        const FIRST: &str = "INSERT INTO feed_cursors (feed, seq, holder, held_until) VALUES ($1, 0, $2, 0) \
            ON CONFLICT (feed) DO NOTHING";
        const TAKE: &str = "UPDATE feed_cursors SET holder = $2, held_until = $3 \
            WHERE feed = $1 AND (holder IS NULL OR holder = $2 OR held_until <= $4 OR held_until > $5) RETURNING seq";
        let now = self.clock.now_ms();
        let turn = |from, until| Turn { feed: feed.to_owned(), from, holder: holder.to_owned(), until };
        if let Some(row) = self.sql.fetch_optional(PEEK, args![feed]).await? {
            let (whose, until) = (row.opt_text("holder")?, row.int("held_until")?);
            let mine = whose.as_deref() == Some(holder);
            let runs = until > now && until <= now + LONGEST_MS;
            // Most looks find nothing to do; those must not ask for the writer.
            if mine && runs && until - now > TURN_MS / 2 {
                return Ok(Some(turn(row.int("seq")?, until)));
            }
            if whose.is_some() && !mine && runs {
                return Ok(None);
            }
        } else {
            self.sql.execute(FIRST, args![feed, holder]).await?;
        }
        let until = now + TURN_MS;
        let row = args![feed, holder, until, now, now + LONGEST_MS];
        let taken = self.sql.transaction(move |tx| Box::pin(async move { tx.fetch_optional(TAKE, row).await })).await?;
        taken.map(|row| Ok(turn(row.int("seq")?, until))).transpose()
    }

    /// Moves the cursor, keeps the turn, and writes down what is left out up to there, in one transaction; false when
    /// the turn is lost, and then nothing is written.
    pub async fn advance_feed(&self, turn: &mut Turn, mode: Mode, to: i64, left: Vec<LeftOut>) -> Result<bool, Error> {
        const MOVE: &str = "UPDATE feed_cursors SET seq = $3, held_until = $5 \
            WHERE feed = $1 AND seq = $2 AND holder = $4";
        let (now, feed) = (self.clock.now_ms(), turn.feed.clone());
        let until = now + TURN_MS;
        let row = args![turn.feed.as_str(), turn.from, to, turn.holder.as_str(), until];
        let moved = self
            .sql
            .transaction(move |tx| {
                Box::pin(async move {
                    if tx.execute(MOVE, row).await? == 0 {
                        return Ok::<_, Error>(false);
                    }
                    for one in &left {
                        left_out::write(tx, &feed, mode, one, now).await?;
                    }
                    Ok(true)
                })
            })
            .await?;
        if moved {
            (turn.from, turn.until) = (to, until);
        }
        Ok(moved)
    }

    /// Whether so much of a turn is over that it is time to keep it.
    pub fn is_ageing(&self, turn: &Turn) -> bool {
        turn.until - self.clock.now_ms() < TURN_MS / 2
    }

    /// Gives a turn up, so that another node may take it at once.
    pub async fn release_feed(&self, feed: &str, holder: &str) -> Result<(), Error> {
        const RELEASE: &str = "UPDATE feed_cursors SET held_until = 0 WHERE feed = $1 AND holder = $2";
        self.sql.execute(RELEASE, args![feed, holder]).await?;
        Ok(())
    }
}
