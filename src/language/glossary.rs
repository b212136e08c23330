//! Words of the trade with one meaning, authored in twelve languages: units, colours, sizes, materials, names of
//! properties. A text is found whole, or as several of them divided by a sign.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::language::Language;

const FILE: &str = include_str!("glossary.tsv");
/// What divides words in a text; kept as it is.
const SIGNS: &[char] = &['/', '、', ',', '，', '+', '＋', '·', ' '];

type Row = HashMap<&'static str, &'static str>;

static ROWS: LazyLock<HashMap<&'static str, Row>> = LazyLock::new(|| rows(FILE));

fn rows(text: &'static str) -> HashMap<&'static str, Row> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let header: Vec<_> = lines.next().unwrap_or("").split('\t').collect();
    let row = |line: &'static str| -> Option<(&'static str, Row)> {
        let row: Row = header.iter().copied().zip(line.split('\t').map(str::trim)).collect();
        Some((*row.get("zh")?, row))
    };
    lines.filter_map(row).collect()
}

/// A Chinese text in a language, when all of it is in the glossary.
pub(super) fn find(language: Language, text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(words) = word(language, text) {
        return Some(words.to_owned());
    }
    let (mut told, mut from, mut is_chinese) = (String::with_capacity(text.len()), 0, false);
    for (at, sign) in text.char_indices().filter(|(_, letter)| SIGNS.contains(letter)) {
        is_chinese |= add(language, text.get(from..at)?, &mut told)?;
        told.push_str(plain(sign));
        from = at + sign.len_utf8();
    }
    is_chinese |= add(language, text.get(from..)?, &mut told)?;
    (is_chinese && from > 0).then_some(told)
}

fn word(language: Language, text: &str) -> Option<&'static str> {
    ROWS.get(text)?.get(language.tag()).copied()
}

/// Adds a part; what is not Chinese stays as it is. Tells whether it was Chinese.
fn add(language: Language, part: &str, told: &mut String) -> Option<bool> {
    let words = word(language, part);
    told.push_str(words.or_else(|| part.is_ascii().then_some(part))?);
    Some(words.is_some())
}

fn plain(sign: char) -> &'static str {
    match sign {
        '/' => "/",
        '、' | ',' | '，' => ", ",
        '+' | '＋' => " + ",
        '·' => " · ",
        _ => " ",
    }
}

#[cfg(test)]
mod tests {
    use super::{FILE, find};
    use crate::model::language::Language;
    use std::collections::HashSet;

    #[test]
    fn every_row_speaks_twelve_languages_once() {
        let mut lines = FILE.lines().filter(|line| !line.starts_with('#'));
        let header: Vec<_> = lines.next().unwrap().split('\t').collect();
        assert_eq!(header[1..], Language::ALL.iter().map(|language| language.tag()).collect::<Vec<_>>());
        let mut known = HashSet::new();
        for line in lines {
            let cells: Vec<_> = line.split('\t').collect();
            assert_eq!(cells.len(), header.len(), "{line}");
            assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{line}");
            assert!(known.insert(cells[1]), "{line} is there twice");
        }
        assert!(known.len() > 150, "{}", known.len());
    }

    #[test]
    fn texts_are_found_whole_or_part_by_part_or_not_at_all() {
        let english = |text: &str| find(Language::English, text);
        assert_eq!(english("陶瓷").as_deref(), Some("ceramic"));
        assert_eq!(find(Language::Japanese, "陶瓷").as_deref(), Some("陶磁器"));
        assert_eq!(english("红色/XL").as_deref(), Some("red/XL"));
        assert_eq!(english("陶瓷、塑料").as_deref(), Some("ceramic, plastic"));
        assert_eq!(english("大号 20cm").as_deref(), Some("large 20cm"));
        assert_eq!(
            (english("陶瓷花盆"), english("陶瓷/不知"), english("XL/20cm"), english("")),
            (None, None, None, None)
        );
    }
}
