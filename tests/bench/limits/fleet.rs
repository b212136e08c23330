//! Four gateways over one database and one Redis, with the reference catalogue behind them, and a partner for each
//! profile, so that no profile has to wait until another is forgotten.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use xunyuan::clock::Clock;
use xunyuan::commands::client::nonce;
use xunyuan::config::Config;
use xunyuan::model::partner::{Mode, Scopes};
use xunyuan::partners::{KeyPolicy, MasterKeys, Material, NewPartner};
use xunyuan::server::house::open_directory;
use xunyuan::signing::http_message::{HmacKey, Message, NoFields, Signer, SigningKey};
use xunyuan::sql::{Arg, Sql};

use super::judge::Rate;
use super::log::Log;
use super::rig::gateway::{PROGRAM, SEED, offer_paths};
use super::rig::generator::Line;
use super::rig::process::{Core, Process, free_address};

/// How many gateways there are.
pub const NODES: usize = 4;
const TOKEN: &str = "bench";
const OFFERS: u32 = 200;
type Settings = Vec<(&'static str, String)>;

/// One gateway.
pub struct Node {
    /// Where partners reach it.
    pub at: SocketAddr,
    /// Where the operator does.
    pub ops: SocketAddr,
    /// How far its clock is off.
    pub off_ms: i64,
    /// What it says.
    pub log: Log,
    process: Option<Process>,
}

/// All of it.
pub struct Fleet {
    /// The gateways.
    pub nodes: Vec<Node>,
    signers: HashMap<String, Signer>,
    hot: String,
    settings: Settings,
    folder: PathBuf,
    sql: Sql,
    _catalogue: Process,
}

impl Fleet {
    /// Starts everything; each partner gets a plan of its own with these rates, one over a second and one over a minute.
    pub async fn start(core: Core, folder: &Path, redis: &str, partners: &[&str], rates: [Rate; 2]) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let catalogue_at = free_address()?;
        let mut catalogue = core.command(PROGRAM);
        catalogue.args(["sandbox", "--pace", "0", "--token", TOKEN, "--seed", &SEED.to_string()]);
        catalogue.args(["--offers", &OFFERS.to_string(), "--bind", &catalogue_at.to_string()]);
        let catalogue = Process::listening("the catalogue", catalogue, catalogue_at).await?;
        let settings = settings(folder, redis, catalogue_at)?;
        let (sql, signers) = furnish(&settings, partners, rates).await?;
        let mut nodes = Vec::new();
        for number in 0..NODES {
            let (at, ops, log) = (free_address()?, free_address()?, folder.join(format!("node-{number}.log")));
            nodes.push(Node { at, ops, off_ms: 0, log: Log::at(&log), process: None });
        }
        let folder = folder.to_owned();
        let mut fleet = Self { nodes, signers, hot: String::new(), settings, folder, sql, _catalogue: catalogue };
        for number in 0..NODES {
            fleet.start_node(core, number, 0).await?;
        }
        fleet.hot = fleet.find_hot().await?;
        fleet.warm().await?;
        Ok(fleet)
    }

    /// Starts a gateway, in place of the one that ran there; its clock is off by so much.
    pub async fn start_node(&mut self, core: Core, number: usize, off_ms: i64) -> Result<()> {
        let path = self.folder.join(format!("node-{number}.log"));
        let node = self.nodes.get_mut(number).context("no such node")?;
        node.process = None;
        let mut command = core.command(PROGRAM);
        command.arg("serve").arg(format!("--clock-off-ms={off_ms}")).envs(self.settings.iter().cloned());
        command.env("XUNYUAN__SERVER__BIND", node.at.to_string()).env("XUNYUAN__OPS__BIND", node.ops.to_string());
        command.stdout(File::create(&path)?);
        node.process = Some(Process::listening("a gateway", command, node.at).await?);
        (node.off_ms, node.log) = (off_ms, Log::at(&path));
        Ok(())
    }

    /// The process of a gateway.
    pub fn process_id(&self, number: usize) -> Option<u32> {
        self.nodes.get(number)?.process.as_ref().map(Process::id)
    }

    /// Shows every gateway the hot offer, so that the catalogue is not asked during a profile.
    pub async fn warm(&self) -> Result<()> {
        for node in &self.nodes {
            let status =
                Line::open(node.at).await?.ask(&self.request("warm", node.at, &self.hot, "warm")?).await?.status;
            ensure!(status == 200, "the hot offer is answered {status}");
        }
        Ok(())
    }

    async fn find_hot(&self) -> Result<String> {
        let node = self.nodes.first().context("no node")?;
        for path in offer_paths(OFFERS) {
            let mut line = Line::open(node.at).await?;
            if line.ask(&self.request("warm", node.at, &path, "warm")?).await?.status == 200 {
                return Ok(path);
            }
        }
        anyhow::bail!("no offer can be shown")
    }

    /// A signed read of the hot offer at a node.
    pub fn hot(&self, partner: &str, node: usize, id: &str) -> Result<Vec<u8>> {
        let node = self.nodes.get(node).context("no such node")?;
        self.request(partner, node.at, &self.hot, id)
    }

    fn request(&self, partner: &str, at: SocketAddr, path: &str, id: &str) -> Result<Vec<u8>> {
        let signer = self.signers.get(partner).with_context(|| format!("no partner {partner}"))?;
        let authority = at.to_string();
        let message =
            Message { method: "GET", scheme: "http", authority: &authority, path, query: None, headers: &NoFields };
        let signed = signer.sign(&message, b"", Clock::System.now_s(), &nonce()?)?;
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {authority}\r\nx-request-id: {id}\r\nsignature-input: {}\r\nsignature: {}\r\n\r\n",
            signed.signature_input, signed.signature
        );
        Ok(head.into_bytes())
    }

    /// Gives a partner's plan another rate, as an operator's change in the database.
    pub async fn change_plan(&self, partner: &str, rate: Rate) -> Result<()> {
        const CHANGE: &str = "UPDATE plan_policies SET quota = $1, burst = $2 WHERE plan = $3 AND name = 'second'";
        self.sql
            .execute(CHANGE, vec![Arg::from(rate.per_s as i64), Arg::from(rate.burst as i64), partner.into()])
            .await?;
        self.sql.execute("UPDATE directory_version SET version = version + 1 WHERE id = 1", Vec::new()).await?;
        Ok(())
    }
}

