//! Entry of goods into cross-border trade.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which goods: everything that qualifies, of a seller or of everybody, or selected ones.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Which {
    /// Everything that qualifies.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// With `all`: only this seller's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller_id: Option<i64>,
    /// Selected goods, at most 1,000.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub goods_ids: Vec<i64>,
}

/// What came of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Done {
    /// Goods that were changed.
    pub changed: u64,
    /// Goods that were so already.
    #[serde(default)]
    pub already: u64,
    /// Selected goods that could not be.
    #[serde(default)]
    pub refused: Vec<Refused>,
}

/// A goods that could not be entered or taken out.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// Which.
    pub goods_id: i64,
    /// The service's word for why.
    pub error_code: String,
}

/// Goods by their state.
#[derive(Clone, Debug, Deserialize)]
pub struct Counts {
    /// They are seen.
    pub entered: u64,
    /// They qualify and nobody entered them.
    pub waiting: u64,
    /// Held back, by the reason.
    #[serde(default)]
    pub held: BTreeMap<String, u64>,
    /// Of the entered ones: not to be sold everywhere.
    #[serde(default)]
    pub restricted: u64,
}
