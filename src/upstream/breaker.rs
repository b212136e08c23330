//! Breakers: a service that fails most calls of a kind is spared them for a while, and callers are told at once. One
//! probe at a time finds out whether it is back. Shared by all workers; what counts as failing is said by `client`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::partner::Mode;
use crate::upstream::call::Class;

/// Calls are counted over this long.
const WINDOW_MS: i64 = 10_000;
/// Fewer calls in a window prove nothing.
const LEAST_CALLS: u32 = 20;
/// This share of failed calls opens it.
const FAILED_PERCENT: u32 = 50;
/// How long it stays open at first, and at most when probe after probe fails.
const OPEN_MS: i64 = 500;
const LONGEST_OPEN_MS: i64 = 2_000;
/// A probe that was never heard of again is forgotten after this long.
const PROBE_LOST_MS: i64 = 30_000;

/// What a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Lets them through.
    Closed,
    /// Refuses them.
    Open,
    /// Refuses them but for one probe.
    Probing,
}

impl State {
    /// `closed`, `open` or `probing`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Probing => "probing",
        }
    }
}

/// One breaker as the operator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whose service.
    pub mode: Mode,
    /// Which calls.
    pub class: Class,
    /// What it does.
    pub state: State,
    /// Since when, milliseconds since 1970; 0 when it was never open.
    pub since_ms: i64,
    /// Calls in the window that is running.
    pub calls: u32,
    /// How many of them failed.
    pub failed: u32,
    /// How often it opened.
    pub opened: u64,
    /// Calls it refused.
    pub refused: u64,
}

/// How a call ended, as far as a breaker cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The service answered, whatever it said.
    Answered,
    /// It did not.
    Failed,
    /// Nobody can tell: the caller gave it too little time, or went away.
    Unsaid,
}

#[derive(Clone, Copy, Debug)]
struct Breaker {
    state: State,
    since_ms: i64,
    window_began_ms: i64,
    calls: u32,
    failed: u32,
    open_until_ms: i64,
    open_for_ms: i64,
    opened: u64,
    refused: u64,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            state: State::Closed,
            since_ms: 0,
            window_began_ms: 0,
            calls: 0,
            failed: 0,
            open_until_ms: 0,
            open_for_ms: OPEN_MS,
            opened: 0,
            refused: 0,
        }
    }
}

impl Breaker {
    fn turn(&mut self, state: State, now_ms: i64) {
        (self.state, self.since_ms) = (state, now_ms);
    }

    fn open(&mut self, now_ms: i64) {
        self.open_until_ms = now_ms + self.open_for_ms;
        self.open_for_ms = (self.open_for_ms * 2).min(LONGEST_OPEN_MS);
        if self.state == State::Closed {
            self.opened += 1;
        }
        self.turn(State::Open, now_ms);
    }

    /// Whether a call may be sent.
    fn enter(&mut self, now_ms: i64) -> bool {
        let goes = match self.state {
            State::Closed => true,
            // The clock may have been set back.
            State::Open => now_ms >= self.open_until_ms || now_ms < self.open_until_ms - LONGEST_OPEN_MS,
            State::Probing => now_ms - self.since_ms > PROBE_LOST_MS,
        };
        if !goes {
            self.refused += 1;
        } else if self.state != State::Closed {
            self.turn(State::Probing, now_ms);
        }
        goes
    }

    fn leave(&mut self, ended: Ended, now_ms: i64) {
        match (self.state, ended) {
            (State::Closed, Ended::Answered | Ended::Failed) => self.count(ended, now_ms),
            (State::Probing, Ended::Answered) => {
                *self = Self { opened: self.opened, refused: self.refused, ..Self::default() };
                self.turn(State::Closed, now_ms);
            }
            (State::Probing, Ended::Failed) => self.open(now_ms),
            // Another probe may go at once.
            (State::Probing, Ended::Unsaid) => {
                self.open_until_ms = now_ms;
                self.state = State::Open;
            }
            // What was under way when it opened says nothing new.
            _ => {}
        }
    }

    fn count(&mut self, ended: Ended, now_ms: i64) {
        if !(0..WINDOW_MS).contains(&(now_ms - self.window_began_ms)) {
            (self.window_began_ms, self.calls, self.failed) = (now_ms, 0, 0);
        }
        self.calls += 1;
        self.failed += u32::from(ended == Ended::Failed);
        if self.calls >= LEAST_CALLS && self.failed * 100 >= self.calls * FAILED_PERCENT {
            self.open(now_ms);
        }
    }
}

const MODES: [Mode; 2] = [Mode::Live, Mode::Sandbox];

/// The breakers of both worlds.
#[derive(Debug, Default)]
pub struct Breakers([[Mutex<Breaker>; Class::ALL.len()]; MODES.len()]);

