//! Full-text search over all goods in all languages. Rendering what was found is left to the goods handlers.

mod analyze;
mod entries;
mod facets;
mod highlight;
mod index;
mod pick;
mod properties;
mod question;
mod sales;
mod spelling;
mod token;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::{IndexReader, ReloadPolicy, Term};

use super::goods::{Goods, Lang, Shop};
use super::settings::{Error, Progress};
use super::shelf::{Changed, Entry};
use analyze::Analyzer;
use entries::ByState;
pub use entries::States;
pub use facets::{BADGES, FACTORY, FREE_RETURN, Facets, ONE_PIECE, PRICE_STEPS, SHIPS, Spans, mark_of};
use index::Fields;
pub use index::lowest_fen;
pub use pick::{Bounds, Sort};
use pick::{Pick, Picked};
pub use properties::{all as all_properties, read as read_properties};
use question::{Question, Strictness, Vocabulary, alike_goods, everything, narrowed};
use sales::ByType;
pub use sales::Sales;
use spelling::Lexicon;
use token::{Place, Token};

const DAY: i64 = 86_400;

/// A search as the contract has it, parsed.
#[derive(Clone, Debug, Hash)]
pub struct Wanted {
    /// Words in any language; empty to browse.
    pub keyword: String,
    /// Only this category and those below it.
    pub category_id: Option<i64>,
    /// Only this seller.
    pub seller_id: Option<i64>,
    /// Nothing that may not be sold to this country.
    pub dest_country: Option<String>,
    /// One of each group of properties.
    pub properties: Vec<Vec<u64>>,
    /// Limits on numbers.
    pub bounds: Bounds,
    /// The order.
    pub sort: Sort,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted {
            keyword: String::new(),
            category_id: None,
            seller_id: None,
            dest_country: None,
            properties: Vec::new(),
            bounds: Bounds::default(),
            sort: Sort::Default,
        }
    }
}

/// What may differ from page to page of one question.
pub struct Asking<'a> {
    /// Where the page before ended.
    pub page_token: Option<&'a str>,
    /// How many at most.
    pub size: usize,
    /// What changed since the index was built.
    pub changed: Arc<HashMap<u32, Changed>>,
    /// How goods were entered before anybody did anything.
    pub entry: Entry,
    /// Whether matches are counted by what they are.
    pub counts: bool,
    /// The present, unix seconds.
    pub now_s: i64,
}