fn settings(folder: &Path, redis: &str, catalogue: SocketAddr) -> Result<Settings> {
    Ok(vec![
        ("XUNYUAN__SERVER__WORKERS", "1".to_owned()),
        ("XUNYUAN__TELEMETRY__LOG", "warn".to_owned()),
        ("XUNYUAN__DATABASE__URL", format!("sqlite://{}", folder.join("bench.db").display())),
        ("XUNYUAN__REDIS__URL", redis.to_owned()),
        ("XUNYUAN__LIMITS__NODES", NODES.to_string()),
        ("XUNYUAN__SECRETS__MASTER_KEY", MasterKeys::generate(1)?.trim().to_owned()),
        ("XUNYUAN__UPSTREAM__LIVE__URL", format!("http://{catalogue}")),
        ("XUNYUAN__UPSTREAM__LIVE__TOKEN", TOKEN.to_owned()),
    ])
}

async fn furnish(settings: &Settings, partners: &[&str], rates: [Rate; 2]) -> Result<(Sql, HashMap<String, Signer>)> {
    let pairs = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let config = Config::load(None, pairs)?;
    let (sql, directory) = open_directory(&config, &Clock::System).await?;
    let [second, minute] = rates;
    let mut signers = HashMap::new();
    for name in partners.iter().copied().chain(["warm"]) {
        const PLAN: &str = "INSERT INTO plans (id, in_flight, price_tier) VALUES ($1, 100000, 'standard')";
        const POLICY: &str =
            "INSERT INTO plan_policies (plan, name, quota, window_s, burst) VALUES ($1, $2, $3, $4, $5)";
        sql.execute(PLAN, vec![name.into()]).await?;
        let day = Rate { per_s: 10_000.0, burst: 864_000_000.0 };
        for (policy, window_s, rate) in [("second", 1, second), ("minute", 60, minute), ("day", 86_400, day)] {
            let [quota, burst] = [rate.per_s * f64::from(window_s), rate.burst].map(|number| Arg::from(number as i64));
            sql.execute(POLICY, vec![name.into(), policy.into(), quota, Arg::from(i64::from(window_s)), burst]).await?;
        }
        let new = NewPartner { id: name.parse()?, name: "Bench".into(), country: "JP".into(), plan: name.into() };
        directory.create_partner("bench", new).await?;
        let policy = KeyPolicy { mode: Mode::Live, scopes: Scopes::all(), allowed: Vec::new(), expires_at: None };
        let issued = directory.issue_key("bench", &name.parse()?, policy, Material::SharedSecret).await?;
        let secret = issued.secret.context("a shared secret is shown when it is made")?;
        let key = SigningKey::HmacSha256(HmacKey::new(secret.expose().as_bytes()));
        signers.insert(name.to_owned(), Signer { key_id: issued.key_id.to_string(), key });
    }
    Ok((sql, signers))
}

/// How long until no gateway holds Redis to be down any more.
pub fn recovered(ops: &[SocketAddr], within: Duration) -> Option<Duration> {
    let began = Instant::now();
    while began.elapsed() < within {
        if ops.iter().all(|at| reading(*at, "xunyuan_redis_down").is_some_and(|down| down < 0.5)) {
            return Some(began.elapsed());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}

/// One number of a gateway's metrics.
fn reading(ops: SocketAddr, name: &str) -> Option<f64> {
    let mut stream = TcpStream::connect(ops).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: {ops}\r\nconnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}
