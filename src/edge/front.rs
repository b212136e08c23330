//! The front every request passes on its way in and out: it opens the visit, turns whatever went wrong into a
//! problem document, adds the fields each answer carries, and hands the finished visit to the books.

use std::future::{Future, Ready, poll_fn, ready};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::{Error, HttpRequest, HttpResponse};
use futures_util::FutureExt;
use tracing::Instrument;

use crate::clock::at_one_moment;
use crate::edge::crowd::Guest;
use crate::edge::pieces::in_pieces;
use crate::edge::problem::Problem;
use crate::edge::visit::{Shared, Visit};
use crate::error::Code;
use crate::telemetry::trace;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What the books get to know of a finished request.
pub trait Books: 'static {
    /// One request came in.
    fn enter(&self);
    /// One request is answered.
    fn note(&self, visit: &Visit, status: StatusCode, problem: Option<&Problem>, size: u64);
}

/// Marks a failure that a face has told in words of its own: the body stays, and the problem beside it is noted.
#[derive(Clone, Copy, Debug)]
pub struct OwnWords;

/// The front as a middleware, to be wrapped around the whole app, outermost.
#[derive(Debug)]
pub struct Front<B> {
    /// Who is told of finished requests.
    pub books: Arc<B>,
    /// Share of requests whose trace is exported.
    pub trace_share: f64,
    /// How long after its head a request is worked for; every call made for it ends by then.
    pub deadline: Duration,
    /// Whether the node is about to stop: answers then ask for the connection to be closed, so that callers open their
    /// next one elsewhere.
    pub draining: Arc<AtomicBool>,
}

impl<S, B, C> Transform<S, ServiceRequest> for Front<C>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
    C: Books,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = Inside<S, C>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(Inside {
            service,
            books: Arc::clone(&self.books),
            trace_share: self.trace_share,
            deadline: self.deadline,
            draining: Arc::clone(&self.draining),
        }))
    }
}

/// The front around one worker's service.
#[derive(Debug)]
pub struct Inside<S, C> {
    service: S,
    books: Arc<C>,
    trace_share: f64,
    deadline: Duration,
    draining: Arc<AtomicBool>,
}

impl<S, B, C> Service<ServiceRequest> for Inside<S, C>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
    C: Books,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let busy = request.request().conn_data::<Guest>().and_then(Guest::begin);
        let (visit, inner) = at_one_moment(|| self.enter(request));
        let (books, draining) = (Arc::clone(&self.books), Arc::clone(&self.draining));
        books.enter();
        Box::pin(async move {
            let _busy = busy;
            let mut answer = pin!(async {
                match inner.await {
                    Ok(Ok(response)) => {
                        let (request, response) = response.into_parts();
                        let mut response = not_modified(&request, response.map_into_boxed_body());
                        if draining.load(Ordering::Relaxed) {
                            response.head_mut().set_connection_type(ConnectionType::Close);
                        }
                        Ok(ServiceResponse::new(request, finish(&visit, response, books.as_ref())))
                    }
                    Ok(Err(error)) => Err(outcast(finish(&visit, error.error_response(), books.as_ref()))),
                    Err(_panic) => Err(outcast(finish(&visit, internal(), books.as_ref()))),
                }
            });
            poll_fn(|context| at_one_moment(|| visit.during(|| answer.as_mut().poll(context)))).await
        })
    }
}

impl<S, C> Inside<S, C> {
    /// Opens the visit and begins the answer.
    fn enter<B>(
        &self,
        mut request: ServiceRequest,
    ) -> (Shared, impl Future<Output = std::thread::Result<Result<ServiceResponse<B>, Error>>> + use<S, B, C>)
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    {
        let visit = Shared::start(request.method(), request.path(), self.trace_share);
        let text = |name: &HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let (trace, until) = visit.with(|visit| {
            visit.caller_request_id = text(&REQUEST_ID).map(|id| id.chars().take(128).collect());
            (visit.trace, visit.started.checked_add(self.deadline))
        });
        let span = trace.span(request.method().as_str(), request.path(), text(&TRACEPARENT));
        if request.method() == Method::HEAD {
            // Routed and answered like GET; the server leaves the body out, and the signature is over HEAD.
            request.head_mut().method = Method::GET;
        }
        let (answer, waited) = (visit.during(|| self.service.call(request)), visit.clone());
        let answer = async move {
            let answer = answer.await;
            waited.with(|visit| visit.waited_us = trace::waited_us());
            answer
        };
        let inner = trace::with(trace, until, answer).instrument(span);
        (visit, AssertUnwindSafe(inner).catch_unwind())
    }
}

