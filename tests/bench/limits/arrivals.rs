//! When calls are made and at which node: the same for the same seed.

/// One call to come.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Microseconds from the beginning.
    pub at_us: u64,
    /// The node it goes to.
    pub node: usize,
}

/// How calls are spread over the nodes, in percent.
pub type Shares = [u32; 4];

/// Each node as many as any.
pub const EVEN: Shares = [25, 25, 25, 25];
/// One node most of them.
pub const SKEWED: Shares = [70, 20, 7, 3];

/// A small generator of numbers (xorshift64*), so that a run can be repeated.
pub struct Dice(u64);

impl Dice {
    /// One that always throws the same.
    pub fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn node(&mut self, shares: Shares) -> usize {
        let mut throw = self.share() * f64::from(shares.iter().sum::<u32>());
        for (node, share) in shares.into_iter().enumerate() {
            throw -= f64::from(share);
            if throw < 0.0 {
                return node;
            }
        }
        shares.len() - 1
    }
}

/// Calls at random moments, so many a second on average.
pub fn steady(dice: &mut Dice, per_s: f64, seconds: f64, shares: Shares) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    let mut at_s = 0.0;
    loop {
        at_s -= (1.0 - dice.share()).ln() / per_s;
        if at_s >= seconds {
            return arrivals;
        }
        arrivals.push(Arrival { at_us: (at_s * 1e6) as u64, node: dice.node(shares) });
    }
}

/// So many calls around every second's edge, from 100 ms before to 100 ms after it, and none in between.
pub fn at_edges(dice: &mut Dice, calls: usize, seconds: f64, shares: Shares) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    for second in 1..seconds as u64 {
        for _ in 0..calls {
            let off_us = (dice.share() * 200_000.0) as u64;
            arrivals.push(Arrival { at_us: second * 1_000_000 - 100_000 + off_us, node: dice.node(shares) });
        }
    }
    arrivals.sort_by_key(|arrival| arrival.at_us);
    arrivals
}

/// So many calls in one millisecond, every other second.
pub fn at_once(dice: &mut Dice, calls: usize, seconds: f64, shares: Shares) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    for second in (1..seconds as u64).step_by(2) {
        for _ in 0..calls {
            let off_us = (dice.share() * 1_000.0) as u64;
            arrivals.push(Arrival { at_us: second * 1_000_000 + off_us, node: dice.node(shares) });
        }
    }
    arrivals.sort_by_key(|arrival| arrival.at_us);
    arrivals
}
