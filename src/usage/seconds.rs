//! What was wanted in the seconds of one minute, and its short form as bytes.

use std::collections::BTreeMap;

/// Calls and units of one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Calls.
    pub calls: u32,
    /// Units they asked for.
    pub units: u32,
}

impl Wanted {
    /// Both, added.
    pub fn add(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.units = self.units.saturating_add(other.units);
    }
}

/// The seconds of a minute in which something was wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seconds(BTreeMap<u8, Wanted>);

impl Seconds {
    /// One call more in a second (0 to 59) of the minute.
    pub fn add(&mut self, second: u8, units: u32) {
        self.0.entry(second).or_default().add(Wanted { calls: 1, units });
    }

    /// The seconds with what was wanted in them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u8, Wanted)> {
        self.0.iter().map(|(second, wanted)| (*second, *wanted))
    }

    /// All of them together.
    pub fn total(&self) -> (i64, i64) {
        let all = self.0.values();
        all.fold((0, 0), |(calls, units), one| (calls + i64::from(one.calls), units + i64::from(one.units)))
    }

    /// Each as three numbers of seven bits a byte: the second, calls, units.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 4);
        for (second, wanted) in &self.0 {
            [u32::from(*second), wanted.calls, wanted.units].into_iter().for_each(|number| write(&mut bytes, number));
        }
        bytes
    }

    /// Reads the short form; what cannot be read ends it.
    pub fn read(mut bytes: &[u8]) -> Self {
        let mut seconds = BTreeMap::new();
        while let (Some(second), Some(calls), Some(units)) = (take(&mut bytes), take(&mut bytes), take(&mut bytes)) {
            if let Ok(second @ 0..60) = u8::try_from(second) {
                seconds.insert(second, Wanted { calls, units });
            }
        }
        Self(seconds)
    }
}

fn write(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u32> {
    let (mut number, mut shift) = (0_u32, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u32::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Seconds, Wanted};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_minute_is_read_as_it_was_written(all in proptest::collection::btree_map(0_u8..60, any::<(u32, u32)>(), 0..60)) {
            let seconds = Seconds(all.into_iter().map(|(s, (calls, units))| (s, Wanted { calls, units })).collect());
            prop_assert_eq!(Seconds::read(&seconds.bytes()), seconds);
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(Seconds::read(&bytes).iter().all(|(second, _)| second < 60));
        }
    }
}
