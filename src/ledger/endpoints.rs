//! Partners' endpoints: where events are sent, which ones, and the sealed secrets they are signed with. Secrets come
//! and go sealed; whoever seals them opens them. What a change writes is told in `endpoints/changes.rs`.

mod changes;

use jiff::Timestamp;

pub(super) use changes::disable;

use super::{Error, Ledger, words};
use crate::model::event::Pattern;
use crate::model::ids::{EndpointId, PartnerId};
use crate::model::partner::{Caller, Mode};
use crate::model::webhook::{Endpoint, EndpointState, Format, WhyDisabled};
use crate::sql::{Arg, Row, Tx, args};

/// A secret as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSecret {
    /// Which master key wraps the data key.
    pub master_version: u16,
    /// The wrapped data key.
    pub wrapped_key: Vec<u8>,
    /// The sealed secret.
    pub ciphertext: Vec<u8>,
}

/// What deliveries of an endpoint are signed with.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Whose they are.
    pub endpoint: EndpointId,
    /// The secret.
    pub current: StoredSecret,
    /// The one before the last rotation, while it counts.
    pub previous: Option<StoredSecret>,
}

/// An endpoint to be written down.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// Its id, which its secret is bound to.
    pub id: EndpointId,
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
    /// Its secret.
    pub secret: StoredSecret,
}

/// What is to be changed; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct EndpointChange {
    /// Where events are sent.
    pub url: Option<String>,
    /// The partner's own words about it.
    pub description: Option<String>,
    /// What it hears of.
    pub patterns: Option<Vec<Pattern>>,
    /// Whether it is sent anything.
    pub state: Option<EndpointState>,
}

const COLUMNS: &str = "SELECT id, partner, mode, url, description, patterns, state, why, failing_since, \
    format, app_key, previous_until, created_at, updated_at FROM webhook_endpoints WHERE id = $1 AND partner = $2 AND mode = $3";

impl Ledger {
    /// Writes a caller's endpoint down; none when its partner has `most` of them already.
    pub async fn append_endpoint(
        &self,
        caller: &Caller,
        new: NewEndpoint,
        most: u32,
    ) -> Result<Option<Endpoint>, Error> {
        let (caller, now) = (caller.clone(), self.clock.now());
        self.sql
            .transaction(move |tx| Box::pin(async move { changes::append(tx, &caller, new, most, now).await }))
            .await
    }

    /// A partner's endpoints, oldest first.
    pub async fn list_endpoints(&self, partner: &PartnerId, mode: Mode) -> Result<Vec<Endpoint>, Error> {
        const LIST: &str = "SELECT id, partner, mode, url, description, patterns, state, why, failing_since, \
            format, app_key, previous_until, created_at, updated_at FROM webhook_endpoints \
            WHERE partner = $1 AND mode = $2 ORDER BY created_at, id";
        let rows = self.sql.fetch_all(LIST, args![partner.as_str(), mode.name()]).await?;
        rows.iter().map(endpoint).collect()
    }

    /// A partner's endpoint.
    pub async fn find_endpoint(
        &self,
        partner: &PartnerId,
        mode: Mode,
        id: &EndpointId,
    ) -> Result<Option<Endpoint>, Error> {
        let row = self.sql.fetch_optional(COLUMNS, args![id.as_str(), partner.as_str(), mode.name()]).await?;
        row.as_ref().map(endpoint).transpose()
    }

