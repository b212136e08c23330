//! Page numbers over cursors: this protocol asks for page 7, the catalogue goes on from a mark. Where each page begins is
//! remembered, so that whoever turns pages one after the other asks once a page.

use std::hash::{BuildHasher, Hash, RandomState};
use std::time::Duration;

use moka::sync::Cache;

use crate::catalog::{Audience, Catalog, Question};
use crate::model::browse::PoolPage;
use crate::model::page::{Cursor, PageSize};
use crate::model::search::{Found, Search};
use crate::param2::fault::Refusal;

/// As many results as the platform shows of one search.
pub const MOST_RESULTS: u32 = 2_000;
/// Offers change, and marks with them.
const KEPT_FOR: Duration = Duration::from_secs(600);
const MOST_MARKS: u64 = 100_000;

/// Where pages begin.
#[derive(Debug)]
pub struct Marks {
    known: Cache<u64, Option<Cursor>>,
    seed: RandomState,
}

impl Default for Marks {
    fn default() -> Self {
        let known = Cache::builder().max_capacity(MOST_MARKS).time_to_live(KEPT_FOR).build();
        Self { known, seed: RandomState::new() }
    }
}

/// A list that goes on from a mark.
pub trait Paged: Question<Found = Found> + Clone + Hash {
    /// The list from this mark on.
    fn starting_at(self, mark: Option<Cursor>) -> Self;
}

impl Paged for Search {
    fn starting_at(self, cursor: Option<Cursor>) -> Self {
        Self { cursor, ..self }
    }
}

impl Paged for PoolPage {
    fn starting_at(self, cursor: Option<Cursor>) -> Self {
        Self { cursor, ..self }
    }
}

impl Marks {
    /// The list at a page, counted from 1; none when it ends before.
    pub async fn page<Q: Paged>(
        &self,
        catalog: &Catalog,
        audience: &Audience,
        list: &Q,
        page: u32,
    ) -> Result<Option<Q>, Refusal> {
        // A mark that is of another list after all is refused where it is used.
        let key = |page: u32| self.seed.hash_one((audience, list, page));
        let mut at = page.max(1);
        let mut mark = None;
        while at > 1 {
            if let Some(known) = self.known.get(&key(at)) {
                let Some(known) = known else { return Ok(None) };
                mark = Some(known);
                break;
            }
            at -= 1;
        }
        while at < page {
            let found = catalog.ask(audience, &list.clone().starting_at(mark)).await?.found;
            at += 1;
            self.known.insert(key(at), found.next.clone());
            let Some(next) = found.next else { return Ok(None) };
            mark = Some(next);
        }
        Ok(Some(list.clone().starting_at(mark)))
    }
}

/// A page size that a client asks for, none beyond what the catalogue gives at once.
pub fn size(parameter: &str, asked: Option<i64>, most: i64) -> Result<PageSize, Refusal> {
    let asked = asked.unwrap_or(20);
    let size = u32::try_from(asked).ok().filter(|_| asked <= most).and_then(PageSize::new);
    size.ok_or_else(|| Refusal::invalid(parameter, format!("1 to {most} are wanted")))
}

/// A page number, counted from 1.
pub fn number(parameter: &str, asked: Option<i64>) -> Result<u32, Refusal> {
    let number = u32::try_from(asked.unwrap_or(1)).ok().filter(|page| (1..=100_000).contains(page));
    number.ok_or_else(|| Refusal::invalid(parameter, "a page number from 1 is wanted"))
}
