//! The two algorithms of the profile and their keys, as the verifier and the signer hold them.
//! Which key belongs to whom, and whether it still counts, is the key record's business.

use std::sync::LazyLock;

use crate::signing::http_message::{Ed25519Public, Ed25519Secret, HmacKey};

/// A signature algorithm of RFC 9421 §3.3 that the profile allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `hmac-sha256`: a shared secret.
    HmacSha256,
    /// `ed25519`: the partner keeps the secret and uploads the public key.
    Ed25519,
}

impl Algorithm {
    /// All of them, in the order we recommend them.
    pub const ALL: [Self; 2] = [Self::HmacSha256, Self::Ed25519];

    /// Returns the name of the HTTP Signature Algorithms registry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HmacSha256 => "hmac-sha256",
            Self::Ed25519 => "ed25519",
        }
    }

    /// Reads a registry name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl std::fmt::Display for Algorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A key that can check signatures.
#[derive(Clone, Debug)]
pub enum VerifyingKey {
    /// A shared secret.
    HmacSha256(HmacKey),
    /// An uploaded public key.
    Ed25519(Ed25519Public),
    /// Nobody's key: works as hard as the real one and never agrees.
    Decoy(Decoy),
}

/// The inside of a decoy; made only by [`VerifyingKey::decoy`].
#[derive(Clone, Debug)]
pub struct Decoy(Box<VerifyingKey>);

impl VerifyingKey {
    /// Returns the key to check with when the key id is unknown, so that the answer takes as long as for a known one.
    ///
    /// Give the algorithm that the signature names, HMAC when it names none.
    pub fn decoy(algorithm: Algorithm) -> &'static Self {
        static HMAC: LazyLock<VerifyingKey> =
            LazyLock::new(|| decoy_of(VerifyingKey::HmacSha256(HmacKey::new(&[0; 32]))));
        static ED25519: LazyLock<VerifyingKey> = LazyLock::new(|| {
            let public = Ed25519Secret::from_seed(&[0; 32]).public();
            decoy_of(VerifyingKey::Ed25519(public))
        });
        match algorithm {
            Algorithm::HmacSha256 => &HMAC,
            Algorithm::Ed25519 => &ED25519,
        }
    }

    /// Returns the algorithm the key is for.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::HmacSha256(_) => Algorithm::HmacSha256,
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::Decoy(Decoy(key)) => key.algorithm(),
        }
    }

    /// Checks a signature over a signature base, in constant time.
    pub fn verify(&self, base: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::HmacSha256(key) => key.verify(base, signature),
            Self::Ed25519(key) => key.verify(base, signature),
            Self::Decoy(Decoy(key)) => {
                std::hint::black_box(key.verify(base, signature));
                false
            }
        }
    }
}

fn decoy_of(key: VerifyingKey) -> VerifyingKey {
    VerifyingKey::Decoy(Decoy(Box::new(key)))
}

/// A key that can sign.
#[derive(Clone, Debug)]
pub enum SigningKey {
    /// A shared secret.
    HmacSha256(HmacKey),
    /// An Ed25519 secret key.
    Ed25519(Ed25519Secret),
}

impl SigningKey {
    /// Returns the algorithm the key is for.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::HmacSha256(_) => Algorithm::HmacSha256,
            Self::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// Signs a signature base.
    pub fn sign(&self, base: &[u8]) -> Vec<u8> {
        match self {
            Self::HmacSha256(key) => key.sign(base).to_vec(),
            Self::Ed25519(key) => key.sign(base).to_vec(),
        }
    }

    /// Returns the key that checks what this one signs.
    pub fn verifying_key(&self) -> VerifyingKey {
        match self {
            Self::HmacSha256(key) => VerifyingKey::HmacSha256(key.clone()),
            Self::Ed25519(key) => VerifyingKey::Ed25519(key.public()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, SigningKey, VerifyingKey};
    use crate::signing::http_message::{Ed25519Secret, HmacKey};

    fn keys(byte: u8) -> [SigningKey; 2] {
        [SigningKey::HmacSha256(HmacKey::new(&[byte; 32])), SigningKey::Ed25519(Ed25519Secret::from_seed(&[byte; 32]))]
    }

    #[test]
    fn a_key_agrees_with_itself_only() {
        for (one, other) in keys(1).iter().zip(keys(2)) {
            let signature = one.sign(b"base");
            assert!(one.verifying_key().verify(b"base", &signature));
            assert!(!one.verifying_key().verify(b"Base", &signature));
            assert!(!one.verifying_key().verify(b"base", &signature[1..]));
            assert!(!other.verifying_key().verify(b"base", &signature));
        }
    }

    #[test]
    fn a_decoy_agrees_with_nobody_even_when_its_secret_is_known() {
        for key in keys(0) {
            let decoy = VerifyingKey::decoy(key.algorithm());
            assert_eq!(decoy.algorithm(), key.algorithm());
            assert!(!decoy.verify(b"base", &key.sign(b"base")));
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        for key in keys(0x41) {
            let shown = format!("{key:?} {:?}", key.verifying_key());
            assert!(!shown.contains("AAAA") && !shown.contains("65, 65"), "{shown}");
        }
    }

    #[test]
    fn names_read_back() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.name()), Some(algorithm));
        }
        assert_eq!(Algorithm::parse("rsa-pss-sha512"), None);
    }
}
