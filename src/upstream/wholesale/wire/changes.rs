//! The feed of changes to goods and orders.

use serde::Deserialize;

/// Some changes and the number to go on from.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// The changes, oldest first.
    #[serde(default)]
    pub items: Vec<Change>,
    /// Number of the last change there is.
    pub last_seq: i64,
}

/// One change.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Number of the change; without holes.
    pub seq: i64,
    /// `goods` or `order`.
    pub kind: String,
    /// Id of the goods or number of the order.
    pub id: i64,
    /// `price`, `stock`, `offline`, `online`, `created`, `status` or `price_modified`.
    pub change: String,
    /// Version after the change.
    pub version: Option<i64>,
    /// When, Beijing time.
    pub time: Option<String>,
    /// Of an order: whom it is for.
    pub partner_code: Option<String>,
    /// Of an order: our reference.
    pub out_ref: Option<String>,
    /// Of an order: its status word.
    pub status: Option<String>,
    /// Of goods that came or went: why.
    pub cause: Option<String>,
}
