//! `xunyuan key app`: apps that call by the older protocol, and their tokens.

use std::io::Write;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::audit::Who;
use crate::commands::{key, no_such_partner, table};
use crate::model::ids::PartnerId;
use crate::model::partner::{Mode, Scopes};
use crate::partners::{AppPolicy, AppRow, Directory};

/// What to do with apps.
#[derive(Debug, Args)]
pub struct Asked {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Issue an app to a partner, with a token for its own use; secret and token are shown this once
    Issue(Issue),
    /// List apps
    List {
        /// Only this partner's
        #[arg(long)]
        partner: Option<PartnerId>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a code that the app redeems for tokens within ten minutes (grant_type=authorization_code)
    Authorise {
        /// App number
        app_key: String,
        /// The buyer account the tokens are for; the partner's own by default
        #[arg(long)]
        account: Option<String>,
    },
    /// Withdraw the tokens of an app; running gateways refuse them within two seconds
    RevokeTokens {
        /// App number
        app_key: String,
        /// Only those for this buyer account
        #[arg(long)]
        account: Option<String>,
    },
    /// Show the addresses that people who grant the app something are sent back to; add one, or take one away
    Redirects {
        /// App number
        app_key: String,
        /// An address to add, letter for letter as the app sends it; repeatable
        #[arg(long, value_name = "URL")]
        add: Vec<String>,
        /// An address to take away; repeatable
        #[arg(long, value_name = "URL")]
        remove: Vec<String>,
    },
    /// Refuse an app until it is resumed
    Suspend {
        /// App number
        app_key: String,
        /// Why, for the audit
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Let a suspended app in again
    Resume {
        /// App number
        app_key: String,
    },
    /// Withdraw an app at once and for ever
    Retire {
        /// App number
        app_key: String,
    },
}

/// An app to issue.
#[derive(Debug, Args)]
struct Issue {
    /// The partner's short name
    partner: PartnerId,
    /// live or sandbox
    #[arg(long, default_value = "sandbox")]
    mode: Mode,
    /// What it may do, with commas between; everything by default
    #[arg(long)]
    scopes: Option<Scopes>,
    /// Network it may be used from, like 203.0.113.0/24 or one address; repeatable; anywhere by default
    #[arg(long = "allow", value_name = "CIDR", value_parser = key::network)]
    allow: Vec<IpNet>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Does it; running gateways see the change within two seconds.
pub async fn run(actor: &Who, asked: Asked, directory: &Directory, out: &mut impl Write) -> Result<()> {
    match asked.action {
        Action::Issue(new) => issue(actor, new, directory, out).await?,
        Action::List { partner: Some(partner), .. } if directory.find_partner(partner.as_str()).is_none() => {
            let known: Vec<_> = directory.list_partners().await?.into_iter().map(|partner| partner.id).collect();
            return Err(no_such_partner(partner.as_str(), &known));
        }
        Action::List { partner, json } => list(&directory.list_apps(partner.as_ref()).await?, json, out)?,
        Action::Authorise { app_key, account } => {
            let Some(app) = directory.find_app(&app_key) else {
                bail!("there is no app \"{app_key}\"; `key app list` shows all");
            };
            let account = account.unwrap_or_else(|| app.partner.id.to_string());
            let code = directory.issue_code(actor, &app_key, &account).await?;
            writeln!(out, "{code}")?;
        }
        Action::RevokeTokens { app_key, account: None } => {
            let count = directory.revoke_tokens(actor, &app_key).await?;
            writeln!(out, "{count} tokens of app {app_key} are withdrawn")?;
        }
        Action::RevokeTokens { app_key, account: Some(account) } => {
            let count = directory.revoke_tokens_of(actor, &app_key, &account).await?;
            writeln!(out, "{count} tokens of app {app_key} for {account} are withdrawn")?;
        }
        Action::Redirects { app_key, add, remove } => {
            if directory.find_app(&app_key).is_none() {
                bail!("there is no app \"{app_key}\"; `key app list` shows all");
            }
            for address in &add {
                directory.add_redirect(actor, &app_key, address).await?;
            }
            for address in &remove {
                directory.remove_redirect(actor, &app_key, address).await?;
            }
            for address in directory.redirects(&app_key).await? {
                writeln!(out, "{address}")?;
            }
        }
        Action::Suspend { app_key, reason } => {
            directory.suspend_app(actor, &app_key, &reason).await?;
            writeln!(out, "app {app_key} is suspended")?;
        }
        Action::Resume { app_key } => {
            directory.resume_app(actor, &app_key).await?;
            writeln!(out, "app {app_key} counts again")?;
        }
        Action::Retire { app_key } => {
            directory.retire_app(actor, &app_key).await?;
            writeln!(out, "app {app_key} is retired")?;
        }
    }
    Ok(())
}

async fn issue(actor: &Who, new: Issue, directory: &Directory, out: &mut impl Write) -> Result<()> {
    let policy = AppPolicy { mode: new.mode, scopes: new.scopes.unwrap_or_else(Scopes::all), allowed: new.allow };
    let issued = directory.issue_app(actor, &new.partner, policy).await?;
    let granted = directory.grant_lasting(actor, &issued.app_key, new.partner.as_str()).await?;
    let open = directory.find_app(&issued.app_key).is_some_and(|app| app.door.is_some());
    let secret = issued.secret.expose();
    if new.json {
        let told = json!({
            "app_key": issued.app_key,
            "secret": secret,
            "access_token": granted.access_token,
            "door_open": open,
        });
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&told)?)?);
    }
    writeln!(out, "app key       {}", issued.app_key)?;
    writeln!(out, "secret        {secret}")?;
    writeln!(out, "access token  {} (for the partner's own use; lasts until it is withdrawn)", granted.access_token)?;
    writeln!(out, "Secret and token are shown this once: hand them over by a safe way now.")?;
    if !open {
        writeln!(out, "The door is still closed to {}: xunyuan partner open-door {0}", new.partner)?;
    }
    Ok(())
}

fn list(apps: &[AppRow], as_json: bool, out: &mut impl Write) -> Result<()> {
    if as_json {
        let rows: Vec<Value> = apps.iter().map(to_json).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?);
    }
    let rows: Vec<_> = apps
        .iter()
        .map(|app| {
            let door = if app.door_open { "open" } else { "closed" };
            let from = if app.allowed.is_empty() { "anywhere" } else { &app.allowed };
            [
                app.app_key.clone(),
                app.partner.clone(),
                app.mode.name().to_owned(),
                app.state.name().to_owned(),
                door.to_owned(),
                app.last_used_at.map_or_else(|| "never".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M").to_string()),
                app.calls.to_string(),
                from.to_owned(),
                app.scopes.clone(),
            ]
        })
        .collect();
    Ok(table::write(out, ["APP", "PARTNER", "MODE", "STATE", "DOOR", "LAST CALL", "CALLS", "FROM", "SCOPES"], &rows)?)
}

fn to_json(app: &AppRow) -> Value {
    json!({
        "app_key": app.app_key,
        "partner": app.partner,
        "mode": app.mode.name(),
        "state": app.state.name(),
        "door_open": app.door_open,
        "scopes": app.scopes.split(' ').collect::<Vec<_>>(),
        "allowed": app.allowed.split_ascii_whitespace().collect::<Vec<_>>(),
        "created_at": app.created_at.to_string(),
        "last_used_at": app.last_used_at.map(|at| at.to_string()),
        "calls": app.calls,
    })
}
