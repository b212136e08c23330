//! Orders of all partners: the funnel, what waits for an answer or for a person, and lists of those that were sought.

use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::{Progress, Search, Which};
use crate::model::order::{Attention, Order, State};
use crate::model::page::Cursor;
use crate::ops::look::{At, Books, Listed, PAGE, Trouble};

/// An order in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderRow {
    /// Our id of it.
    pub id: String,
    /// The partner's own number.
    pub reference: String,
    /// Whose it is.
    pub partner: String,
    /// `live` or `sandbox`.
    pub mode: &'static str,
    /// Where it stands.
    pub state: &'static str,
    /// Why it was rejected or closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The catalogue's number, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalogue_order_id: Option<String>,
    /// What is to be paid, in CNY.
    pub payable: String,
    /// How far the payment is.
    pub payment: &'static str,
    /// Why a person has to look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention: Option<&'static str>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention_says: Option<String>,
    /// When it was received.
    pub created_at: At,
    /// When its last event was written.
    pub updated_at: At,
    /// How its state looks.
    #[serde(skip)]
    pub look: &'static str,
}

impl From<&Order> for OrderRow {
    fn from(order: &Order) -> Self {
        let deed = &order.deed;
        Self {
            id: deed.id.to_string(),
            reference: deed.reference.to_string(),
            partner: deed.partner.to_string(),
            mode: deed.mode.name(),
            state: order.state.name(),
            reason: order.reason.clone(),
            catalogue_order_id: order.catalogue_order.map(|number| number.to_string()),
            payable: order.payable.amount().to_string(),
            payment: order.paying.name(),
            attention: order.attention.map(Attention::name),
            attention_says: order.attention.map(|why| plain(why.says())),
            created_at: deed.created_at.into(),
            updated_at: order.updated_at.into(),
            look: look(order.state),
        }
    }
}

/// A sentence of the model without the marks of code.
pub fn plain(says: &str) -> String {
    says.replace('`', "")
}

/// How a state looks: what wants somebody, what went wrong, what is done.
pub const fn look(state: State) -> &'static str {
    match state {
        State::Unknown => "bad",
        State::Rejected | State::Closed | State::Refunding | State::Refunded => "warn",
        State::Completed => "good",
        State::Cancelled => "quiet",
        _ => "blue",
    }
}

/// How many orders came how far.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Funnel {
    /// Over orders received in so many days.
    pub days: u32,
    /// Only this partner's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// The steps of a smooth course; each counts the orders that came at least so far.
    pub steps: Vec<Step>,
    /// Orders that left the course, or whose outcome is unknown, by where they stand.
    pub aside: Vec<Aside>,
}

/// A step of a smooth course.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Step {
    /// The state that they were in.
    pub state: &'static str,
    /// How many came so far.
    pub orders: u64,
    /// Their share of all received, in percent.
    pub of_all: f64,
    /// Their share of those that came to the step before, in percent.
    pub of_step_before: f64,
}

/// Orders beside the course.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Aside {
    /// Where they stand.
    pub state: &'static str,
    /// How many.
    pub orders: u64,
    /// Their share of all received, in percent.
    pub of_all: f64,
    /// How the state looks.
    #[serde(skip)]
    pub look: &'static str,
}

/// Over how many days a funnel can be counted.
pub const DAYS: [u32; 3] = [1, 7, 30];
const DAY_MS: i64 = 86_400_000;

/// Reads the funnel.
pub async fn funnel(books: &Books, days: u32, partner: Option<&str>) -> Result<Funnel, Trouble> {
    if !DAYS.contains(&days) {
        return Err(Trouble::Wrong("days: 1, 7 or 30".into()));
    }
    let of = match partner {
        Some(name) => Some(name.parse().map_err(|wrong| Trouble::Wrong(format!("partner: {wrong}")))?),
        None => None,
    };
    let progress = books.ledger.progress(i64::from(days) * DAY_MS, of.as_ref()).await?;
    let (steps, aside) = counted(&progress);
    Ok(Funnel { days, partner: partner.map(str::to_owned), steps, aside })
}

fn counted(progress: &[Progress]) -> (Vec<Step>, Vec<Aside>) {
    let place = |state: State| Progress::COURSE.iter().position(|one| *one == state).unwrap_or(0);
    let sum = |fits: &dyn Fn(&Progress) -> bool| progress.iter().filter(|row| fits(row)).map(|row| row.orders).sum();
    let all: u64 = sum(&|_| true);
    let mut before = all;
    let mut steps = Vec::new();
    for (at, state) in Progress::COURSE.iter().enumerate() {
        let orders: u64 = sum(&|row| place(row.reached) >= at);
        steps.push(Step {
            state: state.name(),
            orders,
            of_all: percent(orders, all),
            of_step_before: percent(orders, before),
        });
        before = orders;
    }
    let aside = [State::Unknown, State::Rejected, State::Cancelled, State::Closed, State::Refunding, State::Refunded];
    let aside = aside.into_iter().map(|state| {
        let orders: u64 = sum(&|row| row.state == state);
        Aside { state: state.name(), orders, of_all: percent(orders, all), look: look(state) }
    });
    (steps, aside.collect())
}

