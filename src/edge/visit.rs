//! What is noted about one request while it is in the house: its id, who it is from, what it cost.
//! Known to whatever the worker does for the request; the front reads it when the answer leaves.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::edge::request_id;
use crate::telemetry::trace::Trace;

/// What is known of a request so far.
#[derive(Debug)]
pub struct Visit {
    /// Our id of this request, `req_` and 32 hexadecimal digits.
    pub request_id: Arc<str>,
    /// The method.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// When the request's head was read.
    pub started: Instant,
    /// The id of the operation, once it is routed.
    pub operation: Option<&'static str>,
    /// The partner, once the signature is proven.
    pub partner: Option<Arc<str>>,
    /// The key, once the signature is proven.
    pub key_id: Option<Arc<str>>,
    /// Header fields that the answer must carry (rate fields, challenges).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The code of the problem, when it came to that.
    pub code: Option<&'static str>,
    /// What holds until the answer is handed over, e.g. an in-flight slot.
    pub held: Option<Box<dyn Held>>,
    /// Whether a 304 to this request is free, as it is unless the catalogue had to search for it.
    pub free_if_held: bool,
    /// The request's trace; its id is the request id.
    pub trace: Trace,
    /// The caller's own `X-Request-Id`, noted beside ours.
    pub caller_request_id: Option<String>,
    /// Whose call it counts as, and what its plan said; none while nobody's key is known.
    pub counted: Option<Counted>,
    /// Microseconds of it that the catalogue took.
    pub waited_us: u64,
}

/// What a request counts as in the numbers of its partner.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The partner of the key.
    pub partner: Arc<str>,
    /// The key.
    pub key_id: Arc<str>,
    /// Whether it is a key of the sandbox world.
    pub sandbox: bool,
    /// Whether the signature was proven; a refused proof only named the key.
    pub proven: bool,
    /// How old the signature was when it came, in seconds; negative when it was of the future.
    pub age_s: Option<i64>,
    /// Units that the call asked for.
    pub cost: u32,
    /// Units that it was charged.
    pub units: u32,
    /// The policy that refused it.
    pub refused_by: Option<Arc<str>>,
    /// Policies on trial that would have refused it.
    pub shadow: Vec<Arc<str>>,
    /// Who decided about it.
    pub decided: Option<&'static str>,
}

impl Counted {
    /// A proven request that nothing was asked for yet.
    pub fn of(partner: Arc<str>, key_id: Arc<str>, sandbox: bool, age_s: i64) -> Self {
        Self {
            partner,
            key_id,
            sandbox,
            proven: true,
            age_s: Some(age_s),
            cost: 0,
            units: 0,
            refused_by: None,
            shadow: Vec::new(),
            decided: None,
        }
    }
}

/// Something kept while a request is answered, told of the answer's status when it leaves.
pub trait Held: std::fmt::Debug {
    /// The answer is ready; adds the header fields it shall carry. `free` when it shall cost nothing.
    fn leave(&mut self, free: bool, answer: &mut HeaderMap);
    /// Units that the request was charged.
    fn units(&self) -> u32;
}

tokio::task_local! {
    /// The visit of the request that the worker is at.
    static UNDER_WAY: Shared;
}

/// The visit of a request, shared by whoever touches the request on its worker.
#[derive(Clone, Debug)]
pub struct Shared(Rc<RefCell<Visit>>);

impl Shared {
    /// A new visit that starts now; its trace is sampled for this share of requests.
    pub fn start(method: &Method, path: &str, trace_share: f64) -> Self {
        let id = request_id::next();
        Self(Rc::new(RefCell::new(Visit {
            request_id: request_id::text(id),
            method: method.clone(),
            path: path.to_owned(),
            started: Instant::now(),
            operation: None,
            partner: None,
            key_id: None,
            headers: Vec::new(),
            code: None,
            held: None,
            free_if_held: true,
            trace: Trace::begin(id.into_bytes(), trace_share),
            caller_request_id: None,
            counted: None,
            waited_us: 0,
        })))
    }

    /// Looks at or changes the visit.
    pub fn with<T>(&self, look: impl FnOnce(&mut Visit) -> T) -> T {
        look(&mut self.0.borrow_mut())
    }

    /// Runs something for the request of this visit: who asks finds it by [`Shared::of`].
    pub fn during<T>(&self, run: impl FnOnce() -> T) -> T {
        UNDER_WAY.sync_scope(self.clone(), run)
    }

    /// The visit of the request that is under way, if it came through the front.
    pub fn under_way() -> Option<Self> {
        UNDER_WAY.try_with(Self::clone).ok()
    }

    /// The visit of this request; a fresh one when the request did not come through the front.
    pub fn of(request: &HttpRequest) -> Self {
        Self::under_way().unwrap_or_else(|| Self::start(request.method(), request.path(), 0.0))
    }
}
