//! `xunyuan order`: the operator's eye and hand on orders: find them, read one's whole story, look it up at the
//! catalogue, try it again, settle it, clear it. What may be done is for `orders` to say.

mod left_out;
mod show;
#[cfg(test)]
mod tests;

use std::io::Write;

use anyhow::{Result, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::commands::{Actor, ConfigFile, StillOpen, no_such_partner, table};
use crate::ledger::{Ledger, Search};
use crate::model::ids::{OrderId, PartnerId};
use crate::model::order::{Attention, Kind, Order, State};
use crate::model::partner::Mode;
use crate::orders::{Looked, Orders};

/// What is asked of orders.
#[derive(Debug, Args)]
#[command(after_help = "\
When an order was sent and no answer came back it is `unknown`, and the gateway settles it by itself: it looks the order
up at the catalogue under the order's own id, and confirms it or places it again under the same id, which the catalogue
takes once. Only when the catalogue cannot be asked for longer than orders.unknown_bound_s is it handed to a person:

  xunyuan order list --attention                what waits for you
  xunyuan order show ord_…                      the whole story of one
  xunyuan order look ord_…                      ask the catalogue now, and take in what it says
  xunyuan order retry ord_…                     the catalogue does not have it: place it again under the same id
  xunyuan order settle ord_… --as rejected --reason \"asked Li on the phone, 14:05\"
                                                the catalogue does not have it, and nobody wants it any more
  xunyuan order clear ord_… --reason \"taken back at the catalogue, 14:20\"
                                                it went on there or is missing there, and that is seen to
  xunyuan order left-out list                   what the catalogue told of and could not be taken in
  xunyuan order left-out settle ord_… --reason \"a test of theirs\"
                                                nothing will take it in any more, and that is seen to

Each of `look`, `retry`, `settle` and `clear` is an event of the order by `operator` and a row of the audit (xunyuan audit list --subject ord_…);
`left-out settle` is a row of the audit.

Exit codes: 0 done · 1 refused or failed, nothing was changed and the sentence says what to do · 2 settings or the command
line are wrong · 3 done, and the order is still unknown.")]
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
    /// List orders of all partners, newest first; those that wait, oldest first
    List(List),
    /// The whole story of an order: events, payments, keys, what its partner was told, what was done by hand
    Show {
        #[command(flatten)]
        which: Which,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Look an order up at the catalogue now and bring it to where it stands there
    Look {
        #[command(flatten)]
        which: Which,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End an order that was handed to a person, after asking the catalogue once more
    ///
    /// Refused unless the order is `unknown` and was handed to a person, no call for it can be under way, and the catalogue
    /// says that it does not have it. Its partner learns that nothing was ordered; the reason is kept in the audit alone.
    Settle {
        #[command(flatten)]
        which: Which,
        /// What it becomes
        #[arg(long = "as", value_name = "STATE")]
        end: End,
        /// Why, for the audit; 3 to 500 characters
        #[arg(long, value_parser = reason)]
        reason: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Say that nothing is left to do about an order that went on at the catalogue, or is missing there
    ///
    /// It leaves the list of those that wait for a person, and the gateway does not put it there again for the same
    /// finding. Nothing else changes, and its partner hears nothing; the reason is kept in the audit.
    Clear {
        #[command(flatten)]
        which: Which,
        /// Why, for the audit; 3 to 500 characters
        #[arg(long, value_parser = reason)]
        reason: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Look an unknown order up and, when the catalogue does not have it, place it again under the same id
    Retry {
        #[command(flatten)]
        which: Which,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Changes that the catalogue told of and that could not be taken in: of orders, parcels, refunds and consignments
    LeftOut(left_out::Asked),
}

#[derive(Debug, Args)]
struct List {
    /// Only those whose outcome is unknown
    #[arg(long, conflicts_with = "state")]
    unknown: bool,
    /// Only those that wait for a person: handed over, or with a debit unheard of for five minutes
    #[arg(long)]
    attention: bool,
    /// Only this partner's
    #[arg(long)]
    partner: Option<PartnerId>,
    /// Only live or sandbox
    #[arg(long)]
    mode: Option<Mode>,
    /// Only in this state: awaiting_payment, paid, unknown …
    #[arg(long)]
    state: Option<State>,
    /// How many rows
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Which order.
#[derive(Debug, Args)]
struct Which {
    /// The order's id (ord_…), or the partner's own reference
    #[arg(value_name = "ID|REFERENCE")]
    name: String,
    /// Whose, when several partners use the reference
    #[arg(long)]
    partner: Option<PartnerId>,
    /// live or sandbox, when the reference is used in both
    #[arg(long)]
    mode: Option<Mode>,
}

/// How an order can be settled by hand.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum End {
    /// Nothing was ordered.
    Rejected,
}

/// What the commands work on.
#[derive(Clone)]
pub struct Desk {
    /// The room of orders.
    pub orders: Orders,
    /// The truth.
    pub ledger: Ledger,
    /// Short names of all partners there are.
    pub partners: Vec<String>,
}

impl Desk {
    /// A name that nobody has is a slip, not somebody without orders.
    fn must_know(&self, partner: Option<&PartnerId>) -> Result<()> {
        match partner.filter(|one| !self.partners.iter().any(|known| known == one.as_str())) {
            None => Ok(()),
            Some(nobody) => Err(no_such_partner(nobody.as_str(), &self.partners)),
        }
    }
}

fn reason(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let fits = (3..=500).contains(&text.chars().count());
    if fits { Ok(text.to_owned()) } else { Err("say why, in 3 to 500 characters") }
}

/// Does it; running gateways need not be told.
pub async fn run(asked: Asked, desk: &Desk, out: &mut impl Write) -> Result<()> {
    let operator = asked.actor.name();
    match asked.action {
        Action::List(list) => self::list(list, desk, out).await,
        Action::Show { which, json } => {
            let id = find(&which, desk).await?;
            let (case, audit) = (desk.ledger.case(&id).await?, desk.ledger.audited(id.as_str(), 1000).await?);
            if json { say(&show::to_json(&case, &audit), out) } else { show::write(&case, &audit, out) }
        }
        Action::Look { which, json } => {
            let id = find(&which, desk).await?;
            told(&desk.orders.look_by_hand(operator, &id).await?, json, out)
        }
        Action::Settle { which, end: End::Rejected, reason, json } => {
            let id = find(&which, desk).await?;
            told(&desk.orders.reject_by_hand(operator, &id, &reason).await?, json, out)
        }
        Action::Clear { which, reason, json } => {
            let id = find(&which, desk).await?;
            let order = desk.orders.clear_by_hand(operator, &id, &reason).await?;
            if json {
                return say(&show::brief(&order), out);
            }
            Ok(writeln!(out, "order {} waits for nobody any more; it is {}", order.deed.id, order.state)?)
        }
        Action::LeftOut(asked) => left_out::run(asked, operator.to_owned(), &desk.ledger, out).await,
        Action::Retry { which, json } => {
            let id = find(&which, desk).await?;
            told(&desk.orders.retry_by_hand(operator, &id).await?, json, out)
        }
    }
}

async fn list(asked: List, desk: &Desk, out: &mut impl Write) -> Result<()> {
    desk.must_know(asked.partner.as_ref())?;
    let state = if asked.unknown { Some(State::Unknown) } else { asked.state };
    let search =
        Search { partner: asked.partner, mode: asked.mode, state, attention: asked.attention, reference: None };
    let mut orders = desk.ledger.search_orders(&search, asked.limit).await?;
    if state == Some(State::Unknown) && !asked.attention {
        orders.reverse();
    }
    if asked.json {
        return say(&orders.iter().map(show::brief).collect::<Vec<_>>(), out);
    }
    write_table(&orders, out)
}

fn write_table(orders: &[Order], out: &mut impl Write) -> Result<()> {
    let row = |order: &Order| {
        let deed = &order.deed;
        [
            deed.id.to_string(),
            format!("{} ({})", deed.partner, deed.mode.name()),
            deed.reference.to_string(),
            order.state.to_string(),
            moment(order.updated_at),
            format!("{} {}", order.payable.currency.code(), order.payable.amount()),
            order.catalogue_order.map_or("-".to_owned(), |number| number.to_string()),
            order.attention.map_or("", Attention::says).to_owned(),
        ]
    };
    let rows: Vec<_> = orders.iter().map(row).collect();
    Ok(table::write(
        out,
        ["ID", "PARTNER", "REFERENCE", "STATE", "SINCE", "TO PAY", "CATALOGUE'S NUMBER", "WHY LOOK"],
        &rows,
    )?)
}

/// The one order that is meant.
async fn find(which: &Which, desk: &Desk) -> Result<OrderId> {
    if which.name.starts_with("ord_")
        && let Ok(id) = which.name.parse()
    {
        return Ok(id);
    }
    desk.must_know(which.partner.as_ref())?;
    let Ok(reference) = which.name.parse() else { bail!("{:?} is neither an order's id nor a reference", which.name) };
    let search =
        Search { partner: which.partner.clone(), mode: which.mode, reference: Some(reference), ..Search::default() };
    let found = desk.ledger.search_orders(&search, 20).await?;
    match &found[..] {
        [] => bail!("there is no order {:?}; `order list` shows the newest", which.name),
        [order] => Ok(order.deed.id.clone()),
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|order| format!("  {}  {} ({})", order.deed.id, order.deed.partner, order.deed.mode.name()))
                .collect();
            bail!("several orders have the reference {:?}; name one by its id:\n{}", which.name, names.join("\n"))
        }
    }
}

/// What a look, a try or a settling brought.
fn told(looked: &Looked, json: bool, out: &mut impl Write) -> Result<()> {
    let order = &looked.order;
    if json {
        let there = looked.there.as_ref().map(|there| {
            json!({ "catalogue_order_id": there.number.to_string(), "state": there.state.name(), "paid": there.paid })
        });
        let moved: Vec<_> = looked.moved.iter().map(|kind| kind.name()).collect();
        let whole = json!({
            "order_id": order.deed.id.as_str(), "state": order.state.name(), "version": order.version,
            "catalogue": there, "written": moved, "remark": looked.remark,
        });
        say(&whole, out)?;
    } else {
        let written = moves(&looked.moved);
        writeln!(out, "order      {}  {}", order.deed.id, order.state)?;
        let there = looked.there.as_ref();
        let there = there.map_or("does not have it".to_owned(), |there| format!("{}  {}", there.number, there.state));
        writeln!(out, "catalogue  {there}")?;
        writeln!(out, "written    {written}")?;
        if let Some(remark) = &looked.remark {
            writeln!(out, "mind       {}", table::plain(remark))?;
        }
    }
    ensure!(order.state != State::Unknown, StillOpen(format!("order {} is still unknown", order.deed.id)));
    Ok(())
}

fn moves(kinds: &[Kind]) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    if names.is_empty() { "nothing new".to_owned() } else { names.join(", ") }
}

fn moment(at: Timestamp) -> String {
    format!("{at:.0}")
}

fn say(value: &impl Serialize, out: &mut impl Write) -> Result<()> {
    Ok(writeln!(out, "{}", serde_json::to_string_pretty(value)?)?)
}
