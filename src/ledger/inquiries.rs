//! Inquiries: begun with their key, written event by event, read back as the fold; what partners hear goes out with them.

mod begin;
#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::claims::{self, Claimed};
use super::inquiry_words::{self, Columns, Wished};
use super::outbox::{self, Notice};
use super::{Answer, Begun, Error, KeyUse, Lease, Ledger, Unsettled, words};
use crate::model::ids::{InquiryId, PartnerId, VoucherId};
use crate::model::inquiry::{Deed, Event, Inquiry, Invited, State};
use crate::model::money::{Currency, Money};
use crate::model::order::Reference;
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Mode;
use crate::model::quote::{Country, Quantity, Warehouse};
use crate::sql::{Row, Sql, Tx, args};

/// A wish to hear what several suppliers ask for something.
#[derive(Clone, Debug)]
pub struct NewInquiry {
    /// The partner's own number of it.
    pub reference: Reference,
    /// Who is asked.
    pub invited: Vec<Invited>,
    /// What is wanted, in words.
    pub specification: String,
    /// How many pieces.
    pub quantity: Quantity,
    /// What the partner would like to pay for a piece, in CNY.
    pub target: Option<Money>,
    /// Where it is gathered.
    pub warehouse: Warehouse,
    /// Where it goes in the end.
    pub ship_to: Country,
    /// The currency whose rate is locked when a quotation is accepted.
    pub currency: Currency,
    /// Pictures of what is wanted.
    pub attachments: Vec<VoucherId>,
}

/// Which inquiries a list shows.
#[derive(Clone, Debug, Default)]
pub struct InquiryFilter {
    /// Only those in this state.
    pub state: Option<State>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, partner, mode, reference, document, created_at, state, version, known, updated_at ",
            "FROM inquiries ",
            $rest
        )
    };
}

macro_rules! due {
    () => {
        "SELECT id FROM inquiries WHERE state NOT IN ('rejected', 'ordered', 'withdrawn', 'closed') AND look_at <= $1 \
         AND mode = $2 ORDER BY look_at LIMIT $3"
    };
}

impl Ledger {
    /// Claims the key and makes the intent durable: the inquiry with `received` and `sending_started`.
    /// An inquiry that an earlier worker left is given as it stands.
    pub async fn begin_inquiry(&self, asked: KeyUse, wish: NewInquiry) -> Result<Begun<Inquiry>, Error> {
        let now = words::moment("now", self.clock.now_ms())?;
        let begun =
            self.sql.transaction(move |tx| Box::pin(async move { begin::begin(tx, asked, wish, now).await })).await?;
        self.with_inquiry(begun).await
    }

