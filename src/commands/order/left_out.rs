//! `xunyuan order left-out`: changes of orders, parcels, refunds and consignments that the catalogue told of and that could
//! not be taken in; listed, and settled by hand when nothing will take them in any more.

use std::io::Write;

use anyhow::{Result, bail, ensure};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{moment, reason, say};
use crate::commands::table;
use crate::ledger::{Hand, Ledger, Left};

/// More than this are not looked through for the one that is meant.
const MOST: u32 = 10_000;

/// What is asked of what was left out.
#[derive(Debug, Args)]
pub struct Asked {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List what is left out, the oldest first: what it is, why, and when it is looked up next
    List {
        /// How many rows
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Say that a change is seen to: it is not looked up again
    ///
    /// Nothing else changes: what the catalogue tells of the thing from now on is taken in as ever, and left out again if it
    /// cannot be. The reason is kept in the audit (xunyuan audit list --subject ID).
    Settle {
        /// The id that the change is about: ord_…, rfd_…, con_…, or as it is listed
        #[arg(value_name = "ID")]
        reference: String,
        /// What changed, when several changes are about the id: order, shipment, refund or consignment
        #[arg(long)]
        kind: Option<String>,
        /// The feed, when several feeds told of it
        #[arg(long)]
        feed: Option<String>,
        /// Why, for the audit; 3 to 500 characters
        #[arg(long, value_parser = reason)]
        reason: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Serialize)]
struct Shown<'a> {
    feed: &'a str,
    kind: &'a str,
    reference: &'a str,
    why: &'a str,
    first_seen: String,
    tries: i64,
    next_look: String,
}

impl<'a> From<&'a Left> for Shown<'a> {
    fn from(left: &'a Left) -> Self {
        Self {
            feed: &left.feed,
            kind: &left.what.kind,
            reference: &left.what.reference,
            why: &left.what.why,
            first_seen: told(left.first_seen),
            tries: left.tries,
            next_look: told(left.look_at),
        }
    }
}

/// Does it.
pub async fn run(asked: Asked, operator: String, ledger: &Ledger, out: &mut impl Write) -> Result<()> {
    match asked.action {
        Action::List { limit, json } => {
            let all = ledger.list_left_out(limit).await?;
            if json { say(&all.iter().map(Shown::from).collect::<Vec<_>>(), out) } else { write(&all, out) }
        }
        Action::Settle { reference, kind, feed, reason, json } => {
            let left = find(ledger, &reference, kind.as_deref(), feed.as_deref()).await?;
            let detail = format!("{} of {}: {reason}", left.what.kind, left.feed);
            let hand = Hand { operator, action: "change.settle", detail };
            let settled = ledger.settle_left_out_by(hand, &left).await?;
            ensure!(
                settled,
                "{reference} was looked up or changed again meanwhile, so nothing was done; see `order left-out list`"
            );
            if json {
                return say(&json!({ "settled": Shown::from(&left) }), out);
            }
            Ok(writeln!(out, "the {} {} is not looked up again", left.what.kind, table::plain(&left.what.reference))?)
        }
    }
}

fn write(all: &[Left], out: &mut impl Write) -> Result<()> {
    let row = |left: &Left| {
        let shown = Shown::from(left);
        let words = [shown.reference, shown.kind, shown.feed].map(str::to_owned);
        let [reference, kind, feed] = words;
        [reference, kind, feed, shown.first_seen, shown.tries.to_string(), shown.next_look, shown.why.to_owned()]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    Ok(table::write(out, ["ID", "WHAT", "FEED", "LEFT OUT SINCE", "LOOKS", "NEXT LOOK", "WHY"], &rows)?)
}

/// The one change that is meant.
async fn find(ledger: &Ledger, reference: &str, kind: Option<&str>, feed: Option<&str>) -> Result<Left> {
    let mut all = ledger.list_left_out(MOST).await?;
    all.retain(|left| {
        left.what.reference == reference
            && kind.is_none_or(|kind| left.what.kind == kind)
            && feed.is_none_or(|feed| left.feed == feed)
    });
    match (all.pop(), all.is_empty()) {
        (None, _) => bail!("no change of {reference:?} is left out; `order left-out list` shows those that are"),
        (Some(left), true) => Ok(left),
        (Some(last), false) => {
            all.push(last);
            let names: Vec<_> =
                all.iter().map(|left| format!("  --kind {} --feed {}", left.what.kind, left.feed)).collect();
            bail!("several changes of {reference:?} are left out; name one:\n{}", names.join("\n"))
        }
    }
}

fn told(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), moment)
}
