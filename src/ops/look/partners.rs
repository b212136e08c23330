//! Partners: their keys, what is left of the plan right now, orders by state. No secret is read.

use std::sync::Arc;

use futures_util::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::Count;
use crate::limits::Standing;
use crate::model::order::State;
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::ops::look::orders::look;
use crate::ops::look::standings::{self, AccountView};
use crate::ops::look::{At, Books, Trouble};
use crate::partners::{KeyRow, KeyState, PartnerRow};

/// Orders are counted over so many days, so that the count stays cheap for ever.
pub const COUNTED_DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;

/// One partner.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartnerView {
    /// Short name.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// ISO 3166 country.
    pub country: String,
    /// The plan's short name.
    pub plan: String,
    /// When it was created.
    pub created_at: At,
    /// Since when it is suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended_at: Option<At>,
    /// Keys, those that count first.
    pub keys: Vec<KeyView>,
    /// What is left, for live and for sandbox keys.
    pub left: Vec<Left>,
    /// How many orders of the last 30 days are in which state, in the order of an order's life.
    pub orders: Vec<Stood>,
}

/// How many orders are in a state.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Stood {
    /// The state.
    pub state: &'static str,
    /// How many.
    pub orders: u64,
    /// How the state looks.
    #[serde(skip)]
    pub look: &'static str,
}

/// One key.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeyView {
    /// Its id; never its secret.
    pub id: String,
    /// `live` or `sandbox`, as far as the id tells.
    pub mode: &'static str,
    /// `active`, `suspended`, `expired` or `retired`.
    pub state: &'static str,
    /// `hmac-sha256` or `ed25519`.
    pub algorithm: String,
    /// What it may do.
    pub scopes: String,
    /// From where; empty for anywhere.
    pub allowed: String,
    /// When it was issued.
    pub created_at: At,
    /// When it ends or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<At>,
    /// Whether this very key is suspended, and not only its partner.
    pub is_suspended: bool,
}

/// What is left of a plan in one mode.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Left {
    /// `live` or `sandbox`.
    pub mode: &'static str,
    /// Each policy.
    pub policies: Vec<PolicyLeft>,
    /// Calls under way on this node.
    pub in_flight: u32,
    /// How many may be.
    pub in_flight_limit: u32,
}

/// What is left of one policy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PolicyLeft {
    /// Its name.
    pub name: String,
    /// Units left.
    pub remaining: u32,
    /// Units that may be spent at once.
    pub burst: u32,
    /// Units per window.
    pub quota: u32,
    /// Seconds until everything is back.
    pub resets_in_s: u64,
}

impl PolicyLeft {
    /// The share that is spent, in whole percent.
    pub fn spent(&self) -> u64 {
        100 - u64::from(self.remaining.min(self.burst)) * 100 / u64::from(self.burst.max(1))
    }
}

impl PartnerView {
    /// The share of its fullest policy that is spent, in whole percent: what is near its limit stands first.
    pub fn spent(&self) -> u64 {
        self.left.iter().flat_map(|left| &left.policies).map(PolicyLeft::spent).max().unwrap_or(0)
    }
}

/// A partner that nobody can call for.
#[derive(Clone, Debug)]
pub struct Closed {
    /// Short name.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Since when it is suspended; else no key of it counts.
    pub suspended_at: Option<At>,
}

/// All partners at a glance.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Those that can call, in the worlds where they can, the nearest to a limit first.
    pub accounts: Vec<AccountView>,
    /// Those that cannot.
    pub closed: Vec<Closed>,
}

/// Reads all partners at a glance.
pub async fn overview(books: &Books) -> Result<Overview, Trouble> {
    let (rows, keys) = (books.directory.list_partners().await?, books.directory.list_keys(None).await?);
    let accounts = standings::accounts(books, &keys).await?;
    let is_open = |row: &PartnerRow| accounts.iter().any(|account| account.headroom.partner == row.id);
    let closed = rows.into_iter().filter(|row| !is_open(row));
    let closed = closed.map(|row| Closed { id: row.id, name: row.name, suspended_at: row.suspended_at.map(At) });
    Ok(Overview { closed: closed.collect(), accounts })
}

