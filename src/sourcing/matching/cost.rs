//! What offers would cost that may be the same item: price and freight for the wanted quantity, what buyers think of who
//! sells it, and what it saves.

use std::collections::{BTreeSet, HashSet};

use super::compare;
use super::look::{Asked, Known, unless_refused};
use super::terms::{Candidate, Price, Reason, Saving, Sold};
use crate::asking::Asks;
use crate::error::{Code, Failure};
use crate::model::freight::{FreightAsked, Load, SentTo};
use crate::model::ids::{SkuId, SupplierId};
use crate::model::money::{Currency, Money};
use crate::model::offer::{Offer, Sku};
use crate::model::quote::{Basket, Quantity, Wanted};
use crate::sourcing::{Error, Sourcing};
use crate::translate::trade;
use crate::upstream::wholesale::calls;

/// What a line costs to the warehouse.
struct Cost {
    sku: SkuId,
    unit_price: Money,
    goods: Money,
    freight: Money,
}

impl Cost {
    fn of_load(load: &Load) -> Option<Self> {
        let line = load.lines.first()?;
        Some(Self { sku: line.sku, unit_price: line.unit_price, goods: load.goods, freight: load.freight })
    }

    fn of_basket(basket: &Basket) -> Option<Self> {
        let line = basket.lines.first()?;
        Some(Self { sku: line.sku, unit_price: line.unit_price, goods: basket.goods, freight: basket.freight })
    }
}

impl Sourcing {
    /// The offers with their price and freight for the wanted quantity, rating and saving.
    pub(super) async fn priced(
        &self,
        asked: &Asked,
        sold: &Sold,
        known: &Known,
        compared: Vec<(Offer, Vec<Reason>, u32)>,
    ) -> Result<Vec<Candidate>, Error> {
        let mut open: Vec<Candidate> = Vec::with_capacity(compared.len());
        for (offer, reasons, confidence) in compared {
            let pieces = pieces(&offer, sold.quantity);
            let Some(sku) = fitting(&offer, &known.title, pieces) else { continue };
            let rating = self.rating(asked, offer.summary.supplier.id).await?;
            open.push(candidate(&offer, sku, pieces, reasons, confidence, rating));
        }
        self.with_freight(asked, &mut open).await?;
        for one in &mut open {
            one.saving = sold.price.as_ref().and_then(|price| self.saving(asked, price, one));
        }
        Ok(open)
    }

    /// Asks what each costs to the warehouse by itself: offers of one supplier are asked for one after the other, because
    /// together they would share freight and prices.
    async fn with_freight(&self, asked: &Asked, open: &mut [Candidate]) -> Result<(), Error> {
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
            let to = SentTo::Warehouse(asked.warehouse.clone());
            let question = FreightAsked { lines: wanted, to, ship_to: Some(asked.ship_to.clone()) };
            for cost in self.costs(asked, &question).await? {
                if let Some(one) = open.iter_mut().find(|one| one.sku == cost.sku.number()) {
                    one.unit_price = cost.unit_price.minor;
                    one.freight = cost.freight.minor;
                    one.total = cost.goods.minor + cost.freight.minor;
                }
            }
        }
        Ok(())
    }

    /// What each of these lines costs by itself. Catalogues that do not estimate freight tell it to who is about to buy.
    async fn costs(&self, asked: &Asked, question: &FreightAsked) -> Result<Vec<Cost>, Error> {
        match self.lookup.ask(&asked.audience, question).await {
            Ok(told) => Ok(told.found.loads.iter().filter_map(Cost::of_load).collect()),
            Err(error) if error.code() == Code::UpstreamNotOffered => {
                let request = trade::preview_request(&question.lines, &asked.warehouse, &asked.ship_to);
                let preview = self.desk().read(asked.audience.mode, &calls::preview(&request)).await?;
                let baskets = trade::baskets(preview, &asked.warehouse, &asked.ship_to)?;
                Ok(baskets.iter().filter_map(Cost::of_basket).collect())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What buyers think of a supplier.
    async fn rating(&self, asked: &Asked, id: SupplierId) -> Result<Option<String>, Error> {
        let supplier = unless_refused(self.lookup.ask(&asked.audience, &id).await)?;
        Ok(supplier.and_then(|supplier| supplier.found.rating).map(|rating| rating.to_string()))
    }

    /// What a candidate saves for a piece, freight included, in the currency of today's price as the partner sees prices.
    fn saving(&self, asked: &Asked, today: &Price, one: &Candidate) -> Option<Saving> {
        let currency: Currency = today.currency.parse().ok()?;
        let exchange = self.rates.exchange(currency).ok()?.with_margin(asked.audience.price_tier.margin);
        let there = exchange.convert(Money::fen(one.total))?;
        let pieces = i64::from(one.pieces.max(1));
        // Rounded up: what is saved is never told to be more than it is.
        let a_piece = there.minor.checked_add(pieces - 1)? / pieces;
        let minor = today.minor - a_piece;
        let permille = minor.checked_mul(1000)?.checked_div(today.minor)?;
        Some(Saving { per_piece: Price { minor, currency: today.currency.clone() }, permille })
    }
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
