//! How endpoints and deliveries look to partners.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::event::Pattern;
use crate::model::ids::DeliveryId;
use crate::model::page::Page;
use crate::model::webhook::{Attempt, Delivery, Endpoint, WhyDisabled};
use crate::webhooks::Revealed;

/// An address of yours that hears of events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct EndpointView {
    /// Id.
    #[schema(example = "whe_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// Where events are sent.
    #[schema(example = "https://shop.example/webhooks/xunyuan")]
    url: String,
    /// Your own words about it.
    description: String,
    /// What it hears of.
    #[schema(example = json!(["order.*", "refund.*"]))]
    types: Vec<String>,
    /// How deliveries are written: `standard` or `aop`.
    #[schema(value_type = String, pattern = "^(standard|aop)$", example = "standard")]
    format: &'static str,
    /// The app whose secret signs, with `format` `aop`; null otherwise.
    #[schema(example = "1234567")]
    app_key: Option<String>,
    /// `enabled` or `disabled`.
    #[schema(value_type = String, pattern = "^(enabled|disabled)$", example = "enabled")]
    state: &'static str,
    /// Why it is disabled: `by_partner` (you did), `gone` (it answered 410), `failing` (every attempt failed for three
    /// days).
    #[schema(value_type = Option<String>, example = "failing")]
    disabled_reason: Option<&'static str>,
    /// Since when every attempt failed; null while things go well.
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// Until when deliveries carry a second signature by the secret before the last rotation.
    #[schema(format = DateTime)]
    previous_secret_until: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// An endpoint with its new secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpointWithSecret)]
pub struct RevealedEndpointView {
    /// The endpoint.
    #[serde(flatten)]
    endpoint: EndpointView,
    /// What deliveries are signed with: `whsec_` and base64. Shown this once.
    #[schema(example = "whsec_QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=")]
    secret: String,
}

/// Your endpoints.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpointPage)]
pub struct EndpointPageView {
    /// The endpoints, oldest first.
    items: Vec<EndpointView>,
    /// Always null: one page holds all.
    next_cursor: Option<String>,
}

/// A test on its way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookTest)]
pub struct TestView {
    /// The delivery to look for among the endpoint's.
    #[schema(example = "dlv_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    delivery_id: String,
}

/// How many deliveries are sent again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookResent)]
pub struct ResentView {
    /// How many.
    #[schema(example = 12)]
    pub resent: u64,
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDeliveryPage)]
pub struct DeliveryPageView {
    /// The deliveries, newest event first.
    items: Vec<DeliveryView>,
    /// Give it as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

/// What became of an event for one endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub struct DeliveryView {
    /// Id.
    #[schema(example = "dlv_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// The event, as in `webhook-id`.
    #[schema(example = "evt_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    event_id: String,
    /// Its type.
    #[schema(example = "order.paid")]
    r#type: String,
    /// Id of what it happened to, as in the event. A delivery waits for an earlier one of its subject until that is
    /// delivered or has failed three times; `webhook.test` waits for nothing.
    #[schema(example = "ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    subject: String,
    /// `pending`, `delivered` or `failed`.
    #[schema(value_type = String, pattern = "^(pending|delivered|failed)$", example = "delivered")]
    state: &'static str,
    /// When it is tried next, or sooner, while it is pending; attempts come at 0 s, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h,
    /// 14 h, 20 h and 24 h, each counted from the failure before it.
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// When the event happened.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was delivered or given up.
    #[schema(format = DateTime)]
    settled_at: Option<String>,
    /// Every attempt so far, oldest first.
    attempts: Vec<AttemptView>,
}

/// One try to deliver.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookAttempt)]
pub struct AttemptView {
    /// When it began.
    #[schema(format = DateTime)]
    at: String,
    /// How long it took, in milliseconds.
    #[schema(example = 84)]
    duration_ms: i64,
    /// The HTTP status your endpoint answered; null when no answer came within 15 s.
    #[schema(example = 503)]
    status: Option<u16>,
    /// Why it failed; null when it did not.
    #[schema(example = "answered 503")]
    problem: Option<String>,
    /// The first 1,024 bytes of the answer, as text.
    answer: String,
}

impl From<&Endpoint> for EndpointView {
    fn from(endpoint: &Endpoint) -> Self {
        Self {
            id: endpoint.id.to_string(),
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            types: endpoint.patterns.iter().map(Pattern::to_string).collect(),
            format: endpoint.format.name(),
            app_key: endpoint.app.clone(),
            state: endpoint.state.name(),
            disabled_reason: endpoint.why.map(WhyDisabled::name),
            failing_since: endpoint.failing_since.map(|moment| moment.to_string()),
            previous_secret_until: endpoint.previous_secret_until.map(|moment| moment.to_string()),
            created_at: endpoint.created_at.to_string(),
            updated_at: endpoint.updated_at.to_string(),
        }
    }
}

impl From<&Revealed> for RevealedEndpointView {
    fn from(revealed: &Revealed) -> Self {
        Self { endpoint: (&revealed.endpoint).into(), secret: revealed.secret.to_string() }
    }
}

impl From<&[Endpoint]> for EndpointPageView {
    fn from(endpoints: &[Endpoint]) -> Self {
        Self { items: endpoints.iter().map(EndpointView::from).collect(), next_cursor: None }
    }
}

impl From<&DeliveryId> for TestView {
    fn from(delivery: &DeliveryId) -> Self {
        Self { delivery_id: delivery.to_string() }
    }
}

impl From<&Page<Delivery>> for DeliveryPageView {
    fn from(page: &Page<Delivery>) -> Self {
        let next_cursor = page.next.as_ref().map(|cursor| cursor.0.clone());
        Self { items: page.items.iter().map(DeliveryView::from).collect(), next_cursor }
    }
}

impl From<&Delivery> for DeliveryView {
    fn from(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            event_id: delivery.event.to_string(),
            r#type: delivery.kind.clone(),
            subject: delivery.subject.clone(),
            state: delivery.state.name(),
            next_attempt_at: delivery.next_attempt_at.map(|moment| moment.to_string()),
            created_at: delivery.created_at.to_string(),
            settled_at: delivery.settled_at.map(|moment| moment.to_string()),
            attempts: delivery.attempts.iter().map(AttemptView::from).collect(),
        }
    }
}

impl From<&Attempt> for AttemptView {
    fn from(attempt: &Attempt) -> Self {
        Self {
            at: attempt.at.to_string(),
            duration_ms: attempt.duration_ms,
            status: attempt.status,
            problem: attempt.problem.clone(),
            answer: attempt.answer.clone(),
        }
    }
}
