//! The internal wholesale service's own words: its calls and its documents, as its contract writes them.

pub mod calls;
pub mod wire;