/// One page of goods.
pub struct Page {
    /// All matches.
    pub total: u64,
    /// Indexes of the goods on this page, in order.
    pub goods: Vec<u32>,
    /// Where the next page begins, when there is one.
    pub next: Option<String>,
    /// The keyword as it was understood, when that is not as it was written.
    pub corrected: Option<String>,
    /// All matches by what they are, when that was wanted.
    pub facets: Facets,
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
    lexicon: Lexicon,
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
        let lexicon = Lexicon::of_shop(&mut analyzer);
        Ok(Search { reader, fields, vocabulary, lexicon, analyzer: Mutex::new(analyzer) })
    }

    /// Finds one page. All words must be found; when nothing is, one word is enough. A word that nobody knows is taken
    /// for the one that it is most like.
    pub fn page(&self, shop: &Shop, wanted: &Wanted, asking: &Asking<'_>) -> Result<Page, Failure> {
        let fingerprint = fingerprint(wanted);
        let token = match asking.page_token {
            None => None,
            Some(text) => {
                let token = Token::read(text).filter(|token| token.question == fingerprint);
                Some(token.ok_or(Failure::Token)?)
            }
        };
        let mut corrected = self.corrected(&wanted.keyword);
        let mut question = self.understood(shop, corrected.as_deref().unwrap_or(&wanted.keyword));
        let mut strictness = token.map_or(Strictness::All, |token| token.strictness);
        let mut found = self.pick(shop, wanted, question.as_ref(), strictness, token, asking)?;
        if found.total == 0 && strictness == Strictness::All {
            // The same on every page: a total counts all pages.
            let forgiven = self.lexicon.forgiven(corrected.as_deref().unwrap_or(&wanted.keyword));
            if let Some(forgiven) = forgiven {
                let understood = self.understood(shop, &forgiven);
                let again = self.pick(shop, wanted, understood.as_ref(), strictness, token, asking)?;
                if again.total > 0 {
                    (found, question, corrected) = (again, understood, Some(forgiven));
                }
            }
        }
        if found.total == 0 && token.is_none() && question.is_some() {
            strictness = Strictness::Any;
            found = self.pick(shop, wanted, question.as_ref(), strictness, token, asking)?;
        }
        let page = paged(found, asking.size, fingerprint, strictness);
        Ok(Page { corrected, ..page })
    }

    /// Goods that are most like one: of its type and words, from anyone.
    pub fn related(
        &self,
        shop: &Shop,
        goods: &Goods,
        wanted: &Wanted,
        asking: &Asking<'_>,
    ) -> Result<Vec<u32>, Failure> {
        let words = self.analyzer().subject(Lang::Zh, &goods.subject(Lang::Zh));
        let Some(own) = shop.index_of(goods.id) else { return Ok(Vec::new()) };
        let query = alike_goods(&self.fields, goods, own, &words);
        let found = self.searched(shop, query, wanted, None, asking)?;
        let places = found.places.iter().take(asking.size);
        Ok(places.filter_map(|place| u32::try_from(place.goods).ok()).collect())
    }

    /// How each type of goods sells among what matches; types by their place in the table, the best sold first.
    pub fn types_by_sales(
        &self,
        shop: &Shop,
        wanted: &Wanted,
        asking: &Asking<'_>,
    ) -> Result<Vec<(usize, Sales)>, Failure> {
        let question = self.understood(shop, &wanted.keyword);
        let query = question
            .map_or_else(everything, |question| question.query(Strictness::All, &self.fields, &self.vocabulary));
        let by_type = ByType { changed: Arc::clone(&asking.changed), entry: asking.entry };
        let sums = self.reader.searcher().search(&self.narrowed(query, wanted), &by_type).map_err(Failure::Index)?;
        let types = sums.into_iter().filter_map(|(kind, sales)| Some((usize::try_from(kind).ok()?, sales)));
        let mut types: Vec<_> = types.collect();
        types.sort_by_key(|(kind, sales)| (std::cmp::Reverse(sales.month), *kind));
        Ok(types)
    }

    /// Where a keyword, as it was understood, is found in a text that is shown: characters from and to.
    pub fn highlights(&self, keyword: &str, shown: &str, lang: Lang) -> Vec<(usize, usize)> {
        highlight::spans(&mut self.analyzer(), keyword, shown, lang)
    }

    fn analyzer(&self) -> std::sync::MutexGuard<'_, Analyzer> {
        self.analyzer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn understood(&self, shop: &Shop, keyword: &str) -> Option<Question> {
        Question::new(keyword, &self.fields, shop, &self.vocabulary, &mut self.analyzer())
    }

    /// The keyword with its unknown words replaced; `None` when all are known or like nothing.
    fn corrected(&self, keyword: &str) -> Option<String> {
        let searcher = self.reader.searcher();
        let mut analyzer = self.analyzer();
        let in_index = |term: &str| {
            searcher.doc_freq(&Term::from_field_text(self.fields.words, term)).is_ok_and(|goods| goods > 0)
        };
        self.lexicon.corrected(&mut analyzer, keyword, in_index)
    }

    fn pick(
        &self,
        shop: &Shop,
        wanted: &Wanted,
        question: Option<&Question>,
        strictness: Strictness,
        token: Option<Token>,
        asking: &Asking<'_>,
    ) -> Result<Picked, Failure> {
        let query =
            question.map_or_else(everything, |question| question.query(strictness, &self.fields, &self.vocabulary));
        self.searched(shop, query, wanted, token.map(|token| token.after), asking)
    }

    fn narrowed(&self, query: Box<dyn tantivy::query::Query>, wanted: &Wanted) -> Box<dyn tantivy::query::Query> {
        let limit =
            |field, id: Option<i64>| id.map(|id| Term::from_field_u64(field, u64::try_from(id).unwrap_or(u64::MAX)));
        let filters = [limit(self.fields.category, wanted.category_id), limit(self.fields.seller, wanted.seller_id)];
        let property = |number: &u64| Term::from_field_u64(self.fields.property, *number);
        let one_of = |group: &Vec<u64>| group.iter().map(property).collect::<Vec<_>>();
        let groups = filters.into_iter().flatten().map(|term| vec![term]).chain(wanted.properties.iter().map(one_of));
        narrowed(query, groups.collect())
    }

    /// How many goods are in which state of cross-border trade.
    pub fn states(&self, asking: &Asking<'_>) -> Result<States, Failure> {
        let by_state = ByState { changed: Arc::clone(&asking.changed), entry: asking.entry };
        self.reader.searcher().search(&everything(), &by_state).map_err(Failure::Index)
    }

    fn searched(
        &self,
        shop: &Shop,
        query: Box<dyn tantivy::query::Query>,
        wanted: &Wanted,
        after: Option<Place>,
        asking: &Asking<'_>,
    ) -> Result<Picked, Failure> {
        let query = self.narrowed(query, wanted);
        let pick = Pick {
            sort: wanted.sort,
            bounds: wanted.bounds.clone(),
            after,
            // One more than asked for tells whether there is a next page.
            size: asking.size + 1,
            changed: Arc::clone(&asking.changed),
            entry: asking.entry,
            dest: wanted.dest_country.clone(),
            spans: spans(&wanted.bounds, asking.now_s - shop.calendar()),
            counts: asking.counts,
        };
        self.reader.searcher().search(&query, &pick).map_err(Failure::Index)
    }
}

fn spans(bounds: &Bounds, now_s: i64) -> Spans {
    let since = |days: i64| u64::try_from(now_s.saturating_sub(days.saturating_mul(DAY))).unwrap_or(0);
    Spans { asked: bounds.listed_within_days.map(since), week: since(7), month: since(30) }
}

fn paged(found: Picked, size: usize, question: u64, strictness: Strictness) -> Page {
    let more = found.places.len() > size;
    let places = found.places.get(..size).unwrap_or(&found.places);
    let last = places.last().filter(|_| more);
    Page {
        total: found.total,
        goods: places.iter().filter_map(|place| u32::try_from(place.goods).ok()).collect(),
        next: last.map(|after| Token { question, strictness, after: *after }.write()),
        corrected: None,
        facets: found.facets,
    }
}

fn fingerprint(wanted: &Wanted) -> u64 {
    let mut hasher = DefaultHasher::new();
    wanted.hash(&mut hasher);
    hasher.finish()
}
