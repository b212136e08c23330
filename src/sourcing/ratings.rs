//! What buyers think of suppliers, kept for a while: comparisons meet the same suppliers again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::ids::SupplierId;
use crate::model::partner::Mode;

/// A rating is asked for again after so long.
const FRESH_MS: i64 = 600_000;
/// So many are kept at most.
const MOST: usize = 20_000;

/// A rating, and when it was heard.
type Heard = (Option<String>, i64);

/// The ratings that a process knows; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Ratings(Arc<Mutex<HashMap<(bool, SupplierId), Heard>>>);

impl Ratings {
    /// What is known of a supplier, if that is fresh.
    pub fn find(&self, mode: Mode, id: SupplierId, now_ms: i64) -> Option<Option<String>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (rating, heard) = known.get(&(mode == Mode::Live, id))?;
        (now_ms - heard < FRESH_MS).then(|| rating.clone())
    }

    /// Keeps what was heard.
    pub fn keep(&self, mode: Mode, id: SupplierId, rating: Option<String>, now_ms: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (_, heard)| now_ms - *heard < FRESH_MS);
            if known.len() >= MOST {
                known.clear();
            }
        }
        known.insert((mode == Mode::Live, id), (rating, now_ms));
    }
}

#[cfg(test)]
mod tests {
    use super::{FRESH_MS, Ratings};
    use crate::model::ids::SupplierId;
    use crate::model::partner::Mode;

    #[test]
    fn a_rating_is_known_while_it_is_fresh_and_in_its_own_world() {
        let ratings = Ratings::default();
        let id = SupplierId::new(7);
        ratings.keep(Mode::Live, id, Some("4.7".into()), 0);
        assert_eq!(ratings.find(Mode::Live, id, FRESH_MS - 1), Some(Some("4.7".into())));
        assert_eq!(ratings.find(Mode::Live, id, FRESH_MS), None);
        assert_eq!(ratings.find(Mode::Sandbox, id, 0), None);
    }
}
