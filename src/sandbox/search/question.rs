//! What a searcher means: a keyword becomes a tantivy query. Filters by number and the order are left to `pick`.
//!
//! Scores are sums of constants, so that they do not move while goods change and pages stay where they are. A word
//! counts one; goods of the very type that the words name count up to ten more.

use std::collections::{HashMap, HashSet};

use tantivy::Term;
use tantivy::query::{AllQuery, BooleanQuery, ConstScoreQuery, Occur, Query, TermQuery};
use tantivy::schema::IndexRecordOption;

use super::analyze::{Analyzer, is_unspaced, pairs};
use super::index::{Fields, kind_of};
use crate::sandbox::goods::{Goods, Lang, Shop};

/// How much a goods gains at most for being of the type that was named.
const TYPE_WEIGHT: f32 = 10.0;
/// The share of a long word's character pairs that must be found when the word itself is unknown.
const PAIR_SHARE: f64 = 0.6;

/// Names of types and categories by their words, in all languages at once.
pub struct Vocabulary {
    types: Vec<Vec<HashSet<String>>>,
    types_by_word: HashMap<String, Vec<u64>>,
    types_by_head: HashMap<String, Vec<u64>>,
    categories_by_word: HashMap<String, Vec<u64>>,
}

/// Languages whose compounds end with what the thing is: a 马克杯 is a 杯, a 小皿 a 皿, a 머그컵 a 컵.
const HEADED: [Lang; 3] = [Lang::Zh, Lang::Ja, Lang::Ko];
/// Endings that make a word of a single character without changing what it means: 杯子 is a 杯.
const ENDINGS: [char; 2] = ['子', '儿'];

/// The last character of a name that is written without spaces, where it can stand for a word.
fn head(name: &str) -> Option<char> {
    name.chars().last().filter(|letter| is_syllable(*letter) && name.chars().nth(1).is_some())
}

/// A character that can be a whole word: Han or Hangul.
fn is_syllable(letter: char) -> bool {
    is_unspaced(letter) && !matches!(letter, '\u{3040}'..='\u{30ff}')
}

/// A word of two characters without the ending that its first one needs to stand alone.
fn without_ending(word: &str) -> Option<String> {
    let mut letters = word.chars();
    match (letters.next(), letters.next(), letters.next()) {
        (Some(first), Some(ending), None) if is_syllable(first) && ENDINGS.contains(&ending) => Some(first.to_string()),
        _ => None,
    }
}

/// Whether all words must be found or one is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Every word must be found.
    All,
    /// One word is enough; more is better.
    Any,
}

impl Vocabulary {
    /// Reads the names of everything the shop can sell.
    pub fn of_shop(analyzer: &mut Analyzer) -> Vocabulary {
        let mut types_by_word: HashMap<String, Vec<u64>> = HashMap::new();
        let mut types_by_head: HashMap<String, Vec<u64>> = HashMap::new();
        let mut types = Vec::new();
        for (number, kind) in (0u64..).zip(Shop::product_types()) {
            let names: Vec<HashSet<String>> =
                Lang::ALL.iter().map(|lang| name_terms(analyzer, *lang, kind.name.get(*lang))).collect();
            for word in names.iter().flatten() {
                let known = types_by_word.entry(word.clone()).or_default();
                if known.last() != Some(&number) {
                    known.push(number);
                }
            }
            for head in HEADED.iter().filter_map(|lang| head(kind.name.get(*lang))) {
                types_by_head.entry(head.to_string()).or_default().push(number);
            }
            types.push(names);
        }
        let mut categories_by_word: HashMap<String, Vec<u64>> = HashMap::new();
        for category in Shop::categories() {
            let words: HashSet<String> =
                Lang::ALL.iter().flat_map(|lang| name_terms(analyzer, *lang, category.name.get(*lang))).collect();
            for word in words {
                categories_by_word.entry(word).or_default().push(u64::try_from(category.id).unwrap_or(0));
            }
        }
        Vocabulary { types, types_by_word, types_by_head, categories_by_word }
    }

    /// Types whose name shares words with the question, with how alike they are (1.0: the very name).
    fn likeness(&self, words: &[Vec<String>]) -> Vec<(u64, f32)> {
        let candidates: HashSet<u64> =
            words.iter().flatten().filter_map(|form| self.types_by_word.get(form)).flatten().copied().collect();
        let mut found: Vec<(u64, f32)> = candidates
            .into_iter()
            .filter_map(|number| Some((number, alike(words, self.types.get(usize::try_from(number).ok()?)?))))
            .collect();
        found.sort_unstable_by_key(|(number, _)| *number);
        found
    }
}

/// The best agreement of the question with one of a type's names: shared words over all words.
fn alike(words: &[Vec<String>], names: &[HashSet<String>]) -> f32 {
    let share = |name: &HashSet<String>| {
        let hit = words.iter().filter(|forms| forms.iter().any(|form| name.contains(form))).count();
        let all = name.len() + words.len() - hit.min(words.len());
        // Counts of words: far below the precision of a float.
        if all == 0 { 0.0 } else { hit.min(name.len()) as f32 / all as f32 }
    };
    names.iter().map(share).fold(0.0, f32::max)
}

fn name_terms(analyzer: &mut Analyzer, lang: Lang, name: &str) -> HashSet<String> {
    analyzer.words(name).iter().map(|word| analyzer.term(lang, word)).collect()
}

