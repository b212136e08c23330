//! The front door of `/v1`: a request becomes `Admitted` once its signature is proven, its key holds the scope, its
//! plan has room, and its parts can be read — in this order. No handler can be entered otherwise.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest};
use ipnet::IpNet;

use crate::admission;
use crate::api::operations::Operation;
use crate::auth::{self, Accused, Auth, Proven, Throttle};
use crate::edge::address;
use crate::edge::parts::{self, Part};
use crate::edge::problem::Problem;
use crate::edge::sealed::{self, BodyBounds, Headers};
use crate::edge::visit::{Counted, Shared};
use crate::error::Code;
use crate::limits::Limits;
use crate::model::partner::{Caller, Mode};

/// What the gate asks and what bounds it sets; one for the whole process.
#[derive(Debug)]
pub struct Gate {
    /// Proves who calls.
    pub auth: Auth,
    /// Says whether they may, now.
    pub limits: Arc<Limits>,
    /// Counts what anyone may ask without a signature, by address.
    pub strangers: Throttle,
    /// Bounds of bodies.
    pub body: BodyBounds,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// `https` or `http`: how partners call this gateway.
    pub scheme: String,
}

/// A request of a caller who may make it, with its parts read.
#[derive(Debug)]
pub struct Admitted<O, P = ()> {
    /// Who calls.
    pub caller: Caller,
    /// Path, query and body, as the handler wants them.
    pub parts: P,
    /// The visit this request is.
    pub visit: Shared,
    operation: PhantomData<O>,
}

impl<O, P> Deref for Admitted<O, P> {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<O: Operation, P: Part + 'static> FromRequest for Admitted<O, P> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move { admit(&request, &mut payload).await })
    }
}

async fn admit<O: Operation, P: Part>(request: &HttpRequest, payload: &mut Payload) -> Result<Admitted<O, P>, Problem> {
    let gate = request.app_data::<Data<Gate>>().ok_or_else(|| Problem::new(Code::Internal))?;
    let visit = Shared::of(request);
    visit.with(|visit| visit.operation = Some(O::ID));
    if !sealed::headers_fit(request) {
        return Err(Problem::new(Code::HeadersTooLarge));
    }
    if !sealed::one_authority(request) {
        return Err(Problem::new(Code::MalformedRequest).detail("Host and the request's target name different hosts"));
    }
    let bounds = BodyBounds { size_bytes: P::MOST_BYTES.unwrap_or(gate.body.size_bytes), ..gate.body };
    let body = sealed::read_body(request, payload, bounds).await?;
    let Proven { caller, age_s } = gate.who(request, &body, O::CLASS, &visit).await?;
    visit.with(|visit| {
        visit.partner = Some(caller.partner.id.shared());
        visit.key_id = Some(caller.key_id.clone());
        visit.counted = Some(counted(&caller, age_s));
    });
    if !O::SCOPES.is_met_by(caller.scopes) {
        return Err(Box::pin(gate.scope_missing::<O>(request, &caller, &visit)).await);
    }
    if body.is_empty() {
        // Whoever sends a body may be what it waited for.
        gate.limits.note_wait(visit.with(|visit| visit.started.elapsed()));
    }
    let asked = (O::cost_of(request.query_string(), &body), O::PRIORITY);
    admission::admit(&gate.limits, &caller, asked, &visit).await.map_err(Problem::from)?;
    let parts = parts::take(request, &body)?;
    Ok(Admitted { caller, parts, visit, operation: PhantomData })
}

// What seldom awaits anything does so in a box of its own: the many others do not carry the room for it around.
impl Gate {
    async fn scope_missing<O: Operation>(&self, request: &HttpRequest, caller: &Caller, visit: &Shared) -> Problem {
        let missing = format!("the key has no scope {}; it has: {}", O::SCOPES.told(str::to_owned), caller.scopes);
        let standing = self.limits.standing(caller).await;
        visit.with(|visit| visit.headers.extend(admission::rate_fields(&standing)));
        let address = address::caller(request, &self.trusted_proxies);
        match self.auth.charge_refusal(address, &caller.key_id) {
            Some(seconds) => Problem::new(Code::AuthThrottled).retry_after(seconds),
            None => Problem::new(Code::ScopeMissing).detail(missing),
        }
    }

    async fn who(
        &self,
        request: &HttpRequest,
        body: &Bytes,
        class: auth::Class,
        visit: &Shared,
    ) -> Result<Proven, Problem> {
        let headers = Headers(request.headers());
        let asked = auth::Request {
            message: sealed::message(request, &headers, &self.scheme),
            body,
            address: address::caller(request, &self.trusted_proxies),
            class,
        };
        self.auth.proof(&asked).await.map_err(|refusal| {
            visit.with(|visit| visit.counted = refusal.accused().map(accused));
            let challenges = refusal.headers();
            let problem = Problem::from(*refusal);
            challenges.into_iter().fold(problem, |problem, (name, value)| with_field(problem, name, &value))
        })
    }
}

/// What a proven call counts as, before its plan is asked.
fn counted(caller: &Caller, age_s: i64) -> Counted {
    Counted::of(caller.partner.id.shared(), caller.key_id.clone(), caller.mode == Mode::Sandbox, age_s)
}

/// What a refused proof counts as.
fn accused(accused: &Accused) -> Counted {
    let sandbox = accused.mode == Mode::Sandbox;
    let named = Counted::of(accused.partner.shared(), accused.key_id.clone(), sandbox, accused.age_s);
    Counted { proven: false, ..named }
}

fn with_field(problem: Problem, name: &'static str, value: &str) -> Problem {
    match HeaderValue::from_str(value) {
        Ok(value) => problem.header(HeaderName::from_static(name), value),
        Err(_) => problem,
    }
}
