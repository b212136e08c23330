//! Whether every event was told: by pull and to each endpoint, at least once, in the order of its order. Knows nothing of
//! how it was read.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Result;

use crate::checker::{Verdict, Wrong};
use crate::receiver::Delivery;

/// An event in the ledger's own table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// Whose.
    pub partner: String,
    /// What it happened to.
    pub subject: String,
    /// Its type.
    pub kind: String,
    /// Its place in the order of writing.
    pub serial: i64,
    /// Its place in the order of publishing; none when it was not.
    pub position: Option<i64>,
}

/// An endpoint of a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The path deliveries are sent to.
    pub path: String,
    /// Whose.
    pub partner: String,
    /// What deliveries are signed with.
    pub secret: String,
}

/// Everything that has to do with events at the end of a run.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The ledger's table, in order of serial.
    pub events: Vec<Event>,
    /// What each partner pulled, in its order: id and type. Empty when there is no such operation.
    pub pulled: BTreeMap<String, Vec<(String, String)>>,
    /// Whether events can be pulled at all.
    pub pulls: bool,
    /// Whether events are published at all.
    pub publishes: bool,
    /// All endpoints, made before the first event.
    pub endpoints: Vec<Endpoint>,
}

/// Compares what was told with what happened.
pub fn check(told: &Told, deliveries: impl Iterator<Item = Result<Delivery>>, verdict: &mut Verdict) -> Result<()> {
    verdict.count("events in the ledger", told.events.len());
    if told.publishes {
        published(told, verdict);
    }
    if told.pulls {
        pulled(told, verdict);
    }
    if !told.endpoints.is_empty() {
        delivered(told, deliveries, verdict)?;
    }
    Ok(())
}

fn published(told: &Told, verdict: &mut Verdict) {
    let mut positions = Vec::new();
    for event in &told.events {
        match event.position {
            Some(position) => positions.push(position),
            None => verdict.wrong(Wrong::Events, &event.partner, &event.id, format!("{} is not published", event.kind)),
        }
    }
    positions.sort_unstable();
    if let Some((wanted, found)) = (1..).zip(&positions).find(|(wanted, found)| wanted != *found) {
        verdict.wrong(Wrong::Events, "", "positions", format!("a hole or a double: {found} where {wanted} should be"));
    }
    let mut newest: HashMap<&str, (i64, &str)> = HashMap::new();
    for event in &told.events {
        let Some(position) = event.position else { continue };
        let before = newest.insert(&event.subject, (position, &event.id));
        if let Some((_, before)) = before.filter(|(before, _)| *before > position) {
            let detail = format!("published before {before}, which was written first");
            verdict.wrong(Wrong::Events, &event.partner, &event.id, detail);
        }
    }
}

fn pulled(told: &Told, verdict: &mut Verdict) {
    let mut wanted: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in told.events.iter().filter(|event| event.position.is_some()) {
        wanted.entry(&event.partner).or_default().push(event);
    }
    verdict.count("  pulled by their partners", told.pulled.values().map(Vec::len).sum());
    for (partner, mut events) in wanted {
        events.sort_unstable_by_key(|event| event.position);
        let pulled = told.pulled.get(partner).map_or(&[][..], Vec::as_slice);
        let same = |(event, (id, kind)): (&&Event, &(String, String))| event.id == *id && event.kind == *kind;
        if events.len() != pulled.len() || !events.iter().zip(pulled).all(same) {
            let at = events.iter().zip(pulled).position(|pair| !same(pair)).unwrap_or(pulled.len().min(events.len()));
            let detail = format!(
                "pulled {} of {}; they part at {at}: {:?} and not {:?}",
                pulled.len(),
                events.len(),
                pulled.get(at),
                events.get(at)
            );
            verdict.wrong(Wrong::Events, partner, "pull", detail);
        }
    }
}

fn delivered(told: &Told, deliveries: impl Iterator<Item = Result<Delivery>>, verdict: &mut Verdict) -> Result<()> {
    let known: HashMap<&str, &Event> = told.events.iter().map(|event| (event.id.as_str(), event)).collect();
    let paths: HashMap<&str, &Endpoint> = told.endpoints.iter().map(|one| (one.path.as_str(), one)).collect();
    let mut heard: HashSet<(String, String)> = HashSet::new();
    let mut newest: HashMap<(String, String), (i64, String)> = HashMap::new();
    let (mut attempts, mut repeats) = (0, 0);
    for delivery in deliveries {
        let delivery = delivery?;
        attempts += 1;
        let id = delivery.field("webhook-id").to_owned();
        let Some(endpoint) = paths.get(delivery.endpoint.as_str()) else {
            verdict.wrong(
                Wrong::Events,
                "",
                &id,
                format!("delivered to {}, which nobody asked for", delivery.endpoint),
            );
            continue;
        };
        let Some(event) = known.get(id.as_str()).filter(|event| event.partner == endpoint.partner) else {
            verdict.wrong(Wrong::Events, &endpoint.partner, &id, "delivered, but not an event of this partner");
            continue;
        };
        let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap_or_default();
        if body["type"] != event.kind {
            let detail = format!("delivered as {} and not as {}", body["type"], event.kind);
            verdict.wrong(Wrong::Events, &endpoint.partner, &id, detail);
        }
        if delivery.answered != 204 {
            continue;
        }
        if !heard.insert((delivery.endpoint.clone(), id.clone())) {
            repeats += 1;
            continue;
        }
        let line = (delivery.endpoint.clone(), event.subject.clone());
        let before = newest.insert(line, (event.serial, id.clone()));
        if let Some((serial, before)) = before.filter(|(serial, _)| *serial > event.serial) {
            let detail = format!("{} came after {before} ({} after {serial})", event.kind, event.serial);
            verdict.wrong(Wrong::Events, &endpoint.partner, &id, detail);
        }
    }
    verdict.count("attempts that receivers saw", attempts);
    verdict.count("  events delivered", heard.len());
    verdict.count("  delivered more than once", repeats);
    for endpoint in &told.endpoints {
        for event in told.events.iter().filter(|event| event.partner == endpoint.partner) {
            if event.position.is_some() && !heard.contains(&(endpoint.path.clone(), event.id.clone())) {
                let detail = format!("{} was never delivered to {}", event.kind, endpoint.path);
                verdict.wrong(Wrong::Events, &event.partner, &event.id, detail);
            }
        }
    }
    Ok(())
}
