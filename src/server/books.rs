//! The books of the process: every finished request is counted, and written to the access log when its turn comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use serde::Serialize;

use crate::clock::Clock;
use crate::edge::front::Books;
use crate::edge::problem::Problem;
use crate::edge::visit::Visit;
use crate::model::partner::Mode;
use crate::telemetry::access::AccessLog;
use crate::telemetry::metrics::{Metrics, Served};
use crate::usage::{Account, Call, Usage};

const LINE_BYTES: usize = 448;

/// Counts requests and writes the access log.
#[derive(Debug)]
pub struct ProcessBooks {
    /// What Prometheus reads.
    pub metrics: Arc<Metrics>,
    /// Where lines go.
    pub log: AccessLog,
    /// Every how many successful requests one is written; 0 = none.
    every: u64,
    seen: AtomicU64,
    usage: Arc<Usage>,
    clock: Clock,
}

impl ProcessBooks {
    /// Empty books; of successful requests this share is logged, and all are told to `usage`.
    pub fn new(log: AccessLog, share: f64, usage: Arc<Usage>, clock: Clock) -> Self {
        // A share of 0.01 writes every 100th request; the float never leaves this line.
        let every = if share > 0.0 { (1.0 / share).round() as u64 } else { 0 };
        Self { metrics: Arc::default(), log, every, seen: AtomicU64::new(0), usage, clock }
    }

    fn is_logged(&self, status: StatusCode) -> bool {
        if !self.log.is_on() {
            return false;
        }
        let failed = status.is_client_error() || status.is_server_error();
        failed || (self.every > 0 && self.seen.fetch_add(1, Ordering::Relaxed).is_multiple_of(self.every))
    }
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    request_id: &'a str,
    method: &'a str,
    path: &'a str,
    status: u16,
    duration_us: u128,
    size_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller_request_id: Option<&'a str>,
}

impl Books for ProcessBooks {
    fn enter(&self) {
        self.metrics.entered();
    }

    fn note(&self, visit: &Visit, status: StatusCode, problem: Option<&Problem>, size: u64) {
        let took = visit.started.elapsed();
        let labels = Served {
            operation: visit.operation.unwrap_or("unmatched"),
            http_response_status_code: status.as_u16(),
            error_type: visit.code.unwrap_or(""),
        };
        self.metrics.served(&labels, took.as_secs_f64());
        self.usage.note(self.call(visit, &labels, took));
        if status.is_server_error() {
            tell_failure(visit, status, problem);
        }
        if self.is_logged(status) {
            self.log.line(self.line(visit, status, took, size));
        }
    }
}

impl ProcessBooks {
    fn call(&self, visit: &Visit, labels: &Served, took: Duration) -> Call {
        let counted = visit.counted.as_ref();
        let account = counted.map(|counted| Account {
            partner: counted.partner.clone(),
            mode: if counted.sandbox { Mode::Sandbox } else { Mode::Live },
            proven: counted.proven,
            age_s: counted.age_s,
        });
        Call {
            at_ms: self.clock.now_ms(),
            account,
            operation: labels.operation,
            status: labels.http_response_status_code,
            code: labels.error_type,
            request_id: (labels.http_response_status_code >= 400).then(|| visit.request_id.clone()),
            cost: counted.map_or(0, |counted| counted.cost),
            units: counted.map_or(0, |counted| counted.units),
            refused_by: counted.and_then(|counted| counted.refused_by.clone()),
            shadow: counted.map(|counted| counted.shadow.clone()).unwrap_or_default(),
            decided: counted.and_then(|counted| counted.decided),
            micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            waited_us: visit.waited_us,
        }
    }

    fn line(&self, visit: &Visit, status: StatusCode, took: Duration, size_bytes: u64) -> String {
        let line = Line {
            time: self.clock.now().to_string(),
            request_id: &visit.request_id,
            method: visit.method.as_str(),
            path: &visit.path,
            status: status.as_u16(),
            duration_us: took.as_micros(),
            size_bytes,
            operation: visit.operation,
            partner: visit.partner.as_deref(),
            key_id: visit.key_id.as_deref(),
            code: visit.code,
            caller_request_id: visit.caller_request_id.as_deref(),
        };
        // Made in one piece of memory; a usual line has 340 bytes.
        let mut text = Vec::with_capacity(LINE_BYTES);
        let written = serde_json::to_writer(&mut text, &line);
        written.ok().and_then(|()| String::from_utf8(text).ok()).unwrap_or_default()
    }
}

/// A failure that is not the caller's is worth a line of its own, with what only the operator may read.
fn tell_failure(visit: &Visit, status: StatusCode, problem: Option<&Problem>) {
    tracing::error!(
        request_id = %visit.request_id,
        operation = visit.operation,
        partner = visit.partner.as_deref(),
        status = status.as_u16(),
        code = visit.code,
        cause = problem.and_then(Problem::internal),
        "a request failed on our side",
    );
}
