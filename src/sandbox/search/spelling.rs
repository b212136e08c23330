//! Words that nobody knows, taken for the known word they are most like: a letter left out, doubled, swapped or wrong,
//! two of them in long words.
//!
//! What is written without spaces (Chinese, Japanese, Thai, Korean compounds) is cut by dictionaries, and a wrong letter
//! makes it cut into other words: there a whole run between spaces is taken for the name or term that it is most like, and
//! only when nothing was found by it as it was written.

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
    /// Names and terms that are written without spaces, whole.
    unspaced: BTreeMap<usize, Vec<Known>>,
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
        Lexicon { by_length, unspaced: unspaced(), known }
    }

    /// The keyword with each run of a script without spaces replaced by the name or term that it is most like; `None` when
    /// all of them are as they should be, or like nothing.
    pub fn forgiven(&self, keyword: &str) -> Option<String> {
        let mut changed = false;
        let runs = keyword.split_whitespace().map(|run| {
            let found = is_unspaced_run(run).then(|| self.closest_run(run)).flatten().filter(|found| *found != run);
            changed |= found.is_some();
            found.unwrap_or(run)
        });
        let forgiven = runs.collect::<Vec<_>>().join(" ");
        changed.then_some(forgiven)
    }

    fn closest_run(&self, run: &str) -> Option<&str> {
        let letters: Vec<char> = run.chars().collect();
        let most = if letters.len() >= LONG { 2 } else { 1 };
        let near = self.unspaced.range(letters.len().saturating_sub(most)..=letters.len() + most);
        let fits = |known: &&Known| letters.len() > 2 || same_letters(&letters, &known.letters);
        closest_of(near.flat_map(|(_, runs)| runs).filter(fits), &letters, most)
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
        closest_of(near.flat_map(|(_, words)| words), &letters, most)
    }
}

fn closest_of<'a>(near: impl Iterator<Item = &'a Known>, letters: &[char], most: usize) -> Option<&'a str> {
    let ranked = near.filter_map(|known| {
        let far = distance(letters, &known.letters);
        let begins_else = known.letters.first() != letters.first();
        (far <= most).then_some(((far, begins_else, std::cmp::Reverse(known.times), &known.shown), known))
    });
    ranked.min_by(|(one, _), (other, _)| one.cmp(other)).map(|(_, known)| known.shown.as_str())
}

/// Every name and term that is written without spaces.
fn unspaced() -> BTreeMap<usize, Vec<Known>> {
    let mut found: BTreeMap<&'static str, u32> = BTreeMap::new();
    for text in Shop::texts() {
        for run in Lang::ALL.iter().flat_map(|lang| text.get(*lang).split_whitespace()) {
            if is_unspaced_run(run) {
                *found.entry(run).or_default() += 1;
            }
        }
    }
    let mut by_length: BTreeMap<usize, Vec<Known>> = BTreeMap::new();
    for (run, times) in found {
        let letters: Vec<char> = run.chars().collect();
        by_length.entry(letters.len()).or_default().push(Known { letters, shown: run.to_owned(), times });
    }
    by_length
}

/// Two letters or more of scripts without spaces, and nothing else. Of two letters only the order can be wrong.
fn is_unspaced_run(run: &str) -> bool {
    run.chars().nth(1).is_some() && run.chars().all(|letter| is_unspaced(letter) || is_thai(letter))
}

fn same_letters(one: &[char], other: &[char]) -> bool {
    let sorted = |letters: &[char]| {
        let mut letters = letters.to_vec();
        letters.sort_unstable();
        letters
    };
    sorted(one) == sorted(other)
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
    use crate::sandbox::goods::{Lang, Shop};
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
    fn runs_without_spaces_become_the_name_they_are_most_like() {
        let lexicon = Lexicon::of_shop(&mut Analyzer::default());
        let name = |lang: Lang| {
            let names = Shop::product_types().iter().map(|kind| kind.name.get(lang));
            let fits = |name: &&str| super::is_unspaced_run(name) && (4..=7).contains(&name.chars().count());
            names.filter(fits).max_by_key(|name| name.chars().count()).unwrap().to_owned()
        };
        for lang in [Lang::Zh, Lang::Ja, Lang::Th, Lang::Ko] {
            let right = name(lang);
            let letters: Vec<char> = right.chars().collect();
            let wrong = |at: usize| {
                let mut letters = letters.clone();
                letters[at] = if lang == Lang::Th { 'ฮ' } else { '龘' };
                letters.into_iter().collect::<String>()
            };
            for at in [1, letters.len() - 1] {
                let forgiven = lexicon.forgiven(&wrong(at)).unwrap_or_else(|| panic!("{} of {right}", wrong(at)));
                assert_eq!(forgiven.chars().count().abs_diff(letters.len()), 0, "{forgiven}");
            }
            let short: String = letters[..letters.len() - 1].iter().collect();
            assert!(lexicon.forgiven(&short).is_some() || Shop::texts().iter().any(|text| text.get(lang) == short));
            assert_eq!(lexicon.forgiven(&right), None, "it is right");
        }
        assert_eq!(lexicon.forgiven("灯台").as_deref(), Some("台灯"));
        assert_eq!(lexicon.forgiven("龘靐"), None, "like nothing");
        assert_eq!(lexicon.forgiven("flower pot"), None);
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
