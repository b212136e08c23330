//! What has moved, as far as this node has heard: a small table by tag, asked on every hit without a lock.
//!
//! Every move this process hears of gets the next number of its own; a fetch notes the newest number before it asks the
//! catalogue, and what it brought is believed as long as none of its tags got a later one. What the nodes share in Redis
//! cannot carry a process' own numbers, so it carries a [`Position`] in the stream of moves instead, under the same rule.
//! No clock is compared, and a node that hears late only asks more often.
//!
//! The table has one place for many tags: a tag that shares its place with one that moved is taken to have moved too,
//! which costs a fetch.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::cache::tag::{Moved, Subject, Tag};

/// 16 bytes each. At 80 changes a second (fifty million a week) one in four pages of forty tags that are ten seconds old
/// is fetched in vain.
const PLACES: usize = 1 << 17;

/// A place in the stream of moves: its entry's id, milliseconds and number in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position(pub u64);

const NUMBER_BITS: u32 = 20;

impl Position {
    /// Before everything.
    pub const START: Self = Self(0);

    /// Of an entry's id, `1700000000000-3`.
    pub fn parse(id: &str) -> Option<Self> {
        let (ms, number) = id.split_once('-')?;
        let (ms, number): (u64, u64) = (ms.parse().ok()?, number.parse().ok()?);
        let fits = ms < 1 << (64 - NUMBER_BITS) && number < 1 << NUMBER_BITS;
        fits.then_some(Self(ms << NUMBER_BITS | number))
    }

    /// The entry's id.
    pub fn id(self) -> String {
        format!("{}-{}", self.0 >> NUMBER_BITS, self.0 & ((1 << NUMBER_BITS) - 1))
    }
}

/// What had been heard of when a fetch began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// By this process.
    pub own: u64,
    /// Of the stream.
    pub shared: Position,
}

/// Whether something kept can still be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belief {
    /// Nothing it is about has moved.
    Stands,
    /// Nobody here can tell: it is older than what is remembered.
    Unsure,
    /// It has moved.
    Fell,
}

#[derive(Debug, Default)]
struct Place {
    own: AtomicU64,
    shared: AtomicU64,
}

/// The table.
#[derive(Debug)]
pub(super) struct Moves {
    places: Box<[Place]>,
    /// Moves of everything.
    everything: Place,
    /// The newest of our own numbers.
    own: AtomicU64,
    /// How far the stream has been read.
    shared: AtomicU64,
    /// Of what is shared nothing older can be judged.
    shared_from: AtomicU64,
    /// What is shared cannot be judged: this node knows of moves that the stream does not tell yet.
    ahead: AtomicBool,
    /// Nobody has told us anything for longer than is comfortable.
    out_of_touch: AtomicBool,
    one_at_a_time: Mutex<()>,
}

impl Default for Moves {
    fn default() -> Self {
        Self {
            places: (0..PLACES).map(|_| Place::default()).collect(),
            everything: Place::default(),
            own: AtomicU64::new(0),
            shared: AtomicU64::new(0),
            shared_from: AtomicU64::new(0),
            ahead: AtomicBool::new(false),
            out_of_touch: AtomicBool::new(false),
            one_at_a_time: Mutex::default(),
        }
    }
}

impl Moves {
    /// What has been heard of up to now; to be asked before a fetch begins.
    pub fn heard(&self) -> Heard {
        // The stream first: what is read of it gets a number of our own before it counts as read.
        let shared = Position(self.shared.load(Ordering::Acquire));
        Heard { own: self.own.load(Ordering::Acquire), shared }
    }

    /// The newest of our own numbers; as long as it stays nothing has to be looked up again.
    pub fn newest(&self) -> u64 {
        self.own.load(Ordering::Acquire)
    }

    /// Takes in moves that stand at a place of the stream, or that only this node heard of.
    pub fn hear(&self, moved: &[Moved], at: Option<Position>) {
        let _alone = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        let next = self.own.load(Ordering::Relaxed) + 1;
        for one in moved {
            let place = match one.subject {
                Subject::Everything => Some(&self.everything),
                _ => self.place(one.tag()),
            };
            let Some(place) = place else { continue };
            place.own.store(next, Ordering::Release);
            if let Some(at) = at {
                place.shared.fetch_max(at.0, Ordering::Release);
            }
        }
        // Places before numbers: whoever sees the number sees the places too.
        self.own.store(next, Ordering::Release);
        if let Some(at) = at {
            self.shared.fetch_max(at.0, Ordering::Release);
        }
    }

