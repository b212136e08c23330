//! Refunds: begun with their key, written event by event, read back as the fold; what partners hear goes out with them.

mod begin;
#[cfg(test)]
pub(crate) mod tests;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::claims::{self, Claimed};
use super::outbox::{self, Notice};
use super::refund_words::{self, Columns, Wished};
use super::{Answer, Begun, Error, KeyUse, Lease, Ledger, Unsettled, words};
use crate::model::ids::{CatalogueRefundId, OrderId, PartnerId, RefundId, SkuId, VoucherId};
use crate::model::money::Money;
use crate::model::order::Reference;
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Mode;
use crate::model::quote::Quantity;
use crate::model::refund::{Deed, Event, ReasonCode, Refund, Remedy, State};
use crate::sql::{Row, Sql, Tx, args};

/// A wish to get money back.
#[derive(Clone, Debug)]
pub struct NewRefund {
    /// The partner's own number of it.
    pub reference: Reference,
    /// For which order.
    pub order: OrderId,
    /// What is asked for.
    pub remedy: Remedy,
    /// Why.
    pub reason: ReasonCode,
    /// How much, freight included.
    pub amount: Money,
    /// How much of it is freight.
    pub freight: Money,
    /// For which pieces.
    pub pieces: Vec<WantedPieces>,
    /// What is said for it.
    pub description: String,
    /// What proves it.
    pub vouchers: Vec<VoucherId>,
}

/// So many pieces of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedPieces {
    /// The variant.
    pub sku: SkuId,
    /// How many pieces.
    pub quantity: Quantity,
}

/// How many pieces of a variant were ordered; where in a wish more were asked back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// The line of the wish, from 0.
    pub line: usize,
    /// The variant.
    pub sku: SkuId,
    /// How many were ordered.
    pub quantity: u32,
}

/// Which refunds a list shows.
#[derive(Clone, Debug, Default)]
pub struct RefundFilter {
    /// Only those of this order.
    pub order: Option<OrderId>,
    /// Only those in this state.
    pub state: Option<State>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, partner, mode, reference, order_id, document, created_at, state, version, known, updated_at ",
            "FROM refunds ",
            $rest
        )
    };
}

pub(super) use select;

impl Ledger {
    /// Claims the key and makes the intent durable: the refund with `received` and `requesting_started`.
    /// A refund that an earlier worker left is given as it stands.
    pub async fn begin_refund(&self, asked: KeyUse, wish: NewRefund) -> Result<Begun<Refund>, Error> {
        let now = self.clock.now();
        let begun =
            self.sql.transaction(move |tx| Box::pin(async move { begin::begin(tx, asked, wish, now).await })).await?;
        self.with_refund(begun).await
    }