impl Breakers {
    fn of(&self, mode: Mode, class: Class) -> Option<MutexGuard<'_, Breaker>> {
        let world = self.0.get(usize::from(mode == Mode::Sandbox))?;
        Some(world.get(class as usize)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a call may be sent; if so, `leave` must be told how it ended.
    pub(super) fn enter(&self, mode: Mode, class: Class, now_ms: i64) -> bool {
        self.of(mode, class).is_none_or(|mut breaker| breaker.enter(now_ms))
    }

    pub(super) fn leave(&self, mode: Mode, class: Class, ended: Ended, now_ms: i64) {
        if let Some(mut breaker) = self.of(mode, class) {
            let before = breaker.state;
            breaker.leave(ended, now_ms);
            let after = breaker.state;
            drop(breaker);
            if before != after {
                tell(mode, class, after);
            }
        }
    }

    /// How all of them stand.
    pub fn readings(&self) -> Vec<Reading> {
        let all = MODES.into_iter().flat_map(|mode| Class::ALL.into_iter().map(move |class| (mode, class)));
        let read = |(mode, class)| {
            let Breaker { state, since_ms, calls, failed, opened, refused, .. } = *self.of(mode, class)?;
            Some(Reading { mode, class, state, since_ms, calls, failed, opened, refused })
        };
        all.filter_map(read).collect()
    }
}

fn tell(mode: Mode, class: Class, state: State) {
    let (mode, class) = (mode.name(), class.name());
    match state {
        State::Open => tracing::warn!(mode, class, "the wholesale service fails; it is spared these calls for a while"),
        State::Closed => tracing::info!(mode, class, "the wholesale service answers again"),
        State::Probing => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Breakers, Ended, LEAST_CALLS, OPEN_MS, PROBE_LOST_MS, State, WINDOW_MS};
    use crate::model::partner::Mode;
    use crate::upstream::call::Class;

    const NOW: i64 = 1_800_000_000_000;

    fn failing(breakers: &Breakers, now_ms: i64) {
        for _ in 0..LEAST_CALLS {
            assert!(breakers.enter(Mode::Live, Class::Goods, now_ms));
            breakers.leave(Mode::Live, Class::Goods, Ended::Failed, now_ms);
        }
    }

    fn state(breakers: &Breakers) -> State {
        breakers.readings().iter().find(|row| (row.mode, row.class) == (Mode::Live, Class::Goods)).unwrap().state
    }

    #[test]
    fn it_opens_for_its_own_calls_only_and_one_probe_closes_it() {
        let breakers = Breakers::default();
        failing(&breakers, NOW);
        assert_eq!(state(&breakers), State::Open);
        assert!(!breakers.enter(Mode::Live, Class::Goods, NOW + OPEN_MS - 1));
        assert!(breakers.enter(Mode::Live, Class::Orders, NOW) && breakers.enter(Mode::Sandbox, Class::Goods, NOW));
        let later = NOW + OPEN_MS;
        assert!(breakers.enter(Mode::Live, Class::Goods, later), "the probe");
        assert!(!breakers.enter(Mode::Live, Class::Goods, later), "one at a time");
        breakers.leave(Mode::Live, Class::Goods, Ended::Answered, later + 5);
        assert_eq!(state(&breakers), State::Closed);
        let row = breakers.readings()[Class::Goods as usize];
        assert_eq!((row.opened, row.refused, row.since_ms, row.calls), (1, 2, later + 5, 0));
    }

    #[test]
    fn probe_after_probe_that_fails_makes_it_wait_longer() {
        let breakers = Breakers::default();
        failing(&breakers, NOW);
        let later = NOW + OPEN_MS;
        assert!(breakers.enter(Mode::Live, Class::Goods, later));
        breakers.leave(Mode::Live, Class::Goods, Ended::Failed, later);
        assert!(!breakers.enter(Mode::Live, Class::Goods, later + 2 * OPEN_MS - 1));
        assert!(breakers.enter(Mode::Live, Class::Goods, later + 2 * OPEN_MS));
    }

    #[test]
    fn a_few_failures_or_failures_among_many_answers_prove_nothing() {
        let breakers = Breakers::default();
        for at in 0..100 {
            assert!(breakers.enter(Mode::Live, Class::Goods, NOW));
            let ended = if at % 3 == 0 { Ended::Failed } else { Ended::Answered };
            breakers.leave(Mode::Live, Class::Goods, ended, NOW);
        }
        assert_eq!(state(&breakers), State::Closed);
        for at in 0..i64::from(LEAST_CALLS) * 2 {
            let now_ms = NOW + WINDOW_MS * (1 + at / 10);
            breakers.leave(Mode::Live, Class::Goods, Ended::Failed, now_ms);
        }
        assert_eq!(state(&breakers), State::Closed, "ten failures a window");
    }

    #[test]
    fn a_probe_that_says_nothing_or_is_lost_gives_its_turn_away() {
        let breakers = Breakers::default();
        failing(&breakers, NOW);
        let later = NOW + OPEN_MS;
        assert!(breakers.enter(Mode::Live, Class::Goods, later));
        breakers.leave(Mode::Live, Class::Goods, Ended::Unsaid, later);
        assert!(breakers.enter(Mode::Live, Class::Goods, later), "another one at once");
        assert!(!breakers.enter(Mode::Live, Class::Goods, later + PROBE_LOST_MS));
        assert!(breakers.enter(Mode::Live, Class::Goods, later + PROBE_LOST_MS + 1));
    }
}
