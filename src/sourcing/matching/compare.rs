//! How like an offer is to what a partner sells: words, properties and pictures, each a number and a sentence, and all
//! together a confidence. Pure.

use std::collections::BTreeSet;

use super::terms::{Evidence, Reason};
use crate::model::offer::{Attribute, Offer, Text};

/// Words that say nothing about the goods.
const EMPTY_WORDS: &[&str] = &[
    "a", "an", "and", "by", "de", "der", "die", "des", "el", "for", "from", "in", "la", "le", "new", "of", "on", "or",
    "para", "per", "pour", "pro", "the", "to", "und", "with",
];
/// So many missing properties are named at most.
const MOST_NAMED: usize = 4;

/// The words of a text: between spaces, or pairs of characters where a script has none.
pub(super) fn words(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    let mut words = BTreeSet::new();
    for run in lower.split(|letter: char| !letter.is_alphanumeric()).filter(|run| !run.is_empty()) {
        for piece in split_scripts(run) {
            let letters: Vec<char> = piece.chars().collect();
            if has_spaces(piece) {
                words.extend(Some(singular(piece)).filter(|word| !EMPTY_WORDS.contains(&word.as_str())));
            } else if letters.len() == 1 {
                words.insert(piece.to_owned());
            } else {
                words.extend(letters.windows(2).map(|pair| pair.iter().collect::<String>()));
            }
        }
    }
    words
}

/// Whether a run of letters is of a script that puts spaces between words.
fn has_spaces(run: &str) -> bool {
    run.chars().next().is_some_and(is_spaced)
}

fn is_spaced(letter: char) -> bool {
    !matches!(u32::from(letter), 0x0E00..=0x0EFF | 0x2E80..=0x9FFF | 0xF900..=0xFAFF | 0xAC00..=0xD7AF | 0x20000..)
}

/// A run cut where its script changes: `350ml杯` is a measure and a cup.
fn split_scripts(run: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut before = None;
    for (at, letter) in run.char_indices() {
        let spaced = is_spaced(letter);
        if before.is_some_and(|before| before != spaced) {
            pieces.extend(run.get(from..at));
            from = at;
        }
        before = Some(spaced);
    }
    pieces.extend(run.get(from..));
    pieces
}

/// English plurals as their singular, roughly; what has a digit stays.
fn singular(word: &str) -> String {
    let plural = word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") && word.is_ascii();
    let plain = word.bytes().all(|letter| letter.is_ascii_lowercase());
    if plural && plain { word.trim_end_matches('s').to_owned() } else { word.to_owned() }
}

fn both(text: &Text) -> BTreeSet<String> {
    words(&text.shown).union(&words(&text.original)).cloned().collect()
}

fn share(part: usize, whole: usize) -> u32 {
    u32::try_from(part * 1000 / whole.max(1)).unwrap_or(0)
}

/// How many of a title's words an offer's title has.
pub(super) fn by_words(title: &BTreeSet<String>, offered: &Text) -> Option<Reason> {
    if title.is_empty() {
        return None;
    }
    let offered = both(offered);
    let found = title.intersection(&offered).count();
    let says = format!("{found} of the {} words of the title are in the offer's.", title.len());
    Some(Reason { by: Evidence::Words, score: share(found, title.len()), says })
}

/// How like the pictures are, as the catalogue sees it.
pub(super) fn by_picture(likeness: Option<u32>) -> Option<Reason> {
    let score = likeness?.min(1000);
    let says = format!("The pictures are alike by {} %.", score / 10);
    Some(Reason { by: Evidence::Picture, score, says })
}

/// The words of everything that an offer says about its properties and its variants'.
pub(super) fn properties(offer: &Offer) -> BTreeSet<String> {
    let of_skus = offer.skus.iter().flat_map(|sku| &sku.attributes);
    offer.attributes.iter().chain(of_skus).flat_map(|attribute: &Attribute| both(&attribute.value)).collect()
}

/// What a title says about properties: measures, and words that any of the candidates uses for a property.
pub(super) fn facts(title: &BTreeSet<String>, known: &BTreeSet<String>) -> BTreeSet<String> {
    let is_measure = |word: &String| word.bytes().any(|letter| letter.is_ascii_digit());
    title.iter().filter(|word| is_measure(word) || known.contains(*word)).cloned().collect()
}