    /// From here on the stream is known; what is older cannot be judged.
    pub fn know_from(&self, position: Position) {
        self.shared_from.store(position.0, Ordering::Release);
    }

    /// Whether this node knows more than the stream tells.
    pub fn set_ahead(&self, ahead: bool) {
        self.ahead.store(ahead, Ordering::Release);
    }

    /// Whether anybody tells us what moves.
    pub fn set_out_of_touch(&self, out: bool) {
        self.out_of_touch.store(out, Ordering::Release);
    }

    /// Whether nobody has told us anything for longer than is comfortable.
    pub fn is_out_of_touch(&self) -> bool {
        self.out_of_touch.load(Ordering::Acquire)
    }

    /// How far the stream has been read.
    pub fn position(&self) -> Position {
        Position(self.shared.load(Ordering::Acquire))
    }

    /// Whether anything with these tags moved after a number of our own.
    pub fn moved_since(&self, tags: &[Tag], own: u64) -> bool {
        let later = |place: Option<&Place>| place.is_some_and(|place| place.own.load(Ordering::Acquire) > own);
        later(Some(&self.everything)) || tags.iter().any(|tag| later(self.place(*tag)))
    }

    /// Whether something shared under these tags, fetched when the stream had been read up to a place, can be believed.
    pub fn judge(&self, tags: &[Tag], at: Position) -> Belief {
        let later = |place: Option<&Place>| place.is_some_and(|place| place.shared.load(Ordering::Acquire) > at.0);
        if later(Some(&self.everything)) || tags.iter().any(|tag| later(self.place(*tag))) {
            return Belief::Fell;
        }
        let known = at.0 >= self.shared_from.load(Ordering::Acquire) && !self.ahead.load(Ordering::Acquire);
        if known { Belief::Stands } else { Belief::Unsure }
    }

    fn place(&self, tag: Tag) -> Option<&Place> {
        self.places.get(tag.0 as usize % PLACES)
    }
}

#[cfg(test)]
mod tests {
    use super::{Belief, Moves, Position};
    use crate::cache::tag::{Moved, Subject};
    use crate::model::partner::Mode;

    fn offer(id: i64) -> Moved {
        Moved::of(Mode::Live, Subject::Offer, id)
    }

    #[test]
    fn what_moved_after_a_fetch_began_is_not_believed_and_all_else_is() {
        let moves = Moves::default();
        let before = moves.heard().own;
        moves.hear(&[offer(1)], None);
        let after = moves.heard().own;
        let (one, two) = ([offer(1).tag()], [offer(2).tag()]);
        assert!(moves.moved_since(&one, before) && !moves.moved_since(&one, after));
        assert!(!moves.moved_since(&two, before) && !moves.moved_since(&[], before));
        moves.hear(&[Moved::EVERYTHING], None);
        assert!(moves.moved_since(&two, after) && moves.moved_since(&[], after));
    }

    #[test]
    fn what_is_shared_is_judged_by_its_place_in_the_stream_and_only_as_far_as_the_stream_is_known() {
        let moves = Moves::default();
        let at = |text: &str| Position::parse(text).unwrap();
        let tags = [offer(1).tag()];
        moves.know_from(Position(u64::MAX));
        assert_eq!(moves.judge(&tags, at("5-0")), Belief::Unsure, "it is being read");
        moves.hear(&[offer(1)], Some(at("10-3")));
        moves.know_from(at("4-0"));
        assert_eq!(moves.position(), at("10-3"));
        assert_eq!(moves.judge(&tags, at("10-2")), Belief::Fell);
        assert_eq!(moves.judge(&tags, at("10-3")), Belief::Stands);
        assert_eq!(moves.judge(&[offer(2).tag()], at("3-9")), Belief::Unsure);
        moves.set_ahead(true);
        assert_eq!(moves.judge(&tags, at("10-3")), Belief::Unsure);
        moves.hear(&[Moved::EVERYTHING], Some(at("11-0")));
        assert_eq!(moves.judge(&[], at("10-9")), Belief::Fell);
    }

    #[test]
    fn places_in_the_stream_are_its_ids_in_their_order() {
        let ids = ["0-0", "0-1", "1700000000000-0", "1700000000000-7", "1700000000001-0"];
        let places: Vec<_> = ids.iter().map(|id| Position::parse(id).unwrap()).collect();
        assert!(places.is_sorted_by(|a, b| a < b));
        assert!(ids.iter().zip(&places).all(|(id, place)| place.id() == **id));
        for wrong in ["", "5", "5-", "x-1", "5-1048576", "99999999999999999-0"] {
            assert_eq!(Position::parse(wrong), None, "{wrong}");
        }
    }
}