    /// Claims the key for an instruction about a refund of the partner's.
    pub async fn begin_refund_step(&self, mut asked: KeyUse, id: RefundId) -> Result<Begun<Refund>, Error> {
        const OWN: &str = "SELECT id FROM refunds WHERE id = $1 AND partner = $2 AND mode = $3";
        let now = self.clock.now_ms();
        // The same body about another refund is another request.
        asked.body_hash.extend_from_slice(id.as_str().as_bytes());
        let begun = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let claimed = claims::claim(tx, &asked, id.as_str(), now).await?;
                let own = args![id.as_str(), asked.partner.as_str(), asked.mode.name()];
                if tx.fetch_optional(OWN, own).await?.is_none() {
                    return Err(Error::RefundNotFound(id));
                }
                match claimed {
                    Claimed::Seen(answer) => Ok(Begun::Seen(answer)),
                    Claimed::Fresh(lease) => Ok(Begun::Fresh(lease, id)),
                    Claimed::Resumed(lease, _) => Ok(Begun::Resumed(lease, id)),
                }
            })
        });
        self.with_refund(begun.await?).await
    }

    async fn with_refund(&self, begun: Begun<RefundId>) -> Result<Begun<Refund>, Error> {
        Ok(match begun {
            Begun::Resumed(lease, id) => Begun::Resumed(lease, self.get_refund(&id).await?),
            Begun::Fresh(lease, id) => Begun::Fresh(lease, self.get_refund(&id).await?),
            Begun::Seen(answer) => Begun::Seen(answer),
        })
    }

    /// Writes the events beyond `known` (a version), if nobody wrote any in between. `look_at` is when a refund that is
    /// not finished then should be looked at.
    pub async fn append_refund(&self, refund: &Refund, known: u32, look_at: i64) -> Result<(), Error> {
        let refund = refund.clone();
        self.sql.transaction(move |tx| Box::pin(async move { write(tx, &refund, known, look_at).await })).await
    }

    /// The same, and with it the answer that repeats of the request get.
    pub async fn commit_refund(
        &self,
        lease: &Lease,
        refund: &Refund,
        known: u32,
        look_at: i64,
        answer: &Answer,
    ) -> Result<(), Error> {
        let (lease, refund, answer) = (lease.clone(), refund.clone(), answer.clone());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    claims::settle(tx, &lease, &answer).await?;
                    write(tx, &refund, known, look_at).await
                })
            })
            .await
    }

    /// The same without an answer: the next request with the key starts at once where this one ended.
    pub async fn release_refund(&self, lease: &Lease, refund: &Refund, known: u32, look_at: i64) -> Result<(), Error> {
        let (lease, refund) = (lease.clone(), refund.clone());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    claims::release(tx, &lease).await?;
                    write(tx, &refund, known, look_at).await
                })
            })
            .await
    }

    /// A refund with its events, whoever's it is.
    pub async fn get_refund(&self, id: &RefundId) -> Result<Refund, Error> {
        match self.sql.fetch_optional(select!("WHERE id = $1"), args![id.as_str()]).await? {
            Some(row) => story(&self.sql, &row).await,
            None => Err(Error::RefundNotFound(id.clone())),
        }
    }

    /// A partner's refund with its events.
    pub async fn find_refund(&self, partner: &PartnerId, mode: Mode, id: &RefundId) -> Result<Option<Refund>, Error> {
        const FIND: &str = select!("WHERE id = $1 AND partner = $2 AND mode = $3");
        match self.sql.fetch_optional(FIND, args![id.as_str(), partner.as_str(), mode.name()]).await? {
            Some(row) => story(&self.sql, &row).await.map(Some),
            None => Ok(None),
        }
    }

    /// A partner's refund by the catalogue's number of it.
    pub async fn find_refund_id(
        &self,
        partner: &PartnerId,
        mode: Mode,
        number: CatalogueRefundId,
    ) -> Result<Option<RefundId>, Error> {
        const FIND: &str = "SELECT id FROM refunds WHERE catalogue_refund = $1 AND partner = $2 AND mode = $3";
        let row = self.sql.fetch_optional(FIND, args![number.number(), partner.as_str(), mode.name()]).await?;
        Ok(row.map(|row| row.parse("id")).transpose()?)
    }

    /// A partner's refunds, newest first, without their events.
    pub async fn list_refunds(
        &self,
        partner: &PartnerId,
        mode: Mode,
        filter: &RefundFilter,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<Refund>, Error> {
        const LIST: &str = select!(
            "WHERE partner = $1 AND mode = $2 AND ($3 IS NULL OR state = $3) AND ($4 IS NULL OR order_id = $4) \
             AND ($5 IS NULL OR created_at < $5 OR (created_at = $5 AND id < $6)) \
             ORDER BY created_at DESC, id DESC LIMIT $7"
        );
        let place = after.map(|cursor| place(&cursor.0).ok_or(Error::WrongCursor)).transpose()?;
        let args = args![
            partner.as_str(),
            mode.name(),
            filter.state.map(State::name),
            filter.order.as_ref().map(OrderId::as_str),
            place.as_ref().map(|(at, _)| *at),
            place.as_ref().map_or("", |(_, id)| id.as_str()),
            size.get() + 1
        ];
        let mut rows = self.sql.fetch_all(LIST, args).await?;
        let more = rows.len() > size.get() as usize;
        rows.truncate(size.get() as usize);
        let items = rows.iter().map(summary).collect::<Result<Vec<_>, Error>>()?;
        let next = items.last().filter(|_| more).map(|refund| mark(&refund.deed));
        Ok(Page { items, next, total: None })
    }

    /// Puts the next look at a refund off.
    pub async fn look_again_at_refund(&self, id: &RefundId, look_at: i64) -> Result<(), Error> {
        self.sql.execute("UPDATE refunds SET look_at = $2 WHERE id = $1", args![id.as_str(), look_at]).await?;
        Ok(())
    }

    /// How many refunds are unknown, and for how long the oldest.
    pub async fn unsettled_refunds(&self) -> Result<Unsettled, Error> {
        const COUNT: &str =
            "SELECT COUNT(*) AS unknown, MIN(created_at) AS oldest FROM refunds WHERE state = 'unknown'";
        let Some(row) = self.sql.fetch_optional(COUNT, Vec::new()).await? else { return Ok(Unsettled::default()) };
        let oldest_s = row.opt_int("oldest")?.map_or(0, |oldest| (self.clock.now_ms() - oldest).max(0) / 1000);
        Ok(Unsettled { unknown: u64::try_from(row.int("unknown")?).unwrap_or(0), oldest_s })
    }
}

