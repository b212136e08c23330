//! Why the room of orders did not do what was asked, in words for the caller.

use super::OtherTotal;
use crate::error::{Code, Failure, Place};
use crate::ledger;
use crate::model::ids::{OrderId, SkuId};
use crate::model::money::Money;
use crate::model::order::{Refusal, State};
use crate::model::quote::{LineProblem, Quote, Wanted};
use crate::rates;
use crate::translate::Nonsense;
use crate::upstream;

/// A refusal or failure of the room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger refused or failed.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The catalogue did not answer, or refused for a reason of its own.
    #[error(transparent)]
    Upstream(#[from] upstream::Error),
    /// There is no usable exchange rate.
    #[error(transparent)]
    Rates(#[from] rates::Error),
    /// The catalogue's answer makes no sense.
    #[error(transparent)]
    Nonsense(#[from] Nonsense),
    /// The catalogue was not reached; nothing was ordered, and the same request starts again.
    #[error("not placed: {0}")]
    NotPlaced(upstream::Error),
    /// The request asks for something impossible.
    #[error("invalid request")]
    Invalid(Vec<Place>),
    /// None of the lines can be quoted.
    #[error("nothing to quote")]
    NothingToQuote(Vec<LineProblem>),
    /// Some of the lines that were to be ordered at once cannot be had so.
    #[error("some lines cannot be ordered")]
    LinesUnavailable(Vec<LineProblem>),
    /// The lines that were to be ordered at once belong to several suppliers; these are their quotes.
    #[error("one order has one supplier")]
    NeedsSplit(Vec<Quote>),
    /// It does not cost what was expected; nothing was ordered or paid.
    #[error("the total is not the expected one")]
    OtherTotal(OtherTotal),
    /// There is no such quote.
    #[error("no such quote")]
    QuoteNotFound,
    /// There is no such order.
    #[error("no such order")]
    OrderNotFound,
    /// There is no such payment.
    #[error("no such payment")]
    PaymentNotFound,
    /// The order stands where this cannot be done.
    #[error("not possible while {state}: {advice}")]
    Conflict {
        /// Where it stands.
        state: State,
        /// What to do.
        advice: &'static str,
    },
    /// One of the orders that were to be paid together does not wait for money; nothing was paid.
    #[error("order {order} is {state}")]
    NotPayable {
        /// Which one.
        order: OrderId,
        /// Where it stands.
        state: State,
    },
    /// An amount does not fit into the asked currency's numbers.
    #[error("an amount does not fit")]
    TooMuch,
    /// Others kept writing first; trying again helps.
    #[error("the order kept moving")]
    Busy,
}

const NOT_ORDERED: &str =
    "The catalogue could not be reached and nothing was ordered; repeat with the same Idempotency-Key.";

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Upstream(error) => error.code(),
            Self::Rates(error) => error.code(),
            Self::NotPlaced(error) => error.code_of_undone(),
            Self::Nonsense(nonsense) => nonsense.code(),
            Self::Invalid(_) => Code::InvalidRequest,
            Self::NothingToQuote(_) => Code::NothingToQuote,
            Self::LinesUnavailable(_) => Code::LinesUnavailable,
            Self::NeedsSplit(_) => Code::OrderNeedsSplit,
            Self::OtherTotal(_) => Code::PriceChanged,
            Self::QuoteNotFound => Code::QuoteNotFound,
            Self::OrderNotFound => Code::OrderNotFound,
            Self::PaymentNotFound => Code::PaymentNotFound,
            Self::Conflict { .. } | Self::NotPayable { .. } => Code::OrderStateConflict,
            Self::TooMuch => Code::Internal,
            Self::Busy => Code::OrderInProgress,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Ledger(error) => error.detail(),
            Self::Upstream(error) => error.detail(),
            Self::Rates(error) => error.detail(),
            Self::NotPlaced(error) => error.detail().or_else(|| Some(NOT_ORDERED.to_owned())),
            Self::Conflict { state, advice } => Some(format!("The order is {state}. {advice}")),
            Self::NotPayable { order, state } => Some(format!(
                "Order {order} is {state}, and only orders that are awaiting_payment can be paid; nothing was paid. \
                 Leave it out."
            )),
            Self::NeedsSplit(quotes) => {
                Some(format!("The lines belong to {} suppliers; nothing was ordered. {}", quotes.len(), self.advice()))
            }
            Self::OtherTotal(other) => {
                let total = other.total.amount();
                Some(format!("The total is {total} CNY; nothing was ordered or paid. {}", self.advice()))
            }
            _ => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Invalid(places) => places.clone(),
            Self::Rates(error) => error.places(),
            Self::Ledger(error) => error.places(),
            Self::NothingToQuote(problems) | Self::LinesUnavailable(problems) => {
                problems.iter().map(place_of).collect()
            }
            Self::OtherTotal(other) => other.places.clone(),
            _ => Vec::new(),
        }
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Ledger(error) => error.extras(),
            Self::Conflict { state, .. } => vec![("state", format!("\"{state}\""))],
            Self::NotPayable { order, state } => {
                vec![("order_id", format!("\"{order}\"")), ("state", format!("\"{state}\""))]
            }
            Self::NeedsSplit(quotes) => {
                vec![("quotes", serde_json::Value::from_iter(quotes.iter().map(quoted)).to_string())]
            }
            Self::OtherTotal(other) => other_total(other),
            Self::NothingToQuote(problems) | Self::LinesUnavailable(problems) => {
                vec![("problems", serde_json::Value::from_iter(problems.iter().map(told)).to_string())]
            }
            _ => Vec::new(),
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Ledger(error) => error.retry_after_s(),
            Self::Busy => Some(1),
            Self::NotPlaced(error) => error.retry_undone_after_s(),
            Self::Upstream(error) => error.retry_after_s(),
            Self::Rates(error) => error.retry_after_s(),
            _ => None,
        }
    }

    fn internal(&self) -> Option<String> {
        let ours = [Code::Internal, Code::LedgerUnavailable, Code::UpstreamNonsense, Code::UpstreamRefused];
        let worth = ours.contains(&self.code()) || matches!(self, Self::Upstream(_) | Self::NotPlaced(_));
        worth.then(|| self.to_string())
    }
}

