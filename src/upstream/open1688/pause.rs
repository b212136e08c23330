//! Backing off: who was told that the app calls too often sends nothing for a while, whichever call it is for.

use std::sync::Mutex;
use std::sync::PoisonError;

/// The first pause where the service names none, and the longest; each refusal in a row doubles it.
const FIRST_S: u64 = 1;
const LONGEST_S: u64 = 120;

/// Until when nothing is sent.
#[derive(Debug, Default)]
pub(super) struct Pause(Mutex<State>);

#[derive(Clone, Copy, Debug, Default)]
struct State {
    until_ms: i64,
    in_a_row: u32,
}

impl Pause {
    /// Seconds to wait before something may be sent; none when it may be now.
    pub(super) fn left_s(&self, now_ms: i64) -> Option<u64> {
        let left_ms = self.state(|state| state.until_ms - now_ms);
        u64::try_from(left_ms).ok().filter(|ms| *ms > 0).map(|ms| ms.div_ceil(1_000))
    }

    /// The service said that it is asked too often; gives for how long nothing is sent.
    pub(super) fn begin(&self, now_ms: i64, told_s: Option<u64>) -> u64 {
        self.state(|state| {
            let doubled = FIRST_S.saturating_mul(1 << state.in_a_row.min(10));
            let seconds = told_s.unwrap_or(doubled).clamp(FIRST_S, LONGEST_S);
            // Requests that were under way together ran into one limit, not into one after the other.
            if now_ms >= state.until_ms {
                state.in_a_row += 1;
            }
            let until_ms = now_ms.saturating_add(i64::try_from(seconds * 1_000).unwrap_or(i64::MAX));
            state.until_ms = state.until_ms.max(until_ms);
            seconds
        })
    }

    /// The service answered.
    pub(super) fn end(&self, now_ms: i64) {
        self.state(|state| {
            // What was sent before the limit was met says nothing about it.
            if now_ms >= state.until_ms {
                state.in_a_row = 0;
            }
        });
    }

    fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::Pause;

    #[test]
    fn pauses_double_until_something_is_answered() {
        let pause = Pause::default();
        assert_eq!(pause.left_s(0), None);
        assert_eq!((pause.begin(0, None), pause.left_s(0), pause.left_s(1_000)), (1, Some(1), None));
        assert_eq!((pause.begin(1_000, None), pause.left_s(1_001)), (2, Some(2)));
        assert_eq!(pause.begin(3_000, None), 4);
        pause.end(6_000);
        assert_eq!(pause.begin(6_000, None), 8, "what was under way ends no pause");
        pause.end(14_000);
        assert_eq!(pause.begin(14_000, None), 1);
        (0..20).for_each(|at| assert!(pause.begin(1_000_000 * at, None) > 0));
        assert_eq!(pause.begin(99_000_000, None), 120);
    }

    #[test]
    fn what_the_service_says_counts_and_one_limit_is_met_once() {
        let pause = Pause::default();
        assert_eq!((pause.begin(0, Some(7)), pause.begin(10, Some(3))), (7, 3));
        assert_eq!(pause.left_s(10), Some(7), "the longer one stands");
        assert_eq!(pause.begin(8_000, None), 2, "two at once were one in a row");
    }
}
