//! The demo's folder: taken by one demo at a time, with its master key, the catalogue's token and the partner's keys.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use serde_json::json;

use crate::audit::Who;
use crate::commands::CannotStart;
use crate::commands::demo::address;
use crate::commands::key_file::{KeyFile, write_private};
use crate::config::{Config, Endpoint};
use crate::model::partner::{Mode, Scopes};
use crate::partners::{KeyPolicy, MasterKeys, Material, NewPartner};
use crate::server::listeners::Running;

const PARTNER: &str = "tokyo-bazaar";
/// The host of the partner's shop, where visitors may be sent.
pub(super) const SHOP: &str = "tokyo-bazaar.example";
const ACTOR: Who = Who::System;

/// A folder that belongs to this demo as long as it runs.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    lock: File,
    temporary: bool,
}

/// The keys of the demo's partner.
#[derive(Debug)]
pub struct Keys {
    /// For real orders.
    pub live: KeyFile,
    /// For trying things out.
    pub sandbox: KeyFile,
}

impl Folder {
    /// Takes a folder, making it when it is not there.
    pub fn take(path: &Path) -> Result<Self> {
        let shown = path.display();
        fs::create_dir_all(path).map_err(|error| {
            stop(anyhow!("the data folder {shown} cannot be made: {error}; choose another with --data"))
        })?;
        let lock = File::create(path.join("lock")).map_err(|error| {
            stop(anyhow!("the data folder {shown} cannot be written: {error}; choose another with --data"))
        })?;
        match lock.try_lock() {
            // Whole, so that what is printed can be pasted anywhere.
            Ok(()) => Ok(Self { path: path.canonicalize()?, lock, temporary: false }),
            Err(TryLockError::WouldBlock) => Err(stop(anyhow!(
                "another demo is running with the data folder {shown}; stop it, or choose another with --data"
            ))),
            Err(TryLockError::Error(error)) => Err(stop(anyhow!("the data folder {shown} cannot be locked: {error}"))),
        }
    }

    /// A folder that is gone after the demo.
    pub fn temporary() -> Result<Self> {
        let name = format!("xunyuan-check-{}", uuid::Uuid::now_v7().simple());
        Ok(Self { temporary: true, ..Self::take(&std::env::temp_dir().join(name))? })
    }

    /// A file or folder inside.
    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The master key, made on first start.
    pub fn master_key(&self) -> Result<String> {
        self.secret("master.key", || Ok(MasterKeys::generate(1)?.to_string()))
    }

    /// The token between gateway and catalogue, made on first start.
    pub fn token(&self) -> Result<String> {
        self.secret("catalogue.token", crate::commands::client::nonce)
    }

    fn secret(&self, name: &str, make: impl FnOnce() -> Result<String>) -> Result<String> {
        let path = self.path(name);
        if let Ok(known) = fs::read_to_string(&path) {
            return Ok(known.trim().to_owned());
        }
        let made = make()?;
        write_private(&path, &made).map_err(stop)?;
        Ok(made.trim().to_owned())
    }

    /// The partner's keys; on first start the partner is made. Their files name where the gateway is now.
    pub async fn keys(&self, running: &Running, plan: &str) -> Result<Keys> {
        let directory = &running.house.directory;
        let partner = PARTNER.parse()?;
        if directory.find_partner(PARTNER).is_none() {
            let new = NewPartner { id: partner, name: "Tokyo Bazaar".into(), country: "JP".into(), plan: plan.into() };
            directory.create_partner(ACTOR, new).await.map_err(CannotStart::because)?;
        }
        let ledger = &running.house.ledger;
        ledger.set_host(ACTOR, &PARTNER.parse()?, SHOP, true).await.map_err(CannotStart::because)?;
        Ok(Keys { live: self.key(running, Mode::Live).await?, sandbox: self.key(running, Mode::Sandbox).await? })
    }

    async fn key(&self, running: &Running, mode: Mode) -> Result<KeyFile> {
        let path = self.path(&format!("{}.key", mode.name()));
        let url = address(running);
        if let Ok(known) = KeyFile::read(&path)
            && running.house.directory.find(&known.key_id).is_some()
        {
            let known = KeyFile { url, ..known };
            known.write(&path)?;
            return Ok(known);
        }
        let policy = KeyPolicy { mode, scopes: Scopes::all(), allowed: Vec::new(), expires_at: None };
        let issued =
            running.house.directory.issue_key(ACTOR, &PARTNER.parse()?, policy, Material::SharedSecret).await?;
        let secret = issued.secret.context("a shared secret was asked for")?.expose().to_owned();
        let key = KeyFile { url, key_id: issued.key_id.to_string(), secret, algorithm: issued.algorithm.to_string() };
        key.write(&path)?;
        Ok(key)
    }

    /// Writes the settings with which the operator's own commands work on this demo; gives the file's whole path.
    pub fn operator_settings(&self, config: &Config) -> Result<PathBuf> {
        let endpoint = |endpoint: &Option<Endpoint>| {
            endpoint.as_ref().map(|one| json!({ "url": one.url.to_string(), "token": one.token.to_string() }))
        };
        let whole = json!({
            "database": { "url": config.database.url },
            "secrets": { "master_key": config.secrets.master_key.to_string() },
            "upstream": { "live": endpoint(&config.upstream.live), "sandbox": endpoint(&config.upstream.sandbox) },
        });
        let path = self.path("operator.toml");
        write_private(&path, &toml::to_string(&whole)?)?;
        Ok(path)
    }

    /// Gives the folder back; a temporary one is removed.
    pub fn release(self) {
        drop(self.lock);
        if self.temporary {
            // What cannot be removed stays in the system's temporary folder, which cleans itself.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn stop(error: anyhow::Error) -> anyhow::Error {
    CannotStart(error).into()
}
