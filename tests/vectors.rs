//! Checks `signing` against the vector files that every SDK example uses as well.
//! The files are made by `partner-sdk-examples/vectors/make.py`, which shares no code with the gateway.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken vector file should stop the test")]

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use xunyuan::signing::digest::{Algorithm as DigestAlgorithm, ContentDigest, content_digest};
use xunyuan::signing::http_message::{
    Ed25519Public, Ed25519Secret, Fields, HmacKey, Malformed, Message, Needs, Presented, Signer, SigningKey,
    VerifyingKey, coverage, signature_base,
};
use xunyuan::signing::key_format::{KeyFormatError, KeyId, Mode, Secret};

type Headers = Vec<(String, String)>;

#[derive(Deserialize)]
struct Key {
    algorithm: String,
    secret: String,
    public: Option<String>,
}

impl Key {
    fn signing(&self) -> SigningKey {
        match self.algorithm.as_str() {
            "ed25519" => SigningKey::Ed25519(Ed25519Secret::parse(&self.secret).unwrap()),
            _ => SigningKey::HmacSha256(HmacKey::new(Secret::parse(&self.secret).unwrap().expose().as_bytes())),
        }
    }

    fn verifying(&self) -> VerifyingKey {
        match &self.public {
            Some(public) => VerifyingKey::Ed25519(Ed25519Public::parse(public).unwrap()),
            None => self.signing().verifying_key(),
        }
    }
}

#[derive(Deserialize)]
struct Signatures {
    keys: BTreeMap<String, Key>,
    requests: Vec<Signed>,
}

#[derive(Deserialize)]
struct Signed {
    name: String,
    method: String,
    url: String,
    headers: Headers,
    body: Option<String>,
    digests: Vec<String>,
    also_cover: Vec<String>,
    key_id: String,
    created: i64,
    nonce: String,
    expect: Expected,
}

#[derive(Deserialize)]
struct Expected {
    content_digest: Option<String>,
    signature_base: String,
    signature_input: String,
    signature: String,
}

#[derive(Deserialize)]
struct Refusals {
    keys: BTreeMap<String, Key>,
    requests: Vec<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    name: String,
    code: Option<String>,
    now: i64,
    method: String,
    url: String,
    headers: Headers,
    body: String,
}

#[derive(Deserialize)]
struct KeyFormats {
    good: Vec<GoodKey>,
    bad: Vec<BadKey>,
}

#[derive(Deserialize)]
struct GoodKey {
    mode: Option<String>,
    random: String,
    text: String,
}

#[derive(Deserialize)]
struct BadKey {
    kind: String,
    text: String,
    why: String,
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("partner-sdk-examples/vectors");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Takes an absolute URL apart without touching a byte of it.
fn message<'a>(method: &'a str, url: &'a str, headers: &'a dyn Fields) -> Message<'a> {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    Message { method, scheme, authority, path, query, headers }
}

fn lines<'a>(headers: &'a Headers, name: &str) -> Vec<&'a [u8]> {
    let mut lines = Vec::new();
    headers.each(name, &mut |line| lines.push(line));
    lines
}

#[test]
fn every_vector_is_signed_exactly_so() {
    let Signatures { keys, requests } = read("signatures.json");
    let mut signed_count = 0;
    // Our signer covers what the profile demands and nothing beyond.
    for vector in requests.iter().filter(|vector| vector.also_cover.is_empty()) {
        let name = &vector.name;
        let mut headers = vector.headers.clone();
        if vector.digests != ["sha-256"] {
            headers.extend(vector.expect.content_digest.clone().map(|digest| ("Content-Digest".to_owned(), digest)));
        }
        let signer = Signer { key_id: vector.key_id.clone(), key: keys[&vector.key_id].signing() };
        let body = vector.body.as_deref().unwrap_or_default().as_bytes();
        let request = message(&vector.method, &vector.url, &headers);
        let signed = signer.sign(&request, body, vector.created, &vector.nonce).unwrap();
        assert_eq!(String::from_utf8(signed.signature_base).unwrap(), vector.expect.signature_base, "{name}");
        assert_eq!(signed.signature_input, vector.expect.signature_input, "{name}");
        assert_eq!(signed.signature, vector.expect.signature, "{name}");
        if vector.digests == ["sha-256"] {
            assert_eq!(signed.content_digest, vector.expect.content_digest, "{name}");
        }
        signed_count += 1;
    }
    assert!(signed_count > 20, "{signed_count}");
}

