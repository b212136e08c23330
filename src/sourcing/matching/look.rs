//! Looking at one item: what is it, what is like it, how like, and what would it cost.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::compare;
use super::link::{self, Leads};
use super::terms::{Failed, Matched, Outcome, Reason, Sold, Terms};
use crate::asking::Asks;
use crate::error::Code;
use crate::lookup::{self, Audience};
use crate::model::ids::OfferId;
use crate::model::margin::{Margin, Tariff};
use crate::model::money::Currency;
use crate::model::offer::{Offer, OfferSummary};
use crate::model::partner::Mode;
use crate::model::picture::{Alike, Pictured};
use crate::model::quote::{Country, Warehouse};
use crate::model::search::{Filters, Search};
use crate::sourcing::{Error, Sourcing};
use crate::upstream::wholesale::calls::pictures;
use crate::upstream::wholesale::wire;

/// So many of the found offers are read in full at most.
const READ: usize = 12;
/// The catalogue reads so many characters of a question.
const KEYWORD_CHARS: usize = 200;

/// What is known of an item before anything is looked for.
pub(super) struct Known {
    /// The offer of this marketplace that it is.
    own: Option<Offer>,
    /// What it looks like.
    picture: Option<Pictured>,
    /// What is searched by.
    keyword: Option<String>,
    /// The words of that.
    pub(super) title: BTreeSet<String>,
}

/// The terms, read.
pub(super) struct Asked {
    /// Whose goods, in which language and tier; prices are looked up in CNY.
    pub(super) audience: Audience,
    pub(super) ship_to: Country,
    pub(super) warehouse: Warehouse,
    candidates: usize,
}

impl Sourcing {
    /// Compares one item. An error is the catalogue's or ours, and the item may be tried again.
    pub(super) async fn look(&self, mode: Mode, terms: &Terms, sold: &Sold) -> Result<Outcome, Error> {
        let asked = asked(mode, terms)?;
        let known = match self.known(&asked, sold).await? {
            Ok(known) => known,
            Err(failed) => return Ok(Outcome::Failed(failed)),
        };
        let found = self.found_offers(&asked, &known).await?;
        let mut compared = self.compared_offers(&asked, &known, found).await?;
        compared.truncate(asked.candidates);
        let mut candidates = self.priced(&asked, sold, &known, compared).await?;
        candidates.sort_by_key(|one| (std::cmp::Reverse(one.confidence), one.total));
        let offer = known.own.as_ref().map(|own| own.summary.id.number());
        Ok(Outcome::Found(Matched { words: known.keyword, offer, candidates }))
    }

    /// What the item is: by its link, and by what it is called.
    async fn known(&self, asked: &Asked, sold: &Sold) -> Result<Result<Known, Failed>, Error> {
        let leads = match sold.link.as_deref().map(link::read) {
            Some(Some(Leads::Short)) => {
                self.expanded(asked.audience.mode, sold.link.as_deref().unwrap_or_default()).await?
            }
            Some(leads) => leads,
            None => None,
        };
        let mut own = None;
        if let Some(Leads::Offer(id)) = leads {
            own = self.details(asked, &[id]).await?.into_iter().next();
            if own.is_none() && sold.title.is_none() && sold.image.is_none() {
                let detail = format!("The link leads to offer {id}, which is not for sale across borders.");
                return Ok(Err(failed(Code::OfferNotFound, detail)));
            }
        }
        let spoken = match &leads {
            Some(Leads::Words(words)) if !words.is_empty() => Some(words.clone()),
            _ => None,
        };
        let shown = own.as_ref().map(|own: &Offer| own.summary.title.shown.clone());
        let keyword = sold.title.clone().or(shown).or(spoken);
        let keyword = keyword.map(|words| words.chars().take(KEYWORD_CHARS).collect::<String>());
        let title = keyword.as_deref().map(compare::words).unwrap_or_default();
        let uploaded = sold.image.as_ref().and_then(|image| {
            Some(Pictured::Uploaded { image: image.id.parse().ok()?, catalogue_id: image.catalogue_id.clone() })
        });
        let picture = uploaded.or(own.as_ref().map(|own| Pictured::Offer(own.summary.id)));
        if picture.is_none() && title.is_empty() {
            let detail = "Neither the link nor the title says what it is; give a title of a few words.".to_owned();
            return Ok(Err(failed(Code::InvalidRequest, detail)));
        }
        Ok(Ok(Known { own, picture, keyword, title }))
    }

