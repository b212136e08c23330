//! A partner's own figures for a policy of its plan, for a while and for a reason; or a trial of other figures, which
//! counts beside the plan and never refuses. Every change is one transaction with its audit row.

use jiff::Timestamp;

use crate::audit::Who;
use crate::model::ids::{OverrideId, PartnerId};
use crate::model::plan::CONCURRENT;
use crate::partners::changes::note;
use crate::partners::directory::Directory;
use crate::partners::error::Error;
use crate::partners::load::{moment, opt_number};
use crate::sql::{Row, args};

/// An override to be set.
#[derive(Clone, Debug)]
pub struct NewOverride {
    /// Whose.
    pub partner: PartnerId,
    /// A policy of the partner's plan, or `concurrent` for the number of calls under way.
    pub policy: String,
    /// Units per span; as in the plan when not given.
    pub quota: Option<u32>,
    /// Units at once; when not given, in the plan's proportion to the quota.
    pub burst: Option<u32>,
    /// Only a trial: it counts what would have been refused, and refuses nothing.
    pub shadow: bool,
    /// Why, for the audit.
    pub reason: String,
    /// When it ends by itself.
    pub until: Timestamp,
}

/// An override that was set, whether it is in force or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Its id.
    pub id: OverrideId,
    /// Whose.
    pub partner: PartnerId,
    /// The policy.
    pub policy: String,
    /// Units per span, if they are other than the plan's.
    pub quota: Option<u32>,
    /// Units at once, if they are given.
    pub burst: Option<u32>,
    /// Only a trial.
    pub shadow: bool,
    /// Why.
    pub reason: String,
    /// Who set it.
    pub by: String,
    /// When it was set.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub until: Timestamp,
    /// When it was ended before that.
    pub ended_at: Option<Timestamp>,
    /// By whom.
    pub ended_by: Option<String>,
}

impl Override {
    /// Whether it counts at a moment.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.until
    }

    /// What it sets, in a few words.
    pub fn told(&self) -> String {
        told(self.quota, self.burst, self.shadow)
    }
}

fn told(quota: Option<u32>, burst: Option<u32>, shadow: bool) -> String {
    let figures = [quota.map(|quota| format!("quota {quota}")), burst.map(|burst| format!("burst {burst}"))];
    let mut words: Vec<_> = figures.into_iter().flatten().collect();
    words.extend(shadow.then(|| "in shadow".to_owned()));
    words.join(", ")
}

const INSERT: &str = "INSERT INTO overrides (id, partner, policy, quota, burst, shadow, reason, made_by, created_at, until) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

impl Directory {
    /// All overrides, or those of one partner, newest first; those that have ended too.
    pub async fn overrides(&self, partner: Option<&PartnerId>) -> Result<Vec<Override>, Error> {
        let text =
            "SELECT * FROM overrides WHERE CAST($1 AS TEXT) IS NULL OR partner = $1 ORDER BY created_at DESC, id DESC";
        let rows = self.sql.fetch_all(text, args![partner.map(PartnerId::as_str)]).await?;
        rows.iter().map(read).collect()
    }

