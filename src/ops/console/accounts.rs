//! Partners as the overview shows them: keys, what is left of the plan right now, orders by state. No secret is read.

use std::sync::Arc;

use futures_util::future::join_all;
use jiff::Timestamp;

use crate::ledger::Count;
use crate::limits::Standing;
use crate::model::order::State;
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::ops::console::Console;
use crate::ops::console::figures::{self, Moment};
use crate::ops::console::orders::look;
use crate::partners::{KeyRow, KeyState, PartnerRow};

/// One partner.
#[derive(Clone, Debug)]
pub struct Account {
    /// What the directory says.
    pub row: PartnerRow,
    /// Since when it is suspended.
    pub suspended: Option<Moment>,
    /// Keys, those that count first.
    pub keys: Vec<Key>,
    /// What is left, for live and for sandbox keys.
    pub left: Vec<Left>,
    /// How many orders are in which state, in the order of an order's life.
    pub orders: Vec<Stood>,
}

/// How many orders are in a state.
#[derive(Clone, Debug)]
pub struct Stood {
    /// The state.
    pub state: State,
    /// How many, written for people.
    pub shown: String,
}

impl Stood {
    /// How the state looks.
    pub fn look(&self) -> &'static str {
        look(self.state)
    }
}

/// One key.
#[derive(Clone, Debug)]
pub struct Key {
    /// What the directory says.
    pub row: KeyRow,
    /// When it ends or ended.
    pub ends: Option<Moment>,
}

/// What is left of a plan in one mode.
#[derive(Clone, Debug)]
pub struct Left {
    /// Live or sandbox.
    pub mode: &'static str,
    /// Each policy.
    pub policies: Vec<Policy>,
    /// Calls under way on this node, and how many may be.
    pub in_flight: (u32, u32),
}

/// What is left of one policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Units left.
    pub remaining: u32,
    /// Units that may be spent at once.
    pub burst: u32,
    /// Both, written for people.
    pub shown: String,
    /// Seconds until everything is back.
    pub resets_in_s: u64,
}

impl Policy {
    /// The share that is left, in whole percent.
    pub fn percent(&self) -> u64 {
        u64::from(self.remaining) * 100 / u64::from(self.burst.max(1))
    }

    /// Whether it runs out: below a half, below a fifth.
    pub fn look(&self) -> &'static str {
        match self.percent() {
            0..20 => "bad",
            20..50 => "warn",
            _ => "good",
        }
    }
}

impl Key {
    /// The mode, as far as the id tells.
    pub fn mode(&self) -> &'static str {
        self.row.mode.map_or("?", Mode::name)
    }

    /// `active`, `expired`, `retired` or `suspended`.
    pub fn state(&self) -> &'static str {
        if self.row.state == KeyState::Expired && self.row.retired_at.is_some() {
            return "retired";
        }
        self.row.state.name()
    }
}

/// Reads these partners.
pub async fn read(console: &Console, rows: Vec<PartnerRow>, counts: &[Count], now: Timestamp) -> Vec<Account> {
    join_all(rows.into_iter().map(|row| one(console, row, counts, now))).await
}

async fn one(console: &Console, row: PartnerRow, counts: &[Count], now: Timestamp) -> Account {
    let id = row.id.parse().ok();
    let known = match &id {
        Some(id) => console.directory.list_keys(Some(id)).await.unwrap_or_default(),
        None => Vec::new(),
    };
    let mut keys: Vec<Key> = known.into_iter().rev().map(|row| key(row, now)).collect();
    keys.sort_by_key(|key| key.row.state != KeyState::Active);
    let mut orders: Vec<Count> = counts.iter().filter(|count| Some(&count.partner) == id.as_ref()).cloned().collect();
    orders.sort_by_key(|count| State::ALL.iter().position(|other| *other == count.state));
    let stood = |count: Count| Stood { state: count.state, shown: figures::grouped(count.orders) };
    Account {
        suspended: row.suspended_at.map(|at| Moment::of(at, now)),
        left: left(console, &row, &keys).await,
        keys,
        orders: orders.into_iter().map(stood).collect(),
        row,
    }
}

fn key(row: KeyRow, now: Timestamp) -> Key {
    let ends = [row.expires_at, row.retired_at].into_iter().flatten().min();
    Key { ends: ends.map(|at| Moment::of(at, now)), row }
}

async fn left(console: &Console, row: &PartnerRow, keys: &[Key]) -> Vec<Left> {
    let Some(partner) = console.directory.find_partner(&row.id).filter(|partner| !partner.suspended) else {
        return Vec::new();
    };
    let counts = |mode| keys.iter().any(|key| key.row.state == KeyState::Active && key.row.mode == Some(mode));
    let modes = [Mode::Live, Mode::Sandbox].into_iter().filter(|mode| counts(*mode));
    join_all(modes.map(|mode| standing(console, partner.clone(), mode))).await
}

async fn standing(console: &Console, partner: Arc<Partner>, mode: Mode) -> Left {
    let caller = Caller { partner, key_id: "console".into(), mode, scopes: Scopes::default() };
    let standing = console.limits.standing(&caller).await;
    let in_flight = (standing.in_flight(), standing.in_flight_limit());
    Left { mode: mode.name(), policies: policies(&standing), in_flight }
}

fn policies(standing: &Standing) -> Vec<Policy> {
    let written = |number: u32| figures::grouped(number.into());
    let policies = standing.rows().map(|row| Policy {
        name: row.name.to_owned(),
        remaining: row.remaining,
        burst: row.burst,
        shown: format!("{} of {}", written(row.remaining), written(row.burst)),
        resets_in_s: row.resets_in_s,
    });
    policies.collect()
}
