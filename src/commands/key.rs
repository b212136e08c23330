//! `xunyuan key`: issue, list, rotate, retire, suspend and resume keys; make a master key and wrap secrets anew.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::audit::Who;
use crate::commands::end::{End, Length};
use crate::commands::key_file::KeyFile;
use crate::commands::{Actor, ConfigFile, no_such_partner, table};
use crate::commands::{account, app};
use crate::model::ids::PartnerId;
use crate::model::partner::{Mode, Scopes};
use crate::partners::{Directory, Issued, KeyPolicy, KeyRow, MasterKeys, Material, Rotation};
use crate::signing::http_message::{Algorithm, Ed25519Public};

/// What to do with keys.
#[derive(Debug, Args)]
pub struct Asked {
    /// Where the settings are.
    #[command(flatten)]
    pub config: ConfigFile,
    #[command(flatten)]
    actor: Actor,
    /// What to do
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Make a master key for secrets.master_key and print it; needs no database
    Master {
        /// Its version; the highest one given seals, all of them open
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
        key_version: u16,
    },
    /// Issue a key to a partner; the secret is shown this once
    Issue(Issue),
    /// List keys
    List {
        /// Only this partner's
        #[arg(long)]
        partner: Option<PartnerId>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Issue a key in the place of another, which still counts for a while
    Rotate(Rotate),
    /// Withdraw a key at once and for ever
    Retire {
        /// Key id
        key_id: String,
    },
    /// Refuse a key until it is resumed
    Suspend {
        /// Key id
        key_id: String,
        /// Why, for the audit
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Let a suspended key count again
    Resume {
        /// Key id
        key_id: String,
    },
    /// Apps of the older protocol: issue, list, authorise, revoke tokens, suspend, resume, retire
    App(app::Asked),
    /// Buyer accounts, whose people grant apps to buy for them: add, list, another password, close
    Account(account::Asked),
    /// Wrap all secrets under the newest master key, so that older ones can be thrown away
    Rewrap,
}

/// A key to issue.
#[derive(Debug, Args)]
pub struct Issue {
    /// The partner's short name
    partner: PartnerId,
    /// live or sandbox
    #[arg(long, default_value = "sandbox")]
    mode: Mode,
    /// hmac-sha256 (we make the secret) or ed25519 (the partner brings the public key)
    #[arg(long, default_value = "hmac-sha256", value_parser = algorithm)]
    alg: Algorithm,
    /// What it may do, with commas between; everything by default
    #[arg(long)]
    scopes: Option<Scopes>,
    /// Network it may be used from, like 203.0.113.0/24 or one address; repeatable; anywhere by default
    #[arg(long = "allow", value_name = "CIDR", value_parser = network)]
    allow: Vec<IpNet>,
    #[command(flatten)]
    terms: Terms,
}

/// A key to rotate.
#[derive(Debug, Args)]
pub struct Rotate {
    /// The key id to be replaced
    key_id: String,
    /// How long the old key still counts: 30m, 24h, 7d …
    #[arg(long, default_value = "24h")]
    overlap: Length,
    #[command(flatten)]
    terms: Terms,
}

/// What issuing and rotating have in common.
#[derive(Debug, Args)]
struct Terms {
    /// The partner's Ed25519 public key (PEM or base64), for ed25519
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// When the new key ends: 90d, 2027-06-30 or a moment; never by default
    #[arg(long)]
    expires: Option<End>,
    /// Write a new key file (mode 0600) for `xunyuan sign` and `call` instead of showing the secret
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// The gateway's address, for the key file
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// As JSON
    #[arg(long)]
    json: bool,
}

fn algorithm(name: &str) -> Result<Algorithm, &'static str> {
    Algorithm::parse(name).ok_or("hmac-sha256 or ed25519")
}

pub(super) fn network(text: &str) -> Result<IpNet, &'static str> {
    let address = || text.parse::<std::net::IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| address()).map_err(|_| "a network like 203.0.113.0/24 or 2001:db8::/32, or one address")
}

