//! `xunyuan plan`: what partners may spend, as written down; and who is on which plan.

use std::io::Write;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::commands::end::Length;
use crate::commands::{Actor, ConfigFile, table};
use crate::model::ids::PartnerId;
use crate::model::margin::Margin;
use crate::model::plan::{CONCURRENT, Merit, Plan, Policy, Span};
use crate::partners::{Directory, policy_told};

/// How late the last partner's day begins, unless it is said otherwise.
const JITTER_S: u32 = 900;
/// The name of the margin, where policies are named.
const MARGIN: &str = "margin";

/// What to do with plans.
#[derive(Debug, Args)]
#[command(after_help = "\
A plan has policies, and all of them must admit a call; a refused call costs nothing. Each gives cost units (GET /v1/limits \
lists what a call costs) per window, or per calendar day of a time zone. Running gateways follow within two seconds, and \
what partners have spent stays spent.

  xunyuan plan show starter
  xunyuan plan create gold --like business
  xunyuan plan set gold minute --quota 6000 --window 60s
  xunyuan plan set gold day --quota 800000 --day Asia/Tokyo --points-per-order 50 --points-most 100000
  xunyuan plan set gold hour --quota 100000 --window 1h --shadow     # only counts what it would refuse
  xunyuan plan concurrent gold 64
  xunyuan plan margin gold 1.5                                       # on prices in other currencies than CNY
  xunyuan plan assign acme gold

One partner for a while: xunyuan limit override --help")]
pub struct Asked {
    /// Where the settings are.
    #[command(flatten)]
    pub config: ConfigFile,
    #[command(flatten)]
    actor: Actor,
    #[command(subcommand)]
    action: Action,
}

