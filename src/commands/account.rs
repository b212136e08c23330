//! `xunyuan key account`: buyer accounts, whose people grant apps to buy for them.

use std::io::Write;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::audit::Who;
use crate::commands::{no_such_partner, table};
use crate::model::ids::PartnerId;
use crate::partners::{Buyer, Directory, NewBuyer};

/// What to do with buyer accounts.
#[derive(Debug, Args)]
pub struct Asked {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a buyer account, or open a closed one again; its password is shown this once
    Add {
        /// The partner's short name
        partner: PartnerId,
        /// The branch: 1 to 40 of a-z, 0-9 and -; the partner's main account without one
        branch: Option<String>,
        /// Name for people
        #[arg(long, default_value = "")]
        name: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List buyer accounts
    List {
        /// Only this partner's
        #[arg(long)]
        partner: Option<PartnerId>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Make another password in the place of a lost one; it is shown this once, and tokens stay
    Password {
        /// Its login, as `list` shows it
        account: String,
    },
    /// Close a buyer account and withdraw its tokens; running gateways refuse them within two seconds
    Close {
        /// Its login, as `list` shows it
        account: String,
    },
}

/// Does it.
pub async fn run(actor: &Who, asked: Asked, directory: &Directory, out: &mut impl Write) -> Result<()> {
    match asked.action {
        Action::Add { partner, branch, name, json } => {
            let new = NewBuyer { partner, branch, name };
            let (account, password) = directory.add_buyer(actor, new).await?;
            if json {
                let told = json!({"account": account, "password": *password});
                return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&told)?)?);
            }
            writeln!(out, "account   {account}")?;
            shown(&password, out)
        }
        Action::List { partner: Some(partner), .. } if directory.find_partner(partner.as_str()).is_none() => {
            let known: Vec<_> = directory.list_partners().await?.into_iter().map(|partner| partner.id).collect();
            Err(no_such_partner(partner.as_str(), &known))
        }
        Action::List { partner, json } => list(&directory.buyers(partner.as_ref()).await?, json, out),
        Action::Password { account } => shown(&directory.renew_buyer(actor, &account).await?, out),
        Action::Close { account } => {
            let count = directory.close_buyer(actor, &account).await?;
            Ok(writeln!(out, "account {account} is closed; {count} tokens for it are withdrawn")?)
        }
    }
}

fn shown(password: &str, out: &mut impl Write) -> Result<()> {
    writeln!(out, "password  {password}")?;
    Ok(writeln!(out, "It is shown this once: hand it over by a safe way now.")?)
}

fn list(buyers: &[Buyer], as_json: bool, out: &mut impl Write) -> Result<()> {
    if as_json {
        let rows: Vec<Value> = buyers.iter().map(to_json).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?);
    }
    let row = |buyer: &Buyer| {
        let state = if buyer.closed_at.is_some() { "closed" } else { "open" };
        let since = buyer.created_at.strftime("%Y-%m-%d %H:%M").to_string();
        [
            buyer.account.clone(),
            buyer.partner.clone(),
            state.to_owned(),
            buyer.tokens.to_string(),
            since,
            buyer.name.clone(),
        ]
    };
    let rows: Vec<_> = buyers.iter().map(row).collect();
    Ok(table::write(out, ["ACCOUNT", "PARTNER", "STATE", "TOKENS", "SINCE", "NAME"], &rows)?)
}

fn to_json(buyer: &Buyer) -> Value {
    json!({
        "account": buyer.account,
        "partner": buyer.partner,
        "name": buyer.name,
        "created_at": buyer.created_at.to_string(),
        "closed_at": buyer.closed_at.map(|at| at.to_string()),
        "tokens": buyer.tokens,
    })
}
