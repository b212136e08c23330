//! Refunds and inquiries written down: begun with their key, later events one compare-and-set at a time, and with each
//! what its partner is told. What differs between the two is what they say of themselves as `Recorded`.

use jiff::Timestamp;

use super::claims::{self, Claimed};
use super::kept::{self, Kept, Texts};
use super::outbox::{self, Notice};
use super::words::moment;
use super::{Answer, Begun, Error, KeyUse, Lease, Ledger};
use crate::model::ids::PartnerId;
use crate::model::order::{Actor, Reference};
use crate::model::partner::Mode;
use crate::model::story::sending::Sent;
use crate::model::story::{Asked, EventOf, HappeningOf, IdOf, Move, Story};
use crate::sql::{Arg, Row, Tx, args};

/// How stories of one kind are written down and read back.
pub trait Recorded: Sent {
    /// Finds the id of a partner's `$1`, in a world `$2`, by the partner's number `$3`.
    const REFERENCED: &'static str;
    /// A fresh row: id, partner, world, reference, own columns of the deed, document, moment, state, version, facts,
    /// next look.
    const INSERT: &'static str;
    /// The row `$1`, if it is at version `$2`: state, version, facts, own columns of what is known, moment, next look.
    const UPDATE: &'static str;
    /// A fresh event: what it happened to, version, id, kind, state, actor, cause, facts, moment.
    const EVENT: &'static str;

    /// The statements that read.
    fn texts() -> &'static Texts;
    /// Own columns of a deed.
    fn columns(deed: &Self::Deed) -> Vec<Arg>;
    /// Own columns of what is known.
    fn known(facts: &Self::Facts) -> Vec<Arg>;
    /// What of a deed is no column.
    fn document(deed: &Self::Deed) -> Result<String, Error>;
    /// Reads a deed.
    fn deed(row: &Row) -> Result<Self::Deed, Error>;
    /// Facts as they are stored.
    fn write_facts(facts: &Self::Facts) -> Result<String, Error>;
    /// Reads facts.
    fn read_facts(text: &str) -> Result<Self::Facts, Error>;
    /// By which name partners hear of an event, and what; nothing of steps of the gateway's own.
    fn told(deed: &Self::Deed, event: &EventOf<Self>) -> Option<(String, serde_json::Value)>;
    /// What an event writes into tables of the kind's own, beside the row and the event: statements with what they say.
    fn entries(_: &Self::Deed, _: &EventOf<Self>) -> Vec<(&'static str, Vec<Arg>)> {
        Vec::new()
    }
    /// That there is none with this id.
    fn not_found(id: IdOf<Self>) -> Error;
    /// That another has the reference.
    fn reference_taken(first: IdOf<Self>) -> Error;
}

impl<P: Recorded> Kept for Story<P> {
    type Deed = P::Deed;
    type Event = EventOf<P>;

    fn texts() -> &'static Texts {
        P::texts()
    }

    fn deed(row: &Row) -> Result<P::Deed, Error> {
        P::deed(row)
    }

    fn event(row: &Row) -> Result<EventOf<P>, Error> {
        kept::event(row, P::read_facts)
    }

    fn fold(deed: P::Deed, events: Vec<EventOf<P>>) -> Option<Self> {
        Self::fold(deed, events)
    }

    fn summary(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            deed: P::deed(row)?,
            state: row.parse("state")?,
            version: kept::version(row)?,
            known: P::read_facts(&row.text("known")?)?,
            updated_at: moment(P::WHAT, row.int("updated_at")?)?,
            events: Vec::new(),
        })
    }

    fn asked(&self) -> &P::Deed {
        &self.deed
    }

    fn not_found(id: IdOf<P>) -> Error {
        P::not_found(id)
    }
}

impl Ledger {
    /// Claims the key for an instruction about a story of the partner's.
    pub async fn begin_step<P: Recorded>(&self, mut asked: KeyUse, id: IdOf<P>) -> Result<Begun<Story<P>>, Error> {
        let now = self.clock.now_ms();
        // The same body about another one is another request.
        asked.body_hash.extend_from_slice(id.to_string().as_bytes());
        let begun = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let claimed = claims::claim(tx, &asked, &id, now).await?;
                let own = args![id.to_string(), asked.partner.as_str(), asked.mode.name()];
                if tx.fetch_optional(&P::texts().own, own).await?.is_none() {
                    return Err(P::not_found(id));
                }
                Ok(match claimed {
                    Claimed::Fresh(lease) => Begun::Fresh(lease, id),
                    Claimed::Before(begun) => begun,
                })
            })
        });
        self.read_begun(begun.await?).await
    }

    /// Writes the events beyond `known` (a version), if nobody wrote any in between. `look_at` is when one that is not
    /// finished then should be looked at.
    pub async fn append_story<P: Recorded>(&self, story: &Story<P>, known: u32, look_at: i64) -> Result<(), Error> {
        let story = story.clone();
        self.sql.transaction(move |tx| Box::pin(async move { write(tx, &story, known, look_at).await })).await
    }

    /// The same, and with it the answer that repeats of the request get.
    pub async fn commit_story<P: Recorded>(
        &self,
        lease: &Lease,
        story: &Story<P>,
        known: u32,
        look_at: i64,
        answer: &Answer,
    ) -> Result<(), Error> {
        let (lease, story, answer) = (lease.clone(), story.clone(), answer.clone());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    claims::settle(tx, &lease, &answer).await?;
                    write(tx, &story, known, look_at).await
                })
            })
            .await
    }

    /// The same without an answer: the next request with the key starts at once where this one ended.
    pub async fn release_story<P: Recorded>(
        &self,
        lease: &Lease,
        story: &Story<P>,
        known: u32,
        look_at: i64,
    ) -> Result<(), Error> {
        let (lease, story) = (lease.clone(), story.clone());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    claims::release(tx, &lease).await?;
                    write(tx, &story, known, look_at).await
                })
            })
            .await
    }
}

