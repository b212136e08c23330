//! What is kept as a row and its events, whatever it tells of: one by one with the events, in pages without them, and by
//! when to look at it again. What the rows say, and how they get there, is for each kind to know.

use std::str::FromStr;

use jiff::Timestamp;

use super::due::{Claim, Claiming};
use super::pages::{page, place};
use super::words::moment;
use super::{Begun, Error, Ledger};
use crate::model::ids::PartnerId;
use crate::model::order::Reference;
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Mode;
use crate::model::story::{Asked, Event};
use crate::sql::{Arg, Row, args};

/// A kind of thing that is kept as a row and its events.
pub trait Kept: Sized + Send + 'static {
    /// What was asked for.
    type Deed: Asked + Send;
    /// Something that happened to it.
    type Event;

    /// The statements about it.
    fn texts() -> &'static Texts;
    /// Reads what was asked for.
    fn deed(row: &Row) -> Result<Self::Deed, Error>;
    /// Reads what happened.
    fn event(row: &Row) -> Result<Self::Event, Error>;
    /// What the events made of the deed; `None` when they make nothing.
    fn fold(deed: Self::Deed, events: Vec<Self::Event>) -> Option<Self>;
    /// Reads how it stands, without its events.
    fn summary(row: &Row) -> Result<Self, Error>;
    /// What was asked for.
    fn asked(&self) -> &Self::Deed;
    /// That there is none with this id.
    fn not_found(id: IdOf<Self>) -> Error;
}

/// The id of a thing that is kept.
pub type IdOf<S> = <<S as Kept>::Deed as Asked>::Id;

/// A table of such things, and the one of their events.
pub(super) struct Tables {
    /// The things.
    pub rows: &'static str,
    /// `SELECT` their columns `FROM` the table, with a space behind.
    pub select: &'static str,
    /// What else a list may ask for as `$4`.
    pub sought: Option<&'static str>,
    /// Which of them want to be looked at when their time has come.
    pub open: &'static str,
    /// Their events.
    pub events: &'static str,
    /// What is read of an event.
    pub told: &'static str,
    /// The column that says what an event happened to.
    pub of: &'static str,
}

/// The statements about things of one kind, made once.
pub struct Texts {
    pub(super) claim: Claim,
    pub(super) own: String,
    get: String,
    find: String,
    find_referenced: String,
    list: String,
    events: String,
    look_again: String,
    count_unknown: String,
}

impl Texts {
    pub(super) fn of(Tables { rows, select, sought, open, events, told, of }: &Tables) -> Self {
        const OWN: &str = "AND partner = $2 AND mode = $3";
        let due =
            format!("SELECT id FROM {rows} WHERE {open} AND look_at <= $1 AND mode = $2 ORDER BY look_at LIMIT $3");
        let (sought, at) = sought.map_or_else(|| (String::new(), 4), |sought| (format!("AND {sought} "), 5));
        let (id, most) = (at + 1, at + 2);
        Self {
            claim: Claim::of(&Claiming::looks(rows, due)),
            own: format!("SELECT id FROM {rows} WHERE id = $1 {OWN}"),
            get: format!("{select}WHERE id = $1"),
            find: format!("{select}WHERE id = $1 {OWN}"),
            find_referenced: format!("{select}WHERE reference = $1 {OWN}"),
            list: format!(
                "{select}WHERE partner = $1 AND mode = $2 AND ($3 IS NULL OR state = $3) {sought}\
                 AND (${at} IS NULL OR created_at < ${at} OR (created_at = ${at} AND id < ${id})) \
                 ORDER BY created_at DESC, id DESC LIMIT ${most}"
            ),
            events: format!("SELECT {told} FROM {events} WHERE {of} = $1 ORDER BY version"),
            look_again: format!("UPDATE {rows} SET look_at = $2 WHERE id = $1"),
            count_unknown: format!(
                "SELECT COUNT(*) AS unknown, MIN(created_at) AS oldest FROM {rows} WHERE state = 'unknown'"
            ),
        }
    }
}

/// How much is unsettled in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// How many have an unknown outcome.
    pub unknown: u64,
    /// Age of the oldest of them, in seconds.
    pub oldest_s: i64,
}

impl Ledger {
    /// One with its events, whoever's it is.
    pub async fn get<S: Kept>(&self, id: &IdOf<S>) -> Result<S, Error> {
        self.find_anyones(id).await?.ok_or_else(|| S::not_found(id.clone()))
    }

    /// The same where there may be none.
    pub async fn find_anyones<S: Kept>(&self, id: &IdOf<S>) -> Result<Option<S>, Error> {
        self.find_by(&S::texts().get, args![id.to_string()]).await
    }

