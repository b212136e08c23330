//! Text to search terms, the same way for goods and for questions. Which terms mean what is left to `question`.
//!
//! Words are cut by the Unicode segmenter (with its dictionaries for Chinese, Japanese and Thai), lower-cased, freed
//! of accents and, where there is a stemmer, stemmed. Long words of scripts without spaces are indexed by their pairs
//! of characters as well, because a question may be cut differently than a subject.

use std::collections::HashMap;
use std::sync::Arc;

use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed, options::WordBreakInvariantOptions};
use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, RawTokenizer, Stemmer, TextAnalyzer, Token, TokenStream, Tokenizer,
};

use crate::sandbox::goods::Lang;

/// The name under which the index knows `SubjectTokenizer`.
pub const SUBJECTS: &str = "subjects";

/// Words so common in listings that they tell nothing; left out on both sides.
const COMMON: [&str; 46] = [
    "a", "an", "and", "for", "of", "the", "with", "in", "to", "de", "la", "el", "los", "las", "le", "les", "du", "des",
    "et", "pour", "avec", "en", "y", "para", "con", "por", "com", "e", "do", "da", "dos", "das", "dan", "untuk",
    "dengan", "для", "с", "из", "и", "в", "cho", "và", "的", "の", "用", "と",
];

const STEMMERS: [(Lang, Language); 6] = [
    (Lang::En, Language::English),
    (Lang::Ru, Language::Russian),
    (Lang::Es, Language::Spanish),
    (Lang::Fr, Language::French),
    (Lang::Pt, Language::Portuguese),
    (Lang::Ar, Language::Arabic),
];

/// Cuts, folds and stems.
#[derive(Clone)]
pub struct Analyzer {
    segmenter: WordSegmenterBorrowed<'static>,
    fold: TextAnalyzer,
    stem: Vec<(Lang, TextAnalyzer)>,
}

impl Default for Analyzer {
    fn default() -> Analyzer {
        let raw = || TextAnalyzer::builder(RawTokenizer::default());
        Analyzer {
            // The dictionaries cut Thai as well as the neural model and many times faster.
            segmenter: WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()),
            fold: raw().filter(AsciiFoldingFilter).build(),
            stem: STEMMERS.iter().map(|(lang, how)| (*lang, raw().filter(Stemmer::new(*how)).build())).collect(),
        }
    }
}

impl Analyzer {
    /// The words of a text, lower-cased and folded but not stemmed; common words are dropped.
    pub fn words(&mut self, text: &str) -> Vec<String> {
        self.placed(text).into_iter().map(|(_, _, word)| word).collect()
    }

    /// The same words with the characters of the text that each begins and ends at.
    pub fn placed(&mut self, text: &str) -> Vec<(usize, usize, String)> {
        let (plain, origin) = plain(text);
        let mut words = Vec::new();
        let mut from = 0;
        let mut breaks = self.segmenter.segment_str(&plain);
        let mut cuts = Vec::new();
        while let Some(to) = breaks.next() {
            if breaks.is_word_like() {
                cuts.push(from..to);
            }
            from = to;
        }
        let place = |byte: usize| origin.get(byte).copied().unwrap_or(0);
        for cut in cuts {
            let Some(word) = plain.get(cut.clone()) else { continue };
            if !COMMON.contains(&word) {
                let end = cut.end.checked_sub(1).map_or(0, place) + 1;
                words.push((place(cut.start), end, through(&mut self.fold, word)));
            }
        }
        words
    }

    /// One word as a subject in `lang` has it in the index.
    pub fn term(&mut self, lang: Lang, word: &str) -> String {
        let stemmer = self.stem.iter_mut().find(|(of, _)| *of == lang);
        stemmer.map_or_else(|| word.to_owned(), |(_, stemmer)| through(stemmer, word))
    }

