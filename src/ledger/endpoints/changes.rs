//! What a change of an endpoint writes: its rows, and in the same transaction who did it (never a secret, nor what
//! stands behind the `?` of a url, where some keep one).

use jiff::Timestamp;

use super::{EndpointChange, NewEndpoint, StoredSecret, endpoint, find, own};
use crate::audit::{self, Entry, Who};
use crate::ledger::Error;
use crate::ledger::outbox::{self, Notice};
use crate::model::event::{ENDPOINT_DISABLED, Pattern};
use crate::model::ids::{EndpointId, EventId};
use crate::model::partner::Caller;
use crate::model::webhook::{Endpoint, EndpointState, WhyDisabled};
use crate::sql::{Tx, args};

/// Writes an endpoint down; none when the caller's partner has `most` of them already.
pub(super) async fn append(
    tx: &mut Tx,
    caller: &Caller,
    new: NewEndpoint,
    most: u32,
    now: Timestamp,
) -> Result<Option<Endpoint>, Error> {
    const COUNT: &str = "SELECT COUNT(*) AS known FROM webhook_endpoints WHERE partner = $1 AND mode = $2";
    const INSERT: &str = "INSERT INTO webhook_endpoints (id, partner, mode, url, description, patterns, state, \
        master_version, wrapped_key, sealed_secret, format, app_key, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, 'enabled', $7, $8, $9, $10, $11, $12, $12)";
    let (partner, mode) = (caller.partner.id.as_str(), caller.mode.name());
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
        new.format.name(),
        new.app,
        now.as_millisecond(),
    ];
    tx.execute(INSERT, row).await?;
    set_patterns(tx, &new.id, &new.patterns).await?;
    note(tx, now, caller, "create", &new.id, shown(&new.url)).await?;
    find(tx, own(&new.id, caller)).await
}

/// Changes what is given of an endpoint.
pub(super) async fn alter(
    tx: &mut Tx,
    before: &Endpoint,
    caller: &Caller,
    change: EndpointChange,
    now: Timestamp,
) -> Result<(), Error> {
    const CHANGE: &str = "UPDATE webhook_endpoints SET url = COALESCE($2, url), \
        description = COALESCE($3, description), patterns = COALESCE($4, patterns), updated_at = $5 WHERE id = $1";
    const ENABLE: &str = "UPDATE webhook_endpoints SET state = 'enabled', why = NULL, failing_since = NULL \
        WHERE id = $1 AND state = 'disabled'";
    let (id, what) = (&before.id, differences(before, &change));
    let patterns = change.patterns.as_deref().map(listed);
    tx.execute(CHANGE, args![id.as_str(), change.url, change.description, patterns, now.as_millisecond()]).await?;
    if let Some(patterns) = &change.patterns {
        tx.execute("DELETE FROM webhook_patterns WHERE endpoint = $1", args![id.as_str()]).await?;
        set_patterns(tx, id, patterns).await?;
    }
    if !what.is_empty() {
        note(tx, now, caller, "change", id, what).await?;
    }
    match change.state {
        Some(EndpointState::Enabled) if tx.execute(ENABLE, args![id.as_str()]).await? == 1 => {
            note(tx, now, caller, "enable", id, String::new()).await
        }
        Some(EndpointState::Disabled) => stop(tx, id, caller, WhyDisabled::ByPartner, now).await.map(drop),
        _ => Ok(()),
    }
}

/// Puts a new secret in the place of the old one, which counts beside it until then.
pub(super) async fn rotate(
    tx: &mut Tx,
    id: &EndpointId,
    caller: &Caller,
    secret: StoredSecret,
    previous_until: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    // A repeat within the overlap (an answer that was lost) replaces the new secret only: the one in use goes on.
    const ROTATE: &str = "UPDATE webhook_endpoints SET \
        previous_master_version = CASE WHEN previous_until > $6 THEN previous_master_version ELSE master_version END, \
        previous_wrapped_key = CASE WHEN previous_until > $6 THEN previous_wrapped_key ELSE wrapped_key END, \
        previous_sealed_secret = CASE WHEN previous_until > $6 THEN previous_sealed_secret ELSE sealed_secret END, \
        previous_until = CASE WHEN previous_until > $6 THEN previous_until ELSE $2 END, \
        master_version = $3, wrapped_key = $4, sealed_secret = $5, updated_at = $6 WHERE id = $1";
    let row = args![
        id.as_str(),
        previous_until.as_millisecond(),
        secret.master_version,
        secret.wrapped_key,
        secret.ciphertext,
        now.as_millisecond(),
    ];
    tx.execute(ROTATE, row).await?;
    note(tx, now, caller, "rotate_secret", id, format!("the one before counts until {previous_until}")).await
}

