//! Idempotency keys: who may do the work of a request, and the answer that every repeat of it gets.
//!
//! A key is claimed in the same transaction that makes the intent durable. While the work is under way the claim is a
//! lease; when it runs out (the worker died), the next request with the key takes over with a higher fence, and
//! whatever the first worker still tries to store is refused. Once an answer is stored it is what repeats get, byte
//! for byte, until the key's life ends.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use super::Error;
use crate::model::ids::{NotAnId, PartnerId};
use crate::model::partner::Mode;
use crate::sql::{Arg, Row, Rows, Tx, args};

/// How long a key is remembered.
const LIFE_MS: i64 = 72 * 3_600_000;

const FIRST_FENCE: i64 = 1;

/// Seconds after which it makes sense to ask again while the first request runs.
const LOOK_AGAIN_S: i64 = 2;

/// The key of a request that must have its effect once.
#[derive(Clone, Debug)]
pub struct Once {
    /// The idempotency key.
    pub key: String,
    /// A hash of what is asked for.
    pub body_hash: Vec<u8>,
}

/// A request that must have its effect once, with everything the claim is made of.
#[derive(Clone, Debug)]
pub struct KeyUse {
    /// Who asks.
    pub partner: PartnerId,
    /// In which world.
    pub mode: Mode,
    /// What is asked for, by the operation's id.
    pub operation: &'static str,
    /// The key.
    pub key: String,
    /// A hash of the body's bytes.
    pub body_hash: Vec<u8>,
    /// How long the work may take until another may take over.
    pub lease_ms: i64,
}

/// The right to do the work of a key and store its answer.
#[derive(Clone, Debug)]
pub struct Lease {
    partner: PartnerId,
    mode: Mode,
    key: String,
    fence: i64,
}

/// An answer as it is sent: kept for repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The header fields that belong to the answer itself, by name.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// An answer to be sent as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The answer.
    pub answer: Answer,
    /// Whether it was stored by an earlier request.
    pub replayed: bool,
}

/// What came of asking for a key.
#[derive(Debug)]
pub enum Begun<T> {
    /// The first request: the intent is written down, the work is ours.
    Fresh(Lease, T),
    /// An earlier worker left it unfinished: this is what it was about, the work is ours now.
    Resumed(Lease, T),
    /// It was answered before.
    Seen(Answer),
}

/// What came of claiming, before the intent itself is looked at.
pub(super) enum Claimed<Id> {
    /// Nobody used it before.
    Fresh(Lease),
    /// Somebody did, for this.
    Before(Begun<Id>),
}

const COLUMNS: &str = "SELECT operation, body_hash, subject, fence, leased_until, status, headers, body, expires_at \
                       FROM idempotency WHERE partner = $1 AND mode = $2 AND key = $3";

/// Claims a key for work on `subject`.
pub(super) async fn claim<Id>(tx: &mut Tx, asked: &KeyUse, subject: &Id, now: i64) -> Result<Claimed<Id>, Error>
where
    Id: Display + FromStr<Err = NotAnId>,
{
    if let Some(fence) = insert(tx, asked, &subject.to_string(), now).await? {
        return Ok(Claimed::Fresh(asked.lease(fence)));
    }
    let (partner, mode) = (asked.partner.as_str(), asked.mode.name());
    let row = tx.fetch_optional(COLUMNS, args![partner, mode, &asked.key]).await?;
    let Some(row) = row else { return Err(Error::InProgress { retry_after_s: 1 }) };
    if row.bytes("body_hash")? != asked.body_hash || row.text("operation")? != asked.operation {
        return Err(Error::KeyMismatch);
    }
    if let Some(status) = row.opt_int("status")? {
        return Ok(Claimed::Before(Begun::Seen(answer(&row, status)?)));
    }
    let left_ms = row.int("leased_until")? - now;
    if left_ms > 0 {
        // Most work is done long before its lease runs out.
        let wait_s = (left_ms / 1000 + 1).min(LOOK_AGAIN_S);
        return Err(Error::InProgress { retry_after_s: u64::try_from(wait_s).unwrap_or(1) });
    }
    take_over(tx, asked, row.int("fence")?, now).await?;
    let id = row.text("subject")?.parse().map_err(|error| Error::unreadable("subject", error))?;
    Ok(Claimed::Before(Begun::Resumed(asked.lease(row.int("fence")? + 1), id)))
}

/// Writes the key down, over one whose life is over; the fence, unless the key is in use. The fence goes on where the
/// former life ended, so that nothing of that one can ever be stored.
async fn insert(tx: &mut Tx, asked: &KeyUse, subject: &str, now: i64) -> Result<Option<i64>, Error> {
    let rows = INSERT.fetch(tx, vec![key_row(asked, subject, now)]).await?;
    rows.first().map(|row| Ok(row.int("fence")?)).transpose()
}