impl Asked {
    /// Whether this may be the first thing that is ever written to a database.
    pub fn makes_database(&self) -> bool {
        matches!(self.action, Action::Set(_))
    }
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All plans with their policies
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// One plan
    Show {
        /// The plan
        plan: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// A new plan with all that another has
    Create {
        /// Its name for ever: 2 to 40 of a-z, 0-9 and -
        plan: String,
        /// The plan to begin from
        #[arg(long)]
        like: String,
    },
    /// Change a policy of a plan, or give it a new one; what is not said stays as it is
    Set(Box<Set>),
    /// Take a policy out of a plan
    Drop {
        /// The plan
        plan: String,
        /// The policy
        policy: String,
    },
    /// How many calls of a partner one node answers at a time
    Concurrent {
        /// The plan
        plan: String,
        /// How many
        most: u32,
    },
    /// What is added to exchange rates for its partners, per cent: 0 to 30; CNY prices stay what they are
    Margin {
        /// The plan
        plan: String,
        /// Per cent, such as 1.5
        percent: Margin,
    },
    /// Put a partner on a plan
    Assign {
        /// The partner's short name
        partner: PartnerId,
        /// The plan
        plan: String,
    },
}

#[derive(Debug, Args)]
struct Set {
    /// The plan
    plan: String,
    /// The policy, such as second, minute or day
    policy: String,
    /// Cost units per window or day
    #[arg(long)]
    quota: Option<u32>,
    /// Units that may be spent at once; the quota by default
    #[arg(long)]
    burst: Option<u32>,
    /// Any stretch of so long: 1s, 60s, 1h
    #[arg(long, conflicts_with = "day")]
    window: Option<Length>,
    /// The calendar day of this time zone, such as UTC or Asia/Tokyo
    #[arg(long, value_name = "ZONE")]
    day: Option<String>,
    /// How long after midnight the last partner's day begins; each has its own moment [default: 15m]
    #[arg(long)]
    jitter: Option<Length>,
    /// Units that each paid live order adds to the day
    #[arg(long, value_name = "UNITS")]
    points_per_order: Option<u32>,
    /// The most that orders add to a day
    #[arg(long, value_name = "UNITS")]
    points_most: Option<u32>,
    /// Orders paid within so many days count [default: 30]
    #[arg(long, value_name = "DAYS")]
    points_days: Option<u32>,
    /// Orders add nothing any more
    #[arg(long, conflicts_with_all = ["points_per_order", "points_most", "points_days"])]
    no_points: bool,
    /// Only count what it would refuse, refuse nothing; partners do not see it
    #[arg(long, conflicts_with = "binding")]
    shadow: bool,
    /// Refuse, after it only counted
    #[arg(long)]
    binding: bool,
}

/// Does it; running gateways see the change within two seconds.
pub async fn run(asked: Asked, directory: &Directory, out: &mut impl Write) -> Result<()> {
    let actor = asked.actor.who();
    match asked.action {
        Action::List { json } => show(&directory.list_plans().await?, json, out)?,
        Action::Show { plan, json } => show(&[directory.get_plan(&plan).await?], json, out)?,
        Action::Create { plan, like } => {
            directory.create_plan(&plan, &like, &actor).await?;
            writeln!(out, "plan {plan} is as {like}; change it with: xunyuan plan set {plan} POLICY --quota N")?;
        }
        Action::Set(set) => {
            let known = directory.get_plan(&set.plan).await?;
            let policy = set.apply(&known)?;
            directory.set_policy(&set.plan, &policy, &actor).await?;
            writeln!(out, "{}: {}", set.plan, policy_told(&policy))?;
        }
        Action::Drop { plan, policy } => {
            directory.drop_policy(&plan, &policy, &actor).await?;
            writeln!(out, "plan {plan} has no policy {policy} any more")?;
        }
        Action::Concurrent { plan, most } => {
            directory.set_in_flight(&plan, most, &actor).await?;
            writeln!(out, "{plan}: {CONCURRENT} {most}")?;
        }
        Action::Margin { plan, percent } => {
            directory.set_margin(&plan, percent, &actor).await?;
            writeln!(
                out,
                "{plan}: {MARGIN} {percent} % on prices in other currencies than CNY; quotes keep their rate"
            )?;
        }
        Action::Assign { partner, plan } => {
            directory.assign_plan(&partner, &plan, &actor).await?;
            writeln!(out, "partner {partner} is on plan {plan}; what it has spent stays spent")?;
        }
    }
    Ok(())
}

impl Set {
    /// The policy as it is to be.
    fn apply(&self, plan: &Plan) -> Result<Policy> {
        let known = plan.policies.iter().find(|policy| *policy.name == *self.policy);
        let span = match self.span(known.map(|policy| &policy.span))? {
            Some(span) => span,
            None => bail!(
                "the plan has no policy {:?} yet: say over which time it counts, --window 60s or --day UTC",
                self.policy
            ),
        };
        let Some(quota) = self.quota.or(known.map(|policy| policy.quota)) else {
            bail!("the plan has no policy {:?} yet: say --quota", self.policy);
        };
        let daily = matches!(span, Span::Day { .. });
        if daily && self.burst.is_some() {
            bail!("a day has no burst: all of its quota may be spent at once");
        }
        // A burst that was the quota stays the quota.
        let smaller =
            known.filter(|policy| policy.burst < policy.quota && !daily).map(|policy| policy.burst.min(quota));
        Ok(Policy {
            name: self.policy.as_str().into(),
            quota,
            burst: self.burst.or(smaller).unwrap_or(quota),
            merit: self.merit(known.and_then(|policy| policy.merit).filter(|_| daily))?,
            span,
            shadow: self.shadow || known.is_some_and(|policy| policy.shadow) && !self.binding,
            earned: 0,
            overridden: None,
        })
    }

