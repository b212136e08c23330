//! Matches counted by what they are: category, price, badge, days to ship, flags. All matches of a question are counted,
//! whatever page is shown.

use std::collections::BTreeMap;

use super::properties;
use crate::sandbox::goods::{Badge, Goods};

/// A single piece is sent too.
pub const ONE_PIECE: u64 = 1;
/// The seller makes it.
pub const FACTORY: u64 = 1 << 1;
/// Returns are free.
pub const FREE_RETURN: u64 = 1 << 2;

/// Badges with their words, in the order in which they are counted.
pub const BADGES: [(Badge, &str); 4] = [
    (Badge::SuperFactory, "super_factory"),
    (Badge::PowerfulMerchant, "powerful_merchant"),
    (Badge::CertifiedFactory, "certified_factory"),
    (Badge::OriginFactory, "origin_factory"),
];
const FIRST_BADGE: u32 = 4;

/// Where one span of prices ends and the next begins, in fen.
pub const PRICE_STEPS: [u64; 5] = [500, 2_000, 5_000, 10_000, 50_000];
/// Promised hours.
pub const SHIPS: [u64; 4] = [24, 48, 72, 168];

/// The mark of a badge.
pub fn badge_mark(badge: Badge) -> u64 {
    let place = BADGES.iter().position(|(one, _)| *one == badge).and_then(|place| u32::try_from(place).ok());
    place.map_or(0, |place| 1 << (FIRST_BADGE + place))
}

/// The mark of a badge by its word.
pub fn mark_of(word: &str) -> Option<u64> {
    BADGES.iter().find(|(_, name)| *name == word).map(|(badge, _)| badge_mark(*badge))
}

/// What goods are, as bits of one number.
pub fn marks(goods: &Goods, badges: &[Badge]) -> u64 {
    let when = |yes: bool, mark: u64| if yes { mark } else { 0 };
    badges.iter().fold(
        when(goods.one_piece, ONE_PIECE) | when(goods.factory, FACTORY) | when(goods.free_return, FREE_RETURN),
        |marks, badge| marks | badge_mark(*badge),
    )
}

/// Since when goods count as new, in the index's time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spans {
    /// Listed since then, when the question asks for it.
    pub asked: Option<u64>,
    /// Seven days ago.
    pub week: u64,
    /// Thirty days ago.
    pub month: u64,
}

/// One match, as it is counted.
pub struct Counted {
    /// Its leaf category.
    pub leaf: u64,
    /// Price of the largest quantity, fen.
    pub price: u64,
    /// Promised hours.
    pub ships: u64,
    /// Its marks.
    pub marks: u64,
    /// Listed within seven and thirty days.
    pub is_new: [bool; 2],
    /// Its properties.
    pub properties: Vec<u64>,
}

/// Counts of all matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// By leaf category.
    pub leaves: BTreeMap<u64, u64>,
    /// By span of prices; one more than there are steps.
    pub prices: [u64; PRICE_STEPS.len() + 1],
    /// By promised hours, each with all that are faster.
    pub ships: [u64; SHIPS.len()],
    /// By badge.
    pub badges: [u64; BADGES.len()],
    /// One piece, factory, free return.
    pub flags: [u64; 3],
    /// Listed within seven and thirty days.
    pub is_new: [u64; 2],
    /// By the numbers of properties; shorter when the last ones count nothing.
    pub properties: Vec<u64>,
}

impl Facets {
    /// Counts one match.
    pub fn count(&mut self, one: &Counted) {
        *self.leaves.entry(one.leaf).or_default() += 1;
        let span = PRICE_STEPS.iter().filter(|step| one.price >= **step).count();
        tally(self.prices.iter_mut().enumerate().map(|(at, count)| (at == span, count)));
        tally(self.ships.iter_mut().zip(SHIPS).map(|(count, hours)| (one.ships <= hours, count)));
        tally(
            self.badges.iter_mut().zip(BADGES).map(|(count, (badge, _))| (one.marks & badge_mark(badge) != 0, count)),
        );
        let flags = [ONE_PIECE, FACTORY, FREE_RETURN];
        tally(self.flags.iter_mut().zip(flags).map(|(count, flag)| (one.marks & flag != 0, count)));
        tally(self.is_new.iter_mut().zip(one.is_new).map(|(count, is_new)| (is_new, count)));
        for place in one.properties.iter().filter_map(|number| usize::try_from(*number).ok()) {
            if self.properties.len() <= place {
                self.properties.resize(properties::count().max(place + 1), 0);
            }
            tally(self.properties.get_mut(place).into_iter().map(|count| (true, count)));
        }
    }

    /// Adds the counts of another part of the index.
    pub fn add(&mut self, other: &Facets) {
        for (leaf, count) in &other.leaves {
            *self.leaves.entry(*leaf).or_default() += count;
        }
        sum(&mut self.prices, &other.prices);
        sum(&mut self.ships, &other.ships);
        sum(&mut self.badges, &other.badges);
        sum(&mut self.flags, &other.flags);
        sum(&mut self.is_new, &other.is_new);
        self.properties.resize(self.properties.len().max(other.properties.len()), 0);
        sum(&mut self.properties, &other.properties);
    }
}

fn tally<'a>(counts: impl Iterator<Item = (bool, &'a mut u64)>) {
    counts.filter(|(is, _)| *is).for_each(|(_, count)| *count += 1);
}

fn sum(mine: &mut [u64], theirs: &[u64]) {
    mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
}

#[cfg(test)]
mod tests {
    use super::{Counted, FACTORY, Facets, badge_mark, mark_of};
    use crate::sandbox::goods::Badge;

    #[test]
    fn a_match_is_counted_once_in_its_span_and_with_all_that_ship_as_fast() {
        let properties = || vec![0, 3];
        let one = |price, ships| Counted {
            leaf: 1001,
            price,
            ships,
            marks: FACTORY,
            is_new: [false, true],
            properties: properties(),
        };
        let mut facets = Facets::default();
        facets.count(&one(499, 24));
        facets.count(&one(500, 72));
        facets.count(&one(9_999_999, 168));
        assert_eq!(facets.prices, [1, 1, 0, 0, 0, 1]);
        assert_eq!(facets.ships, [1, 1, 2, 3]);
        assert_eq!((facets.flags, facets.is_new, facets.leaves[&1001]), ([0, 3, 0], [0, 3], 3));
        let mut twice = facets.clone();
        twice.add(&facets);
        assert_eq!((twice.prices[0], twice.leaves[&1001]), (2, 6));
        assert_eq!((facets.properties[0], facets.properties[1], twice.properties[3]), (3, 0, 6));
    }

    #[test]
    fn each_badge_has_a_mark_of_its_own() {
        assert_eq!(mark_of("super_factory"), Some(badge_mark(Badge::SuperFactory)));
        assert_ne!(badge_mark(Badge::SuperFactory), badge_mark(Badge::OriginFactory));
        assert_eq!(mark_of("shiny"), None);
    }
}