impl Error {
    fn advice(&self) -> &'static str {
        self.code().facts().advice
    }
}

fn money(money: Money) -> serde_json::Value {
    serde_json::json!({"amount": money.amount(), "currency": money.currency.code()})
}

/// A quote in short: enough to order by it.
fn quoted(quote: &Quote) -> serde_json::Value {
    let skus: Vec<_> = quote.basket.lines.iter().map(|line| line.sku.to_string()).collect();
    serde_json::json!({
        "quote_id": quote.id.as_str(), "supplier_id": quote.basket.supplier.to_string(), "sku_ids": skus,
        "total": money(quote.basket.total), "expires_at": quote.expires_at.to_string(),
    })
}

fn other_total(other: &OtherTotal) -> Vec<(&'static str, String)> {
    let mut extras = vec![("total", money(other.total).to_string())];
    extras.extend(other.converted.map(|converted| ("total_converted", money(converted).to_string())));
    extras.extend(other.quote.as_ref().map(|quote| ("quote_id", format!("\"{quote}\""))));
    if !other.parts.is_empty() {
        let part = |(order, amount): &(OrderId, Money)| serde_json::json!({"order_id": order.as_str(), "amount": money(*amount)});
        extras.push(("orders", serde_json::Value::from_iter(other.parts.iter().map(part)).to_string()));
    }
    extras
}

/// A line's problem as a place in the request's body.
fn place_of(problem: &LineProblem) -> Place {
    Place::body(&format!("/lines/{}", problem.line), describe(problem))
}

