//! Units taken from Redis ahead of the calls that will use them, and how many are worth taking.
//! Knows one account on one node; that leases never let the nodes together admit too much is told in `counters::gcra`.

/// How long units may be used, by the clock of whoever gave them.
pub const LASTS_US: i64 = 250_000;
/// Unused units are handed back after an account was quiet for so long.
pub const QUIET_US: i64 = 60_000;
/// Demand is counted in pieces of this length, and that of one and a half pieces is taken ahead.
const PIECE_US: i64 = 50_000;
/// Fewer calls in a piece are not worth it.
const LEAST_CALLS: u32 = 4;

/// Units in hand.
#[derive(Debug, Default)]
pub struct Lease {
    units: u32,
    until_us: i64,
    used_us: i64,
    /// When the first of them was given, by the clock of whoever gave it; all were given on the same day as that one.
    from_us: i64,
}

impl Lease {
    /// Takes units out, if there are enough that still hold.
    pub fn take(&mut self, units: u32, now_us: i64) -> bool {
        if units == 0 || self.held(now_us) < units {
            return false;
        }
        self.units -= units;
        self.used_us = now_us;
        true
    }

    /// Units that still hold.
    pub fn held(&self, now_us: i64) -> u32 {
        if now_us < self.until_us { self.units } else { 0 }
    }

    /// Adds units given at a moment (by the giver's clock) for a question of an earlier one (by ours), good for so long;
    /// what is still held lasts as long.
    pub fn add(&mut self, units: u32, given_us: i64, asked_us: i64, lasts_us: i64) {
        let held = self.held(asked_us);
        if held == 0 {
            self.from_us = given_us;
        }
        self.units = held + units;
        self.until_us = asked_us + lasts_us;
    }

    /// Puts units back that were taken out, or charged, at a moment by the giver's clock; false when units of then do not
    /// hold any more.
    pub fn put_back(&mut self, units: u32, charged_us: i64, now_us: i64) -> bool {
        let holds = now_us < self.until_us && charged_us >= self.from_us;
        self.units += if holds { units } else { 0 };
        holds
    }

    /// When the first of the units was given, by the giver's clock.
    pub fn since_us(&self) -> i64 {
        self.from_us
    }

    /// Empties it; gives what still held.
    pub fn end(&mut self, now_us: i64) -> u32 {
        let held = self.held(now_us);
        self.units = 0;
        held
    }

    /// Empties it, if nobody used it lately; what still holds is to be handed back.
    pub fn give_up(&mut self, now_us: i64) -> u32 {
        if now_us - self.used_us < QUIET_US {
            return 0;
        }
        self.end(now_us)
    }
}

/// How many units an account asks for on this node.
#[derive(Debug, Default)]
pub struct Demand {
    from_us: i64,
    now: Wanted,
    before: Wanted,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    calls: u32,
    units: u32,
}

impl Demand {
    /// Counts a call.
    pub fn note(&mut self, units: u32, now_us: i64) {
        let passed = now_us - self.from_us;
        if !(0..PIECE_US).contains(&passed) {
            self.before = if (0..2 * PIECE_US).contains(&passed) { self.now } else { Wanted::default() };
            (self.from_us, self.now) = (now_us, Wanted::default());
        }
        self.now.calls = self.now.calls.saturating_add(1);
        self.now.units = self.now.units.saturating_add(units);
    }

    /// Units worth taking ahead; 0 for an account that is not busy.
    pub fn ahead(&self) -> u32 {
        let busy = [self.now, self.before].into_iter().filter(|wanted| wanted.calls >= LEAST_CALLS);
        let units = busy.map(|wanted| wanted.units).max().unwrap_or(0);
        units.saturating_add(units / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::{Demand, LASTS_US, Lease, PIECE_US, QUIET_US};

    #[test]
    fn units_are_used_once_and_only_while_they_hold() {
        let mut lease = Lease::default();
        lease.add(3, 7, 1_000, LASTS_US);
        assert!(lease.take(2, 2_000) && !lease.take(2, 2_000) && lease.take(1, 2_000));
        lease.add(5, 8, 10_000, LASTS_US);
        assert!(!lease.take(1, 10_000 + LASTS_US), "not after their time");
        assert!(
            !lease.put_back(1, 8, 10_000 + LASTS_US) && !lease.put_back(1, 7, 11_000) && lease.put_back(1, 8, 11_000)
        );
        lease.add(2, 9, 20_000 + LASTS_US, LASTS_US);
        assert_eq!(lease.held(20_000 + LASTS_US), 2, "what ran out is not revived");
    }

    #[test]
    fn only_a_quiet_account_hands_units_back() {
        let mut lease = Lease::default();
        lease.add(5, 0, 0, LASTS_US);
        assert!(lease.take(1, 100_000));
        assert_eq!(lease.give_up(100_000 + QUIET_US - 1), 0);
        assert_eq!(lease.give_up(100_000 + QUIET_US), 4);
        assert_eq!(lease.give_up(100_000 + QUIET_US), 0, "once");
    }

    #[test]
    fn busy_accounts_take_ahead_and_others_do_not() {
        let mut demand = Demand::default();
        (0..3).for_each(|call| demand.note(1, 1_000_000 + call * 10_000));
        assert_eq!(demand.ahead(), 0);
        (0..40).for_each(|call| demand.note(1, 2_000_000 + call * 1_000));
        assert_eq!(demand.ahead(), 60);
        demand.note(1, 2_000_000 + PIECE_US + 1);
        assert_eq!(demand.ahead(), 60, "the piece before counts on");
        demand.note(1, 9_000_000);
        assert_eq!(demand.ahead(), 0);
    }
}
