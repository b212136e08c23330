//! Referrals: a visitor of the marketplace's own page is sent to a collaborating partner's page of the offer, and the order
//! that comes of it is the partner's, and known to have come so.
//!
//! **Sending** asks nobody: storefronts are kept in memory and read again every second, the click's id is signed and not
//! stored, and clicks are added up in memory and written once a second. What a node that dies had not written is lost: a
//! second of clicks, never an order.
//!
//! **No open redirect**: a partner's template may lead to hosts only that the operator registered for it, by https, and what
//! is filled in cannot be chosen by whoever calls (`template`).
//!
//! **Attribution**: an order names the click's id; it is checked against the signature, its partner, its world and its age,
//! and written in the transaction that writes the order. A click leads to one order. One that is too old is passed over:
//! no order is refused for it.

mod choose;
pub mod click;
mod error;
pub mod template;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

pub use choose::Visitor;
pub use click::{Keys, NotAClick};
pub use error::Error;

use crate::clock::Clock;
pub use crate::ledger::StorefrontWish;
use crate::ledger::{ClickPlace, Ledger};
use crate::model::ids::OfferId;
use crate::model::partner::{Caller, Mode};
use crate::model::quote::Country;
use crate::model::referral::{Click, ReferralCount, Storefront};

const DAY_MS: i64 = 86_400_000;
/// More partners, countries and days than this are not added up between two writes; what comes then is not counted.
const MOST_PLACES: usize = 20_000;

/// How visitors are sent.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What clicks are signed with.
    pub keys: Keys,
    /// Where a visitor is taken to be whose country nobody tells.
    pub country: Option<Country>,
}

/// The room; one for the whole process.
pub struct Referrals {
    settings: Settings,
    ledger: Ledger,
    clock: Clock,
    open: ArcSwap<Vec<Storefront>>,
    clicks: Mutex<HashMap<ClickPlace, u64>>,
}

impl Referrals {
    /// The room, which knows no storefront before the first `refresh`.
    pub fn new(settings: Settings, ledger: Ledger, clock: Clock) -> Self {
        Self { settings, ledger, clock, open: ArcSwap::default(), clicks: Mutex::default() }
    }

    /// Reads all storefronts again.
    pub async fn refresh(&self) -> Result<(), Error> {
        let open = self.ledger.list_open_storefronts().await?;
        if *self.open.load_full() != open {
            self.open.store(Arc::new(open));
        }
        Ok(())
    }

    /// The same visitor, in the configured country when nobody told his.
    pub fn located(&self, visitor: Visitor) -> Visitor {
        Visitor { country: visitor.country.or_else(|| self.settings.country.clone()), ..visitor }
    }

    /// Whether anybody takes this visitor.
    pub fn sends(&self, mode: Mode, visitor: &Visitor) -> bool {
        choose::choose(&self.open.load(), mode, visitor, 0).is_some()
    }

    /// The page that a visitor of an offer is sent to, counted as a click.
    pub fn send(&self, mode: Mode, offer: OfferId, visitor: Visitor) -> Result<String, Error> {
        let open = self.open.load();
        let (lot, chance) = (chance(), chance());
        let storefront = choose::choose(&open, mode, &visitor, lot).ok_or(Error::Nowhere)?;
        let now_ms = self.clock.now_ms();
        let (partner, country) = (&storefront.partner, visitor.country.as_ref());
        let id = self.settings.keys.sign(partner, mode, offer, country, now_ms / 1000, chance).ok_or(Error::Nowhere)?;
        let language = spoken(storefront, &visitor);
        let country_code = country.map_or("", Country::as_str);
        let page = template::fill(&storefront.template, &offer.to_string(), &id, language, country_code);
        let place = ClickPlace { partner: partner.clone(), mode, country: visitor.country, day: now_ms / DAY_MS };
        self.count(place, 1);
        Ok(page)
    }

    /// The click that an order names; none when it is too old to count.
    pub fn read(&self, caller: &Caller, text: &str) -> Result<Option<Click>, Error> {
        let now_s = self.clock.now_ms() / 1000;
        match self.settings.keys.read(text, &caller.partner.id, caller.mode, now_s) {
            Ok(click) => Ok(Some(click)),
            Err(NotAClick::Expired) => Ok(None),
            Err(wrong) => Err(wrong.into()),
        }
    }

    /// A partner's storefront.
    pub async fn storefront(&self, caller: &Caller) -> Result<Storefront, Error> {
        let found = self.ledger.find_storefront(&caller.partner.id, caller.mode).await?;
        found.ok_or(Error::NoStorefront)
    }

    /// Sets a partner's storefront, if its template leads to one of its hosts. This node sends visitors there at once,
    /// others within a second.
    pub async fn set_storefront(&self, caller: &Caller, wish: &StorefrontWish) -> Result<Storefront, Error> {
        let hosts = self.ledger.list_hosts(&caller.partner.id).await?;
        template::check(&wish.template, &hosts)?;
        let set = self.ledger.set_storefront(caller, wish).await?;
        self.refresh().await?;
        Ok(set)
    }

    /// Writes the clicks since the last time; what could not be written is kept for the next.
    pub async fn flush(&self) -> Result<usize, Error> {
        let clicks: Vec<_> = {
            let mut clicks = self.clicks.lock().unwrap_or_else(PoisonError::into_inner);
            clicks.drain().collect()
        };
        if clicks.is_empty() {
            return Ok(0);
        }
        let written = self.ledger.add_clicks(&clicks).await;
        if written.is_err() {
            clicks.iter().for_each(|(place, count)| self.count(place.clone(), *count));
        }
        Ok(written.map(|()| clicks.len())?)
    }

    /// Clicks and orders of the last so many days and of as many before.
    pub async fn counts(&self, days: u32) -> Result<Vec<ReferralCount>, Error> {
        Ok(self.ledger.count_referrals(days).await?)
    }

    fn count(&self, place: ClickPlace, by: u64) {
        let mut clicks = self.clicks.lock().unwrap_or_else(PoisonError::into_inner);
        if clicks.len() < MOST_PLACES || clicks.contains_key(&place) {
            *clicks.entry(place).or_default() += by;
        }
    }
}

/// The language of the page: the best that both speak, else the storefront's first, else the visitor's.
fn spoken(storefront: &Storefront, visitor: &Visitor) -> &'static str {
    let both = visitor.languages.iter().find(|language| storefront.languages.contains(language));
    let any = both.or(storefront.languages.first()).or(visitor.languages.first());
    any.map_or("en", |language| language.tag())
}

fn chance() -> u64 {
    let mut bytes = [0; 8];
    // Without chance clicks of one second are alike, and so are attributed once; sending goes on.
    let _ = getrandom::fill(&mut bytes);
    u64::from_be_bytes(bytes)
}
