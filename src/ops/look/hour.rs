//! The last hour of all nodes, as `usage` keeps it: what is known of it, added up as the console shows it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::look::At;
use crate::usage::{Node, Point, Usage};

/// Nodes tell of their hour every ten seconds, so the newest points may still lack some of them.
const MAY_LACK: usize = 3;

/// The last hour, in points of ten seconds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Hour {
    /// The nodes whose numbers are told, the asked one first.
    pub nodes: Vec<Node>,
    /// From when something is known, the oldest first; the running ten seconds are left out.
    pub points: Vec<Point>,
}

/// Since when something is as it is, as far as the hour tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// The moment.
    pub at: At,
    /// Whether it was so before the hour, too, as far as is known.
    pub or_longer: bool,
}

impl Hour {
    /// The hour before now.
    pub fn of(usage: &Usage) -> Self {
        let mut points = usage.series();
        let known = points.iter().position(|point| point.nodes > 0 || point.requests > 0);
        points.drain(..known.unwrap_or(points.len()));
        Self { nodes: usage.nodes(), points }
    }

    /// The newest ten seconds that all nodes told of; the newest at all when there are none.
    pub fn newest(&self) -> Option<&Point> {
        let lately = self.points.iter().rev().take(MAY_LACK);
        let whole = lately.into_iter().find(|point| point.nodes as usize >= self.nodes.len());
        whole.or(self.points.last())
    }

    /// All points together.
    pub fn sum(&self, of: impl Fn(&Point) -> u64) -> f64 {
        self.points.iter().map(of).sum::<u64>() as f64
    }

    /// Since when something is so; none when no point tells.
    pub fn since(&self, is_so: impl Fn(&Point) -> bool) -> Option<Since> {
        let told = || self.points.iter().filter(|point| point.nodes > 0);
        let before = told().filter(|point| !is_so(point)).map(|point| point.at).max();
        let first = told().find(|point| before.is_none_or(|before| point.at > before))?;
        Some(Since { at: At(first.at), or_longer: before.is_none() })
    }
}

/// Lookups of the cache.
pub fn lookups(point: &Point) -> u64 {
    point.hits_process + point.hits_redis + point.misses + point.coalesced
}

/// A share of requests; none when there were none.
pub fn share(part: u32, of: u32) -> Option<f64> {
    (of > 0).then(|| f64::from(part) / f64::from(of))
}

#[cfg(test)]
mod tests {
    use super::Hour;
    use crate::clock::Clock;
    use crate::counters::Counters;
    use crate::sql::trial;
    use crate::usage::{Gauges, Sample, SampledCounters, Usage};

    fn told(usage: &Usage, clock: &Clock, hits: u64, redis_down: bool) {
        let counters = SampledCounters { hits_process: hits, ..SampledCounters::default() };
        usage.sample(Sample { counters, gauges: Gauges { redis_down, ..Gauges::default() } });
        clock.advance_ms(10_000);
    }

    #[tokio::test]
    async fn it_begins_where_something_is_known_and_tells_since_when_things_are_so() {
        let house = trial::houses().await.remove(0);
        let clock = Clock::shiftable();
        let usage = Usage::new(house.sql.clone(), Counters::InProcess, clock.clone());
        assert!(Hour::of(&usage).points.is_empty() && Hour::of(&usage).newest().is_none());
        for (hits, down) in [(1, false), (4, false), (9, true), (16, true)] {
            told(&usage, &clock, hits, down);
        }
        let hour = Hour::of(&usage);
        // Real time goes on as well, so a slot may have been missed.
        let points: Vec<_> = hour.points.iter().filter(|point| point.nodes > 0).collect();
        assert_eq!((points.len(), hour.sum(|point| point.hits_process)), (4, 15.0));
        let down = hour.since(|point| point.redis_down > 0).unwrap();
        assert_eq!((down.at.0, down.or_longer), (points[2].at, false));
        let served = hour.since(|point| point.nodes > 0).unwrap();
        assert_eq!((served.at.0, served.or_longer), (points[0].at, true));
        assert!(hour.since(|point| point.redis_down == 0).is_none(), "it is not so now");
        assert_eq!(hour.newest().unwrap().at, points[3].at);
    }
}
