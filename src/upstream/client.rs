//! Sends calls: token, trace, one deadline, bounded answers, and repeats of reads within a budget.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};
use serde::de::DeserializeOwned;
use url::Url;

use crate::model::partner::Mode;
use crate::telemetry::trace;
use crate::upstream::budget::Budget;
use crate::upstream::call::{Call, Expects, Repeat};
use crate::upstream::envelope;
use crate::upstream::failure::{Error, Loss, Refusal};
use crate::upstream::settings::{Endpoint, Settings};
use crate::upstream::tally::{Tally, UnderWay};

const TOKEN: HeaderName = HeaderName::from_static("x-internal-token");
const PARTNER: HeaderName = HeaderName::from_static("x-partner-code");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const PAUSE_BEFORE_REPEAT: Duration = Duration::from_millis(20);
/// Less time than this is not worth a request.
const SHORTEST: Duration = Duration::from_millis(1);

/// What a call is sent in the name of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The W3C trace context handed on.
    pub traceparent: Option<&'a str>,
    /// The moment by which the answer must be there; the configured deadline applies besides.
    pub until: Option<Instant>,
}

/// A client of the wholesale services; cheap to clone, to be made once per worker (its sockets belong to that runtime).
#[derive(Clone, Debug)]
pub struct Upstream(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    live: Option<Target>,
    sandbox: Option<Target>,
    deadline: Duration,
    order_deadline: Duration,
    retries: u32,
    max_answer_bytes: usize,
    budget: Budget,
    tally: Arc<Tally>,
}

#[derive(Debug)]
struct Target {
    prefix: String,
    token: HeaderValue,
}

impl Target {
    fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        let mut token = HeaderValue::from_str(endpoint.token.reveal())
            .map_err(|_| Error::Setup("the internal token has characters that no header may carry".into()))?;
        token.set_sensitive(true);
        Ok(Self { prefix: endpoint.url.as_str().trim_end_matches('/').to_owned(), token })
    }

    fn address(&self, call: &Call) -> Result<Url, Error> {
        let mut url = Url::parse(&format!("{}{}", self.prefix, call.path)).map_err(|e| Error::Setup(e.to_string()))?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query.iter().map(|(name, value)| (*name, value.as_str())));
        }
        Ok(url)
    }
}

impl Upstream {
    /// A client for the services of these settings, counting into `tally`.
    pub fn new(settings: &Settings, tally: Arc<Tally>) -> Result<Self, Error> {
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .tcp_nodelay(true)
            .connect_timeout(settings.connect_timeout)
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(256)
            .build()
            .map_err(|why| Error::Setup(why.to_string()))?;
        Ok(Self(Arc::new(Inner {
            client,
            live: settings.live.as_ref().map(Target::new).transpose()?,
            sandbox: settings.sandbox.as_ref().map(Target::new).transpose()?,
            deadline: settings.deadline,
            order_deadline: settings.order_deadline,
            retries: settings.retries,
            max_answer_bytes: settings.max_answer_bytes,
            budget: Budget::default(),
            tally,
        })))
    }

    /// Whether this world has a wholesale service.
    pub fn serves(&self, mode: Mode) -> bool {
        self.0.target(mode).is_ok()
    }

    /// Sends a call; gives the document inside the envelope (or the picture) as bytes.
    pub async fn ask(&self, mode: Mode, call: &Call, context: Context<'_>) -> Result<Bytes, Error> {
        let inner = &*self.0;
        let _under_way = UnderWay::begin(&inner.tally);
        let begun = Instant::now();
        let deadline = match call.repeat {
            Repeat::Safe => inner.deadline,
            Repeat::Never => inner.order_deadline,
        };
        let until = (begun + deadline + call.waits).min(context.until.unwrap_or(begun + Duration::from_secs(3600)));
        let answer = trace::waiting(inner.attempts(mode, call, context.traceparent, until)).await;
        Tally::add(&inner.tally.micros, u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
        if let Err(error) = &answer {
            inner.count(error);
            tracing::debug!(call = call.name, mode = mode.name(), %error, "the wholesale service gave no document");
        }
        answer
    }

    /// Sends a call and reads the document as `T`.
    pub async fn read<T: DeserializeOwned>(&self, mode: Mode, call: &Call, context: Context<'_>) -> Result<T, Error> {
        let document = self.ask(mode, call, context).await?;
        let read = serde_json::from_slice(&document);
        read.map_err(|why| {
            Tally::add(&self.0.tally.nonsense, 1);
            Error::Nonsense(format!("{}: {why}", call.name))
        })
    }
}

impl Inner {
    fn target(&self, mode: Mode) -> Result<&Target, Error> {
        let target = match mode {
            Mode::Live => &self.live,
            Mode::Sandbox => &self.sandbox,
        };
        target.as_ref().ok_or(Error::NoEndpoint(mode))
    }

    async fn attempts(&self, mode: Mode, call: &Call, trace: Option<&str>, until: Instant) -> Result<Bytes, Error> {
        let target = self.target(mode)?;
        let url = target.address(call)?;
        let mut left = if call.repeat == Repeat::Safe { self.retries } else { 0 };
        self.budget.earn();
        loop {
            let error = match self.once(target, &url, call, trace, until).await {
                Ok(document) => return Ok(document),
                Err(error) => error,
            };
            if left == 0 || !error.is_passing() || remaining(until) < PAUSE_BEFORE_REPEAT * 2 {
                return Err(error);
            }
            if !self.budget.spend() {
                Tally::add(&self.tally.retries_refused, 1);
                return Err(error);
            }
            left -= 1;
            Tally::add(&self.tally.retries, 1);
            tokio::time::sleep(PAUSE_BEFORE_REPEAT).await;
        }
    }