/// A keyword, cut and looked up; becomes a query as strict as wanted.
pub struct Question {
    words: Vec<Vec<String>>,
    likeness: Vec<(u64, f32)>,
    number: Option<(Term, Term)>,
}

impl Question {
    /// Understands a keyword; `None` when there is nothing in it to search for.
    pub fn new(
        keyword: &str,
        fields: &Fields,
        shop: &Shop,
        vocabulary: &Vocabulary,
        analyzer: &mut Analyzer,
    ) -> Option<Question> {
        let mut words: Vec<Vec<String>> = Vec::new();
        for word in analyzer.words(keyword).iter().take(16) {
            let mut forms = analyzer.forms(word);
            forms.extend(without_ending(word));
            if !words.contains(&forms) {
                words.push(forms);
            }
        }
        if words.is_empty() {
            return None;
        }
        let number = keyword.trim().parse::<i64>().ok().map(|id| {
            let goods = shop.index_of(id).map_or(u64::MAX, u64::from);
            (
                Term::from_field_u64(fields.goods, goods),
                Term::from_field_u64(fields.seller, u64::try_from(id).unwrap_or(u64::MAX)),
            )
        });
        let likeness = vocabulary.likeness(&words);
        Some(Question { words, likeness, number })
    }

    /// The query over the index.
    pub fn query(&self, strictness: Strictness, fields: &Fields, vocabulary: &Vocabulary) -> Box<dyn Query> {
        let occur = if strictness == Strictness::All { Occur::Must } else { Occur::Should };
        let words: Vec<(Occur, Box<dyn Query>)> =
            self.words.iter().map(|forms| (occur, word(forms, fields, vocabulary))).collect();
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = vec![(Occur::Must, Box::new(BooleanQuery::new(words)))];
        for (number, likeness) in &self.likeness {
            let kind = any(vec![term(Term::from_field_u64(fields.kind, *number))]);
            clauses.push((Occur::Should, Box::new(ConstScoreQuery::new(kind, TYPE_WEIGHT * likeness))));
        }
        let by_words: Box<dyn Query> = Box::new(BooleanQuery::new(clauses));
        match &self.number {
            None => by_words,
            Some((goods, seller)) => any(vec![by_words, term(goods.clone()), term(seller.clone())]),
        }
    }
}

/// One word: in a subject in any form, or in the name of the type or category, or what the type is at all; unknown long
/// words by their pairs.
fn word(forms: &[String], fields: &Fields, vocabulary: &Vocabulary) -> Box<dyn Query> {
    let mut ways: Vec<Box<dyn Query>> = Vec::new();
    for form in forms {
        ways.push(term(Term::from_field_text(fields.words, form)));
        let named = vocabulary.types_by_word.get(form).into_iter().flatten();
        for kind in named.chain(vocabulary.types_by_head.get(form).into_iter().flatten()) {
            ways.push(term(Term::from_field_u64(fields.kind, *kind)));
        }
        for category in vocabulary.categories_by_word.get(form).into_iter().flatten() {
            ways.push(term(Term::from_field_u64(fields.category, *category)));
        }
        let pairs: Vec<Box<dyn Query>> =
            pairs(form).iter().map(|pair| term(Term::from_field_text(fields.words, pair))).collect();
        if !pairs.is_empty() {
            let wanted = (pairs.len() as f64 * PAIR_SHARE).ceil() as usize;
            ways.push(Box::new(BooleanQuery::union_with_minimum_required_clauses(pairs, wanted)));
        }
    }
    Box::new(ConstScoreQuery::new(any(ways), 1.0))
}

/// Goods of the same type or leaf category, best with the same words, without the goods itself.
pub fn alike_goods(fields: &Fields, goods: &Goods, own: u32, words: &[String]) -> Box<dyn Query> {
    let leaf = term(Term::from_field_u64(fields.category, u64::try_from(goods.category_id).unwrap_or(0)));
    let kind = term(Term::from_field_u64(fields.kind, kind_of(goods)));
    let mut clauses: Vec<(Occur, Box<dyn Query>)> = vec![
        (Occur::Must, Box::new(ConstScoreQuery::new(leaf, 0.0))),
        (Occur::Should, Box::new(ConstScoreQuery::new(kind, TYPE_WEIGHT))),
        (Occur::MustNot, term(Term::from_field_u64(fields.goods, u64::from(own)))),
    ];
    let mut known = HashSet::new();
    for word in words.iter().filter(|word| known.insert(*word)) {
        let found = term(Term::from_field_text(fields.words, word));
        clauses.push((Occur::Should, Box::new(ConstScoreQuery::new(found, 1.0))));
    }
    Box::new(BooleanQuery::new(clauses))
}

/// Goods that match one of each group of filters, adding nothing to the score.
pub fn narrowed(query: Box<dyn Query>, filters: Vec<Vec<Term>>) -> Box<dyn Query> {
    if filters.is_empty() {
        return query;
    }
    let mut clauses = vec![(Occur::Must, query)];
    for filter in filters {
        let one_of = any(filter.into_iter().map(term).collect());
        clauses.push((Occur::Must, Box::new(ConstScoreQuery::new(one_of, 0.0))));
    }
    Box::new(BooleanQuery::new(clauses))
}

/// Everything, all alike.
pub fn everything() -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(Box::new(AllQuery), 0.0))
}

fn any(ways: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    Box::new(BooleanQuery::union(ways))
}

fn term(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}
