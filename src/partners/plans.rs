//! Plans and their policies: what there is, and changes, each one transaction with its audit row.

use std::sync::Arc;

use crate::audit::Who;
use crate::model::calendar;
use crate::model::ids::PartnerId;
use crate::model::margin::Margin;
use crate::model::plan::{CONCURRENT, DAY_S, Merit, Plan, Policy, Span};
use crate::partners::changes::note;
use crate::partners::directory::Directory;
use crate::partners::error::Error;
use crate::partners::load;
use crate::sql::{Arg, args};

/// The longest rolling window: two days. Longer ones would make numbers that Redis does not hold exactly.
const MOST_WINDOW_S: u32 = 2 * DAY_S;
/// The latest that a partner's day may begin after midnight: an hour.
const MOST_JITTER_S: u32 = 3_600;
const UPSERT: &str = "INSERT INTO plan_policies \
    (plan, name, quota, window_s, burst, zone, jitter_s, shadow, merit_per_order, merit_most, merit_days) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (plan, name) DO UPDATE SET \
    quota = excluded.quota, window_s = excluded.window_s, burst = excluded.burst, zone = excluded.zone, \
    jitter_s = excluded.jitter_s, shadow = excluded.shadow, merit_per_order = excluded.merit_per_order, \
    merit_most = excluded.merit_most, merit_days = excluded.merit_days";

impl Directory {
    /// All plans by name, as they are written down.
    pub async fn list_plans(&self) -> Result<Vec<Arc<Plan>>, Error> {
        let mut plans: Vec<_> = load::plans(&self.sql).await?.into_values().collect();
        plans.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        Ok(plans)
    }

    /// One plan as it is written down.
    pub async fn get_plan(&self, plan: &str) -> Result<Arc<Plan>, Error> {
        let mut plans = load::plans(&self.sql).await?;
        match plans.remove(plan) {
            Some(plan) => Ok(plan),
            None => Err(unknown_plan(plan, plans.into_keys().collect())),
        }
    }

    /// Creates a plan with all that another has.
    pub async fn create_plan(&self, id: &str, like: &str, actor: impl Into<Who>) -> Result<(), Error> {
        let letters = id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !letters || !(2..=40).contains(&id.len()) {
            return Err(Error::NotAPlanName(id.to_owned()));
        }
        let model = self.get_plan(like).await?;
        let entry = self.entry(actor, "plan.create", id, format!("like {like}"));
        let margin = i64::from(model.price_tier.margin.hundredths());
        let plan = args![id, i64::from(model.in_flight), &*model.price_tier, margin];
        let rows: Vec<_> = model.policies.iter().map(|policy| columns(id, policy)).collect();
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                const INSERT: &str = "INSERT INTO plans (id, in_flight, price_tier, margin) VALUES ($1, $2, $3, $4)";
                tx.execute(INSERT, plan).await?;
                for row in rows {
                    tx.execute(UPSERT, row).await?;
                }
                note(tx, &entry).await
            })
        });
        match written.await {
            Err(error) if error.is_unique() => Err(Error::PlanTaken(id.to_owned())),
            other => self.changed(other).await,
        }
    }

    /// Sets a policy of a plan, which may be new to it. Every node holds all partners of the plan to it within two
    /// seconds.
    pub async fn set_policy(&self, plan: &str, policy: &Policy, actor: impl Into<Who>) -> Result<(), Error> {
        check(policy)?;
        self.get_plan(plan).await?;
        let entry = self.entry(actor, "plan.set", plan, told(policy));
        let row = columns(plan, policy);
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                tx.execute(UPSERT, row).await?;
                note(tx, &entry).await
            })
        });
        self.changed(written.await).await
    }

    /// Takes a policy out of a plan.
    pub async fn drop_policy(&self, plan: &str, policy: &str, actor: impl Into<Who>) -> Result<(), Error> {
        let known = self.get_plan(plan).await?;
        if !known.policies.iter().any(|one| *one.name == *policy) {
            let known: Vec<_> = known.policies.iter().map(|policy| policy.name.to_string()).collect();
            return Err(Error::NoSuchPolicy { policy: policy.to_owned(), known: known.join(", ") });
        }
        let entry = self.entry(actor, "plan.drop", plan, policy.to_owned());
        let row = args![plan, policy];
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                tx.execute("DELETE FROM plan_policies WHERE plan = $1 AND name = $2", row).await?;
                note(tx, &entry).await
            })
        });
        self.changed(written.await).await
    }

    /// Sets how many calls of a partner one node answers at a time.
    pub async fn set_in_flight(&self, plan: &str, most: u32, actor: impl Into<Who>) -> Result<(), Error> {
        if most == 0 {
            return Err(Error::Figures("at least 1 call has to be allowed; to keep a partner out, suspend it"));
        }
        self.get_plan(plan).await?;
        let entry = self.entry(actor, "plan.set", plan, format!("{CONCURRENT} {most}"));
        let row = args![i64::from(most), plan];
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                tx.execute("UPDATE plans SET in_flight = $1 WHERE id = $2", row).await?;
                note(tx, &entry).await
            })
        });
        self.changed(written.await).await
    }

    /// Sets what is added to exchange rates for partners of a plan: prices in other currencies than CNY follow on every
    /// node within two seconds, and quotes that were made keep the rate they have.
    pub async fn set_margin(&self, plan: &str, margin: Margin, actor: impl Into<Who>) -> Result<(), Error> {
        self.get_plan(plan).await?;
        let entry = self.entry(actor, "plan.set", plan, format!("margin {margin} %"));
        let row = args![i64::from(margin.hundredths()), plan];
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                tx.execute("UPDATE plans SET margin = $1 WHERE id = $2", row).await?;
                note(tx, &entry).await
            })
        });
        self.changed(written.await).await
    }

    /// Puts a partner on another plan; what it has spent stays spent.
    pub async fn assign_plan(&self, partner: &PartnerId, plan: &str, actor: impl Into<Who>) -> Result<(), Error> {
        self.get_plan(plan).await?;
        let entry = self.entry(actor, "partner.plan", partner.as_str(), format!("plan {plan}"));
        let (row, nobody) = (args![plan, partner.as_str()], partner.to_string());
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                if tx.execute("UPDATE partners SET plan = $1 WHERE id = $2", row).await? == 0 {
                    return Err(Error::NoSuchPartner(nobody));
                }
                note(tx, &entry).await.map_err(Error::from)
            })
        });
        self.changed(written.await).await
    }
}

