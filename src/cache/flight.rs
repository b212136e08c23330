//! Single flight: of all who want the same thing at once, one fetches and the others wait for it. The fetch runs as a
//! task of its own, so that a caller who gives up harms nobody; a fetch that dies wakes those who wait, and one of
//! them begins again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tracing::Instrument;

use crate::cache::key::Key;

/// How long a follower waits before it suspects the leader.
const PATIENCE: Duration = Duration::from_secs(12);

type Board<V> = Mutex<HashMap<Key, watch::Receiver<Option<V>>>>;

/// Fetches under way.
#[derive(Debug)]
pub(super) struct Flights<V>(Arc<Board<V>>);

impl<V> Clone for Flights<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V> Default for Flights<V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// How a value was come by.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Landed<V> {
    /// We fetched it.
    Led(V),
    /// Somebody else did.
    Followed(V),
    /// Nobody could: the fetch died each time.
    Lost,
}

impl<V: Clone + Send + Sync + 'static> Flights<V> {
    /// Fetches, or waits for the fetch that is under way.
    pub async fn share<F, W>(&self, key: &Key, work: W) -> Landed<V>
    where
        W: FnOnce() -> F,
        F: Future<Output = V> + Send + 'static,
    {
        for _ in 0..2 {
            let mut follower = match self.join(key) {
                Seat::Leader(lead) => return lead.fly(work()).await.map_or(Landed::Lost, Landed::Led),
                Seat::Follower(follower) => follower,
            };
            let landed = tokio::time::timeout(PATIENCE, follower.wait_for(Option::is_some)).await;
            if let Ok(Ok(value)) = landed
                && let Some(value) = value.clone()
            {
                return Landed::Followed(value);
            }
        }
        Landed::Led(work().await)
    }

    /// Begins a fetch unless one is under way; waits for nothing. Tells whether it began.
    pub fn begin<F, W>(&self, key: &Key, work: W) -> bool
    where
        W: FnOnce() -> F,
        F: Future<Output = V> + Send + 'static,
    {
        match self.join(key) {
            Seat::Leader(lead) => {
                lead.launch(work());
                true
            }
            Seat::Follower(_) => false,
        }
    }

    fn join(&self, key: &Key) -> Seat<V> {
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match board.entry(key.clone()) {
            // A sender that is gone without a word belonged to a task that died with its worker.
            Entry::Occupied(taken) if taken.get().has_changed().is_ok() => Seat::Follower(taken.get().clone()),
            entry => {
                let (sender, receiver) = watch::channel(None);
                entry.insert_entry(receiver);
                Seat::Leader(Lead { board: Arc::clone(&self.0), key: key.clone(), sender })
            }
        }
    }
}

enum Seat<V> {
    Leader(Lead<V>),
    Follower(watch::Receiver<Option<V>>),
}

/// The right to fetch; given up when dropped, whatever became of the fetch.
struct Lead<V> {
    board: Arc<Board<V>>,
    key: Key,
    sender: watch::Sender<Option<V>>,
}

impl<V: Clone + Send + Sync + 'static> Lead<V> {
    async fn fly(self, work: impl Future<Output = V> + Send + 'static) -> Option<V> {
        self.launch(work).await.ok()
    }

    #[expect(clippy::disallowed_methods, reason = "a fetch outlives the caller who began it")]
    fn launch(self, work: impl Future<Output = V> + Send + 'static) -> tokio::task::JoinHandle<V> {
        let flight = async move {
            let value = work.await;
            self.sender.send_replace(Some(value.clone()));
            value
        };
        tokio::spawn(flight.in_current_span())
    }
}

impl<V> Drop for Lead<V> {
    fn drop(&mut self) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        // Only our own entry: after we seemed dead another may have taken the place.
        if board.get(&self.key).is_some_and(|entry| entry.same_channel(&self.sender.subscribe())) {
            board.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Flights, Landed};
    use crate::cache::freshness::Kind;
    use crate::cache::key::Key;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::Notify;

    fn key() -> Key {
        Key::of(Kind::Offer).number(7).finish()
    }

    #[tokio::test]
    async fn a_hundred_at_once_fetch_once() {
        let (flights, calls, gate) = (Flights::default(), Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let one = || {
            let (flights, calls, gate) = (flights.clone(), calls.clone(), gate.clone());
            tokio::spawn(async move {
                let work = || async move {
                    gate.notified().await;
                    calls.fetch_add(1, Ordering::SeqCst)
                };
                flights.share(&key(), work).await
            })
        };
        let all: Vec<_> = (0..100).map(|_| one()).collect();
        tokio::task::yield_now().await;
        gate.notify_one();
        let mut led = 0;
        for task in all {
            match task.await.unwrap() {
                Landed::Led(0) => led += 1,
                other => assert_eq!(other, Landed::Followed(0)),
            }
        }
        assert_eq!((led, calls.load(Ordering::SeqCst)), (1, 1));
        assert!(flights.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_leader_who_gives_up_harms_nobody() {
        let (flights, gate) = (Flights::default(), Arc::new(Notify::new()));
        let held = gate.clone();
        let leader = flights.clone();
        let leader = tokio::spawn(async move {
            leader
                .share(&key(), || async move {
                    held.notified().await;
                    5
                })
                .await
        });
        tokio::task::yield_now().await;
        let follower = flights.clone();
        let follower = tokio::spawn(async move { follower.share(&key(), || async { 9 }).await });
        tokio::task::yield_now().await;
        leader.abort();
        gate.notify_one();
        assert_eq!(follower.await.unwrap(), Landed::Followed(5));
    }

    #[test]
    fn a_fetch_that_dies_with_its_worker_is_begun_again() {
        let flights = Flights::<u32>::default();
        let worker = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        worker.block_on(async { assert!(flights.begin(&key(), std::future::pending::<u32>)) });
        drop(worker);
        let other = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let landed = other.block_on(flights.share(&key(), || async { 3 }));
        assert_eq!(landed, Landed::Led(3));
    }

    #[tokio::test]
    async fn a_fetch_that_panics_is_lost_and_leaves_the_place_free() {
        let flights = Flights::<u32>::default();
        let died = flights.share(&key(), || async { panic!("on purpose") }).await;
        assert_eq!(died, Landed::Lost);
        assert_eq!(flights.share(&key(), || async { 4 }).await, Landed::Led(4));
    }
}
