//! The connections of all runtimes of this process to one Redis.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use redis::{ErrorKind, RedisResult};
use tokio::runtime;

use super::link::Link;
use super::place::Place;
use super::way::{BadPlace, Patience, Way};

/// Each step of opening has its time; this is for all of them together.
const OPENED_WITHIN: Duration = Duration::from_secs(5);

type Opening = Shared<BoxFuture<'static, RedisResult<Link>>>;
type Kept = Mutex<HashMap<runtime::Id, Entry>>;

enum Entry {
    /// Under way; the number is the link's to be.
    Opening(u64, Opening),
    Open(Link),
}

/// One connection a runtime, opened when first asked for.
pub struct Links {
    way: Arc<Way>,
    kept: Arc<Kept>,
    opened: AtomicU64,
}

impl Links {
    /// Reads the place; connects when first asked.
    pub fn to(place: &Place, patience: Patience) -> Result<Self, BadPlace> {
        Ok(Self { way: Arc::new(Way::to(place, patience)?), kept: Arc::default(), opened: AtomicU64::new(0) })
    }

    /// Puts a question over this runtime's connection, as long as it may take. Opening goes on by itself when the asker
    /// gives up.
    pub async fn ask<T, F>(&self, question: impl FnOnce(Link) -> F) -> RedisResult<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let link = self.link().await?;
        let serial = link.serial;
        let answer = question(link).await;
        if let Err(error) = &answer
            && self.way.is_lost(error)
        {
            self.let_go(serial);
        }
        answer
    }

    /// Lets go of all connections; those who ask over them still get their answers. Those still being opened are as new as
    /// they can be, and some take their time: of a cluster, every node is tried.
    pub fn renew(&self) {
        lock(&self.kept).retain(|_, entry| matches!(entry, Entry::Opening(..)));
    }

    /// Connections that were begun so far.
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    async fn link(&self) -> RedisResult<Link> {
        let opening = {
            let runtime = runtime::Handle::current();
            let mut kept = lock(&self.kept);
            match kept.get(&runtime.id()) {
                Some(Entry::Open(link)) => return Ok(link.clone()),
                Some(Entry::Opening(_, opening)) => opening.clone(),
                None => self.begin(&runtime, &mut kept),
            }
        };
        opening.await
    }

    fn begin(&self, runtime: &runtime::Handle, kept: &mut HashMap<runtime::Id, Entry>) -> Opening {
        let serial = self.opened.fetch_add(1, Ordering::Relaxed);
        let (way, place, id) = (Arc::clone(&self.way), Arc::downgrade(&self.kept), runtime.id());
        let opening = async move {
            let opened = match tokio::time::timeout(OPENED_WITHIN, way.open()).await {
                Ok(opened) => opened.map(|socket| Link { serial, socket }),
                Err(_) => Err((ErrorKind::Io, "the connection could not be opened in time").into()),
            };
            keep(&place, id, serial, opened.as_ref().ok());
            opened
        };
        let opening = opening.boxed().shared();
        runtime.spawn(opening.clone());
        kept.insert(id, Entry::Opening(serial, opening.clone()));
        opening
    }

    fn let_go(&self, serial: u64) {
        lock(&self.kept).retain(|_, entry| !matches!(entry, Entry::Open(link) if link.serial == serial));
    }
}

/// Puts an opened link where it was begun, unless it has been let go meanwhile; a failed one leaves the place to the next.
fn keep(place: &Weak<Kept>, id: runtime::Id, serial: u64, opened: Option<&Link>) {
    let Some(place) = place.upgrade() else { return };
    let mut kept = lock(&place);
    if !matches!(kept.get(&id), Some(Entry::Opening(begun, _)) if *begun == serial) {
        return;
    }
    match opened {
        Some(link) => kept.insert(id, Entry::Open(link.clone())),
        None => kept.remove(&id),
    };
}

fn lock(kept: &Kept) -> MutexGuard<'_, HashMap<runtime::Id, Entry>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").field("opened", &self.opened()).finish_non_exhaustive()
    }
}
