//! Partners' endpoints: where events are sent, which ones, and the sealed secrets they are signed with. Secrets come
//! and go sealed; whoever seals them opens them.

use jiff::Timestamp;

use super::outbox::{self, Notice};
use super::{Error, Ledger, words};
use crate::model::event::{ENDPOINT_DISABLED, Pattern};
use crate::model::ids::{EndpointId, EventId, PartnerId};
use crate::model::partner::Mode;
use crate::model::webhook::{Endpoint, EndpointState, WhyDisabled};
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
    previous_until, created_at, updated_at FROM webhook_endpoints WHERE id = $1 AND partner = $2 AND mode = $3";

impl Ledger {
    /// Writes an endpoint down; none when the partner has `most` of them already.
    pub async fn append_endpoint(&self, new: NewEndpoint, most: u32) -> Result<Option<Endpoint>, Error> {
        let now = self.clock.now_ms();
        self.sql.transaction(move |tx| Box::pin(async move { append(tx, new, most, now).await })).await
    }

    /// A partner's endpoints, oldest first.
    pub async fn list_endpoints(&self, partner: &PartnerId, mode: Mode) -> Result<Vec<Endpoint>, Error> {
        const LIST: &str = "SELECT id, partner, mode, url, description, patterns, state, why, failing_since, \
            previous_until, created_at, updated_at FROM webhook_endpoints \
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

    /// Changes an endpoint of a partner; none when there is no such one.
    pub async fn change_endpoint(
        &self,
        partner: &PartnerId,
        mode: Mode,
        id: &EndpointId,
        change: EndpointChange,
    ) -> Result<Option<Endpoint>, Error> {
        let (key, id, now) = (own(id, partner, mode), id.clone(), self.clock.now_ms());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    if tx.fetch_optional(COLUMNS, key.clone()).await?.is_none() {
                        return Ok(None);
                    }
                    alter(tx, &id, change, now).await?;
                    tx.fetch_optional(COLUMNS, key).await?.as_ref().map(endpoint).transpose()
                })
            })
            .await
    }

    /// Puts a new secret in the place of the old one, which counts beside it until then; none when there is no such
    /// endpoint. A secret from an earlier rotation stops counting.
    pub async fn rotate_endpoint(
        &self,
        partner: &PartnerId,
        mode: Mode,
        id: &EndpointId,
        secret: StoredSecret,
        previous_until: Timestamp,
    ) -> Result<Option<Endpoint>, Error> {
        const ROTATE: &str = "UPDATE webhook_endpoints SET previous_master_version = master_version, \
            previous_wrapped_key = wrapped_key, previous_sealed_secret = sealed_secret, previous_until = $4, \
            master_version = $5, wrapped_key = $6, sealed_secret = $7, updated_at = $8 \
            WHERE id = $1 AND partner = $2 AND mode = $3";
        let mut row = own(id, partner, mode);
        row.extend(args![
            previous_until.as_millisecond(),
            secret.master_version,
            secret.wrapped_key,
            secret.ciphertext,
            self.clock.now_ms(),
        ]);
        match self.sql.execute(ROTATE, row).await? {
            0 => Ok(None),
            _ => self.find_endpoint(partner, mode, id).await,
        }
    }

    /// Forgets an endpoint with its deliveries; false when there is no such one.
    pub async fn delete_endpoint(&self, partner: &PartnerId, mode: Mode, id: &EndpointId) -> Result<bool, Error> {
        const PARTS: [&str; 3] = [
            "DELETE FROM webhook_patterns WHERE endpoint = $1",
            "DELETE FROM webhook_attempts WHERE delivery IN (SELECT id FROM webhook_deliveries WHERE endpoint = $1)",
            "DELETE FROM webhook_deliveries WHERE endpoint = $1",
        ];
        const DELETE: &str = "DELETE FROM webhook_endpoints WHERE id = $1 AND partner = $2 AND mode = $3";
        let (key, id) = (own(id, partner, mode), id.clone());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    if tx.fetch_optional(COLUMNS, key.clone()).await?.is_none() {
                        return Ok(false);
                    }
                    for text in PARTS {
                        tx.execute(text, args![id.as_str()]).await?;
                    }
                    Ok(tx.execute(DELETE, key).await? == 1)
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

fn own(id: &EndpointId, partner: &PartnerId, mode: Mode) -> Vec<Arg> {
    args![id.as_str(), partner.as_str(), mode.name()]
}

fn listed(patterns: &[Pattern]) -> String {
    let names: Vec<_> = patterns.iter().map(Pattern::as_str).collect();
    names.join(" ")
}

async fn append(tx: &mut Tx, new: NewEndpoint, most: u32, now: i64) -> Result<Option<Endpoint>, Error> {
    const COUNT: &str = "SELECT COUNT(*) AS known FROM webhook_endpoints WHERE partner = $1 AND mode = $2";
    const INSERT: &str = "INSERT INTO webhook_endpoints (id, partner, mode, url, description, patterns, state, \
        master_version, wrapped_key, sealed_secret, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, 'enabled', $7, $8, $9, $10, $10)";
    let (partner, mode) = (new.partner.as_str(), new.mode.name());
    let known = tx.fetch_optional(COUNT, args![partner, mode]).await?.map(|row| row.int("known")).transpose()?;
    if known.unwrap_or(0) >= i64::from(most) {
        return Ok(None);
    }
    let row = args![
        new.id.as_str(),
        partner,
        mode,
        &new.url,
        &new.description,
        listed(&new.patterns),
        new.secret.master_version,
        new.secret.wrapped_key,
        new.secret.ciphertext,
        now,
    ];
    tx.execute(INSERT, row).await?;
    set_patterns(tx, &new.id, &new.patterns).await?;
    tx.fetch_optional(COLUMNS, own(&new.id, &new.partner, new.mode)).await?.as_ref().map(endpoint).transpose()
}

async fn alter(tx: &mut Tx, id: &EndpointId, change: EndpointChange, now: i64) -> Result<(), Error> {
    const CHANGE: &str = "UPDATE webhook_endpoints SET url = COALESCE($2, url), \
        description = COALESCE($3, description), patterns = COALESCE($4, patterns), updated_at = $5 WHERE id = $1";
    const ENABLE: &str = "UPDATE webhook_endpoints SET state = 'enabled', why = NULL, failing_since = NULL \
        WHERE id = $1 AND state = 'disabled'";
    let patterns = change.patterns.as_deref().map(listed);
    tx.execute(CHANGE, args![id.as_str(), change.url, change.description, patterns, now]).await?;
    if let Some(patterns) = &change.patterns {
        tx.execute("DELETE FROM webhook_patterns WHERE endpoint = $1", args![id.as_str()]).await?;
        set_patterns(tx, id, patterns).await?;
    }
    match change.state {
        Some(EndpointState::Enabled) => tx.execute(ENABLE, args![id.as_str()]).await.map(drop)?,
        Some(EndpointState::Disabled) => drop(stop(tx, id, WhyDisabled::ByPartner, now).await?),
        None => {}
    }
    Ok(())
}

async fn set_patterns(tx: &mut Tx, id: &EndpointId, patterns: &[Pattern]) -> Result<(), Error> {
    const SET: &str = "INSERT INTO webhook_patterns (endpoint, pattern) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    for pattern in patterns {
        tx.execute(SET, args![id.as_str(), pattern.as_str()]).await?;
    }
    Ok(())
}

