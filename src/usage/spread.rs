//! How long things took, as counts in steps of a quarter of a power of two: small, and counts of several nodes add up
//! to the counts of all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Counts of durations; a duration is known to a sixth of its length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spread(BTreeMap<u8, u32>);

impl Spread {
    /// One more that took so many microseconds.
    pub fn add(&mut self, micros: u64) {
        let count = self.0.entry(step(micros)).or_default();
        *count = count.saturating_add(1);
    }

    /// All of another's, too.
    pub fn merge(&mut self, other: &Self) {
        for (step, more) in &other.0 {
            let count = self.0.entry(*step).or_default();
            *count = count.saturating_add(*more);
        }
    }

    /// The time within which this share was done, in microseconds; none when there was nothing.
    pub fn quantile_us(&self, share: f64) -> Option<u64> {
        let all: u64 = self.0.values().map(|count| u64::from(*count)).sum();
        // Which of them, counted from the quickest; the float only picks a rank.
        let rank = ((all as f64 * share).ceil() as u64).clamp(1, all.max(1));
        let mut below = 0;
        let found = self.0.iter().find(|(_, count)| {
            below += u64::from(**count);
            below >= rank
        });
        found.map(|(step, _)| middle_us(*step))
    }
}

/// Below 4 µs each microsecond is a step, from there on four steps double the time.
fn step(micros: u64) -> u8 {
    if micros < 4 {
        return u8::try_from(micros).unwrap_or(0);
    }
    let power = micros.ilog2();
    let quarter = (micros >> (power - 2)) & 3;
    u8::try_from(u64::from(power - 1) * 4 + quarter).unwrap_or(u8::MAX)
}

/// The first duration of a step.
fn begins_us(step: u8) -> u64 {
    let (power, quarter) = (u32::from(step) / 4 + 1, u64::from(step) % 4);
    if step < 4 { u64::from(step) } else { (4 + quarter).checked_shl(power - 2).unwrap_or(u64::MAX) }
}

fn middle_us(step: u8) -> u64 {
    let begins = begins_us(step);
    let ends = begins_us(step.saturating_add(1)).max(begins + 1);
    begins + (ends - begins) / 2
}

#[cfg(test)]
mod tests {
    use super::{Spread, begins_us, step};

    #[test]
    fn every_duration_lies_in_its_step() {
        for micros in (0..5_000).chain([123_456, 9_999_999, 60_000_000]) {
            let at = step(micros);
            assert!(begins_us(at) <= micros && micros < begins_us(at + 1), "{micros} in {at}");
        }
    }

    #[test]
    fn quantiles_of_two_nodes_are_those_of_all_calls() {
        let (mut quick, mut slow) = (Spread::default(), Spread::default());
        (0..98).for_each(|_| quick.add(400));
        (0..2).for_each(|_| slow.add(80_000));
        assert_eq!(Spread::default().quantile_us(0.5), None);
        quick.merge(&slow);
        let (half, most) = (quick.quantile_us(0.5).unwrap(), quick.quantile_us(0.99).unwrap());
        assert!((384..448).contains(&half) && (65_536..98_304).contains(&most), "{half} {most}");
        let told: Spread = serde_json::from_str(&serde_json::to_string(&quick).unwrap()).unwrap();
        assert_eq!(told, quick);
    }
}
