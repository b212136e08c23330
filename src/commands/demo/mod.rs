//! `xunyuan demo`: sandbox catalogue, gateway and operator's listener in one process on embedded parts, with a partner
//! and its keys, ready to be tried from the commands it prints.

mod check;
mod folder;
mod through;
mod welcome;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use crate::clock::Clock;
use crate::commands::client::Client;
use crate::commands::demo::folder::Folder;
use crate::commands::demo::through::Between;
use crate::commands::key_file::KeyFile;
use crate::commands::{CannotStart, sandbox as loading, stop_signal};
use crate::config::Config;
use crate::sandbox;
use crate::server::house::House;
use crate::server::listeners::{Doors, Running, serve};
use crate::telemetry::access::AccessLog;
use crate::telemetry::{self, Guard};

/// The pace at which `--check` lets orders move: a whole order in a few seconds.
const CHECK_PACE: f64 = 200.0;
const DEMO_PACE: f64 = 20.0;

/// How the demo is started.
#[derive(Debug, Args)]
pub struct Asked {
    /// Walk through the main job against the running demo, then stop; exits 0 when every step did what it should
    #[arg(long)]
    check: bool,
    /// With --check: through two gateways, of which the first asks the second in the protocol of 1688's open platform
    #[arg(long, requires = "check")]
    through_1688: bool,
    /// Where orders, partners and keys are kept
    #[arg(long, default_value = "demo-data")]
    data: PathBuf,
    /// Port of the partners' listener (0 = a free one)
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Port of the operator's listener (0 = a free one)
    #[arg(long, default_value_t = 9090)]
    ops_port: u16,
    /// How many offers the sandbox catalogue has
    #[arg(long, default_value_t = 20_000)]
    offers: u32,
    /// How fast orders move by themselves: 1 = ten minutes for a whole order, 20 = half a minute
    #[arg(long)]
    pace: Option<f64>,
    /// The plan of the demo's partner: starter, business or enterprise
    #[arg(long, default_value = "business")]
    plan: String,
    /// Redis for limits, replay protection and cache, e.g. redis://127.0.0.1:6379 (default: this process alone)
    #[arg(long)]
    redis: Option<String>,
    /// Write the access log to standard output
    #[arg(long)]
    access_log: bool,
}

/// What a demo needs before there is a runtime.
#[derive(Debug)]
pub struct Prepared {
    folder: Folder,
    doors: Doors,
    master_key: String,
    asked: Asked,
    _guard: Guard,
}

/// Takes the folder and the ports, or says what is in the way.
pub fn prepare(mut asked: Asked) -> Result<Prepared> {
    if asked.check {
        // A check must not disturb a demo that is running, nor be disturbed by one.
        (asked.port, asked.ops_port) = (0, 0);
    }
    let folder = if asked.check { Folder::temporary()? } else { Folder::take(&asked.data)? };
    let master_key = folder.master_key()?;
    let at = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let doors = Doors::bind(at(asked.port), at(asked.ops_port)).map_err(CannotStart::because)?;
    let log = telemetry::Settings { log: "warn".into(), pretty: true, otlp_endpoint: None };
    let guard = telemetry::start(&log).map_err(CannotStart::because)?;
    Ok(Prepared { folder, doors, master_key, asked, _guard: guard })
}

/// Runs the demo until told to stop, or through its check.
pub async fn run(prepared: Prepared) -> Result<()> {
    let Prepared { folder, doors, master_key, asked, _guard } = prepared;
    let catalogue = catalogue(&asked, &folder).await?;
    let here = doors.partners_address().map_err(CannotStart::because)?;
    let mut settings = settings(&asked, &folder, &master_key, &catalogue, here);
    let between = match asked.through_1688 {
        true => Some(Between::open(&settings, &folder).await?),
        false => None,
    };
    settings.extend(between.iter().flat_map(Between::settings));
    let config = load(settings)?;
    let (log, _writer) = if asked.access_log { AccessLog::to(std::io::stdout()) } else { (AccessLog::none(), None) };
    let house = House::open(config, Clock::System, log).await.map_err(CannotStart::because)?;
    let running = serve(house, doors).map_err(CannotStart::because)?;
    let keys = folder.keys(&running, &asked.plan).await?;
    let told = if asked.check {
        check(&keys, asked.through_1688).await
    } else {
        welcome::print(&running, &catalogue, &folder)?;
        stop_signal().await;
        Ok(())
    };
    running.stop().await;
    if let Some(between) = between {
        between.stop().await;
    }
    catalogue.stop().await;
    folder.release();
    told
}

async fn catalogue(asked: &Asked, folder: &Folder) -> Result<sandbox::Running> {
    let settings = sandbox::Settings {
        offers: asked.offers,
        pace: asked.pace.unwrap_or(if asked.check { CHECK_PACE } else { DEMO_PACE }),
        data: Some(folder.path("catalogue")),
        token: folder.token()?,
        describe_pictures: true,
        ..sandbox::Settings::default()
    };
    sandbox::start(settings, loading::progress()).await.map_err(CannotStart::because)
}

/// Settings by their names, without the prefix; of two with one name the later counts.
type Pairs = Vec<(&'static str, String)>;

fn load(pairs: Pairs) -> Result<Config> {
    let pairs = pairs.into_iter().map(|(name, value)| (format!("XUNYUAN__{name}"), value));
    Config::load(None, pairs).map_err(CannotStart::because)
}

fn settings(asked: &Asked, folder: &Folder, master_key: &str, catalogue: &sandbox::Running, here: SocketAddr) -> Pairs {
    let database = folder.path("xunyuan.db");
    vec![
        ("SECRETS__MASTER_KEY", master_key.to_owned()),
        ("DATABASE__URL", format!("sqlite://{}", database.display())),
        ("UPSTREAM__LIVE__URL", catalogue.url()),
        ("UPSTREAM__LIVE__TOKEN", catalogue.token.clone()),
        ("UPSTREAM__SANDBOX__URL", catalogue.url()),
        ("UPSTREAM__SANDBOX__TOKEN", catalogue.token.clone()),
        ("SERVER__PUBLIC_URL", format!("http://{here}")),
        ("ORDERS__FOLLOW_MS", "50".to_owned()),
        ("ORDERS__QUOTES_ON_EMBEDDED_RATES", "all".to_owned()),
        // Receivers that are tried with the demo are on this machine.
        ("WEBHOOKS__ALLOW_NETWORKS", "[\"127.0.0.0/8\", \"::1/128\"]".to_owned()),
        ("SERVER__DRAIN_S", "0".to_owned()),
        ("SERVER__SHUTDOWN_S", "3".to_owned()),
        // A partner who tries things out receives on this machine.
        ("WEBHOOKS__ALLOW_NETWORKS", r#"["127.0.0.0/8"]"#.to_owned()),
        ("REDIS__URL", asked.redis.clone().unwrap_or_default()),
    ]
}

async fn check(keys: &folder::Keys, through_1688: bool) -> Result<()> {
    let client = |key: &KeyFile| -> Result<Client> { Client::new(key.base()?, key.signer()?, Clock::System) };
    check::walk(&client(&keys.live)?, &client(&keys.sandbox)?, through_1688)
        .await
        .context("the demo does not do its main job")
}

/// Where a running demo is reached.
fn address(running: &Running) -> String {
    format!("http://{}", running.address)
}
