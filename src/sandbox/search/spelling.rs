//! Words that nobody knows, taken for the known word they are most like: a letter left out, doubled, swapped or wrong,
//! two of them in long words. Scripts without spaces are left to the pairs of characters of `question`.

use std::collections::{BTreeMap, HashMap};

use super::analyze::{Analyzer, is_unspaced};
use crate::sandbox::goods::{Lang, Shop};

/// Shorter words are too much like others.
const SHORTEST: usize = 4;
/// From this length on two letters may be wrong.
const LONG: usize = 8;

/// A word of the trade.
struct Known {
    letters: Vec<char>,
    /// As it is written, accents and all.
    shown: String,
    /// In how many names it is.
    times: u32,
}

/// The words of all names and terms of the trade, in every language that has spaces.
pub struct Lexicon {
    by_length: BTreeMap<usize, Vec<Known>>,
    known: HashMap<String, ()>,
}

impl Lexicon {
    /// Reads every name and term of the shop.
    pub fn of_shop(analyzer: &mut Analyzer) -> Lexicon {
        let mut found: BTreeMap<String, (String, u32)> = BTreeMap::new();
        for text in Shop::texts() {
            for word in Lang::ALL.iter().flat_map(|lang| text.get(*lang).split_whitespace()) {
                let shown = word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase();
                if let [folded] = analyzer.words(&shown).as_slice()
                    && is_checked(folded)
                {
                    found.entry(folded.clone()).or_insert_with(|| (shown.clone(), 0)).1 += 1;
                }
            }
        }
        let known = found.keys().map(|word| (word.clone(), ())).collect();
        let mut by_length: BTreeMap<usize, Vec<Known>> = BTreeMap::new();
        for (folded, (shown, times)) in found {
            let letters: Vec<char> = folded.chars().collect();
            by_length.entry(letters.len()).or_default().push(Known { letters, shown, times });
        }
        Lexicon { by_length, known }
    }

    /// The keyword with what nobody knows replaced; `None` when nothing is.
    pub fn corrected(&self, analyzer: &mut Analyzer, keyword: &str, in_index: impl Fn(&str) -> bool) -> Option<String> {
        let mut changed = false;
        let words: Vec<String> = keyword
            .split_whitespace()
            .map(|word| {
                let mut found = || {
                    let words = analyzer.words(word);
                    let [folded] = words.as_slice() else { return None };
                    let is_known =
                        self.known.contains_key(folded) || analyzer.forms(folded).iter().any(|form| in_index(form));
                    if is_known || !is_checked(folded) { None } else { self.closest(folded) }
                };
                let found = found();
                changed |= found.is_some();
                found.map_or_else(|| word.to_owned(), str::to_owned)
            })
            .collect();
        changed.then(|| words.join(" "))
    }

    fn closest(&self, word: &str) -> Option<&str> {
        let letters: Vec<char> = word.chars().collect();
        let most = if letters.len() >= LONG { 2 } else { 1 };
        let near = self.by_length.range(letters.len().saturating_sub(most)..=letters.len() + most);
        let ranked = near.flat_map(|(_, words)| words).filter_map(|known| {
            let far = distance(&letters, &known.letters);
            let begins_else = known.letters.first() != letters.first();
            (far <= most).then_some(((far, begins_else, std::cmp::Reverse(known.times), &known.shown), known))
        });
        ranked.min_by(|(one, _), (other, _)| one.cmp(other)).map(|(_, known)| known.shown.as_str())
    }
}

fn is_checked(word: &str) -> bool {
    word.chars().count() >= SHORTEST
        && word.chars().all(|letter| letter.is_alphabetic() && !is_unspaced(letter) && !is_thai(letter))
}

fn is_thai(letter: char) -> bool {
    matches!(letter, '\u{e00}'..='\u{e7f}')
}

/// Letters to put in, take out, replace, or swap with their neighbour.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX / 2);
    for (row, letter) in one.iter().enumerate() {
        let mut this = Vec::with_capacity(other.len() + 1);
        this.push(row + 1);
        for (column, against) in other.iter().enumerate() {
            let replaced = at(&last, column) + usize::from(letter != against);
            let mut best = replaced.min(at(&last, column + 1) + 1).min(at(&this, column) + 1);
            let is_swap =
                row > 0 && column > 0 && one.get(row - 1) == Some(against) && other.get(column - 1) == Some(letter);
            if is_swap {
                best = best.min(at(&before, column - 1) + 1);
            }
            this.push(best);
        }
        before = std::mem::replace(&mut last, this);
    }
    at(&last, other.len())
}

#[cfg(test)]
mod tests {
    use super::{Lexicon, distance};
    use crate::sandbox::search::analyze::Analyzer;

    #[test]
    fn letters_left_out_doubled_wrong_or_swapped_are_one_step() {
        let far =
            |one: &str, other: &str| distance(&one.chars().collect::<Vec<_>>(), &other.chars().collect::<Vec<_>>());
        for (one, other, steps) in [
            ("frying", "fryng", 1),
            ("frying", "fryying", 1),
            ("frying", "frxing", 1),
            ("frying", "firyng", 2),
            ("frying", "fyring", 1),
            ("", "abc", 3),
            ("same", "same", 0),
            ("сковорода", "сковарода", 1),
        ] {
            assert_eq!((far(one, other), far(other, one)), (steps, steps), "{one} {other}");
        }
    }

    #[test]
    fn unknown_words_become_known_ones_and_known_words_stay() {
        let mut analyzer = Analyzer::default();
        let lexicon = Lexicon::of_shop(&mut analyzer);
        let mut corrected = |keyword: &str| lexicon.corrected(&mut analyzer, keyword, |_| false);
        assert_eq!(corrected("fryng pan").as_deref(), Some("frying pan"));
        assert_eq!(corrected("скаворода").as_deref(), Some("сковорода"));
        assert_eq!(corrected("plush toy"), None);
        assert_eq!(corrected("qqqqqqqq"), None, "like nothing");
        assert_eq!(corrected("花盆 植木鉢"), None);
        assert_eq!(corrected("usb3 610947572360"), None, "numbers are not spelt");
    }
}
