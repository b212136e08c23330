//! The walk from a signed request to its caller, in the order of contract §1.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::auth::public_names::PublicNames;
use crate::auth::reason::Reason;
use crate::auth::refusal::{Accused, Refusal};
use crate::auth::request::Request;
use crate::auth::throttle::Throttle;
use crate::auth::window::Window;
use crate::clock::Clock;
use crate::counters::{Claimed, Nonces};
use crate::model::partner::Caller;
use crate::partners::{Directory, KeyRecord, KeyState};
use crate::signing::digest::{ContentDigest, DigestError};
use crate::signing::http_message::{Algorithm, Message, Needs, Presented, VerifyingKey, coverage, signature_base};
use crate::signing::key_format::{self, KeyId};

/// A nonce is remembered this much longer than its signature counts, because the clocks of nodes differ.
const NONCE_MARGIN_S: i64 = 60;
/// Room for the signature base of an ordinary request.
const BASE_BYTES: usize = 768;
/// Length of an Ed25519 signature; HMAC-SHA256 has 32 bytes.
const ED25519_BYTES: usize = 64;

/// What the operator decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How old a signature may be.
    pub window: Window,
    /// Names under which partners call.
    pub public_names: PublicNames,
    /// Refusals a minute for each address and key id before they are only told to wait; 0 for no limit.
    pub refusals_per_minute: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { window: Window::default(), public_names: PublicNames::default(), refusals_per_minute: 600 }
    }
}

/// Proves who calls.
#[derive(Debug)]
pub struct Auth {
    pub(super) settings: Settings,
    pub(super) directory: Arc<Directory>,
    pub(super) clock: Clock,
    nonces: Arc<Nonces>,
    throttle: Throttle,
}

impl Auth {
    /// The proof with these settings, keys and nonces.
    pub fn new(settings: Settings, directory: Arc<Directory>, nonces: Arc<Nonces>, clock: Clock) -> Self {
        let throttle = Throttle::new(settings.refusals_per_minute, clock.clone());
        Self { settings, directory, clock, nonces, throttle }
    }

    /// Counts a refusal that was decided after the proof, e.g. of a scope; gives the seconds to wait when there were
    /// too many.
    pub fn charge_refusal(&self, address: IpAddr, key_id: &str) -> Option<u64> {
        self.throttle.charge(address, Some(key_id))
    }

    /// Gives the caller of a request whose signature is proven and new. Awaits the nonce store at most.
    pub async fn verify(&self, request: &Request<'_>) -> Result<Caller, Box<Refusal>> {
        self.proof(request).await.map(|proven| proven.caller)
    }

    /// The same, with what else the proof told.
    pub async fn proof(&self, request: &Request<'_>) -> Result<Proven, Box<Refusal>> {
        let now = self.clock.now();
        let lines = Lines::of(&request.message);
        let presented = Presented::parse(&lines.input, &lines.signature)
            .map_err(|error| self.refuse(request, None, now, Reason::Malformed(error)))?;
        let refuse = |reason| self.refuse(request, Some(&presented), now, reason);
        let record = self.prove(request, &presented, now).map_err(refuse)?;
        let until_s = presented.created + self.settings.window.past_s(request.class) + NONCE_MARGIN_S;
        match self.nonces.claim(&record.id, &presented.nonce, until_s, request.class.reach()).await {
            Claimed::Fresh => Ok(Proven { caller: record.caller(), age_s: age_s(&presented, now) }),
            Claimed::Seen => Err(refuse(Reason::Replayed)),
        }
    }

    /// Everything but the nonce.
    fn prove(
        &self,
        request: &Request<'_>,
        presented: &Presented<'_>,
        now: Timestamp,
    ) -> Result<Arc<KeyRecord>, Reason> {
        let missing = coverage(presented, &Needs::of(&request.message, request.body.len()));
        if !missing.is_empty() {
            return Err(Reason::Coverage(missing));
        }
        if !self.settings.public_names.serve(&request.message) {
            return Err(Reason::Authority(request.message.authority.to_owned()));
        }
        let window = &self.settings.window;
        window.check(presented.created, presented.expires, request.class, now.as_second()).map_err(Reason::Skew)?;
        let mut base = Vec::with_capacity(BASE_BYTES);
        signature_base(presented, &request.message, &mut base).map_err(Reason::Base)?;
        let record = self.holder(presented, &base)?;
        standing(&record, request, now)?;
        check_digest(&request.message, request.body).map_err(Reason::Digest)?;
        Ok(record)
    }

    /// The key that made the signature.
    fn holder(&self, presented: &Presented<'_>, base: &[u8]) -> Result<Arc<KeyRecord>, Reason> {
        let record = self.directory.find(&presented.key_id);
        let fits = trial_key(record.as_deref(), presented).verify(base, &presented.signature);
        match record {
            Some(record) if fits => Ok(record),
            record => Err(not_the_holder(presented, record.as_deref())),
        }
    }

