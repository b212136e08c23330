//! The lives of orders, refunds, consignments and inquiries as tables, made from the model's own tables of states and moves: what
//! a page says of them cannot go stale.

use crate::model::consignment;
use crate::model::event;
use crate::model::inquiry;
use crate::model::order::{self, Leads};
use crate::model::payment;
use crate::model::refund;

/// A state and what it means.
#[derive(Debug)]
pub struct Standing {
    /// Its machine name.
    pub name: &'static str,
    /// A sentence, without the marks of code that the model's texts have.
    pub says: String,
}

/// A move from some states to another.
#[derive(Debug)]
pub struct Step {
    /// The public type of the event, when partners are told.
    pub event: Option<String>,
    /// What the event means, likewise.
    pub says: String,
    /// The states it can happen in.
    pub from: Vec<&'static str>,
    /// The state afterwards.
    pub to: &'static str,
}

/// Everything that can happen to something.
#[derive(Debug)]
pub struct Life {
    /// Its states, in the order of a smooth course.
    pub states: Vec<Standing>,
    /// The moves that partners hear of.
    pub steps: Vec<Step>,
    /// Whether the moves have places they lead from and to.
    pub leads: bool,
}

macro_rules! standings {
    ($state:path) => {{
        use $state as State;
        State::ALL.iter().map(|state| Standing { name: state.name(), says: plain(state.says()) }).collect::<Vec<_>>()
    }};
}

fn step(event: Option<String>, from: Vec<&'static str>, to: &'static str) -> Step {
    let says = event.as_deref().and_then(event::find).map_or("", |kind| kind.says);
    Step { event, says: plain(says), from, to }
}

fn plain(says: &str) -> String {
    says.replace('`', "")
}

/// Every type that can be subscribed to.
pub fn types() -> Vec<Standing> {
    event::KINDS.iter().map(|kind| Standing { name: kind.name, says: plain(kind.says) }).collect()
}

/// An order's.
pub fn of_orders() -> Life {
    let told = order::Kind::ALL.iter().filter(|kind| kind.is_told());
    let steps = told.map(|kind| {
        let to = match kind.leads() {
            Leads::To(state) => state.name(),
            Leads::Nowhere => "as before",
            Leads::Back => "where it stood before the refund",
        };
        step(Some(format!("order.{}", kind.name())), kind.from().iter().map(|state| state.name()).collect(), to)
    });
    Life { states: standings!(order::State), steps: steps.collect(), leads: true }
}

/// A refund's; its events are named after the state they lead to.
pub fn of_refunds() -> Life {
    let told = refund::Kind::ALL.iter().filter(|kind| kind.is_told());
    let steps = told.map(|kind| {
        let to = kind.leads_to().name();
        step(Some(format!("refund.{to}")), kind.from().iter().map(|state| state.name()).collect(), to)
    });
    Life { states: standings!(refund::State), steps: steps.collect(), leads: true }
}

/// A consignment's.
pub fn of_consignments() -> Life {
    let told = consignment::Kind::ALL.iter().filter_map(|kind| Some((kind, kind.told()?)));
    let steps = told.map(|(kind, name)| {
        let to = kind.leads_to().map_or("as before", |state| state.name());
        step(Some(format!("consignment.{name}")), kind.from().iter().map(|state| state.name()).collect(), to)
    });
    Life { states: standings!(consignment::State), steps: steps.collect(), leads: true }
}

/// An inquiry's.
pub fn of_inquiries() -> Life {
    let told = inquiry::Kind::ALL.iter().filter(|kind| kind.is_told());
    let steps = told.map(|kind| {
        let from = kind.from().iter().map(|state| state.name()).collect();
        step(Some(format!("inquiry.{}", kind.name())), from, kind.leads_to().name())
    });
    Life { states: standings!(inquiry::State), steps: steps.collect(), leads: true }
}

/// How an order's part of a payment can stand; the events `payment.*` tell of it.
pub fn of_payments() -> Life {
    let told = event::KINDS.iter().filter(|kind| kind.name.starts_with("payment."));
    let steps =
        told.map(|kind| Step { event: Some(kind.name.to_owned()), says: plain(kind.says), from: Vec::new(), to: "" });
    Life { states: standings!(payment::PartState), steps: steps.collect(), leads: false }
}

#[cfg(test)]
mod tests {
    use super::{of_consignments, of_inquiries, of_orders, of_refunds};
    use crate::model::event;

    #[test]
    fn every_event_that_is_told_can_be_subscribed_to_and_says_what_it_means() {
        let told =
            [of_orders(), of_refunds(), of_consignments(), of_inquiries()].into_iter().flat_map(|life| life.steps);
        let unknown: Vec<_> = told.filter_map(|step| step.event).filter(|name| event::find(name).is_none()).collect();
        assert!(unknown.is_empty(), "model/event.rs has no row for {unknown:?}");
    }
}