fn internal() -> HttpResponse {
    HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A finished response for which there is no request left to go with.
fn outcast(response: HttpResponse) -> Error {
    InternalError::from_response("already told", response).into()
}

fn finish(visit: &Shared, response: HttpResponse, books: &impl Books) -> HttpResponse {
    let problem = problem_of(&response);
    visit.with(|visit| {
        let mut response = match &problem {
            Some(problem) if response.extensions().get::<OwnWords>().is_some() => {
                visit.code = Some(problem.code().facts().name);
                response
            }
            Some(problem) => written(visit, response, problem),
            None => response,
        };
        let status = response.status();
        let free = status == StatusCode::NOT_MODIFIED && visit.free_if_held;
        if let Some(held) = visit.held.as_mut() {
            held.leave(free, response.headers_mut());
            let units = held.units();
            if let Some(counted) = visit.counted.as_mut() {
                counted.units = units;
            }
        }
        add_fields(visit, response.headers_mut());
        let size = match response.body().size() {
            actix_web::body::BodySize::Sized(size) if visit.method != Method::HEAD => size,
            _ => 0,
        };
        books.note(visit, status, problem.as_ref(), size);
        visit.held = None;
        response.map_body(|_, body| in_pieces(body))
    })
}

/// The problem a failed response stands for; those that actix made itself are told by their status.
fn problem_of(response: &HttpResponse) -> Option<Problem> {
    if !(response.status().is_client_error() || response.status().is_server_error()) {
        return None;
    }
    if let Some(problem) = response.extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    if is_problem_or_page(response) {
        return None;
    }
    Some(Problem::new(match response.status() {
        StatusCode::NOT_FOUND => Code::NoSuchRoute,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        status if status.is_client_error() => Code::MalformedRequest,
        _ => Code::Internal,
    }))
}

/// Pages for people (the error catalogue's own 404) keep their body, and so do problems that are stored with their
/// request and sent again byte for byte.
fn is_problem_or_page(response: &HttpResponse) -> bool {
    let own = |kind: &HeaderValue| {
        kind.as_bytes().starts_with(b"text/html") || kind.as_bytes().starts_with(b"application/problem+json")
    };
    response.headers().get(header::CONTENT_TYPE).is_some_and(own)
}

fn written(visit: &mut Visit, response: HttpResponse, problem: &Problem) -> HttpResponse {
    visit.code = Some(problem.code().facts().name);
    let document = problem.render(&visit.request_id, &visit.path);
    let (mut head, _) = response.into_parts();
    head.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    head.set_body(BoxBody::new(document))
}

/// RFC 9110 §13.1.2: a safe read whose answer the caller already holds is answered 304 without a body.
fn not_modified(request: &HttpRequest, response: HttpResponse) -> HttpResponse {
    let asked = request.headers().get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let Some(asked) = asked else { return response };
    let Some(ours) = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()) else { return response };
    let safe = request.method() == Method::GET && response.status() == StatusCode::OK;
    if !safe || !matches(asked, ours) {
        return response;
    }
    let (mut head, _) = response.into_parts();
    *head.status_mut() = StatusCode::NOT_MODIFIED;
    for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LENGTH] {
        head.headers_mut().remove(name);
    }
    head.set_body(BoxBody::new(()))
}

/// `*` is not taken: no read of ours needs it, and it would make every answer free.
fn matches(asked: &str, ours: &str) -> bool {
    asked.split(',').map(str::trim).any(|tag| tag.trim_start_matches("W/") == ours)
}

fn add_fields(visit: &mut Visit, headers: &mut HeaderMap) {
    if let Ok(id) = HeaderValue::from_str(&visit.request_id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    for (name, value) in std::mem::take(&mut visit.headers) {
        headers.append(name, value);
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cfg(test)]
mod tests {
    use super::{Books, Front, Visit};
    use crate::edge::problem::Problem;
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json, try_call_service};
    use actix_web::{App, HttpResponse, web};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    #[derive(Debug, Default)]
    struct Count(AtomicU32);
    impl Books for Count {
        fn enter(&self) {}
        fn note(&self, _: &Visit, status: StatusCode, _: Option<&Problem>, _: u64) {
            self.0.fetch_add(u32::from(status.as_u16()), Ordering::Relaxed);
        }
    }

    fn front(books: &Arc<Count>) -> Front<Count> {
        Front { books: Arc::clone(books), trace_share: 0.0, deadline: Duration::MAX, draining: Arc::default() }
    }

    async fn panics() -> HttpResponse {
        panic!("on purpose")
    }
    async fn tagged() -> HttpResponse {
        HttpResponse::Ok().insert_header(("etag", "\"a\"")).body("text")
    }

    #[actix_web::test]
    async fn panics_and_unknown_routes_become_problems_and_are_noted() {
        let books = Arc::new(Count::default());
        let app = App::new().wrap(front(&books)).route("/panic", web::get().to(panics));
        let app = init_service(app).await;
        let response = call_service(&app, TestRequest::with_uri("/nowhere").to_request()).await;
        assert_eq!(response.status(), 404);
        let id = response.headers().get("x-request-id").unwrap().to_str().unwrap().to_owned();
        let body: serde_json::Value = read_body_json(response).await;
        assert_eq!((body["code"].as_str(), body["request_id"].as_str()), (Some("no_such_route"), Some(id.as_str())));
        assert_eq!(body["instance"], "/nowhere");
        let error = try_call_service(&app, TestRequest::with_uri("/panic").to_request()).await.unwrap_err();
        let response = error.error_response();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers().get("content-type").unwrap(), "application/problem+json");
        assert_eq!(books.0.load(Ordering::Relaxed), 904);
    }

    async fn stored() -> HttpResponse {
        HttpResponse::Conflict().content_type("application/problem+json").body("{\"request_id\":\"req_first\"}")
    }

    #[actix_web::test]
    async fn a_stored_problem_leaves_as_it_was_stored() {
        let app = App::new().wrap(front(&Arc::new(Count::default()))).route("/s", web::get().to(stored));
        let app = init_service(app).await;
        let response = call_service(&app, TestRequest::with_uri("/s").to_request()).await;
        assert_eq!(response.status(), 409);
        let body: serde_json::Value = read_body_json(response).await;
        assert_eq!(body, serde_json::json!({"request_id": "req_first"}));
    }

    #[actix_web::test]
    async fn an_answer_the_caller_holds_is_not_sent_again() {
        let app = App::new().wrap(front(&Arc::default())).route("/t", web::get().to(tagged));
        let app = init_service(app).await;
        let ask = |tag: &'static str| TestRequest::with_uri("/t").insert_header(("if-none-match", tag)).to_request();
        assert_eq!(call_service(&app, ask("\"b\", W/\"a\"")).await.status(), 304);
        assert_eq!(call_service(&app, ask("\"b\"")).await.status(), 200);
    }
}
