//! `xunyuan limit`: figures of one partner's own, for a while and for a reason; or a trial of other figures in shadow.

use std::io::Write;

use anyhow::Result;
use clap::{ArgGroup, Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::commands::end::{End, Length};
use crate::commands::{Actor, ConfigFile, table};
use crate::model::ids::{OverrideId, PartnerId};
use crate::partners::{Directory, NewOverride, Override};

/// What to do with overrides.
#[derive(Debug, Args)]
#[command(after_help = "\
An override gives one partner other figures for a policy of its plan until it ends by itself or is ended. Running gateways \
follow within two seconds, what the partner has spent stays spent, and GET /v1/limits tells the partner.

  xunyuan limit override acme minute --quota 6000 --for 2h --reason 'sale, asked by Ms Sato'
  xunyuan limit override acme concurrent --quota 64 --until 2027-01-01 --reason 'new data centre'
  xunyuan limit override acme day --quota 100000 --for 7d --shadow --reason 'would a smaller day hurt?'
  xunyuan limit overrides acme
  xunyuan limit end ovr_0198…

Everybody on a plan, for good: xunyuan plan set --help")]
pub struct Asked {
    /// Where the settings are.
    #[command(flatten)]
    pub config: ConfigFile,
    #[command(flatten)]
    actor: Actor,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Give a partner other figures for a while
    Override(Given),
    /// Overrides in force, newest first
    Overrides {
        /// Only this partner's
        partner: Option<PartnerId>,
        /// Those that have ended too
        #[arg(long)]
        all: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End an override before its time
    End {
        /// Its id, ovr_…
        id: OverrideId,
    },
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("end").required(true).args(["until", "lasting"]))]
struct Given {
    /// The partner's short name
    partner: PartnerId,
    /// A policy of its plan, or concurrent
    policy: String,
    /// Units per window or day; as in the plan by default
    #[arg(long)]
    quota: Option<u32>,
    /// Units at once; in the plan's proportion to the quota by default
    #[arg(long)]
    burst: Option<u32>,
    /// When it ends: 2027-06-30, a moment, or 7d
    #[arg(long, value_name = "WHEN")]
    until: Option<End>,
    /// How long it lasts: 30m, 2h, 7d
    #[arg(id = "lasting", long = "for", value_name = "LENGTH")]
    lasting: Option<Length>,
    /// Why, for whoever finds it
    #[arg(long)]
    reason: String,
    /// Only count what these figures would refuse; refuse nothing by them, and do not tell the partner
    #[arg(long)]
    shadow: bool,
}

/// Does it; running gateways see the change within two seconds.
pub async fn run(asked: Asked, directory: &Directory, out: &mut impl Write) -> Result<()> {
    let (actor, now) = (asked.actor.who(), directory.clock().now());
    match asked.action {
        Action::Override(given) => {
            let until = given.until.or(given.lasting.map(End::After)).map_or(now, |end| end.moment(now));
            let told = format!("{} {}", given.partner, given.policy);
            let Given { partner, policy, quota, burst, shadow, reason, .. } = given;
            let new = NewOverride { partner, policy, quota, burst, shadow, reason, until };
            let id = directory.set_override(new, &actor).await?;
            writeln!(out, "{id} is in force for {told} until {until:.0}; end it sooner with: xunyuan limit end {id}")?;
        }
        Action::Overrides { partner, all, json } => {
            let mut rows = directory.overrides(partner.as_ref()).await?;
            rows.retain(|one| all || one.is_in_force(now));
            list(&rows, now, json, out)?;
        }
        Action::End { id } => {
            directory.end_override(&id, &actor).await?;
            writeln!(out, "{id} has ended")?;
        }
    }
    Ok(())
}

fn list(overrides: &[Override], now: Timestamp, as_json: bool, out: &mut impl Write) -> Result<()> {
    if as_json {
        let rows: Vec<_> = overrides.iter().map(|one| to_json(one, now)).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?);
    }
    let row = |one: &Override| {
        let end = match &one.ended_at {
            Some(at) => format!("ended {at:.0} by {}", one.ended_by.as_deref().unwrap_or("?")),
            None => format!("{:.0}", one.until),
        };
        [
            one.id.to_string(),
            one.partner.to_string(),
            one.policy.clone(),
            one.told(),
            end,
            one.by.clone(),
            one.reason.clone(),
        ]
    };
    let rows: Vec<_> = overrides.iter().map(row).collect();
    Ok(table::write(out, ["ID", "PARTNER", "POLICY", "FIGURES", "UNTIL", "BY", "REASON"], &rows)?)
}

fn to_json(one: &Override, now: Timestamp) -> Value {
    json!({
        "id": one.id.as_str(),
        "partner": one.partner.as_str(),
        "policy": one.policy,
        "quota": one.quota,
        "burst": one.burst,
        "shadow": one.shadow,
        "reason": one.reason,
        "by": one.by,
        "created_at": one.created_at.to_string(),
        "until": one.until.to_string(),
        "in_force": one.is_in_force(now),
        "ended_at": one.ended_at.map(|at| at.to_string()),
        "ended_by": one.ended_by,
    })
}
