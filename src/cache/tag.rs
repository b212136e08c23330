//! What a kept document is about: tags. When something moves in the catalogue its tag is told, and whatever carries the
//! tag is not believed any more.

use std::fmt;
use std::str::FromStr;

use crate::model::partner::Mode;

/// What can move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// An offer: its texts, prices, stock, or whether it can be had.
    Offer,
    /// The picture of an offer; moves by itself, as prices and stock move all day and pictures seldom do.
    Picture,
    /// A supplier, and what offers show of it.
    Supplier,
    /// A category: its name, or which offers are in it.
    Category,
    /// Everything of both worlds, when nobody can say what.
    Everything,
    /// Which offers there are in a category or below it.
    InCategory,
    /// Which offers a supplier has.
    OfSupplier,
}

impl Subject {
    const ALL: [Self; 7] = [
        Self::Offer,
        Self::Picture,
        Self::Supplier,
        Self::Category,
        Self::Everything,
        Self::InCategory,
        Self::OfSupplier,
    ];

    /// A short name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Picture => "picture",
            Self::Supplier => "supplier",
            Self::Category => "category",
            Self::Everything => "everything",
            Self::InCategory => "in_category",
            Self::OfSupplier => "of_supplier",
        }
    }
}

/// Something of a world that moved, or may: `live offer 610947572360`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moved {
    /// Whose.
    pub world: Mode,
    /// What.
    pub subject: Subject,
    /// Which; the catalogue's number, 0 for everything.
    pub id: i64,
}

impl Moved {
    /// One thing of a world.
    pub const fn of(world: Mode, subject: Subject, id: i64) -> Self {
        Self { world, subject, id }
    }

    /// All there is, in both worlds.
    pub const EVERYTHING: Self = Self::of(Mode::Live, Subject::Everything, 0);

    /// The tag that documents about it carry.
    pub fn tag(self) -> Tag {
        let class = self.subject as u64 * 2 + u64::from(self.world == Mode::Live);
        Tag(mixed((self.id as u64) ^ class.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }
}

/// A tag, small enough to be kept with every document; the same on all nodes. Two things may share one by accident:
/// then one of them is fetched once more than needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub(super) u64);

/// A word of its own for every number (the finaliser of SplitMix64).
fn mixed(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.world.name(), self.subject.name(), self.id)
    }
}

/// A text that names nothing that can move.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names nothing that can move; right would be \"live offer 610947572360\"")]
pub struct NotAMove(String);

impl FromStr for Moved {
    type Err = NotAMove;

    fn from_str(text: &str) -> Result<Self, NotAMove> {
        let wrong = || NotAMove(text.chars().take(80).collect());
        let mut words = text.split(' ');
        let (Some(world), Some(subject), Some(id), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(wrong());
        };
        let subject = Subject::ALL.into_iter().find(|one| one.name() == subject).ok_or_else(wrong)?;
        let world = world.parse().map_err(|_| wrong())?;
        Ok(Self { world, subject, id: id.parse().map_err(|_| wrong())? })
    }
}

#[cfg(test)]
mod tests {
    use super::{Moved, Subject};
    use crate::model::partner::Mode;
    use std::collections::HashSet;

    #[test]
    fn what_moved_is_read_as_it_was_told() {
        for subject in Subject::ALL {
            for world in [Mode::Live, Mode::Sandbox] {
                let moved = Moved::of(world, subject, 610_947_572_360);
                assert_eq!(moved.to_string().parse(), Ok(moved));
            }
        }
        for wrong in ["", "live", "live offer", "live offer x", "moon offer 1", "live hat 1", "live offer 1 2"] {
            assert!(wrong.parse::<Moved>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn things_of_other_subjects_worlds_and_numbers_have_other_tags() {
        let ids = (-50..50).chain(610_947_572_300..610_947_572_400);
        let all = ids.flat_map(|id| {
            let worlds = [Mode::Live, Mode::Sandbox];
            worlds
                .into_iter()
                .flat_map(move |world| Subject::ALL.map(move |subject| Moved::of(world, subject, id).tag()))
        });
        let all: Vec<_> = all.collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    }
}
