//! Reads the whole directory from SQL into a snapshot: plans, partners, and keys with their secrets opened.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;

use crate::model::ids::PartnerId;
use crate::model::margin::{Margin, Tariff};
use crate::model::partner::Partner;
use crate::model::plan::{Merit, Plan, Policy, Span};
use crate::partners::apps;
use crate::partners::effective::{self, Points};
use crate::partners::error::Error;
use crate::partners::overrides::{self, Override};
use crate::partners::records::{KeyRecord, mode_of};
use crate::partners::seal::{Sealed, Sealer, StoredAt};
use crate::partners::snapshot::Snapshot;
use crate::signing::http_message::{Algorithm, Ed25519Public, HmacKey, VerifyingKey};
use crate::signing::key_format::KeyId;
use crate::sql::{self, Row, Sql, args};

/// A moment as it is stored.
pub(super) fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

/// Where a key's secret is stored.
pub(super) fn secret_of(key_id: &str) -> StoredAt<'_> {
    StoredAt { table: "partner_keys", row: key_id, column: "sealed_secret" }
}

/// The directory's version; it moves with every change.
pub(super) async fn version(sql: &Sql) -> Result<i64, sql::Error> {
    let row = sql.fetch_optional("SELECT version FROM directory_version WHERE id = 1", Vec::new()).await?;
    row.map_or(Ok(0), |row| row.int("version"))
}

/// Reads everything. The version is read first: a change made meanwhile is read again next time, never missed.
pub(super) async fn snapshot(sql: &Sql, sealer: &Sealer, now: Timestamp) -> Result<Snapshot, Error> {
    let version = version(sql).await?;
    // What is pointed at is read after what points at it, so that nothing new points into the void.
    let rows = sql.fetch_all("SELECT * FROM partner_keys", Vec::new()).await?;
    let partner_rows = sql.fetch_all("SELECT * FROM partners", Vec::new()).await?;
    let own = Own { overrides: overrides_in_force(sql, now).await?, points: points(sql).await?, now };
    let (partners, changes_at) = partners(&partner_rows, &plans(sql).await?, &own)?;
    let (mut keys, mut unreadable) = (Vec::with_capacity(rows.len()), 0);
    for row in &rows {
        match key(row, &partners, sealer) {
            Ok(key) => keys.push(key),
            Err(error) => {
                unreadable += 1;
                let id = row.text("id").unwrap_or_default();
                tracing::error!(key_id = id, %error, "a stored key cannot be read and is left out");
            }
        }
    }
    if keys.is_empty() && unreadable > 0 {
        return Err(Error::WrongMasterKey(unreadable));
    }
    let apps = apps::load(sql, sealer, &partners).await?;
    let snapshot = Snapshot::new(version, partners.into_values().collect(), keys, unreadable);
    Ok(snapshot.until(changes_at).with_apps(apps))
}

/// All plans by name.
pub(super) async fn plans(sql: &Sql) -> Result<HashMap<String, Arc<Plan>>, Error> {
    let mut policies: HashMap<String, Vec<Policy>> = HashMap::new();
    for row in sql.fetch_all("SELECT * FROM plan_policies ORDER BY plan, window_s", Vec::new()).await? {
        policies.entry(row.text("plan")?).or_default().push(policy(&row)?);
    }
    let rows = sql.fetch_all("SELECT id, in_flight, price_tier, margin FROM plans ORDER BY id", Vec::new()).await?;
    rows.iter()
        .map(|row| {
            let id = row.text("id")?;
            let plan = Plan {
                policies: policies.remove(&id).unwrap_or_default(),
                in_flight: number(row, "in_flight")?,
                price_tier: Tariff::from(row.text("price_tier")?).with(margin(row)?),
                id: id.as_str().into(),
            };
            Ok((id, Arc::new(plan)))
        })
        .collect()
}

fn margin(row: &Row) -> Result<Margin, Error> {
    Margin::of(row.int("margin")?).ok_or_else(|| unfit("margin", "hundredths of a per cent, 0 to 3000"))
}

fn policy(row: &Row) -> Result<Policy, Error> {
    let span = match row.opt_text("zone")? {
        Some(zone) => Span::Day { zone: zone.into(), jitter_s: number(row, "jitter_s")? },
        None => Span::Rolling { seconds: number(row, "window_s")? },
    };
    let merit = match opt_number(row, "merit_per_order")? {
        Some(per_order) => {
            Some(Merit { per_order, most: number(row, "merit_most")?, days: number(row, "merit_days")? })
        }
        None => None,
    };
    Ok(Policy {
        name: row.text("name")?.into(),
        quota: number(row, "quota")?,
        burst: number(row, "burst")?,
        span,
        shadow: row.int("shadow")? != 0,
        merit,
        earned: 0,
        overridden: None,
    })
}

/// What some partners have of their own.
struct Own {
    overrides: Vec<Override>,
    points: Points,
    now: Timestamp,
}

