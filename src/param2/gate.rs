//! The front door of this face. The checks come in the platform's own order, because clients act on which one fails
//! first: signature, API, token, what the app may do, limits, whether it was received before, parameters, business.
//! A write that comes twice within seconds is done once, and both hear the same.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use actix_web::dev::Payload as Stream;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ipnet::IpNet;

use crate::admission;
use crate::auth::{App, AppRequest, Apps, Barred, Class, First, Throttle, Twin, Unproven, Untimely};
use crate::clock::Clock;
use crate::edge::encoding::Encoding;
use crate::edge::problem::Problem;
use crate::edge::sealed::{self, BodyBounds};
use crate::edge::visit::{Counted, Shared};
use crate::edge::{address, reply};
use crate::error::{Code, Failure};
use crate::limits::Limits;
use crate::model::partner::{Caller, Mode, Scopes};
use crate::param2::asked::{Answer, Asked, Told};
pub use crate::param2::discovery::marks::Marks;
use crate::param2::dispatch::{self, Need, Row};
use crate::param2::fault::{self, Gw, Refusal};
pub use crate::param2::messages::desk::Desk;
use crate::param2::parameters::{ACCESS_TOKEN, Parameters, TIMESTAMP};
use crate::param2::route::Route;
use crate::param2::twin;

/// What the gate asks and what bounds it sets; one for the whole process.
#[derive(Debug)]
pub struct Gate {
    /// Proves which app calls.
    pub apps: Apps,
    /// Says whether they may, now; the same limits as those of every other face.
    pub limits: Arc<Limits>,
    /// Counts what is asked without a signature, by address.
    pub strangers: Throttle,
    /// Bounds of bodies.
    pub body: BodyBounds,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where pages of lists begin.
    pub marks: Marks,
    /// Channels of messages.
    pub desk: Arc<Desk>,
    /// The node is about to stop.
    pub draining: Arc<AtomicBool>,
    /// The time.
    pub clock: Clock,
}

/// Answers every request of this face.
pub async fn door(request: HttpRequest, payload: Payload) -> HttpResponse {
    let visit = Shared::of(&request);
    visit.with(|visit| visit.operation = Some("param2"));
    let route = Route::of(request.uri().path());
    let row = route.as_ref().and_then(|route| dispatch::find(&route.namespace, &route.api, route.version));
    if let Some(row) = row {
        visit.with(|visit| visit.operation = Some(row.api));
    }
    let walk = Walk { request, route, row, visit: visit.clone() };
    let told = walk.answer(&mut payload.into_inner()).await;
    match told {
        Ok(response) => response,
        Err(refusal) => {
            let request_id = visit.with(|visit| visit.request_id.clone());
            let (response, code) = fault::response(refusal, row.map(|row| &row.form), &request_id);
            visit.with(|visit| visit.code = Some(code.facts().name));
            response
        }
    }
}

/// What a write may do.
enum Turn {
    /// It is done now; where there is somebody to tell, what came of it is told.
    Mine(Option<First>),
    /// It was done a moment ago, and this came of it.
    Told(Told),
}

/// One request on its way in.
struct Walk {
    request: HttpRequest,
    route: Option<Route>,
    row: Option<&'static Row>,
    visit: Shared,
}