/// Prints a new master key.
pub fn master(key_version: u16, out: &mut impl Write) -> Result<()> {
    let key = MasterKeys::generate(key_version).context("the operating system gives no random bytes")?;
    Ok(write!(out, "{}", *key)?)
}

/// Does it; running gateways see the change within two seconds.
pub async fn run(asked: Asked, directory: &Directory, out: &mut impl Write) -> Result<()> {
    let actor = asked.actor.who();
    match asked.action {
        Action::Master { key_version } => master(key_version, out)?,
        Action::Issue(new) => issue(&actor, new, directory, out).await?,
        Action::List { partner: Some(partner), .. } if directory.find_partner(partner.as_str()).is_none() => {
            let known: Vec<_> = directory.list_partners().await?.into_iter().map(|partner| partner.id).collect();
            return Err(no_such_partner(partner.as_str(), &known));
        }
        Action::List { partner, json } => list(&directory.list_keys(partner.as_ref()).await?, json, out)?,
        Action::Rotate(asked) => rotate(&actor, asked, directory, out).await?,
        Action::Retire { key_id } => {
            directory.retire_key(&actor, &key_id).await?;
            writeln!(out, "key {key_id} is retired")?;
        }
        Action::Suspend { key_id, reason } => {
            directory.suspend_key(&actor, &key_id, &reason).await?;
            writeln!(out, "key {key_id} is suspended")?;
        }
        Action::Resume { key_id } => {
            directory.resume_key(&actor, &key_id).await?;
            writeln!(out, "key {key_id} counts again")?;
        }
        Action::App(asked) => app::run(&actor, asked, directory, out).await?,
        Action::Account(asked) => account::run(&actor, asked, directory, out).await?,
        Action::Rewrap => writeln!(out, "{} secrets wrapped anew", directory.rewrap_keys(&actor).await?)?,
    }
    Ok(())
}

async fn issue(actor: &Who, new: Issue, directory: &Directory, out: &mut impl Write) -> Result<()> {
    let material = match (new.alg, new.terms.public_key()?) {
        (Algorithm::HmacSha256, None) => Material::SharedSecret,
        (Algorithm::Ed25519, Some(public)) => Material::Public(public),
        (Algorithm::HmacSha256, Some(_)) => bail!("--public-key goes with --alg ed25519"),
        (Algorithm::Ed25519, None) => bail!("--alg ed25519 needs --public-key FILE from the partner"),
    };
    new.terms.check_save(&material)?;
    let policy = KeyPolicy {
        mode: new.mode,
        scopes: new.scopes.unwrap_or_else(Scopes::all),
        allowed: new.allow,
        expires_at: new.terms.end(directory),
    };
    let issued = directory.issue_key(actor, &new.partner, policy, material).await?;
    new.terms.hand_over(&issued, out)
}

async fn rotate(actor: &Who, asked: Rotate, directory: &Directory, out: &mut impl Write) -> Result<()> {
    let material = asked.terms.public_key()?.map_or(Material::SharedSecret, Material::Public);
    asked.terms.check_save(&material)?;
    let rotation = Rotation { overlap: asked.overlap.0, material, expires_at: asked.terms.end(directory) };
    let issued = directory.rotate_key(actor, &asked.key_id, rotation).await?;
    asked.terms.hand_over(&issued, out)
}

impl Terms {
    fn end(&self, directory: &Directory) -> Option<Timestamp> {
        self.expires.map(|end| end.moment(directory.clock().now()))
    }

    fn public_key(&self) -> Result<Option<Ed25519Public>> {
        let Some(path) = &self.public_key else { return Ok(None) };
        let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let key = Ed25519Public::parse(&text).with_context(|| format!("{} holds no public key", path.display()))?;
        Ok(Some(key))
    }

