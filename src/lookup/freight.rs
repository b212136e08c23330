//! What the road inside the country costs: a question of its own kind, and the way to it from offers whose variant nobody
//! named.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use crate::cache::{KeyBuilder, Kind};
use crate::error::Place;
use crate::lookup::audience::Audience;
use crate::lookup::failure::Error;
use crate::lookup::question::{Question, parsed};
use crate::lookup::{Answer, Lookup};
use crate::model::freight::{Freight, FreightAsked, SentTo};
use crate::model::ids::{OfferId, SkuId};
use crate::model::money::Exchange;
use crate::model::offer::Offer;
use crate::model::quote::{Country, LineProblem, Quantity, Trouble, Wanted};
use crate::model::region::RegionCode;
use crate::translate;
use crate::upstream::Call;
use crate::upstream::wholesale::calls::freight as calls;

pub(super) const REGION_NOT_SERVED: &str = "REGION_NOT_SERVED";

/// A wish to know what the road costs.
#[derive(Clone, Debug)]
pub struct FreightWish {
    /// What is sent.
    pub lines: Vec<FreightLine>,
    /// Where to.
    pub to: SentTo,
    /// Where that is.
    pub region: RegionCode,
    /// Where it goes in the end.
    pub ship_to: Option<Country>,
}

/// A variant, or an offer of which any variant will do, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreightLine {
    /// The offer.
    pub offer: Option<OfferId>,
    /// The variant; the offer's first that is in stock when absent.
    pub sku: Option<SkuId>,
    /// How many.
    pub quantity: Quantity,
}

impl Question for FreightAsked {
    type Found = Freight;
    const KIND: Kind = Kind::Freight;
    const PRICED: bool = true;
    const ABSENT: &'static str = REGION_NOT_SERVED;

    fn key(&self, key: KeyBuilder) -> KeyBuilder {
        let key = match &self.to {
            SentTo::Warehouse(code) => key.number(0).text(code.as_str()),
            SentTo::Region(code) => key.number(1).text(code.as_str()),
        };
        let key = key.some_text(self.ship_to.as_ref().map(Country::as_str));
        self.lines.iter().fold(key, |key, line| key.number(line.sku.number()).number(line.quantity.get().into()))
    }
    fn call(&self, _: &Audience, _: &Exchange) -> Result<Call, Error> {
        Ok(calls::freight(self))
    }
    fn read(&self, _: &Audience, document: &Bytes) -> Result<Freight, Error> {
        Ok(translate::freight::freight(parsed(document, "freight")?, &self.lines)?)
    }
    fn absent(&self) -> Error {
        Error::RegionNotServed
    }
}

impl Lookup {
    /// What the road costs. Problems name the places of the wish's lines.
    pub async fn freight(&self, audience: &Audience, wish: &FreightWish) -> Result<Answer<Freight>, Error> {
        let (wanted, mut problems) = self.variants(audience, &wish.lines).await?;
        let lines: Vec<Wanted> = wanted.iter().map(|(_, line)| *line).collect();
        let asked = FreightAsked { lines, to: wish.to.clone(), ship_to: wish.ship_to.clone() };
        let mut answer = match asked.lines.is_empty() {
            false => self.ask(audience, &asked).await?,
            true => {
                let found = Freight { to: wish.region, loads: Vec::new(), problems: Vec::new() };
                let exchange = self.exchange(audience, true)?;
                Answer { found, exchange, fetched_at_ms: self.clock.now_ms() }
            }
        };
        check_offers(&wish.lines, &wanted, &answer.found)?;
        for problem in &mut answer.found.problems {
            problem.line = wanted.get(problem.line).map_or(problem.line, |(place, _)| *place);
        }
        answer.found.problems.append(&mut problems);
        answer.found.problems.sort_by_key(|problem| problem.line);
        Ok(answer)
    }

    /// The variants of all lines with the places of these, and why there is none for some.
    async fn variants(
        &self,
        audience: &Audience,
        lines: &[FreightLine],
    ) -> Result<(Vec<(usize, Wanted)>, Vec<LineProblem>), Error> {
        let open = lines.iter().filter(|line| line.sku.is_none()).filter_map(|line| line.offer);
        let open: Vec<OfferId> = open.collect::<HashSet<_>>().into_iter().collect();
        let mut known: HashMap<OfferId, Result<SkuId, Trouble>> = HashMap::new();
        if !open.is_empty() {
            let answer = self.batch(audience, &open).await?;
            for (id, found) in open.iter().zip(answer.found) {
                match found {
                    Ok(offer) => known.insert(*id, first_in_stock(&offer).ok_or(Trouble::OfferUnavailable)),
                    Err(Error::OfferHeld(_)) => known.insert(*id, Err(Trouble::OfferHeld)),
                    Err(Error::OfferNotFound(_) | Error::OfferForeign(_)) => {
                        known.insert(*id, Err(Trouble::OfferUnavailable))
                    }
                    Err(error) => return Err(error),
                };
            }
        }
        let (mut wanted, mut problems, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for (place, line) in lines.iter().enumerate() {
            let of_offer = || line.offer.and_then(|offer| known.get(&offer).copied());
            match line.sku.map(Ok).or_else(of_offer).unwrap_or(Err(Trouble::OfferUnavailable)) {
                Ok(sku) if seen.insert(sku) => wanted.push((place, Wanted { sku, quantity: line.quantity })),
                Ok(_) => {
                    let detail = "this SKU is in an earlier line: put both quantities together";
                    return Err(Error::Invalid(vec![Place::body(&format!("/lines/{place}"), detail)]));
                }
                Err(trouble) => problems.push(unavailable(place, trouble)),
            }
        }
        Ok((wanted, problems))
    }
}

fn first_in_stock(offer: &Offer) -> Option<SkuId> {
    offer.skus.iter().find(|sku| sku.stock > 0).or(offer.skus.first()).map(|sku| sku.id)
}

fn unavailable(line: usize, trouble: Trouble) -> LineProblem {
    LineProblem { line, trouble, minimum_order: None, order_multiple: None, stock: None, mixed: None }
}

/// A variant that is of another offer than was said is a mistake of the caller's, not of the goods.
fn check_offers(lines: &[FreightLine], wanted: &[(usize, Wanted)], found: &Freight) -> Result<(), Error> {
    let owner: HashMap<SkuId, OfferId> =
        found.loads.iter().flat_map(|load| &load.lines).map(|line| (line.sku, line.offer)).collect();
    let wrong = |(place, line): &(usize, Wanted)| {
        let said = lines.get(*place)?.offer?;
        let is = owner.get(&line.sku).filter(|is| **is != said)?;
        let detail = format!("SKU {} is of offer {is}: give that, or leave the offer out", line.sku);
        Some(Place::body(&format!("/lines/{place}/offer_id"), detail))
    };
    let places: Vec<_> = wanted.iter().filter_map(wrong).collect();
    if places.is_empty() { Ok(()) } else { Err(Error::Invalid(places)) }
}
