//! Why a request is not believed, and how each reason is told: its code, its sentence, its places.

use std::net::IpAddr;

use crate::auth::window::Skew;
use crate::error::{Code, Place};
use crate::signing::digest::DigestError;
use crate::signing::http_message::{BaseError, Malformed};

/// The step that failed, with what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The signature headers are absent or cannot be read.
    Malformed(Malformed),
    /// Components that must be covered are not.
    Coverage(Vec<&'static str>),
    /// The authority is not one of our names.
    Authority(String),
    /// Outside the time window.
    Skew(Skew),
    /// The signed bytes cannot be rebuilt from the request.
    Base(BaseError),
    /// A sandbox key id that nobody has; the text helps to see why.
    UnknownKey(String),
    /// The signature does not fit, or a live key id is unknown: the two are told alike. A hint for sandbox keys only.
    Mismatch(Option<String>),
    /// The key has ended.
    Expired,
    /// The key or its partner is suspended.
    Suspended,
    /// The key's allow-list does not have this address.
    Address(IpAddr),
    /// The digest does not fit the body.
    Digest(DigestError),
    /// The nonce was used before.
    Replayed,
}

impl Reason {
    /// The public code.
    pub fn code(&self) -> Code {
        match self {
            Self::Malformed(Malformed::Missing) => Code::SignatureMissing,
            Self::Malformed(_) | Self::Base(_) => Code::SignatureMalformed,
            Self::Coverage(_) => Code::CoverageInsufficient,
            Self::Authority(_) => Code::AuthorityNotServed,
            Self::Skew(_) => Code::ClockSkew,
            Self::UnknownKey(_) => Code::UnknownKey,
            Self::Mismatch(_) => Code::SignatureMismatch,
            Self::Expired => Code::KeyExpired,
            Self::Suspended => Code::KeySuspended,
            Self::Address(_) => Code::AddressNotAllowed,
            Self::Digest(_) => Code::DigestMismatch,
            Self::Replayed => Code::Replayed,
        }
    }

    /// What happened this time; `None` when the code's own advice says it all.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Malformed(error) => Some(sentence(error)),
            Self::Coverage(missing) => Some(format!("The signature must also cover {}.", quoted(missing))),
            Self::Authority(called) => Some(format!("\"{called}\" is not a name of this gateway.")),
            Self::Skew(skew) => Some(sentence(skew)),
            Self::Base(error) => Some(sentence(error)),
            Self::UnknownKey(why) => Some(why.clone()),
            Self::Mismatch(hint) => hint.clone(),
            Self::Address(address) => Some(format!("The key may not be used from {address}.")),
            Self::Digest(error) => Some(sentence(error)),
            Self::Expired | Self::Suspended | Self::Replayed => None,
        }
    }

    /// The places in the request that are wrong.
    pub fn places(&self) -> Vec<Place> {
        match self {
            Self::Coverage(missing) => {
                let place = |name| Place::header("signature-input", format!("\"{name}\" must be covered"));
                missing.iter().map(place).collect()
            }
            Self::Base(
                BaseError::FieldAbsent(name) | BaseError::FieldRepeated(name) | BaseError::ControlCharacter(name),
            ) => vec![Place::header(name, self.detail().unwrap_or_default())],
            Self::Digest(error) => vec![Place::header("content-digest", error.to_string())],
            _ => Vec::new(),
        }
    }
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
    names.join(", ")
}

/// Inner errors speak in clauses; answers speak in sentences.
fn sentence(error: &dyn std::error::Error) -> String {
    let clause = error.to_string();
    let mut letters = clause.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}