/// Forgets an endpoint with its deliveries; false when somebody else just did.
pub(super) async fn delete(tx: &mut Tx, before: &Endpoint, caller: &Caller, now: Timestamp) -> Result<bool, Error> {
    const PARTS: [&str; 3] = [
        "DELETE FROM webhook_patterns WHERE endpoint = $1",
        "DELETE FROM webhook_attempts WHERE delivery IN (SELECT id FROM webhook_deliveries WHERE endpoint = $1)",
        "DELETE FROM webhook_deliveries WHERE endpoint = $1",
    ];
    keep_still(tx, &before.id).await?;
    let id = before.id.as_str();
    for text in PARTS {
        tx.execute(text, args![id]).await?;
    }
    if tx.execute("DELETE FROM webhook_endpoints WHERE id = $1", args![id]).await? == 0 {
        return Ok(false);
    }
    note(tx, now, caller, "delete", &before.id, shown(&before.url)).await?;
    Ok(true)
}

async fn note(
    tx: &mut Tx,
    at: Timestamp,
    who: impl Into<Who>,
    what: &str,
    id: &EndpointId,
    detail: String,
) -> Result<(), Error> {
    Ok(audit::note(tx, &Entry::new(at, who, &format!("webhook_endpoint.{what}"), id, detail)).await?)
}

/// What is not as it was before, in words.
fn differences(before: &Endpoint, change: &EndpointChange) -> String {
    let url = change.url.as_ref().filter(|url| **url != before.url).map(|url| format!("url: {}", shown(url)));
    let types = change.patterns.as_ref().filter(|patterns| **patterns != before.patterns);
    let types = types.map(|patterns| format!("types: {}", listed(patterns)));
    let description = change.description.as_ref().filter(|text| **text != before.description);
    let description = description.map(|_| "description".to_owned());
    [url, types, description].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// A url without its query, where some receivers keep a password.
fn shown(url: &str) -> String {
    url.split_once('?').map_or_else(|| url.to_owned(), |(path, _)| format!("{path}?…"))
}

async fn set_patterns(tx: &mut Tx, id: &EndpointId, patterns: &[Pattern]) -> Result<(), Error> {
    const SET: &str = "INSERT INTO webhook_patterns (endpoint, pattern) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    for pattern in patterns {
        tx.execute(SET, args![id.as_str(), pattern.as_str()]).await?;
    }
    Ok(())
}

/// Until the transaction ends nobody makes deliveries for the endpoint; who is doing so is waited for.
async fn keep_still(tx: &mut Tx, id: &EndpointId) -> Result<(), Error> {
    const KEEP: &str = "SELECT id FROM webhook_endpoints WHERE id = $1 FOR UPDATE";
    if tx.is_postgres() {
        tx.fetch_all(KEEP, args![id.as_str()]).await?;
    }
    Ok(())
}

/// Disables an endpoint and gives up what was on its way to it; false when it was disabled already.
async fn stop(
    tx: &mut Tx,
    id: &EndpointId,
    who: impl Into<Who>,
    why: WhyDisabled,
    now: Timestamp,
) -> Result<bool, Error> {
    const STOP: &str = "UPDATE webhook_endpoints SET state = 'disabled', why = $2, updated_at = $3 \
        WHERE id = $1 AND state = 'enabled'";
    const GIVE_UP: &str = "UPDATE webhook_deliveries SET state = 'failed', settled_at = $2 \
        WHERE endpoint = $1 AND state = 'pending'";
    keep_still(tx, id).await?;
    let stopped = tx.execute(STOP, args![id.as_str(), why.name(), now.as_millisecond()]).await? == 1;
    if stopped {
        tx.execute(GIVE_UP, args![id.as_str(), now.as_millisecond()]).await?;
        note(tx, now, who, "disable", id, why.name().to_owned()).await?;
    }
    Ok(stopped)
}

/// The same by the gateway, which tells the partner's other endpoints; gives the endpoint if it was enabled before.
pub(in crate::ledger) async fn disable(
    tx: &mut Tx,
    id: &EndpointId,
    why: WhyDisabled,
    now: Timestamp,
) -> Result<Option<Endpoint>, Error> {
    const FIND: &str = "SELECT id, partner, mode, url, description, patterns, state, why, failing_since, \
        format, app_key, previous_until, created_at, updated_at FROM webhook_endpoints WHERE id = $1";
    if !stop(tx, id, Who::System, why, now).await? {
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

fn listed(patterns: &[Pattern]) -> String {
    let names: Vec<_> = patterns.iter().map(Pattern::as_str).collect();
    names.join(" ")
}
