//! One order's whole story in one line of time: its events, the requests that asked for it, payments, parcels, refunds,
//! consignments, what its partner was told and how that arrived, and what was done by hand.

use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::{Case, KeyHeld, Paying, RefundFilter, Sent, Story};
use crate::model::consignment::Consignment;
use crate::model::ids::OrderId;
use crate::model::order::{Event, Order, State};
use crate::model::page::PageSize;
use crate::model::refund::Refund;
use crate::model::shipment::Known;
use crate::model::webhook::DeliveryState;
use crate::ops::look::orders::{OrderRow, look, plain};
use crate::ops::look::{At, Books, Trouble};

/// Everything that is known of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderStory {
    /// The order.
    pub order: OrderRow,
    /// What its state means.
    pub says: String,
    /// What it was made of.
    pub deed: DeedView,
    /// Until when it has to be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay_by: Option<At>,
    /// When the gateway looks at it next by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_look_at: Option<At>,
    /// Its parcels.
    pub parcels: Vec<Parcel>,
    /// What happened, oldest first.
    pub story: Vec<Told>,
    /// What can be done to it by hand as it stands.
    pub can: Vec<Hand>,
}

/// What an order was made of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeedView {
    /// The quote.
    pub quote_id: String,
    /// The supplier.
    pub supplier_id: String,
    /// The supplier's Chinese name.
    pub supplier: String,
    /// Where the supplier sends the goods.
    pub warehouse: String,
    /// Where they go in the end.
    pub ship_to: String,
    /// The newest note to the supplier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The lines.
    pub lines: Vec<LineView>,
    /// The sum of the lines, in CNY.
    pub goods: String,
    /// Freight to the warehouse, in CNY.
    pub freight: String,
    /// Both, in CNY.
    pub total: String,
    /// What was given back so far, in CNY.
    pub refunded: String,
}

/// A line of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LineView {
    /// The variant.
    pub sku_id: String,
    /// The offer it belongs to.
    pub offer_id: String,
    /// The offer's Chinese title.
    pub title: String,
    /// The variant's attributes in Chinese.
    pub specification: String,
    /// How many.
    pub quantity: u64,
    /// The price of one, in CNY.
    pub unit_price: String,
    /// The price of all, in CNY.
    pub amount: String,
}

/// A parcel of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Parcel {
    /// Its id.
    pub id: String,
    /// Where it was when it was last seen.
    pub state: &'static str,
    /// How many marks its way had then.
    pub marks: u32,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Told {
    /// When.
    pub at: At,
    /// To what: `event` of the order, `request`, `payment`, `refund`, `consignment`, `told`, `attempt` or `by_hand`.
    pub kind: &'static str,
    /// What, in a word or two.
    pub what: String,
    /// By whom or to whom.
    pub by: String,
    /// More about it.
    pub detail: Vec<String>,
    /// The id of it, when it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How it looks.
    #[serde(skip)]
    pub look: &'static str,
}

/// Something that can be done by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hand {
    /// Ask the catalogue now, and take in what it says.
    Look,
    /// Look an unknown order up, and place it again when the catalogue does not have it.
    Retry,
    /// End an order that was handed to a person, when the catalogue does not have it.
    Settle,
}

/// Reads the whole story of an order.
pub async fn story(books: &Books, id: &OrderId) -> Result<OrderStory, Trouble> {
    let ledger = &books.ledger;
    let case = ledger.case(id).await?;
    let order = &case.order;
    let (told, parcels) = (ledger.told_of(order).await?, ledger.list_shipments(id).await?);
    let by_hand = ledger.audited(id.as_str(), 1000).await?;
    let mut story: Vec<Told> = order.events.iter().map(event).collect();
    story.extend(case.keys.iter().flat_map(request));
    story.extend(case.payments.iter().flat_map(payment));
    story.extend(told.iter().flat_map(news));
    for refund in refunds(books, order).await? {
        story.extend(of_refund(&refund));
    }
    for consignment in ledger.consignments_of(id).await? {
        story.extend(of_consignment(&ledger.get_consignment(&consignment).await?));
    }
    story.extend(by_hand.iter().map(|entry| {
        let detail = Some(entry.detail.clone()).filter(|detail| !detail.is_empty());
        Told { detail: detail.into_iter().collect(), ..Told::new(entry.at, "by_hand", &entry.action, &entry.actor) }
    }));
    // What was written at one moment keeps the order above: the event before what came of it.
    story.sort_by_key(|told| told.at);
    Ok(OrderStory {
        order: OrderRow::from(order),
        says: plain(order.state.says()),
        deed: deed(order),
        pay_by: order.pay_by.map(At).filter(|_| order.state == State::AwaitingPayment),
        next_look_at: case.next_look.map(At),
        parcels: parcels.iter().map(parcel).collect(),
        can: hands(&case),
        story,
    })
}