    fn refuse(
        &self,
        request: &Request<'_>,
        presented: Option<&Presented<'_>>,
        now: Timestamp,
        reason: Reason,
    ) -> Box<Refusal> {
        let unbelieved = reason.code().facts().status == 401;
        let key_id = presented.map(|presented| &*presented.key_id);
        let throttled_s = if unbelieved { self.throttle.charge(request.address, key_id) } else { None };
        let accused = presented.and_then(|presented| self.accused(presented, now));
        let told = presented.filter(|presented| throttled_s.is_none() && is_sandbox(&presented.key_id));
        Box::new(Refusal {
            needs: Needs::of(&request.message, request.body.len()),
            server_time: now,
            signature_base: told.and_then(|presented| base_as_text(presented, &request.message)),
            throttled_s,
            accused,
            reason,
        })
    }

    fn accused(&self, presented: &Presented<'_>, now: Timestamp) -> Option<Accused> {
        let record = self.directory.find(&presented.key_id)?;
        let (partner, key_id) = (record.partner.id.clone(), record.id.clone());
        Some(Accused { partner, key_id, mode: record.mode, age_s: age_s(presented, now) })
    }
}

/// A caller, proven.
#[derive(Clone, Debug)]
pub struct Proven {
    /// Who calls.
    pub caller: Caller,
    /// How old the signature was, in seconds; negative when it was of the future.
    pub age_s: i64,
}

fn age_s(presented: &Presented<'_>, now: Timestamp) -> i64 {
    now.as_second().saturating_sub(presented.created)
}

/// The lines of the two signature headers.
pub(super) struct Lines<'a> {
    pub(super) input: Vec<&'a [u8]>,
    pub(super) signature: Vec<&'a [u8]>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(message: &Message<'a>) -> Self {
        let collect = |name| {
            let mut lines = Vec::with_capacity(1);
            message.headers.each(name, &mut |line| lines.push(line));
            lines
        };
        Self { input: collect("signature-input"), signature: collect("signature") }
    }
}

/// The key to check with. What is computed follows from the request alone: the algorithm it names or, by the length
/// of its signature, implies; a record for another algorithm is as good as none, and none is a decoy.
pub(super) fn trial_key<'r>(record: Option<&'r KeyRecord>, presented: &Presented<'_>) -> &'r VerifyingKey {
    let implied = if presented.signature.len() == ED25519_BYTES { Algorithm::Ed25519 } else { Algorithm::HmacSha256 };
    let algorithm = presented.algorithm.unwrap_or(implied);
    match record {
        Some(record) if record.algorithm() == algorithm => &record.verifying,
        _ => VerifyingKey::decoy(algorithm),
    }
}

/// Live key ids learn nothing; to all others an unknown id and a wrong algorithm are told.
fn not_the_holder(presented: &Presented<'_>, record: Option<&KeyRecord>) -> Reason {
    let id = &*presented.key_id;
    if id.starts_with(key_format::Mode::Live.prefix()) {
        return Reason::Mismatch(None);
    }
    match (record, presented.algorithm) {
        (None, _) => Reason::UnknownKey(match KeyId::parse(id) {
            Ok(_) => "There is no sandbox key of this id.".to_owned(),
            Err(error) => format!("The key id cannot be right: {error}."),
        }),
        (Some(record), Some(named)) if named != record.algorithm() => {
            let kept = record.algorithm();
            Reason::Mismatch(Some(format!("alg names {named}, but the key is for {kept}.")))
        }
        (Some(_), _) => Reason::Mismatch(Some(
            "Compare signature_base with the base you signed, byte for byte; if they are equal, the secret differs."
                .to_owned(),
        )),
    }
}

/// What only the holder of the key may learn.
pub(super) fn standing(record: &KeyRecord, request: &Request<'_>, now: Timestamp) -> Result<(), Reason> {
    match record.state(now) {
        KeyState::Expired => Err(Reason::Expired),
        KeyState::Suspended => Err(Reason::Suspended),
        KeyState::Active if !record.allows(request.address) => Err(Reason::Address(request.address)),
        KeyState::Active => Ok(()),
    }
}

fn check_digest(message: &Message<'_>, body: &[u8]) -> Result<(), DigestError> {
    match message.field("content-digest") {
        Ok(value) => ContentDigest::parse(value)?.verify(body),
        Err(0) if body.is_empty() => Ok(()),
        Err(0) => Err(DigestError::Missing),
        Err(_) => Err(DigestError::Repeated),
    }
}

pub(super) fn is_sandbox(key_id: &str) -> bool {
    key_id.starts_with(key_format::Mode::Sandbox.prefix())
}

fn base_as_text(presented: &Presented<'_>, message: &Message<'_>) -> Option<String> {
    let mut base = Vec::new();
    signature_base(presented, message, &mut base).ok()?;
    Some(String::from_utf8_lossy(&base).into_owned())
}
