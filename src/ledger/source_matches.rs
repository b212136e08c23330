//! Comparisons of what partners sell with what the catalogue has: written down whole before any is made, worked off item
//! by item under leases, so that a crash costs at most the items under way. What is asked and answered is text of the
//! room's own.

use std::sync::LazyLock;

use super::due::{Claim, Claiming};
use super::{Error, Ledger, words};
use crate::model::ids::{PartnerId, SourceMatchId};
use crate::model::partner::Mode;
use crate::sql::{Row, Rows, args};

/// How long comparisons are kept.
const KEEP_MS: i64 = 7 * 86_400_000;
/// The items of one comparison are begun this far apart, so that a long one leaves room for others between.
const APART_MS: i64 = 5;

/// A comparison that is about to be written down.
#[derive(Clone, Debug)]
pub struct NewSourceMatch {
    /// Its id.
    pub id: SourceMatchId,
    /// Whose it is.
    pub partner: PartnerId,
    /// Live or sandbox.
    pub mode: Mode,
    /// What holds for all items.
    pub document: String,
    /// What is asked of each.
    pub items: Vec<String>,
}

/// A comparison as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMatch {
    /// Its id.
    pub id: SourceMatchId,
    /// Live or sandbox.
    pub mode: Mode,
    /// What holds for all items.
    pub document: String,
    /// How many items it has.
    pub items: u32,
    /// How many of them are done.
    pub done: u32,
    /// How many of those could not be compared.
    pub failed: u32,
    /// When it was written down.
    pub created_at: jiff::Timestamp,
}

/// An item as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredItem {
    /// Its place, from 0.
    pub place: u32,
    /// What is asked.
    pub asked: String,
    /// What came of it, once it is done.
    pub answer: Option<String>,
}

/// An item that is being worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedItem {
    /// Of which comparison.
    pub id: SourceMatchId,
    /// Its place, from 0.
    pub place: u32,
    /// What is asked.
    pub asked: String,
    /// What holds for all items.
    pub document: String,
    /// How often it was begun, this time included.
    pub tries: u32,
}

/// What is told of an item that is taken, beside its keys.
macro_rules! told {
    () => {
        ", asked, tries, (SELECT document FROM source_matches WHERE id = source_match_items.source_match) AS document"
    };
}

static DUE: LazyLock<Claim> = LazyLock::new(|| {
    let due = "SELECT source_match, place FROM source_match_items WHERE state = 'waiting' AND look_at <= $1 \
               AND mode = $2 ORDER BY look_at LIMIT $3";
    Claim::of(&Claiming {
        keys: &["source_match", "place"],
        set: "look_at = $4, tries = tries + 1",
        told: told!(),
        ..Claiming::looks("source_match_items", due.into())
    })
});

impl Ledger {
    /// Writes a comparison down, all items or none.
    pub async fn append_source_match(&self, new: NewSourceMatch) -> Result<(), Error> {
        const MATCH: &str = "INSERT INTO source_matches (id, partner, mode, document, items, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6)";
        static ITEMS: Rows = Rows::new(
            "INSERT INTO source_match_items (source_match, place, mode, partner, asked, state, tries, look_at) VALUES",
            8,
        );
        let now = self.clock.now_ms();
        self.sql
            .transaction(move |tx| {
                let new = new.clone();
                Box::pin(async move {
                    let (id, partner, mode) = (new.id.as_str(), new.partner.as_str(), new.mode.name());
                    let items = i64::try_from(new.items.len()).unwrap_or(i64::MAX);
                    tx.execute(MATCH, args![id, partner, mode, &new.document, items, now]).await?;
                    let row = |(place, asked): (i64, &String)| {
                        args![id, place, mode, partner, asked, "waiting", 0_i64, now + place * APART_MS]
                    };
                    Ok(ITEMS.insert(tx, (0_i64..).zip(&new.items).map(row).collect()).await?)
                })
            })
            .await
    }

