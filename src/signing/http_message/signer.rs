//! Signs requests the way partners do; for the command line and for tests.
//! Time and nonce are handed in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::signing::digest;
use crate::signing::http_message::{
    BaseError, Component, Fields, Message, Needs, SigningKey, TAG, WeakNonce, check_nonce, signature_base_of,
};

/// The label our own signatures carry; verifiers accept any.
const LABEL: &str = "sig";

/// A key with its id, ready to sign requests.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The key id to present.
    pub key_id: String,
    /// The key to sign with.
    pub key: SigningKey,
}

/// The header fields to add to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHeaders {
    /// `Signature-Input`
    pub signature_input: String,
    /// `Signature`
    pub signature: String,
    /// `Content-Digest`, when there is a body and the request did not bring its own.
    pub content_digest: Option<String>,
    /// The bytes that were signed, to show to people.
    pub signature_base: Vec<u8>,
}

/// Says why a request cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The nonce is too weak.
    #[error(transparent)]
    Nonce(#[from] WeakNonce),
    /// The key id or the nonce holds a character that a header cannot carry.
    #[error("{0} may hold only printable ASCII characters")]
    NotPrintable(&'static str),
    /// A component has no single value; with a body, `Content-Type` is needed.
    #[error(transparent)]
    Base(#[from] BaseError),
}

impl Signer {
    /// Signs a request: covers what the profile demands for its body and its `Idempotency-Key`.
    ///
    /// A `Content-Digest` that is already there is kept; else one with sha-256 is made.
    pub fn sign(
        &self,
        message: &Message<'_>,
        body: &[u8],
        created: i64,
        nonce: &str,
    ) -> Result<SignedHeaders, SignError> {
        check_nonce(nonce)?;
        let content_digest = (!body.is_empty() && !message.has_field("content-digest"))
            .then(|| digest::content_digest(digest::Algorithm::Sha256, body));
        let fields = WithDigest { rest: message.headers, digest: content_digest.as_deref() };
        let message = Message { headers: &fields, ..*message };
        let names: Vec<_> = Needs::of(&message, body.len()).components().collect();
        let inner_list = self.inner_list(&names, created, nonce)?;
        let components: Vec<_> = names.iter().filter_map(|name| Component::parse(name).ok()).collect();
        let mut base = Vec::new();
        signature_base_of(&components, &inner_list, &message, &mut base)?;
        let signature = STANDARD.encode(self.key.sign(&base));
        Ok(SignedHeaders {
            signature_input: format!("{LABEL}={inner_list}"),
            signature: format!("{LABEL}=:{signature}:"),
            content_digest,
            signature_base: base,
        })
    }

    fn inner_list(&self, names: &[&str], created: i64, nonce: &str) -> Result<String, SignError> {
        let nonce = quoted(nonce).ok_or(SignError::NotPrintable("the nonce"))?;
        let key_id = quoted(&self.key_id).ok_or(SignError::NotPrintable("the key id"))?;
        let algorithm = self.key.algorithm();
        let names = names.join("\" \"");
        Ok(format!("(\"{names}\");created={created};nonce={nonce};keyid={key_id};alg=\"{algorithm}\";tag=\"{TAG}\""))
    }
}

/// A structured-field string (RFC 8941 §3.3.3).
fn quoted(text: &str) -> Option<String> {
    let printable = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    printable.then(|| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// The request's fields and the digest that is about to be added.
struct WithDigest<'a> {
    rest: &'a dyn Fields,
    digest: Option<&'a str>,
}

impl Fields for WithDigest<'_> {
    fn each<'s>(&'s self, name: &str, take: &mut dyn FnMut(&'s [u8])) {
        match self.digest {
            Some(digest) if name == "content-digest" => take(digest.as_bytes()),
            _ => self.rest.each(name, take),
        }
    }
}
