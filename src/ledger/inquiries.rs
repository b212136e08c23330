//! Inquiries: how they are begun and listed, and what their rows and notices say; written in `stories`.

mod answering;
mod begin;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

pub use answering::Answers;

use super::inquiry_words::{self, Wished};
use super::kept::{Columns, Tables, Texts};
use super::stories::Recorded;
use super::{Begun, Error, KeyUse, Ledger, words};
use crate::model::ids::{InquiryId, PartnerId, VoucherId};
use crate::model::inquiry::{Deed, Event, Facts, Inquiring, Inquiry, Invited, State};
use crate::model::money::{Currency, Money};
use crate::model::order::Reference;
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Mode;
use crate::model::quote::{Country, Quantity, Warehouse};
use crate::sql::{Arg, Row};

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

static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
    Texts::of(&Tables {
        rows: "inquiries",
        select: "SELECT id, partner, mode, reference, document, created_at, state, version, known, updated_at \
                 FROM inquiries ",
        sought: None,
        open: "state NOT IN ('rejected', 'ordered', 'withdrawn', 'closed')",
        events: "inquiry_events",
        told: "id, version, kind, actor, cause, facts, at",
        of: "inquiry_id",
    })
});

impl Ledger {
    /// Claims the key and makes the intent durable: the inquiry with `received` and `sending_started`.
    /// An inquiry that an earlier worker left is given as it stands.
    pub async fn begin_inquiry(&self, asked: KeyUse, wish: NewInquiry) -> Result<Begun<Inquiry>, Error> {
        let now = words::moment("now", self.clock.now_ms())?;
        let begun =
            self.sql.transaction(move |tx| Box::pin(async move { begin::begin(tx, asked, wish, now).await })).await?;
        self.read_begun(begun).await
    }

    /// A partner's inquiry by the partner's own number, with its events.
    pub async fn find_inquiry_by_reference(
        &self,
        partner: &PartnerId,
        mode: Mode,
        reference: &Reference,
    ) -> Result<Option<Inquiry>, Error> {
        self.find_referenced(partner, mode, reference).await
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
        self.list((partner, mode), filter.state.map(State::name), None, after, size).await
    }
}

impl Recorded for Inquiring {
    const REFERENCED: &'static str = "SELECT id FROM inquiries WHERE partner = $1 AND mode = $2 AND reference = $3";
    const INSERT: &'static str = "INSERT INTO inquiries \
        (id, partner, mode, reference, document, created_at, state, version, known, updated_at, look_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $6, $10) ON CONFLICT DO NOTHING";
    const UPDATE: &'static str = "UPDATE inquiries SET state = $3, version = $4, known = $5, updated_at = $6, \
        look_at = $7 WHERE id = $1 AND version = $2";
    const EVENT: &'static str = "INSERT INTO inquiry_events \
        (inquiry_id, version, id, kind, state, actor, cause, facts, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    fn texts() -> &'static Texts {
        &TEXTS
    }

    fn columns(_: &Deed) -> Vec<Arg> {
        Vec::new()
    }

    fn known(_: &Facts) -> Vec<Arg> {
        Vec::new()
    }

    fn document(deed: &Deed) -> Result<String, Error> {
        words::write("inquiry", &Wished::from(deed))
    }

    fn deed(row: &Row) -> Result<Deed, Error> {
        words::read::<Wished>("inquiry", &row.text("document")?)?.deed(Columns::read(row)?)
    }

    fn write_facts(facts: &Facts) -> Result<String, Error> {
        inquiry_words::write_facts(facts)
    }

    fn read_facts(text: &str) -> Result<Facts, Error> {
        inquiry_words::read_facts(text)
    }

    fn told(deed: &Deed, event: &Event) -> Option<(String, serde_json::Value)> {
        event.kind.is_told().then(|| (format!("inquiry.{}", event.kind.name()), told_of(deed, event)))
    }

    fn entries(deed: &Deed, event: &Event) -> Vec<(&'static str, Vec<Arg>)> {
        answering::entries(deed, event)
    }

    fn not_found(id: InquiryId) -> Error {
        Error::InquiryNotFound(id)
    }

    fn reference_taken(first: InquiryId) -> Error {
        Error::InquiryReferenceTaken { first }
    }
}

/// Ids, the partner's reference and the new state; of a supplier's step also whose and which quotation.
fn told_of(deed: &Deed, event: &Event) -> serde_json::Value {
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