    /// A partner's comparison with its progress.
    pub async fn find_source_match(
        &self,
        partner: &PartnerId,
        mode: Mode,
        id: &SourceMatchId,
    ) -> Result<Option<StoredMatch>, Error> {
        const FIND: &str = "SELECT id, document, items, created_at, \
            (SELECT COUNT(*) FROM source_match_items WHERE source_match = id AND state <> 'waiting') AS done, \
            (SELECT COUNT(*) FROM source_match_items WHERE source_match = id AND state = 'failed') AS failed \
            FROM source_matches WHERE id = $1 AND partner = $2 AND mode = $3";
        let row = self.sql.fetch_optional(FIND, args![id.as_str(), partner.as_str(), mode.name()]).await?;
        row.map(|row| {
            Ok(StoredMatch {
                id: row.parse("id")?,
                mode,
                document: row.text("document")?,
                items: count(&row, "items")?,
                done: count(&row, "done")?,
                failed: count(&row, "failed")?,
                created_at: words::moment("source match", row.int("created_at")?)?,
            })
        })
        .transpose()
    }

    /// Items of a comparison from a place on, in their order.
    pub async fn list_source_items(&self, id: &SourceMatchId, from: u32, limit: u32) -> Result<Vec<StoredItem>, Error> {
        const LIST: &str = "SELECT place, asked, answer FROM source_match_items WHERE source_match = $1 AND place >= $2 \
            ORDER BY place LIMIT $3";
        let rows = self.sql.fetch_all(LIST, args![id.as_str(), from, limit]).await?;
        let item = |row: &Row| {
            Ok(StoredItem { place: count(row, "place")?, asked: row.text("asked")?, answer: row.opt_text("answer")? })
        };
        rows.iter().map(item).collect()
    }

    /// How many items of a partner wait to be worked on.
    pub async fn count_waiting_source_items(&self, partner: &PartnerId, mode: Mode) -> Result<u32, Error> {
        const COUNT: &str = "SELECT COUNT(*) AS waiting FROM source_match_items \
            WHERE state = 'waiting' AND partner = $1 AND mode = $2";
        let row = self.sql.fetch_optional(COUNT, args![partner.as_str(), mode.name()]).await?;
        row.map_or(Ok(0), |row| count(&row, "waiting"))
    }

    /// Takes items whose time has come, for so long; the longest due first.
    pub async fn claim_source_items(&self, mode: Mode, limit: u32, for_ms: i64) -> Result<Vec<ClaimedItem>, Error> {
        let rows = self.claim_looks(&DUE, mode, limit, for_ms).await?;
        let mut claimed = rows.iter().map(claimed).collect::<Result<Vec<_>, Error>>()?;
        claimed.sort_by_key(|item| item.place);
        Ok(claimed)
    }

    /// Takes the first item of a comparison for so long; nothing when somebody else has it.
    pub async fn claim_source_item(&self, id: &SourceMatchId, for_ms: i64) -> Result<Option<ClaimedItem>, Error> {
        const CLAIM: &str = concat!(
            "UPDATE source_match_items SET look_at = $2, tries = tries + 1 \
             WHERE source_match = $1 AND place = 0 AND state = 'waiting' AND tries = 0 \
             RETURNING source_match, place",
            told!()
        );
        let row = args![id.as_str(), self.clock.now_ms() + for_ms];
        let rows = self.sql.transaction(move |tx| Box::pin(async move { tx.fetch_all(CLAIM, row).await }));
        rows.await?.first().map(claimed).transpose()
    }

    /// Writes what came of an item, unless that was written before.
    pub async fn settle_source_item(&self, item: &ClaimedItem, failed: bool, answer: String) -> Result<(), Error> {
        const SETTLE: &str = "UPDATE source_match_items SET state = $3, answer = $4 \
            WHERE source_match = $1 AND place = $2 AND state = 'waiting'";
        let state = if failed { "failed" } else { "done" };
        self.sql.execute(SETTLE, args![item.id.as_str(), item.place, state, answer]).await?;
        Ok(())
    }

    /// Puts an item off until then.
    pub async fn put_source_item_off(&self, item: &ClaimedItem, look_at: i64) -> Result<(), Error> {
        const PUT_OFF: &str = "UPDATE source_match_items SET look_at = $3 \
            WHERE source_match = $1 AND place = $2 AND state = 'waiting'";
        self.sql.execute(PUT_OFF, args![item.id.as_str(), item.place, look_at]).await?;
        Ok(())
    }

    /// Forgets comparisons made long ago; gives how many.
    pub async fn tidy_source_matches(&self) -> Result<u64, Error> {
        const ITEMS: &str = "DELETE FROM source_match_items WHERE source_match IN \
            (SELECT id FROM source_matches WHERE created_at <= $1)";
        const MATCHES: &str = "DELETE FROM source_matches WHERE created_at <= $1";
        let horizon = self.clock.now_ms() - KEEP_MS;
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    tx.execute(ITEMS, args![horizon]).await?;
                    tx.execute(MATCHES, args![horizon]).await
                })
            })
            .await
            .map_err(Error::from)
    }
}

