//! Looking at one item: what is it, what is like it, how like, and what would it cost.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::compare;
use super::link::{self, Leads};
use super::terms::{Candidate, Failed, Matched, Outcome, Price, Reason, Saving, Sold, Terms};
use crate::asking::Asks;
use crate::error::Code;
use crate::model::ids::{OfferId, SkuId, SupplierId};
use crate::model::language::Language;
use crate::model::money::{Currency, Money};
use crate::model::offer::{Offer, OfferSummary, Sku};
use crate::model::partner::Mode;
use crate::model::picture::{Alike, Pictured};
use crate::model::quote::{Country, Quantity, Wanted, Warehouse};
use crate::sourcing::{Error, Sourcing};
use crate::translate::{Nonsense, goods, sellers, trade};
use crate::upstream::Call;
use crate::upstream::wholesale::calls::{self, pictures};
use crate::upstream::wholesale::wire;

/// So many offers are looked at in each way.
const FOUND: u32 = 20;
/// So many of them are read in full at most.
const READ: usize = 12;
/// The catalogue reads so many characters of a question.
const KEYWORD_CHARS: usize = 200;

/// What is known of an item before anything is looked for.
struct Known {
    /// The offer of this marketplace that it is.
    own: Option<Offer>,
    /// What it looks like.
    picture: Option<Pictured>,
    /// What is searched by.
    keyword: Option<String>,
    /// The words of that.
    title: BTreeSet<String>,
}

/// The terms, read.
struct Asked {
    ship_to: Country,
    warehouse: Warehouse,
    language: Language,
    candidates: usize,
}

impl Sourcing {
    /// Compares one item. An error is the catalogue's or ours, and the item may be tried again.
    pub(super) async fn look(&self, mode: Mode, terms: &Terms, sold: &Sold) -> Result<Outcome, Error> {
        let asked = asked(terms)?;
        let known = match self.known(mode, &asked, sold).await? {
            Ok(known) => known,
            Err(failed) => return Ok(Outcome::Failed(failed)),
        };
        let found = self.found_offers(mode, &asked, &known).await?;
        let mut compared = self.compared_offers(mode, &asked, &known, found).await?;
        compared.truncate(asked.candidates);
        let mut candidates = self.priced(mode, &asked, sold, &known, compared).await?;
        candidates.sort_by_key(|one| (std::cmp::Reverse(one.confidence), one.total));
        let offer = known.own.as_ref().map(|own| own.summary.id.number());
        Ok(Outcome::Found(Matched { words: known.keyword, offer, candidates }))
    }

