//! `tests/bench/run webhooks`: a thousand endpoints of which a hundred never answer. In each round every partner has an
//! event, written by another process than the one that delivers; told is how long the healthy endpoints wait for it.

#![allow(clippy::print_stdout, reason = "a bench tells what it found")]

#[path = "../rig/figures.rs"]
#[allow(dead_code, reason = "the rig serves every bench")]
mod figures;
#[path = "../rig/process.rs"]
#[allow(dead_code, reason = "the rig serves every bench")]
mod process;

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use xunyuan::clock::Clock;
use xunyuan::config::Config;
use xunyuan::ledger::Ledger;
use xunyuan::model::ids::EventId;
use xunyuan::model::partner::{Caller, Mode, Scopes};
use xunyuan::model::webhook::Format;
use xunyuan::partners::{MasterKeys, NewPartner, Sealer};
use xunyuan::server::house::open_directory;
use xunyuan::server::settings;
use xunyuan::sql::{Arg, Error, Sql};
use xunyuan::webhooks::{Draft, Names, Webhooks};

use figures::Target;
use process::{Core, Process, free_address};

const PROGRAM: &str = env!("CARGO_BIN_EXE_xunyuan");
/// A partner may have twenty.
const ENDPOINTS_EACH: usize = 20;
/// What is not there by then is missing.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Parser)]
struct Asked {
    /// How often every partner has an event
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Endpoints in all
    #[arg(long, default_value_t = 1_000)]
    endpoints: usize,
    /// Every so many-th of them never answers
    #[arg(long, default_value_t = 10)]
    hanging_every: usize,
    /// Milliseconds between the beginnings of two rounds
    #[arg(long, default_value_t = 3_000)]
    gap_ms: u64,
    /// An empty database instead of a SQLite file of its own
    #[arg(long)]
    database: Option<String>,
    /// The gateway's core
    #[arg(long)]
    server_core: Option<usize>,
    /// Where the figures go
    #[arg(long, default_value = "target/bench/webhooks.json")]
    out: PathBuf,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<ExitCode> {
    let asked = Asked::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    runtime.block_on(local.run_until(async {
        // Whatever ends the bench, the gateway it started is dropped and ends with it.
        tokio::select! {
            done = run(&asked) => done,
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::FAILURE),
        }
    }))
}

/// When an event reached which endpoint first.
type Arrivals = Rc<RefCell<HashMap<(usize, String), Instant>>>;

async fn run(asked: &Asked) -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let receiver = listener.local_addr()?;
    let arrivals = Arrivals::default();
    tokio::task::spawn_local(receive(listener, asked.hanging_every, arrivals.clone()));
    let (at, settings) = settings_of(asked, folder.path())?;
    let (sql, partners) = furnish(asked, &settings, receiver).await?;
    let mut command = Core(asked.server_core).command(PROGRAM);
    command.arg("serve").envs(settings);
    let gateway = Process::listening("the gateway", command, at).await?;
    println!("{} endpoints of {partners} partners; the gateway is process {}", asked.endpoints, gateway.id());
    let mut written = HashMap::new();
    for _ in 0..asked.rounds {
        let begun = Instant::now();
        for (event, partner) in write(&sql, partners).await? {
            written.insert(event, (begun, partner));
        }
        tokio::time::sleep_until((begun + Duration::from_millis(asked.gap_ms)).into()).await;
    }
    let healthy = (0..asked.endpoints).filter(|number| number % asked.hanging_every != 0).count() * asked.rounds;
    let until = Instant::now() + PATIENCE;
    while arrivals.borrow().keys().filter(|(number, _)| number % asked.hanging_every != 0).count() < healthy
        && Instant::now() < until
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut waits_ms = Vec::new();
    let mut hung = 0;
    for ((number, event), at) in arrivals.borrow().iter() {
        let (begun, _) = written.get(event).context("an event that nobody wrote")?;
        match number % asked.hanging_every {
            0 => hung += 1,
            _ => waits_ms.push((*at - *begun).as_secs_f64() * 1_000.0),
        }
    }
    sql.close().await;
    told(asked, waits_ms, healthy, hung)
}

