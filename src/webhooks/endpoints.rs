//! A partner's endpoints: made, changed, their secrets rotated, tried out, and what was missed sent again.

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::target::Target;
use super::{Error, Webhooks};
use crate::error::Place;
use crate::ledger::{DeliveryFilter, EndpointChange, NewEndpoint, Resend, Secrets, StoredSecret};
use crate::model::event::Pattern;
use crate::model::ids::{DeliveryId, EndpointId};
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Caller;
use crate::model::webhook::{Delivery, Endpoint, EndpointState, Format};
use crate::partners::{SealError, Sealed, Sealer, StoredAt};
use crate::signing::webhook::WebhookSecret;

/// So many endpoints a partner may have in each world.
pub const MOST_ENDPOINTS: u32 = 20;
/// So many events may lie in a stretch of time that is resent.
pub const MOST_RESENT: u64 = 10_000;
/// Secrets that are wrapped anew at one time.
const REWRAPPED_AT_ONCE: u32 = 100;

/// An endpoint that a partner wishes for.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Where events are to be sent.
    pub url: String,
    /// The partner's own words about it.
    pub description: String,
    /// What it is to hear of.
    pub patterns: Vec<Pattern>,
    /// How it is to be told.
    pub format: Format,
    /// The app that signs, where the older protocol is spoken.
    pub app: Option<String>,
}

/// An endpoint with its new secret, which is shown this once.
#[derive(Debug)]
pub struct Revealed {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// `whsec_…`.
    pub secret: Zeroizing<String>,
}

impl Webhooks {
    /// Makes an endpoint, enabled, with a secret of its own.
    pub async fn create(&self, caller: &Caller, draft: Draft) -> Result<Revealed, Error> {
        self.examine(&draft.url).await?;
        self.examine_app(caller, &draft)?;
        let (id, secret) = (EndpointId::fresh(), fresh_secret()?);
        let new = NewEndpoint {
            secret: seal(&self.sealer, &id, &secret)?,
            id,
            url: draft.url,
            description: draft.description,
            patterns: draft.patterns,
            format: draft.format,
            app: draft.app,
        };
        let made = self.ledger.append_endpoint(caller, new, MOST_ENDPOINTS).await?;
        let endpoint = made.ok_or(Error::TooManyEndpoints(MOST_ENDPOINTS))?;
        Ok(Revealed { endpoint, secret: secret.expose() })
    }

