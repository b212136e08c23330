//! Is it really them? Turns a signed request into a caller, or says which step of the proof failed.
//!
//! [`Auth::verify`] walks contract §1 in order: the signature headers are read (and refused when too large), what
//! must be covered is covered, the authority is one of ours, the signature is of now, the key is looked up, the
//! signature fits, the key counts and may be used from here, the digest fits the bytes received, and last the nonce
//! is taken. The nonce is spent only when all else is right, so nobody can burn another's nonces; that the key is
//! suspended, expired or bound to other addresses is told only to whoever proved to hold it.
//!
//! A key id that nobody has walks the same way with a decoy key: which algorithm is computed depends on the request
//! alone, never on the directory. For live ids the answer is the same too, byte for byte: `signature_mismatch`.
//! Sandbox ids get more help: the signature base that we computed, and the step-by-step account of [`Auth::explain`].
//!
//! When the walk fails, the refusal is counted by address and by key id; above a rate the answer becomes
//! `auth_throttled`. Only refusals are counted and only refusals are changed: a valid signature is never in its way.
//! Limits of plans, scopes and routes are asked elsewhere, afterwards.

mod app;
mod explain;
mod grants;
mod public_names;
mod reason;
mod refusal;
mod request;
#[cfg(test)]
mod tests;
mod throttle;
#[cfg(test)]
mod trial;
mod verify;
mod window;

pub use app::{App, AppFrame, AppRequest, Apps, Barred, Granted, Unasked, Unproven, Untimely, WINDOW_S};
pub use app::{First, Twin};
pub use explain::{Described, Explained, Outcome, Step};
pub use grants::Held;
pub use public_names::PublicNames;
pub use reason::Reason;
pub use refusal::{Accused, Refusal};
pub use request::{Class, Request};
pub use throttle::Throttle;
pub use verify::{Auth, Proven, Settings};
pub use window::{Skew, Window};
