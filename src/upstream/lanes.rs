//! How many calls may be under way at one time on this node, and who comes first when it gets crowded: browsing may
//! take seven tenths of the places, reads around orders leave a seventh, orders may take all.

use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::upstream::call::Class;

const GOODS_PERCENT: usize = 70;
const READS_PERCENT: usize = 85;

/// The places; shared by all workers.
#[derive(Debug)]
pub(super) struct Lanes {
    all: Semaphore,
    reads: Semaphore,
    goods: Semaphore,
}

/// A place taken; free again when dropped.
#[derive(Debug, Default)]
pub(super) struct Place<'l>(#[expect(dead_code, reason = "held, not looked at")] Vec<SemaphorePermit<'l>>);

impl Lanes {
    /// So many places in all.
    pub(super) fn with_places(places: usize) -> Self {
        let places = places.clamp(1, Semaphore::MAX_PERMITS);
        let share = |percent: usize| Semaphore::new((places * percent / 100).max(1));
        Self { all: Semaphore::new(places), reads: share(READS_PERCENT), goods: share(GOODS_PERCENT) }
    }

    /// A place for a call of this class, or none when none gets free in time. Whoever waits for a narrow lane holds
    /// nothing of a wider one, so that browsing never stands in the way of orders.
    pub(super) async fn enter(&self, class: Class, within: Duration) -> Option<Place<'_>> {
        let lanes: &[&Semaphore] = match class {
            // Long polls; there are as many as worlds.
            Class::Feed => &[],
            Class::Orders => &[&self.all],
            Class::Trade => &[&self.reads, &self.all],
            Class::Goods => &[&self.goods, &self.reads, &self.all],
        };
        let until = Instant::now() + within;
        let mut held = Vec::with_capacity(lanes.len());
        for lane in lanes {
            let place = match lane.try_acquire() {
                Ok(place) => place,
                Err(_) => {
                    let left = until.saturating_duration_since(Instant::now());
                    tokio::time::timeout(left, lane.acquire()).await.ok()?.ok()?
                }
            };
            held.push(place);
        }
        Some(Place(held))
    }
}

#[cfg(test)]
mod tests {
    use super::Lanes;
    use crate::upstream::call::Class;
    use std::time::Duration;

    const NOW: Duration = Duration::ZERO;

    #[tokio::test]
    async fn browsing_leaves_places_to_reads_of_orders_and_both_leave_some_to_orders() {
        let lanes = Lanes::with_places(20);
        let mut held = Vec::new();
        for (class, places) in [(Class::Goods, 14), (Class::Trade, 3), (Class::Orders, 3)] {
            for place in 0..places {
                held.push(lanes.enter(class, NOW).await.unwrap_or_else(|| panic!("{class:?} {place}")));
            }
            assert!(lanes.enter(class, NOW).await.is_none(), "{class:?}");
        }
        assert!(lanes.enter(Class::Feed, NOW).await.is_some());
        held.clear();
        assert!(lanes.enter(Class::Goods, NOW).await.is_some());
    }

    #[tokio::test]
    async fn a_place_that_gets_free_goes_to_who_waits() {
        let lanes = Lanes::with_places(1);
        let held = lanes.enter(Class::Orders, NOW).await;
        let waits = lanes.enter(Class::Orders, Duration::from_secs(30));
        let (waited, ()) = tokio::join!(waits, async { drop(held) });
        assert!(waited.is_some());
    }

    #[tokio::test]
    async fn however_few_places_everyone_gets_one() {
        let lanes = Lanes::with_places(0);
        for class in Class::ALL {
            assert!(lanes.enter(class, NOW).await.is_some(), "{class:?}");
        }
    }
}