    /// A partner's one with its events.
    pub async fn find<S: Kept>(&self, partner: &PartnerId, mode: Mode, id: &IdOf<S>) -> Result<Option<S>, Error> {
        self.find_by(&S::texts().find, args![id.to_string(), partner.as_str(), mode.name()]).await
    }

    /// A partner's one by the partner's own number, with its events.
    pub(super) async fn find_referenced<S: Kept>(
        &self,
        partner: &PartnerId,
        mode: Mode,
        reference: &Reference,
    ) -> Result<Option<S>, Error> {
        self.find_by(&S::texts().find_referenced, args![reference.as_str(), partner.as_str(), mode.name()]).await
    }

    /// The first that a statement finds, with its events.
    pub(super) async fn find_by<S: Kept>(&self, text: &'static str, which: Vec<Arg>) -> Result<Option<S>, Error> {
        match self.sql.fetch_optional(text, which).await? {
            Some(row) => self.story(&row).await.map(Some),
            None => Ok(None),
        }
    }

    /// A partner's, newest first, without their events: those in a state, and what else the kind can be asked for.
    pub(super) async fn list<S: Kept>(
        &self,
        (partner, mode): (&PartnerId, Mode),
        state: Option<&str>,
        sought: Option<Arg>,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<S>, Error> {
        let mut which = args![partner.as_str(), mode.name(), state];
        which.extend(sought);
        which.extend(place::<IdOf<S>>(after)?);
        which.extend(args![size.get() + 1]);
        page(self.sql.fetch_all(&S::texts().list, which).await?, size.get(), S::summary, |last| {
            let head = last.asked().head();
            Cursor::behind(head.created_at.as_millisecond(), head.id)
        })
    }

    /// Puts the next look at it off.
    pub async fn look_again<S: Kept>(&self, id: &IdOf<S>, look_at: i64) -> Result<(), Error> {
        self.sql.execute(&S::texts().look_again, args![id.to_string(), look_at]).await?;
        Ok(())
    }

    /// How many are unknown, and for how long the oldest.
    pub async fn unsettled<S: Kept>(&self) -> Result<Unsettled, Error> {
        self.count_unsettled(&S::texts().count_unknown).await
    }

    pub(super) async fn count_unsettled(&self, text: &'static str) -> Result<Unsettled, Error> {
        let Some(row) = self.sql.fetch_optional(text, Vec::new()).await? else { return Ok(Unsettled::default()) };
        let oldest_s = row.opt_int("oldest")?.map_or(0, |oldest| (self.clock.now_ms() - oldest).max(0) / 1000);
        Ok(Unsettled { unknown: u64::try_from(row.int("unknown")?).unwrap_or(0), oldest_s })
    }

    /// What was begun, with its events.
    pub(super) async fn read_begun<S: Kept>(&self, begun: Begun<IdOf<S>>) -> Result<Begun<S>, Error> {
        Ok(match begun {
            Begun::Seen(answer) => Begun::Seen(answer),
            Begun::Fresh(lease, id) => Begun::Fresh(lease, self.get(&id).await?),
            Begun::Resumed(lease, id) => Begun::Resumed(lease, self.get(&id).await?),
        })
    }

    /// The whole of what a row tells of.
    pub(super) async fn story<S: Kept>(&self, row: &Row) -> Result<S, Error> {
        let deed = S::deed(row)?;
        let id = deed.head().id.to_string();
        let rows = self.sql.fetch_all(&S::texts().events, args![&id]).await?;
        let events = rows.iter().map(S::event).collect::<Result<Vec<_>, Error>>()?;
        S::fold(deed, events).ok_or_else(|| Error::unreadable("a story", id))
    }
}

/// What of a deed are columns of their own, whatever it is about.
pub(super) struct Columns<Id> {
    pub id: Id,
    pub partner: PartnerId,
    pub mode: Mode,
    pub reference: Reference,
    pub created_at: Timestamp,
}

impl<Id: FromStr> Columns<Id> {
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.parse("id")?,
            partner: row.parse("partner")?,
            mode: row.parse("mode")?,
            reference: row.parse("reference")?,
            created_at: moment("created_at", row.int("created_at")?)?,
        })
    }
}

/// Reads something that happened, given how its facts are read.
pub(super) fn event<K: FromStr, F>(
    row: &Row,
    read_facts: impl Fn(&str) -> Result<F, Error>,
) -> Result<Event<K, F>, Error> {
    Ok(Event {
        id: row.parse("id")?,
        version: version(row)?,
        at: moment("event", row.int("at")?)?,
        actor: row.parse("actor")?,
        kind: row.parse("kind")?,
        cause: row.text("cause")?,
        facts: read_facts(&row.text("facts")?)?,
    })
}

/// How many events there are, or an event's place among them.
pub(super) fn version(row: &Row) -> Result<u32, Error> {
    u32::try_from(row.int("version")?).map_err(|error| Error::unreadable("version", error))
}
