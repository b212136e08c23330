//! Which of a seller's goods fits a specification: the one whose name has most of its words, in any language.

use crate::sandbox::goods::{Goods, Lang};

/// The words of a text: pairs of characters where a script has no spaces.
pub(super) fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let mut words = Vec::new();
    for run in lower.split(|letter: char| !letter.is_alphanumeric()).filter(|run| !run.is_empty()) {
        let letters: Vec<char> = run.chars().collect();
        if run.is_ascii() || letters.len() < 2 {
            words.push(run.to_owned());
        } else {
            words.extend(letters.windows(2).map(|pair| pair.iter().collect::<String>()));
        }
    }
    words.sort_unstable();
    words.dedup();
    words.retain(|word| word.chars().count() > 1);
    words
}

/// How many of the words are found in what a goods is called, in any language.
pub(super) fn fitting(goods: &Goods, words: &[String]) -> usize {
    let subjects: Vec<String> = Lang::ALL.iter().map(|lang| goods.subject(*lang).to_lowercase()).collect();
    words.iter().filter(|word| subjects.iter().any(|subject| subject.contains(*word))).count()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_letters_between_spaces_or_pairs_of_characters() {
        assert_eq!(words("Red Mug, 350 ml a"), ["350", "ml", "mug", "red"]);
        assert_eq!(words("陶瓷马克杯"), ["克杯", "瓷马", "陶瓷", "马克"]);
    }
}
