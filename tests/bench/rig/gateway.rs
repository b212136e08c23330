//! The gateway under measurement: `xunyuan serve` as it is shipped, with one worker, its access log going to /dev/null,
//! and a partner whose plan never refuses; behind it `xunyuan sandbox` on the generator's core.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use xunyuan::clock::Clock;
use xunyuan::config::Config;
use xunyuan::model::partner::{Mode, Scopes};
use xunyuan::partners::{Directory, KeyPolicy, MasterKeys, Material, NewPartner};
use xunyuan::sandbox::goods::Shop;
use xunyuan::server::house::open_directory;
use xunyuan::signing::http_message::{HmacKey, Signer, SigningKey};
use xunyuan::sql::Sql;

use super::many;
use super::process::{Core, Process, free_address};

/// The build under measurement.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_xunyuan");
/// The number the catalogue's goods are derived from.
pub const SEED: u64 = 1688;
/// The first partner.
pub const PARTNER: &str = "bench-1";
/// What the catalogue knows its callers by.
pub const TOKEN: &str = "bench";
/// A plan whose numbers are out of reach; a day's burst is what holds, as a u32 of units a day is 50,000 a second.
const PLAN: [&str; 2] = [
    "INSERT INTO plans (id, in_flight, price_tier) VALUES ('bench', 100000, 'preferred')",
    "INSERT INTO plan_policies (plan, name, quota, window_s, burst) VALUES ('bench', 'second', 1000000, 1, 1000000), \
     ('bench', 'minute', 60000000, 60, 60000000), ('bench', 'day', 4000000000, 86400, 4000000000)",
];

/// So many partners are made as the operator makes them.
const ONE_BY_ONE: usize = 100;

/// A gateway that runs, with its counterparty.
pub struct Gateway {
    /// Its process.
    pub process: Process,
    /// Where partners reach it.
    pub at: SocketAddr,
    /// Where the operator does.
    pub ops: SocketAddr,
    /// Where its catalogue listens.
    pub catalogue_at: SocketAddr,
    /// The partner's key.
    pub signer: Signer,
    /// The keys of all partners, the first one's too.
    pub signers: Vec<Signer>,
    settings: Vec<(&'static str, String)>,
    _catalogue: Process,
}

impl Gateway {
    /// Starts catalogue and gateway of a build; what they keep is in `folder`, which is made.
    pub async fn start(program: &Path, core: Core, folder: &Path, offers: u32) -> Result<Self> {
        let database = format!("sqlite://{}", folder.join("bench.db").display());
        Self::start_on(&database, 1, program, core, folder, offers).await
    }

