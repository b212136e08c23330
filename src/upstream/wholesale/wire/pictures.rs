//! Pictures to search by, and links that were expanded.

use serde::Deserialize;

/// A picture that was taken in.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    /// Names it in searches.
    pub picture_id: String,
}

/// Where a short link leads.
#[derive(Clone, Debug, Deserialize)]
pub struct LongLink {
    /// A page of the marketplace.
    pub url: String,
}