static INSERT: Rows = Rows::with_tail(
    "INSERT INTO idempotency \
        (partner, mode, key, operation, body_hash, subject, fence, leased_until, created_at, expires_at) VALUES",
    10,
    "ON CONFLICT (partner, mode, key) DO UPDATE SET \
        operation = excluded.operation, body_hash = excluded.body_hash, subject = excluded.subject, \
        fence = idempotency.fence + 1, leased_until = excluded.leased_until, \
        status = NULL, headers = NULL, body = NULL, \
        created_at = excluded.created_at, expires_at = excluded.expires_at \
        WHERE idempotency.expires_at <= excluded.created_at RETURNING partner, mode, key, fence",
);

fn key_row(asked: &KeyUse, subject: &str, now: i64) -> Vec<Arg> {
    args![
        asked.partner.as_str(),
        asked.mode.name(),
        &asked.key,
        asked.operation,
        asked.body_hash.clone(),
        subject,
        FIRST_FENCE,
        now + asked.lease_ms,
        now,
        now + LIFE_MS,
    ]
}

/// Claims different keys, each for work on its subject; none for a key that is in use.
pub(super) async fn claim_fresh(tx: &mut Tx, asked: &[(&KeyUse, &str)], now: i64) -> Result<Vec<Option<Lease>>, Error> {
    let mut rows: Vec<_> = asked.iter().map(|(asked, subject)| (*asked, key_row(asked, subject, now))).collect();
    // In one order on all nodes: two that claim the same keys then never wait for each other.
    rows.sort_by_key(|(asked, _)| (&asked.partner, asked.mode.name(), &asked.key));
    let mut fences = HashMap::new();
    for row in INSERT.fetch(tx, rows.into_iter().map(|(_, row)| row).collect()).await? {
        fences.insert((row.text("partner")?, row.text("mode")?, row.text("key")?), row.int("fence")?);
    }
    let lease = |(asked, _): &(&KeyUse, &str)| {
        let key = (asked.partner.to_string(), asked.mode.name().to_owned(), asked.key.clone());
        fences.get(&key).map(|fence| asked.lease(*fence))
    };
    Ok(asked.iter().map(lease).collect())
}

async fn take_over(tx: &mut Tx, asked: &KeyUse, fence: i64, now: i64) -> Result<(), Error> {
    const TAKE_OVER: &str = "UPDATE idempotency SET fence = fence + 1, leased_until = $5 \
        WHERE partner = $1 AND mode = $2 AND key = $3 AND fence = $4 AND status IS NULL";
    let row = args![asked.partner.as_str(), asked.mode.name(), &asked.key, fence, now + asked.lease_ms];
    match tx.execute(TAKE_OVER, row).await? {
        1 => Ok(()),
        _ => Err(Error::InProgress { retry_after_s: 1 }),
    }
}

/// Stores the answer, if the lease is still the newest.
pub(super) async fn settle(tx: &mut Tx, lease: &Lease, answer: &Answer) -> Result<(), Error> {
    settle_all(tx, &[(lease, answer)]).await
}

/// Stores the answers of different keys, if each lease is still the newest.
pub(super) async fn settle_all(tx: &mut Tx, all: &[(&Lease, &Answer)]) -> Result<(), Error> {
    static SETTLE: Rows = Rows::with_tail(
        "UPDATE idempotency SET status = told.column5, headers = told.column6, body = told.column7 FROM (VALUES",
        7,
        ") AS told WHERE partner = told.column1 AND mode = told.column2 AND key = told.column3 \
            AND fence = told.column4 AND status IS NULL",
    );
    let row = |(lease, answer): &(&Lease, &Answer)| {
        Ok(args![
            lease.partner.as_str(),
            lease.mode.name(),
            &lease.key,
            lease.fence,
            answer.status,
            super::words::write("headers", &answer.headers)?,
            answer.body.clone(),
        ])
    };
    let rows = all.iter().map(row).collect::<Result<Vec<_>, Error>>()?;
    if SETTLE.execute(tx, rows).await? == all.len() as u64 { Ok(()) } else { Err(Error::LeaseLost) }
}

/// Ends the lease without an answer, so that the next request with the key takes over at once.
pub(super) async fn release(tx: &mut Tx, lease: &Lease) -> Result<(), Error> {
    const RELEASE: &str = "UPDATE idempotency SET leased_until = 0 \
        WHERE partner = $1 AND mode = $2 AND key = $3 AND fence = $4 AND status IS NULL";
    let row = args![lease.partner.as_str(), lease.mode.name(), &lease.key, lease.fence];
    held(tx.execute(RELEASE, row).await?)
}

fn held(rows: u64) -> Result<(), Error> {
    if rows == 1 { Ok(()) } else { Err(Error::LeaseLost) }
}

fn answer(row: &Row, status: i64) -> Result<Answer, Error> {
    Ok(Answer {
        status: u16::try_from(status).map_err(|error| Error::unreadable("answer", error))?,
        headers: super::words::read("headers", &row.text("headers")?)?,
        body: row.bytes("body")?,
    })
}

impl Lease {
    /// The key's full name.
    pub(super) fn name(&self) -> (String, &'static str, String) {
        (self.partner.to_string(), self.mode.name(), self.key.clone())
    }
}

impl KeyUse {
    fn lease(&self, fence: i64) -> Lease {
        Lease { partner: self.partner.clone(), mode: self.mode, key: self.key.clone(), fence }
    }
}
