//! Working comparisons off, a few items at a time, on as many nodes as like.

use super::terms::{Failed, Outcome, Sold, Terms};
use super::{read, write};
use crate::error::{Code, Failure};
use crate::feed::work_off;
use crate::ledger::ClaimedItem;
use crate::model::partner::Mode;
use crate::sourcing::{Error, Sourcing};

/// An item that the catalogue kept from being compared is tried so often.
const MOST_TRIES: u32 = 8;
/// The first pause between two tries; each next one is twice as long.
const FIRST_PAUSE_MS: i64 = 1_000;

/// What one pass brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worked {
    /// Items that were compared.
    pub done: usize,
    /// Items that cannot be compared.
    pub failed: usize,
    /// Items that are tried again later.
    pub put_off: usize,
}

/// How an item was left.
enum Left {
    Done,
    Failed,
    PutOff,
}

impl Sourcing {
    /// One pass over the items of one world whose time has come.
    pub async fn work(&self, mode: Mode) -> Result<Worked, Error> {
        let claim = async |limit| Ok(self.ledger.claim_source_items(mode, limit, self.settings.times.lease_ms).await?);
        let work = async |item: ClaimedItem| (self.left(mode, &item).await, item);
        let mut told = Worked::default();
        for (left, item) in work_off::<_, _, Error, _, _>(&self.clock, claim, work).await? {
            match left {
                Ok(Left::Done) => told.done += 1,
                Ok(Left::Failed) => told.failed += 1,
                Ok(Left::PutOff) => told.put_off += 1,
                Err(error) => {
                    tracing::warn!(source_match = %item.id, place = item.place, %error, "an item could not be written");
                    told.put_off += 1;
                }
            }
        }
        Ok(told)
    }

    /// Works on one claimed item.
    pub(super) async fn work_on(&self, mode: Mode, item: &ClaimedItem) -> Result<(), Error> {
        self.left(mode, item).await.map(|_| ())
    }

    async fn left(&self, mode: Mode, item: &ClaimedItem) -> Result<Left, Error> {
        let (terms, sold): (Terms, Sold) = (read(&item.document)?, read(&item.asked)?);
        let outcome = match self.look(mode, &terms, &sold).await {
            Ok(outcome) => outcome,
            Err(Error::Ledger(error)) => return Err(error.into()),
            Err(error) if item.tries < MOST_TRIES && is_passing(&error) => {
                tracing::info!(source_match = %item.id, place = item.place, %error, "an item is compared later");
                let pause = FIRST_PAUSE_MS << item.tries.min(8);
                self.ledger.put_source_item_off(item, self.clock.now_ms() + pause).await?;
                return Ok(Left::PutOff);
            }
            Err(error) => {
                let facts = error.code().facts();
                let detail = error.detail().unwrap_or_else(|| facts.title.to_owned());
                Outcome::Failed(Failed { code: facts.name.to_owned(), detail })
            }
        };
        let failed = matches!(outcome, Outcome::Failed(_));
        self.ledger.settle_source_item(item, failed, write(&outcome)?).await?;
        Ok(if failed { Left::Failed } else { Left::Done })
    }
}

/// Whether another try may succeed.
fn is_passing(error: &Error) -> bool {
    match error {
        Error::Lookup(error) => !error.is_refusal() && error.code() != Code::SandboxUnavailable,
        error => !matches!(error.code(), Code::SandboxUnavailable | Code::Internal),
    }
}
