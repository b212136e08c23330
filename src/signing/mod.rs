//! Signatures and the words around them, all pure: RFC 9421 message signatures, RFC 9530 digests, the shape of our keys,
//! Standard Webhooks, and the open platform's older rule.
//! No I/O, no clock, no randomness: whoever calls brings the time, the random bytes and the request.

pub mod aop;
mod aop_frame;
pub mod digest;
pub mod http_message;
pub mod key_format;
pub mod webhook;
