//! Quotes: what lines cost now, locked for a while; one quote a supplier, and a reason for each line without one.

use std::collections::HashSet;

use super::{Error, Orders};
use crate::error::Place;
use crate::model::ids::QuoteId;
use crate::model::money::{Currency, Exchange};
use crate::model::partner::{Caller, Mode};
use crate::model::quote::{Basket, Country, LineProblem, MOST_LINES, Quote, Wanted, Warehouse};
use crate::translate::trade;
use crate::upstream;

/// A wish for quotes.
#[derive(Clone, Debug)]
pub struct NewQuote {
    /// What is wanted.
    pub lines: Vec<Wanted>,
    /// Where it is gathered; the gateway's usual place when absent.
    pub warehouse: Option<Warehouse>,
    /// Where it goes in the end; the partner's country when absent.
    pub ship_to: Option<Country>,
    /// The currency whose rate is locked with it.
    pub currency: Currency,
}

/// What can be had, and what cannot.
#[derive(Clone, Debug)]
pub struct Quoted {
    /// One quote a supplier.
    pub quotes: Vec<Quote>,
    /// Lines that are in none of them, and why.
    pub problems: Vec<LineProblem>,
}

impl Quoted {
    /// A line's problem in a sentence, with what would be right.
    pub fn describe(problem: &LineProblem) -> String {
        super::error::describe(problem)
    }
}

impl Orders {
    /// Quotes what is wanted.
    pub async fn quote(&self, caller: &Caller, wish: NewQuote) -> Result<Quoted, Error> {
        check(&wish.lines)?;
        self.may_be_in(wish.currency, caller.mode)?;
        let margin = caller.partner.plan.price_tier.margin;
        let exchange = self.rates.exchange_for_quote(wish.currency)?.with_margin(margin);
        let ship_to = match wish.ship_to {
            Some(country) => country,
            None => caller.partner.country.parse().map_err(|unfit: crate::model::quote::Unfit| {
                Error::Invalid(vec![Place::body("/ship_to_country", format!("your account has none; give {unfit}"))])
            })?,
        };
        let warehouse = wish.warehouse.unwrap_or_else(|| self.settings.warehouse.clone());
        let (baskets, problems) = self.priced(caller, &wish.lines, &warehouse, &ship_to).await?;
        if baskets.is_empty() {
            return Err(Error::NothingToQuote(problems));
        }
        if baskets.iter().any(|basket| exchange.convert(basket.total).is_none()) {
            return Err(Error::TooMuch);
        }
        let quotes: Vec<_> = baskets.into_iter().map(|basket| self.offered(caller, basket, &exchange)).collect();
        self.ledger.append_quotes(&quotes).await?;
        Ok(Quoted { quotes, problems })
    }

    /// A quote that was made before.
    pub async fn get_quote(&self, caller: &Caller, id: &QuoteId) -> Result<Quote, Error> {
        let found = self.ledger.find_quote(&caller.partner.id, caller.mode, id).await?;
        found.ok_or(Error::QuoteNotFound)
    }

    /// Nobody is held to an amount that was made of figures for trying things out.
    fn may_be_in(&self, currency: Currency, mode: Mode) -> Result<(), Error> {
        if currency == Currency::CNY || mode == Mode::Sandbox || !self.settings.live_in_cny_only {
            return Ok(());
        }
        let detail = "CNY: this gateway has only trial exchange rates, on which nothing is quoted for live keys; \
                      prices are still shown in your currency";
        Err(Error::Invalid(vec![Place::body("/currency", detail)]))
    }

    /// Prices lines; those with a problem are left out and the rest is priced again, because minimum quantities,
    /// price tiers and freight depend on what is bought together.
    async fn priced(
        &self,
        caller: &Caller,
        lines: &[Wanted],
        warehouse: &Warehouse,
        ship_to: &Country,
    ) -> Result<(Vec<Basket>, Vec<LineProblem>), Error> {
        let mut left = lines.to_vec();
        let mut problems: Vec<LineProblem> = Vec::new();
        while !left.is_empty() {
            let preview = self.preview(caller.mode, &left, warehouse, ship_to).await;
            let preview = preview.map_err(not_acceptable)?;
            let mut found = trade::line_problems(&preview, &left)?;
            if found.is_empty() {
                return Ok((trade::baskets(preview, warehouse, ship_to)?, problems));
            }
            let wrong: HashSet<_> = found.iter().filter_map(|p| left.get(p.line)).map(|line| line.sku).collect();
            for problem in &mut found {
                let sku = left.get(problem.line).map(|line| line.sku);
                problem.line = lines.iter().position(|line| Some(line.sku) == sku).unwrap_or(problem.line);
            }
            problems.append(&mut found);
            left.retain(|line| !wrong.contains(&line.sku));
        }
        problems.sort_by_key(|problem| problem.line);
        Ok((Vec::new(), problems))
    }

    fn offered(&self, caller: &Caller, basket: Basket, exchange: &Exchange) -> Quote {
        let now = self.now();
        Quote {
            id: QuoteId::fresh(),
            partner: caller.partner.id.clone(),
            mode: caller.mode,
            basket,
            exchange: exchange.clone(),
            created_at: now,
            expires_at: now + jiff::SignedDuration::from_secs(self.settings.quote_valid_s),
        }
    }
}

fn check(lines: &[Wanted]) -> Result<(), Error> {
    let mut places = Vec::new();
    if lines.is_empty() || lines.len() > MOST_LINES {
        let limit = format!(
            "{} lines; the catalogue takes 1 to {MOST_LINES} different SKUs in one order: split them over several",
            lines.len()
        );
        places.push(Place::body("/lines", limit));
    }
    let mut seen = HashSet::new();
    for (at, line) in lines.iter().enumerate() {
        if !seen.insert(line.sku) {
            let detail = "this SKU is in an earlier line: put both quantities together";
            places.push(Place::body(&format!("/lines/{at}/sku_id"), detail));
        }
    }
    if places.is_empty() { Ok(()) } else { Err(Error::Invalid(places)) }
}

/// What the catalogue finds wrong with a preview, as places of our request.
fn not_acceptable(error: upstream::Error) -> Error {
    const OURS: &[(&str, &str, &str)] = &[
        ("warehouseCode", "/warehouse", "no such warehouse; leave it out for the usual one"),
        ("destCountry", "/ship_to_country", "the catalogue does not know this country"),
    ];
    let param = error.refusal().filter(|refused| refused.error_code == "PARAM_INVALID");
    let param = param.and_then(|refused| refused.data.get("param")).and_then(|param| param.as_str());
    match OURS.iter().find(|(theirs, _, _)| Some(*theirs) == param) {
        Some((_, ours, detail)) => Error::Invalid(vec![Place::body(ours, *detail)]),
        None => error.into(),
    }
}