    async fn expanded(&self, mode: Mode, short: &str) -> Result<Option<Leads>, Error> {
        match self.desk().read::<wire::pictures::LongLink>(mode, &pictures::expand_link(short)).await {
            Ok(long) => Ok(link::read(&long.url)),
            Err(error) if error.refusal().is_some() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What may be the same: found by words and by picture, with how like the pictures are.
    async fn found_offers(&self, asked: &Asked, known: &Known) -> Result<Vec<OfferSummary>, Error> {
        let filters = Filters { ship_to: Some(asked.ship_to.clone()), ..Filters::default() };
        let wanted = Search { filters, ..Search::default() };
        let alike = known.picture.clone().map(|picture| Alike { picture, region: None });
        let by_picture = alike.map(|alike| Search { alike: Some(alike), ..wanted.clone() });
        let by_words = known.keyword.clone().map(|words| Search { words: Some(words), ..wanted });
        let mut found = Vec::new();
        for search in [by_picture, by_words].into_iter().flatten() {
            // What the catalogue does not want to look for is nothing found.
            let page = unless_refused(self.lookup.ask(&asked.audience, &search).await)?;
            found.extend(page.into_iter().flat_map(|page| page.found.items));
        }
        // The first of those that are found twice is the one with the likeness.
        let mut seen = HashSet::new();
        found.retain(|one| seen.insert(one.id));
        let score = |one: &OfferSummary| {
            let reasons = [compare::by_picture(one.likeness), compare::by_words(&known.title, &one.title)];
            let reasons: Vec<_> = reasons.into_iter().flatten().collect();
            compare::confidence(&reasons)
        };
        found.sort_by_key(|one| std::cmp::Reverse(score(one)));
        found.truncate(READ.max(asked.candidates));
        Ok(found)
    }

    /// Offers in full; those that are gone are left out.
    async fn details(&self, asked: &Asked, ids: &[OfferId]) -> Result<Vec<Offer>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let told = self.lookup.batch(&asked.audience, ids).await?.found;
        told.into_iter().filter_map(|one| unless_refused(one).transpose()).collect()
    }

    /// Each found offer in full with what speaks for it, the surest first.
    async fn compared_offers(
        &self,
        asked: &Asked,
        known: &Known,
        found: Vec<OfferSummary>,
    ) -> Result<Vec<(Offer, Vec<Reason>, u32)>, Error> {
        let ids: Vec<_> = found.iter().map(|one| one.id).collect();
        let offers = self.details(asked, &ids).await?;
        let vocabulary: BTreeSet<String> = offers.iter().flat_map(compare::properties).collect();
        let facts = compare::facts(&known.title, &vocabulary);
        let likeness: HashMap<OfferId, Option<u32>> = found.iter().map(|one| (one.id, one.likeness)).collect();
        let compared = offers.into_iter().filter(|offer| offer.on_sale && !offer.skus.is_empty()).map(|offer| {
            let by_attributes = match &known.own {
                Some(own) => compare::by_attributes(own, &offer),
                None => compare::by_facts(&facts, &offer),
            };
            let reasons = [
                compare::by_picture(likeness.get(&offer.summary.id).copied().flatten()),
                compare::by_words(&known.title, &offer.summary.title),
                by_attributes,
            ];
            let reasons: Vec<_> = reasons.into_iter().flatten().collect();
            let confidence = compare::confidence(&reasons);
            (offer, reasons, confidence)
        });
        let mut compared: Vec<_> = compared.collect();
        compared.sort_by_key(|(offer, _, confidence)| (std::cmp::Reverse(*confidence), offer.summary.price_from.minor));
        Ok(compared)
    }
}

fn asked(mode: Mode, terms: &Terms) -> Result<Asked, Error> {
    let wrong = |what: &str| Error::Unreadable(what.to_owned());
    let margin = Margin::of(terms.margin.into()).ok_or_else(|| wrong("margin"))?;
    let language = terms.language.parse().map_err(|_| wrong("language"))?;
    let price_tier = Tariff::from(terms.price_tier.as_str()).with(margin);
    Ok(Asked {
        audience: Audience { mode, price_tier, language, currency: Currency::CNY },
        ship_to: terms.ship_to.parse().map_err(|_| wrong("ship_to"))?,
        warehouse: terms.warehouse.parse().map_err(|_| wrong("warehouse"))?,
        candidates: terms.candidates as usize,
    })
}

fn failed(code: Code, detail: String) -> Failed {
    Failed { code: code.facts().name.to_owned(), detail }
}

/// What was found; nothing where the catalogue answers that it has no such thing, or does not look for it.
pub(super) fn unless_refused<T>(told: Result<T, lookup::Error>) -> Result<Option<T>, Error> {
    match told {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_refusal() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
