//! Finds the place that an address in Latin letters is about: pinyin from the outside in (Guangdong Sheng Shenzhen Shi),
//! or English from the inside out (Yiwu, Zhejiang, China). Names are looked for wherever they stand; the place whose own
//! name and whose surroundings' names are said most wins, and what could as well be another is told as several.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::landed::address::{Found, MOST, Region};
use crate::landed::divisions::{DIVISIONS, Division};
use crate::model::region::{Level, RegionCode};

/// The most words that a name is written in: Xi Shuang Ban Na.
const MOST_WORDS: usize = 6;
/// Letters with marks, and what they are without.
const PLAIN: [(&str, char); 7] =
    [("āáǎàâ", 'a'), ("ēéěèê", 'e'), ("īíǐì", 'i'), ("ōóǒòô", 'o'), ("ūúǔù", 'u'), ("ǖǘǚǜü", 'v'), ("ńňǹ", 'n')];
/// What stands between parts of an address.
const BETWEEN: [char; 11] = [',', '，', '、', ';', '；', '/', '|', '(', ')', '\n', '·'];
/// A name before one of these, or before one of `TURNS` and one of these, is a street's, a village's or a house's.
const OF_STREETS: &str = "lu road rd street st jie dajie dadao avenue ave av boulevard blvd lane ln xiang hutong nong \
    highway expressway gonglu drive way town zhen township village cun subdistrict jiedao building bldg tower mansion plaza \
    garden gardens park hotel square dasha huayuan guangchang university daxue";
const TURNS: &str =
    "dong xi nan bei zhong east west north south middle central da er san si wu liu qi ba jiu 1st 2nd 3rd 1 2 3";
/// Words of the country's name.
const COUNTRY: &str = "china prc pr p r c cn zhongguo peoples people s republic of the mainland";

/// Words behind a name that say what kind of place it is.
const KINDS: [(&str, Kind); 24] = [
    ("province", Kind::Province),
    ("prov", Kind::Province),
    ("sheng", Kind::Province),
    ("zizhiqu", Kind::Province),
    ("autonomous region", Kind::Province),
    ("special administrative region", Kind::Province),
    ("sar", Kind::Province),
    ("city", Kind::City),
    ("shi", Kind::City),
    ("municipality", Kind::City),
    ("prefecture", Kind::Prefecture),
    ("zhou", Kind::Prefecture),
    ("diqu", Kind::Prefecture),
    ("meng", Kind::Prefecture),
    ("league", Kind::Prefecture),
    ("zizhizhou", Kind::Prefecture),
    ("new area", Kind::District),
    ("xinqu", Kind::District),
    ("district", Kind::District),
    ("dist", Kind::District),
    ("qu", Kind::District),
    ("county", Kind::County),
    ("xian", Kind::County),
    ("zizhixian", Kind::County),
];

/// What a word behind a name says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Province,
    /// Whatever is called 市, of any rank.
    City,
    Prefecture,
    District,
    County,
}

impl Kind {
    fn fits(self, division: &Division) -> bool {
        let (level, suffix) = (division.code.level(), division.suffix());
        match self {
            Self::Province => level == Level::Province,
            Self::City => suffix == "市",
            Self::Prefecture => level == Level::City && suffix != "市",
            Self::District => level == Level::District && suffix.ends_with('区'),
            Self::County => level == Level::District && !suffix.ends_with('区'),
        }
    }
}

/// A place that a spelling may mean; the second says that it counts only around another place.
type Meant = (RegionCode, bool);

/// A word of an address.
#[derive(Debug)]
struct Word {
    text: String,
    /// The part of the address it stands in.
    part: usize,
}

/// A place's name in an address.
#[derive(Debug)]
struct Mention {
    /// What it may mean.
    codes: Vec<Meant>,
    /// Its words, with what says its kind.
    words: std::ops::Range<usize>,
    /// It fills its part of the address, or says its kind: it can hardly be anything else.
    is_plain: bool,
}

/// Spellings, and the places they may mean.
static SPELLED: LazyLock<HashMap<&'static str, Vec<Meant>>> = LazyLock::new(|| {
    let mut spelled: HashMap<_, Vec<_>> = HashMap::new();
    for division in DIVISIONS.all() {
        for spelling in division.latin.split('|') {
            let (spelling, weak) = spelling.strip_prefix('~').map_or((spelling, false), |spelling| (spelling, true));
            spelled.entry(spelling).or_default().push((division.code, weak));
        }
    }
    spelled
});

