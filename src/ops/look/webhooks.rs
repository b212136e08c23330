//! Webhooks over all partners: endpoints by health, those that fail first, and what became of deliveries.

use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::{DeliveryWhich, Sent, Watched};
use crate::model::ids::EndpointId;
use crate::model::page::Cursor;
use crate::model::webhook::{Attempt, DeliveryState, Endpoint, EndpointState};
use crate::ops::look::orders::read;
use crate::ops::look::{At, Books, Listed, PAGE, Trouble};

/// How webhooks do in all.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WebhooksView {
    /// Deliveries that wait or are under way.
    pub pending: u64,
    /// Age of the oldest of them, in seconds.
    pub oldest_s: i64,
    /// Events that are written and not published yet.
    pub unpublished: u64,
    /// Every endpoint, those that fail first.
    pub endpoints: Vec<EndpointRow>,
}

/// An endpoint and how it does.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EndpointRow {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub partner: String,
    /// `live` or `sandbox`.
    pub mode: &'static str,
    /// Where events are sent; what stands behind a `?` is left out.
    pub url: String,
    /// The partner's own words about it.
    pub description: String,
    /// What it hears of.
    pub types: Vec<String>,
    /// `healthy`, `failing` or `disabled`.
    pub health: &'static str,
    /// Why it is disabled: `by_partner`, `gone` or `failing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<&'static str>,
    /// Since when every attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<At>,
    /// Deliveries that wait or are under way.
    pub pending: u64,
    /// The event of the oldest of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_at: Option<At>,
    /// Events of the last 24 hours that were delivered.
    pub delivered_24h: u64,
    /// Events of the last 24 hours that were given up.
    pub failed_24h: u64,
    /// How its health looks.
    #[serde(skip)]
    pub look: &'static str,
}

/// A delivery.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeliveryRow {
    /// Its id.
    pub id: String,
    /// The event.
    pub event_id: String,
    /// The event's type.
    pub r#type: String,
    /// What the event happened to.
    pub subject: String,
    /// Whose it is.
    pub partner: String,
    /// `live` or `sandbox`.
    pub mode: &'static str,
    /// To which endpoint.
    pub endpoint_id: String,
    /// The endpoint's address.
    pub url: String,
    /// `pending`, `delivered` or `failed`.
    pub state: &'static str,
    /// When the event happened.
    pub created_at: At,
    /// When it is tried next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<At>,
    /// When it was delivered or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<At>,
    /// Every try so far, oldest first.
    pub attempts: Vec<AttemptView>,
    /// How its state looks.
    #[serde(skip)]
    pub look: &'static str,
}

/// One try to deliver.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AttemptView {
    /// When it began.
    pub at: At,
    /// How long it took.
    pub duration_ms: i64,
    /// The status of the answer, if one came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The first bytes of the answer.
    pub answer: String,
}

impl DeliveryRow {
    /// The last try in a few words.
    pub fn last(&self) -> String {
        match self.attempts.last() {
            None => "not tried yet".to_owned(),
            Some(AttemptView { status: Some(status), problem: None, .. }) => format!("answered {status}"),
            Some(AttemptView { status: Some(status), problem: Some(problem), .. }) => format!("{status}: {problem}"),
            Some(AttemptView { problem, .. }) => problem.clone().unwrap_or_default(),
        }
    }
}

/// Reads how webhooks do.
pub async fn all(books: &Books) -> Result<WebhooksView, Trouble> {
    let (open, backlog) = (books.ledger.undelivered().await?, books.ledger.events_backlog().await?);
    let endpoints = books.ledger.watch_endpoints().await?;
    Ok(WebhooksView {
        pending: open.pending,
        oldest_s: open.oldest_s,
        unpublished: backlog.count,
        endpoints: endpoints.iter().map(row).collect(),
    })
}

/// Reads one endpoint.
pub async fn endpoint(books: &Books, id: &str) -> Result<EndpointRow, Trouble> {
    let missing = || Trouble::Missing(format!("No webhook endpoint has the id {id}."));
    let all = books.ledger.watch_endpoints().await?;
    all.iter().find(|one| one.endpoint.id.as_str() == id).map(row).ok_or_else(missing)
}

