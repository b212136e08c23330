//! `POST /v1/debug/signature`: tells a sandbox caller step by step what would become of a request they describe.
//! Never shows a signature that would fit, spends no nonce, and checks only with the caller's own sandbox keys.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::auth::reason::Reason;
use crate::auth::refusal::accept_signature;
use crate::auth::request::{Class, Request};
use crate::auth::verify::{Auth, Lines, is_sandbox, standing, trial_key};
use crate::error::{Code, Place};
use crate::model::partner::{Caller, Mode};
use crate::partners::KeyRecord;
use crate::signing::http_message::{self, Malformed, Message, Presented};

pub use crate::signing::http_message::Outcome;

/// A request as its sender describes it.
#[derive(Clone, Debug)]
pub struct Described {
    method: String,
    scheme: String,
    authority: String,
    path: String,
    query: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// From where it would be sent.
    pub address: IpAddr,
    /// What kind of operation it would ask for.
    pub class: Class,
}

/// One step of the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// A short name; always the same ones, in the same order.
    pub name: &'static str,
    /// How it went.
    pub outcome: Outcome,
    /// The code that a request failing here is refused with.
    pub code: Option<Code>,
    /// A sentence.
    pub detail: String,
}

/// What would become of the described request.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Every step in the order of the proof.
    pub steps: Vec<Step>,
    /// The signature base that the gateway computes.
    pub signature_base: Option<String>,
    /// `Content-Digest` values that would fit the body.
    pub expected_digests: Vec<String>,
    /// What has to be signed, as `Accept-Signature` says it.
    pub accept_signature: String,
    /// The gateway's time.
    pub server_time: Timestamp,
}

impl Explained {
    /// The code the request would be refused with: that of the first failed step.
    pub fn verdict(&self) -> Option<Code> {
        self.steps.iter().find(|step| step.outcome == Outcome::Failed).and_then(|step| step.code)
    }
}

impl Described {
    /// Takes the description apart; `url` is absolute, or a path beside a `Host` header.
    pub fn new(method: String, url: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Result<Self, Place> {
        let url = url.split('#').next().unwrap_or_default();
        let host = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
        let host = host.map(|(_, value)| value.trim().to_owned());
        let (scheme, authority, target) = match url.split_once("://") {
            Some((scheme @ ("http" | "https"), rest)) => {
                let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
                (scheme, host.unwrap_or_else(|| authority.to_owned()), target)
            }
            None if url.starts_with('/') => {
                let host = host.ok_or_else(|| Place::body("/url", "give an absolute URL, or a Host header"))?;
                ("https", host, url)
            }
            _ => return Err(Place::body("/url", "must start with https://, http:// or /")),
        };
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        Ok(Self {
            method,
            scheme: scheme.to_owned(),
            authority,
            path: path.to_owned(),
            query,
            headers,
            body,
            address: IpAddr::from([0, 0, 0, 0]),
            class: Class::Read,
        })
    }

    /// Path without the query, as it would be sent; decides which operation it is.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The request as the signature sees it.
    pub fn message(&self) -> Message<'_> {
        Message {
            method: &self.method,
            scheme: &self.scheme,
            authority: &self.authority,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &self.headers,
        }
    }
}

impl Auth {
    /// Tells what would become of the described request, as far as its caller may know.
    pub fn explain(&self, caller: &Caller, described: &Described) -> Explained {
        let now = self.clock.now();
        let message = described.message();
        let lines = Lines::of(&message);
        let presented = Presented::parse(&lines.input, &lines.signature);
        let record = presented.as_ref().ok().and_then(|presented| self.own_key(caller, presented));
        let key = match (&record, &presented) {
            (Some(record), Ok(presented)) => Some(trial_key(Some(record), presented)),
            _ => None,
        };
        let told = http_message::explain(&lines.input, &lines.signature, &message, &described.body, key);
        let mut steps: Vec<Step> = told.steps().into_iter().map(|step| coded(step, &told.presented)).collect();
        steps.splice(2..2, [self.authority_step(&message), self.window_step(&told.presented, described, now)]);
        steps.splice(5..5, [key_step(&told.presented, record.as_deref())]);
        steps.splice(7..7, [standing_step(record.as_deref(), told.signature_fits, described, now)]);
        steps.push(nonce_step(&told.presented));
        Explained {
            steps,
            signature_base: told.base.and_then(Result::ok),
            expected_digests: told.digest_expected,
            accept_signature: accept_signature(told.needs),
            server_time: now,
        }
    }

    /// The presented key, if it is a sandbox key of the caller's partner.
    fn own_key(&self, caller: &Caller, presented: &Presented<'_>) -> Option<Arc<KeyRecord>> {
        let record = self.directory.find(&presented.key_id)?;
        (record.mode == Mode::Sandbox && record.partner.id == caller.partner.id).then_some(record)
    }