/// One decimal is all that a share of some orders can say.
fn percent(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { (1000.0 * part as f64 / of as f64).round() / 10.0 }
}

/// What waits: for an answer of the catalogue, and for a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Waiting {
    /// Orders whose outcome is unknown, the longest waiting first; the first hundred.
    pub unknown: Vec<OrderRow>,
    /// How many those are in all.
    pub unknown_in_all: u64,
    /// Orders that somebody has to look at, the longest waiting first; the first hundred.
    pub attention: Vec<OrderRow>,
}

const QUEUE: u32 = 100;

/// Reads what waits.
pub async fn waiting(books: &Books) -> Result<Waiting, Trouble> {
    let search = Search { attention: true, ..Search::default() };
    let (unknown, unsettled) = (books.ledger.list_unknown(QUEUE).await?, books.ledger.unsettled::<Order>().await?);
    let attention = books.ledger.search_orders(&search, QUEUE).await?;
    Ok(Waiting {
        unknown: unknown.iter().map(OrderRow::from).collect(),
        unknown_in_all: unsettled.unknown,
        attention: attention.iter().map(OrderRow::from).collect(),
    })
}

/// What is sought among orders, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// A reference, our id, or the catalogue's number.
    pub q: Option<String>,
    /// A partner's short name.
    pub partner: Option<String>,
    /// `live` or `sandbox`.
    pub mode: Option<String>,
    /// A state.
    pub state: Option<String>,
    /// Where a page before ended.
    pub cursor: Option<String>,
}

/// Reads a page of orders, newest first.
pub async fn list(books: &Books, sought: &Sought) -> Result<Listed<OrderRow>, Trouble> {
    if let Some(id) = sought.q.as_deref().and_then(|q| q.parse().ok()) {
        let order = books.ledger.get_order(&id).await?;
        return Ok(Listed { items: vec![OrderRow::from(&order)], next_cursor: None });
    }
    let which = Which {
        partner: read("partner", sought.partner.as_deref())?,
        mode: read("mode", sought.mode.as_deref())?,
        state: read("state", sought.state.as_deref())?,
        reference: read("q", sought.q.as_deref())?,
        number: sought.q.as_deref().and_then(|q| q.parse().ok()),
    };
    let after = sought.cursor.clone().map(Cursor);
    let page = books.ledger.list_all_orders(&which, after.as_ref(), PAGE).await?;
    Ok(Listed { items: page.items.iter().map(OrderRow::from).collect(), next_cursor: page.next.map(|mark| mark.0) })
}

/// A field that was typed, as what it should be.
pub fn read<T>(name: &str, text: Option<&str>) -> Result<Option<T>, Trouble>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let parse = |text: &str| text.parse().map_err(|wrong| Trouble::Wrong(format!("{name}: {wrong}")));
    text.map(parse).transpose()
}

/// What is written into the audit with a change.
pub fn reason(text: &str) -> Result<String, Trouble> {
    let fits = (3..=500).contains(&text.chars().count());
    if fits { Ok(text.to_owned()) } else { Err(Trouble::Wrong("reason: say why, in 3 to 500 characters".to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::counted;
    use crate::ledger::Progress;
    use crate::model::order::State;

    #[test]
    fn whoever_came_further_also_came_so_far() {
        let row = |reached, state, orders| Progress { reached, state, orders };
        let (steps, aside) = counted(&[
            row(State::Received, State::Rejected, 10),
            row(State::Received, State::Unknown, 2),
            row(State::AwaitingPayment, State::AwaitingPayment, 28),
            row(State::Paid, State::Preparing, 20),
            row(State::Completed, State::Completed, 40),
        ]);
        let told: Vec<_> = steps.iter().take(4).map(|step| (step.state, step.orders, step.of_all)).collect();
        assert_eq!(
            told,
            [("received", 100, 100.0), ("awaiting_payment", 88, 88.0), ("paid", 60, 60.0), ("shipped", 40, 40.0)]
        );
        assert_eq!(steps[2].of_step_before, 68.2);
        let stood: Vec<_> = aside.iter().filter(|aside| aside.orders > 0).map(|row| (row.state, row.of_all)).collect();
        assert_eq!(stood, [("unknown", 2.0), ("rejected", 10.0)]);
    }

    #[test]
    fn without_orders_there_are_no_shares() {
        let (steps, _) = counted(&[]);
        assert!(steps.iter().all(|step| step.orders == 0 && step.of_all == 0.0 && step.of_step_before == 0.0));
    }
}