fn told(asked: &Asked, mut waits_ms: Vec<f64>, healthy: usize, hung: usize) -> Result<ExitCode> {
    ensure!(!waits_ms.is_empty(), "nothing arrived");
    waits_ms.sort_unstable_by(f64::total_cmp);
    let quantile = |share: f64| {
        let place = (waits_ms.len() as f64 * share) as usize;
        waits_ms.get(place.min(waits_ms.len() - 1)).copied().unwrap_or(0.0)
    };
    let (p50, p99, most) = (quantile(0.5), quantile(0.99), quantile(1.0));
    println!("{} of {healthy} deliveries to healthy endpoints arrived; {hung} attempts hang or hung", waits_ms.len());
    println!("from event to delivery: p50 {p50:.0} ms, p99 {p99:.0} ms, most {most:.0} ms");
    let targets = [
        Target::at_most("p99 from event to delivery, s", p99 / 1_000.0, 2.0),
        Target::at_most("deliveries missing", (healthy - waits_ms.len()) as f64, 0.0),
    ];
    for target in &targets {
        let word = if target.met { "met   " } else { "MISSED" };
        println!("{word} {}: {:.2}, wanted {}", target.what, target.value, target.wanted);
    }
    let figures = json!({
        "rounds": asked.rounds, "endpoints": asked.endpoints, "hanging_every": asked.hanging_every,
        "deliveries": waits_ms.len(), "p50_ms": p50, "p99_ms": p99, "most_ms": most, "targets": targets,
    });
    std::fs::create_dir_all(asked.out.parent().context("the figures need a folder")?)?;
    std::fs::write(&asked.out, format!("{figures:#}\n"))?;
    Ok(if targets.iter().all(|target| target.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn settings_of(asked: &Asked, folder: &Path) -> Result<(SocketAddr, Vec<(&'static str, String)>)> {
    let (at, ops) = (free_address()?, free_address()?);
    let file = format!("sqlite://{}", folder.join("bench.db").display());
    let settings = vec![
        ("XUNYUAN__SERVER__BIND", at.to_string()),
        ("XUNYUAN__SERVER__WORKERS", "1".to_owned()),
        ("XUNYUAN__OPS__BIND", ops.to_string()),
        // There is no catalogue, which is worth a warning now and then.
        ("XUNYUAN__TELEMETRY__LOG", "off".to_owned()),
        ("XUNYUAN__UPSTREAM__LIVE__URL", "http://127.0.0.1:9".to_owned()),
        ("XUNYUAN__DATABASE__URL", asked.database.clone().unwrap_or(file)),
        ("XUNYUAN__SECRETS__MASTER_KEY", MasterKeys::generate(1)?.trim().to_owned()),
        ("XUNYUAN__WEBHOOKS__ALLOW_NETWORKS", "[\"127.0.0.0/8\"]".to_owned()),
    ];
    Ok((at, settings))
}

/// Partners and endpoints, made before the gateway runs; gives how many partners.
async fn furnish(asked: &Asked, given: &[(&'static str, String)], receiver: SocketAddr) -> Result<(Sql, usize)> {
    let pairs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let config = Config::load(None, pairs)?;
    let (sql, directory) = open_directory(&config, &Clock::System).await?;
    let sealer = Sealer::new(MasterKeys::parse(&config.secrets.master_key)?);
    let ledger = Ledger::new(sql.clone(), Clock::System);
    let room = Webhooks::new(settings::webhooks(&config.webhooks), ledger, sealer, Names::System, Clock::System);
    let partners = asked.endpoints.div_ceil(ENDPOINTS_EACH);
    for number in 0..partners {
        let (name, country, plan) = (name(number), "JP".to_owned(), "starter".to_owned());
        directory.create_partner("bench", NewPartner { id: name.parse()?, name: name.clone(), country, plan }).await?;
        let partner = directory.find_partner(&name).context("the partner just made")?;
        let caller = Caller { partner, key_id: "bench".into(), mode: Mode::Live, scopes: Scopes::all() };
        for endpoint in number * ENDPOINTS_EACH..((number + 1) * ENDPOINTS_EACH).min(asked.endpoints) {
            let url = format!("http://{receiver}/{endpoint}");
            let draft = Draft {
                url,
                description: String::new(),
                patterns: vec!["order.*".parse()?],
                format: Format::Standard,
                app: None,
            };
            room.create(&caller, draft).await?;
        }
    }
    Ok((sql, partners))
}

fn name(partner: usize) -> String {
    format!("bench-{partner}")
}

/// One event for every partner, all in one transaction; gives their ids with the partner's number.
async fn write(sql: &Sql, partners: usize) -> Result<Vec<(String, usize)>> {
    const EVENT: &str = "INSERT INTO events (event, partner, mode, subject, kind, data, at) \
        VALUES ($1, $2, 'live', $1, 'order.paid', '{\"state\":\"paid\"}', $3)";
    let events: Vec<_> = (0..partners).map(|partner| (EventId::fresh().to_string(), partner)).collect();
    let (rows, now) = (events.clone(), Clock::System.now_ms());
    sql.transaction(move |tx| {
        Box::pin(async move {
            for (event, partner) in rows {
                tx.execute(EVENT, vec![Arg::from(event), Arg::from(name(partner)), Arg::from(now)]).await?;
            }
            Ok::<_, Error>(())
        })
    })
    .await?;
    Ok(events)
}

/// Hears everything; every so many-th path is never answered.
async fn receive(listener: TcpListener, hanging_every: usize, arrivals: Arrivals) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::task::spawn_local(converse(stream, hanging_every, arrivals.clone()));
    }
}

async fn converse(mut stream: TcpStream, hanging_every: usize, arrivals: Arrivals) {
    let mut bytes = Vec::with_capacity(2_048);
    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        let Some((whole, number, event)) = letter(&bytes) else { continue };
        arrivals.borrow_mut().entry((number, event)).or_insert_with(Instant::now);
        bytes.drain(..whole);
        if number % hanging_every == 0 {
            std::future::pending::<()>().await;
        }
        if stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
            return;
        }
    }
}

/// Length, endpoint and event of a whole delivery.
fn letter(bytes: &[u8]) -> Option<(usize, usize, String)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let whole = end + 4 + field("content-length")?.parse::<usize>().ok()?;
    let number = head.split(' ').nth(1)?.trim_start_matches('/').parse().ok()?;
    (bytes.len() >= whole).then(|| (whole, number, field("webhook-id").unwrap_or_default().to_owned()))
}
