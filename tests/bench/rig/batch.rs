//! Requests as bytes, made and signed before the clock runs, so that the generator only sends.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Result;
use xunyuan::clock::Clock;
use xunyuan::commands::client::{Signed, nonce};
use xunyuan::signing::http_message::{Message, NoFields, Signer};

/// Requests in one piece of memory.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    created: bool,
}

impl Batch {
    /// One signed GET for each path, with nonces that were never used.
    pub fn signed<'p>(signer: &Signer, at: SocketAddr, paths: impl Iterator<Item = &'p str>) -> Result<Self> {
        Self::signed_by(at, paths.map(|path| (signer, path)))
    }

    /// The same, each with a key of its own.
    pub fn signed_by<'p>(at: SocketAddr, asked: impl Iterator<Item = (&'p Signer, &'p str)>) -> Result<Self> {
        let (authority, now_s) = (at.to_string(), Clock::System.now_s());
        let mut batch = Self::default();
        let mut head = String::new();
        for (signer, path) in asked {
            let message =
                Message { method: "GET", scheme: "http", authority: &authority, path, query: None, headers: &NoFields };
            let signed = signer.sign(&message, b"", now_s, &nonce()?)?;
            head.clear();
            write!(
                head,
                "GET {path} HTTP/1.1\r\nhost: {authority}\r\nsignature-input: {}\r\nsignature: {}\r\n\r\n",
                signed.signature_input, signed.signature
            )?;
            batch.push(head.as_bytes());
        }
        Ok(batch)
    }

    /// Requests as they are.
    pub fn plain<'r>(requests: impl Iterator<Item = &'r [u8]>) -> Self {
        let mut batch = Self::default();
        requests.for_each(|request| batch.push(request));
        batch
    }

    /// Signed requests that each create something.
    pub fn creating(at: SocketAddr, requests: impl Iterator<Item = Signed>) -> Result<Self> {
        let mut batch = Self { created: true, ..Self::default() };
        for signed in requests {
            let mut bytes = format!("{} {} HTTP/1.1\r\nhost: {at}\r\n", signed.method, signed.url.path()).into_bytes();
            for (name, value) in &signed.headers {
                write!(bytes, "{name}: {value}\r\n")?;
            }
            write!(bytes, "content-length: {}\r\n\r\n", signed.body.len())?;
            bytes.extend_from_slice(&signed.body);
            batch.push(&bytes);
        }
        Ok(batch)
    }

    /// The same with every path's last character changed after it was signed.
    pub fn forged(mut self) -> Self {
        let starts: Vec<_> = std::iter::once(0).chain(self.ends.iter().copied()).take(self.ends.len()).collect();
        for start in starts {
            let end = self.bytes.iter().skip(start + 4).position(|byte| *byte == b' ').map(|at| start + 3 + at);
            if let Some(last) = end.and_then(|end| self.bytes.get_mut(end)) {
                *last = if *last == b'7' { b'8' } else { b'7' };
            }
        }
        self
    }

    /// The status of a good answer.
    pub fn wanted(&self) -> u16 {
        if self.created { 201 } else { 200 }
    }

    fn push(&mut self, request: &[u8]) {
        self.bytes.extend_from_slice(request);
        self.ends.push(self.bytes.len());
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The request at an index.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.bytes.get(start..end)
    }
}
