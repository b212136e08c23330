//! What should have been admitted, and by how much what was admitted is off. Shares no code with the gateway: the ideal
//! is a GCRA of its own.

use serde::Serialize;

/// Lengths of the windows looked at.
pub const WINDOWS_S: [f64; 4] = [0.1, 1.0, 10.0, 60.0];

/// So many units at once, and then so many a second.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rate {
    /// Units a second.
    pub per_s: f64,
    /// Units at once.
    pub burst: f64,
}

/// One decision, in microseconds of one clock. When exactly it was taken is not known: between these two moments.
#[derive(Clone, Copy, Debug)]
pub struct Decided {
    /// The request had come.
    pub from_us: i64,
    /// The answer had been made.
    pub to_us: i64,
    /// Whether it was admitted.
    pub admitted: bool,
}

/// How far what was admitted is above what any window allows.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Over {
    /// The window's length.
    pub window_s: f64,
    /// The worst window, in percent of its bound: of decisions that certainly fell into it.
    pub percent: f64,
    /// The same if each decision was taken when its answer was made.
    pub nominal_percent: f64,
}

/// Units that a window of this length may see.
pub fn bound(rates: &[Rate], window_s: f64) -> f64 {
    rates.iter().map(|rate| rate.burst + rate.per_s * window_s).fold(f64::INFINITY, f64::min)
}

/// The worst windows of each length that fits between the first and the last decision.
pub fn over(decided: &[Decided], rates: &[Rate]) -> Vec<Over> {
    let admitted: Vec<_> = decided.iter().filter(|one| one.admitted).collect();
    let sorted = |of: fn(&&Decided) -> i64| {
        let mut all: Vec<_> = admitted.iter().map(of).collect();
        all.sort_unstable();
        all
    };
    let (from, to) = (sorted(|one| one.from_us), sorted(|one| one.to_us));
    let spread_s = match (decided.iter().map(|one| one.from_us).min(), to.last()) {
        (Some(first), Some(last)) => (last - first) as f64 / 1e6,
        _ => 0.0,
    };
    let fitting = WINDOWS_S.into_iter().filter(|window_s| *window_s <= spread_s);
    fitting
        .map(|window_s| {
            let bound = bound(rates, window_s);
            let percent = |most: usize| (most as f64 - bound) / bound * 100.0;
            Over {
                window_s,
                percent: percent(fullest(&from, &to, window_s)),
                nominal_percent: percent(fullest(&to, &to, window_s)),
            }
        })
        .collect()
}

/// The most that certainly fell into one window: from a moment on at which one begins, those that ended in time, without
/// those that had begun before.
fn fullest(from: &[i64], to: &[i64], window_s: f64) -> usize {
    let window_us = (window_s * 1e6) as i64;
    let within =
        |(earlier, start): (usize, &i64)| to.partition_point(|end| *end <= start + window_us).saturating_sub(earlier);
    from.iter().enumerate().map(within).max().unwrap_or(0)
}

/// How many one gateway that never errs would have admitted of the same arrivals.
pub fn ideal(decided: &[Decided], rates: &[Rate]) -> usize {
    let mut arrivals: Vec<_> = decided.iter().map(|one| one.from_us).collect();
    arrivals.sort_unstable();
    let mut full_at = vec![f64::MIN; rates.len()];
    let mut admitted = 0;
    for at_us in arrivals {
        let now = at_us as f64 / 1e6;
        let next: Vec<_> = full_at.iter().zip(rates).map(|(full, rate)| full.max(now) + 1.0 / rate.per_s).collect();
        // A millionth of a second for the sums' rounding.
        if next.iter().zip(rates).all(|(next, rate)| next - now <= rate.burst / rate.per_s + 1e-6) {
            full_at = next;
            admitted += 1;
        }
    }
    admitted
}

/// How many fewer were admitted than should have been, in percent; below 0 if more.
pub fn under(decided: &[Decided], rates: &[Rate]) -> f64 {
    let (ideal, admitted) = (ideal(decided, rates), decided.iter().filter(|one| one.admitted).count());
    if ideal == 0 { 0.0 } else { (ideal as f64 - admitted as f64) / ideal as f64 * 100.0 }
}

/// A quantile of numbers; 0 of none.
pub fn quantile(mut of: Vec<u64>, share: f64) -> u64 {
    of.sort_unstable();
    let at = (of.len() as f64 * share) as usize;
    of.get(at.min(of.len().saturating_sub(1))).copied().unwrap_or(0)
}