async fn overrides_in_force(sql: &Sql, now: Timestamp) -> Result<Vec<Override>, Error> {
    const LIST: &str = "SELECT * FROM overrides WHERE ended_at IS NULL AND until > $1 ORDER BY created_at, id";
    let rows = sql.fetch_all(LIST, args![now.as_millisecond()]).await?;
    rows.iter().map(overrides::read).collect()
}

async fn points(sql: &Sql) -> Result<Points, Error> {
    let rows = sql.fetch_all("SELECT * FROM earned_points", Vec::new()).await?;
    let read = |row: &Row| Ok(((row.text("partner")?, row.text("policy")?, row.text("day")?), number(row, "points")?));
    rows.iter().map(read).collect()
}

/// A whole number that may be absent.
pub(super) fn opt_number(row: &Row, column: &str) -> Result<Option<u32>, Error> {
    row.opt_int(column)?.map(|_| number(row, column)).transpose()
}

fn number(row: &Row, column: &str) -> Result<u32, Error> {
    u32::try_from(row.int(column)?).map_err(|_| unfit(column, "a number below 4294967296"))
}

pub(super) fn unfit(column: &str, wanted: &'static str) -> Error {
    Error::Sql(sql::Error::Column { column: column.to_owned(), wanted })
}

type Partners = HashMap<String, Arc<Partner>>;

/// The partners with the plans they are held to, and when one of these changes by itself.
fn partners(
    rows: &[Row],
    plans: &HashMap<String, Arc<Plan>>,
    own: &Own,
) -> Result<(Partners, Option<Timestamp>), Error> {
    let (mut partners, mut changes_at) = (HashMap::with_capacity(rows.len()), None::<Timestamp>);
    for row in rows {
        let id = row.parse::<PartnerId>("id")?;
        let plan = plans.get(&row.text("plan")?).ok_or_else(|| unfit("plan", "a plan's name"))?;
        let all: Vec<_> = own.overrides.iter().filter(|one| one.partner == id).collect();
        let changes = effective::changes_at(plan, &id, &all, own.now);
        changes_at = changes_at.into_iter().chain(changes).min();
        let partner = Partner {
            plan: effective::plan(plan, &id, &all, &own.points, own.now),
            name: row.text("name")?,
            country: row.text("country")?,
            suspended: row.opt_int("suspended_at")?.is_some(),
            id,
        };
        partners.insert(partner.id.as_str().to_owned(), Arc::new(partner));
    }
    Ok((partners, changes_at))
}

fn key(row: &Row, partners: &HashMap<String, Arc<Partner>>, sealer: &Sealer) -> Result<KeyRecord, Error> {
    let id: KeyId = row.parse("id")?;
    let moment_in = |column| row.opt_int(column).map(|ms| ms.map(moment));
    Ok(KeyRecord {
        partner: partners.get(&row.text("partner")?).cloned().ok_or_else(|| unfit("partner", "a partner's name"))?,
        mode: mode_of(id.mode()),
        verifying: verifying(row, id.as_str(), sealer)?,
        scopes: row.parse("scopes")?,
        allowed: read_nets(&row.text("allowed")?)?,
        created_at: moment(row.int("created_at")?),
        expires_at: moment_in("expires_at")?,
        retired_at: moment_in("retired_at")?,
        suspended: row.opt_int("suspended_at")?.is_some(),
        rotated_from: row.opt_text("rotated_from")?.map(Arc::from),
        id: id.as_str().into(),
    })
}

/// The networks of an allow-list; a list that cannot be read must not count as an empty one.
pub(super) fn read_nets(text: &str) -> Result<Vec<IpNet>, Error> {
    let nets: Result<Vec<_>, _> = text.split_ascii_whitespace().map(IpNet::from_str).collect();
    nets.map_err(|_| unfit("allowed", "networks like 203.0.113.0/24"))
}

fn verifying(row: &Row, id: &str, sealer: &Sealer) -> Result<VerifyingKey, Error> {
    match Algorithm::parse(&row.text("algorithm")?) {
        Some(Algorithm::HmacSha256) => {
            let secret = sealer.open(secret_of(id), &sealed(row)?)?;
            Ok(VerifyingKey::HmacSha256(HmacKey::new(&secret)))
        }
        Some(Algorithm::Ed25519) => Ok(VerifyingKey::Ed25519(public(row)?)),
        None => Err(unfit("algorithm", "hmac-sha256 or ed25519")),
    }
}

/// The sealed secret of an `hmac-sha256` key.
pub(super) fn sealed(row: &Row) -> Result<Sealed, Error> {
    Ok(Sealed {
        master_version: u16::try_from(row.int("master_version")?).map_err(|_| unfit("master_version", "a version"))?,
        wrapped_key: row.bytes("wrapped_key")?,
        ciphertext: row.bytes("sealed_secret")?,
    })
}

fn public(row: &Row) -> Result<Ed25519Public, Error> {
    let wrong = || unfit("public_key", "an Ed25519 public key");
    let bytes: [u8; 32] = row.bytes("public_key")?.try_into().map_err(|_| wrong())?;
    Ed25519Public::from_bytes(&bytes).map_err(|_| wrong())
}
