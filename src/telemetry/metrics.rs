//! Metrics in Prometheus' text form under OpenTelemetry's HTTP names. Requests are counted here; rooms keep their own
//! tallies in atomics, which are read when somebody scrapes.

use std::cell::RefCell;
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Seconds, as OpenTelemetry advises for HTTP durations, with finer steps below 5 ms for hot reads.
const BUCKETS: [f64; 17] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0];

/// Labels of a served request.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct Served {
    /// The operation id, or `unmatched`.
    pub operation: &'static str,
    /// The HTTP status.
    pub http_response_status_code: u16,
    /// The problem's code, or empty.
    pub error_type: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

/// A number somebody else counts, read at scrape time.
pub type Reading = (&'static str, &'static str, Vec<(String, f64)>);

/// Counters of labels that were looked up before; operations and codes are few.
struct Known {
    of: u64,
    labels: Served,
    count: Counter,
    duration: Histogram,
}

/// What one thread keeps at hand; beyond it, labels are looked up again.
const MOST_KNOWN: usize = 64;

thread_local! {
    static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

/// The books of one process.
pub struct Metrics {
    /// Tells the books of one process' houses apart.
    number: u64,
    registry: Registry,
    served: Family<Served, Counter>,
    duration: Family<Operation, Histogram>,
    active: Gauge<i64, AtomicI64>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics(…)")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let served = Family::<Served, Counter>::default();
        let duration = Family::<Operation, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let active = Gauge::default();
        registry.register(
            "xunyuan_requests",
            "Requests answered, by operation, status and problem code.",
            served.clone(),
        );
        registry.register("http_server_request_duration_seconds", "Time from head to answer.", duration.clone());
        registry.register("http_server_active_requests", "Requests under way.", active.clone());
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        Self { number, registry, served, duration, active }
    }
}

impl Metrics {
    /// One request came in.
    pub fn entered(&self) {
        self.active.inc();
    }

    /// One request is answered.
    pub fn served(&self, labels: &Served, seconds: f64) {
        self.active.dec();
        KNOWN.with_borrow_mut(|known| {
            let at = known.iter().position(|known| known.of == self.number && known.labels == *labels);
            let at = at.unwrap_or_else(|| self.look_up(known, labels));
            if let Some(known) = known.get(at) {
                known.count.inc();
                known.duration.observe(seconds);
            }
        });
    }

    /// Puts the counters of these labels among the known; gives their place.
    fn look_up(&self, known: &mut Vec<Known>, labels: &Served) -> usize {
        if known.len() == MOST_KNOWN {
            known.clear();
        }
        known.push(Known {
            of: self.number,
            labels: labels.clone(),
            count: self.served.get_or_create_owned(labels),
            duration: self.duration.get_or_create_owned(&Operation { operation: labels.operation }),
        });
        known.len() - 1
    }

    /// Everything as Prometheus text, with the readings of the rooms. A reading is a name, its help, and rows of
    /// rendered labels (`state="paid"`, or empty) with a value.
    pub fn text(&self, readings: &[Reading]) -> String {
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            return String::new();
        }
        let end = text.rfind("# EOF").unwrap_or(text.len());
        text.truncate(end);
        for (name, help, rows) in readings {
            let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
            let family = name.strip_suffix("_total").unwrap_or(name);
            let _ = writeln!(text, "# HELP {family} {help}\n# TYPE {family} {kind}");
            for (labels, value) in rows {
                let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
                let _ = writeln!(text, "{name}{braces} {value}");
            }
        }
        text.push_str("# EOF\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Metrics, Served};

    #[test]
    fn requests_and_readings_are_told_in_prometheus_text() {
        let metrics = Metrics::default();
        metrics.entered();
        let labels = Served { operation: "get_offer", http_response_status_code: 200, error_type: "" };
        metrics.served(&labels, 0.0007);
        let text =
            metrics.text(&[("xunyuan_cache_hits_total", "Answers found.", vec![("tier=\"process\"".into(), 3.0)])]);
        assert!(text.contains(
            r#"xunyuan_requests_total{operation="get_offer",http_response_status_code="200",error_type=""} 1"#
        ));
        assert!(text.contains(r#"http_server_request_duration_seconds_bucket{le="0.001",operation="get_offer"} 1"#));
        assert!(text.contains("# TYPE xunyuan_cache_hits counter\nxunyuan_cache_hits_total{tier=\"process\"} 3\n"));
        assert!(text.ends_with("# EOF\n") && text.contains("http_server_active_requests 0"));
    }
}