/// The place an address is about.
pub(super) fn parse(address: &str) -> Found {
    let words = words(address);
    let mentions = mentions(&words);
    let mut codes: Vec<RegionCode> = Vec::new();
    for (code, weak) in mentions.iter().flat_map(|mention| &mention.codes) {
        if !weak && !codes.contains(code) {
            codes.push(*code);
        }
    }
    let scored: Vec<_> = codes.into_iter().map(|code| (said(code, &mentions), code)).collect();
    let most = scored.iter().map(|(score, _)| score.len()).max().unwrap_or(0);
    let plain = |used: &[usize]| used.iter().filter(|at| mentions.get(**at).is_some_and(|one| one.is_plain)).count();
    let best: Vec<_> = scored.into_iter().filter(|(used, _)| used.len() == most).collect();
    let plainest = best.iter().map(|(used, _)| plain(used)).max().unwrap_or(0);
    let best: Vec<_> = best.into_iter().filter(|(used, _)| plain(used) == plainest).collect();
    match best.as_slice() {
        [] => Found::Nowhere,
        [(used, code)] => match Region::of(*code) {
            Some(region) => Found::One(region, rest(address, &words, used, &mentions)),
            None => Found::Nowhere,
        },
        several => Found::Several(several.iter().filter_map(|(_, code)| Region::of(*code)).take(MOST).collect()),
    }
}

/// The words of an address, folded: no capitals, no marks, no apostrophes.
fn words(address: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let (mut part, mut open) = (0, false);
    for letter in address.chars().flat_map(char::to_lowercase) {
        let plain = PLAIN.iter().find(|(marked, _)| marked.contains(letter)).map_or(letter, |(_, plain)| *plain);
        match plain {
            '\'' | '’' | '‘' | '`' => {}
            letter if letter.is_ascii_alphanumeric() => {
                if !open {
                    words.push(Word { text: String::new(), part });
                }
                if let Some(word) = words.last_mut() {
                    word.text.push(letter);
                }
                open = true;
            }
            letter => {
                open = false;
                part += usize::from(BETWEEN.contains(&letter));
            }
        }
    }
    words
}

/// The names of places in an address, none inside another.
fn mentions(words: &[Word]) -> Vec<Mention> {
    let mut mentions = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match mention(words, at) {
            Named::Place(mention) => {
                at = mention.words.end;
                mentions.push(mention);
            }
            Named::Street(end) => at = end,
            Named::Nothing => at += 1,
        }
    }
    mentions
}

/// What begins at a word.
enum Named {
    Place(Mention),
    /// A street that is called like a place.
    Street(usize),
    Nothing,
}

fn mention(words: &[Word], at: usize) -> Named {
    let Some(part) = words.get(at).map(|word| word.part) else { return Named::Nothing };
    let in_part = words.iter().skip(at).take_while(|word| word.part == part).count();
    for count in (1..=in_part.min(MOST_WORDS)).rev() {
        let end = at + count;
        let name: String = words.get(at..end).unwrap_or_default().iter().map(|word| word.text.as_str()).collect();
        let Some((codes, joined)) = spelled(&name) else { continue };
        let behind = words.get(end..at + in_part).unwrap_or_default();
        if joined.is_none() && is_street(behind) {
            return Named::Street(end);
        }
        let kind = joined.map(|kind| (kind, 0)).or_else(|| kind_of(behind));
        let fitting = |kind: Kind| -> Vec<_> {
            let fits = |code: &RegionCode| DIVISIONS.find(*code).is_some_and(|division| kind.fits(division));
            codes.iter().filter(|(code, _)| fits(code)).copied().collect()
        };
        let (codes, more) = match kind {
            Some((kind, more)) if !fitting(kind).is_empty() => (fitting(kind), Some(more)),
            // Shaanxi Xian: what follows is a name itself.
            Some(_) if behind.first().is_some_and(|word| word.text == "xian") => bare(codes),
            None => bare(codes),
            Some(_) => (Vec::new(), None),
        };
        if !codes.is_empty() {
            let end = end + more.unwrap_or(0);
            let is_plain = more.is_some()
                || (end - at == in_part && (at == 0 || words.get(at - 1).is_none_or(|word| word.part != part)));
            return Named::Place(Mention { codes, words: at..end, is_plain });
        }
    }
    Named::Nothing
}

/// What a name means that says no kind.
fn bare(codes: &[Meant]) -> (Vec<Meant>, Option<usize>) {
    (codes.iter().filter(|(code, _)| !is_short(*code)).copied().collect(), None)
}

/// What a spelling may mean, also with its kind written to it: shenzhenshi.
fn spelled(name: &str) -> Option<(&'static [Meant], Option<Kind>)> {
    if let Some(codes) = SPELLED.get(name) {
        return Some((codes, None));
    }
    let with_kind = |(suffix, kind): &(&str, Kind)| {
        let codes = SPELLED.get(name.strip_suffix(suffix)?)?;
        Some((codes.as_slice(), Some(*kind)))
    };
    KINDS.iter().find_map(with_kind)
}

/// One letter alone is no name of a place.
fn is_short(code: RegionCode) -> bool {
    DIVISIONS.find(code).is_some_and(|division| division.short.chars().count() < 2)
}

