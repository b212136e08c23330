//! The days that the limiter is tried on: who calls how much, and what goes wrong meanwhile.

use super::arrivals::{Arrival, Dice, EVEN, SKEWED, Shares, at_edges, at_once, steady};
use super::judge::Rate;

/// How partners call.
#[derive(Clone, Copy, Debug)]
pub enum Load {
    /// This much of what the plan lets through for good.
    Light(f64),
    /// Several times that.
    Heavy,
    /// Twice the burst around every second's edge.
    Edges,
    /// 200 calls in one millisecond.
    AtOnce,
}

/// What goes wrong in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// The plan is halved.
    PlanChange,
    /// A gateway dies.
    NodeKilled,
    /// A gateway's clock is ahead, from the beginning.
    ClockOff,
    /// Redis answers nobody for two seconds.
    Paused,
    /// Redis stands still for two seconds, connections and all.
    Frozen,
    /// Redis is gone for three seconds and comes back with nothing.
    Stopped,
    /// Redis forgets everything.
    Flushed,
    /// Redis forgets the script.
    ScriptsFlushed,
}

impl Trouble {
    /// Whether Redis answers all the time.
    pub fn is_healthy(self) -> bool {
        !matches!(self, Self::Paused | Self::Frozen | Self::Stopped)
    }
}

/// One day.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// What it is called; also its partner and plan.
    pub name: &'static str,
    /// Who calls how much.
    pub load: Load,
    /// At which nodes.
    pub shares: Shares,
    /// What goes wrong.
    pub trouble: Trouble,
}

const fn day(name: &'static str, load: Load, shares: Shares, trouble: Trouble) -> Profile {
    Profile { name, load, shares, trouble }
}

/// All of them. Those that need a gateway started anew come last.
pub const PROFILES: &[Profile] = &[
    day("even", Load::Light(0.9), EVEN, Trouble::None),
    day("skew", Load::Light(0.9), SKEWED, Trouble::None),
    day("even-flood", Load::Heavy, EVEN, Trouble::None),
    day("skew-flood", Load::Heavy, SKEWED, Trouble::None),
    day("edges", Load::Edges, EVEN, Trouble::None),
    day("at-once", Load::AtOnce, EVEN, Trouble::None),
    day("plan-change", Load::Heavy, EVEN, Trouble::PlanChange),
    day("scripts-flushed", Load::Heavy, EVEN, Trouble::ScriptsFlushed),
    day("flushed", Load::Heavy, EVEN, Trouble::Flushed),
    day("paused", Load::Heavy, EVEN, Trouble::Paused),
    day("frozen", Load::Heavy, EVEN, Trouble::Frozen),
    day("stopped", Load::Heavy, EVEN, Trouble::Stopped),
    day("stopped-skew", Load::Light(0.9), SKEWED, Trouble::Stopped),
    day("clock-off", Load::Heavy, EVEN, Trouble::ClockOff),
    day("clock-off-light", Load::Light(0.9), EVEN, Trouble::ClockOff),
    day("node-killed", Load::Heavy, EVEN, Trouble::NodeKilled),
];

/// How large it all is.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// The policies over a second and a minute.
    pub rates: [Rate; 2],
    /// How long a profile lasts.
    pub seconds: f64,
    /// What `Heavy` is, in times of the rate.
    pub heavy: f64,
}

impl Profile {
    /// The calls.
    pub fn arrivals(&self, scale: &Scale) -> Vec<Arrival> {
        let mut dice = Dice::of(1_688);
        let [second, minute] = scale.rates;
        let lasting = second.per_s.min(minute.per_s);
        match self.load {
            Load::Light(share) => steady(&mut dice, share * lasting, scale.seconds, self.shares),
            Load::Heavy => steady(&mut dice, scale.heavy * second.per_s, scale.seconds, self.shares),
            Load::Edges => at_edges(&mut dice, 2 * second.burst as usize, scale.seconds, self.shares),
            Load::AtOnce => at_once(&mut dice, 200, scale.seconds, self.shares),
        }
    }
}