/// A line's problem as quotes tell it.
fn told(problem: &LineProblem) -> serde_json::Value {
    let mut told = serde_json::json!({
        "pointer": format!("#/lines/{}", problem.line), "code": problem.trouble.name(), "detail": describe(problem),
    });
    let figures = [
        ("minimum_order", problem.minimum_order),
        ("order_multiple", problem.order_multiple),
        ("stock", problem.stock),
    ];
    for (name, figure) in figures {
        if let Some(figure) = figure {
            told[name] = figure.into();
        }
    }
    if let Some(mixed) = &problem.mixed {
        told["mixed_order"] = serde_json::json!({
            "min_pieces": mixed.rule.pieces, "min_amount": mixed.rule.amount.map(money),
            "pieces": mixed.pieces, "amount": money(mixed.amount),
        });
    }
    told
}

/// A line's problem in a sentence, with what would be right.
pub(super) fn describe(problem: &LineProblem) -> String {
    let says = problem.trouble.says();
    match (problem.minimum_order, problem.order_multiple, problem.stock) {
        (Some(least), _, _) => format!("{says} Order at least {least}{}.", or_mixed(problem)),
        (_, Some(multiple), _) => format!("{says} Order a multiple of {multiple}."),
        (_, _, Some(stock)) => format!("{says} There are {stock} left."),
        _ => says.to_owned(),
    }
}

/// The other way to a smaller quantity, where the supplier has one.
fn or_mixed(problem: &LineProblem) -> String {
    let Some(mixed) = &problem.mixed else { return String::new() };
    let pieces = mixed.rule.pieces.map(|pieces| format!("{pieces} pieces"));
    let amount = mixed.rule.amount.map(|amount| format!("goods of {} CNY", amount.amount()));
    let enough = pieces.into_iter().chain(amount).collect::<Vec<_>>().join(" or ");
    let now = mixed.amount.amount();
    format!(
        ", or two or more SKUs of the supplier that make {enough} together (these lines make {} pieces and {now} CNY)",
        mixed.pieces
    )
}

/// The catalogue's refusal of an order, told at the places of the request that ordered it.
#[derive(Clone, Debug)]
pub struct Refused<'a> {
    refusal: Refusal,
    lines: Option<&'a [Wanted]>,
}

impl<'a> Refused<'a> {
    /// The refusal of an order by these lines, or by a quote.
    pub fn of(refusal: Refusal, lines: Option<&'a [Wanted]>) -> Self {
        Self { refusal, lines }
    }

    fn pointer(&self, sku: SkuId) -> String {
        let at = self.lines.and_then(|lines| lines.iter().position(|line| line.sku == sku));
        at.map_or_else(|| "/quote_id".to_owned(), |at| format!("/lines/{at}"))
    }
}

/// The catalogue's refusal of an order is told like any other failure.
impl Failure for Refused<'_> {
    fn code(&self) -> Code {
        self.refusal.code
    }

    fn detail(&self) -> Option<String> {
        Some(format!("{} {}", self.refusal.detail, self.refusal.code.facts().advice))
    }

    fn places(&self) -> Vec<Place> {
        let line = |line: &crate::model::order::RefusedLine| {
            let now = match (line.unit_price, line.stock) {
                (Some(price), _) => format!("SKU {} costs {} CNY a piece now.", line.sku, price.amount()),
                (None, Some(stock)) => format!("Of SKU {} there are {stock} left.", line.sku),
                (None, None) => format!("SKU {} cannot be ordered so.", line.sku),
            };
            Place::body(&self.pointer(line.sku), now)
        };
        self.refusal.lines.iter().map(line).collect()
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        let lines = self.refusal.lines.iter().map(|line| {
            let mut told = serde_json::json!({"sku_id": line.sku.to_string()});
            if let Some(price) = line.unit_price {
                told["unit_price"] = money(price);
            }
            if let Some(stock) = line.stock {
                told["stock"] = stock.into();
            }
            told
        });
        // A quotation has one line, and it is not the line that is wrong.
        let has_lines = self.refusal.code != Code::QuotationClosed;
        let lines = has_lines.then(|| ("lines", serde_json::Value::from_iter(lines).to_string()));
        let mut extras: Vec<_> = lines.into_iter().collect();
        extras.extend(self.refusal.freight.map(|freight| ("freight", money(freight).to_string())));
        extras.extend(self.refusal.total.map(|total| ("total", money(total).to_string())));
        extras
    }
}