    /// Claims the key for an instruction about an inquiry of the partner's.
    pub async fn begin_inquiry_step(&self, mut asked: KeyUse, id: InquiryId) -> Result<Begun<Inquiry>, Error> {
        const OWN: &str = "SELECT id FROM inquiries WHERE id = $1 AND partner = $2 AND mode = $3";
        let now = self.clock.now_ms();
        // The same body about another inquiry is another request.
        asked.body_hash.extend_from_slice(id.as_str().as_bytes());
        let begun = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let claimed = claims::claim(tx, &asked, id.as_str(), now).await?;
                let own = args![id.as_str(), asked.partner.as_str(), asked.mode.name()];
                if tx.fetch_optional(OWN, own).await?.is_none() {
                    return Err(Error::InquiryNotFound(id));
                }
                match claimed {
                    Claimed::Seen(answer) => Ok(Begun::Seen(answer)),
                    Claimed::Fresh(lease) => Ok(Begun::Fresh(lease, id)),
                    Claimed::Resumed(lease, _) => Ok(Begun::Resumed(lease, id)),
                }
            })
        });
        self.with_inquiry(begun.await?).await
    }

    async fn with_inquiry(&self, begun: Begun<InquiryId>) -> Result<Begun<Inquiry>, Error> {
        Ok(match begun {
            Begun::Resumed(lease, id) => Begun::Resumed(lease, self.get_inquiry(&id).await?),
            Begun::Fresh(lease, id) => Begun::Fresh(lease, self.get_inquiry(&id).await?),
            Begun::Seen(answer) => Begun::Seen(answer),
        })
    }

    /// Writes the events beyond `known` (a version), if nobody wrote any in between. `look_at` is when an inquiry that is
    /// not finished then should be looked at.
    pub async fn append_inquiry(&self, inquiry: &Inquiry, known: u32, look_at: i64) -> Result<(), Error> {
        let inquiry = inquiry.clone();
        self.sql.transaction(move |tx| Box::pin(async move { write(tx, &inquiry, known, look_at).await })).await
    }

    /// The same, and with it the answer that repeats of the request get.
    pub async fn commit_inquiry(
        &self,
        lease: &Lease,
        inquiry: &Inquiry,
        known: u32,
        look_at: i64,
        answer: &Answer,
    ) -> Result<(), Error> {
        let (lease, inquiry, answer) = (lease.clone(), inquiry.clone(), answer.clone());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    claims::settle(tx, &lease, &answer).await?;
                    write(tx, &inquiry, known, look_at).await
                })
            })
            .await
    }

    /// The same without an answer: the next request with the key starts at once where this one ended.
    pub async fn release_inquiry(
        &self,
        lease: &Lease,
        inquiry: &Inquiry,
        known: u32,
        look_at: i64,
    ) -> Result<(), Error> {
        let (lease, inquiry) = (lease.clone(), inquiry.clone());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    claims::release(tx, &lease).await?;
                    write(tx, &inquiry, known, look_at).await
                })
            })
            .await
    }

    /// An inquiry with its events, whoever's it is.
    pub async fn get_inquiry(&self, id: &InquiryId) -> Result<Inquiry, Error> {
        match self.sql.fetch_optional(select!("WHERE id = $1"), args![id.as_str()]).await? {
            Some(row) => story(&self.sql, &row).await,
            None => Err(Error::InquiryNotFound(id.clone())),
        }
    }

    /// A partner's inquiry with its events.
    pub async fn find_inquiry(
        &self,
        partner: &PartnerId,
        mode: Mode,
        id: &InquiryId,
    ) -> Result<Option<Inquiry>, Error> {
        const FIND: &str = select!("WHERE id = $1 AND partner = $2 AND mode = $3");
        match self.sql.fetch_optional(FIND, args![id.as_str(), partner.as_str(), mode.name()]).await? {
            Some(row) => story(&self.sql, &row).await.map(Some),
            None => Ok(None),
        }
    }

    /// A partner's inquiries, newest first, without their events.
    pub async fn list_inquiries(
        &self,
        partner: &PartnerId,
        mode: Mode,
        filter: &InquiryFilter,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<Inquiry>, Error> {
        const LIST: &str = select!(
            "WHERE partner = $1 AND mode = $2 AND ($3 IS NULL OR state = $3) \
             AND ($4 IS NULL OR created_at < $4 OR (created_at = $4 AND id < $5)) \
             ORDER BY created_at DESC, id DESC LIMIT $6"
        );
        let place = after.map(|cursor| place(&cursor.0).ok_or(Error::WrongCursor)).transpose()?;
        let args = args![
            partner.as_str(),
            mode.name(),
            filter.state.map(State::name),
            place.as_ref().map(|(at, _)| *at),
            place.as_ref().map_or("", |(_, id)| id.as_str()),
            size.get() + 1
        ];
        let mut rows = self.sql.fetch_all(LIST, args).await?;
        let more = rows.len() > size.get() as usize;
        rows.truncate(size.get() as usize);
        let items = rows.iter().map(summary).collect::<Result<Vec<_>, Error>>()?;
        let next = items.last().filter(|_| more).map(|inquiry| mark(&inquiry.deed));
        Ok(Page { items, next, total: None })
    }

    /// Puts the next look at an inquiry off.
    pub async fn look_again_at_inquiry(&self, id: &InquiryId, look_at: i64) -> Result<(), Error> {
        self.sql.execute("UPDATE inquiries SET look_at = $2 WHERE id = $1", args![id.as_str(), look_at]).await?;
        Ok(())
    }

    /// Takes inquiries that are not finished and whose time has come, for so long: unsettled ones to settle them, others
    /// to compare them with the catalogue.
    pub async fn claim_due_inquiries(&self, mode: Mode, limit: u32, for_ms: i64) -> Result<Vec<InquiryId>, Error> {
        const CLAIM: (&str, &str) = (
            concat!("UPDATE inquiries SET look_at = $4 WHERE id IN (", due!(), ") RETURNING id"),
            concat!(
                "WITH due AS MATERIALIZED (",
                due!(),
                " FOR UPDATE SKIP LOCKED) UPDATE inquiries SET look_at = $4 FROM due WHERE inquiries.id = due.id \
                 RETURNING inquiries.id"
            ),
        );
        let rows = self.claim(due!(), CLAIM, mode, limit, for_ms).await?;
        rows.iter().map(|row| Ok(row.parse("id")?)).collect()
    }

    /// How many inquiries are unknown, and for how long the oldest.
    pub async fn unsettled_inquiries(&self) -> Result<Unsettled, Error> {
        const COUNT: &str =
            "SELECT COUNT(*) AS unknown, MIN(created_at) AS oldest FROM inquiries WHERE state = 'unknown'";
        let Some(row) = self.sql.fetch_optional(COUNT, Vec::new()).await? else { return Ok(Unsettled::default()) };
        let oldest_s = row.opt_int("oldest")?.map_or(0, |oldest| (self.clock.now_ms() - oldest).max(0) / 1000);
        Ok(Unsettled { unknown: u64::try_from(row.int("unknown")?).unwrap_or(0), oldest_s })
    }
}