async fn refunds(books: &Books, order: &Order) -> Result<Vec<Refund>, Trouble> {
    let filter = RefundFilter { order: Some(order.deed.id.clone()), state: None };
    let most = PageSize::new(50).unwrap_or_default();
    let deed = &order.deed;
    let found = books.ledger.list_refunds(&deed.partner, deed.mode, &filter, None, most).await?;
    let mut whole = Vec::new();
    for refund in found.items {
        whole.push(books.ledger.get::<Refund>(&refund.deed.id).await?);
    }
    Ok(whole)
}

/// What may be tried; whether it is done is for the room of orders to say.
fn hands(case: &Case) -> Vec<Hand> {
    let order = &case.order;
    let handed_over = order.events.iter().any(|event| event.kind.name() == "handed_to_person");
    match order.state {
        State::Received => Vec::new(),
        State::Unknown if handed_over => vec![Hand::Look, Hand::Retry, Hand::Settle],
        State::Unknown => vec![Hand::Look, Hand::Retry],
        _ => vec![Hand::Look],
    }
}

impl Told {
    fn new(at: jiff::Timestamp, kind: &'static str, what: impl Into<String>, by: impl Into<String>) -> Self {
        Self { at: At(at), kind, what: what.into(), by: by.into(), detail: Vec::new(), id: None, look: "" }
    }

    fn with(mut self, detail: impl IntoIterator<Item = String>) -> Self {
        self.detail.extend(detail.into_iter().filter(|line| !line.is_empty()));
        self
    }

    fn id(self, id: impl ToString) -> Self {
        Self { id: Some(id.to_string()), ..self }
    }

    fn looks(self, look: &'static str) -> Self {
        Self { look, ..self }
    }
}

fn event(event: &Event) -> Told {
    let facts = &event.facts;
    let more = [
        facts.catalogue_order.map(|number| format!("the catalogue's number is {number}")),
        facts.pay_by.map(|at| format!("to be paid by {} UTC", At(at).text())),
        facts.reason.as_ref().map(|reason| format!("reason: {reason}")),
        facts.refusal.as_ref().map(|refusal| format!("{}: {}", refusal.code.facts().name, refusal.detail)),
        facts.payable.map(|money| format!("to pay from now on: {} CNY", money.amount())),
        facts.refunded.map(|money| format!("given back so far: {} CNY", money.amount())),
        facts.note.as_ref().map(|note| format!("note: {note}")),
    ];
    let what = format!("{} → {}", event.kind.name(), event.state);
    let told = Told::new(event.at, "event", what, event.actor.name()).with([event.cause.clone()]);
    told.with(more.into_iter().flatten()).id(&event.id).looks(look(event.state))
}

/// A key tells of its first request, and of the last word about it. Requests that only read leave nothing here.
fn request(key: &KeyHeld) -> Option<Told> {
    let answer = match key.status {
        Some(status) => format!("answered {status}"),
        None => format!("no answer yet; the worker that has it may go on until {} UTC", At(key.leased_until).text()),
    };
    let taken_up = if key.fence > 1 { format!("taken up {} times", key.fence) } else { String::new() };
    // Keys are forgotten 72 hours after they were first used.
    let first = key.expires_at - jiff::SignedDuration::from_hours(72);
    let look = if key.status.is_some_and(|status| status >= 400) { "warn" } else { "" };
    let told = Told::new(first, "request", &key.operation, "partner").with([answer, taken_up]);
    Some(told.with([format!("Idempotency-Key {}", key.key)]).looks(look))
}

fn payment(paying: &Paying) -> Vec<Told> {
    let method = paying.method.name();
    let asked = Told::new(paying.created_at, "payment", format!("{method} asked for"), "partner").id(&paying.payment);
    let problem = paying.part.problem.as_ref().map(|problem| format!("problem: {problem}"));
    let state = paying.part.state.name();
    let look = match state {
        "paid" => "good",
        "failed" => "warn",
        "unknown" => "bad",
        _ => "",
    };
    let now = Told::new(paying.updated_at, "payment", format!("{method} is {state}"), "gateway").with(problem);
    let now = now.id(&paying.payment).looks(look);
    if state == "pending" && paying.updated_at == paying.created_at { vec![asked] } else { vec![asked, now] }
}