impl Walk {
    async fn answer(self, stream: &mut Stream) -> Result<HttpResponse, Refusal> {
        let gate = self.request.app_data::<Data<Gate>>().cloned().ok_or_else(|| Problem::new(Code::Internal))?;
        let Some(route) = &self.route else { return Err(Gw::ApiUnsupported.into()) };
        if !sealed::headers_fit(&self.request) {
            return Err(Problem::new(Code::HeadersTooLarge).into());
        }
        let parameters = self.parameters(&gate, stream).await?;
        let Some(app_key) = &route.app_key else { return Err(Gw::AppKeyMissing.into()) };
        let address = address::caller(&self.request, &gate.trusted_proxies);
        let row = match self.row {
            // What needs no proof is proven all the same when it is signed.
            Some(row) if row.need == Need::Nothing && parameters.signature().is_none() => {
                if let Some(seconds) = gate.strangers.charge(address, None) {
                    return Err(Refusal::limited(Gw::Frequency, Some(seconds)));
                }
                let told = self.told(row, self.stranger(&gate, app_key)?, String::new(), parameters).await;
                return told.map(|answer| self.written(answer));
            }
            row => row,
        };
        let signed = AppRequest {
            path: &route.signed,
            app_key,
            parameters: parameters.texts(),
            signature: parameters.signature(),
            address,
        };
        let app = gate.apps.prove(&signed).map_err(unproven)?;
        let caller = app.caller();
        self.note(&caller, parameters.text(TIMESTAMP), &gate);
        let row = row.ok_or(Gw::ApiUnsupported)?;
        let account = match (row.need, parameters.text(ACCESS_TOKEN)) {
            (Need::Token, None) => return Err(Gw::Unauthorised.into()),
            // A token that comes along without being asked for narrows what is seen all the same.
            (Need::Token | Need::Signature, Some(token)) => {
                let found = gate.apps.account(&app, token).await;
                found.map_err(|_| Problem::new(Code::LedgerUnavailable))?.ok_or(Gw::Unauthorised)?
            }
            _ => caller.partner.id.to_string(),
        };
        if row.need != Need::Nothing {
            gate.apps.admit(&app, address).map_err(|barred| declined(&gate, address, app_key, &told_of(barred)))?;
            app.used.note(gate.clock.now_ms());
            if !row.scopes.iter().any(|scope| caller.scopes.has(*scope)) {
                let names: Vec<_> = row.scopes.iter().map(|scope| scope.name()).collect();
                return Err(declined(&gate, address, app_key, &format!("the app has no scope {}", names.join(" or "))));
            }
            gate.limits.note_wait(self.visit.with(|visit| visit.started.elapsed()));
            self.may(&gate, &caller, row).await?;
            let mine = match self.twin(&gate, &app, row, &parameters).await? {
                Turn::Mine(mine) => mine,
                Turn::Told(told) => return told.map(|answer| self.written(answer)),
            };
            let signature = parameters.signature().unwrap_or("");
            let timely = gate.apps.timely(&app, parameters.text(TIMESTAMP), signature, row.class).await;
            timely.map_err(untimely)?;
            let told = self.told(row, caller, account, parameters).await;
            if let Some(mine) = mine {
                twin::tell(mine, &told).await;
            }
            return told.map(|answer| self.written(answer));
        }
        self.told(row, caller, account, parameters).await.map(|answer| self.written(answer))
    }

    /// Of identical writes within seconds one is done; the others hear what it was told.
    async fn twin(&self, gate: &Gate, app: &App, row: &Row, parameters: &Parameters) -> Result<Turn, Refusal> {
        if row.class == Class::Read {
            return Ok(Turn::Mine(None));
        }
        let path = self.route.as_ref().map_or("", |route| &*route.signed);
        match gate.apps.twin(app, path, parameters.texts(), parameters.files()).await {
            Twin::First(first) => Ok(Turn::Mine(Some(first))),
            Twin::Again(kept) => Ok(Turn::Told(twin::heard(kept))),
            Twin::Lost => Err(Refusal::limited(Gw::RequestLimit, Some(1))),
        }
    }

    async fn parameters(&self, gate: &Gate, stream: &mut Stream) -> Result<Parameters, Refusal> {
        let most = self.row.and_then(|row| row.most_bytes).unwrap_or(0);
        let bounds = BodyBounds { size_bytes: gate.body.size_bytes.max(most), ..gate.body };
        let body: Bytes = sealed::read_body(&self.request, stream, bounds).await?;
        let content_type = self.request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let files: Vec<_> = self.row.iter().flat_map(|row| row.files()).collect();
        Ok(Parameters::read(self.request.query_string(), content_type.unwrap_or(""), &body, &files))
    }

    /// Who asks for what needs no proof: the app's partner, with no right to anything.
    fn stranger(&self, gate: &Gate, app_key: &str) -> Result<Caller, Refusal> {
        let app = gate.apps.find(app_key).filter(|app| app.door.is_some()).ok_or(Gw::AclDecline)?;
        Ok(Caller { scopes: Scopes::default(), ..app.caller() })
    }

