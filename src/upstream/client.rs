//! Sends calls: token, trace, one deadline, bounded answers, and repeats of reads within a budget.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::future::{Either, select};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use serde::de::DeserializeOwned;
use url::Url;

use crate::clock::Clock;
use crate::model::partner::Mode;
use crate::telemetry::trace;
use crate::upstream::breaker::{Breakers, Ended};
use crate::upstream::budget::Budget;
use crate::upstream::call::{Call, Class, Expects, Repeat};
use crate::upstream::failure::{Error, Loss};
use crate::upstream::hedge::Hedge;
use crate::upstream::open1688::{self, Account};
use crate::upstream::settings::{Endpoint, Settings};
use crate::upstream::tally::{Tally, UnderWay};
use crate::upstream::verdict::{is_json, judge, lost, wait_s};

const TOKEN: HeaderName = HeaderName::from_static("x-internal-token");
const PARTNER: HeaderName = HeaderName::from_static("x-partner-code");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const CROWDED: &str = "all places for such calls are taken";
const SPARED: &str = "the wholesale service failed most of such calls and is spared them for a while";
const PAUSE_BEFORE_REPEAT: Duration = Duration::from_millis(20);
/// Repeats are at most this share of the calls.
const RETRY_PERCENT: u8 = 10;
/// Less time than this is not worth a request.
const SHORTEST: Duration = Duration::from_millis(1);

/// What a call is sent in the name of.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The W3C trace context handed on.
    pub traceparent: Option<Arc<str>>,
    /// The moment by which the answer must be there; the configured deadline and the request's own apply besides.
    pub until: Option<Instant>,
}

impl Context {
    /// In the name of whatever the current task works for.
    pub fn here() -> Self {
        Self { traceparent: trace::current(), until: None }
    }
}

/// A client of the wholesale services; cheap to clone, to be made once per worker (its sockets belong to that runtime).
#[derive(Clone, Debug)]
pub struct Upstream(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    client: Client,
    live: Option<Speaks>,
    sandbox: Option<Speaks>,
    deadline: Duration,
    order_deadline: Duration,
    retries: u32,
    max_answer_bytes: usize,
    stall: Duration,
    at_once: usize,
    place_wait: Duration,
    budget: Budget,
    /// One a class; none while hedging is off.
    hedges: Option<[Hedge; Class::ALL.len()]>,
    tally: Arc<Tally>,
}

/// A call with where it goes: all that an attempt needs.
#[derive(Clone, Copy, Debug)]
struct Question<'a> {
    mode: Mode,
    call: &'a Call,
    target: &'a Speaks,
    trace: Option<&'a str>,
    until: Instant,
}

/// What a service speaks.
#[derive(Debug)]
enum Speaks {
    /// The internal protocol, in which calls are values already.
    Wholesale(Target),
    /// 1688's open platform, into which each call is put.
    Open1688(Arc<Account>),
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
            clock: settings.clock.clone(),
            client,
            live: speaks(settings.open1688.live.as_ref(), settings.live.as_ref())?,
            sandbox: speaks(settings.open1688.sandbox.as_ref(), settings.sandbox.as_ref())?,
            deadline: settings.deadline,
            order_deadline: settings.order_deadline,
            retries: settings.retries,
            max_answer_bytes: settings.max_answer_bytes,
            stall: settings.stall,
            at_once: settings.at_once,
            place_wait: settings.place_wait,
            budget: Budget::of_percent(RETRY_PERCENT),
            hedges: settings.hedge.then(Default::default),
            tally,
        })))
    }

    /// Whether this world has a wholesale service.
    pub fn serves(&self, mode: Mode) -> bool {
        self.0.target(mode).is_ok()
    }

    /// Sends a call; gives the document inside the envelope (or the picture) as bytes.
    pub async fn ask(&self, mode: Mode, call: &Call, context: Context) -> Result<Bytes, Error> {
        let inner = &*self.0;
        let _under_way = UnderWay::begin(&inner.tally);
        let begun = Instant::now();
        let deadline = inner.deadline_of(call);
        let own = begun + deadline + call.waits;
        let until = [context.until, trace::until()].into_iter().flatten().fold(own, Instant::min);
        let answer = trace::waiting(inner.attempts(mode, call, context.traceparent.as_deref(), until)).await;
        Tally::add(&inner.tally.micros, u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
        if let Err(error) = &answer {
            inner.count(error);
            tracing::debug!(call = call.name, mode = mode.name(), %error, "the wholesale service gave no document");
        }
        answer
    }

    /// Sends a call and reads the document as `T`.
    pub async fn read<T: DeserializeOwned>(&self, mode: Mode, call: &Call, context: Context) -> Result<T, Error> {
        let document = self.ask(mode, call, context).await?;
        let read = serde_json::from_slice(&document);
        read.map_err(|why| {
            Tally::add(&self.0.tally.nonsense, 1);
            Error::Nonsense(format!("{}: {why}", call.name))
        })
    }
}

