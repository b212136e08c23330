//! The directory: finds keys for requests in a snapshot and keeps the snapshot fresh.
//! How it is changed is told in `changes.rs` and `keys.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use crate::audit::{self, Entry, Who};
use crate::clock::Clock;
use crate::model::partner::Partner;
use crate::partners::error::Error;
use crate::partners::load;
use crate::partners::records::KeyRecord;
use crate::partners::seal::Sealer;
use crate::partners::snapshot::Snapshot;
use crate::sql::Sql;

/// Partners, keys and plans.
pub struct Directory {
    pub(super) sql: Sql,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    snapshot: ArcSwap<Snapshot>,
    failed_refreshes: AtomicU64,
}

/// What a refresh found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// Nothing had changed.
    Same,
    /// A newer snapshot is in use.
    Newer,
    /// The database could not be read; the old snapshot stays.
    Kept,
}

impl Directory {
    /// Opens the directory in a migrated database and reads it once.
    pub async fn open(sql: Sql, sealer: Sealer, clock: Clock) -> Result<Self, Error> {
        let snapshot = ArcSwap::from_pointee(load::snapshot(&sql, &sealer, clock.now()).await?);
        Ok(Self { sql, sealer, clock, snapshot, failed_refreshes: AtomicU64::new(0) })
    }

    /// The key with this id; takes no lock and waits for nothing.
    pub fn find(&self, key_id: &str) -> Option<Arc<KeyRecord>> {
        self.snapshot.load().key(key_id).cloned()
    }

    /// The partner with this short name.
    pub fn find_partner(&self, id: &str) -> Option<Arc<Partner>> {
        self.snapshot.load().partner(id).cloned()
    }

    /// The snapshot in use.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Takes up what other processes changed; call it every second. A failure is logged and counted, never fatal.
    pub async fn refresh(&self) -> Refreshed {
        match self.try_refresh().await {
            Ok(true) => Refreshed::Newer,
            Ok(false) => Refreshed::Same,
            Err(error) => {
                self.failed_refreshes.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, "partners and keys cannot be read anew; the last known ones stay in use");
                Refreshed::Kept
            }
        }
    }

    async fn try_refresh(&self) -> Result<bool, Error> {
        let known = self.snapshot.load_full();
        let lasts = known.changes_at.is_none_or(|at| self.clock.now() < at);
        if lasts && load::version(&self.sql).await? == known.version {
            return Ok(false);
        }
        let newer = load::snapshot(&self.sql, &self.sealer, self.clock.now()).await?;
        let newer = Arc::new(newer.going_on_from(&self.snapshot.load()));
        // Two refreshes may overlap; the one that read later state wins.
        self.snapshot.rcu(|known| if known.version > newer.version { known.clone() } else { newer.clone() });
        Ok(true)
    }

    /// The clock that ends keys.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How many refreshes failed since the start.
    pub fn failed_refreshes(&self) -> u64 {
        self.failed_refreshes.load(Ordering::Relaxed)
    }

    /// The newest changes of the whole audit first.
    pub async fn audit(&self, limit: u32) -> Result<Vec<Entry>, Error> {
        Ok(audit::list(&self.sql, &audit::Filter::default(), None, limit).await?.items)
    }

    pub(super) fn entry(&self, actor: impl Into<Who>, action: &str, subject: &str, detail: String) -> Entry {
        Entry::new(self.clock.now(), actor, action, subject, detail)
    }
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let snapshot = self.snapshot.load();
        write!(f, "Directory(version {}, {} keys)", snapshot.version, snapshot.key_count())
    }
}
