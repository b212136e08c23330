//! Everything of a run that is a process of its own: PostgreSQL (which forces to disk what it promised), Redis, the
//! catalogue with its journal, and the gateway's nodes.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Mutex;
use url::Url;
use xunyuan::config::{Config, DEFAULTS};
use xunyuan::partners::MasterKeys;
use xunyuan::sandbox::goods::Shop;

use crate::process::{Ports, Process, Recipe, open_folder, run, which};

/// The build under trial.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_xunyuan");
/// What the catalogue knows the gateway by.
pub const TOKEN: &str = "nemesis";
/// What all goods are derived from.
pub const SEED: u64 = 1688;
const PASSWORD: &str = "trial";

/// How large the world is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Nodes of the gateway.
    pub nodes: usize,
    /// Offers of the catalogue.
    pub offers: u32,
    /// How fast paid orders move on; see `xunyuan sandbox --pace`.
    pub pace: f64,
    /// By how much the last node's clock is off.
    pub clock_off_ms: i64,
}

/// All processes; each is locked while it is killed, frozen or started again.
pub struct World {
    /// How to reach the database.
    pub postgres_url: String,
    /// How to reach the catalogue.
    pub catalogue_url: Url,
    /// How to reach each node.
    pub node_urls: Vec<Url>,
    /// What the catalogue has.
    pub goods: Vec<i64>,
    /// Settings of the first node, to open the directory with.
    pub settings: Vec<(String, String)>,
    /// The database server.
    pub postgres: Mutex<Process>,
    /// The meter's server.
    pub redis: Mutex<Process>,
    /// The other side.
    pub catalogue: Mutex<Process>,
    /// The gateway.
    pub nodes: Vec<Mutex<Process>>,
    _database: TempDir,
}

impl World {
    /// Starts all but the nodes, which `open` starts once partners are there.
    pub async fn build(folder: &Path, size: Size) -> Result<Self> {
        let (mut ports, shop) = (Ports::new(), Shop::open(SEED, size.offers));
        let database = tempfile::Builder::new().prefix("xunyuan-nemesis.").tempdir()?;
        let (postgres, postgres_url) = postgres(database.path(), folder, &mut ports).await?;
        let redis = redis(folder, &mut ports).await?;
        let catalogue = catalogue(folder, size, &mut ports).await?;
        let catalogue_url: Url = format!("http://{}", catalogue.recipe.at).parse()?;
        let redis_url = format!("redis://{}", redis.recipe.at);
        let master = MasterKeys::generate(1)?.trim().to_owned();
        let (mut nodes, mut node_urls, mut first) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..size.nodes {
            let (at, ops) = (ports.next()?, ports.next()?);
            let mut line = vec![PROGRAM.to_owned(), "serve".to_owned()];
            if number + 1 == size.nodes && size.clock_off_ms != 0 {
                line.push(format!("--clock-off-ms={}", size.clock_off_ms));
            }
            let mut environment = settings(&postgres_url, &redis_url, catalogue_url.as_str(), &master, size.nodes);
            environment.push(("XUNYUAN__SERVER__BIND".into(), at.to_string()));
            environment.push(("XUNYUAN__SERVER__PUBLIC_NAMES".into(), format!("[\"{at}\"]")));
            environment.push(("XUNYUAN__OPS__BIND".into(), ops.to_string()));
            if number == 0 {
                first = environment.clone();
            }
            let (name, folder) = (format!("node{number}"), folder.to_path_buf());
            let recipe = Recipe { name, line, environment, at, become_other: Vec::new(), folder };
            nodes.push(Mutex::new(Process::unstarted(recipe)));
            node_urls.push(format!("http://{at}").parse()?);
        }
        Ok(Self {
            postgres_url,
            catalogue_url,
            node_urls,
            goods: (0..size.offers).map(|index| shop.goods(index).id).collect(),
            settings: first,
            postgres: Mutex::new(postgres),
            redis: Mutex::new(redis),
            catalogue: Mutex::new(catalogue),
            nodes,
            _database: database,
        })
    }

    /// Starts the nodes.
    pub async fn open(&self) -> Result<()> {
        for node in &self.nodes {
            let mut node = node.lock().await;
            node.spawn()?;
            node.ready(Duration::from_secs(60)).await?;
        }
        Ok(())
    }

    /// The nodes' settings.
    pub fn config(&self) -> Result<Config> {
        Ok(Config::load(None, self.settings.iter().cloned())?)
    }

    /// Every process that ended though nobody asked it to.
    pub async fn gone(&self) -> Vec<String> {
        let mut gone = Vec::new();
        for process in [&self.postgres, &self.redis, &self.catalogue].into_iter().chain(&self.nodes) {
            let mut process = process.lock().await;
            if process.is_gone() {
                gone.push(process.recipe.name.clone());
            }
        }
        gone
    }

    /// Ends everything, PostgreSQL last.
    pub async fn close(&self) -> Result<()> {
        for node in &self.nodes {
            node.lock().await.kill();
        }
        self.catalogue.lock().await.kill();
        self.redis.lock().await.kill();
        self.postgres.lock().await.end("INT", Duration::from_secs(20)).await
    }
}

/// A client of the catalogue's own face, for control and for looking into its book.
#[derive(Clone)]
pub struct Catalogue {
    url: Url,
    http: reqwest::Client,
}

impl Catalogue {
    /// A client that waits so long for an answer.
    pub fn new(url: Url, patience: Duration) -> Result<Self> {
        Ok(Self { url, http: reqwest::Client::builder().no_proxy().timeout(patience).build()? })
    }

