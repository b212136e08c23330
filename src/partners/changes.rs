//! Changes to partners: each one transaction with its audit row; keys are changed in `keys.rs`.

use crate::audit::{self, Entry, Who};
use crate::model::ids::PartnerId;
use crate::partners::directory::Directory;
use crate::partners::error::Error;
use crate::partners::load;
use crate::partners::plans::unknown_plan;
use crate::sql::{self, Tx, args};

/// A partner about to be created.
#[derive(Clone, Debug)]
pub struct NewPartner {
    /// Short name, for ever.
    pub id: PartnerId,
    /// Name for people.
    pub name: String,
    /// ISO 3166 alpha-2 country the partner sells to.
    pub country: String,
    /// The plan's name.
    pub plan: String,
}

impl Directory {
    /// Creates a partner.
    pub async fn create_partner(&self, actor: impl Into<Who>, new: NewPartner) -> Result<(), Error> {
        if new.country.len() != 2 || !new.country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(Error::NotACountry(new.country));
        }
        self.check_plan(&new.plan).await?;
        let detail = format!("{}, {}, plan {}", new.name, new.country, new.plan);
        let entry = self.entry(actor, "partner.create", new.id.as_str(), detail);
        let (id, at) = (new.id.as_str().to_owned(), entry.at.as_millisecond());
        let created = self.sql.transaction(move |tx| {
            Box::pin(async move {
                tx.execute(
                    "INSERT INTO partners (id, name, country, plan, created_at) VALUES ($1, $2, $3, $4, $5)",
                    args![new.id.as_str(), new.name, new.country, new.plan, at],
                )
                .await?;
                note(tx, &entry).await
            })
        });
        match created.await {
            Err(error) if error.is_unique() => Err(Error::PartnerTaken(id)),
            other => self.changed(other).await,
        }
    }

    /// Suspends a partner: all its keys are refused until it is resumed.
    pub async fn suspend_partner(&self, actor: impl Into<Who>, id: &PartnerId, reason: &str) -> Result<(), Error> {
        let entry = self.entry(actor, "partner.suspend", id.as_str(), reason.to_owned());
        let at = Some(entry.at.as_millisecond());
        self.set_moment("UPDATE partners SET suspended_at = $1 WHERE id = $2", at, entry)
            .await?
            .ok_or_else(|| Error::NoSuchPartner(id.to_string()))
    }

    /// Lets a suspended partner in again.
    pub async fn resume_partner(&self, actor: impl Into<Who>, id: &PartnerId) -> Result<(), Error> {
        let entry = self.entry(actor, "partner.resume", id.as_str(), String::new());
        self.set_moment("UPDATE partners SET suspended_at = $1 WHERE id = $2", None, entry)
            .await?
            .ok_or_else(|| Error::NoSuchPartner(id.to_string()))
    }

    /// Runs an update that sets one moment (`$1`) of the subject (`$2`); `None` when it touches no row.
    pub(super) async fn set_moment(
        &self,
        text: &'static str,
        at: Option<i64>,
        entry: Entry,
    ) -> Result<Option<()>, Error> {
        let changed = self.sql.transaction(move |tx| {
            Box::pin(async move {
                if tx.execute(text, args![at, &entry.subject]).await? == 0 {
                    return Ok(None);
                }
                note(tx, &entry).await.map(Some)
            })
        });
        self.changed(changed.await).await
    }

    /// Lets this process see its own change at once.
    pub(super) async fn changed<T, E: Into<Error>>(&self, outcome: Result<T, E>) -> Result<T, Error> {
        let value = outcome.map_err(Into::into)?;
        self.refresh().await;
        Ok(value)
    }

    async fn check_plan(&self, plan: &str) -> Result<(), Error> {
        let plans = load::plans(&self.sql).await?;
        if plans.contains_key(plan) {
            return Ok(());
        }
        Err(unknown_plan(plan, plans.into_keys().collect()))
    }
}

/// Writes the audit row and raises the directory's version, so that no change can forget either.
pub(super) async fn note(tx: &mut Tx, entry: &Entry) -> Result<(), sql::Error> {
    audit::note(tx, entry).await?;
    tx.execute("UPDATE directory_version SET version = version + 1 WHERE id = 1", Vec::new()).await?;
    Ok(())
}
