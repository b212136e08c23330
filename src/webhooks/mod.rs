//! Webhooks: the story of a delivery, from a published event to a partner's endpoint that heard it.
//!
//! **Actors.** A partner names endpoints and what they want to hear of. Whoever changes something writes an event in the
//! same transaction; publishing it makes one delivery for each endpoint that wants it, in the same transaction again.
//! One dispatcher on every node takes due deliveries from the ledger and posts them; any number of nodes may.
//!
//! **The path of a delivery.** The dispatcher takes turns. In a turn it writes down what was tried and takes what is
//! due: from each endpoint with room the delivery that waited longest, under a lease. Each is signed with the
//! endpoint's secret (with two during a rotation) and posted: the name is resolved here, closed addresses are refused,
//! and the connection goes to exactly the addresses that were judged; no redirect is followed. 2xx is delivered. What
//! is not gets a pause from `schedule` (or a longer one the receiver asked for) and comes again, ten times in three
//! days; then it is `failed`, and can be sent again for as long as it is remembered.
//!
//! **Two tongues.** An endpoint hears JSON signed in header fields (Standard Webhooks) or, where `format` says so, forms of
//! the older protocol signed with an app's secret (`messages`). Events that the latter has no word for make no delivery
//! there. Everything else is the same for both.
//!
//! **Nobody delays another.** An endpoint has four attempts under way at most, one while it fails, so those that hang
//! hold few places. Places are counted by attempts that are young; one that hangs gives its place to others after two
//! seconds and lives on beside them. Endpoints are served round robin. Within an endpoint, deliveries of one subject
//! keep their order as `ledger::deliveries` says.
//!
//! **When it fails.** A node that dies leaves leases that run out; others take over. The receiver may then hear an event
//! twice, under the same `webhook-id`. A node that was frozen and wakes finds its lease gone and its word refused. An
//! endpoint that answers 410, or fails for three days without one success, is disabled; its other endpoints and the
//! pull feed hear `webhook.endpoint_disabled`, and the operator reads an error line that can be mailed. Whoever missed
//! something has it resent, or pulls the same events at `GET /v1/events`.

mod dispatch;
mod endpoints;
mod error;
mod guard;
mod messages;
mod names;
mod post;
mod pull;
mod schedule;
mod tally;
mod target;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::{Notify, watch};

pub use crate::ledger::{Announcement, DeliveryFilter, EndpointChange, Resend, Undelivered};
pub use dispatch::Dispatcher;
pub use endpoints::{Draft, MOST_ENDPOINTS, MOST_RESENT, Revealed};
pub use error::Error;
pub use messages::{Listener, Message, Wanted};
pub use names::Names;
pub use pull::Pulled;
pub use tally::Tally;

use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::model::webhook::WhyDisabled;
use crate::partners::{Directory, Sealer};
use guard::Guard;

/// How events are sent.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Networks that may be called though they are not public.
    pub allow_networks: Vec<IpNet>,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// How many young attempts may be under way at one time on this node.
    pub at_once: u32,
    /// Pause between looks for what is due.
    pub look_every: Duration,
    /// How long the secret before a rotation still signs.
    pub overlap: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allow_networks: Vec::new(),
            timeout: Duration::from_secs(15),
            at_once: 256,
            look_every: Duration::from_millis(200),
            overlap: Duration::from_secs(86_400),
        }
    }
}

/// The room of webhooks; cheap to clone. Owns no sockets: those are the dispatcher's.
#[derive(Clone)]
pub struct Webhooks {
    settings: Settings,
    ledger: Ledger,
    sealer: Sealer,
    guard: Guard,
    names: Names,
    /// Who signs messages of the older protocol; without it that is not spoken.
    apps: Option<Arc<Directory>>,
    clock: Clock,
    tally: Arc<Tally>,
    bell: Arc<Notify>,
    news: watch::Sender<()>,
}

impl Webhooks {
    /// The room, with what it works on.
    pub fn new(settings: Settings, ledger: Ledger, sealer: Sealer, names: Names, clock: Clock) -> Self {
        let guard = Guard::new(settings.allow_networks.clone());
        let (news, _) = watch::channel(());
        let (tally, bell) = (Arc::default(), Arc::default());
        Self { settings, ledger, sealer, guard, names, apps: None, clock, tally, bell, news }
    }

    /// What the dispatcher counts.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// There is something to deliver: the dispatcher looks at once.
    pub fn ring(&self) {
        self.bell.notify_one();
        self.news.send_replace(());
    }

    /// Is changed whenever this node rings.
    pub fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// How much is not delivered yet.
    pub async fn undelivered(&self) -> Result<Undelivered, Error> {
        Ok(self.ledger.undelivered().await?)
    }

    /// How many endpoints are disabled, by reason.
    pub async fn disabled(&self) -> Result<Vec<(WhyDisabled, u64)>, Error> {
        Ok(self.ledger.count_disabled().await?)
    }

    /// Forgets deliveries of events that happened long ago; gives how many.
    pub async fn tidy(&self) -> Result<u64, Error> {
        Ok(self.ledger.tidy_deliveries().await?)
    }
}
