//! Which offers are asked for.

/// The first number of an offer; those after it exist as well.
const FIRST: u64 = 600_000_000_000;

/// The path of an offer by its place.
pub fn path(place: u64) -> String {
    format!("/v1/offers/{}", FIRST + place)
}

/// Numbers that look drawn and are the same in every run (SplitMix64).
#[derive(Debug)]
pub struct Draw(pub u64);

impl Draw {
    /// The next one.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// One below this.
    pub fn below(&mut self, most: u64) -> u64 {
        self.word() % most.max(1)
    }

    /// A place below `most` by Zipf's law with this exponent (not 1), by inversion of its continuous form.
    pub fn zipf(&mut self, most: u64, exponent: f64) -> u64 {
        let share = (self.word() >> 11) as f64 / (1_u64 << 53) as f64;
        let power = 1.0 - exponent;
        let at = (1.0 + share * ((most as f64 + 1.0).powf(power) - 1.0)).powf(1.0 / power);
        (at as u64).clamp(1, most) - 1
    }
}
