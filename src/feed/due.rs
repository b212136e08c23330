//! Working off what is due: claimed in batches and looked at side by side, by as many nodes as like.

use futures_util::{StreamExt, stream};

use crate::clock::Clock;

/// How many open things are claimed at once, and how many of them are looked at together: few enough that the last of
/// them is begun well within the lease, enough that a slow catalogue does not make hundreds wait for each other.
const AT_ONCE: u32 = 16;
/// So many of what was claimed are looked at together.
pub const TOGETHER: usize = 8;
/// After so long a pass begins nothing new: one that is under way is waited for when the node stops.
const PASS_MS: i64 = 15_000;

/// Claims and settles, batch by batch, until nothing is due or the pass took long enough; gives what came of each.
pub async fn work_off<T, R, E, Claimed, Settled>(
    clock: &Clock,
    claim: impl Fn(u32) -> Claimed,
    settle: impl Fn(T) -> Settled,
) -> Result<Vec<R>, E>
where
    Claimed: Future<Output = Result<Vec<T>, E>>,
    Settled: Future<Output = R>,
{
    let ends = clock.now_ms() + PASS_MS;
    let mut all = Vec::new();
    loop {
        let due = claim(AT_ONCE).await?;
        let more = due.len() == AT_ONCE as usize;
        let mut looks = stream::iter(due).map(&settle).buffer_unordered(TOGETHER);
        while let Some(one) = looks.next().await {
            all.push(one);
        }
        if !more || clock.now_ms() >= ends {
            return Ok(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::{AT_ONCE, PASS_MS, TOGETHER, work_off};
    use crate::clock::Clock;

    #[tokio::test]
    async fn everything_due_is_settled_some_of_it_side_by_side() {
        let waiting = RefCell::new((0..3 * AT_ONCE + 1).collect::<Vec<_>>());
        let (under_way, most) = (Cell::new(0), Cell::new(0));
        let claim = async |limit: u32| {
            let mut waiting = waiting.borrow_mut();
            let count = waiting.len().min(limit as usize);
            Ok::<Vec<u32>, ()>(waiting.drain(..count).collect())
        };
        let settle = async |one: u32| {
            under_way.set(under_way.get() + 1);
            most.set(most.get().max(under_way.get()));
            tokio::task::yield_now().await;
            under_way.set(under_way.get() - 1);
            one
        };
        let mut done = work_off(&Clock::shiftable(), claim, settle).await.unwrap();
        done.sort_unstable();
        assert_eq!((done, most.get()), ((0..3 * AT_ONCE + 1).collect(), TOGETHER));
    }

    #[tokio::test]
    async fn a_pass_that_took_long_begins_nothing_new() {
        let clock = Clock::shiftable();
        let claim = async |limit: u32| Ok::<Vec<u32>, ()>((0..limit).collect());
        let settle = async |_: u32| clock.advance_ms(PASS_MS / 20);
        let done = work_off(&clock, claim, settle).await.unwrap();
        assert_eq!(done.len(), 2 * AT_ONCE as usize);
    }
}