fn claimed(row: &Row) -> Result<ClaimedItem, Error> {
    Ok(ClaimedItem {
        id: row.parse("source_match")?,
        place: count(row, "place")?,
        asked: row.text("asked")?,
        document: row.text("document")?,
        tries: count(row, "tries")?,
    })
}

fn count(row: &Row, column: &str) -> Result<u32, Error> {
    u32::try_from(row.int(column)?).map_err(|error| Error::unreadable("source match", error))
}

#[cfg(test)]
mod tests {
    use super::NewSourceMatch;
    use crate::clock::Clock;
    use crate::ledger::Ledger;
    use crate::model::ids::SourceMatchId;
    use crate::model::partner::Mode;
    use crate::sql::trial;

    const LEASE_MS: i64 = 30_000;

    fn new(items: usize) -> NewSourceMatch {
        NewSourceMatch {
            id: SourceMatchId::fresh(),
            partner: "acme".parse().unwrap(),
            mode: Mode::Live,
            document: "{}".into(),
            items: (0..items).map(|n| format!("item {n}")).collect(),
        }
    }

    #[tokio::test]
    async fn every_item_is_worked_on_by_one_and_again_when_that_one_died() {
        for house in trial::houses().await {
            let clock = Clock::shiftable();
            let ledger = Ledger::new(house.sql.clone(), clock.clone());
            let job = new(20);
            ledger.append_source_match(job.clone()).await.unwrap();
            clock.advance_ms(1000);
            let claims = (0..4).map(|_| ledger.claim_source_items(Mode::Live, 8, LEASE_MS));
            let claims = futures_util::future::join_all(claims).await;
            let mut places: Vec<_> = claims.into_iter().flat_map(Result::unwrap).map(|item| item.place).collect();
            places.sort_unstable();
            assert_eq!(places, (0..20).collect::<Vec<_>>());
            clock.advance_ms(LEASE_MS + 1);
            let again = ledger.claim_source_items(Mode::Live, 50, LEASE_MS).await.unwrap();
            assert!(again.len() == 20 && again.iter().all(|item| item.tries == 2), "nobody settled them");
            for item in &again[..15] {
                ledger.settle_source_item(item, item.place == 3, "done".into()).await.unwrap();
            }
            let found = ledger.find_source_match(&job.partner, Mode::Live, &job.id).await.unwrap().unwrap();
            assert_eq!((found.items, found.done, found.failed), (20, 15, 1));
            let rest = ledger.list_source_items(&job.id, 14, 10).await.unwrap();
            assert_eq!(rest.iter().filter(|item| item.answer.is_some()).count(), 1);
            assert_eq!(ledger.count_waiting_source_items(&job.partner, Mode::Live).await.unwrap(), 5);
            assert!(ledger.claim_source_items(Mode::Sandbox, 50, LEASE_MS).await.unwrap().is_empty());
        }
    }

    #[tokio::test]
    async fn a_comparison_is_its_partners_own_and_forgotten_after_a_week() {
        for house in trial::houses().await {
            let clock = Clock::shiftable();
            let ledger = Ledger::new(house.sql.clone(), clock.clone());
            let job = new(1);
            ledger.append_source_match(job.clone()).await.unwrap();
            let other = "other".parse().unwrap();
            assert!(ledger.find_source_match(&other, Mode::Live, &job.id).await.unwrap().is_none());
            assert!(ledger.find_source_match(&job.partner, Mode::Sandbox, &job.id).await.unwrap().is_none());
            let first = ledger.claim_source_item(&job.id, LEASE_MS).await.unwrap().unwrap();
            assert_eq!((first.place, first.asked.as_str()), (0, "item 0"));
            assert!(ledger.claim_source_item(&job.id, LEASE_MS).await.unwrap().is_none(), "somebody has it");
            ledger.put_source_item_off(&first, 0).await.unwrap();
            assert_eq!(ledger.claim_source_items(Mode::Live, 9, LEASE_MS).await.unwrap().len(), 1);
            assert_eq!(ledger.tidy_source_matches().await.unwrap(), 0);
            clock.advance_ms(8 * 86_400_000);
            assert_eq!(ledger.tidy_source_matches().await.unwrap(), 1);
            assert!(ledger.list_source_items(&job.id, 0, 9).await.unwrap().is_empty());
        }
    }
}