    /// All forms that a word of a question may have in the index, when its language is not known.
    pub fn forms(&mut self, word: &str) -> Vec<String> {
        let mut forms = vec![word.to_owned()];
        for (_, stemmer) in &mut self.stem {
            let form = through(stemmer, word);
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
        forms
    }

    /// The index terms of a subject: stemmed words, then the pairs of the long unspaced ones.
    pub fn subject(&mut self, lang: Lang, text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        for word in self.words(text) {
            terms.extend(pairs(&word));
            terms.push(self.term(lang, &word));
        }
        terms
    }
}

/// Neighbouring characters of a word of three or more characters in a script that is written without spaces.
pub fn pairs(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    if letters.len() < 3 || !letters.iter().all(|letter| is_unspaced(*letter)) {
        return Vec::new();
    }
    letters.windows(2).map(|pair| pair.iter().collect()).collect()
}

/// Han, kana and Hangul; Korean has spaces, but compounds are written with or without them.
pub fn is_unspaced(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

/// Lower case, full-width forms made plain, and marks taken off that are no letters of their own; with the character of
/// the text that each byte comes from.
fn plain(text: &str) -> (String, Vec<usize>) {
    let mut plain = String::with_capacity(text.len());
    let mut origin = Vec::with_capacity(text.len());
    for (at, letter) in text.chars().enumerate() {
        if matches!(letter, '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{652}' | '\u{640}' | '\u{200b}'..='\u{200f}') {
            continue;
        }
        let letter = match letter {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
            'ё' | 'Ё' => 'е',
            other => other,
        };
        plain.extend(letter.to_lowercase());
        origin.resize(plain.len(), at);
    }
    (plain, origin)
}

/// Runs one word through a filter chain.
fn through(analyzer: &mut TextAnalyzer, word: &str) -> String {
    let mut stream = analyzer.token_stream(word);
    if stream.advance() { stream.token().text.clone() } else { word.to_owned() }
}

/// The terms of one phrase, shared by all goods that use it.
type Shared = Arc<[Arc<str>]>;

/// How many phrases are remembered; a shop's vocabulary is finite, a stranger's may not be.
const REMEMBERED: usize = 200_000;

/// Feeds the index: takes the twelve subjects, one a line in the order of `Lang::ALL`, gives each term once.
#[derive(Clone, Default)]
pub struct SubjectTokenizer {
    analyzer: Analyzer,
    /// Subjects are made of few phrases in many combinations: each is cut once.
    known: HashMap<(Lang, Box<str>), Shared>,
}

impl SubjectTokenizer {
    /// The terms of a phrase without spaces. A space always ends a word, so nothing is lost by cutting there first.
    fn phrase(&mut self, lang: Lang, phrase: &str) -> Shared {
        let key = (lang, Box::from(phrase));
        if let Some(terms) = self.known.get(&key) {
            return Arc::clone(terms);
        }
        let terms: Shared = self.analyzer.subject(lang, phrase).into_iter().map(Arc::from).collect();
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(key, Arc::clone(&terms));
        terms
    }
}

/// The terms of one goods.
pub struct Terms {
    left: std::vec::IntoIter<Arc<str>>,
    token: Token,
}

impl Tokenizer for SubjectTokenizer {
    type TokenStream<'a> = Terms;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Terms {
        let mut terms = Vec::with_capacity(128);
        for (lang, subject) in Lang::ALL.into_iter().zip(text.lines()) {
            for phrase in subject.split_whitespace() {
                terms.extend(self.phrase(lang, phrase).iter().cloned());
            }
        }
        terms.sort_unstable();
        terms.dedup();
        Terms { left: terms.into_iter(), token: Token::default() }
    }
}

impl TokenStream for Terms {
    fn advance(&mut self) -> bool {
        let Some(term) = self.left.next() else {
            return false;
        };
        self.token.text.clear();
        self.token.text.push_str(&term);
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::{Analyzer, pairs};
    use crate::sandbox::goods::Lang;

    #[test]
    fn unspaced_scripts_are_cut_into_words() {
        let mut analyzer = Analyzer::default();
        assert_eq!(analyzer.words("陶瓷花盆 批发"), ["陶瓷", "花盆", "批发"]);
        assert!(analyzer.words("กระถางดอกไม้เซรามิก").len() >= 2);
        assert!(analyzer.words("セラミックの植木鉢").contains(&String::from("セラミック")));
    }

    #[test]
    fn accents_case_width_and_number_do_not_matter() {
        let mut analyzer = Analyzer::default();
        assert_eq!(analyzer.words("Chậu CÉRAMIQUE ＡＢＣ"), ["chau", "ceramique", "abc"]);
        assert_eq!(analyzer.words("chậu"), analyzer.words("cha\u{323}\u{302}u"));
        assert_eq!(analyzer.subject(Lang::En, "flower pots"), analyzer.subject(Lang::En, "Flower pot"));
        assert!(analyzer.forms("macetas").contains(&analyzer.term(Lang::Es, "maceta")));
    }

    #[test]
    fn long_unspaced_words_are_also_known_by_their_pairs() {
        assert_eq!(pairs("도자기화분").len(), 4);
        assert!(pairs("花盆").is_empty());
        assert!(pairs("pot").is_empty());
    }
}
