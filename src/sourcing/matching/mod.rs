//! Source exchange: what a partner sells today, and what the catalogue has in its place, side by side.
//!
//! **The path.** `match_sources` writes everything down first: a comparison with its items. One item is looked at in the request
//! itself; several are worked off by `work`, a pass that background tasks repeat on any number of nodes, a few items at a
//! time. An item is held under a lease and written once, so that a node that dies costs a lease and nothing else; while the
//! catalogue is away items wait, and after several tries they say so.
//!
//! **How an item is looked at** (`look`): its words (its title, the title of the marketplace's offer that its link leads
//! to, or the words of the link itself) are searched for, and the offers that look like its picture or that offer's; the best are
//! read in full, compared (`compare`), and priced with freight for the quantity wanted (`cost`). All of it is looked up where
//! every reader of the catalogue does (`lookup`): goods that are named again, or were just shown to somebody, cost the
//! catalogue nothing.

mod compare;
mod cost;
mod link;
mod look;
pub mod terms;
mod work;

pub use work::Worked;

use super::{Error, Sourcing};
use crate::error::Place;
use crate::ledger::{NewSourceMatch, StoredMatch};
use crate::lookup::Audience;
use crate::model::ids::SourceMatchId;
use crate::model::language::Language;
use crate::model::money::Currency;
use crate::model::page::{Cursor, PageSize};
use crate::model::partner::Caller;
use crate::model::quote::{Country, Unfit, Warehouse};
use crate::rates;
use terms::{Outcome, Sold, Terms};

/// So many items one comparison may have.
pub const MOST_ITEMS: usize = 200;
/// So many candidates are told of each item at most.
pub const MOST_CANDIDATES: u32 = 10;
/// So many items of a partner may wait at one time.
const MOST_WAITING: u32 = 5_000;

/// A wish to compare.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What the partner sells today.
    pub items: Vec<Sold>,
    /// Where the goods go in the end; the partner's country when absent.
    pub ship_to: Option<Country>,
    /// Where they are gathered; the gateway's usual place when absent.
    pub warehouse: Option<Warehouse>,
    /// The language of titles, and of what is told.
    pub language: Language,
    /// How many candidates are told of each.
    pub candidates: u32,
}

/// A comparison and a page of its items.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The comparison and its progress.
    pub whole: StoredMatch,
    /// What holds for all items.
    pub terms: Terms,
    /// The items of this page.
    pub items: Vec<Item>,
    /// Where the next page starts.
    pub next: Option<Cursor>,
}

/// An item and what came of it so far.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its place in the request, from 0.
    pub place: u32,
    /// What was asked.
    pub sold: Sold,
    /// What came of it; none while it waits.
    pub outcome: Option<Outcome>,
}

impl Sourcing {
    /// Writes a comparison down; one item is compared at once, if the catalogue answers.
    pub async fn match_sources(&self, caller: &Caller, mut wish: Comparison) -> Result<Compared, Error> {
        let waiting = self.ledger.count_waiting_source_items(&caller.partner.id, caller.mode).await?;
        if waiting.saturating_add(u32::try_from(wish.items.len()).unwrap_or(u32::MAX)) > MOST_WAITING {
            return Err(Error::TooManyWaiting(MOST_WAITING));
        }
        self.check_warehouse(caller, &wish).await?;
        self.check_prices(&wish.items)?;
        let ship_to = match wish.ship_to {
            Some(country) => country,
            None => caller.partner.country.parse().map_err(|unfit: Unfit| {
                Error::Invalid(vec![Place::body("/ship_to_country", format!("your account has none; give {unfit}"))])
            })?,
        };
        self.find_pictures(caller, &mut wish.items).await?;
        let terms = Terms {
            ship_to: ship_to.to_string(),
            warehouse: wish.warehouse.as_ref().unwrap_or(&self.settings.warehouse).to_string(),
            language: wish.language.tag().to_owned(),
            candidates: wish.candidates,
            price_tier: caller.partner.plan.price_tier.to_string(),
            margin: caller.partner.plan.price_tier.margin.hundredths(),
        };
        let new = NewSourceMatch {
            id: SourceMatchId::fresh(),
            partner: caller.partner.id.clone(),
            mode: caller.mode,
            document: write(&terms)?,
            items: wish.items.iter().map(write).collect::<Result<_, _>>()?,
        };
        let (id, alone) = (new.id.clone(), new.items.len() == 1);
        self.ledger.append_source_match(new).await?;
        if alone && let Some(item) = self.ledger.claim_source_item(&id, self.settings.times.lease_ms).await? {
            self.work_on(caller.mode, &item).await?;
        }
        self.compared(caller, &id, None, PageSize::default()).await
    }