    /// Asks and gives the data of the envelope; none when there is no such path.
    pub async fn ask(&self, method: &str, target: &str, body: Option<&Value>) -> Result<Option<Value>> {
        let mut asked = self.http.request(method.parse()?, self.url.join(target)?).header("x-internal-token", TOKEN);
        if let Some(body) = body {
            asked = asked.json(body);
        }
        let answer = asked.send().await?;
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let status = answer.status();
        let mut envelope: Value = answer.json().await?;
        ensure!(envelope["success"] == true, "the catalogue answered {status} {envelope} to {method} {target}");
        Ok(Some(envelope["data"].take()))
    }
}

/// PostgreSQL refuses to run as root: then it runs as `postgres`. What it calls committed is on the disk.
async fn postgres(database: &Path, folder: &Path, ports: &mut Ports) -> Result<(Process, String)> {
    open_folder(database)?;
    let (data, password) = (database.join("data"), database.join("password"));
    std::fs::create_dir(&data)?;
    std::fs::write(&password, format!("{PASSWORD}\n"))?;
    let mut become_other = Vec::new();
    if is_root() {
        run(Command::new("chown").arg("postgres").arg(&data).arg(&password))?;
        become_other = ["--reuid=postgres", "--regid=postgres", "--init-groups"].map(str::to_owned).to_vec();
    }
    let text = |path: &Path| path.to_str().map(str::to_owned).context("a folder's name is no text");
    let mut initdb = Command::new("setpriv");
    initdb.args(&become_other).arg("--").arg(which("initdb")?).arg("-D").arg(&data).current_dir("/");
    initdb.args(["-U", "xunyuan", "-A", "scram-sha-256", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--pwfile"]);
    run(initdb.arg(&password))?;
    let at = ports.next()?;
    let mut line = vec![which("postgres")?, "-D".into(), text(&data)?, "-p".into(), at.port().to_string()];
    line.extend(["-k".into(), text(&data)?]);
    for setting in ["listen_addresses=127.0.0.1", "max_connections=200", "fsync=on", "synchronous_commit=on"] {
        line.extend(["-c".into(), setting.into()]);
    }
    let url = format!("postgres://xunyuan:{PASSWORD}@{at}/postgres");
    let recipe = Recipe {
        name: "postgres".into(),
        line,
        environment: Vec::new(),
        at,
        become_other,
        folder: folder.to_path_buf(),
    };
    Ok((Process::start(recipe).await?, url))
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0)
}

async fn redis(folder: &Path, ports: &mut Ports) -> Result<Process> {
    let at = ports.next()?;
    let mut line = vec![which("redis-server")?, "--port".into(), at.port().to_string()];
    line.extend(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"].map(str::to_owned));
    let (environment, become_other) = (Vec::new(), Vec::new());
    Process::start(Recipe { name: "redis".into(), line, environment, at, become_other, folder: folder.to_path_buf() })
        .await
}

async fn catalogue(folder: &Path, size: Size, ports: &mut Ports) -> Result<Process> {
    let at = ports.next()?;
    let data = folder.join("catalogue");
    let options = [
        ("--bind", at.to_string()),
        ("--offers", size.offers.to_string()),
        ("--seed", SEED.to_string()),
        ("--pace", size.pace.to_string()),
        ("--token", TOKEN.to_owned()),
        ("--data", data.display().to_string()),
    ];
    let mut line = vec![PROGRAM.to_owned(), "sandbox".to_owned()];
    line.extend(options.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
    let (environment, become_other) = (Vec::new(), Vec::new());
    let folder = folder.to_path_buf();
    Process::start(Recipe { name: "catalogue".into(), line, environment, at, become_other, folder }).await
}

/// What all nodes are told: short deadlines, so that a run sees many ends of leases.
fn settings(postgres: &str, redis: &str, catalogue: &str, master: &str, nodes: usize) -> Vec<(String, String)> {
    let mut told = vec![
        ("DATABASE__URL", postgres.to_owned()),
        ("REDIS__URL", redis.to_owned()),
        ("SECRETS__MASTER_KEY", master.to_owned()),
        ("LIMITS__NODES", nodes.to_string()),
        ("SERVER__WORKERS", "2".to_owned()),
        ("SERVER__DRAIN_S", "0".to_owned()),
        ("TELEMETRY__LOG", "warn".to_owned()),
        ("TELEMETRY__ACCESS_LOG_SHARE", "0.0".to_owned()),
        ("UPSTREAM__DEADLINE_MS", "2000".to_owned()),
        ("UPSTREAM__ORDER_DEADLINE_MS", "3000".to_owned()),
        ("UPSTREAM__LIVE__URL", catalogue.to_owned()),
        ("UPSTREAM__LIVE__TOKEN", TOKEN.to_owned()),
        ("ORDERS__FOLLOW_MS", "200".to_owned()),
        ("ORDERS__RECONCILE_MS", "500".to_owned()),
        ("ORDERS__QUOTES_ON_EMBEDDED_RATES", "all".to_owned()),
    ];
    if knows_webhooks() {
        told.push(("WEBHOOKS__ALLOW_NETWORKS", "[\"127.0.0.1/32\"]".to_owned()));
    }
    told.into_iter().map(|(name, value)| (format!("XUNYUAN__{name}"), value)).collect()
}

/// Whether this build can be told that receivers on loopback are meant.
fn knows_webhooks() -> bool {
    DEFAULTS.contains("allow_networks")
}
