//! A refused request, ready to be answered: reason, challenge headers, and the help that is safe to give.

use std::sync::Arc;

use jiff::Timestamp;

use crate::auth::reason::Reason;
use crate::error::{Code, Failure, Place};
use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::signing::http_message::{Needs, TAG};

/// Why a request was not let in, with everything its answer needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(super) reason: Reason,
    pub(super) needs: Needs,
    pub(super) server_time: Timestamp,
    pub(super) signature_base: Option<String>,
    pub(super) throttled_s: Option<u64>,
    pub(super) accused: Option<Accused>,
}

/// The key that a refused request named, if there is one of this id. Whether its holder sent the request is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accused {
    /// Whose key it is.
    pub partner: PartnerId,
    /// The key id.
    pub key_id: Arc<str>,
    /// The key's world.
    pub mode: Mode,
    /// How old the signature claimed to be, in seconds.
    pub age_s: i64,
}

impl Refusal {
    /// The step that failed.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The key that the request named; for the operator's numbers, never for the answer.
    pub fn accused(&self) -> Option<&Accused> {
        self.accused.as_ref()
    }

    /// The header fields of the answer: the two challenges of a 401, nothing else.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        if self.code().facts().status != 401 {
            return Vec::new();
        }
        vec![
            ("www-authenticate", "Signature realm=\"xunyuan\"".to_owned()),
            ("accept-signature", accept_signature(self.needs)),
        ]
    }
}

/// What to sign, in the words of RFC 9421 §5.1.
pub fn accept_signature(needs: Needs) -> String {
    let names: Vec<_> = needs.components().collect();
    format!("sig=(\"{}\");created;tag=\"{TAG}\"", names.join("\" \""))
}

impl Failure for Refusal {
    fn code(&self) -> Code {
        if self.throttled_s.is_some() { Code::AuthThrottled } else { self.reason.code() }
    }

    fn detail(&self) -> Option<String> {
        if self.throttled_s.is_some() { None } else { self.reason.detail() }
    }

    fn places(&self) -> Vec<Place> {
        if self.throttled_s.is_some() { Vec::new() } else { self.reason.places() }
    }

    fn retry_after_s(&self) -> Option<u64> {
        self.throttled_s
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        let mut extras = Vec::new();
        if self.throttled_s.is_some() {
            return extras;
        }
        if self.code() == Code::ClockSkew {
            let seconds = Timestamp::from_second(self.server_time.as_second()).unwrap_or(self.server_time);
            extras.push(("server_time", json(&seconds.to_string())));
        }
        if let Some(base) = &self.signature_base {
            extras.push(("signature_base", json(base)));
        }
        extras
    }

    fn internal(&self) -> Option<String> {
        self.throttled_s.map(|_| format!("throttled; would have been {}", self.reason.code().facts().name))
    }
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
