//! Where the words of a question stand in a text that is shown. Positions are Unicode characters.

use std::collections::HashSet;

use super::analyze::{Analyzer, is_unspaced};
use crate::sandbox::goods::Lang;

/// The places, in order, neighbours joined.
pub fn spans(analyzer: &mut Analyzer, keyword: &str, shown: &str, lang: Lang) -> Vec<(usize, usize)> {
    let words = analyzer.words(keyword);
    let forms: HashSet<String> = words.iter().flat_map(|word| analyzer.forms(word)).collect();
    if forms.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (from, to, word) in analyzer.placed(shown) {
        let hit = forms.contains(&word)
            || forms.contains(&analyzer.term(lang, &word))
            || words.iter().any(|asked| holds(asked, &word));
        if !hit {
            continue;
        }
        match found.last_mut() {
            Some((_, end)) if *end == from => *end = to,
            _ => found.push((from, to)),
        }
    }
    found
}

/// Words of scripts without spaces are cut differently here and there.
fn holds(asked: &str, shown: &str) -> bool {
    let unspaced = |text: &str| text.chars().count() >= 2 && text.chars().all(is_unspaced);
    unspaced(asked) && unspaced(shown) && (asked.contains(shown) || shown.contains(asked))
}

#[cfg(test)]
mod tests {
    use super::spans;
    use crate::sandbox::goods::Lang;
    use crate::sandbox::search::analyze::Analyzer;

    fn shown(keyword: &str, text: &str, lang: Lang) -> Vec<String> {
        let letters: Vec<char> = text.chars().collect();
        let places = spans(&mut Analyzer::default(), keyword, text, lang);
        places.into_iter().map(|(from, to)| letters[from..to].iter().collect()).collect()
    }

    #[test]
    fn words_are_found_in_other_forms_and_scripts() {
        assert_eq!(shown("FRYING pans", "Nordic frying pan, thick", Lang::En), ["frying", "pan"]);
        assert_eq!(shown("花盆", "陶瓷花盆 多肉盆", Lang::Zh), ["花盆"]);
        assert_eq!(shown("sarten", "Gran Sartén de hierro", Lang::Es), ["Sartén"]);
        assert_eq!(shown("сковороды", "Сковорода, крепкая", Lang::Ru), ["Сковорода"]);
        assert!(shown("花盆", "flower pot", Lang::En).is_empty());
        assert!(shown("", "flower pot", Lang::En).is_empty());
    }

    #[test]
    fn marks_that_are_folded_away_do_not_move_the_places() {
        assert_eq!(shown("noi", "X\u{301}x Nồi nấu canh", Lang::Vi), ["Nồi"]);
    }
}
