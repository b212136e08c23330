//! Ed25519 keys as partners bring them: PEM or the bare 32 bytes in base64, and back.
//! RFC 8410 gives both PEM bodies one fixed prefix, so no ASN.1 reader is needed.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ed25519_dalek::{Signature, Signer as _};
use zeroize::Zeroizing;

/// `SubjectPublicKeyInfo { id-Ed25519 }` up to the key's 32 bytes (RFC 8410 §4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// `PrivateKeyInfo` version 0 up to the seed's 32 bytes (RFC 8410 §7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const PUBLIC_LABEL: &str = "PUBLIC KEY";
const SECRET_LABEL: &str = "PRIVATE KEY";

const TOLERANT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, TOLERANT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, TOLERANT);

/// Says why an uploaded key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Neither PEM nor base64.
    #[error("the key is neither PEM nor 32 bytes in base64")]
    NotEncoded,
    /// PEM of something else.
    #[error("the PEM block does not hold an Ed25519 key of the kind \"{0}\"")]
    OtherKind(&'static str),
    /// Not 32 bytes.
    #[error("an Ed25519 key has 32 bytes")]
    WrongLength,
    /// Not a point of the curve, or one that anyone can sign for.
    #[error("these 32 bytes are not a usable Ed25519 public key")]
    NotAKey,
}

/// A public key that a partner uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ed25519Public(ed25519_dalek::VerifyingKey);

impl Ed25519Public {
    /// Reads PEM (`BEGIN PUBLIC KEY`) or the 32 bytes in base64 or base64url.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let bytes = decode(text, PUBLIC_LABEL, &SPKI_PREFIX)?;
        Self::from_bytes(&bytes)
    }

    /// Takes the 32 bytes; weak points are refused.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, InvalidKey> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| InvalidKey::NotAKey)?;
        if key.is_weak() {
            return Err(InvalidKey::NotAKey);
        }
        Ok(Self(key))
    }

    /// Returns the 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Writes the 32 bytes in base64.
    pub fn to_base64(&self) -> String {
        BASE64.encode(self.0.as_bytes())
    }

    /// Writes PEM, as `openssl pkey -pubout` does.
    pub fn to_pem(&self) -> String {
        encode_pem(PUBLIC_LABEL, &SPKI_PREFIX, self.0.as_bytes())
    }

    /// Checks a signature strictly (RFC 8032 with low-order points refused).
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

/// A secret key, for the command line and for tests; wiped when dropped.
#[derive(Clone)]
pub struct Ed25519Secret(ed25519_dalek::SigningKey);

impl Ed25519Secret {
    /// Reads PEM (`BEGIN PRIVATE KEY`, as `openssl genpkey -algorithm ed25519` writes it) or the seed in base64.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let seed = decode(text, SECRET_LABEL, &PKCS8_PREFIX)?;
        Ok(Self::from_seed(&seed))
    }

    /// Takes the 32 bytes of the seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Writes PEM; the text is wiped when dropped.
    pub fn to_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(encode_pem(SECRET_LABEL, &PKCS8_PREFIX, self.0.as_bytes()))
    }

    /// Returns the public key.
    pub fn public(&self) -> Ed25519Public {
        Ed25519Public(self.0.verifying_key())
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl std::fmt::Debug for Ed25519Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ed25519Secret(…)")
    }
}

fn decode(text: &str, label: &'static str, prefix: &[u8]) -> Result<Zeroizing<[u8; 32]>, InvalidKey> {
    let text = text.trim();
    let bytes = if text.starts_with("-----") {
        let der = decode_pem(text, label)?;
        let key = der.strip_prefix(prefix).ok_or(InvalidKey::OtherKind(label))?;
        Zeroizing::new(key.to_vec())
    } else {
        decode_base64(text)?
    };
    let bytes: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| InvalidKey::WrongLength)?;
    Ok(Zeroizing::new(*bytes))
}

fn decode_pem(text: &str, label: &'static str) -> Result<Zeroizing<Vec<u8>>, InvalidKey> {
    let body = text
        .strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.strip_prefix(label))
        .and_then(|rest| rest.strip_prefix("-----"))
        .and_then(|rest| rest.strip_suffix("-----"))
        .and_then(|rest| rest.strip_suffix(label))
        .and_then(|rest| rest.strip_suffix("-----END "))
        .ok_or(InvalidKey::OtherKind(label))?;
    let joined: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
    decode_base64(&joined)
}

fn decode_base64(text: &str) -> Result<Zeroizing<Vec<u8>>, InvalidKey> {
    BASE64.decode(text).or_else(|_| BASE64_URL.decode(text)).map(Zeroizing::new).map_err(|_| InvalidKey::NotEncoded)
}

fn encode_pem(label: &str, prefix: &[u8], key: &[u8; 32]) -> String {
    let der = Zeroizing::new([prefix, key.as_slice()].concat());
    let body = Zeroizing::new(BASE64.encode(&*der));
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", &*body)
}

#[cfg(test)]
mod tests {
    use super::{Ed25519Public, Ed25519Secret, InvalidKey};

    /// RFC 9421 B.1.4.
    const PUBLIC_PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n\
        -----END PUBLIC KEY-----\n";
    const SECRET_PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n\
        -----END PRIVATE KEY-----\n";

    #[test]
    fn the_rfc_key_pair_fits_and_prints_back() {
        let secret = Ed25519Secret::parse(SECRET_PEM).unwrap();
        let public = Ed25519Public::parse(PUBLIC_PEM).unwrap();
        assert_eq!(secret.public(), public);
        assert_eq!(public.to_pem(), PUBLIC_PEM);
        assert_eq!(*secret.to_pem(), SECRET_PEM);
    }

    #[test]
    fn bare_base64_is_read_in_every_spelling() {
        let public = Ed25519Public::parse(PUBLIC_PEM).unwrap();
        for text in [
            public.to_base64(),
            "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs".to_owned(),
            PUBLIC_PEM.replace('\n', "\r\n"),
        ] {
            assert_eq!(Ed25519Public::parse(&text), Ok(public.clone()), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_told_apart() {
        let weak = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        for (text, error) in [
            (SECRET_PEM, InvalidKey::OtherKind("PUBLIC KEY")),
            ("not base64 at all", InvalidKey::NotEncoded),
            ("AAAA", InvalidKey::WrongLength),
            (weak, InvalidKey::NotAKey),
        ] {
            assert_eq!(Ed25519Public::parse(text), Err(error), "{text}");
        }
    }
}
