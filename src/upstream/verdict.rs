//! What an HTTP answer, or its absence, means.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use crate::upstream::call::{Call, Expects};
use crate::upstream::envelope;
use crate::upstream::failure::{Error, Loss, Refusal};

pub(super) fn is_json(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}

/// The seconds of Retry-After; a date there is not worth understanding.
pub(super) fn wait_s(response: &Response) -> Option<u64> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// Whether a request that got this status was surely turned away before any business was done. The others say nothing:
/// 408 comes from a server that was halted, or that closes a connection, whatever it did with the request; 409 and its
/// like are not in the contract; 499 and its like are words of proxies about a connection.
fn turns_away(status: u16) -> bool {
    matches!(status, 400 | 401 | 403..=407 | 410..=417 | 421 | 422 | 425 | 426 | 428 | 429 | 431 | 451)
}

/// What an HTTP answer means: 2xx carries a document or a refusal, most of 4xx was turned away, anything else is a loss.
pub(super) fn judge(call: &Call, status: StatusCode, is_json: bool, answer: Bytes) -> Result<Bytes, Error> {
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

pub(super) fn lost(error: reqwest::Error) -> Error {
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
