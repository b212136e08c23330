//! Documents found by their number, by the caller's reference, and by partner. What they say is left to others.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

/// A document that can be filed.
pub trait Document {
    /// Its number.
    fn number(&self) -> i64;
    /// Whose it is.
    fn partner(&self) -> &str;
    /// The caller's reference of it.
    fn out_ref(&self) -> &str;
}

/// All documents of a kind.
#[derive(Debug)]
pub struct Filing<T> {
    all: BTreeMap<i64, T>,
    by_partner: HashMap<String, Names>,
}

/// What a partner calls his documents, and their numbers.
#[derive(Debug, Default)]
struct Names {
    by_ref: HashMap<String, i64>,
    numbers: BTreeSet<i64>,
}

impl<T> Default for Filing<T> {
    fn default() -> Filing<T> {
        Filing { all: BTreeMap::new(), by_partner: HashMap::new() }
    }
}

impl<T: Document> Filing<T> {
    /// Files a document, in place of the one with its number; gives that.
    pub fn file(&mut self, document: T) -> Option<T> {
        let number = document.number();
        if !self.all.contains_key(&number) {
            let names = self.by_partner.entry(document.partner().to_owned()).or_default();
            names.by_ref.entry(document.out_ref().to_owned()).or_insert(number);
            names.numbers.insert(number);
        }
        self.all.insert(number, document)
    }

    /// The document with a number.
    pub fn find(&self, number: i64) -> Option<&T> {
        self.all.get(&number)
    }

    /// The document with a number, to change what nobody is told of.
    pub fn find_mut(&mut self, number: i64) -> Option<&mut T> {
        self.all.get_mut(&number)
    }

    /// The document under a caller's reference.
    pub fn by_ref(&self, partner: &str, out_ref: &str) -> Option<&T> {
        self.find(*self.by_partner.get(partner)?.by_ref.get(out_ref)?)
    }

    /// Documents of a partner, newest first, below a number.
    pub fn of_partner(&self, partner: &str, below: i64) -> impl Iterator<Item = &T> {
        let numbers =
            self.by_partner.get(partner).into_iter().flat_map(move |names| names.numbers.range(..below).rev());
        numbers.filter_map(|number| self.find(*number))
    }

    /// All documents above a number, smallest first.
    pub fn after(&self, number: i64) -> impl Iterator<Item = &T> {
        self.all.range((Bound::Excluded(number), Bound::Unbounded)).map(|(_, document)| document)
    }

    /// Documents of a partner above a number, smallest first.
    pub fn of_partner_after(&self, partner: &str, number: i64) -> impl Iterator<Item = &T> {
        let above = (Bound::Excluded(number), Bound::Unbounded);
        let numbers = self.by_partner.get(partner).into_iter().flat_map(move |names| names.numbers.range(above));
        numbers.filter_map(|number| self.find(*number))
    }

    /// The numbers of all.
    pub fn numbers(&self) -> Vec<i64> {
        self.all.keys().copied().collect()
    }
}
