//! Deterministic chance: splitmix64 seeded by (seed, subject, index), so that every draw can be repeated.

/// A stream of draws that depends on nothing but what it was cast from.
pub(super) struct Dice(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The splitmix64 finaliser: every bit of the answer depends on every bit of `value`.
pub(super) fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Dice {
    /// Casts a stream for one thing (`subject` keeps goods, sellers and pictures apart).
    pub(super) fn cast(seed: u64, subject: u64, index: u64) -> Dice {
        Dice(mix(mix(seed.wrapping_add(STEP)) ^ mix(subject.wrapping_mul(STEP)) ^ index.wrapping_mul(STEP)))
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number below `end`; 0 when `end` is 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// A number in the closed range.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low).max(0) as u64 + 1) as i64
    }

    /// A fraction in `[0, 1)`.
    pub(super) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True in `permille` of a thousand cases.
    pub(super) fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// A number in the range with even chance on the logarithm, as prices and weights spread.
    pub(super) fn spread(&mut self, low: f64, high: f64) -> f64 {
        let (low, high) = (low.max(1e-9), high.max(low).max(1e-9));
        low * (high / low).powf(self.fraction())
    }

    /// One of a slice.
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.below(from.len() as u64) as usize).copied()
    }

    /// `count` different items of a slice, in drawn order.
    pub(super) fn some<T: Copy>(&mut self, from: &[T], count: usize) -> Vec<T> {
        let mut bag = from.to_vec();
        let mut drawn = Vec::with_capacity(count.min(bag.len()));
        while drawn.len() < count && !bag.is_empty() {
            let at = self.below(bag.len() as u64) as usize;
            drawn.push(bag.swap_remove(at));
        }
        drawn
    }
}
