//! The node's last hour in slots of ten seconds: requests by status, how long they took, and what other rooms counted
//! meanwhile.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::Call;
use super::spread::Spread;

/// Seconds of one slot.
pub const SLOT_S: i64 = 10;
/// Slots of an hour.
pub const SLOTS: i64 = 360;

/// Counters of other rooms, which only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Lookups answered from the process.
    pub hits_process: u64,
    /// Lookups answered from Redis.
    pub hits_redis: u64,
    /// Lookups that asked the catalogue.
    pub misses: u64,
    /// Lookups that waited for another's fetch.
    pub coalesced: u64,
    /// Stale answers shown.
    pub stale: u64,
    /// Calls to the catalogue.
    pub catalogue_calls: u64,
    /// Calls to the catalogue that brought no answer.
    pub catalogue_lost: u64,
    /// Questions to Redis.
    pub redis_calls: u64,
}

impl Counters {
    fn each(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            hits_process: join(self.hits_process, other.hits_process),
            hits_redis: join(self.hits_redis, other.hits_redis),
            misses: join(self.misses, other.misses),
            coalesced: join(self.coalesced, other.coalesced),
            stale: join(self.stale, other.stale),
            catalogue_calls: join(self.catalogue_calls, other.catalogue_calls),
            catalogue_lost: join(self.catalogue_lost, other.catalogue_lost),
            redis_calls: join(self.redis_calls, other.redis_calls),
        }
    }
}

/// What stands how at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gauges {
    /// Redis does not answer.
    pub redis_down: bool,
    /// The catalogue does not answer.
    pub catalogue_down: bool,
    /// Orders whose outcome is unknown.
    pub orders_unknown: u64,
    /// Age of the oldest of them.
    pub orders_unknown_oldest_s: i64,
    /// Webhooks not delivered yet.
    pub webhooks_pending: u64,
    /// Age of the oldest of them.
    pub webhooks_oldest_s: i64,
}

/// What other rooms say at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Counted so far.
    pub counters: Counters,
    /// How things stand.
    pub gauges: Gauges,
}

/// Ten seconds of one node, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slot {
    /// Requests answered with 2xx, 3xx, 4xx but 429, 429, 5xx.
    statuses: [u32; 5],
    total: Spread,
    own: Spread,
    counted: Counters,
    gauges: Gauges,
    /// Nodes that said something.
    nodes: u32,
    redis_down: u32,
    catalogue_down: u32,
}

impl Slot {
    /// What another node saw, too.
    pub fn merge(&mut self, other: &Self) {
        self.statuses.iter_mut().zip(other.statuses).for_each(|(own, more)| *own = own.saturating_add(more));
        self.total.merge(&other.total);
        self.own.merge(&other.own);
        self.counted = self.counted.each(other.counted, u64::saturating_add);
        self.nodes += other.nodes;
        self.redis_down += other.redis_down;
        self.catalogue_down += other.catalogue_down;
        // All nodes read these in the same database.
        let (own, more) = (&mut self.gauges, other.gauges);
        own.orders_unknown = own.orders_unknown.max(more.orders_unknown);
        own.orders_unknown_oldest_s = own.orders_unknown_oldest_s.max(more.orders_unknown_oldest_s);
        own.webhooks_pending = own.webhooks_pending.max(more.webhooks_pending);
        own.webhooks_oldest_s = own.webhooks_oldest_s.max(more.webhooks_oldest_s);
    }
}

/// One node's hour: slots by their number since 1970.
pub type Slots = BTreeMap<i64, Slot>;

/// The hour as it is kept.
#[derive(Debug, Default)]
pub struct Pulse {
    slots: Slots,
    before: Option<Counters>,
}

impl Pulse {
    /// Adds a request.
    pub fn add(&mut self, call: &Call) {
        let slot = self.slot(call.at_ms);
        let at = match call.status {
            429 => 3,
            500.. => 4,
            400..=499 => 2,
            300..=399 => 1,
            _ => 0,
        };
        if let Some(count) = slot.statuses.get_mut(at) {
            *count += 1;
        }
        slot.total.add(call.micros);
        slot.own.add(call.micros.saturating_sub(call.waited_us));
    }

