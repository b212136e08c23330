//! What partners asked of this node since it started, read from the text that Prometheus gets: one set of books.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::look::figures;

/// All requests of this node.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Traffic {
    /// Everything together.
    pub total: Tally,
    /// By operation, the most asked first.
    pub operations: Vec<Operation>,
    /// By the problem they were answered with, the most frequent first.
    pub problems: Vec<Answered>,
    /// Requests under way.
    pub active: f64,
}

/// Requests for one operation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Operation {
    /// The operation's id, or `unmatched`.
    pub name: String,
    /// What became of them.
    pub tally: Tally,
}

/// Requests that were answered with a problem.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Answered {
    /// The problem's code.
    pub code: String,
    /// The status.
    pub status: String,
    /// How many.
    pub requests: f64,
}

/// What became of some requests.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Tally {
    /// All.
    pub requests: f64,
    /// 2xx and 3xx.
    pub fine: f64,
    /// 4xx but 429.
    pub refused: f64,
    /// 429.
    pub limited: f64,
    /// 5xx.
    pub failed: f64,
    /// Seconds (upper bound) → how many took at most so long.
    #[serde(skip)]
    #[schema(ignore)]
    buckets: Vec<(f64, f64)>,
}

impl Traffic {
    /// Reads the text of [`crate::telemetry::metrics::Metrics::text`].
    pub fn read(text: &str) -> Self {
        let mut traffic = Self::default();
        let mut operations = BTreeMap::<String, Tally>::new();
        let mut problems = BTreeMap::<(String, String), f64>::new();
        for sample in text.lines().filter_map(Sample::read) {
            let (operation, value) = (sample.label("operation"), sample.value);
            match sample.name {
                "xunyuan_requests_total" => {
                    let (status, code) = (sample.label("http_response_status_code"), sample.label("error_type"));
                    traffic.total.add(status, value);
                    operations.entry(operation.to_owned()).or_default().add(status, value);
                    if !code.is_empty() {
                        *problems.entry((code.to_owned(), status.to_owned())).or_default() += value;
                    }
                }
                "http_server_request_duration_seconds_bucket" => {
                    let up_to = sample.label("le").parse().unwrap_or(f64::INFINITY);
                    traffic.total.took(up_to, value);
                    operations.entry(operation.to_owned()).or_default().took(up_to, value);
                }
                "http_server_active_requests" => traffic.active = value,
                _ => {}
            }
        }
        traffic.operations = operations.into_iter().map(|(name, tally)| Operation { name, tally }).collect();
        traffic.operations.sort_by(|one, other| other.tally.requests.total_cmp(&one.tally.requests));
        let answered = |((code, status), requests)| Answered { code, status, requests };
        traffic.problems = problems.into_iter().map(answered).collect();
        traffic.problems.sort_by(|one, other| other.requests.total_cmp(&one.requests));
        traffic
    }
}

impl Tally {
    fn add(&mut self, status: &str, count: f64) {
        self.requests += count;
        let kind = match (status, status.as_bytes().first()) {
            ("429", _) => &mut self.limited,
            (_, Some(b'4')) => &mut self.refused,
            (_, Some(b'5')) => &mut self.failed,
            _ => &mut self.fine,
        };
        *kind += count;
    }

    fn took(&mut self, up_to: f64, count: f64) {
        match self.buckets.iter_mut().find(|(bound, _)| *bound == up_to) {
            Some((_, known)) => *known += count,
            None => self.buckets.push((up_to, count)),
        }
    }

    /// The time within which this share of requests was answered, for people.
    pub fn quantile(&self, share: f64) -> String {
        match self.quantile_s(share) {
            None => "–".to_owned(),
            Some((seconds, true)) => figures::duration(seconds),
            Some((seconds, false)) => format!("> {}", figures::duration(seconds)),
        }
    }

    /// The same in seconds as Prometheus' `histogram_quantile` estimates it, and whether it is not above all bounds.
    pub fn quantile_s(&self, share: f64) -> Option<(f64, bool)> {
        let mut buckets = self.buckets.clone();
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        let rank = share * buckets.last().map_or(0.0, |(_, all)| *all);
        if rank <= 0.0 {
            return None;
        }
        let (mut below_s, mut below) = (0.0, 0.0);
        for (up_to_s, count) in buckets {
            if count >= rank && up_to_s.is_infinite() {
                return Some((below_s, false));
            }
            if count >= rank {
                return Some((below_s + (up_to_s - below_s) * (rank - below) / (count - below), true));
            }
            (below_s, below) = (up_to_s, count);
        }
        None
    }

    /// Written in thousands.
    pub fn shown(&self, count: &f64) -> String {
        figures::count(*count)
    }

    /// The share of 429s.
    pub fn limited_share(&self) -> String {
        figures::share(self.limited, self.requests)
    }
}

/// One line of the text. Our own labels hold no quotes, commas or braces.
struct Sample<'a> {
    name: &'a str,
    labels: &'a str,
    value: f64,
}

impl<'a> Sample<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (series, value) = line.rsplit_once(' ').filter(|_| !line.starts_with('#'))?;
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        Some(Self { name, labels: labels.trim_end_matches('}'), value: value.parse().ok()? })
    }

    fn label(&self, wanted: &str) -> &'a str {
        let mut pairs = self.labels.split(',').filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == wanted).map_or("", |(_, value)| value.trim_matches('"'))
    }
}

#[cfg(test)]
mod tests {
    use super::Traffic;
    use crate::telemetry::metrics::{Metrics, Served};

    fn asked(metrics: &Metrics, operation: &'static str, status: u16, code: &'static str, seconds: f64) {
        metrics.entered();
        let labels = Served { operation, http_response_status_code: status, error_type: code };
        metrics.served(&labels, seconds);
    }

    #[test]
    fn the_books_are_read_back_from_their_own_text() {
        let metrics = Metrics::default();
        for _ in 0..98 {
            asked(&metrics, "get_offer", 200, "", 0.0004);
        }
        asked(&metrics, "get_offer", 429, "rate_limited", 0.0004);
        asked(&metrics, "search_offers", 503, "upstream_unavailable", 9.0);
        let traffic = Traffic::read(&metrics.text(&[]));
        let total = &traffic.total;
        assert_eq!((total.requests, total.fine, total.limited, total.failed), (100.0, 98.0, 1.0, 1.0));
        assert_eq!(total.limited_share(), "1.0 %");
        let names: Vec<_> = traffic.operations.iter().map(|operation| operation.name.as_str()).collect();
        assert_eq!(names, ["get_offer", "search_offers"]);
        assert_eq!(traffic.problems.len(), 2);
        assert_eq!((total.quantile(0.5).as_str(), total.quantile(1.0).as_str()), ("0.38 ms", "> 5.0 s"));
    }

    #[test]
    fn without_requests_there_is_no_quantile() {
        let traffic = Traffic::read(&Metrics::default().text(&[]));
        assert_eq!((traffic.total.quantile(0.99).as_str(), traffic.operations.len()), ("–", 0));
    }
}
