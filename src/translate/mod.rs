//! Shapes, both ways: the model's questions become the wholesale service's calls, its documents become the model.
//! Pure: nothing is asked, kept or shown here. Human languages are not translated here either.
//!
//! A document that does not say what the contract promises is [`Nonsense`]; what the contract says beyond our needs is
//! passed over, and internal facts (cost, contacts) are not even read.

pub mod aftersale;
pub mod browse;
pub mod categories;
pub mod freight;
pub mod fulfilment;
pub mod gaps;
pub mod goods;
pub mod inquiry;
pub mod search;
pub mod sellers;
pub mod trade;
pub mod words;

use crate::error::{Code, Failure};

/// A document of the wholesale service that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Nonsense {
    /// Which document and what about it, for the log.
    pub what: String,
}

impl Nonsense {
    /// Nonsense about something.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }

    /// The same, told which document it was in.
    #[must_use]
    pub fn inside(self, document: impl std::fmt::Display) -> Self {
        Self { what: format!("{document}: {}", self.what) }
    }
}

impl Failure for Nonsense {
    fn code(&self) -> Code {
        Code::UpstreamNonsense
    }
    fn internal(&self) -> Option<String> {
        Some(self.what.clone())
    }
}
