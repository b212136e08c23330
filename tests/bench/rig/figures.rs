//! Figures of rounds: medians with their spread, and whether a target is met.

use serde::Serialize;

/// Values of one thing, round by round.
#[derive(Clone, Debug, Default)]
pub struct Series(pub Vec<f64>);

/// A median with the quartiles around it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Middle {
    /// A quarter of the rounds is below.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// A quarter of the rounds is above.
    pub high: f64,
}

impl Series {
    /// The median and the quartiles.
    pub fn middle(&self) -> Middle {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * sorted.len().saturating_sub(1) as f64;
            let value = |index: f64| sorted.get(index as usize).copied().unwrap_or(0.0);
            value(place.floor()) + (value(place.ceil()) - value(place.floor())) * place.fract()
        };
        Middle { low: at(0.25), median: at(0.5), high: at(0.75) }
    }

    /// This over another, round by round.
    pub fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, theirs)| mine / theirs).collect())
    }
}

impl std::fmt::Display for Middle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = if self.median >= 100.0 { 0 } else { 2 };
        write!(f, "{:>9.digits$}  ({:.digits$} – {:.digits$})", self.median, self.low, self.high)
    }
}

/// Something to reach.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// What is measured.
    pub what: &'static str,
    /// What came out.
    pub value: f64,
    /// What is wanted, e.g. `>= 0.60`.
    pub wanted: String,
    /// Whether it is met.
    pub met: bool,
}

impl Target {
    /// At least this much.
    pub fn at_least(what: &'static str, value: f64, wanted: f64) -> Self {
        Self { what, value, wanted: format!(">= {wanted:.2}"), met: value >= wanted }
    }

    /// At most this much.
    pub fn at_most(what: &'static str, value: f64, wanted: f64) -> Self {
        Self { what, value, wanted: format!("<= {wanted:.2}"), met: value <= wanted }
    }
}