/// Writes the refund's events beyond the known version, if the stored one is still at it.
async fn write(tx: &mut Tx, refund: &Refund, known: u32, look_at: i64) -> Result<(), Error> {
    const UPDATE: &str = "UPDATE refunds SET state = $3, version = $4, known = $5, catalogue_refund = $6, \
        updated_at = $7, look_at = $8 WHERE id = $1 AND version = $2";
    if refund.version == known {
        return Ok(());
    }
    let row = args![
        refund.deed.id.as_str(),
        known,
        refund.state.name(),
        refund.version,
        refund_words::write_facts(&refund.known)?,
        refund.known.catalogue_refund.map(CatalogueRefundId::number),
        refund.updated_at.as_millisecond(),
        look_at,
    ];
    if tx.execute(UPDATE, row).await? == 0 {
        return Err(Error::Moved);
    }
    for event in refund.events.iter().filter(|event| event.version > known) {
        note(tx, refund, event).await?;
    }
    Ok(())
}

/// One event, and what the partner hears of it.
async fn note(tx: &mut Tx, refund: &Refund, event: &Event) -> Result<(), Error> {
    const EVENT: &str = "INSERT INTO refund_events (refund_id, version, id, kind, state, actor, cause, facts, at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let (deed, state, at) = (&refund.deed, event.kind.leads_to(), event.at.as_millisecond());
    let row = args![
        deed.id.as_str(),
        event.version,
        event.id.as_str(),
        event.kind.name(),
        state.name(),
        event.actor.name(),
        &event.cause,
        refund_words::write_facts(&event.facts)?,
        at,
    ];
    tx.execute(EVENT, row).await?;
    if !event.kind.is_told() {
        return Ok(());
    }
    let data = serde_json::json!({
        "refund_id": deed.id.as_str(), "reference": deed.reference.as_str(), "order_id": deed.order.as_str(),
        "state": state.name(), "version": event.version,
    });
    let kind = format!("refund.{}", state.name());
    let (partner, mode, subject) = (&deed.partner, deed.mode, deed.id.as_str());
    outbox::post(tx, &[Notice { event: &event.id, partner, mode, subject, kind, data, at }]).await
}

pub(super) async fn story(sql: &Sql, row: &Row) -> Result<Refund, Error> {
    const EVENTS: &str =
        "SELECT id, version, kind, actor, cause, facts, at FROM refund_events WHERE refund_id = $1 ORDER BY version";
    let deed = deed(row)?;
    let rows = sql.fetch_all(EVENTS, args![deed.id.as_str()]).await?;
    let events = rows.iter().map(event).collect::<Result<Vec<_>, Error>>()?;
    let what = deed.id.to_string();
    Refund::fold(deed, events).ok_or_else(|| Error::unreadable("the story of a refund", what))
}

fn event(row: &Row) -> Result<Event, Error> {
    Ok(Event {
        id: row.parse("id")?,
        version: version(row)?,
        at: words::moment("event", row.int("at")?)?,
        actor: row.parse("actor")?,
        kind: row.parse("kind")?,
        cause: row.text("cause")?,
        facts: refund_words::read_facts(&row.text("facts")?)?,
    })
}

fn deed(row: &Row) -> Result<Deed, Error> {
    let wished: Wished = words::read("refund", &row.text("document")?)?;
    wished.deed(Columns {
        id: row.parse("id")?,
        partner: row.parse("partner")?,
        mode: row.parse("mode")?,
        reference: row.parse("reference")?,
        order: row.parse("order_id")?,
        created_at: words::moment("refund", row.int("created_at")?)?,
    })
}

fn summary(row: &Row) -> Result<Refund, Error> {
    Ok(Refund {
        deed: deed(row)?,
        state: row.parse("state")?,
        version: version(row)?,
        known: refund_words::read_facts(&row.text("known")?)?,
        updated_at: words::moment("refund", row.int("updated_at")?)?,
        events: Vec::new(),
    })
}

fn version(row: &Row) -> Result<u32, Error> {
    u32::try_from(row.int("version")?).map_err(|error| Error::unreadable("version", error))
}

fn mark(last: &Deed) -> Cursor {
    Cursor(URL_SAFE_NO_PAD.encode(format!("{}-{}", last.created_at.as_millisecond(), last.id)))
}

fn place(cursor: &str) -> Option<(i64, RefundId)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (at, id) = text.split_once('-')?;
    Some((at.parse().ok()?, id.parse().ok()?))
}