/// How many of the properties that a title speaks of an offer has.
pub(super) fn by_facts(facts: &BTreeSet<String>, offer: &Offer) -> Option<Reason> {
    if facts.is_empty() {
        return None;
    }
    let has: BTreeSet<String> = properties(offer).union(&both(&offer.summary.title)).cloned().collect();
    let (found, missing): (Vec<_>, Vec<_>) = facts.iter().partition(|fact| has.contains(*fact));
    Some(attributes(found.iter().map(|fact| fact.as_str()), missing.iter().map(|fact| fact.as_str())))
}

/// How many of an offer's properties another offer has with the same value.
pub(super) fn by_attributes(own: &Offer, other: &Offer) -> Option<Reason> {
    if own.attributes.is_empty() {
        return None;
    }
    let has = |one: &&Attribute| {
        let mut theirs = other.attributes.iter();
        theirs.any(|two| two.name.original == one.name.original && two.value.original == one.value.original)
    };
    let (found, missing): (Vec<_>, Vec<_>) = own.attributes.iter().partition(has);
    let name = |one: &&&Attribute| one.value.shown.clone();
    let (found, missing): (Vec<_>, Vec<_>) =
        (found.iter().map(|one| name(&one)).collect(), missing.iter().map(|one| name(&one)).collect());
    Some(attributes(found.iter().map(String::as_str), missing.iter().map(String::as_str)))
}

fn attributes<'a>(found: impl Iterator<Item = &'a str>, missing: impl Iterator<Item = &'a str>) -> Reason {
    let (found, missing): (Vec<_>, Vec<_>) = (found.collect(), missing.collect());
    let all = found.len() + missing.len();
    let list = |some: &[&str]| some.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
    let mut says = format!("{} of {all} properties agree", found.len());
    if !found.is_empty() {
        says = format!("{says}: {}", list(&found));
    }
    if !missing.is_empty() {
        says = format!("{says}; not found: {}", list(&missing));
    }
    says.push('.');
    Reason { by: Evidence::Attributes, score: share(found.len(), all), says }
}

/// All evidence together, each as much as it weighs.
pub(super) fn confidence(reasons: &[Reason]) -> u32 {
    let weights: u32 = reasons.iter().map(|reason| reason.by.weight()).sum();
    let sum: u32 = reasons.iter().map(|reason| reason.by.weight() * reason.score).sum();
    sum.checked_div(weights).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{by_picture, by_words, confidence, facts, words};
    use crate::model::offer::{Origin, Text};
    use crate::sourcing::matching::terms::Evidence;

    fn text(shown: &str, original: &str) -> Text {
        Text { shown: shown.into(), original: original.into(), origin: Origin::Catalogue }
    }

    #[test]
    fn words_are_between_spaces_or_pairs_of_characters() {
        let read = |text: &str| words(text).into_iter().collect::<Vec<_>>();
        assert_eq!(read("The Ceramic Mugs, 350ml"), ["350ml", "ceramic", "mug"]);
        assert_eq!(read("350ml陶瓷杯"), ["350ml", "瓷杯", "陶瓷"]);
        assert_eq!(read("glass"), ["glass"], "not every s is a plural");
        assert!(read(" - ").is_empty());
    }

    #[test]
    fn the_words_found_are_a_number_and_said() {
        let title = words("white ceramic mug 350ml");
        let reason = by_words(&title, &text("Ceramic mug with handle", "陶瓷杯")).unwrap();
        assert_eq!((reason.score, reason.says.as_str()), (500, "2 of the 4 words of the title are in the offer's."));
        assert!(by_words(&words(""), &text("x", "x")).is_none(), "no title, no evidence");
        let chinese = by_words(&words("陶瓷杯"), &text("mug", "白色陶瓷杯")).unwrap();
        assert_eq!(chinese.score, 1000, "the original counts, too");
    }

    #[test]
    fn confidence_weighs_what_there_is() {
        let picture = by_picture(Some(900)).unwrap();
        let words = by_words(&words("mug cup"), &text("mug", "杯")).unwrap();
        assert_eq!(confidence(std::slice::from_ref(&words)), 500);
        assert_eq!(confidence(&[picture.clone(), words]), (5 * 900 + 3 * 500) / 8);
        assert_eq!((picture.by, confidence(&[])), (Evidence::Picture, 0));
        assert!(by_picture(None).is_none());
    }

    #[test]
    fn a_title_speaks_of_measures_and_of_what_others_call_a_property() {
        let known = words("ceramic white");
        let found: Vec<_> = facts(&words("white mug 350ml gift"), &known).into_iter().collect();
        assert_eq!(found, ["350ml", "white"]);
    }
}