    fn span(&self, known: Option<&Span>) -> Result<Option<Span>> {
        if let Some(Length(window)) = self.window {
            let Ok(seconds) = u32::try_from(window.as_secs()) else { bail!("--window is too long; take --day") };
            return Ok(Some(Span::Rolling { seconds }));
        }
        let jitter_s = match (self.jitter, known) {
            (Some(Length(jitter)), _) => u32::try_from(jitter.as_secs()).unwrap_or(u32::MAX),
            (None, Some(Span::Day { jitter_s, .. })) => *jitter_s,
            (None, _) => JITTER_S,
        };
        Ok(match (&self.day, known) {
            (Some(zone), _) => Some(Span::Day { zone: zone.as_str().into(), jitter_s }),
            (None, Some(Span::Day { zone, .. })) => Some(Span::Day { zone: zone.clone(), jitter_s }),
            (None, Some(Span::Rolling { .. })) if self.jitter.is_some() => {
                bail!("--jitter is for days; say --day ZONE")
            }
            (None, known) => known.cloned(),
        })
    }

    fn merit(&self, known: Option<Merit>) -> Result<Option<Merit>> {
        let said = self.points_per_order.or(self.points_most).or(self.points_days).is_some();
        if self.no_points || (!said && known.is_none()) {
            return Ok(None);
        }
        let both = self
            .points_per_order
            .or(known.map(|merit| merit.per_order))
            .zip(self.points_most.or(known.map(|merit| merit.most)));
        let Some((per_order, most)) = both else { bail!("points want both --points-per-order and --points-most") };
        let days = self.points_days.or(known.map(|merit| merit.days)).unwrap_or(30);
        Ok(Some(Merit { per_order, most, days }))
    }
}

fn show(plans: &[impl AsRef<Plan>], as_json: bool, out: &mut impl Write) -> Result<()> {
    if as_json {
        let plans: Vec<_> = plans.iter().map(|plan| to_json(plan.as_ref())).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&plans)?)?);
    }
    let mut rows = Vec::new();
    for plan in plans.iter().map(AsRef::as_ref) {
        let row = |policy: &str, quota: u32, burst: String, over: String, more: String| {
            [plan.id.to_string(), policy.to_owned(), quota.to_string(), burst, over, more]
        };
        rows.extend(plan.policies.iter().map(|policy| {
            let (over, burst) = match &policy.span {
                Span::Rolling { seconds } => (format!("{seconds} s"), policy.burst.to_string()),
                Span::Day { zone, jitter_s } => (format!("day of {zone}, up to {jitter_s} s late"), "-".to_owned()),
            };
            row(&policy.name, policy.quota, burst, over, more(policy))
        }));
        rows.push(row(CONCURRENT, plan.in_flight, "-".to_owned(), "at a time, per node".to_owned(), String::new()));
        let margin = plan.price_tier.margin;
        let over = "on prices in other currencies than CNY".to_owned();
        rows.push([plan.id.to_string(), MARGIN.to_owned(), format!("{margin} %"), "-".to_owned(), over, String::new()]);
    }
    Ok(table::write(out, ["PLAN", "POLICY", "QUOTA", "BURST", "OVER", "MORE"], &rows)?)
}

fn more(policy: &Policy) -> String {
    let points = policy.merit.map(|Merit { per_order, most, days }| {
        format!("{per_order} points a paid order of {days} days, at most {most}")
    });
    let shadow = policy.shadow.then(|| "in shadow".to_owned());
    points.into_iter().chain(shadow).collect::<Vec<_>>().join("; ")
}

fn to_json(plan: &Plan) -> Value {
    let policy = |policy: &Policy| {
        let (zone, jitter_s) = match &policy.span {
            Span::Rolling { .. } => (None, None),
            Span::Day { zone, jitter_s } => (Some(zone.as_ref()), Some(*jitter_s)),
        };
        json!({
            "name": &*policy.name,
            "quota": policy.quota,
            "burst": policy.burst,
            "window_s": policy.span.seconds(),
            "time_zone": zone,
            "jitter_s": jitter_s,
            "shadow": policy.shadow,
            "points": policy.merit.map(|Merit { per_order, most, days }| {
                json!({"per_order": per_order, "most": most, "days": days})
            }),
        })
    };
    json!({
        "id": &*plan.id,
        CONCURRENT: plan.in_flight,
        "price_tier": &*plan.price_tier,
        "margin_percent": plan.price_tier.margin.to_string(),
        "policies": plan.policies.iter().map(policy).collect::<Vec<_>>(),
    })
}
