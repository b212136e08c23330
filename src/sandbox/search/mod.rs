//! Full-text search over all goods in all languages. Rendering what was found is left to the goods handlers.

mod analyze;
mod index;
mod pick;
mod question;
mod token;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::{IndexReader, ReloadPolicy, Term};

use super::goods::Shop;
use super::settings::{Error, Progress};
use super::shelf::Changed;
use analyze::Analyzer;
use index::Fields;
pub use pick::{Bounds, Sort};
use pick::{Pick, Picked};
use question::{Question, Strictness, Vocabulary, everything, narrowed};
use token::Token;

pub use index::lowest_fen;

/// A search as the contract has it, parsed.
#[derive(Clone, Debug, Hash)]
pub struct Wanted {
    /// Words in any language; empty to browse.
    pub keyword: String,
    /// Only this category and those below it.
    pub category_id: Option<i64>,
    /// Only this seller.
    pub seller_id: Option<i64>,
    /// Limits on numbers.
    pub bounds: Bounds,
    /// The order.
    pub sort: Sort,
}

/// One page of goods.
pub struct Page {
    /// All matches.
    pub total: u64,
    /// Indexes of the goods on this page, in order.
    pub goods: Vec<u32>,
    /// Where the next page begins, when there is one.
    pub next: Option<String>,
}

/// Why a search was not done.
#[derive(Debug)]
pub enum Failure {
    /// The page token is not one of ours, or belongs to another question.
    Token,
    /// The index failed.
    Index(tantivy::TantivyError),
}

/// The index, ready to be asked.
pub struct Search {
    reader: IndexReader,
    fields: Fields,
    vocabulary: Vocabulary,
    analyzer: Mutex<Analyzer>,
}

impl Search {
    /// Opens or builds the index; this takes a while and tells how far it is.
    pub fn open(
        shop: &Shop,
        seed: u64,
        folder: Option<&Path>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Search, Error> {
        let (index, fields) = index::open(shop, seed, folder, progress)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let mut analyzer = Analyzer::default();
        let vocabulary = Vocabulary::of_shop(&mut analyzer);
        Ok(Search { reader, fields, vocabulary, analyzer: Mutex::new(analyzer) })
    }

    /// Finds one page. All words must be found; when nothing is, one word is enough.
    pub fn page(
        &self,
        shop: &Shop,
        wanted: &Wanted,
        page_token: Option<&str>,
        size: usize,
        changed: &Arc<HashMap<u32, Changed>>,
    ) -> Result<Page, Failure> {
        let fingerprint = fingerprint(wanted);
        let token = match page_token {
            None => None,
            Some(text) => {
                let token = Token::read(text).filter(|token| token.question == fingerprint);
                Some(token.ok_or(Failure::Token)?)
            }
        };
        let question = {
            let mut analyzer = self.analyzer.lock().unwrap_or_else(PoisonError::into_inner);
            Question::new(&wanted.keyword, &self.fields, shop, &self.vocabulary, &mut analyzer)
        };
        let mut strictness = token.map_or(Strictness::All, |token| token.strictness);
        let mut found = self.pick(wanted, question.as_ref(), strictness, token, size, changed)?;
        if found.total == 0 && token.is_none() && question.is_some() {
            strictness = Strictness::Any;
            found = self.pick(wanted, question.as_ref(), strictness, token, size, changed)?;
        }
        Ok(paged(found, size, fingerprint, strictness))
    }

    fn pick(
        &self,
        wanted: &Wanted,
        question: Option<&Question>,
        strictness: Strictness,
        token: Option<Token>,
        size: usize,
        changed: &Arc<HashMap<u32, Changed>>,
    ) -> Result<Picked, Failure> {
        let query =
            question.map_or_else(everything, |question| question.query(strictness, &self.fields, &self.vocabulary));
        let limit =
            |field, id: Option<i64>| id.map(|id| Term::from_field_u64(field, u64::try_from(id).unwrap_or(u64::MAX)));
        let filters = [limit(self.fields.category, wanted.category_id), limit(self.fields.seller, wanted.seller_id)];
        let query = narrowed(query, filters.into_iter().flatten().collect());
        let pick = Pick {
            sort: wanted.sort,
            bounds: wanted.bounds.clone(),
            after: token.map(|token| token.after),
            // One more than asked for tells whether there is a next page.
            size: size + 1,
            changed: Arc::clone(changed),
        };
        self.reader.searcher().search(&query, &pick).map_err(Failure::Index)
    }
}

fn paged(found: Picked, size: usize, question: u64, strictness: Strictness) -> Page {
    let more = found.places.len() > size;
    let places = found.places.get(..size).unwrap_or(&found.places);
    let last = places.last().filter(|_| more);
    Page {
        total: found.total,
        goods: places.iter().filter_map(|place| u32::try_from(place.goods).ok()).collect(),
        next: last.map(|after| Token { question, strictness, after: *after }.write()),
    }
}

fn fingerprint(wanted: &Wanted) -> u64 {
    let mut hasher = DefaultHasher::new();
    wanted.hash(&mut hasher);
    hasher.finish()
}
