//! Ids of requests: version 7 UUIDs, made without asking the system for randomness each time. They tell requests apart
//! and are no secrets; the random part is a keyed hash of a number that is counted up on each thread.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use uuid::{Builder, Uuid};

use crate::clock::Clock;

const PREFIX: &[u8; 4] = b"req_";
const DIGITS: &[u8; 16] = b"0123456789abcdef";
const TEXT_BYTES: usize = 36;

struct Source {
    /// Keys from the system's randomness, two of them as one hash is shorter than what is wanted.
    seeds: [RandomState; 2],
    count: Cell<u64>,
}

thread_local! {
    static SOURCE: Source = Source {
        seeds: std::array::from_fn(|_| RandomState::new()),
        // Keys of two threads differ by little only.
        count: Cell::new(RandomState::new().hash_one(std::thread::current().id())),
    };
}

/// An id that no other request has.
pub fn next() -> Uuid {
    SOURCE.with(|source| {
        let count = source.count.replace(source.count.get().wrapping_add(1));
        let [high, low] = source.seeds.each_ref().map(|seed| seed.hash_one(count));
        let mut random = [0; 10];
        let bytes = high.to_be_bytes().into_iter().chain(low.to_be_bytes());
        random.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        // Of the machine's time, whatever clock a test has set.
        let now_ms = u64::try_from(Clock::System.now_ms()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(now_ms, &random).into_uuid()
    })
}

/// The id as partners read it: `req_` and 32 hexadecimal digits.
pub fn text(id: Uuid) -> Arc<str> {
    let mut text = [0; TEXT_BYTES];
    let (prefix, digits) = text.split_at_mut(PREFIX.len());
    prefix.copy_from_slice(PREFIX);
    for (pair, byte) in digits.chunks_exact_mut(2).zip(id.as_bytes()) {
        let hex = [byte >> 4, byte & 15].map(|digit| DIGITS.get(usize::from(digit)).copied().unwrap_or_default());
        pair.copy_from_slice(&hex);
    }
    std::str::from_utf8(&text).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::{next, text};
    use std::collections::HashSet;

    #[test]
    fn ids_differ_on_one_thread_and_between_threads() {
        let made = || (0..10_000).map(|_| next()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(made)).collect();
        let all: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).chain(made()).collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 50_000);
        let tails: HashSet<_> = all.iter().map(|id| &id.as_bytes()[8..]).collect();
        assert_eq!(tails.len(), 50_000, "the random part alone differs");
    }

    #[test]
    fn an_id_is_a_version_7_uuid_of_now_and_is_written_plainly() {
        let id = next();
        assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
        let seconds = id.get_timestamp().unwrap().to_unix().0;
        let now = uuid::Uuid::now_v7().get_timestamp().unwrap().to_unix().0;
        assert!(now.abs_diff(seconds) <= 1);
        assert_eq!(&*text(id), format!("req_{}", id.simple()));
    }
}
