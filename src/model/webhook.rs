//! Webhooks: a partner's endpoints, and what became of each event on its way to them.

use std::str::FromStr;

use jiff::Timestamp;

use crate::model::event::Pattern;
use crate::model::ids::{DeliveryId, EndpointId, EventId, PartnerId};
use crate::model::order::named;
use crate::model::partner::Mode;
use crate::model::quote::Unfit;

named! {
    /// Whether an endpoint is sent anything.
    EndpointState {
        Enabled = "enabled", "Events that match are sent.";
        Disabled = "disabled", "Nothing is sent; `disabled_reason` says why.";
    }
}

named! {
    /// How deliveries to an endpoint are written and signed.
    Format {
        Standard = "standard", "Standard Webhooks 1.0: JSON, signed in header fields with the endpoint's secret.";
        Aop = "aop", "A message of the older protocol: a form of `message` and `_aop_signature`, signed with an app's secret.";
    }
}

named! {
    /// Why an endpoint is disabled.
    WhyDisabled {
        ByPartner = "by_partner", "You disabled it.";
        Gone = "gone", "It answered 410 Gone.";
        Failing = "failing", "Every attempt failed for three days.";
    }
}

named! {
    /// What became of an event for one endpoint.
    DeliveryState {
        Pending = "pending", "Being sent, or waiting for its next attempt.";
        Delivered = "delivered", "The endpoint answered 2xx.";
        Failed = "failed", "The last attempt failed, or the endpoint was disabled; it can be resent.";
    }
}

/// An address of a partner that hears of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Whose.
    pub partner: PartnerId,
    /// Of which world it hears.
    pub mode: Mode,
    /// Where events are sent.
    pub url: String,
    /// The partner's own words about it.
    pub description: String,
    /// What it hears of.
    pub patterns: Vec<Pattern>,
    /// How it is told.
    pub format: Format,
    /// The app that signs, where the older protocol is spoken.
    pub app: Option<String>,
    /// Whether it is sent anything.
    pub state: EndpointState,
    /// Why not.
    pub why: Option<WhyDisabled>,
    /// Since when every attempt failed.
    pub failing_since: Option<Timestamp>,
    /// Until when deliveries are signed with the secret before the last rotation as well.
    pub previous_secret_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One try to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration_ms: i64,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// Why it failed, in a sentence.
    pub problem: Option<String>,
    /// The first bytes of the answer, as text.
    pub answer: String,
}

/// An event on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The event.
    pub event: EventId,
    /// The event's type.
    pub kind: String,
    /// What the event happened to.
    pub subject: String,
    /// What became of it.
    pub state: DeliveryState,
    /// When it is tried next, while it is pending.
    pub next_attempt_at: Option<Timestamp>,
    /// When the event happened.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub settled_at: Option<Timestamp>,
    /// Every try so far, oldest first.
    pub attempts: Vec<Attempt>,
}