#[test]
fn every_vector_is_accepted() {
    let Signatures { keys, requests } = read("signatures.json");
    for vector in &requests {
        let name = &vector.name;
        let mut headers = vector.headers.clone();
        headers.extend(vector.expect.content_digest.clone().map(|digest| ("Content-Digest".to_owned(), digest)));
        let presented =
            Presented::parse(&[vector.expect.signature_input.as_bytes()], &[vector.expect.signature.as_bytes()])
                .unwrap();
        assert_eq!(
            (presented.key_id.as_ref(), presented.created, presented.nonce.as_ref()),
            (vector.key_id.as_str(), vector.created, vector.nonce.as_str()),
            "{name}"
        );
        let request = message(&vector.method, &vector.url, &headers);
        let body = vector.body.as_deref().unwrap_or_default().as_bytes();
        let needs = Needs::of(&request, body.len());
        assert!(coverage(&presented, &needs).is_empty(), "{name}");
        let mut base = Vec::new();
        signature_base(&presented, &request, &mut base).unwrap();
        assert_eq!(String::from_utf8_lossy(&base), vector.expect.signature_base, "{name}");
        assert!(keys[&vector.key_id].verifying().verify(&base, &presented.signature), "{name}");
        if let Some(digest) = &vector.expect.content_digest {
            assert_eq!(ContentDigest::parse(digest.as_bytes()).unwrap().verify(body), Ok(()), "{name}");
        }
    }
}

#[test]
fn digests_are_made_as_the_vectors_say() {
    let Signatures { requests, .. } = read("signatures.json");
    let mut seen = Vec::new();
    for vector in requests {
        let body = vector.body.unwrap_or_default();
        let made: Vec<_> = vector
            .digests
            .iter()
            .map(|name| {
                let all = DigestAlgorithm::ALL;
                let algorithm = all.into_iter().find(|algorithm| algorithm.name() == name).unwrap();
                seen.push(algorithm);
                content_digest(algorithm, body.as_bytes())
            })
            .collect();
        assert_eq!(made.join(", "), vector.expect.content_digest.unwrap_or_default(), "{}", vector.name);
    }
    assert!(DigestAlgorithm::ALL.iter().all(|algorithm| seen.contains(algorithm)));
}

/// The contract's order of checks, with the windows of an order write; nonces are not part of the file.
fn verdict(keys: &BTreeMap<String, Key>, request: &Refused) -> Option<&'static str> {
    let input = lines(&request.headers, "signature-input");
    let signature = lines(&request.headers, "signature");
    let presented = match Presented::parse(&input, &signature) {
        Ok(presented) => presented,
        Err(Malformed::Missing) => return Some("signature_missing"),
        Err(_) => return Some("signature_malformed"),
    };
    let message = message(&request.method, &request.url, &request.headers);
    if !coverage(&presented, &Needs::of(&message, request.body.len())).is_empty() {
        return Some("coverage_insufficient");
    }
    let age = request.now - presented.created;
    if !(-30..=120).contains(&age) {
        return Some("clock_skew");
    }
    let mut base = Vec::new();
    if signature_base(&presented, &message, &mut base).is_err() {
        return Some("signature_malformed");
    }
    let Some(key) = keys.get(presented.key_id.as_ref()) else {
        let algorithm = presented.algorithm.unwrap();
        assert!(!VerifyingKey::decoy(algorithm).verify(&base, &presented.signature));
        return Some("unknown_key");
    };
    if !key.verifying().verify(&base, &presented.signature) {
        return Some("signature_mismatch");
    }
    let digest = message.field("content-digest").unwrap();
    let fits = ContentDigest::parse(digest).and_then(|digest| digest.verify(request.body.as_bytes()));
    fits.err().map(|_| "digest_mismatch")
}

#[test]
fn every_spoilt_request_gets_its_code() {
    let Refusals { keys, requests } = read("refusals.json");
    for request in &requests {
        assert_eq!(verdict(&keys, request), request.code.as_deref(), "{}", request.name);
    }
    let accepted = requests.iter().filter(|request| request.code.is_none());
    assert_eq!(accepted.count(), 1);
}

fn unhex<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
    }
    bytes
}

#[test]
fn keys_and_secrets_are_spelt_as_the_vectors_say() {
    let KeyFormats { good, bad } = read("key-formats.json");
    for key in good {
        let mode = key.mode.as_deref().map(|mode| if mode == "live" { Mode::Live } else { Mode::Sandbox });
        match mode {
            Some(mode) => {
                let id = KeyId::generate(mode, &unhex(&key.random));
                assert_eq!(id.as_str(), key.text);
                assert_eq!(KeyId::parse(&key.text).map(|id| id.mode()), Ok(mode));
            }
            None => {
                assert_eq!(Secret::generate(&unhex(&key.random)).expose(), key.text);
                assert!(Secret::parse(&key.text).is_ok());
            }
        }
    }
    for key in bad {
        let error = match key.kind.as_str() {
            "secret" => Secret::parse(&key.text).unwrap_err(),
            _ => KeyId::parse(&key.text).unwrap_err(),
        };
        let why = match error {
            KeyFormatError::Checksum => "checksum",
            KeyFormatError::Length { .. } => "length",
            KeyFormatError::Character => "character",
            KeyFormatError::NotAKeyId | KeyFormatError::NotASecret => "prefix",
            KeyFormatError::SecretAsKeyId => "secret instead of key id",
        };
        assert_eq!(why, key.why, "{}", key.text);
    }
}
