//! W3C trace context: every request has one whose trace id is its request id; it goes out with calls to the
//! catalogue, and becomes an exported span when it is sampled. A caller's own `traceparent` is linked, never adopted.

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

static EXPORTED: AtomicBool = AtomicBool::new(false);

pub(super) fn export(exported: bool) {
    EXPORTED.store(exported, Ordering::Relaxed);
}

tokio::task_local! {
    static CURRENT: Errand;
}

/// What a task works for, by when it has to be done, and how long it has waited for others meanwhile.
struct Errand {
    trace: Trace,
    until: Option<Instant>,
    waited_us: Cell<u64>,
}

/// The trace context of the request this task works for, as a `traceparent` value. Written out only here: most
/// requests call nobody.
pub fn current() -> Option<Arc<str>> {
    CURRENT.try_with(|errand| errand.trace.traceparent()).ok()
}

/// Awaits what the catalogue has to do, and counts the time to the request this task works for, if it does for one.
/// What is waited for side by side counts each by itself.
pub async fn waiting<F: Future>(future: F) -> F::Output {
    let began = Instant::now();
    let output = future.await;
    let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let _ = CURRENT.try_with(|errand| errand.waited_us.set(errand.waited_us.get().saturating_add(took_us)));
    output
}

/// Microseconds that the request of this task has waited for the catalogue so far.
pub fn waited_us() -> u64 {
    CURRENT.try_with(|errand| errand.waited_us.get()).unwrap_or(0)
}

/// The moment by which the request of this task has to be answered: every call made for it ends by then.
pub fn until() -> Option<Instant> {
    CURRENT.try_with(|errand| errand.until).ok().flatten()
}

/// Runs a future for a request with this trace, which is to be answered by a moment.
pub fn with<F: Future>(trace: Trace, until: Option<Instant>, future: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(Errand { trace, until, waited_us: Cell::new(0) }, future)
}

/// The trace of one request.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    id: [u8; 16],
    sampled: bool,
}

impl Trace {
    /// A trace with this id; sampled for a share of ids, when traces are exported at all.
    pub fn begin(id: [u8; 16], share: f64) -> Self {
        // The last bytes of a version 7 UUID are random.
        let lot = u32::from_be_bytes([id[12], id[13], id[14], id[15]]);
        let sampled = EXPORTED.load(Ordering::Relaxed) && f64::from(lot) < share * f64::from(u32::MAX);
        Self { id, sampled }
    }

    /// Whether the trace is exported.
    pub fn sampled(&self) -> bool {
        self.sampled
    }

    /// The value of `traceparent` for calls made on behalf of the request (W3C Trace Context §3.2).
    pub fn traceparent(&self) -> Arc<str> {
        let id = u128::from_be_bytes(self.id);
        let span = u64::from_be_bytes(self.span_id());
        format!("00-{id:032x}-{span:016x}-{:02x}", u8::from(self.sampled)).into()
    }

    fn span_id(&self) -> [u8; 8] {
        let [_, _, _, _, _, _, _, _, tail @ ..] = self.id;
        tail
    }

    /// A span for the request, linked to the caller's own trace context when it sent one.
    pub fn span(&self, method: &str, path: &str, caller: Option<&str>) -> Span {
        if !self.sampled {
            return Span::none();
        }
        let span = tracing::info_span!(
            "request",
            otel.name = format!("{method} {path}"),
            otel.kind = "server",
            http.request.method = method,
            url.path = path,
        );
        let id = TraceId::from_bytes(self.id);
        let here =
            SpanContext::new(id, SpanId::from_bytes(self.span_id()), TraceFlags::SAMPLED, true, TraceState::NONE);
        let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(here));
        if let Some(theirs) = caller.and_then(parse) {
            span.add_link(theirs);
        }
        span
    }
}

fn parse(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version.len() != 2 || version == "ff" || trace.len() != 32 || span.len() != 16 {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::{Trace, current, parse, waited_us, waiting, with};

    #[test]
    fn a_request_has_a_valid_trace_context_of_its_own_id() {
        let id = *uuid::Uuid::now_v7().as_bytes();
        let trace = Trace::begin(id, 1.0);
        let told = parse(&trace.traceparent()).unwrap();
        assert_eq!(told.trace_id().to_bytes(), id);
        assert!(!told.is_sampled(), "nothing is exported in this test");
    }

    #[test]
    fn malformed_contexts_of_callers_are_ignored() {
        for wrong in ["", "00", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-00-00-00"] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn calls_made_for_a_request_know_its_context() {
        assert!(current().is_none());
        let trace = Trace::begin(*uuid::Uuid::now_v7().as_bytes(), 0.0);
        with(trace, None, async { assert_eq!(current(), Some(trace.traceparent())) }).await;
    }

    #[tokio::test]
    async fn what_a_request_waited_for_is_added_up_and_is_its_own() {
        let trace = Trace::begin(*uuid::Uuid::now_v7().as_bytes(), 0.0);
        let slow = || async { std::thread::sleep(std::time::Duration::from_millis(2)) };
        with(trace, None, async {
            waiting(slow()).await;
            waiting(slow()).await;
            assert!(waited_us() >= 4_000);
        })
        .await;
        waiting(slow()).await;
        assert_eq!(waited_us(), 0, "nobody asked for it");
    }
}
