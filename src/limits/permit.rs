//! A call that may be answered: its place among the calls under way and what it was charged.

use super::account::Slot;
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

/// Leave to answer one call; keep it until the answer is sent.
#[derive(Debug)]
pub struct Permit {
    pub(super) slot: Slot,
    pub(super) units: u32,
    pub(super) charged: Charged,
    pub(super) at_us: i64,
    pub(super) standing: Standing,
}

impl Permit {
    /// What the partner has left, for the header fields of the answer.
    pub fn standing(&self) -> &Standing {
        &self.standing
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
            Charged::Here => self.slot.account().give_back(units),
            Charged::ToShare(nodes) => self.slot.account().give_back_to_share(units, nodes),
            Charged::InRedis => self.slot.account().give_back_to_redis(units, self.at_us),
        }
        self.standing.give_back(units);
    }
}
