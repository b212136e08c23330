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
//! * [`Usage::headroom`] — who is nearest to a limit, with what each account did in the last five minutes. It knows no
//!   plans: who does hands in where accounts stand ([`Standing`]);
//! * [`Usage::recently`], [`Usage::last_errors`] — one account: decisions, causes, the last fifty failed answers;
//! * [`Usage::series`] — the last hour in points of ten seconds; [`Usage::sample`] is fed what other rooms count;
//! * [`Usage::what_if`] — the last 24 hours of accounts under another plan, by the arithmetic that limits calls;
//! * [`Usage::limited`] — calls refused by a policy, for Prometheus.
//!
//! Over nodes: [`Usage::share`], called every second, pins what this node has to tell on `counters::board` (now, every two
//! seconds; its hour and errors, every ten) and reads the others'. Answers are of all nodes that were heard of lately
//! ([`Usage::nodes`]); without Redis, of this one.
//!
//! Live and sandbox keys are counted apart. A refused proof counts as refused for the partner whose key it named.

mod books;
pub mod by_day;
mod call;
mod error;
#[cfg(test)]
mod example;
mod flush;
pub mod headroom;
mod journal;
mod peers;
mod pulse;
mod recent;
mod seconds;
mod spread;
#[cfg(test)]
mod tests;
pub mod what_if;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use call::{Account, Call, Outcome};
pub use error::Error;
pub use headroom::{Headroom, Left, Standing};
pub use peers::Node;
pub use pulse::{Counters as SampledCounters, Gauges, Point, Sample};
pub use recent::{LastError, Recently};
pub use what_if::Replayed;

use books::Books;
use flush::Batch;
use headroom::TREND_DAYS;
use journal::Journal;
use peers::{HourSheet, NowSheet, Peers};

use jiff::Timestamp;

use crate::clock::Clock;
use crate::counters::Counters;
use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::model::plan::Plan;
use crate::sql::Sql;

/// How often sums are written; what the database says is at most so old.
pub const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// How often [`Usage::sample`] wants to be told.
pub const SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// How often [`Usage::share`] wants to be called.
pub const SHARE_EVERY: Duration = Duration::from_secs(1);
/// A node that was not heard of for so long is left out.
const SILENT_MS: i64 = 12_000;
/// Errors of one account that are told.
const MOST_ERRORS: usize = 50;

/// The numbers of one node, and what all nodes wrote.
pub struct Usage {
    journal: Journal,
    books: Mutex<Books>,
    outbox: tokio::sync::Mutex<Outbox>,
    /// Up to this moment everything is written, in milliseconds since 1970.
    written_ms: AtomicI64,
    peers: Mutex<Peers>,
    /// When the two sheets were pinned last, in milliseconds since 1970.
    told_ms: [AtomicI64; 2],
    sql: Sql,
    counters: Counters,
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
            peers: Mutex::default(),
            told_ms: [AtomicI64::new(i64::MIN), AtomicI64::new(i64::MIN)],
            sql,
            counters,
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

    /// Tells the other nodes what there is to tell, and hears them; called by a task every second.
    pub async fn share(&self) {
        // What is told costs a look at every account, and without Redis nobody hears it.
        if matches!(self.counters, Counters::InProcess) {
            return;
        }
        let now_ms = self.clock.now_ms();
        if self.is_time(0, peers::NOW_EVERY_MS, now_ms) {
            let sheet = peers::packed(&NowSheet::of(&self.added_up(), now_ms));
            if let Some(heard) = self.counters.exchange("now", &sheet, 5 * peers::NOW_EVERY_MS).await {
                self.peers().hear_now(heard, now_ms);
            }
        }
        if self.is_time(1, peers::HOUR_EVERY_MS, now_ms) {
            let sheet = peers::packed(&HourSheet::of(&self.added_up(), now_ms));
            if let Some(heard) = self.counters.exchange("hour", &sheet, 3 * peers::HOUR_EVERY_MS).await {
                self.peers().hear_hour(heard);
            }
        }
        self.peers().forget_before(now_ms - SILENT_MS);
    }

    /// Takes what other rooms count and how things stand; called by a task every ten seconds.
    pub fn sample(&self, sample: Sample) {
        let now_ms = self.clock.now_ms();
        self.added_up().pulse.sample(now_ms, sample);
    }

    /// The nodes whose numbers are told, this one first.
    pub fn nodes(&self) -> Vec<Node> {
        let moment = |ms| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let own = Node { name: self.node.to_string(), own: true, heard_at: self.clock.now() };
        let peers = self.peers();
        let mut others: Vec<_> =
            peers.nodes().map(|(name, ms)| Node { name: name.to_owned(), own: false, heard_at: moment(ms) }).collect();
        others.sort_by(|one, other| one.name.cmp(&other.name));
        std::iter::once(own).chain(others).collect()
    }

    /// The last hour of all nodes in points of ten seconds, the oldest first; 360 of them.
    pub fn series(&self) -> Vec<Point> {
        let now_ms = self.clock.now_ms();
        let mut slots = self.added_up().pulse.slots(now_ms);
        for hour in self.peers().hours() {
            for (at, slot) in hour.slots() {
                slots.entry(*at).or_default().merge(slot);
            }
        }
        pulse::points(&slots, now_ms)
    }