/// An event as its partner is told, and every try to deliver it.
fn news(story: &Story) -> Vec<Told> {
    let published = story.position.map_or("not published yet".to_owned(), |place| format!("published as {place}"));
    let nobody = story.position.is_some() && story.sent.is_empty();
    let nobody = if nobody { "no endpoint asked for it; it can be pulled".to_owned() } else { String::new() };
    let told = Told::new(story.at, "told", &story.kind, "gateway").with([published, nobody]).id(&story.event);
    std::iter::once(told).chain(story.sent.iter().flat_map(attempts)).collect()
}

fn attempts(sent: &Sent) -> Vec<Told> {
    let host = url::Url::parse(&sent.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let last = sent.delivery.attempts.len();
    let tell = |(at, attempt): (usize, &crate::model::webhook::Attempt)| {
        let outcome = match (attempt.status, &attempt.problem) {
            (Some(status), None) => format!("delivered, answered {status}"),
            (Some(status), Some(problem)) => format!("answered {status}: {problem}"),
            (None, Some(problem)) => problem.clone(),
            (None, None) => "no answer".to_owned(),
        };
        let given_up = sent.delivery.state == DeliveryState::Failed && at + 1 == last;
        let given_up = if given_up { "given up".to_owned() } else { String::new() };
        let look = if attempt.problem.is_none() { "good" } else { "warn" };
        let what = format!("{} to {host}", sent.delivery.kind);
        let told = Told::new(attempt.at, "attempt", what, "gateway").looks(look).id(&sent.delivery.id);
        told.with([format!("try {}: {outcome} after {} ms", at + 1, attempt.duration_ms), given_up])
    };
    sent.delivery.attempts.iter().enumerate().map(tell).collect()
}

fn of_refund(refund: &Refund) -> Vec<Told> {
    let tell = |event: &crate::model::refund::Event| {
        let what = format!("refund {}", event.kind.name());
        Told::new(event.at, "refund", what, event.actor.name()).with([event.cause.clone()]).id(&refund.deed.id)
    };
    refund.events.iter().map(tell).collect()
}

fn of_consignment(consignment: &Consignment) -> Vec<Told> {
    let tell = |event: &crate::model::consignment::Event| {
        let what = format!("consignment {}", event.kind.name());
        let told = Told::new(event.at, "consignment", what, event.actor.name()).with([event.cause.clone()]);
        told.id(&consignment.deed.id)
    };
    consignment.events.iter().map(tell).collect()
}

fn parcel(known: &Known) -> Parcel {
    Parcel { id: known.id.to_string(), state: known.transit.name(), marks: known.traces }
}

fn deed(order: &Order) -> DeedView {
    let (deed, basket) = (&order.deed, &order.deed.basket);
    let line = |line: &crate::model::quote::Line| LineView {
        sku_id: line.sku.to_string(),
        offer_id: line.offer.to_string(),
        title: line.title.clone(),
        specification: line.specification.clone(),
        quantity: u64::from(line.quantity.get()),
        unit_price: line.unit_price.amount(),
        amount: line.amount.amount(),
    };
    DeedView {
        quote_id: deed.quote.to_string(),
        supplier_id: basket.supplier.to_string(),
        supplier: basket.supplier_name.clone(),
        warehouse: basket.warehouse.to_string(),
        ship_to: basket.ship_to.to_string(),
        note: order.note.clone(),
        lines: basket.lines.iter().map(line).collect(),
        goods: basket.goods.amount(),
        freight: basket.freight.amount(),
        total: basket.total.amount(),
        refunded: order.refunded.amount(),
    }
}

/// What a look, another try or a settling brought, in sentences.
pub fn told(looked: &crate::orders::Looked) -> Vec<String> {
    let there = looked.there.as_ref().map_or_else(
        || "The catalogue does not have it.".to_owned(),
        |there| format!("The catalogue has it as {}, {}.", there.number, there.state),
    );
    let names: Vec<_> = looked.moved.iter().map(|kind| kind.name()).collect();
    let written = if names.is_empty() { "nothing new".to_owned() } else { names.join(", ") };
    let remark = looked.remark.as_ref().map(|remark| format!("Mind: {remark}."));
    [there, format!("Written: {written}.")].into_iter().chain(remark).collect()
}