fn is_street(behind: &[Word]) -> bool {
    let listed = |list: &str, at: usize| behind.get(at).is_some_and(|word| list.split(' ').any(|one| one == word.text));
    listed(OF_STREETS, 0) || (listed(TURNS, 0) && listed(OF_STREETS, 1))
}

/// The kind that the words behind a name say, and how many words that is. Before `autonomous` and `zizhi` peoples may be
/// named: Zhuang Autonomous Region.
fn kind_of(behind: &[Word]) -> Option<(Kind, usize)> {
    let is_name = |word: &Word| SPELLED.contains_key(word.text.as_str());
    let peoples = behind.iter().take(3).take_while(|word| !is_name(word));
    let before = peoples.take_while(|word| !is_autonomous(word)).count();
    let skipped = if behind.get(before).is_some_and(is_autonomous) { before } else { 0 };
    let of = |(said, kind): &(&str, Kind)| {
        // Written in one word or in several: zizhiqu, zi zhi qu.
        let mut left = said.replace(' ', "");
        let mut count = 0;
        while !left.is_empty() {
            left = left.strip_prefix(behind.get(skipped + count)?.text.as_str())?.to_owned();
            count += 1;
        }
        Some((*kind, skipped + count))
    };
    let found = KINDS.iter().filter_map(of).max_by_key(|(_, count)| *count);
    let autonomous = |word: &str| {
        behind
            .get(skipped)
            .zip(behind.get(skipped + 1))
            .filter(|(one, other)| one.text == "autonomous" && other.text == word)
    };
    found
        .or_else(|| autonomous("prefecture").map(|_| (Kind::Prefecture, skipped + 2)))
        .or_else(|| autonomous("county").map(|_| (Kind::County, skipped + 2)))
}

fn is_autonomous(word: &Word) -> bool {
    word.text == "autonomous" || word.text.starts_with("zizhi") || word.text == "zi"
}

/// Which mentions say a place and what it lies in, each saying one of them; its own first.
fn said(code: RegionCode, mentions: &[Mention]) -> Vec<usize> {
    let around = [code.province(), code.city()];
    let mut best = Vec::new();
    for (own, _) in mentions.iter().enumerate().filter(|(_, one)| one.codes.contains(&(code, false))) {
        let mut used = vec![own];
        for outer in around.iter().filter(|outer| outer.holds(code)) {
            let says = |one: &Mention| one.codes.iter().any(|(said, _)| said == outer);
            let found = mentions.iter().enumerate().find(|(at, one)| !used.contains(at) && says(one));
            used.extend(found.map(|(at, _)| at));
        }
        if used.len() > best.len() {
            best = used;
        }
    }
    best
}

/// The parts of an address without the names that were understood, and without the country's.
fn rest(address: &str, words: &[Word], used: &[usize], mentions: &[Mention]) -> String {
    let taken = |at: usize| used.iter().filter_map(|used| mentions.get(*used)).any(|one| one.words.contains(&at));
    let is_country = |text: &str| COUNTRY.split(' ').any(|word| word == text);
    let mut parts = Vec::new();
    for (part, text) in address.split(BETWEEN).enumerate() {
        let own = || words.iter().enumerate().filter(|(_, word)| word.part == part);
        if own().all(|(at, word)| taken(at) || is_country(&word.text)) {
            continue;
        }
        let mut left = Vec::new();
        let mut at = own().next().map_or(0, |(at, _)| at);
        for written in text.split_whitespace() {
            let count = self::words(written).len();
            if count == 0 || !(at..at + count).all(taken) {
                left.push(written);
            }
            at += count;
        }
        parts.push(left.join(" "));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::landed::address::{Found, parse};

    const TABLE: &str = include_str!("../../tests/documents/addresses.tsv");

    fn told(address: &str) -> (String, String) {
        match parse(address) {
            Found::One(region, rest) => (region.code.to_string(), rest),
            Found::Several(regions) => {
                let mut codes: Vec<_> = regions.iter().map(|region| region.code.to_string()).collect();
                codes.sort();
                (format!("? {}", codes.join(" ")), String::new())
            }
            Found::Nowhere => ("nowhere".to_owned(), String::new()),
        }
    }

    #[test]
    fn every_address_of_the_table_is_understood_as_it_says() {
        let rows: Vec<Vec<&str>> =
            TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect()).collect();
        assert!(rows.len() >= 60, "{}", rows.len());
        let mut wrong = Vec::new();
        for row in &rows {
            let (code, rest) = told(row[0]);
            if code != row[1] || row.get(2).is_some_and(|wanted| rest != *wanted) {
                wrong.push(format!("{row:?}: {code} {rest:?}"));
            }
        }
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_written_it_ends_with_an_answer(text in "[a-zA-Z ,.'üāXi Anhui Shi Qu 1-3路]{0,60}") {
            let _ = super::parse(&text);
        }
    }
}