/// Writes the inquiry's events beyond the known version, if the stored one is still at it.
async fn write(tx: &mut Tx, inquiry: &Inquiry, known: u32, look_at: i64) -> Result<(), Error> {
    const UPDATE: &str = "UPDATE inquiries SET state = $3, version = $4, known = $5, updated_at = $6, look_at = $7 \
        WHERE id = $1 AND version = $2";
    if inquiry.version == known {
        return Ok(());
    }
    let row = args![
        inquiry.deed.id.as_str(),
        known,
        inquiry.state.name(),
        inquiry.version,
        inquiry_words::write_facts(&inquiry.known)?,
        inquiry.updated_at.as_millisecond(),
        look_at,
    ];
    if tx.execute(UPDATE, row).await? == 0 {
        return Err(Error::Moved);
    }
    for event in inquiry.events.iter().filter(|event| event.version > known) {
        note(tx, inquiry, event).await?;
    }
    Ok(())
}

/// One event, and what the partner hears of it.
async fn note(tx: &mut Tx, inquiry: &Inquiry, event: &Event) -> Result<(), Error> {
    const EVENT: &str = "INSERT INTO inquiry_events (inquiry_id, version, id, kind, state, actor, cause, facts, at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let (deed, state, at) = (&inquiry.deed, event.kind.leads_to(), event.at.as_millisecond());
    let row = args![
        deed.id.as_str(),
        event.version,
        event.id.as_str(),
        event.kind.name(),
        state.name(),
        event.actor.name(),
        &event.cause,
        inquiry_words::write_facts(&event.facts)?,
        at,
    ];
    tx.execute(EVENT, row).await?;
    if !event.kind.is_told() {
        return Ok(());
    }
    let kind = format!("inquiry.{}", event.kind.name());
    let (partner, mode, subject, data) = (&deed.partner, deed.mode, deed.id.as_str(), told(deed, event));
    outbox::post(tx, &[Notice { event: &event.id, partner, mode, subject, kind, data, at }]).await
}

/// Ids, the partner's reference and the new state; of a supplier's step also whose and which quotation.
fn told(deed: &Deed, event: &Event) -> serde_json::Value {
    let mut data = serde_json::json!({
        "inquiry_id": deed.id.as_str(), "reference": deed.reference.as_str(),
        "state": event.kind.leads_to().name(), "version": event.version,
    });
    let about = event.facts.about;
    let talk = event.facts.talks.iter().flatten().find(|talk| Some(talk.supplier) == about);
    let members = [
        ("supplier_id", about.map(|supplier| supplier.to_string())),
        ("quotation_id", talk.and_then(|talk| talk.quotation.as_ref()).map(|quotation| quotation.id.to_string())),
        ("order_id", event.facts.order.as_ref().map(ToString::to_string)),
    ];
    if let Some(object) = data.as_object_mut() {
        object.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
    }
    data
}

async fn story(sql: &Sql, row: &Row) -> Result<Inquiry, Error> {
    const EVENTS: &str =
        "SELECT id, version, kind, actor, cause, facts, at FROM inquiry_events WHERE inquiry_id = $1 ORDER BY version";
    let deed = deed(row)?;
    let rows = sql.fetch_all(EVENTS, args![deed.id.as_str()]).await?;
    let events = rows.iter().map(event).collect::<Result<Vec<_>, Error>>()?;
    let what = deed.id.to_string();
    Inquiry::fold(deed, events).ok_or_else(|| Error::unreadable("the story of an inquiry", what))
}

fn event(row: &Row) -> Result<Event, Error> {
    Ok(Event {
        id: row.parse("id")?,
        version: version(row)?,
        at: words::moment("event", row.int("at")?)?,
        actor: row.parse("actor")?,
        kind: row.parse("kind")?,
        cause: row.text("cause")?,
        facts: inquiry_words::read_facts(&row.text("facts")?)?,
    })
}

fn deed(row: &Row) -> Result<Deed, Error> {
    let wished: Wished = words::read("inquiry", &row.text("document")?)?;
    wished.deed(Columns {
        id: row.parse("id")?,
        partner: row.parse("partner")?,
        mode: row.parse("mode")?,
        reference: row.parse("reference")?,
        created_at: words::moment("inquiry", row.int("created_at")?)?,
    })
}

fn summary(row: &Row) -> Result<Inquiry, Error> {
    Ok(Inquiry {
        deed: deed(row)?,
        state: row.parse("state")?,
        version: version(row)?,
        known: inquiry_words::read_facts(&row.text("known")?)?,
        updated_at: words::moment("inquiry", row.int("updated_at")?)?,
        events: Vec::new(),
    })
}

fn version(row: &Row) -> Result<u32, Error> {
    u32::try_from(row.int("version")?).map_err(|error| Error::unreadable("version", error))
}

fn mark(last: &Deed) -> Cursor {
    Cursor(URL_SAFE_NO_PAD.encode(format!("{}-{}", last.created_at.as_millisecond(), last.id)))
}

fn place(cursor: &str) -> Option<(i64, InquiryId)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (at, id) = text.split_once('-')?;
    Some((at.parse().ok()?, id.parse().ok()?))
}