/// Reads all partners, those with the least headroom first.
pub async fn all(books: &Books) -> Result<Vec<PartnerView>, Trouble> {
    let rows = books.directory.list_partners().await?;
    let mut all = read(books, rows).await?;
    all.sort_by_key(|partner| std::cmp::Reverse(partner.spent()));
    Ok(all)
}

/// Reads one partner.
pub async fn one(books: &Books, id: &str) -> Result<PartnerView, Trouble> {
    let rows = books.directory.list_partners().await?;
    let found = read(books, rows.into_iter().filter(|row| row.id == id).collect()).await?.pop();
    found.ok_or_else(|| Trouble::Missing(format!("No partner is called {id}.")))
}

async fn read(books: &Books, rows: Vec<PartnerRow>) -> Result<Vec<PartnerView>, Trouble> {
    let counts = books.ledger.count_by_state(COUNTED_DAYS * DAY_MS).await?;
    let keys = books.directory.list_keys(None).await?;
    Ok(join_all(rows.into_iter().map(|row| view(books, row, &keys, &counts))).await)
}

async fn view(books: &Books, row: PartnerRow, keys: &[KeyRow], counts: &[Count]) -> PartnerView {
    let mut keys: Vec<&KeyRow> = keys.iter().rev().filter(|key| key.partner == row.id).collect();
    keys.sort_by_key(|key| key.state != KeyState::Active);
    let mut orders: Vec<&Count> = counts.iter().filter(|count| count.partner.as_str() == row.id).collect();
    orders.sort_by_key(|count| State::ALL.iter().position(|other| *other == count.state));
    let stood = |count: &Count| Stood { state: count.state.name(), orders: count.orders, look: look(count.state) };
    PartnerView {
        left: left(books, &row, &keys).await,
        keys: keys.into_iter().map(key).collect(),
        orders: orders.into_iter().map(stood).collect(),
        suspended_at: row.suspended_at.map(At),
        created_at: At(row.created_at),
        id: row.id,
        name: row.name,
        country: row.country,
        plan: row.plan,
    }
}

fn key(row: &KeyRow) -> KeyView {
    let retired = row.state == KeyState::Expired && row.retired_at.is_some();
    KeyView {
        id: row.id.clone(),
        mode: row.mode.map_or("?", Mode::name),
        state: if retired { "retired" } else { row.state.name() },
        algorithm: row.algorithm.clone(),
        scopes: row.scopes.clone(),
        allowed: row.allowed.clone(),
        created_at: At(row.created_at),
        ends_at: [row.expires_at, row.retired_at].into_iter().flatten().min().map(At),
        is_suspended: row.suspended_at.is_some(),
    }
}

async fn left(books: &Books, row: &PartnerRow, keys: &[&KeyRow]) -> Vec<Left> {
    let Some(partner) = books.directory.find_partner(&row.id).filter(|partner| !partner.suspended) else {
        return Vec::new();
    };
    let counts = |mode| keys.iter().any(|key| key.state == KeyState::Active && key.mode == Some(mode));
    let modes = [Mode::Live, Mode::Sandbox].into_iter().filter(|mode| counts(*mode));
    join_all(modes.map(|mode| standing(books, partner.clone(), mode))).await
}

async fn standing(books: &Books, partner: Arc<Partner>, mode: Mode) -> Left {
    let caller = Caller { partner, key_id: "console".into(), mode, scopes: Scopes::default() };
    let standing = books.limits.standing(&caller).await;
    Left {
        mode: mode.name(),
        policies: policies(&standing),
        in_flight: standing.in_flight(),
        in_flight_limit: standing.in_flight_limit(),
    }
}

fn policies(standing: &Standing) -> Vec<PolicyLeft> {
    let policies = standing.rows().map(|row| PolicyLeft {
        name: row.name.to_owned(),
        remaining: row.remaining,
        burst: row.burst,
        quota: row.quota,
        resets_in_s: row.resets_in_s,
    });
    policies.collect()
}
