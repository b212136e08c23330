//! Buyer accounts of a partner, and the addresses of its apps, for the operator.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::ids::PartnerId;
use crate::ops::look::{At, Books, Trouble};
use crate::partners::Buyer;

/// A buyer account, whose people grant the partner's apps to buy for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BuyerAccount)]
pub struct BuyerView {
    /// Its login.
    pub account: String,
    /// Name for people.
    pub name: String,
    /// Whether it is the partner's own, which sees all orders.
    pub is_main: bool,
    /// Since when it is kept.
    pub created_at: At,
    /// When it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<At>,
    /// Tokens for it that count now.
    pub tokens: i64,
}

/// Reads the buyer accounts of one partner, the main one first.
pub async fn buyers(books: &Books, id: &PartnerId) -> Result<Vec<BuyerView>, Trouble> {
    let view = |buyer: Buyer| BuyerView {
        is_main: buyer.account == buyer.partner,
        account: buyer.account,
        name: buyer.name,
        created_at: At(buyer.created_at),
        closed_at: buyer.closed_at.map(At),
        tokens: buyer.tokens,
    };
    Ok(books.directory.buyers(Some(id)).await?.into_iter().map(view).collect())
}
