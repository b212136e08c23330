//! The time window of a signature: not too old, not of the future, not past its own `expires`.

use crate::auth::request::Class;

/// How far `created` may be from now, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Into the past.
    pub past_s: i64,
    /// Into the future.
    pub future_s: i64,
    /// Into the past for order writes.
    pub order_past_s: i64,
}

impl Default for Window {
    fn default() -> Self {
        Self { past_s: 300, future_s: 30, order_past_s: 120 }
    }
}

/// How a signature misses its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skew {
    /// Created too long ago.
    #[error("created is {age_s} seconds in the past; at most {most_s} are accepted for this operation")]
    TooOld {
        /// How long ago.
        age_s: i64,
        /// How long ago it may be.
        most_s: i64,
    },
    /// Created after now.
    #[error("created is {ahead_s} seconds in the future; at most {most_s} are accepted")]
    TooNew {
        /// How far ahead.
        ahead_s: i64,
        /// How far ahead it may be.
        most_s: i64,
    },
    /// Past the end that the signer gave it.
    #[error("the signature's own expires was {0} seconds ago")]
    Expired(i64),
}

impl Window {
    /// The oldest age accepted for a class of operations, in seconds.
    pub const fn past_s(&self, class: Class) -> i64 {
        match class {
            Class::Read | Class::Write => self.past_s,
            Class::OrderWrite => self.order_past_s,
        }
    }

    /// Checks the two times of a signature; a second of the bound itself is still inside.
    pub fn check(&self, created: i64, expires: Option<i64>, class: Class, now_s: i64) -> Result<(), Skew> {
        let age_s = now_s.saturating_sub(created);
        let most_s = self.past_s(class);
        if age_s > most_s {
            return Err(Skew::TooOld { age_s, most_s });
        }
        if age_s < -self.future_s {
            return Err(Skew::TooNew { ahead_s: age_s.saturating_neg(), most_s: self.future_s });
        }
        match expires {
            Some(expires) if expires < now_s => Err(Skew::Expired(now_s.saturating_sub(expires))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Skew, Window};
    use crate::auth::request::Class;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn the_bounds_are_inside_and_one_more_second_is_not() {
        let window = Window::default();
        for (created, class, expected) in [
            (NOW - 300, Class::Read, Ok(())),
            (NOW - 300, Class::Write, Ok(())),
            (NOW - 301, Class::Read, Err(Skew::TooOld { age_s: 301, most_s: 300 })),
            (NOW - 120, Class::OrderWrite, Ok(())),
            (NOW - 121, Class::OrderWrite, Err(Skew::TooOld { age_s: 121, most_s: 120 })),
            (NOW + 30, Class::Read, Ok(())),
            (NOW + 31, Class::OrderWrite, Err(Skew::TooNew { ahead_s: 31, most_s: 30 })),
        ] {
            assert_eq!(window.check(created, None, class, NOW), expected, "{created} {class:?}");
        }
    }

    #[test]
    fn the_signers_own_end_is_honoured() {
        let window = Window::default();
        assert_eq!(window.check(NOW - 10, Some(NOW), Class::Read, NOW), Ok(()));
        assert_eq!(window.check(NOW - 10, Some(NOW - 1), Class::Read, NOW), Err(Skew::Expired(1)));
    }

    #[test]
    fn absurd_times_are_refused_without_overflow() {
        let window = Window::default();
        for created in [i64::MIN, i64::MAX] {
            assert!(window.check(created, Some(i64::MIN), Class::Read, NOW).is_err());
        }
    }
}