    /// The same with settings of one's own.
    pub async fn start_with(
        program: &Path,
        core: Core,
        folder: &Path,
        offers: u32,
        own: &[(&'static str, String)],
    ) -> Result<Self> {
        let database = format!("sqlite://{}", folder.join("bench.db").display());
        Self::start_set(&Setup { database: &database, partners: 1, offers, own }, program, core, folder).await
    }

    /// The same on a database, with so many partners.
    pub async fn start_on(
        database: &str,
        partners: usize,
        program: &Path,
        core: Core,
        folder: &Path,
        offers: u32,
    ) -> Result<Self> {
        Self::start_set(&Setup { database, partners, offers, own: &[] }, program, core, folder).await
    }

    /// The same with so many partners, on a database of its own.
    pub async fn start_among(
        partners: usize,
        program: &Path,
        core: Core,
        folder: &Path,
        offers: u32,
        own: &[(&'static str, String)],
    ) -> Result<Self> {
        let database = format!("sqlite://{}", folder.join("bench.db").display());
        Self::start_set(&Setup { database: &database, partners, offers, own }, program, core, folder).await
    }

    async fn start_set(setup: &Setup<'_>, program: &Path, core: Core, folder: &Path) -> Result<Self> {
        let Setup { database, partners, offers, own } = *setup;
        std::fs::create_dir_all(folder)?;
        let catalogue_at = free_address()?;
        let mut catalogue = Core(None).command(program);
        catalogue.args(["sandbox", "--pace", "0", "--token", TOKEN]).args(["--seed", &SEED.to_string()]);
        catalogue.args(["--offers", &offers.to_string(), "--bind", &catalogue_at.to_string()]);
        let catalogue = Process::listening("the catalogue", catalogue, catalogue_at).await?;
        let (at, ops) = (free_address()?, free_address()?);
        let mut settings = settings(database, at, ops, catalogue_at)?;
        settings.extend_from_slice(own);
        let signers = self::partners(&settings, partners).await?;
        let signer = signers.first().context("no partner")?.clone();
        let mut gateway = core.command(program);
        gateway.arg("serve").envs(settings.iter().map(|(name, value)| (name, value)));
        let process = Process::listening("the gateway", gateway, at).await?;
        Ok(Self { process, at, ops, signer, signers, catalogue_at, settings, _catalogue: catalogue })
    }
}

impl Gateway {
    /// The directory it reads, to change as an operator does while it runs.
    pub async fn directory(&self) -> Result<(Sql, Arc<Directory>)> {
        directory(&self.settings).await
    }
}

/// What a gateway is started with.
struct Setup<'a> {
    database: &'a str,
    partners: usize,
    offers: u32,
    own: &'a [(&'static str, String)],
}

/// The paths of offers the catalogue has.
pub fn offer_paths(offers: u32) -> Vec<String> {
    let shop = Shop::open(SEED, offers);
    (0..offers).map(|index| format!("/v1/offers/{}", shop.goods(index).id)).collect()
}

fn settings(
    database: &str,
    at: SocketAddr,
    ops: SocketAddr,
    catalogue: SocketAddr,
) -> Result<Vec<(&'static str, String)>> {
    Ok(vec![
        ("XUNYUAN__SERVER__BIND", at.to_string()),
        ("XUNYUAN__SERVER__WORKERS", "1".to_owned()),
        ("XUNYUAN__SERVER__PUBLIC_NAMES", format!("[\"{at}\"]")),
        ("XUNYUAN__OPS__BIND", ops.to_string()),
        ("XUNYUAN__TELEMETRY__LOG", "warn".to_owned()),
        ("XUNYUAN__DATABASE__URL", database.to_owned()),
        ("XUNYUAN__SECRETS__MASTER_KEY", MasterKeys::generate(1)?.trim().to_owned()),
        ("XUNYUAN__UPSTREAM__LIVE__URL", format!("http://{catalogue}")),
        ("XUNYUAN__UPSTREAM__LIVE__TOKEN", TOKEN.to_owned()),
    ])
}

fn config(settings: &[(&'static str, String)]) -> Result<Config> {
    let pairs = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Ok(Config::load(None, pairs)?)
}

async fn directory(settings: &[(&'static str, String)]) -> Result<(Sql, Arc<Directory>)> {
    Ok(open_directory(&config(settings)?, &Clock::System).await?)
}

/// The plan, and partners with a live key each, made before the gateway reads them.
async fn partners(settings: &[(&'static str, String)], count: usize) -> Result<Vec<Signer>> {
    let (sql, directory) = directory(settings).await?;
    for row in PLAN {
        sql.execute(row, Vec::new()).await?;
    }
    let mut signers = Vec::new();
    for number in 1..=count.min(ONE_BY_ONE) {
        let id = || format!("bench-{number}").parse();
        let new = NewPartner { id: id()?, name: "Bench".into(), country: "JP".into(), plan: "bench".into() };
        directory.create_partner("bench", new).await?;
        let policy = KeyPolicy { mode: Mode::Live, scopes: Scopes::all(), allowed: Vec::new(), expires_at: None };
        let issued = directory.issue_key("bench", &id()?, policy, Material::SharedSecret).await?;
        let secret = issued.secret.context("a shared secret is shown when it is made")?;
        let key = SigningKey::HmacSha256(HmacKey::new(secret.expose().as_bytes()));
        signers.push(Signer { key_id: issued.key_id.to_string(), key });
    }
    if count > ONE_BY_ONE {
        signers.extend(many::partners(&config(settings)?, &sql, "bench", ONE_BY_ONE + 1..count + 1).await?);
    }
    sql.close().await;
    Ok(signers)
}