    /// What the item is: by its link, and by what it is called.
    async fn known(&self, mode: Mode, asked: &Asked, sold: &Sold) -> Result<Result<Known, Failed>, Error> {
        let leads = match sold.link.as_deref().map(link::read) {
            Some(Some(Leads::Short)) => self.expanded(mode, sold.link.as_deref().unwrap_or_default()).await?,
            Some(leads) => leads,
            None => None,
        };
        let mut own = None;
        if let Some(Leads::Offer(id)) = leads {
            own = self.details(mode, asked.language, &[id]).await?.into_iter().next();
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
    async fn found_offers(&self, mode: Mode, asked: &Asked, known: &Known) -> Result<Vec<OfferSummary>, Error> {
        let wanted = calls::Search {
            lang: asked.language.tag(),
            conditions: vec![("destCountry", asked.ship_to.to_string())],
            sort: "default",
            page_size: FOUND,
            ..calls::Search::default()
        };
        let mut found = Vec::new();
        if let Some(picture) = &known.picture {
            let alike = Alike { picture: picture.clone(), region: None };
            found.extend(self.page(mode, &pictures::alike(&alike, &wanted)).await?);
        }
        if let Some(keyword) = &known.keyword {
            let by_words = calls::Search { keyword: Some(keyword), ..wanted };
            found.extend(self.page(mode, &calls::search(&by_words)).await?);
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

    /// A page of found goods; what the catalogue does not want to look for is nothing found.
    async fn page(&self, mode: Mode, call: &Call) -> Result<Vec<OfferSummary>, Error> {
        match self.desk().read::<wire::goods::SearchPage>(mode, call).await {
            Ok(page) => Ok(page.items.into_iter().map(goods::summary).collect::<Result<_, Nonsense>>()?),
            Err(error) if error.refusal().is_some() => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Offers in full; those that are gone are left out.
    async fn details(&self, mode: Mode, language: Language, ids: &[OfferId]) -> Result<Vec<Offer>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let numbers: Vec<i64> = ids.iter().map(|id| id.number()).collect();
        let batch: wire::goods::Batch = self.desk().read(mode, &calls::batch_get(&numbers, language)).await?;
        let detail = |raw: &serde_json::value::RawValue| {
            let detail = serde_json::from_str(raw.get()).map_err(|error| Nonsense::new(error.to_string()))?;
            goods::offer(detail)
        };
        Ok(batch.items.iter().map(|raw| detail(raw)).collect::<Result<_, Nonsense>>()?)
    }

    /// Each found offer in full with what speaks for it, the surest first.
    async fn compared_offers(
        &self,
        mode: Mode,
        asked: &Asked,
        known: &Known,
        found: Vec<OfferSummary>,
    ) -> Result<Vec<(Offer, Vec<Reason>, u32)>, Error> {
        let ids: Vec<_> = found.iter().map(|one| one.id).collect();
        let offers = self.details(mode, asked.language, &ids).await?;
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

    /// The offers with their price and freight for the wanted quantity, rating and saving.
    async fn priced(
        &self,
        mode: Mode,
        asked: &Asked,
        sold: &Sold,
        known: &Known,
        compared: Vec<(Offer, Vec<Reason>, u32)>,
    ) -> Result<Vec<Candidate>, Error> {
        let mut open: Vec<Candidate> = Vec::with_capacity(compared.len());
        for (offer, reasons, confidence) in compared {
            let pieces = pieces(&offer, sold.quantity);
            let Some(sku) = fitting(&offer, &known.title, pieces) else { continue };
            let rating = self.rating(mode, offer.summary.supplier.id, asked.language).await?;
            open.push(candidate(&offer, sku, pieces, reasons, confidence, rating));
        }
        self.with_freight(mode, asked, &mut open).await?;
        for one in &mut open {
            one.saving = sold.price.as_ref().and_then(|price| self.saving(price, one));
        }
        Ok(open)
    }

    /// Asks what each costs to the warehouse by itself: offers of one supplier are asked for one after the other, because
    /// together they would share freight and prices.
    async fn with_freight(&self, mode: Mode, asked: &Asked, open: &mut [Candidate]) -> Result<(), Error> {
        let mut left: Vec<usize> = (0..open.len()).collect();
        while !left.is_empty() {
            let (mut suppliers, mut round) = (HashSet::new(), Vec::new());
            left.retain(|at| {
                let first = open.get(*at).is_some_and(|one| suppliers.insert(one.supplier));
                if first {
                    round.push(*at);
                }
                !first
            });
            let wanted = round.iter().filter_map(|at| open.get(*at)).filter_map(|one| {
                let quantity = Quantity::new(one.pieces.into())?;
                Some(Wanted { sku: SkuId::new(one.sku), quantity })
            });
            let wanted: Vec<_> = wanted.collect();
            if wanted.is_empty() {
                continue;
            }
            let request = trade::preview_request(&wanted, &asked.warehouse, &asked.ship_to);
            let preview: wire::trade::Preview = self.desk().read(mode, &calls::preview(&request)).await?;
            for basket in trade::baskets(preview, &asked.warehouse, &asked.ship_to)? {
                let Some(line) = basket.lines.first() else { continue };
                if let Some(one) = open.iter_mut().find(|one| one.sku == line.sku.number()) {
                    one.unit_price = line.unit_price.minor;
                    one.freight = basket.freight.minor;
                    one.total = basket.total.minor;
                }
            }
        }
        Ok(())
    }

    /// What buyers think of a supplier; asked once in a while.
    async fn rating(&self, mode: Mode, id: SupplierId, language: Language) -> Result<Option<String>, Error> {
        let now = self.clock.now_ms();
        if let Some(known) = self.ratings.find(mode, id, now) {
            return Ok(known);
        }
        let rating = match self.desk().read(mode, &calls::seller(id, language)).await {
            Ok(seller) => sellers::supplier(seller)?.rating.map(|rating| rating.to_string()),
            Err(error) if error.refusal().is_some() => None,
            Err(error) => return Err(error.into()),
        };
        self.ratings.keep(mode, id, rating.clone(), now);
        Ok(rating)
    }

    /// What a candidate saves for a piece, freight included, in the currency of today's price.
    fn saving(&self, today: &Price, one: &Candidate) -> Option<Saving> {
        let currency: Currency = today.currency.parse().ok()?;
        let there = self.rates.exchange(currency).ok()?.convert(Money::fen(one.total))?;
        let pieces = i64::from(one.pieces.max(1));
        // Rounded up: what is saved is never told to be more than it is.
        let a_piece = there.minor.checked_add(pieces - 1)? / pieces;
        let minor = today.minor - a_piece;
        let permille = minor.checked_mul(1000)?.checked_div(today.minor)?;
        Some(Saving { per_piece: Price { minor, currency: today.currency.clone() }, permille })
    }
}

fn asked(terms: &Terms) -> Result<Asked, Error> {
    let wrong = |what: &str| Error::Unreadable(what.to_owned());
    Ok(Asked {
        ship_to: terms.ship_to.parse().map_err(|_| wrong("ship_to"))?,
        warehouse: terms.warehouse.parse().map_err(|_| wrong("warehouse"))?,
        language: terms.language.parse().map_err(|_| wrong("language"))?,
        candidates: terms.candidates as usize,
    })
}

fn failed(code: Code, detail: String) -> Failed {
    Failed { code: code.facts().name.to_owned(), detail }
}

/// How many pieces can be had that are at least what is wanted.
fn pieces(offer: &Offer, wanted: u32) -> u32 {
    let least = wanted.max(offer.summary.minimum_order);
    let multiple = offer.order_multiple.unwrap_or(1).max(1);
    least.div_ceil(multiple).saturating_mul(multiple)
}

/// The variant that has most of the title's words; among equals one that there are enough of, then the cheapest.
fn fitting<'a>(offer: &'a Offer, title: &BTreeSet<String>, pieces: u32) -> Option<&'a Sku> {
    let rank = |sku: &&Sku| {
        let own = sku.attributes.iter().flat_map(|one| {
            let shown = compare::words(&one.value.shown);
            shown.into_iter().chain(compare::words(&one.value.original))
        });
        let own: BTreeSet<String> = own.collect();
        let price = unit_price(sku, pieces);
        (own.intersection(title).count(), sku.stock >= u64::from(pieces), std::cmp::Reverse(price))
    };
    offer.skus.iter().max_by_key(rank)
}

fn unit_price(sku: &Sku, pieces: u32) -> i64 {
    let reached = sku.price_tiers.iter().rev().find(|tier| tier.from_quantity <= pieces);
    reached.or(sku.price_tiers.first()).map_or(0, |tier| tier.price.minor)
}

fn candidate(
    offer: &Offer,
    sku: &Sku,
    pieces: u32,
    reasons: Vec<Reason>,
    confidence: u32,
    rating: Option<String>,
) -> Candidate {
    let summary = &offer.summary;
    let unit_price = unit_price(sku, pieces);
    Candidate {
        offer: summary.id.number(),
        sku: sku.id.number(),
        title: summary.title.shown.clone(),
        title_original: summary.title.original.clone(),
        supplier: summary.supplier.id.number(),
        supplier_name: summary.supplier.name.shown.clone(),
        badges: summary.supplier.badges.iter().map(|badge| badge.name().to_owned()).collect(),
        rating,
        factory: summary.factory,
        confidence,
        reasons,
        minimum_order: summary.minimum_order,
        order_multiple: offer.order_multiple,
        pieces,
        unit_price,
        freight: 0,
        total: unit_price * i64::from(pieces),
        ships_within_hours: summary.ships_within_hours,
        in_stock: sku.stock >= u64::from(pieces),
        saving: None,
    }
}