    /// A partner's endpoints, oldest first.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Endpoint>, Error> {
        Ok(self.ledger.list_endpoints(&caller.partner.id, caller.mode).await?)
    }

    /// A partner's endpoint.
    pub async fn get(&self, caller: &Caller, id: &EndpointId) -> Result<Endpoint, Error> {
        let found = self.ledger.find_endpoint(&caller.partner.id, caller.mode, id).await?;
        found.ok_or(Error::EndpointNotFound)
    }

    /// Changes what is given.
    pub async fn change(&self, caller: &Caller, id: &EndpointId, change: EndpointChange) -> Result<Endpoint, Error> {
        // Somebody else's endpoint is not worth a look at its DNS.
        self.get(caller, id).await?;
        if let Some(url) = &change.url {
            self.examine(url).await?;
        }
        let changed = self.ledger.change_endpoint(caller, id, change).await?;
        changed.ok_or(Error::EndpointNotFound)
    }

    /// Lets a disabled endpoint hear again, from the next event on.
    pub async fn enable(&self, caller: &Caller, id: &EndpointId) -> Result<Endpoint, Error> {
        let endpoint = self.get(caller, id).await?;
        self.examine(&endpoint.url).await?;
        self.change(caller, id, EndpointChange { state: Some(EndpointState::Enabled), ..Default::default() }).await
    }

    /// Forgets an endpoint and everything sent to it.
    pub async fn delete(&self, caller: &Caller, id: &EndpointId) -> Result<(), Error> {
        match self.ledger.delete_endpoint(caller, id).await? {
            true => Ok(()),
            false => Err(Error::EndpointNotFound),
        }
    }

    /// Gives an endpoint a new secret; the one before signs beside it for a while.
    pub async fn rotate(&self, caller: &Caller, id: &EndpointId) -> Result<Revealed, Error> {
        self.get(caller, id).await?;
        let secret = fresh_secret()?;
        let sealed = seal(&self.sealer, id, &secret)?;
        let overlap = SignedDuration::try_from(self.settings.overlap).unwrap_or(SignedDuration::ZERO);
        let until = self.clock.now().saturating_add(overlap).unwrap_or(Timestamp::MAX);
        let rotated = self.ledger.rotate_endpoint(caller, id, sealed, until).await?;
        Ok(Revealed { endpoint: rotated.ok_or(Error::EndpointNotFound)?, secret: secret.expose() })
    }

    /// Sends a test event to an endpoint; gives the delivery to look for in its log.
    pub async fn test(&self, caller: &Caller, id: &EndpointId) -> Result<DeliveryId, Error> {
        let endpoint = self.get(caller, id).await?;
        let delivery = self.ledger.append_test(&endpoint).await?;
        self.ring();
        delivery.ok_or(Error::EndpointDisabled)
    }

    /// An endpoint's deliveries with their attempts, newest first.
    pub async fn deliveries(
        &self,
        caller: &Caller,
        id: &EndpointId,
        filter: &DeliveryFilter,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<Delivery>, Error> {
        self.get(caller, id).await?;
        Ok(self.ledger.list_deliveries(id, filter, after, size).await?)
    }

    /// Sends deliveries of an enabled endpoint again; gives how many.
    pub async fn resend(&self, caller: &Caller, id: &EndpointId, what: &Resend) -> Result<u64, Error> {
        let endpoint = self.get(caller, id).await?;
        if endpoint.state == EndpointState::Disabled {
            return Err(Error::EndpointDisabled);
        }
        match what {
            Resend::One(delivery) if !self.ledger.has_delivery(id, delivery).await? => {
                return Err(Error::DeliveryNotFound);
            }
            Resend::One(_) => {}
            Resend::Missed(from, to) | Resend::All(from, to) => {
                let events = self.ledger.count_events(&endpoint, *from, *to).await?;
                if events > MOST_RESENT {
                    let told = format!("{events} events lie between; choose a stretch with at most {MOST_RESENT}");
                    return Err(Error::Invalid(vec![Place::body("/from", told)]));
                }
            }
        }
        let count = self.ledger.resend(&endpoint, what).await?;
        self.ring();
        Ok(count)
    }

    /// Wraps secrets anew that are not sealed under the newest master key; gives how many.
    pub async fn rewrap_secrets(&self) -> Result<usize, Error> {
        let mut renewed = 0;
        for before in self.ledger.list_secrets_not_under(self.sealer.current_version(), REWRAPPED_AT_ONCE).await? {
            let mut after = before.clone();
            after.current = rewrap(&self.sealer, &before.endpoint, &before.current)?;
            after.previous = match &before.previous {
                Some(previous) => Some(rewrap(&self.sealer, &before.endpoint, previous)?),
                None => None,
            };
            renewed += usize::from(self.ledger.keep_rewrapped(&before, after).await?);
        }
        Ok(renewed)
    }

    /// An app signs exactly where the older protocol is spoken, and it has to be one of the caller's that counts now.
    fn examine_app(&self, caller: &Caller, draft: &Draft) -> Result<(), Error> {
        let wrong = |told: &str| Err(Error::Invalid(vec![Place::body("/app_key", told)]));
        match (draft.format, &draft.app) {
            (Format::Standard, None) => Ok(()),
            (Format::Standard, Some(_)) => wrong("belongs to format \"aop\""),
            (Format::Aop, None) => wrong("the app whose secret signs; format \"aop\" needs one"),
            (Format::Aop, Some(key)) => match self.signer(key, caller.partner.id.as_str(), caller.mode) {
                Some(_) => Ok(()),
                None => wrong("an app of yours in this world that counts now, while the older protocol is open to you"),
            },
        }
    }

    async fn examine(&self, url: &str) -> Result<(), Error> {
        Ok(Target::read(url)?.examine(&self.guard, &self.names).await?)
    }
}

fn fresh_secret() -> Result<WebhookSecret, SealError> {
    let mut random = Zeroizing::new([0_u8; 32]);
    getrandom::fill(random.as_mut_slice()).map_err(|_| SealError::NoRandomness)?;
    Ok(WebhookSecret::generate(&random))
}

/// A secret opens at its endpoint only, as the newest or as the one before.
fn place(endpoint: &EndpointId) -> StoredAt<'_> {
    StoredAt { table: "webhook_endpoints", row: endpoint.as_str(), column: "sealed_secret" }
}

fn seal(sealer: &Sealer, endpoint: &EndpointId, secret: &WebhookSecret) -> Result<StoredSecret, SealError> {
    sealer.seal(place(endpoint), secret.bytes()).map(stored)
}

fn rewrap(sealer: &Sealer, endpoint: &EndpointId, secret: &StoredSecret) -> Result<StoredSecret, SealError> {
    Ok(sealer.rewrap(place(endpoint), &sealed(secret))?.map_or_else(|| secret.clone(), stored))
}

/// Opens what deliveries are signed with, the newest first.
pub(super) fn open(sealer: &Sealer, secrets: &Secrets) -> Result<Vec<WebhookSecret>, SealError> {
    let kept = [Some(&secrets.current), secrets.previous.as_ref()];
    let open = |secret: &StoredSecret| {
        let bytes = sealer.open(place(&secrets.endpoint), &sealed(secret))?;
        WebhookSecret::from_bytes(&bytes).map_err(|_| SealError::DoesNotOpen)
    };
    kept.into_iter().flatten().map(open).collect()
}

fn stored(sealed: Sealed) -> StoredSecret {
    StoredSecret {
        master_version: sealed.master_version,
        wrapped_key: sealed.wrapped_key,
        ciphertext: sealed.ciphertext,
    }
}

fn sealed(stored: &StoredSecret) -> Sealed {
    Sealed {
        master_version: stored.master_version,
        wrapped_key: stored.wrapped_key.clone(),
        ciphertext: stored.ciphertext.clone(),
    }
}