impl Inner {
    fn target(&self, mode: Mode) -> Result<&Speaks, Error> {
        let target = match mode {
            Mode::Live => &self.live,
            Mode::Sandbox => &self.sandbox,
        };
        target.as_ref().ok_or(Error::NoEndpoint(mode))
    }

    fn deadline_of(&self, call: &Call) -> Duration {
        match call.repeat {
            Repeat::Safe => self.deadline,
            Repeat::Never => self.order_deadline,
        }
    }

    async fn attempts(&self, mode: Mode, call: &Call, trace: Option<&str>, until: Instant) -> Result<Bytes, Error> {
        let target = self.target(mode)?;
        let question = Question { mode, call, target, trace, until };
        let wait = self.place_wait.min(remaining(until));
        let Some(_place) = self.tally.lanes(self.at_once).enter(call.class(), wait).await else {
            return Err(Error::HeldBack(CROWDED));
        };
        let mut left = if call.repeat == Repeat::Safe { self.retries } else { 0 };
        self.budget.earn();
        loop {
            let error = match self.hedged(question).await {
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

    /// One attempt, with a second copy when a read is slow and that is wanted and affordable.
    async fn hedged(&self, question: Question<'_>) -> Result<Bytes, Error> {
        let Some(hedge) = self.hedge_for(question.call) else { return self.tried(question).await };
        let begun = Instant::now();
        let mut first = pin!(self.tried(question));
        let early = match hedge.after() {
            Some(after) => tokio::time::timeout(after, &mut first).await,
            None => Ok(first.as_mut().await),
        };
        let answer = match early {
            Ok(answer) => answer,
            Err(_) if !hedge.spend() => first.await,
            Err(_) => self.first_of_two(first, question).await,
        };
        if answer.is_ok() {
            hedge.note(begun.elapsed());
        }
        answer
    }

    /// The first good answer of a copy that is under way and one that is sent now; of two failures the later one.
    async fn first_of_two(
        &self,
        first: Pin<&mut impl Future<Output = Result<Bytes, Error>>>,
        question: Question<'_>,
    ) -> Result<Bytes, Error> {
        Tally::add(&self.tally.hedges, 1);
        let second = pin!(self.tried(question));
        match select(first, second).await {
            Either::Left((Err(error), second)) if error.is_outage() => second.await,
            Either::Right((Err(error), first)) if error.is_outage() => first.await,
            Either::Left((answer, _)) => answer,
            Either::Right((answer, _)) => {
                Tally::add(&self.tally.hedges_won, 1);
                answer
            }
        }
    }

    fn hedge_for(&self, call: &Call) -> Option<&Hedge> {
        let harmless = call.repeat == Repeat::Safe && call.waits.is_zero();
        self.hedges.as_ref().filter(|_| harmless)?.get(call.class() as usize)
    }

    /// One attempt, unless the service is spared such calls; its breaker is told how it ended.
    async fn tried(&self, question: Question<'_>) -> Result<Bytes, Error> {
        let time = remaining(question.until);
        if time < SHORTEST {
            return Err(Error::NotSent("no time was left".into()));
        }
        let Some(mut breaker) = Watched::enter(&self.tally.breakers, &self.clock, question) else {
            return Err(Error::HeldBack(SPARED));
        };
        let answer = self.once(question, time).await;
        breaker.ended = match &answer {
            Err(Error::NotSent(_) | Error::Unknown { loss: Loss::Broken, .. }) => Ended::Failed,
            Err(Error::Unknown { loss: Loss::Status(status), .. }) if *status >= 500 => Ended::Failed,
            // Who was given hardly any time says nothing about the service.
            Err(Error::Unknown { loss: Loss::Timeout, .. }) if time < self.deadline_of(question.call) / 2 => {
                Ended::Unsaid
            }
            Err(Error::Unknown { loss: Loss::Timeout, .. }) => Ended::Failed,
            _ => Ended::Answered,
        };
        answer
    }

    async fn once(&self, question: Question<'_>, time: Duration) -> Result<Bytes, Error> {
        let Question { call, target, trace, .. } = question;
        let target = match target {
            Speaks::Wholesale(target) => target,
            // In a box, so that calls of the other kind do not carry the room for it around.
            Speaks::Open1688(account) => {
                let line = Line { inner: self, trace, until: Instant::now() + time };
                return Box::pin(open1688::carry(account, line, call)).await;
            }
        };
        let mut request = self.client.request(call.method.clone(), target.address(call)?).timeout(time);
        request = request.headers(headers(target, call, trace));
        if let Some(body) = &call.body {
            request = request.body(body.bytes.clone());
        }
        let Said { status, is_json, wait_s, answer } = self.said(request).await?;
        judge(call, status, is_json, answer).map_err(|error| match error {
            Error::Denied { status, why, .. } => Error::Denied { status, why, wait_s },
            other => other,
        })
    }

    async fn said(&self, request: RequestBuilder) -> Result<Said, Error> {
        let response = request.send().await.map_err(lost)?;
        let (status, is_json, wait_s) = (response.status(), is_json(&response), wait_s(&response));
        Ok(Said { status, is_json, wait_s, answer: self.body(response).await? })
    }

    async fn body(&self, mut response: Response) -> Result<Bytes, Error> {
        let limit = self.max_answer_bytes;
        let told = response.content_length().unwrap_or(0);
        if told > limit as u64 {
            return Err(Error::Nonsense(format!("an answer of {told} bytes, more than the {limit} accepted")));
        }
        let mut whole = BytesMut::with_capacity(usize::try_from(told).unwrap_or(0));
        while let Some(chunk) = self.chunk(&mut response).await? {
            if whole.len() + chunk.len() > limit {
                return Err(Error::Nonsense(format!("an answer of more than the {limit} bytes accepted")));
            }
            whole.extend_from_slice(&chunk);
        }
        Tally::add(&self.tally.bytes, whole.len() as u64);
        Ok(whole.freeze())
    }

    /// The next piece of an answer; one that pauses for too long holds a place that others could use.
    async fn chunk(&self, response: &mut Response) -> Result<Option<Bytes>, Error> {
        match tokio::time::timeout(self.stall, response.chunk()).await {
            Ok(chunk) => chunk.map_err(lost),
            Err(_) => {
                Tally::add(&self.tally.stalled, 1);
                let why = format!("the answer paused for {} ms", self.stall.as_millis());
                Err(Error::Unknown { loss: Loss::Timeout, why })
            }
        }
    }

    fn count(&self, error: &Error) {
        let counter = match error {
            Error::NoEndpoint(_) | Error::Setup(_) | Error::NotSent(_) | Error::NotOffered(_) => &self.tally.not_sent,
            Error::HeldBack(CROWDED) => &self.tally.crowded,
            Error::HeldBack(_) => &self.tally.spared,
            Error::Unknown { .. } => &self.tally.unknown,
            Error::Denied { .. } => &self.tally.denied,
            Error::Refused(_) => &self.tally.refused,
            Error::Nonsense(_) => &self.tally.nonsense,
        };
        Tally::add(counter, 1);
    }
}

fn speaks(account: Option<&Arc<Account>>, endpoint: Option<&Endpoint>) -> Result<Option<Speaks>, Error> {
    match (account, endpoint) {
        (Some(account), _) => Ok(Some(Speaks::Open1688(account.clone()))),
        (None, Some(endpoint)) => Ok(Some(Speaks::Wholesale(Target::new(endpoint)?))),
        (None, None) => Ok(None),
    }
}

/// What came back, not judged yet.
#[derive(Debug)]
pub(super) struct Said {
    /// The HTTP status.
    pub status: StatusCode,
    /// Whether it says that it is JSON.
    pub is_json: bool,
    /// When the service wants to be asked again, in seconds.
    pub wait_s: Option<u64>,
    /// The body, bounded.
    pub answer: Bytes,
}

/// The way for requests that a call of another protocol is made of: the same sockets, bounds and deadline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    inner: &'a Inner,
    trace: Option<&'a str>,
    until: Instant,
}

impl Line<'_> {
    /// Sends a form.
    pub(super) async fn post(&self, url: &str, form: String) -> Result<Said, Error> {
        let request = self.inner.client.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        self.sent(request).await
    }

    /// Fetches what is at an address.
    pub(super) async fn get(&self, url: &str) -> Result<Said, Error> {
        self.sent(self.inner.client.get(url)).await
    }

    /// What time it is.
    pub(super) fn now_ms(&self) -> i64 {
        self.inner.clock.now_ms()
    }

    /// How much time is left.
    pub(super) fn left(&self) -> Duration {
        remaining(self.until)
    }

    async fn sent(&self, request: RequestBuilder) -> Result<Said, Error> {
        let time = self.left();
        if time < SHORTEST {
            return Err(Error::NotSent("no time was left".into()));
        }
        let trace = self.trace.and_then(|text| HeaderValue::from_str(text).ok());
        let request = match trace {
            Some(trace) => request.header(TRACEPARENT, trace),
            None => request,
        };
        self.inner.said(request.timeout(time)).await
    }
}

/// A call that a breaker let through; tells it how the call ended, also when nobody waits for it any more.
struct Watched<'a> {
    breakers: &'a Breakers,
    clock: &'a Clock,
    mode: Mode,
    class: Class,
    ended: Ended,
}

impl<'a> Watched<'a> {
    fn enter(breakers: &'a Breakers, clock: &'a Clock, question: Question<'_>) -> Option<Self> {
        let (mode, class) = (question.mode, question.call.class());
        let goes = breakers.enter(mode, class, clock.now_ms());
        goes.then_some(Self { breakers, clock, mode, class, ended: Ended::Unsaid })
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.breakers.leave(self.mode, self.class, self.ended, self.clock.now_ms());
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