    /// Changes an endpoint of the caller's partner; none when there is no such one.
    pub async fn change_endpoint(
        &self,
        caller: &Caller,
        id: &EndpointId,
        change: EndpointChange,
    ) -> Result<Option<Endpoint>, Error> {
        let (key, caller, now) = (own(id, caller), caller.clone(), self.clock.now());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let Some(before) = find(tx, key.clone()).await? else { return Ok(None) };
                    changes::alter(tx, &before, &caller, change, now).await?;
                    find(tx, key).await
                })
            })
            .await
    }

    /// Puts a new secret in the place of the old one, which counts beside it until then; none when there is no such
    /// endpoint. While the one before counts still, the newest alone is replaced.
    pub async fn rotate_endpoint(
        &self,
        caller: &Caller,
        id: &EndpointId,
        secret: StoredSecret,
        previous_until: Timestamp,
    ) -> Result<Option<Endpoint>, Error> {
        let (key, caller, now) = (own(id, caller), caller.clone(), self.clock.now());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let Some(before) = find(tx, key.clone()).await? else { return Ok(None) };
                    changes::rotate(tx, &before.id, &caller, secret, previous_until, now).await?;
                    find(tx, key).await
                })
            })
            .await
    }

    /// Forgets an endpoint with its deliveries; false when there is no such one.
    pub async fn delete_endpoint(&self, caller: &Caller, id: &EndpointId) -> Result<bool, Error> {
        let (key, caller, now) = (own(id, caller), caller.clone(), self.clock.now());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let Some(before) = find(tx, key).await? else { return Ok(false) };
                    changes::delete(tx, &before, &caller, now).await
                })
            })
            .await
    }

    /// Secrets that are not sealed under this master key, some of them.
    pub async fn list_secrets_not_under(&self, master_version: u16, limit: u32) -> Result<Vec<Secrets>, Error> {
        const OLD: &str = "SELECT id AS endpoint, master_version, wrapped_key, sealed_secret, previous_master_version, \
            previous_wrapped_key, previous_sealed_secret, previous_until FROM webhook_endpoints \
            WHERE master_version <> $1 OR (previous_until IS NOT NULL AND previous_master_version <> $1) \
            ORDER BY id LIMIT $2";
        let rows = self.sql.fetch_all(OLD, args![master_version, limit]).await?;
        rows.iter().map(|row| secrets(row, i64::MIN)).collect()
    }

    /// Keeps secrets that were wrapped anew, unless they were rotated meanwhile.
    pub async fn keep_rewrapped(&self, before: &Secrets, after: Secrets) -> Result<bool, Error> {
        const KEEP: &str = "UPDATE webhook_endpoints SET master_version = $3, wrapped_key = $4, \
            previous_master_version = $5, previous_wrapped_key = $6 WHERE id = $1 AND wrapped_key = $2";
        let row = args![
            after.endpoint.as_str(),
            before.current.wrapped_key.clone(),
            after.current.master_version,
            after.current.wrapped_key,
            after.previous.as_ref().map(|secret| i64::from(secret.master_version)),
            after.previous.map(|secret| secret.wrapped_key),
        ];
        Ok(self.sql.execute(KEEP, row).await? == 1)
    }

    /// How many endpoints are disabled, by reason.
    pub async fn count_disabled(&self) -> Result<Vec<(WhyDisabled, u64)>, Error> {
        const COUNT: &str = "SELECT why, COUNT(*) AS endpoints FROM webhook_endpoints \
            WHERE state = 'disabled' GROUP BY why ORDER BY why";
        let rows = self.sql.fetch_all(COUNT, Vec::new()).await?;
        let count = |row: &Row| Ok((row.parse("why")?, u64::try_from(row.int("endpoints")?).unwrap_or(0)));
        rows.iter().map(count).collect()
    }
}

fn own(id: &EndpointId, caller: &Caller) -> Vec<Arg> {
    args![id.as_str(), caller.partner.id.as_str(), caller.mode.name()]
}

async fn find(tx: &mut Tx, own: Vec<Arg>) -> Result<Option<Endpoint>, Error> {
    tx.fetch_optional(COLUMNS, own).await?.as_ref().map(endpoint).transpose()
}

pub(super) fn secrets(row: &Row, now: i64) -> Result<Secrets, Error> {
    let version = |number: i64| u16::try_from(number).map_err(|error| Error::unreadable("master_version", error));
    let current = StoredSecret {
        master_version: version(row.int("master_version")?)?,
        wrapped_key: row.bytes("wrapped_key")?,
        ciphertext: row.bytes("sealed_secret")?,
    };
    let previous = match row.opt_int("previous_until")?.filter(|until| *until > now) {
        Some(_) => Some(StoredSecret {
            master_version: version(row.int("previous_master_version")?)?,
            wrapped_key: row.bytes("previous_wrapped_key")?,
            ciphertext: row.bytes("previous_sealed_secret")?,
        }),
        None => None,
    };
    Ok(Secrets { endpoint: row.parse("endpoint")?, current, previous })
}

pub(super) fn endpoint(row: &Row) -> Result<Endpoint, Error> {
    let moment = |column| row.opt_int(column)?.map(|ms| words::moment("endpoint", ms)).transpose();
    let patterns = row.text("patterns")?;
    let pattern = |text: &str| text.parse::<Pattern>().map_err(|error| Error::unreadable("pattern", error));
    Ok(Endpoint {
        id: row.parse("id")?,
        partner: row.parse("partner")?,
        mode: row.parse("mode")?,
        url: row.text("url")?,
        description: row.text("description")?,
        patterns: patterns.split_ascii_whitespace().map(pattern).collect::<Result<_, Error>>()?,
        format: row.parse("format")?,
        app: row.opt_text("app_key")?,
        state: row.parse("state")?,
        why: row
            .opt_text("why")?
            .map(|why| why.parse().map_err(|error| Error::unreadable("why", error)))
            .transpose()?,
        failing_since: moment("failing_since")?,
        previous_secret_until: moment("previous_until")?,
        created_at: words::moment("endpoint", row.int("created_at")?)?,
        updated_at: words::moment("endpoint", row.int("updated_at")?)?,
    })
}