/// There is no such plan; these are the ones there are.
pub(super) fn unknown_plan(plan: &str, mut known: Vec<String>) -> Error {
    known.sort_unstable();
    Error::NoSuchPlan { plan: plan.to_owned(), known: known.join(", ") }
}

fn check(policy: &Policy) -> Result<(), Error> {
    let plain = policy.name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if !plain || !(1..=32).contains(&policy.name.len()) || *policy.name == *CONCURRENT {
        return Err(Error::Figures("a policy's name is 1 to 32 of a-z, 0-9 and -, and not concurrent"));
    }
    if policy.quota == 0 || policy.burst == 0 || policy.burst > policy.quota {
        return Err(Error::Figures("quota and burst are at least 1, and the burst is at most the quota"));
    }
    match &policy.span {
        Span::Rolling { seconds } if !(1..=MOST_WINDOW_S).contains(seconds) => {
            Err(Error::Figures("a window is 1 to 172800 seconds; longer ones are days"))
        }
        Span::Rolling { .. } if policy.merit.is_some() => {
            Err(Error::Figures("points are added to a day, not to a window"))
        }
        Span::Day { jitter_s, .. } if *jitter_s > MOST_JITTER_S => {
            Err(Error::Figures("days begin at most 3600 seconds after midnight"))
        }
        Span::Day { zone, .. } => {
            calendar::zone_name(zone)?;
            let merit = policy.merit;
            let fits = |merit: Merit| merit.per_order > 0 && merit.most > 0 && (1..=366).contains(&merit.days);
            match merit.is_none_or(fits) {
                true => Ok(()),
                false => Err(Error::Figures("points per order and their most are at least 1, over 1 to 366 days")),
            }
        }
        Span::Rolling { .. } => Ok(()),
    }
}

fn columns(plan: &str, policy: &Policy) -> Vec<Arg> {
    let (zone, jitter_s) = match &policy.span {
        Span::Rolling { .. } => (None, 0),
        Span::Day { zone, jitter_s } => (calendar::zone_name(zone).ok(), *jitter_s),
    };
    let merit = |of: fn(Merit) -> u32| policy.merit.map(of).map(i64::from);
    args![
        plan,
        &*policy.name,
        i64::from(policy.quota),
        i64::from(policy.span.seconds()),
        i64::from(policy.burst),
        zone,
        i64::from(jitter_s),
        i64::from(policy.shadow),
        merit(|merit| merit.per_order),
        merit(|merit| merit.most),
        merit(|merit| merit.days),
    ]
}

/// A policy in a line.
pub fn told(policy: &Policy) -> String {
    let mut text = match &policy.span {
        Span::Rolling { seconds } => {
            format!("{} quota {} burst {} window {seconds} s", policy.name, policy.quota, policy.burst)
        }
        Span::Day { zone, jitter_s } => {
            format!("{} quota {} day of {zone}, begins up to {jitter_s} s late", policy.name, policy.quota)
        }
    };
    if let Some(Merit { per_order, most, days }) = policy.merit {
        text += &format!(", {per_order} points a paid order of the last {days} days, at most {most}");
    }
    if policy.shadow { text + ", in shadow" } else { text }
}