/// A reference that is taken is the most useful thing to learn, whatever else is wrong.
pub(super) async fn reference_is_free<P: Recorded>(
    tx: &mut Tx,
    partner: &PartnerId,
    mode: Mode,
    reference: &Reference,
) -> Result<(), Error> {
    match tx.fetch_optional(P::REFERENCED, args![partner.as_str(), mode.name(), reference.as_str()]).await? {
        Some(row) => Err(P::reference_taken(row.parse("id")?)),
        None => Ok(()),
    }
}

/// Writes a new story down, about to be sent.
pub(super) async fn open<P: Recorded>(
    tx: &mut Tx,
    deed: P::Deed,
    asked: (&'static str, i64),
    now: Timestamp,
) -> Result<(), Error> {
    let (operation, lease_ms) = asked;
    let mut story = Story::<P>::received(deed, operation);
    let look_at = now.as_millisecond() + lease_ms;
    insert(tx, &story, look_at).await?;
    let started = HappeningOf::<P>::new(P::STARTED, Actor::Gateway, "sending it to the catalogue");
    let event = story.next(now, started).map_err(|error| Error::unreadable(P::WHAT, error))?;
    story.apply(event).map_err(|error| Error::unreadable(P::WHAT, error))?;
    write(tx, &story, 1, look_at).await
}

async fn insert<P: Recorded>(tx: &mut Tx, story: &Story<P>, look_at: i64) -> Result<(), Error> {
    let head = story.deed.head();
    let mut row = args![head.id.to_string(), head.partner.as_str(), head.mode.name(), head.reference.as_str()];
    row.extend(P::columns(&story.deed));
    row.extend(args![
        P::document(&story.deed)?,
        head.created_at.as_millisecond(),
        story.state.to_string(),
        story.version,
        P::write_facts(&story.known)?,
        look_at,
    ]);
    if tx.execute(P::INSERT, row).await? == 0 {
        // Another request of the same moment took the reference.
        reference_is_free::<P>(tx, head.partner, head.mode, head.reference).await?;
        return Err(Error::Moved);
    }
    note(tx, story, 0).await
}

/// Writes the events beyond the known version, if the stored one is still at it.
async fn write<P: Recorded>(tx: &mut Tx, story: &Story<P>, known: u32, look_at: i64) -> Result<(), Error> {
    if story.version == known {
        return Ok(());
    }
    let mut row = args![
        story.deed.head().id.to_string(),
        known,
        story.state.to_string(),
        story.version,
        P::write_facts(&story.known)?,
    ];
    row.extend(P::known(&story.known));
    row.extend(args![story.updated_at.as_millisecond(), look_at]);
    if tx.execute(P::UPDATE, row).await? == 0 {
        return Err(Error::Moved);
    }
    note(tx, story, known).await
}

/// The events beyond the known version, and what the partner hears of each.
async fn note<P: Recorded>(tx: &mut Tx, story: &Story<P>, known: u32) -> Result<(), Error> {
    let head = story.deed.head();
    let subject = head.id.to_string();
    for event in story.events.iter().filter(|event| event.version > known) {
        let at = event.at.as_millisecond();
        let row = args![
            &subject,
            event.version,
            event.id.as_str(),
            event.kind.name(),
            event.kind.leads_to().to_string(),
            event.actor.name(),
            &event.cause,
            P::write_facts(&event.facts)?,
            at,
        ];
        tx.execute(P::EVENT, row).await?;
        for (statement, said) in P::entries(&story.deed, event) {
            tx.execute(statement, said).await?;
        }
        if let Some((kind, data)) = P::told(&story.deed, event) {
            let (event, partner, mode, subject) = (&event.id, head.partner, head.mode, subject.as_str());
            outbox::post(tx, &[Notice { event, partner, mode, subject, kind, data, at }]).await?;
        }
    }
    Ok(())
}
