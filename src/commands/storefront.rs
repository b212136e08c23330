//! `xunyuan storefront`: the hosts that partners may have visitors sent to, and how many were sent and ordered.

use std::io::Write;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::clock::Clock;
use crate::commands::{Actor, CannotStart, ConfigFile, serve, table};
use crate::ledger::Ledger;
use crate::model::ids::PartnerId;
use crate::model::referral::ReferralCount;
use crate::referrals::template::is_host;

/// What to do with storefronts.
#[derive(Debug, Args)]
#[command(after_help = "\
A partner says with PUT /v1/storefront where visitors of the marketplace's own pages are sent (GET /go/OFFER); only to hosts
that are registered here. Taking a host away ends what leads there within a second. Each change is a row of the audit.

  xunyuan storefront hosts acme
  xunyuan storefront add acme shop.example
  xunyuan storefront remove acme shop.example
  xunyuan storefront counts --days 28")]
pub struct Asked {
    /// Where the settings are.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Who does it.
    #[command(flatten)]
    actor: Actor,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The hosts that are registered for a partner
    Hosts {
        /// The partner's short name
        partner: PartnerId,
    },
    /// Register a host for a partner
    Add {
        /// The partner's short name
        partner: PartnerId,
        /// The host, such as shop.example; subdomains are hosts of their own
        host: String,
    },
    /// Take a host away from a partner
    Remove {
        /// The partner's short name
        partner: PartnerId,
        /// The host
        host: String,
    },
    /// Clicks and orders by partner and country, with those of as many days before
    Counts {
        /// Over so many days, today with them
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub async fn run(asked: Asked, out: &mut impl Write) -> Result<()> {
    let config = serve::load(&asked.config)?;
    let sql = serve::open_existing(&config.database.url).await?;
    let ledger = Ledger::new(sql.clone(), Clock::System);
    let done = act(&asked, &ledger, out).await;
    sql.close().await;
    done
}

async fn act(asked: &Asked, ledger: &Ledger, out: &mut impl Write) -> Result<()> {
    match &asked.action {
        Action::Hosts { partner } => {
            for host in ledger.list_hosts(partner).await? {
                writeln!(out, "{host}")?;
            }
            Ok(())
        }
        Action::Add { partner, host } => {
            if !is_host(host) {
                let why = anyhow::anyhow!("{host:?} is no host's name; right would be \"shop.example\"");
                return Err(CannotStart::because(why));
            }
            if ledger.set_host(asked.actor.who(), partner, host, true).await? {
                return Ok(writeln!(out, "visitors may be sent to {host} for {partner}")?);
            }
            Ok(writeln!(out, "{host} was registered for {partner} already")?)
        }
        Action::Remove { partner, host } => {
            if !ledger.set_host(asked.actor.who(), partner, host, false).await? {
                bail!(
                    "{host} is not registered for {partner}; `xunyuan storefront hosts {partner}` lists those that are"
                );
            }
            Ok(writeln!(out, "nobody is sent to {host} for {partner} any more")?)
        }
        Action::Counts { days, json } => counted(&ledger.count_referrals(*days).await?, *json, out),
    }
}

fn counted(counts: &[ReferralCount], as_json: bool, out: &mut impl Write) -> Result<()> {
    let country = |count: &ReferralCount| count.country.as_ref().map(ToString::to_string);
    if as_json {
        let row = |count: &ReferralCount| {
            json!({
                "partner": count.partner.as_str(), "mode": count.mode.name(), "country": country(count),
                "clicks": count.clicks, "clicks_before": count.clicks_before,
                "orders": count.orders, "orders_before": count.orders_before,
            })
        };
        let rows: Vec<_> = counts.iter().map(row).collect();
        return Ok(writeln!(out, "{:#}", json!(rows))?);
    }
    let row = |count: &ReferralCount| {
        [
            count.partner.to_string(),
            count.mode.name().to_owned(),
            country(count).unwrap_or_else(|| "?".to_owned()),
            format!("{} (before: {})", count.clicks, count.clicks_before),
            format!("{} (before: {})", count.orders, count.orders_before),
        ]
    };
    let rows: Vec<_> = counts.iter().map(row).collect();
    Ok(table::write(out, ["PARTNER", "WORLD", "COUNTRY", "CLICKS", "ORDERS"], &rows)?)
}