    /// Asked before anything is issued: a secret that cannot be saved would be lost.
    fn check_save(&self, material: &Material) -> Result<()> {
        let Some(path) = &self.save else { return Ok(()) };
        if matches!(material, Material::Public(_)) {
            bail!("--save writes the secret we make; of an ed25519 key only its owner has it");
        }
        if path.exists() {
            bail!("{} already exists; a key file is never overwritten", path.display());
        }
        Ok(())
    }

    fn hand_over(&self, issued: &Issued, out: &mut impl Write) -> Result<()> {
        match &self.save {
            None => self.show(issued, None, out),
            Some(path) => match self.save_to(path, issued) {
                Ok(()) => self.show(issued, Some(path), out),
                Err(error) => {
                    // The key is issued; without this its secret would be lost.
                    self.show(issued, None, out)?;
                    Err(error.context("the key is issued and shown above, but its key file could not be written"))
                }
            },
        }
    }

    fn save_to(&self, path: &Path, issued: &Issued) -> Result<()> {
        let file = KeyFile {
            url: self.url.clone(),
            key_id: issued.key_id.to_string(),
            secret: issued.secret.as_ref().map(|secret| secret.expose().to_owned()).unwrap_or_default(),
            algorithm: issued.algorithm.name().to_owned(),
        };
        file.write(path)
    }

    fn show(&self, issued: &Issued, saved: Option<&Path>, out: &mut impl Write) -> Result<()> {
        let secret = issued.secret.as_ref().filter(|_| saved.is_none()).map(|secret| secret.expose());
        let expires_at = issued.expires_at.map(|at| format!("{at:.0}"));
        if self.json {
            let told = json!({
                "key_id": issued.key_id.as_str(),
                "algorithm": issued.algorithm.name(),
                "secret": secret,
                "expires_at": expires_at,
                "saved": saved.map(|path| path.display().to_string()),
            });
            return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&told)?)?);
        }
        writeln!(out, "key id     {}", issued.key_id)?;
        writeln!(out, "algorithm  {}", issued.algorithm)?;
        writeln!(out, "ends       {}", expires_at.as_deref().unwrap_or("never"))?;
        if let Some(secret) = secret {
            writeln!(out, "secret     {secret}")?;
            writeln!(out, "The secret is shown this once and kept only sealed: hand it over by a safe way now.")?;
        }
        if let Some(path) = saved {
            writeln!(out, "The secret is in {} and nowhere else; only you can read that file.", path.display())?;
        }
        Ok(())
    }
}

fn list(keys: &[KeyRow], as_json: bool, out: &mut impl Write) -> Result<()> {
    if as_json {
        let rows: Vec<Value> = keys.iter().map(to_json).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?);
    }
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            let ends = key.retired_at.or(key.expires_at).map_or("never".to_owned(), |at| format!("{at:.0}"));
            let from = if key.allowed.is_empty() { "anywhere" } else { &key.allowed };
            let state = key.state.name().to_owned();
            [
                key.id.clone(),
                key.partner.clone(),
                key.algorithm.clone(),
                state,
                ends,
                from.to_owned(),
                key.scopes.clone(),
            ]
        })
        .collect();
    Ok(table::write(out, ["ID", "PARTNER", "ALGORITHM", "STATE", "ENDS", "FROM", "SCOPES"], &rows)?)
}

fn to_json(key: &KeyRow) -> Value {
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": key.id,
        "partner": key.partner,
        "algorithm": key.algorithm,
        "state": key.state.name(),
        "scopes": key.scopes.split(' ').collect::<Vec<_>>(),
        "allowed": key.allowed.split_ascii_whitespace().collect::<Vec<_>>(),
        "created_at": key.created_at.to_string(),
        "expires_at": moment(key.expires_at),
        "retired_at": moment(key.retired_at),
        "suspended_at": moment(key.suspended_at),
        "rotated_from": key.rotated_from,
    })
}
