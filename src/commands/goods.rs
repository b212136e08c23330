//! `xunyuan goods`: which goods are in cross-border trade: how many are in which state, entering them, taking them out.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::{ArgGroup, Args, Subcommand};
use serde_json::json;

use crate::audit::{self, Entry};
use crate::clock::Clock;
use crate::commands::{Actor, CannotStart, ConfigFile, serve, table};
use crate::config::Config;
use crate::model::ids::{OfferId, SupplierId};
use crate::model::partner::Mode;
use crate::server::settings;
use crate::upstream::wholesale::calls::entry;
use crate::upstream::wholesale::wire::entry::{Counts, Done, Which};
use crate::upstream::{Call, Context, Upstream};

/// The most offers of one call.
const AT_ONCE: usize = 1_000;

/// What to do with goods.
#[derive(Debug, Args)]
#[command(after_help = "\
Only goods that their merchants entered into cross-border trade are seen by partners. What is held back (a patent, an
infringement notice) cannot be entered; it comes back by itself when the catalogue clears it. Gateways hear of each change
within a moment. Each `enter` and `withdraw` is a row of the audit.

  xunyuan goods counts
  xunyuan goods enter --all
  xunyuan goods enter --supplier 2200000001
  xunyuan goods withdraw --offer 610947572360 --offer 610947572361")]
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
    match &asked.action {
        Action::Counts { world, json } => {
            let counts: Counts = ask(&config, *world, &entry::counts()).await?;
            counted(&counts, *json, out)
        }
        Action::Enter(Entered { all, supplier, offer, world }) => {
            let which = which(*all, *supplier, offer)?;
            change(&config, &asked.actor, "goods.enter", *world, &which, entry::enter, out).await
        }
        Action::Withdraw(Withdrawn { supplier, offer, world }) => {
            let which = which(false, *supplier, offer)?;
            change(&config, &asked.actor, "goods.withdraw", *world, &which, entry::withdraw, out).await
        }
    }
}

fn which(all: bool, supplier: Option<SupplierId>, offers: &[OfferId]) -> Result<Which> {
    if offers.len() > AT_ONCE {
        let why = anyhow::anyhow!("{} offers were named, at most {AT_ONCE} can be at once", offers.len());
        return Err(CannotStart::because(why));
    }
    Ok(Which {
        all: all || supplier.is_some(),
        seller_id: supplier.map(|id| id.number()),
        goods_ids: offers.iter().map(|id| id.number()).collect(),
    })
}

async fn change(
    config: &Config,
    actor: &Actor,
    action: &'static str,
    world: Mode,
    which: &Which,
    call: fn(&Which) -> Call,
    out: &mut impl Write,
) -> Result<()> {
    note(config, actor, action, world, which).await?;
    let done: Done = ask(config, world, &call(which)).await?;
    writeln!(out, "{} changed, {} were so already", done.changed, done.already)?;
    for refused in &done.refused {
        writeln!(out, "{} was refused: {}", refused.goods_id, meant(&refused.error_code))?;
    }
    match done.refused.len() {
        0 => Ok(()),
        count => bail!("{count} of {} offers were refused", which.goods_ids.len()),
    }
}

fn meant(error_code: &str) -> &str {
    match error_code {
        "GOODS_HELD" => "it is held back and cannot be entered until it is cleared",
        "GOODS_NOT_FOUND" => "there is no such offer",
        "GOODS_FOREIGN" => "the number is none of this marketplace's",
        other => other,
    }
}

/// Before it is done, so that nothing is done of which nobody knows who did it.
async fn note(config: &Config, actor: &Actor, action: &'static str, world: Mode, which: &Which) -> Result<()> {
    let sql = serve::open_existing(&config.database.url).await?;
    let subject = match (which.seller_id, which.goods_ids.as_slice()) {
        (Some(supplier), _) => format!("supplier {supplier}"),
        (None, []) => "all goods".to_owned(),
        (None, [offer]) => format!("offer {offer}"),
        (None, offers) => format!("{} offers", offers.len()),
    };
    let detail = json!({"world": world.name(), "offers": which.goods_ids}).to_string();
    let entry = Entry::new(Clock::System.now(), actor.who(), action, &subject, detail);
    let noted = sql.transaction(move |tx| Box::pin(async move { audit::note(tx, &entry).await })).await;
    sql.close().await;
    noted.context("the audit could not be written, so nothing was done")
}

async fn ask<T: serde::de::DeserializeOwned>(config: &Config, world: Mode, call: &Call) -> Result<T> {
    let upstream = Upstream::new(&settings::upstream(&config.upstream, &Clock::System), Arc::default())
        .map_err(CannotStart::because)?;
    if !upstream.serves(world) {
        let why = anyhow::anyhow!("upstream.{}.url is empty: this gateway has no such world", world.name());
        return Err(CannotStart::because(why));
    }
    let told = upstream.read(world, call, Context::default()).await;
    told.with_context(|| format!("the wholesale service of the {} world", world.name()))
}

fn counted(counts: &Counts, as_json: bool, out: &mut impl Write) -> Result<()> {
    if as_json {
        let all = json!({
            "entered": counts.entered, "waiting": counts.waiting, "held": counts.held, "restricted": counts.restricted,
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