    /// Takes what other rooms say at this moment.
    pub fn sample(&mut self, now_ms: i64, sample: Sample) {
        let before = self.before.replace(sample.counters).unwrap_or(sample.counters);
        let more = sample.counters.each(before, u64::saturating_sub);
        let slot = self.slot(now_ms);
        slot.counted = slot.counted.each(more, u64::saturating_add);
        slot.gauges = sample.gauges;
        slot.nodes = 1;
        slot.redis_down = u32::from(sample.gauges.redis_down);
        slot.catalogue_down = u32::from(sample.gauges.catalogue_down);
    }

    /// The slots of the hour before this moment.
    pub fn slots(&self, now_ms: i64) -> Slots {
        let first = number(now_ms) - SLOTS;
        self.slots.range(first..).map(|(at, slot)| (*at, slot.clone())).collect()
    }

    fn slot(&mut self, at_ms: i64) -> &mut Slot {
        let at = number(at_ms);
        let first = at - SLOTS - 1;
        while self.slots.first_key_value().is_some_and(|(oldest, _)| *oldest < first) {
            self.slots.pop_first();
        }
        self.slots.entry(at).or_default()
    }
}

fn number(at_ms: i64) -> i64 {
    at_ms.div_euclid(SLOT_S * 1_000)
}

/// Ten seconds of all nodes, as they are shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Point {
    /// When the ten seconds began.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Requests a second.
    pub rps: f64,
    /// Requests.
    pub requests: u32,
    /// Answered with 2xx.
    pub fine: u32,
    /// Answered with 3xx, which is to say 304.
    pub not_modified: u32,
    /// Answered with 4xx but 429.
    pub refused: u32,
    /// Answered with 429.
    pub limited: u32,
    /// Answered with 5xx.
    pub failed: u32,
    /// Half were answered within so many microseconds.
    pub p50_us: Option<u64>,
    /// 99 of 100 were.
    pub p99_us: Option<u64>,
    /// The same without the time the catalogue took.
    pub own_p50_us: Option<u64>,
    /// The same without the time the catalogue took.
    pub own_p99_us: Option<u64>,
    /// Lookups answered from a process.
    pub hits_process: u64,
    /// Lookups answered from Redis.
    pub hits_redis: u64,
    /// Lookups that asked the catalogue.
    pub misses: u64,
    /// Lookups that waited for another's fetch.
    pub coalesced: u64,
    /// Stale answers shown.
    pub stale: u64,
    /// Calls to the catalogue.
    pub catalogue_calls: u64,
    /// Calls to the catalogue that brought no answer.
    pub catalogue_lost: u64,
    /// Questions to Redis.
    pub redis_calls: u64,
    /// Nodes that told of these seconds.
    pub nodes: u32,
    /// Nodes that Redis did not answer.
    pub redis_down: u32,
    /// Nodes that the catalogue did not answer.
    pub catalogue_down: u32,
    /// Orders whose outcome was unknown.
    pub orders_unknown: u64,
    /// Age of the oldest of them, in seconds.
    pub orders_unknown_oldest_s: i64,
    /// Webhooks not delivered yet.
    pub webhooks_pending: u64,
    /// Age of the oldest of them, in seconds.
    pub webhooks_oldest_s: i64,
}

/// The hour before this moment, the oldest first; the running ten seconds are left out.
pub fn points(slots: &Slots, now_ms: i64) -> Vec<Point> {
    let now = number(now_ms);
    let nothing = Slot::default();
    (now - SLOTS..now).map(|at| point(at, slots.get(&at).unwrap_or(&nothing))).collect()
}

