//! `xunyuan partner`: create, list, suspend and resume partners, and read who changed what.

use std::io::Write;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::audit::Entry;
use crate::commands::audit::{EntryRow, write_table};
use crate::commands::{Actor, ConfigFile, table};
use crate::model::ids::PartnerId;
use crate::partners::{Directory, NewPartner, PartnerRow};

/// What to do with partners.
#[derive(Debug, Args)]
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
    /// Create a partner
    Create {
        /// Short name for ever: 2 to 40 of a-z, 0-9 and -
        id: PartnerId,
        /// Name for people
        #[arg(long)]
        name: Option<String>,
        /// Country the partner sells to, like JP
        #[arg(long)]
        country: String,
        /// What the partner may spend: starter, business or enterprise
        #[arg(long, default_value = "starter")]
        plan: String,
    },
    /// List all partners
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Refuse all keys of a partner until it is resumed
    Suspend {
        /// Short name
        id: PartnerId,
        /// Why, for the audit
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Let a suspended partner in again
    Resume {
        /// Short name
        id: PartnerId,
    },
    /// Open the older protocol (/openapi/param2) to a partner, which it is closed to; see `key app`
    OpenDoor {
        /// Short name
        id: PartnerId,
        /// Refuse requests without _aop_timestamp
        #[arg(long)]
        timestamps: bool,
    },
    /// Close the older protocol to a partner: none of its apps is let in
    CloseDoor {
        /// Short name
        id: PartnerId,
    },
    /// Who changed what, newest first; `xunyuan audit` finds and exports entries
    Audit {
        /// How many rows
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

impl Asked {
    /// Whether this may be the first thing that is ever written to a database.
    pub fn makes_database(&self) -> bool {
        matches!(self.action, Action::Create { .. })
    }
}

/// Does it; running gateways see the change within two seconds.
pub async fn run(asked: Asked, directory: &Directory, out: &mut impl Write) -> Result<()> {
    let actor = asked.actor.who();
    match asked.action {
        Action::Create { id, name, country, plan } => {
            let name = name.unwrap_or_else(|| id.to_string());
            directory.create_partner(&actor, NewPartner { id: id.clone(), name, country, plan }).await?;
            writeln!(out, "partner {id} is created; give it a key with: xunyuan key issue {id} --mode sandbox")?;
        }
        Action::List { json } => list(&directory.list_partners().await?, json, out)?,
        Action::Suspend { id, reason } => {
            directory.suspend_partner(&actor, &id, &reason).await?;
            writeln!(out, "partner {id} is suspended")?;
        }
        Action::Resume { id } => {
            directory.resume_partner(&actor, &id).await?;
            writeln!(out, "partner {id} is in good standing again")?;
        }
        Action::OpenDoor { id, timestamps } => {
            directory.open_door(&actor, &id, timestamps).await?;
            writeln!(out, "the older protocol is open to {id}; give it an app with: xunyuan key app issue {id}")?;
        }
        Action::CloseDoor { id } => {
            let was = if directory.close_door(&actor, &id).await? { "is closed" } else { "was closed already" };
            writeln!(out, "the older protocol {was} to {id}")?;
        }
        Action::Audit { limit, json } => audit(&directory.audit(limit).await?, json, out)?,
    }
    Ok(())
}

fn list(partners: &[PartnerRow], as_json: bool, out: &mut impl Write) -> Result<()> {
    if as_json {
        let rows: Vec<Value> = partners.iter().map(to_json).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?);
    }
    let rows: Vec<_> = partners
        .iter()
        .map(|partner| {
            let state = partner.suspended_at.map_or("active".to_owned(), |since| format!("suspended since {since:.0}"));
            let created = format!("{:.0}", partner.created_at);
            [partner.id.clone(), partner.name.clone(), partner.country.clone(), partner.plan.clone(), created, state]
        })
        .collect();
    Ok(table::write(out, ["ID", "NAME", "COUNTRY", "PLAN", "CREATED", "STATE"], &rows)?)
}

fn to_json(partner: &PartnerRow) -> Value {
    json!({
        "id": partner.id,
        "name": partner.name,
        "country": partner.country,
        "plan": partner.plan,
        "created_at": partner.created_at.to_string(),
        "suspended_at": partner.suspended_at.map(|at| at.to_string()),
    })
}

fn audit(entries: &[Entry], as_json: bool, out: &mut impl Write) -> Result<()> {
    if as_json {
        let rows: Vec<_> = entries.iter().map(EntryRow::from).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?);
    }
    write_table(entries, out)
}