    fn authority_step(&self, message: &Message<'_>) -> Step {
        let names = &self.settings.public_names;
        if names.serve(message) {
            return passed("authority", format!("\"{}\" is served here", message.authority));
        }
        let detail =
            format!("\"{}\" is not a name of this gateway; its names are {}", message.authority, names.listed());
        failed("authority", Code::AuthorityNotServed, detail)
    }

    fn window_step(&self, read: &Result<Presented<'_>, Malformed>, described: &Described, now: Timestamp) -> Step {
        let Ok(presented) = read else { return skipped("window", "the headers could not be read") };
        let now_s = now.as_second();
        match self.settings.window.check(presented.created, presented.expires, described.class, now_s) {
            Ok(()) => {
                passed("window", format!("created {} is in time; the gateway's clock says {now_s}", presented.created))
            }
            Err(skew) => failed("window", Code::ClockSkew, format!("{skew}; the gateway's clock says {now_s}")),
        }
    }
}

/// Adds the code that a failing step of the signing room stands for.
fn coded(step: http_message::Step, read: &Result<Presented<'_>, Malformed>) -> Step {
    let code = match (step.name, read) {
        _ if step.outcome != Outcome::Failed => None,
        ("headers", Err(error)) => Some(Reason::Malformed(error.clone()).code()),
        ("coverage", _) => Some(Code::CoverageInsufficient),
        ("signature", _) => Some(Code::SignatureMismatch),
        ("digest", _) => Some(Code::DigestMismatch),
        _ => Some(Code::SignatureMalformed),
    };
    Step { name: step.name, outcome: step.outcome, code, detail: step.detail }
}

fn key_step(read: &Result<Presented<'_>, Malformed>, record: Option<&KeyRecord>) -> Step {
    let Ok(presented) = read else { return skipped("key", "the headers could not be read") };
    match (record, presented.algorithm) {
        (Some(record), Some(named)) if named != record.algorithm() => {
            let detail = format!("alg names {named}, but the key is for {}", record.algorithm());
            failed("key", Code::SignatureMismatch, detail)
        }
        (Some(record), _) => passed("key", format!("your sandbox key, for {}", record.algorithm())),
        (None, _) if is_sandbox(&presented.key_id) => {
            failed("key", Code::UnknownKey, "you have no sandbox key of this id".to_owned())
        }
        (None, _) => failed(
            "key",
            Code::SignatureMismatch,
            "only your own sandbox keys (xyk_test_) are looked up here; sign the same request with one".to_owned(),
        ),
    }
}

fn standing_step(record: Option<&KeyRecord>, fits: Option<bool>, described: &Described, now: Timestamp) -> Step {
    let (Some(record), Some(true)) = (record, fits) else {
        return skipped("standing", "only told when the signature fits");
    };
    let request = Request {
        message: described.message(),
        body: &described.body,
        address: described.address,
        class: described.class,
    };
    match standing(record, &request, now) {
        Ok(()) => passed("standing", "the key counts and may be used from this address".to_owned()),
        Err(reason) => {
            let detail = reason.detail().unwrap_or_else(|| reason.code().facts().title.to_owned());
            failed("standing", reason.code(), detail)
        }
    }
}

fn nonce_step(read: &Result<Presented<'_>, Malformed>) -> Step {
    match read {
        Ok(_) => {
            passed("nonce", "long enough; it is not spent here, and counts once when the request is sent".to_owned())
        }
        Err(_) => skipped("nonce", "the headers could not be read"),
    }
}

fn passed(name: &'static str, detail: String) -> Step {
    Step { name, outcome: Outcome::Passed, code: None, detail }
}

fn failed(name: &'static str, code: Code, detail: String) -> Step {
    Step { name, outcome: Outcome::Failed, code: Some(code), detail }
}

