//! One attempt: the signed request, and what came of it. Redirects are not followed, no proxy of the environment is
//! used, and of the answer no more than its first bytes is read.

use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode, redirect};

use super::Error;
use super::guard::Guard;
use super::names::{Checked, Names, Reach};
use super::target::Target;
use crate::model::webhook::Attempt;

const AGENT: &str = concat!("Xunyuan-Webhooks/", env!("CARGO_PKG_VERSION"));
/// Of an answer so much is kept.
const ANSWER_BYTES: usize = 1_024;
const SUCCESS_READ_WITHIN: Duration = Duration::from_millis(200);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const IDLE_FOR: Duration = Duration::from_secs(20);
const IDLE_PER_HOST: usize = 8;
/// Statuses whose `Retry-After` is honoured.
const ASK_FOR_TIME: [u16; 4] = [429, 502, 503, 504];

/// A delivery as it is sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Where to.
    pub url: String,
    /// How it is written and signed.
    pub dress: Dress,
    /// The body.
    pub body: Bytes,
}

/// What a letter shows in its header fields.
#[derive(Clone, Debug)]
pub enum Dress {
    /// Standard Webhooks: JSON, signed in header fields.
    Standard {
        /// The event's id.
        id: String,
        /// The moment of the attempt, in seconds.
        timestamp_s: i64,
        /// One signature by each secret.
        signature: String,
    },
    /// A form of the older protocol, which carries its own signature.
    Form,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub struct Posted {
    /// For the log.
    pub attempt: Attempt,
    /// Seconds that the receiver asked to be left alone.
    pub retry_after_s: Option<i64>,
}

impl Posted {
    /// Whether the receiver has it.
    pub fn is_delivered(&self) -> bool {
        self.attempt.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether the receiver wants nothing any more.
    pub fn is_gone(&self) -> bool {
        self.attempt.status == Some(StatusCode::GONE.as_u16())
    }
}

/// Sends letters; its sockets belong to the runtime it is used on.
#[derive(Clone, Debug)]
pub struct Post {
    guard: Guard,
    with_tls: Client,
    without: Client,
    within: Duration,
}

impl Post {
    /// A post that sends to what the guard lets through, each attempt within so long.
    pub fn new(guard: Guard, names: &Names, within: Duration) -> Result<Self, Error> {
        let client = |reach: Reach| {
            let checked = Checked { names: names.clone(), guard: guard.clone(), reach };
            Client::builder()
                .no_proxy()
                .redirect(redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .user_agent(AGENT)
                .connect_timeout(CONNECT_WITHIN.min(within))
                .pool_idle_timeout(IDLE_FOR)
                .pool_max_idle_per_host(IDLE_PER_HOST)
                .https_only(matches!(reach, Reach::Guarded))
                .dns_resolver(std::sync::Arc::new(checked))
                .build()
                .map_err(|why| Error::Setup(why.to_string()))
        };
        Ok(Self { with_tls: client(Reach::Guarded)?, without: client(Reach::AllowedOnly)?, guard, within })
    }

    /// Makes one attempt.
    pub async fn send(&self, letter: Letter, at: Timestamp) -> Posted {
        let begun = Instant::now();
        let tried = tokio::time::timeout(self.within, self.exchange(letter, at)).await;
        let duration_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        let (status, retry_after_s, answer, problem) = match tried {
            Ok(Ok(Answered { status, retry_after_s, answer })) => (Some(status), retry_after_s, answer, told(status)),
            Ok(Err(problem)) => (None, None, String::new(), Some(problem)),
            Err(_) => (None, None, String::new(), Some(format!("no answer within {} s", self.within.as_secs_f32()))),
        };
        Posted { attempt: Attempt { at, duration_ms, status, problem, answer }, retry_after_s }
    }

    async fn exchange(&self, letter: Letter, at: Timestamp) -> Result<Answered, String> {
        let target = Target::read(&letter.url).map_err(|why| why.to_string())?;
        target.examine_literal(&self.guard).map_err(|why| why.to_string())?;
        let client = if target.is_tls() { &self.with_tls } else { &self.without };
        let headers = fields(&letter).ok_or("the delivery cannot be written as header fields")?;
        let request = client.post(target.url().clone()).headers(headers).body(letter.body);
        let response = request.send().await.map_err(|why| chain(&why))?;
        let status = response.status();
        let wait = ASK_FOR_TIME.contains(&status.as_u16()).then(|| retry_after(response.headers(), at)).flatten();
        // A success counts as it is; a short answer is read so that the connection can be used again.
        let answer = match status.is_success() {
            true => tokio::time::timeout(SUCCESS_READ_WITHIN, first_bytes(response)).await.unwrap_or_default(),
            false => first_bytes(response).await,
        };
        Ok(Answered { status: status.as_u16(), retry_after_s: wait, answer })
    }
}

struct Answered {
    status: u16,
    retry_after_s: Option<i64>,
    answer: String,
}

fn told(status: u16) -> Option<String> {
    match status {
        200..=299 => None,
        300..=399 => Some(format!("answered {status}; redirects are not followed: change the endpoint's url instead")),
        410 => Some("answered 410: the endpoint wants nothing any more".to_owned()),
        _ => Some(format!("answered {status}")),
    }
}

fn fields(letter: &Letter) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(4);
    let Dress::Standard { id, timestamp_s, signature } = &letter.dress else {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        return Some(headers);
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(HeaderName::from_static("webhook-id"), HeaderValue::from_str(id).ok()?);
    headers.insert(HeaderName::from_static("webhook-timestamp"), HeaderValue::from(*timestamp_s));
    headers.insert(HeaderName::from_static("webhook-signature"), HeaderValue::from_str(signature).ok()?);
    Some(headers)
}

/// Seconds (RFC 9110 §10.2.3), or until a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<i64> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(seconds.into());
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(date.timestamp().as_second() - now.as_second()).filter(|seconds| *seconds > 0)
}

/// The beginning of the answer as text; the rest is dropped with the connection.
async fn first_bytes(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(chunk.get(..ANSWER_BYTES - bytes.len()).unwrap_or(&chunk)),
            Ok(None) | Err(_) => break,
        }
    }
    // No database takes a NUL in a text.
    String::from_utf8_lossy(&bytes).replace('\0', "\u{fffd}")
}

fn chain(error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    let mut text = if error.is_connect() { "cannot connect".to_owned() } else { "broken off".to_owned() };
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::retry_after;
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let now = "2026-11-23T08:00:00Z".parse().unwrap();
        let asked = |text: &'static str| {
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]), now)
        };
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("Mon, 23 Nov 2026 08:01:30 GMT"), Some(90));
        for wrong in ["", "-5", "soon", "Mon, 23 Nov 2026 07:00:00 GMT"] {
            assert_eq!(asked(wrong), None, "{wrong}");
        }
    }
}