fn point(at: i64, slot: &Slot) -> Point {
    let [fine, not_modified, refused, limited, failed] = slot.statuses;
    let requests: u32 = slot.statuses.iter().sum();
    let (counted, gauges) = (slot.counted, slot.gauges);
    Point {
        at: Timestamp::from_second(at * SLOT_S).unwrap_or(Timestamp::UNIX_EPOCH),
        rps: f64::from(requests) / SLOT_S as f64,
        requests,
        fine,
        not_modified,
        refused,
        limited,
        failed,
        p50_us: slot.total.quantile_us(0.5),
        p99_us: slot.total.quantile_us(0.99),
        own_p50_us: slot.own.quantile_us(0.5),
        own_p99_us: slot.own.quantile_us(0.99),
        hits_process: counted.hits_process,
        hits_redis: counted.hits_redis,
        misses: counted.misses,
        coalesced: counted.coalesced,
        stale: counted.stale,
        catalogue_calls: counted.catalogue_calls,
        catalogue_lost: counted.catalogue_lost,
        redis_calls: counted.redis_calls,
        nodes: slot.nodes,
        redis_down: slot.redis_down,
        catalogue_down: slot.catalogue_down,
        orders_unknown: gauges.orders_unknown,
        orders_unknown_oldest_s: gauges.orders_unknown_oldest_s,
        webhooks_pending: gauges.webhooks_pending,
        webhooks_oldest_s: gauges.webhooks_oldest_s,
    }
}

#[cfg(test)]
mod tests {
    use super::{Counters, Gauges, Pulse, SLOTS, Sample, points};
    use crate::usage::example::call;

    fn sample(hits: u64, unknown: u64) -> Sample {
        let counters = Counters { hits_process: hits, ..Counters::default() };
        Sample { counters, gauges: Gauges { orders_unknown: unknown, redis_down: true, ..Gauges::default() } }
    }

    #[test]
    fn an_hour_has_360_points_and_the_running_one_is_not_among_them() {
        let mut pulse = Pulse::default();
        let hour = 3_600_000;
        for ms in (0..3 * hour).step_by(5_000) {
            pulse.add(&call("acme", ms, 200, 1));
        }
        let points = points(&pulse.slots(3 * hour), 3 * hour);
        assert_eq!(points.len(), SLOTS as usize);
        assert!(points.iter().all(|point| point.requests == 2 && point.rps == 0.2));
        assert_eq!(points.last().unwrap().at.as_second(), 3 * 3_600 - 10);
        assert!(pulse.slots.len() <= SLOTS as usize + 2);
    }

    #[test]
    fn counters_tell_what_came_and_gauges_what_is() {
        let mut pulse = Pulse::default();
        pulse.sample(1_000, sample(100, 2));
        pulse.sample(11_000, sample(130, 3));
        let shown = points(&pulse.slots(20_000), 20_000);
        let [first, second] = &shown[358..] else { panic!("two points") };
        assert_eq!((first.hits_process, second.hits_process), (0, 30), "nothing is known of before");
        assert_eq!((second.orders_unknown, second.redis_down, second.nodes), (3, 1, 1));
    }

    #[test]
    fn nodes_add_up_but_what_all_read_in_one_database_does_not() {
        let (mut one, mut other) = (Pulse::default(), Pulse::default());
        one.add(&call("acme", 1_000, 200, 1));
        other.add(&call("acme", 1_000, 503, 1));
        one.sample(2_000, sample(0, 4));
        other.sample(2_000, sample(0, 4));
        let mut slots = one.slots(10_000);
        for (at, slot) in other.slots(10_000) {
            slots.entry(at).or_default().merge(&slot);
        }
        let point = points(&slots, 10_000).pop().unwrap();
        assert_eq!((point.requests, point.fine, point.failed, point.nodes), (2, 1, 1, 2));
        assert_eq!((point.orders_unknown, point.redis_down), (4, 2));
    }

    #[test]
    fn the_gateways_own_time_is_without_the_catalogues() {
        let mut pulse = Pulse::default();
        let mut slow = call("acme", 1_000, 200, 1);
        (slow.micros, slow.waited_us) = (100_000, 99_000);
        pulse.add(&slow);
        let point = points(&pulse.slots(10_000), 10_000).pop().unwrap();
        assert!(point.p50_us.unwrap() > 90_000 && point.own_p50_us.unwrap() < 1_200, "{point:?}");
    }
}