    /// What every account that called lately did in the last five minutes, on all nodes.
    pub fn active(&self) -> BTreeMap<(Arc<str>, &'static str), Recently> {
        let now_ms = self.clock.now_ms();
        let mut active = BTreeMap::<_, Recently>::new();
        for (partner, mode, recent) in self.added_up().lately(now_ms) {
            active.insert((partner.clone(), mode.name()), recent.recently(now_ms));
        }
        for (partner, mode, recently) in self.peers().now().flat_map(NowSheet::accounts) {
            active.entry((partner.clone(), mode.name())).or_default().merge(recently);
        }
        active
    }

    /// The accounts that called most in the last five minutes, on all nodes.
    pub fn busiest(&self, most: usize) -> Vec<(Arc<str>, Mode)> {
        let now_ms = self.clock.now_ms();
        let mut calls = HashMap::<_, u32>::new();
        for (partner, mode, recent) in self.added_up().lately(now_ms) {
            calls.insert((partner.clone(), mode), recent.figures(now_ms).calls);
        }
        for (partner, mode, recently) in self.peers().now().flat_map(NowSheet::accounts) {
            *calls.entry((partner.clone(), mode)).or_default() += recently.calls;
        }
        let busiest = peers::first(calls.into_iter().collect(), most, |(_, calls)| *calls);
        busiest.into_iter().map(|(account, _)| account).collect()
    }

    /// What one account did in the last five minutes, on all nodes.
    pub fn recently(&self, partner: &str, mode: Mode) -> Recently {
        let now_ms = self.clock.now_ms();
        let mut sum = self.added_up().account(partner, mode).map_or_else(Recently::default, |one| one.recently(now_ms));
        let peers = self.peers();
        let others = peers.now().flat_map(NowSheet::accounts);
        others.filter(|(name, of, _)| ***name == *partner && *of == mode).for_each(|(.., more)| sum.merge(more));
        sum
    }

    /// The last answers of 400 and above to one account, the newest first: fifty of this node, ten of each other.
    pub fn last_errors(&self, partner: &str, mode: Mode) -> Vec<LastError> {
        let own = self.added_up();
        let mut errors: Vec<_> = own.account(partner, mode).into_iter().flat_map(|one| one.errors().cloned()).collect();
        drop(own);
        errors.extend(self.peers().hours().flat_map(|hour| hour.errors(partner, mode).cloned()));
        errors.sort_by_key(|error| std::cmp::Reverse(error.at));
        errors.truncate(MOST_ERRORS);
        errors
    }

    /// One row for each account that stands somewhere, the nearest to a limit first.
    pub async fn headroom(&self, standings: &[Standing]) -> Result<Vec<Headroom>, Error> {
        let today = self.clock.now_ms().div_euclid(books::DAY_MS);
        let first = today - i64::try_from(TREND_DAYS).unwrap_or(0) + 1;
        let mut trends = by_day::trends(&self.sql, first, TREND_DAYS).await?;
        let active = self.active();
        let nothing = Recently::default();
        let mut rows: Vec<_> = standings
            .iter()
            .map(|standing| {
                let name = (Arc::from(standing.partner.as_str()), standing.mode.name());
                let trend = trends.remove(&(standing.partner.clone(), standing.mode.name().to_owned()));
                let recently = active.get(&name).unwrap_or(&nothing);
                headroom::row(standing, recently, trend.unwrap_or_else(|| vec![0; TREND_DAYS]))
            })
            .collect();
        headroom::sort(&mut rows);
        Ok(rows)
    }

    /// The last 24 hours of these accounts under a plan, those that would have been refused most first.
    pub async fn what_if(&self, accounts: &[(PartnerId, Mode)], plan: &Plan) -> Result<Vec<Replayed>, Error> {
        let now_ms = self.clock.now_ms();
        let mut replayed = Vec::with_capacity(accounts.len());
        for (partner, mode) in accounts {
            let record = what_if::Record::read(&self.sql, partner, *mode, now_ms).await?;
            replayed.push(what_if::replay(partner, *mode, &record, plan, now_ms).await);
        }
        replayed
            .sort_by(|one, other| other.refused.units.cmp(&one.refused.units).then(one.partner.cmp(&other.partner)));
        Ok(replayed)
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

    /// Whether it is time for a sheet; notes that it was pinned then.
    fn is_time(&self, sheet: usize, every_ms: u64, now_ms: i64) -> bool {
        let Some(told_ms) = self.told_ms.get(sheet) else { return false };
        // A little early is better than a whole round late.
        let due = now_ms.saturating_sub(told_ms.load(Ordering::Relaxed)) >= i64::try_from(every_ms).unwrap_or(0) - 200;
        if due {
            told_ms.store(now_ms, Ordering::Relaxed);
        }
        due
    }

    fn peers(&self) -> MutexGuard<'_, Peers> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
