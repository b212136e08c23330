//! Who asked for what, how often, and what came of it.
//!
//! The way of a number: when a request's answer leaves, [`Usage::note`] puts one [`Call`] into the list of its worker
//! (`journal`): nothing is asked, awaited or allocated for it. Four times a second [`Usage::add_up`] empties the lists into
//! this node's `books`: sums by day and minute, what each account did in the last minutes (`recent`), and the node's hour
//! in slots of ten seconds (`pulse`). Every five seconds [`Usage::flush`] writes the sums (`flush`), each batch once, even
//! when a commit was not heard of. What a killed process loses is the last five seconds, and of the record that
//! [`Usage::what_if`] replays at most the running minute.
//!
//! What is asked:
//! * [`Usage::by_day`] — calls and units by day, operation, outcome and code, over all nodes (`GET /v1/usage`);
//! * [`Usage::what_if`] — the last 24 hours of a partner under another plan, by the arithmetic that limits calls.
//!
//! Live and sandbox keys are counted apart. A refused proof counts as refused for the partner whose key it named.

mod books;
pub mod by_day;
mod call;
mod error;
#[cfg(test)]
mod example;
mod flush;
mod journal;
mod pulse;
mod recent;
mod seconds;
mod spread;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use call::{Account, Call, Outcome};
pub use error::Error;
pub use pulse::{Counters as SampledCounters, Gauges, Point, Sample};
pub use recent::LastError;

use books::Books;
use flush::Batch;
use journal::Journal;

use crate::clock::Clock;
use crate::counters::Counters;
use crate::sql::Sql;

/// How often sums are written; what the database says is at most so old.
pub const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// The numbers of one node, and what all nodes wrote.
pub struct Usage {
    journal: Journal,
    books: Mutex<Books>,
    outbox: tokio::sync::Mutex<Outbox>,
    /// Up to this moment everything is written, in milliseconds since 1970.
    written_ms: AtomicI64,
    sql: Sql,
    clock: Clock,
    node: Arc<str>,
}

impl std::fmt::Debug for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Usage({})", self.node)
    }
}

/// What is being written.
#[derive(Debug, Default)]
struct Outbox {
    /// The number of the newest batch.
    number: i64,
    /// A batch that is not known to be written.
    pending: Option<Arc<Batch>>,
}

impl Usage {
    /// Counts nothing yet; writes into this database.
    pub fn new(sql: Sql, counters: Counters, clock: Clock) -> Self {
        let node = match &counters {
            Counters::Redis { node, .. } => node.clone(),
            Counters::InProcess => uuid::Uuid::now_v7().simple().to_string().into(),
        };
        Self {
            journal: Journal::default(),
            books: Mutex::new(Books::new()),
            outbox: tokio::sync::Mutex::default(),
            written_ms: AtomicI64::new(clock.now_ms()),
            sql,
            clock,
            node,
        }
    }

    /// Notes a finished request; waits for nothing.
    pub fn note(&self, call: Call) {
        if self.journal.note(call) {
            self.add_up();
        }
    }

    /// Adds up what was noted; called by a task several times a second.
    pub fn add_up(&self) {
        drop(self.added_up());
    }

    /// Writes what was counted; called by a task every [`FLUSH_EVERY`]. What cannot be written is kept for the next time.
    pub async fn flush(&self) -> Result<(), Error> {
        self.write(false).await
    }

    /// Writes everything, the running minute too; for when no calls come any more.
    pub async fn close(&self) {
        if let Err(error) = self.write(true).await {
            tracing::error!(%error, "the last seconds of usage could not be written");
        }
    }

    /// Removes what is past its time; called by a task every few minutes. Gives how many rows.
    pub async fn tidy(&self) -> Result<u64, Error> {
        let now_ms = self.clock.now_ms();
        self.lock().tidy(now_ms);
        flush::tidy(&self.sql, now_ms).await
    }

    /// Calls by day, over all nodes.
    pub async fn by_day(&self, asked: &by_day::Question) -> Result<by_day::Page, Error> {
        by_day::read(&self.sql, asked).await
    }

    /// Until when the days are complete, in milliseconds since 1970: other nodes write every [`FLUSH_EVERY`], as this one
    /// does unless it cannot.
    pub fn as_of_ms(&self) -> i64 {
        let every = i64::try_from(FLUSH_EVERY.as_millis()).unwrap_or(0);
        self.written_ms.load(Ordering::Relaxed).min(self.clock.now_ms() - every)
    }

    /// Calls refused by a policy since the process started, by partner and policy; of a bounded number of partners.
    pub fn limited(&self) -> Vec<(String, String, u64)> {
        let books = self.lock();
        books.metered().map(|(partner, policy, calls)| (partner.to_owned(), policy.to_owned(), calls)).collect()
    }

    /// The clock that days and minutes are counted by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    async fn write(&self, all: bool) -> Result<(), Error> {
        let mut outbox = self.outbox.lock().await;
        self.send(&mut outbox).await?;
        let now_ms = self.clock.now_ms();
        let sums = self.added_up().take_sums(now_ms, all);
        if !sums.is_empty() {
            outbox.number += 1;
            let batch = Batch { node: self.node.clone(), number: outbox.number, at_ms: now_ms, sums };
            outbox.pending = Some(Arc::new(batch));
            self.send(&mut outbox).await?;
        }
        self.written_ms.store(now_ms, Ordering::Relaxed);
        Ok(())
    }

    async fn send(&self, outbox: &mut Outbox) -> Result<(), Error> {
        if let Some(batch) = &outbox.pending {
            flush::write(&self.sql, batch.clone()).await?;
            outbox.pending = None;
        }
        Ok(())
    }

    /// The books with everything that was noted by now.
    fn added_up(&self) -> MutexGuard<'_, Books> {
        let mut books = self.lock();
        let mut spare = std::mem::take(&mut books.spare);
        self.journal.drain(&mut spare, |call| books.add(call));
        books.spare = spare;
        books
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
