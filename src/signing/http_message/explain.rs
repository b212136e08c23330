//! Tells step by step what became of a signature, for `POST /v1/debug/signature`.
//! Knows neither time windows nor nonces nor key records: those steps are added by `auth`.

use crate::signing::digest::{self, ContentDigest, DigestError};
use crate::signing::http_message::{
    BaseError, Malformed, Message, Needs, Presented, VerifyingKey, coverage, signature_base,
};

/// What became of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// In order.
    Passed,
    /// This is what must be mended.
    Failed,
    /// Could not be looked at, because an earlier step failed or there is nothing to check.
    Skipped,
}

/// One step in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// A short name: `headers`, `coverage`, `base`, `signature` or `digest`.
    pub name: &'static str,
    /// How it went.
    pub outcome: Outcome,
    /// A sentence.
    pub detail: String,
}

/// Everything there is to say about a signature, as data.
#[derive(Clone, Debug)]
pub struct Explanation<'a> {
    /// What was read from the headers.
    pub presented: Result<Presented<'a>, Malformed>,
    /// What must be covered for this request.
    pub needs: Needs,
    /// Which of it is not.
    pub missing: Vec<&'static str>,
    /// The signature base the verifier computes, as text (bytes that are no UTF-8 replaced).
    pub base: Option<Result<String, BaseError>>,
    /// Whether the signature fits the base under the key given; `None` without a base or a key.
    pub signature_fits: Option<bool>,
    /// The `Content-Digest` that was received.
    pub digest_received: Option<String>,
    /// Whether it fits; `None` when there is neither a body nor a digest.
    pub digest: Option<Result<(), DigestError>>,
    /// The `Content-Digest` values that would fit, one an algorithm; empty without a body.
    pub digest_expected: Vec<String>,
}

/// Looks at a signature and the request around it.
pub fn explain<'a>(
    signature_input: &[&'a [u8]],
    signature: &[&[u8]],
    message: &Message<'_>,
    body: &[u8],
    key: Option<&VerifyingKey>,
) -> Explanation<'a> {
    let needs = Needs::of(message, body.len());
    let presented = Presented::parse(signature_input, signature);
    let read = presented.as_ref().ok();
    let mut bytes = Vec::new();
    let base = read.map(|read| signature_base(read, message, &mut bytes));
    let signature_fits = match (read, &base, key) {
        (Some(read), Some(Ok(())), Some(key)) => Some(key.verify(&bytes, &read.signature)),
        _ => None,
    };
    let received = message.field("content-digest");
    Explanation {
        needs,
        missing: read.map_or_else(Vec::new, |read| coverage(read, &needs)),
        base: base.map(|written| written.map(|()| String::from_utf8_lossy(&bytes).into_owned())),
        signature_fits,
        digest_received: received.ok().map(|value| String::from_utf8_lossy(value).into_owned()),
        digest: check_digest(received, body),
        digest_expected: expected_digests(body),
        presented,
    }
}

fn check_digest(received: Result<&[u8], usize>, body: &[u8]) -> Option<Result<(), DigestError>> {
    match received {
        Ok(value) => Some(ContentDigest::parse(value).and_then(|digest| digest.verify(body))),
        Err(0) if body.is_empty() => None,
        Err(0) => Some(Err(DigestError::Missing)),
        Err(_) => Some(Err(DigestError::Repeated)),
    }
}

fn expected_digests(body: &[u8]) -> Vec<String> {
    if body.is_empty() {
        return Vec::new();
    }
    let all = digest::Algorithm::ALL.into_iter();
    all.map(|algorithm| digest::content_digest(algorithm, body)).collect()
}

impl Explanation<'_> {
    /// Tells it in order, one sentence a step.
    pub fn steps(&self) -> Vec<Step> {
        let (headers, coverage) = match &self.presented {
            Ok(presented) => (passed("headers", format!("read as: {}", presented.inner_list)), self.coverage_step()),
            Err(error) => (failed("headers", error.to_string()), skipped("coverage", "the headers could not be read")),
        };
        vec![headers, coverage, self.base_step(), self.signature_step(), self.digest_step()]
    }

    fn coverage_step(&self) -> Step {
        if self.missing.is_empty() {
            passed("coverage", "everything that must be covered is".to_owned())
        } else {
            let missing = self.missing.join(", ");
            failed("coverage", format!("must be covered and is not: {missing}"))
        }
    }

    fn base_step(&self) -> Step {
        match &self.base {
            Some(Ok(base)) => passed("base", base.clone()),
            Some(Err(error)) => failed("base", error.to_string()),
            None => skipped("base", "the headers could not be read"),
        }
    }

    fn signature_step(&self) -> Step {
        match self.signature_fits {
            Some(true) => passed("signature", "the signature fits the base".to_owned()),
            Some(false) => failed(
                "signature",
                "the signature does not fit: compare the base with the one you signed, byte for byte; if they are equal, the secret differs".to_owned(),
            ),
            None => skipped("signature", "there is no base or no key to check with"),
        }
    }

    fn digest_step(&self) -> Step {
        match &self.digest {
            Some(Ok(())) => passed("digest", "Content-Digest fits the body received".to_owned()),
            Some(Err(error)) if self.digest_expected.is_empty() => failed("digest", error.to_string()),
            Some(Err(error)) => {
                let expected = self.digest_expected.join(" or ");
                failed("digest", format!("{error}; expected {expected}"))
            }
            None => skipped("digest", "there is no body"),
        }
    }
}

fn step(name: &'static str, outcome: Outcome, detail: String) -> Step {
    Step { name, outcome, detail }
}

fn passed(name: &'static str, detail: String) -> Step {
    step(name, Outcome::Passed, detail)
}

fn failed(name: &'static str, detail: String) -> Step {
    step(name, Outcome::Failed, detail)
}

fn skipped(name: &'static str, detail: &str) -> Step {
    step(name, Outcome::Skipped, detail.to_owned())
}