fn skipped(name: &'static str, detail: &str) -> Step {
    Step { name, outcome: Outcome::Skipped, code: None, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Described, Outcome};
    use crate::auth::trial::{ACTOR, Call, Door, issue, policy, stranger, with_id};
    use crate::error::Failure;
    use crate::model::partner::Mode;
    use crate::signing::http_message::Signer;

    fn describe(call: &Call) -> Described {
        let headers =
            call.headers.iter().map(|(name, value)| (name.clone(), String::from_utf8(value.clone()).unwrap()));
        let query = call.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let url = format!("https://{}{}{query}", call.authority, call.path);
        let mut described = Described::new(call.method.clone(), &url, headers.collect(), call.body.clone()).unwrap();
        described.class = call.class;
        described.address = call.address;
        described
    }

    const STEPS: [&str; 9] =
        ["headers", "coverage", "authority", "window", "base", "key", "signature", "standing", "digest"];

    #[tokio::test]
    async fn a_good_request_passes_every_step_of_the_account() {
        let door = Door::open().await;
        let call = Call::order().signed(&door.sandbox, door.now());
        let caller = door.verify(&Call::get().signed(&door.sandbox, door.now())).await.unwrap();
        let told = door.auth.explain(&caller, &describe(&call));
        let names: Vec<_> = told.steps.iter().map(|step| step.name).collect();
        assert_eq!(names, [&STEPS[..], &["nonce"]].concat());
        assert!(told.steps.iter().all(|step| step.outcome == Outcome::Passed), "{:#?}", told.steps);
        assert_eq!(told.verdict(), None);
        // Explained is not sent: the nonce is still good.
        assert_eq!(door.code(&call).await, "let in");
    }

    #[tokio::test]
    async fn the_account_agrees_with_the_refusal_on_every_mistake() {
        let door = Door::open().await;
        let caller = door.verify(&Call::get().signed(&door.sandbox, door.now())).await.unwrap();
        let now = door.now();
        let order = || Call::order().signed(&door.sandbox, now);
        let mut unsigned = order();
        unsigned.headers.clear();
        let mut altered = order();
        altered.body.push(b' ');
        let mut elsewhere = Call::get();
        elsewhere.authority = "evil.example".into();
        let suspended = issue(&door.directory, "acme", policy(Mode::Sandbox)).await;
        door.directory.suspend_key(ACTOR, &suspended.key_id, "").await.unwrap();
        let mistakes = [
            unsigned,
            order().altered("signature-input", "sig=", "gis="),
            order().altered("signature-input", " \"@query\"", ""),
            elsewhere.signed(&door.sandbox, now),
            Call::order().signed(&door.sandbox, now - 200),
            Call::get().signed(&with_id(&door.sandbox, "xyk_test_typo"), now),
            Call::get().signed(&Signer { key: stranger(), ..door.sandbox.clone() }, now),
            order().altered("signature-input", "hmac-sha256", "ed25519"),
            Call::get().signed(&suspended, now),
            altered,
        ];
        for call in mistakes {
            let told = door.auth.explain(&caller, &describe(&call));
            assert_eq!(told.verdict(), Some(door.refusal(&call).await.code()), "{:#?}", told.steps);
        }
    }

    #[tokio::test]
    async fn the_account_never_shows_a_signature_that_fits_nor_speaks_of_foreign_keys() {
        let door = Door::open().await;
        let caller = door.verify(&Call::get().signed(&door.sandbox, door.now())).await.unwrap();
        let good = Call::order().signed(&door.sandbox, door.now());
        let fitting = good.value("signature").trim_start_matches("sig=").trim_matches(':').to_owned();
        let mut forged = good.clone();
        forged.set("signature", "sig=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:");
        let told = format!("{:?}", door.auth.explain(&caller, &describe(&forged)));
        assert!(!told.contains(&fitting), "{told}");
        let rival = issue(&door.directory, "rival", policy(Mode::Sandbox)).await;
        for foreign in [&rival, &door.live] {
            let told = door.auth.explain(&caller, &describe(&Call::get().signed(foreign, door.now())));
            let step = |name| told.steps.iter().find(|step| step.name == name).unwrap();
            assert_eq!(step("key").outcome, Outcome::Failed);
            assert_eq!(step("signature").outcome, Outcome::Skipped);
            assert_eq!(step("standing").outcome, Outcome::Skipped);
        }
    }

    #[test]
    fn a_described_request_is_taken_apart_without_touching_its_encoding() {
        let host = vec![("Host".to_owned(), "api.example.com:8443".to_owned())];
        for (url, headers, authority, path, query) in [
            ("https://h.example/a%2Fb/../c?x=%20+y#frag", Vec::new(), "h.example", "/a%2Fb/../c", Some("x=%20+y")),
            ("https://h.example?x", Vec::new(), "h.example", "", Some("x")),
            ("/v1/offers?", host.clone(), "api.example.com:8443", "/v1/offers", Some("")),
            ("https://inner:8080/v1", host, "api.example.com:8443", "/v1", None),
        ] {
            let described = Described::new("GET".into(), url, headers, Vec::new()).unwrap();
            let message = described.message();
            assert_eq!((message.authority, message.path, message.query), (authority, path, query), "{url}");
        }
        for url in ["", "ftp://x/", "v1/offers", "/v1/offers"] {
            assert!(Described::new("GET".into(), url, Vec::new(), Vec::new()).is_err(), "{url}");
        }
    }
}