    /// Refuses a warehouse that there is not. While nobody says which there are, the items wait like for all else.
    async fn check_warehouse(&self, caller: &Caller, wish: &Comparison) -> Result<(), Error> {
        let Some(code) = &wish.warehouse else { return Ok(()) };
        let audience = Audience::of(caller, wish.language, Currency::CNY);
        match self.lookup.warehouse(&audience, code).await {
            Err(error) if error.is_refusal() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Refuses prices of today in currencies that nothing can be compared in.
    fn check_prices(&self, items: &[Sold]) -> Result<(), Error> {
        let wrong = |(at, item): (usize, &Sold)| {
            let currency = item.price.as_ref()?.currency.parse().ok()?;
            let Err(rates::Error::NoRate { known, .. }) = self.rates.exchange(currency) else { return None };
            let detail = format!("one of {}", known.join(", "));
            Some(Place::body(&format!("/items/{at}/price/currency"), detail))
        };
        let wrong: Vec<_> = items.iter().enumerate().filter_map(wrong).collect();
        if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
    }

    /// Finds the pictures that are named, all of them the partner's and kept still.
    async fn find_pictures(&self, caller: &Caller, items: &mut [Sold]) -> Result<(), Error> {
        let mut wrong = Vec::new();
        for (at, image) in items.iter_mut().enumerate().filter_map(|(at, item)| Some((at, item.image.as_mut()?))) {
            let found = match image.id.parse() {
                Ok(id) => self.ledger.find_image(&caller.partner.id, caller.mode, &id).await?,
                Err(_) => None,
            };
            match found.filter(|found| found.expires_at_ms > self.clock.now_ms()) {
                Some(found) => image.catalogue_id = found.catalogue_id,
                None => {
                    let detail = "you have no such picture, or its time is over; upload it at POST /v1/images";
                    wrong.push(Place::body(&format!("/items/{at}/image_id"), detail));
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
    }

    /// A partner's comparison and a page of its items, in the order in which they were asked.
    pub async fn compared(
        &self,
        caller: &Caller,
        id: &SourceMatchId,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Compared, Error> {
        let found = self.ledger.find_source_match(&caller.partner.id, caller.mode, id).await?;
        let whole = found.ok_or(Error::SourceMatchNotFound)?;
        let from = match cursor {
            Some(Cursor(text)) => text.parse().map_err(|_| crate::ledger::Error::WrongCursor)?,
            None => 0_u32,
        };
        let mut stored = self.ledger.list_source_items(id, from, size.get() + 1).await?;
        let more = stored.len() > size.get() as usize;
        stored.truncate(size.get() as usize);
        let item = |item: &crate::ledger::StoredItem| {
            let outcome = item.answer.as_deref().map(read).transpose()?;
            Ok(Item { place: item.place, sold: read(&item.asked)?, outcome })
        };
        let items = stored.iter().map(item).collect::<Result<Vec<_>, Error>>()?;
        let next = items.last().filter(|_| more).map(|last| Cursor((last.place + 1).to_string()));
        Ok(Compared { terms: read(&whole.document)?, whole, items, next })
    }

    /// Forgets comparisons made long ago; gives how many.
    pub async fn tidy(&self) -> Result<u64, Error> {
        Ok(self.ledger.tidy_source_matches().await?)
    }
}

/// Whether a text is a link that can be read.
pub fn is_link(text: &str) -> bool {
    link::read(text).is_some()
}

fn write(document: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(document).map_err(|error| Error::Unreadable(error.to_string()))
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Unreadable(error.to_string()))
}