/// The endpoint with this id, for doing something to it.
pub async fn found(books: &Books, id: &str) -> Result<Endpoint, Trouble> {
    let missing = || Trouble::Missing(format!("No webhook endpoint has the id {id}."));
    let id: EndpointId = id.parse().map_err(|_| missing())?;
    books.ledger.find_any_endpoint(&id).await?.ok_or_else(missing)
}

/// What is sought among deliveries, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// An endpoint's id.
    pub endpoint: Option<String>,
    /// A partner's short name.
    pub partner: Option<String>,
    /// `pending`, `delivered` or `failed`.
    pub state: Option<String>,
    /// A type of event.
    pub kind: Option<String>,
    /// What events happened to.
    pub subject: Option<String>,
    /// Where a page before ended.
    pub cursor: Option<String>,
}

/// Reads a page of deliveries, newest event first.
pub async fn deliveries(books: &Books, sought: &Sought) -> Result<Listed<DeliveryRow>, Trouble> {
    let which = DeliveryWhich {
        endpoint: read("endpoint", sought.endpoint.as_deref())?,
        partner: read("partner", sought.partner.as_deref())?,
        state: read("state", sought.state.as_deref())?,
        kind: sought.kind.clone(),
        subject: sought.subject.clone(),
    };
    let after = sought.cursor.clone().map(Cursor);
    let page = books.ledger.list_all_deliveries(&which, after.as_ref(), PAGE).await?;
    Ok(Listed { items: page.items.iter().map(delivery).collect(), next_cursor: page.next.map(|mark| mark.0) })
}

fn row(watched: &Watched) -> EndpointRow {
    let endpoint = &watched.endpoint;
    let (health, look) = match (endpoint.state, endpoint.failing_since, endpoint.why) {
        (EndpointState::Disabled, _, Some(why)) if why.name() == "by_partner" => ("disabled", "quiet"),
        (EndpointState::Disabled, ..) => ("disabled", "bad"),
        (EndpointState::Enabled, Some(_), _) => ("failing", "warn"),
        (EndpointState::Enabled, None, _) => ("healthy", "good"),
    };
    EndpointRow {
        id: endpoint.id.to_string(),
        partner: endpoint.partner.to_string(),
        mode: endpoint.mode.name(),
        url: shown(&endpoint.url),
        description: endpoint.description.clone(),
        types: endpoint.patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect(),
        health,
        disabled_reason: endpoint.why.map(crate::model::webhook::WhyDisabled::name),
        failing_since: endpoint.failing_since.map(At),
        pending: watched.pending,
        oldest_at: watched.oldest.map(At),
        delivered_24h: watched.delivered,
        failed_24h: watched.failed,
        look,
    }
}

fn delivery(sent: &Sent) -> DeliveryRow {
    let delivery = &sent.delivery;
    let look = match delivery.state {
        DeliveryState::Pending if delivery.attempts.is_empty() => "blue",
        DeliveryState::Pending => "warn",
        DeliveryState::Delivered => "good",
        DeliveryState::Failed => "bad",
    };
    DeliveryRow {
        id: delivery.id.to_string(),
        event_id: delivery.event.to_string(),
        r#type: delivery.kind.clone(),
        subject: delivery.subject.clone(),
        partner: sent.partner.to_string(),
        mode: sent.mode.name(),
        endpoint_id: sent.endpoint.to_string(),
        url: shown(&sent.url),
        state: delivery.state.name(),
        created_at: At(delivery.created_at),
        next_attempt_at: delivery.next_attempt_at.map(At),
        settled_at: delivery.settled_at.map(At),
        attempts: delivery.attempts.iter().map(attempt).collect(),
        look,
    }
}

fn attempt(attempt: &Attempt) -> AttemptView {
    AttemptView {
        at: At(attempt.at),
        duration_ms: attempt.duration_ms,
        status: attempt.status,
        problem: attempt.problem.clone(),
        answer: attempt.answer.clone(),
    }
}

/// An address without its query, where some receivers keep a password.
fn shown(url: &str) -> String {
    url.split_once('?').map_or_else(|| url.to_owned(), |(path, _)| format!("{path}?…"))
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_stands_behind_the_question_mark_of_an_address_is_not_shown() {
        assert_eq!(shown("https://a.example/hook?key=secret"), "https://a.example/hook?…");
        assert_eq!(shown("https://a.example/hook"), "https://a.example/hook");
    }
}
