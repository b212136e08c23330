//! HTTP Message Signatures (RFC 9421) in the profile `xunyuan-v1` of the partner contract.
//! Knows requests and keys, not partners: windows, nonces, key records and status codes belong to `auth`.
//!
//! The path of a verification:
//!
//! 1. [`Presented::parse`] reads `Signature-Input` and `Signature` and keeps the one member with our tag.
//! 2. [`coverage`] lists what the partner should have signed and did not.
//! 3. [`signature_base`] rebuilds the bytes that were signed into a buffer the caller reuses.
//! 4. [`VerifyingKey::verify`] compares in constant time; for a key nobody knows, [`VerifyingKey::decoy`]
//!    takes as long and always says no.
//!
//! [`Signer`] walks the other way, for the command line and for tests; [`Explanation`] tells each step in words.

mod component;
mod coverage;
mod ed25519_key;
mod explain;
mod hmac_key;
mod keys;
mod malformed;
mod members;
mod message;
mod nonce;
mod presented;
mod signature_base;
mod signer;
#[cfg(test)]
mod tests;
mod usual;

pub use component::{Component, ComponentError};
pub use coverage::{Needs, coverage};
pub use ed25519_key::{Ed25519Public, Ed25519Secret, InvalidKey};
pub use explain::{Explanation, Outcome, Step, explain};
pub use hmac_key::HmacKey;
pub use keys::{Algorithm, SigningKey, VerifyingKey};
pub use malformed::Malformed;
pub use message::{Fields, Message, NoFields};
pub use nonce::{NONCE_MAX_LEN, WeakNonce, check_nonce};
pub use presented::{HEADERS_MAX_BYTES, Presented, TAG};
pub use signature_base::{BaseError, signature_base, signature_base_of};
pub use signer::{SignError, SignedHeaders, Signer};
