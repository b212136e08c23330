//! What this node did in the last hour, in steps of ten seconds, without needing Prometheus: the difference of the same
//! books that `/metrics` tells, kept in a ring.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Clock;
use crate::ops::look::At;
use crate::ops::look::counted::value;
use crate::ops::look::traffic::{Tally, Traffic};
use crate::ops::readings::Readings;
use crate::telemetry::metrics::{Metrics, Reading};

/// How often it is looked.
pub const EVERY: Duration = Duration::from_secs(10);
/// An hour of it.
const POINTS: usize = 360;

/// What happened in ten seconds.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Point {
    /// Requests a second.
    pub rps: f64,
    /// Requests.
    pub requests: f64,
    /// Answered with 2xx or 3xx.
    pub fine: f64,
    /// Answered with 4xx, but 429.
    pub refused: f64,
    /// Answered with 429.
    pub limited: f64,
    /// Answered with 5xx.
    pub failed: f64,
    /// The median of the time to answer, in seconds; absent when nothing was asked.
    pub p50_s: Option<f64>,
    /// The time within which 99 of 100 were answered.
    pub p99_s: Option<f64>,
    /// Lookups of the cache.
    pub lookups: f64,
    /// Found in this process.
    pub hits_process: f64,
    /// Found in Redis.
    pub hits_redis: f64,
    /// Waited for somebody else's fetch.
    pub coalesced: f64,
    /// Shown past their time.
    pub stale: f64,
    /// Calls to the catalogue.
    pub catalogue_calls: f64,
    /// The mean time of a call to the catalogue, long polls for changes included; absent when none was made.
    pub catalogue_s: Option<f64>,
    /// Calls to the catalogue that brought no answer.
    pub catalogue_lost: f64,
    /// Calls to Redis for limits and nonces.
    pub redis_calls: f64,
    /// Whether Redis was silent at the end of it.
    pub redis_down: bool,
    /// Orders that were unknown at the end of it.
    pub unknown: f64,
    /// Deliveries that waited at the end of it.
    pub pending: f64,
}

/// The last hour.
pub struct Pulse {
    clock: Clock,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    points: VecDeque<Point>,
    before: Option<Before>,
    /// Since when Redis is as it is.
    redis: Option<(bool, Timestamp)>,
}

/// What the books said the last time.
struct Before {
    at_us: i64,
    total: Tally,
    counted: Counted,
}

/// Counters that only grow.
#[derive(Clone, Copy, Default)]
struct Counted {
    lookups: f64,
    hits_process: f64,
    hits_redis: f64,
    coalesced: f64,
    stale: f64,
    micros: f64,
    calls: f64,
    lost: f64,
    redis_calls: f64,
}

impl Pulse {
    /// Nothing happened yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, kept: Mutex::default() }
    }

    /// Looks at the books and keeps what came since the last look.
    pub async fn beat(&self, metrics: &Metrics, readings: &Readings) {
        let readings = readings.take().await;
        self.note(Traffic::read(&metrics.text(&[])).total, &readings);
    }

    /// The points there are, the oldest first.
    pub fn points(&self) -> Vec<Point> {
        self.lock().points.iter().cloned().collect()
    }

    /// Whether Redis is silent, and since when it is as it is, as far as this node knows.
    pub fn redis(&self) -> Option<(bool, At)> {
        self.lock().redis.map(|(down, since)| (down, At(since)))
    }

    fn note(&self, total: Tally, readings: &[Reading]) {
        let (now_us, counted) = (self.clock.ticks_us(), Counted::read(readings));
        let mut kept = self.lock();
        let down = value(readings, "xunyuan_redis_down", "") > 0.0;
        if kept.redis.is_none_or(|(known, _)| known != down) {
            kept.redis = Some((down, self.clock.now()));
        }
        if let Some(before) = &kept.before {
            let seconds = (now_us - before.at_us).max(1) as f64 / 1e6;
            let mut point = point(&total.since(&before.total), counted, before.counted, seconds);
            point.redis_down = down;
            point.unknown = value(readings, "xunyuan_orders_unknown", "");
            point.pending = value(readings, "xunyuan_webhook_pending", "");
            if kept.points.len() == POINTS {
                kept.points.pop_front();
            }
            kept.points.push_back(point);
        }
        kept.before = Some(Before { at_us: now_us, total, counted });
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Pulse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pulse({} points)", self.lock().points.len())
    }
}

