//! Where workers note calls: a list of each worker's own, emptied by whoever adds them up. A worker's lock is free but
//! for the moment in which its list is swapped for an empty one of the same capacity, so noting neither waits nor
//! allocates.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::call::Call;

/// More threads than these share lists.
const LISTS: usize = 32;
/// From this length on a list is added up by the worker itself, so that none grows without bound.
const MOST: usize = 65_536;

static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static MINE: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % LISTS);
}

/// Calls that are noted and not yet added up.
#[derive(Debug, Default)]
pub struct Journal {
    lists: [Mutex<Vec<Call>>; LISTS],
}

impl Journal {
    /// Notes a call; says whether it is time to add up.
    pub fn note(&self, call: Call) -> bool {
        let Some(list) = self.lists.get(MINE.get()) else { return false };
        let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
        list.push(call);
        list.len() >= MOST
    }

    /// Empties every list; `spare` is an empty list whose capacity is handed on.
    pub fn drain(&self, spare: &mut Vec<Call>, mut take: impl FnMut(Call)) {
        for list in &self.lists {
            {
                let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
                if list.is_empty() {
                    continue;
                }
                std::mem::swap(&mut *list, spare);
            }
            spare.drain(..).for_each(&mut take);
        }
    }
}
