//! `xunyuan entry`: which goods are in cross-border trade: how many are in which state, entering them, taking them out.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::{ArgGroup, Args, Subcommand};
use serde_json::json;

use crate::audit::{self, Entry};
use crate::catalog::Entries;
use crate::clock::Clock;
use crate::commands::{Actor, CannotStart, ConfigFile, serve, table};
use crate::config::Config;
use crate::model::entry::{EntryCounts, Selection, Way};
use crate::model::ids::{OfferId, SupplierId};
use crate::model::partner::Mode;
use crate::server::settings;
use crate::upstream::{self, Upstream};

/// What to do with goods.
#[derive(Debug, Args)]
#[command(after_help = "\
Only goods that their merchants entered into cross-border trade are seen by partners. What is held back (a patent, an
infringement notice) cannot be entered; it comes back by itself when the catalogue clears it. Gateways hear of each change
within a moment. Each `enter` and `withdraw` is a row of the audit.

  xunyuan entry counts
  xunyuan entry enter --all
  xunyuan entry enter --supplier 2200000001
  xunyuan entry withdraw --offer 610947572360 --offer 610947572361")]
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
    /// How many goods are entered, waiting to be, held back and why, restricted
    Counts {
        /// Whose: live or sandbox
        #[arg(long, value_name = "WORLD", default_value = "live", value_parser = world)]
        world: Mode,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Enter goods into cross-border trade
    Enter(Entered),
    /// Take goods out of cross-border trade
    Withdraw(Withdrawn),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["all", "supplier", "offer"]))]
struct Entered {
    /// Everything that qualifies
    #[arg(long)]
    all: bool,
    /// Everything of this supplier that qualifies
    #[arg(long, value_name = "ID")]
    supplier: Option<SupplierId>,
    /// This offer; may be given several times
    #[arg(long, value_name = "ID")]
    offer: Vec<OfferId>,
    /// Whose: live or sandbox
    #[arg(long, value_name = "WORLD", default_value = "live", value_parser = world)]
    world: Mode,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["supplier", "offer"]))]
struct Withdrawn {
    /// Everything of this supplier
    #[arg(long, value_name = "ID")]
    supplier: Option<SupplierId>,
    /// This offer; may be given several times
    #[arg(long, value_name = "ID")]
    offer: Vec<OfferId>,
    /// Whose: live or sandbox
    #[arg(long, value_name = "WORLD", default_value = "live", value_parser = world)]
    world: Mode,
}

fn world(text: &str) -> Result<Mode, &'static str> {
    text.parse().map_err(|_| "a world is live or sandbox")
}

/// Does it.
pub async fn run(asked: Asked, out: &mut impl Write) -> Result<()> {
    let config = serve::load(&asked.config)?;
    let (way, world, which) = match &asked.action {
        Action::Counts { world, json } => {
            let counts = entries(&config, *world)?.counts(*world).await;
            return counted(&counts.with_context(|| asked_whom(*world))?, *json, out);
        }
        Action::Enter(Entered { supplier, offer, world, .. }) => (Way::In, *world, which(*supplier, offer)),
        Action::Withdraw(Withdrawn { supplier, offer, world }) => (Way::Out, *world, which(*supplier, offer)),
    };
    let entries = entries(&config, world)?;
    note(&config, &asked.actor, way, world, &which).await?;
    let done = entries.change(world, way, &which).await.with_context(|| asked_whom(world))?;
    writeln!(out, "{} changed, {} were so already", done.changed, done.already)?;
    for (offer, why) in &done.refused {
        writeln!(out, "{offer} was refused: {}", why.says())?;
    }
    match done.refused.len() {
        0 => Ok(()),
        count => bail!("{count} offers were refused; all others are done"),
    }
}

/// One of them is given, or the command line is refused; `--all` alone names everything.
fn which(supplier: Option<SupplierId>, offers: &[OfferId]) -> Selection {
    match supplier {
        Some(supplier) => Selection::Supplier(supplier),
        None if offers.is_empty() => Selection::Everything,
        None => Selection::Offers(offers.to_vec()),
    }
}

fn asked_whom(world: Mode) -> String {
    format!("the wholesale service of the {} world", world.name())
}

fn entries(config: &Config, world: Mode) -> Result<Entries> {
    let service = match world {
        Mode::Live => &config.upstream.live,
        Mode::Sandbox => &config.upstream.sandbox,
    };
    let world = world.name();
    let why = match service {
        None => Some(format!("upstream.{world}.url is empty: this gateway has no such world")),
        Some(service) if service.app.is_some() => Some(format!(
            "upstream.{world} speaks the open platform's protocol, which has no call for this; goods are entered over there"
        )),
        Some(_) => None,
    };
    if let Some(why) = why {
        return Err(CannotStart::because(anyhow::anyhow!(why)));
    }
    let settings = settings::upstream(&config.upstream, &upstream::Accounts::default(), &Clock::System);
    Ok(Entries::new(Upstream::new(&settings, Arc::default()).map_err(CannotStart::because)?))
}

/// Before it is done, so that nothing is done of which nobody knows who did it.
async fn note(config: &Config, actor: &Actor, way: Way, world: Mode, which: &Selection) -> Result<()> {
    let sql = serve::open_existing(&config.database.url).await?;
    let entry = Entry::new(Clock::System.now(), actor.who(), way.action(), which, which.detail(world));
    let noted = sql.transaction(move |tx| Box::pin(async move { audit::note(tx, &entry).await })).await;
    sql.close().await;
    noted.context("the audit could not be written, so nothing was done")
}

fn counted(counts: &EntryCounts, as_json: bool, out: &mut impl Write) -> Result<()> {
    if as_json {
        let held: serde_json::Map<_, _> = counts.held.iter().map(|(why, count)| (why.clone(), json!(count))).collect();
        let all = json!({
            "entered": counts.entered, "waiting": counts.waiting, "held": held, "restricted": counts.restricted,
        });
        return Ok(writeln!(out, "{all:#}")?);
    }
    let held = counts.held.iter().map(|(reason, count)| [format!("held: {reason}"), count.to_string()]);
    let rows: Vec<_> = [("entered", counts.entered), ("waiting", counts.waiting)]
        .into_iter()
        .map(|(state, count)| [state.to_owned(), count.to_string()])
        .chain(held)
        .chain([["entered, restricted somewhere".to_owned(), counts.restricted.to_string()]])
        .collect();
    Ok(table::write(out, ["STATE", "GOODS"], &rows)?)
}