    /// Sets an override; it takes the place of an older one of the same policy for as long as it is in force.
    /// Every node holds the partner to it within two seconds.
    pub async fn set_override(&self, new: NewOverride, actor: impl Into<Who>) -> Result<OverrideId, Error> {
        self.check(&new).await?;
        let id = OverrideId::fresh();
        let figures = told(new.quota, new.burst, new.shadow);
        let detail = format!("{id}: {} {figures}, until {}: {}", new.policy, new.until, new.reason);
        let entry = self.entry(actor, "limit.override", new.partner.as_str(), detail);
        let row = args![
            id.as_str(),
            new.partner.as_str(),
            new.policy,
            new.quota.map(i64::from),
            new.burst.map(i64::from),
            i64::from(new.shadow),
            new.reason,
            entry.actor.as_str(),
            entry.at.as_millisecond(),
            new.until.as_millisecond(),
        ];
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                tx.execute(INSERT, row).await?;
                note(tx, &entry).await
            })
        });
        self.changed(written.await).await?;
        Ok(id)
    }

    /// Ends an override before its time.
    pub async fn end_override(&self, id: &OverrideId, actor: impl Into<Who>) -> Result<(), Error> {
        const END: &str =
            "UPDATE overrides SET ended_at = $1, ended_by = $2 WHERE id = $3 AND ended_at IS NULL AND until > $1";
        const FIND: &str = "SELECT * FROM overrides WHERE id = $1";
        let row = self.sql.fetch_optional(FIND, args![id.as_str()]).await?;
        let known = read(&row.ok_or_else(|| Error::NoSuchOverride(id.to_string()))?)?;
        let detail = format!("{id}: {} {}", known.policy, known.told());
        let entry = self.entry(actor, "limit.end", known.partner.as_str(), detail);
        let (columns, gone) = (args![entry.at.as_millisecond(), entry.actor.as_str(), id.as_str()], id.to_string());
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                if tx.execute(END, columns).await? == 0 {
                    return Err(Error::OverrideEnded(gone));
                }
                note(tx, &entry).await.map_err(Error::from)
            })
        });
        self.changed(written.await).await
    }

    async fn check(&self, new: &NewOverride) -> Result<(), Error> {
        self.refresh().await;
        let partner = self.find_partner(new.partner.as_str());
        let partner = partner.ok_or_else(|| Error::NoSuchPartner(new.partner.to_string()))?;
        if new.until <= self.clock.now() {
            return Err(Error::OverrideInThePast);
        }
        if new.reason.trim().is_empty() {
            return Err(Error::NoReason);
        }
        if new.policy == CONCURRENT {
            let alone = new.burst.is_none() && !new.shadow;
            let fits = alone && new.quota.is_some_and(|most| most > 0);
            return if fits {
                Ok(())
            } else {
                Err(Error::Figures("concurrent takes a quota of 1 or more, and neither burst nor shadow"))
            };
        }
        let known = partner.plan.policies.iter().filter(|policy| !policy.shadow);
        let Some(policy) = known.clone().find(|policy| *policy.name == *new.policy) else {
            let mut known: Vec<_> = known.map(|policy| policy.name.to_string()).collect();
            known.push(CONCURRENT.to_owned());
            return Err(Error::NoSuchPolicy { policy: new.policy.clone(), known: known.join(", ") });
        };
        check_figures(new, policy.span.day(&new.partner, self.clock.now()).is_some(), policy.quota)
    }
}

fn check_figures(new: &NewOverride, daily: bool, quota: u32) -> Result<(), Error> {
    let most = new.quota.unwrap_or(quota);
    match (new.quota, new.burst) {
        (None, None) => Err(Error::Figures("give a quota, a burst, or both")),
        (Some(0), _) | (_, Some(0)) => {
            Err(Error::Figures("quota and burst are at least 1; to keep a partner out, suspend it"))
        }
        (_, Some(_)) if daily => Err(Error::Figures("a day has no burst: all of its quota may be spent at once")),
        (_, Some(burst)) if burst > most => Err(Error::Figures("a burst is at most the quota")),
        _ => Ok(()),
    }
}

/// An override as it is stored.
pub(super) fn read(row: &Row) -> Result<Override, Error> {
    Ok(Override {
        id: row.parse("id")?,
        partner: row.parse("partner")?,
        policy: row.text("policy")?,
        quota: opt_number(row, "quota")?,
        burst: opt_number(row, "burst")?,
        shadow: row.int("shadow")? != 0,
        reason: row.text("reason")?,
        by: row.text("made_by")?,
        created_at: moment(row.int("created_at")?),
        until: moment(row.int("until")?),
        ended_at: row.opt_int("ended_at")?.map(moment),
        ended_by: row.opt_text("ended_by")?,
    })
}
