//! Standard Webhooks 1.0: how a delivery is signed so that its receiver knows it is genuine.
//! The secret is `whsec_` and base64; the signature `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
const VERSION: &str = "v1,";
/// The specification wants 24 to 64 bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that deliveries to one endpoint are signed with; never printed by accident.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

/// A text or bytes that are no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("whsec_ and 24 to 64 bytes in base64")]
pub struct NotASecret;

impl WebhookSecret {
    /// Makes a secret from 32 random bytes.
    pub fn generate(random: &[u8; 32]) -> Self {
        Self(Zeroizing::new(random.to_vec()))
    }

    /// The secret with these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotASecret> {
        if LENGTHS.contains(&bytes.len()) { Ok(Self(Zeroizing::new(bytes.to_vec()))) } else { Err(NotASecret) }
    }

    /// Reads `whsec_…`.
    pub fn parse(text: &str) -> Result<Self, NotASecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(NotASecret)?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| NotASecret)?);
        Self::from_bytes(&bytes)
    }

    /// The bytes, for the seal.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// `whsec_…`, for its owner, once.
    pub fn expose(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(STANDARD.encode(self.bytes()));
        Zeroizing::new([PREFIX, &encoded].concat())
    }

    /// `v1,…` for one delivery at one time.
    pub fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        format!("{VERSION}{}", STANDARD.encode(self.tag(id, timestamp_s, body)))
    }

    /// Whether one of the signatures of a `webhook-signature` field is ours. How old `timestamp_s` may be is for the
    /// receiver to say.
    pub fn verify(&self, id: &str, timestamp_s: i64, signatures: &str, body: &[u8]) -> bool {
        let wanted = self.tag(id, timestamp_s, body);
        let given = signatures.split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix(VERSION)?).ok());
        given.fold(false, |found, tag| found | bool::from(tag.as_slice().ct_eq(&wanted)))
    }

    fn tag(&self, id: &str, timestamp_s: i64, body: &[u8]) -> Vec<u8> {
        // HMAC takes a key of any length; there is no error to meet.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.bytes()) else { return Vec::new() };
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(timestamp_s.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.finalize().into_bytes().to_vec()
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("whsec_…")
    }
}

/// The value of `webhook-signature`: one signature by each secret, the newest first.
pub fn signatures<'s>(
    secrets: impl IntoIterator<Item = &'s WebhookSecret>,
    id: &str,
    timestamp_s: i64,
    body: &[u8],
) -> String {
    let each: Vec<_> = secrets.into_iter().map(|secret| secret.sign(id, timestamp_s, body)).collect();
    each.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{WebhookSecret, signatures};

    /// The example of the specification's own libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn the_specifications_example_is_signed_exactly_so() {
        let secret = WebhookSecret::parse(SECRET).unwrap();
        assert_eq!(secret.sign(ID, AT, BODY), SIGNATURE);
        assert!(secret.verify(ID, AT, SIGNATURE, BODY));
    }

    #[test]
    fn another_id_time_body_or_secret_is_not_genuine() {
        let (secret, other) = (WebhookSecret::parse(SECRET).unwrap(), WebhookSecret::generate(&[7; 32]));
        assert!(!secret.verify("msg_2", AT, SIGNATURE, BODY) && !secret.verify(ID, AT + 1, SIGNATURE, BODY));
        assert!(!secret.verify(ID, AT, SIGNATURE, b"{}") && !other.verify(ID, AT, SIGNATURE, BODY));
        for wrong in ["", "v1,", "v1,AAAA", "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", &SIGNATURE[3..]] {
            assert!(!secret.verify(ID, AT, wrong, BODY), "{wrong}");
        }
    }

    #[test]
    fn during_a_rotation_either_secret_finds_its_signature() {
        let (new, old) = (WebhookSecret::generate(&[1; 32]), WebhookSecret::parse(SECRET).unwrap());
        let both = signatures([&new, &old], ID, AT, BODY);
        assert_eq!(both.split(' ').count(), 2);
        assert!(new.verify(ID, AT, &both, BODY) && old.verify(ID, AT, &both, BODY));
    }

    #[test]
    fn a_secret_is_read_back_and_not_printed() {
        let secret = WebhookSecret::generate(&[9; 32]);
        assert_eq!(WebhookSecret::parse(&secret.expose()).unwrap().bytes(), secret.bytes());
        assert_eq!(format!("{secret:?}"), "whsec_…");
        for wrong in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_?"] {
            assert!(WebhookSecret::parse(wrong).is_err(), "{wrong}");
        }
    }
}
