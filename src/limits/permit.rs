//! A call that may be answered: its place among the calls under way and what it was charged.

use std::sync::Arc;

use super::account::Slot;
use super::pressure::Place;
use super::standing::Standing;

/// Where a call was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charged {
    Here,
    /// To this node's share of the plan among so many nodes, as Redis did not answer.
    ToShare(u32),
    /// In Redis, perhaps ahead of the call.
    InRedis,
}

/// Who decided about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// This node alone, as it is the only one that counts.
    Here,
    /// This node, with units in hand or from what Redis last said.
    InHand,
    /// This node by its share of the plan, as Redis did not answer.
    Locally,
    /// Redis, asked for this call or one that came together with it.
    ByRedis,
}

impl Decided {
    /// `here`, `in_hand`, `locally` or `by_redis`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::InHand => "in_hand",
            Self::Locally => "locally",
            Self::ByRedis => "by_redis",
        }
    }
}

/// Leave to answer one call; keep it until the answer is sent.
#[derive(Debug)]
pub struct Permit {
    pub(super) slot: Slot,
    pub(super) units: u32,
    pub(super) charged: Charged,
    pub(super) at_us: i64,
    pub(super) day_us: i64,
    pub(super) decided: Decided,
    pub(super) shadow: Vec<Arc<str>>,
    pub(super) standing: Standing,
    pub(super) _place: Place,
}

impl Permit {
    /// What the partner has left, for the header fields of the answer.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Who decided.
    pub fn decided(&self) -> Decided {
        self.decided
    }

    /// Shadow policies that would have refused the call.
    pub fn shadow(&self) -> &[Arc<str>] {
        &self.shadow
    }

    /// Units this call was charged.
    pub fn charged_units(&self) -> u32 {
        self.units
    }

    /// Gives the cost back, for an answer that turned out to be free (304); at once here, and in Redis with the
    /// partner's next call at this node. A second time does nothing.
    pub fn refund(&mut self) {
        let units = std::mem::take(&mut self.units);
        if units == 0 {
            return;
        }
        match self.charged {
            Charged::Here => self.slot.account().give_back(units, self.day_us),
            Charged::ToShare(nodes) => self.slot.account().give_back_to_share(units, self.day_us, nodes),
            Charged::InRedis => self.slot.account().give_back_to_redis(units, self.at_us, self.day_us),
        }
        self.standing.give_back(units);
    }
}