    async fn once(
        &self,
        target: &Target,
        url: &Url,
        call: &Call,
        trace: Option<&str>,
        until: Instant,
    ) -> Result<Bytes, Error> {
        let time = remaining(until);
        if time < SHORTEST {
            return Err(Error::NotSent("no time was left".into()));
        }
        let mut request = self.client.request(call.method.clone(), url.clone()).timeout(time);
        request = request.headers(headers(target, call, trace));
        if let Some(body) = &call.body {
            request = request.body(body.bytes.clone());
        }
        let response = request.send().await.map_err(lost)?;
        let status = response.status();
        let (is_json, wait_s) = (is_json(&response), wait_s(&response));
        let answer = self.body(response).await?;
        judge(call, status, is_json, answer).map_err(|error| match error {
            Error::Denied { status, why, .. } => Error::Denied { status, why, wait_s },
            other => other,
        })
    }

    async fn body(&self, mut response: Response) -> Result<Bytes, Error> {
        let limit = self.max_answer_bytes;
        let told = response.content_length().unwrap_or(0);
        if told > limit as u64 {
            return Err(Error::Nonsense(format!("an answer of {told} bytes, more than the {limit} accepted")));
        }
        let mut whole = BytesMut::with_capacity(usize::try_from(told).unwrap_or(0));
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if whole.len() + chunk.len() > limit {
                return Err(Error::Nonsense(format!("an answer of more than the {limit} bytes accepted")));
            }
            whole.extend_from_slice(&chunk);
        }
        Tally::add(&self.tally.bytes, whole.len() as u64);
        Ok(whole.freeze())
    }

    fn count(&self, error: &Error) {
        let counter = match error {
            Error::NoEndpoint(_) | Error::Setup(_) | Error::NotSent(_) => &self.tally.not_sent,
            Error::Unknown { .. } => &self.tally.unknown,
            Error::Denied { .. } => &self.tally.denied,
            Error::Refused(_) => &self.tally.refused,
            Error::Nonsense(_) => &self.tally.nonsense,
        };
        Tally::add(counter, 1);
    }
}

fn remaining(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

fn headers(target: &Target, call: &Call, trace: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(TOKEN, target.token.clone());
    let accepted = match call.expects {
        Expects::Document => "application/json",
        Expects::Picture => "image/png, image/jpeg",
    };
    headers.insert(ACCEPT, HeaderValue::from_static(accepted));
    if let Some(body) = &call.body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(body.media_type));
    }
    if let Some(value) = call.partner.as_deref().and_then(|partner| HeaderValue::from_str(partner).ok()) {
        headers.insert(PARTNER, value);
    }
    if let Some(value) = trace.and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert(TRACEPARENT, value);
    }
    headers
}

fn is_json(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}

/// The seconds of Retry-After; a date there is not worth understanding.
fn wait_s(response: &Response) -> Option<u64> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// Whether a request that got this status was surely turned away before any business was done. The others say nothing:
/// 408 comes from a server that was halted, or that closes a connection, whatever it did with the request; 409 and its
/// like are not in the contract; 499 and its like are words of proxies about a connection.
fn turns_away(status: u16) -> bool {
    matches!(status, 400 | 401 | 403..=407 | 410..=417 | 421 | 422 | 425 | 426 | 428 | 429 | 431 | 451)
}

/// What an HTTP answer means: 2xx carries a document or a refusal, most of 4xx was turned away, anything else is a loss.
fn judge(call: &Call, status: StatusCode, is_json: bool, answer: Bytes) -> Result<Bytes, Error> {
    let number = status.as_u16();
    match call.expects {
        Expects::Picture if status.is_success() && !is_json => return Ok(answer),
        Expects::Picture if status.is_success() => return Err(refusal_or_nonsense(&answer)),
        Expects::Picture if number == 404 => {
            return Err(Error::Refused(Box::new(Refusal {
                error_code: "GOODS_NOT_FOUND".into(),
                message: envelope::words(&answer),
                data: serde_json::Value::Null,
            })));
        }
        _ => {}
    }
    if status.is_success() {
        envelope::open(&answer)
    } else if turns_away(number) {
        Err(Error::Denied { status: number, why: envelope::words(&answer), wait_s: None })
    } else if status.is_client_error() || status.is_server_error() {
        Err(Error::Unknown { loss: Loss::Status(number), why: envelope::words(&answer) })
    } else {
        Err(Error::Nonsense(format!("status {number}")))
    }
}

fn refusal_or_nonsense(answer: &Bytes) -> Error {
    match envelope::open(answer) {
        Err(error) => error,
        Ok(_) => Error::Nonsense("JSON where a picture was asked for".into()),
    }
}

fn lost(error: reqwest::Error) -> Error {
    let why = chain(&error);
    // `is_connect` holds for everything up to an open connection, its timeout included.
    if error.is_connect() || error.is_builder() {
        Error::NotSent(why)
    } else if error.is_timeout() {
        Error::Unknown { loss: Loss::Timeout, why }
    } else {
        Error::Unknown { loss: Loss::Broken, why }
    }
}

fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