/// Disables an endpoint and gives up what was on its way to it; false when it was disabled already.
async fn stop(tx: &mut Tx, id: &EndpointId, why: WhyDisabled, now: i64) -> Result<bool, Error> {
    const STOP: &str = "UPDATE webhook_endpoints SET state = 'disabled', why = $2, updated_at = $3 \
        WHERE id = $1 AND state = 'enabled'";
    const GIVE_UP: &str = "UPDATE webhook_deliveries SET state = 'failed', settled_at = $2 \
        WHERE endpoint = $1 AND state = 'pending'";
    let stopped = tx.execute(STOP, args![id.as_str(), why.name(), now]).await? == 1;
    if stopped {
        tx.execute(GIVE_UP, args![id.as_str(), now]).await?;
    }
    Ok(stopped)
}

/// The same by the gateway, which tells the partner's other endpoints; gives the endpoint if it was enabled before.
pub(super) async fn disable(
    tx: &mut Tx,
    id: &EndpointId,
    why: WhyDisabled,
    now: Timestamp,
) -> Result<Option<Endpoint>, Error> {
    const FIND: &str = "SELECT id, partner, mode, url, description, patterns, state, why, failing_since, \
        previous_until, created_at, updated_at FROM webhook_endpoints WHERE id = $1";
    if !stop(tx, id, why, now.as_millisecond()).await? {
        return Ok(None);
    }
    let Some(row) = tx.fetch_optional(FIND, args![id.as_str()]).await? else { return Ok(None) };
    let endpoint = endpoint(&row)?;
    let notice = Notice {
        event: &EventId::fresh(),
        partner: &endpoint.partner,
        mode: endpoint.mode,
        subject: id.as_str(),
        kind: ENDPOINT_DISABLED.to_owned(),
        data: serde_json::json!({
            "endpoint_id": id.as_str(), "url": &endpoint.url, "state": endpoint.state.name(), "reason": why.name(),
            "failing_since": endpoint.failing_since.map(|at| at.to_string()),
        }),
        at: now.as_millisecond(),
    };
    outbox::post(tx, &[notice]).await?;
    Ok(Some(endpoint))
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

fn endpoint(row: &Row) -> Result<Endpoint, Error> {
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