impl Counted {
    fn read(readings: &[Reading]) -> Self {
        let cache = |outcome| value(readings, "xunyuan_cache_total", outcome);
        let catalogue = |outcome| value(readings, "xunyuan_upstream_total", outcome);
        let (hits_process, hits_redis) = (cache("hits_process"), cache("hits_redis"));
        Self {
            lookups: hits_process + hits_redis + cache("misses") + cache("coalesced"),
            coalesced: cache("coalesced"),
            stale: cache("stale"),
            micros: catalogue("micros"),
            hits_process,
            hits_redis,
            calls: catalogue("calls"),
            lost: catalogue("unknown") + catalogue("not_sent"),
            redis_calls: value(readings, "xunyuan_redis_calls_total", ""),
        }
    }
}

fn point(total: &Tally, now: Counted, before: Counted, seconds: f64) -> Point {
    let quantile = |share| total.quantile_s(share).map(|(time, _)| time);
    Point {
        rps: total.requests / seconds,
        requests: total.requests,
        fine: total.fine,
        refused: total.refused,
        limited: total.limited,
        failed: total.failed,
        p50_s: quantile(0.5),
        p99_s: quantile(0.99),
        lookups: now.lookups - before.lookups,
        hits_process: now.hits_process - before.hits_process,
        hits_redis: now.hits_redis - before.hits_redis,
        coalesced: now.coalesced - before.coalesced,
        stale: now.stale - before.stale,
        catalogue_calls: now.calls - before.calls,
        catalogue_s: (now.calls > before.calls)
            .then(|| (now.micros - before.micros) / 1e6 / (now.calls - before.calls)),
        catalogue_lost: now.lost - before.lost,
        redis_calls: now.redis_calls - before.redis_calls,
        ..Point::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{POINTS, Pulse};
    use crate::clock::Clock;
    use crate::ops::look::traffic::Traffic;
    use crate::telemetry::metrics::{Metrics, Reading, Served};

    fn asked(metrics: &Metrics, status: u16, times: usize) {
        for _ in 0..times {
            metrics.entered();
            let labels = Served { operation: "get_offer", http_response_status_code: status, error_type: "" };
            metrics.served(&labels, 0.0004);
        }
    }

    fn readings(hits: f64, down: f64) -> Vec<Reading> {
        let outcome = |name: &str, count| (format!("outcome=\"{name}\""), count);
        vec![
            ("xunyuan_cache_total", "", vec![outcome("hits_process", hits), outcome("misses", 1.0)]),
            ("xunyuan_redis_down", "", vec![(String::new(), down)]),
            ("xunyuan_orders_unknown", "", vec![(String::new(), 3.0)]),
        ]
    }

    #[test]
    fn a_point_is_what_came_since_the_look_before() {
        let (clock, metrics) = (Clock::shiftable(), Metrics::default());
        let pulse = Pulse::new(clock.clone());
        asked(&metrics, 200, 5);
        pulse.note(Traffic::read(&metrics.text(&[])).total, &readings(1.0, 0.0));
        assert!(pulse.points().is_empty(), "nothing is known of before");
        let since = pulse.redis().unwrap().1;
        asked(&metrics, 200, 30);
        asked(&metrics, 429, 10);
        clock.advance_ms(10_000);
        pulse.note(Traffic::read(&metrics.text(&[])).total, &readings(8.0, 1.0));
        let point = pulse.points().pop().unwrap();
        assert!((3.9..=4.0).contains(&point.rps), "{}", point.rps);
        assert_eq!((point.requests, point.limited, point.lookups, point.hits_process), (40.0, 10.0, 7.0, 7.0));
        assert_eq!((point.unknown, point.redis_down), (3.0, true));
        assert!(point.p50_s.is_some());
        let (down, later) = pulse.redis().unwrap();
        assert!(down && later > since, "it is told since when");
        clock.advance_ms(10_000);
        pulse.note(Traffic::read(&metrics.text(&[])).total, &readings(8.0, 1.0));
        assert_eq!(pulse.redis().unwrap().1, later);
        assert!(pulse.points().pop().unwrap().p50_s.is_none(), "nothing was asked");
    }

    #[test]
    fn an_hour_is_kept_and_no_more() {
        let (pulse, metrics) = (Pulse::new(Clock::shiftable()), Metrics::default());
        for _ in 0..POINTS + 5 {
            pulse.note(Traffic::read(&metrics.text(&[])).total, &[]);
        }
        assert_eq!(pulse.points().len(), POINTS);
    }
}