    async fn told(&self, row: &'static Row, caller: Caller, account: String, parameters: Parameters) -> Told {
        for parameter in row.parameters.iter().filter(|parameter| parameter.required) {
            let there = parameters.text(parameter.name).is_some() || parameters.file(parameter.name).is_some();
            if !there {
                return Err(Refusal::missing(parameter.name));
            }
        }
        let (request, visit) = (self.request.clone(), self.visit.clone());
        (row.run)(Asked { caller, account, row, visit, request, parameters }).await
    }

    fn written(&self, answer: Answer) -> HttpResponse {
        match answer {
            Answer::Whole(bytes) => reply::bytes(&self.request, StatusCode::OK, bytes.to_vec()),
            Answer::Kept(shown) => {
                let accept = self.request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
                let encoding = if shown.varies() { Encoding::negotiate(accept) } else { Encoding::Identity };
                let variant = shown.variant(encoding);
                let body = variant.map_or(&shown.bytes, |variant| &variant.bytes).clone();
                let mut response = fault::json(HttpResponse::Ok(), Vec::new()).set_body(body);
                if let (Some(_), Some(name)) = (variant, encoding.name()) {
                    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
                }
                response.map_into_boxed_body()
            }
        }
    }

    /// Whose call it counts as.
    fn note(&self, caller: &Caller, timestamp: Option<&str>, gate: &Gate) {
        let (partner, key) = (caller.partner.id.shared(), caller.key_id.clone());
        let sent_ms = timestamp.and_then(|text| text.parse::<i64>().ok());
        let age_s = sent_ms.map_or(0, |ms| gate.clock.now_ms().saturating_sub(ms) / 1_000);
        self.visit.with(|visit| {
            visit.partner = Some(partner.clone());
            visit.key_id = Some(key.clone());
            visit.counted = Some(Counted::of(partner, key, caller.mode == Mode::Sandbox, age_s));
        });
    }

    async fn may(&self, gate: &Gate, caller: &Caller, row: &Row) -> Result<(), Refusal> {
        let asked = (row.cost(), row.priority());
        admission::admit(&gate.limits, caller, asked, &self.visit).await.map_err(|refusal| {
            let error = match refusal.code() {
                Code::RateLimited | Code::TooManyInFlight => Gw::Frequency,
                _ => Gw::RequestLimit,
            };
            Refusal::limited(error, Some(refusal.retry_after_s().unwrap_or(1).max(1)))
        })
    }
}

fn unproven(why: Unproven) -> Refusal {
    match why {
        Unproven::Missing => Gw::SignatureMissing.into(),
        Unproven::Invalid => Gw::SignatureInvalid.into(),
        Unproven::Throttled(seconds) => Refusal::limited(Gw::Frequency, Some(seconds)),
    }
}

fn told_of(barred: Barred) -> String {
    match barred {
        Barred::DoorClosed => "this protocol is not switched on for the partner".to_owned(),
        Barred::Suspended => "the app or its partner is suspended".to_owned(),
        Barred::Address(address) => format!("the app may not be used from {address}"),
    }
}

fn declined(gate: &Gate, address: IpAddr, app_key: &str, why: &str) -> Refusal {
    match gate.apps.charge(address, app_key) {
        Some(seconds) => Refusal::limited(Gw::Frequency, Some(seconds)),
        None => Refusal::because(Gw::AclDecline, format!("{}: {why}", Gw::AclDecline.message())),
    }
}

fn untimely(why: Untimely) -> Refusal {
    let invalid = |why: String| Refusal::because(Gw::SignatureInvalid, format!("Invalid signature. {why}"));
    match why {
        Untimely::Missing => Refusal::missing(TIMESTAMP),
        Untimely::Unreadable => Refusal::invalid(TIMESTAMP, "milliseconds since 1970 are wanted"),
        Untimely::Skewed(now) => invalid(format!(
            "{TIMESTAMP} is more than {} minutes from now, which is {}.",
            crate::auth::WINDOW_S / 60,
            now.as_millisecond()
        )),
        Untimely::Replayed => invalid("This very request was received before; sign again to repeat it.".to_owned()),
    }
}
