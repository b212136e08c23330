//! When a delivery is tried: a pure plan of pauses, each counted from the failure of the attempt before it.

/// Seconds before each attempt of a round; the contract's numbers.
pub const PAUSES_S: [u32; 10] = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// The longest wait that `Retry-After` may ask for, in seconds.
pub const LONGEST_RETRY_AFTER_S: i64 = 86_400;

/// Milliseconds to wait after so many failed attempts of a round; none when that was the last. Up to a tenth more by
/// `chance`, so that what failed together is not tried together; at least what the receiver asked for.
pub fn pause_ms(failed: u32, chance: u8, retry_after_s: Option<i64>) -> Option<i64> {
    let planned = i64::from(*PAUSES_S.get(failed as usize)?) * 1_000;
    let planned = planned + planned / 10 * i64::from(chance) / 255;
    let asked = retry_after_s.unwrap_or(0).clamp(0, LONGEST_RETRY_AFTER_S) * 1_000;
    Some(planned.max(asked))
}

#[cfg(test)]
mod tests {
    use super::{PAUSES_S, pause_ms};

    #[test]
    fn attempts_are_made_as_the_contract_says_a_little_late_and_never_early() {
        for (failed, pause_s) in (1..).zip(&PAUSES_S[1..]) {
            let planned = i64::from(*pause_s) * 1_000;
            assert_eq!(pause_ms(failed, 0, None), Some(planned));
            assert_eq!(pause_ms(failed, 255, None), Some(planned + planned / 10));
        }
        assert_eq!(pause_ms(10, 0, None), None, "ten attempts are all");
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_and_not_for_less_or_for_ever() {
        assert_eq!(pause_ms(1, 0, Some(120)), Some(120_000));
        assert_eq!(pause_ms(2, 0, Some(1)), Some(300_000));
        assert_eq!(pause_ms(1, 0, Some(i64::MAX)), Some(86_400_000));
        assert_eq!(pause_ms(10, 0, Some(60)), None);
    }
}
