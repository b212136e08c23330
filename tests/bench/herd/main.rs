//! `tests/bench/run herd`: four gateways over one Redis, a thousand requests a second for one offer. However often it gets
//! old, the catalogue is asked once for all of them; what changes is shown by all of them within a second; and while the
//! catalogue is down nobody is refused.

#![allow(clippy::print_stdout, reason = "a bench tells what it found")]

mod catalogue;
mod changes;
#[path = "../rig/mod.rs"]
mod rig;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Parser;
use futures_util::future::try_join_all;
use serde_json::json;

use catalogue::Counting;
use rig::batch::Batch;
use rig::figures::Target;
use rig::gateway::{Gateway, PROGRAM, offer_paths};
use rig::generator::{self, Sent};
use rig::process::Core;
use rig::redis_server::RedisServer;

const NODES: usize = 4;
const OFFERS: u32 = 200;
/// Signatures grow old; requests are signed for so many seconds at a time.
const SIGNED_AHEAD_S: f64 = 20.0;

#[derive(Debug, Parser)]
struct Asked {
    /// Requests a second, over all nodes
    #[arg(long, default_value_t = 1_000.0)]
    rate: f64,
    /// How many times over the offer gets old
    #[arg(long, default_value_t = 4)]
    times: u32,
    /// How many changes of its price are waited for
    #[arg(long, default_value_t = 100)]
    changes: u32,
    /// Seconds for which the catalogue is down
    #[arg(long, default_value_t = 40)]
    down: u64,
    /// The servers' core
    #[arg(long)]
    server_core: Option<usize>,
    /// Where the figures go
    #[arg(long, default_value = "target/bench/herd.json")]
    out: PathBuf,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<ExitCode> {
    let asked = Asked::parse();
    rig::until_ended(run(&asked))
}

/// Four nodes that are asked for one offer.
struct Herd {
    nodes: Vec<Gateway>,
    path: String,
}

impl Herd {
    /// Asks at this rate, the nodes in equal parts, for so long.
    async fn run_for(&self, rate: f64, time: Duration) -> Result<Sent> {
        let (until, mut whole) = (Instant::now() + time, Sent::default());
        while Instant::now() < until {
            let seconds = until.saturating_duration_since(Instant::now()).as_secs_f64().min(SIGNED_AHEAD_S);
            let each = rate / NODES as f64;
            let count = (seconds * each) as usize;
            let sends = self.nodes.iter().map(|node| async move {
                let paths = std::iter::repeat_n(self.path.as_str(), count);
                generator::send_over(16, node.at, Batch::signed(&node.signer, node.at, paths)?, Some(each)).await
            });
            for sent in try_join_all(sends).await? {
                whole.seconds += sent.seconds;
                whole.failures += sent.failures;
                whole.micros.extend(sent.micros);
                whole.told.extend(sent.told);
            }
        }
        whole.micros.sort_unstable();
        Ok(whole)
    }
}

async fn run(asked: &Asked) -> Result<ExitCode> {
    let (core, folder) = (Core(asked.server_core), tempfile::tempdir()?);
    let Some(redis) = RedisServer::start(Core(None)).await? else {
        println!("Redis is not installed: nothing can be measured");
        return Ok(ExitCode::FAILURE);
    };
    let first = start(core, folder.path(), 0, &redis, None).await?;
    let mut hot = None;
    for path in offer_paths(OFFERS) {
        let once = Batch::signed(&first.signer, first.at, std::iter::once(path.as_str()))?;
        let got = generator::ask(first.at, &once).await?;
        if got.status == 200 {
            hot = Some((path, fresh_s(&got.head).context("the answer does not say how long it is fresh")?));
            break;
        }
    }
    let (path, fresh_s) = hot.context("no offer can be shown")?;
    let id = path.rsplit('/').next().unwrap_or_default().to_owned();
    let counting = Counting::start(first.catalogue_at, format!("/goods/{id}"))?;
    let mut nodes = Vec::new();
    for number in 1..=NODES {
        nodes.push(start(core, folder.path(), number, &redis, Some(counting.at)).await?);
    }
    redis_emptied(&redis)?;
    let herd = Herd { nodes, path };
    let time = Duration::from_secs(u64::from(fresh_s) * u64::from(asked.times));
    println!("{NODES} nodes, fresh for {fresh_s} s, {:.0}/s for {} s", asked.rate, time.as_secs());
    let calm = herd.run_for(asked.rate, time).await?;
    let calls = counting.calls();
    println!("{} answers, {} failures, {calls} calls to the catalogue", calm.micros.len(), calm.failures);
    let shown = changes::shown_by_all(&herd.nodes, first.catalogue_at, &herd.path, asked.changes).await?;
    let at =
        |share: f64| shown.get((shown.len() as f64 * share) as usize).or(shown.last()).copied().unwrap_or(f64::MAX);
    println!("{} changes: shown by all nodes after ms: p50 {:.0}, p99 {:.0}", shown.len(), at(0.5), at(0.99));
    let before = counting.calls();
    counting.break_down(true);
    let down = herd.run_for(asked.rate, Duration::from_secs(asked.down)).await?;
    println!(
        "down for {} s: {} answers, {} failures, {} calls to the catalogue",
        asked.down,
        down.micros.len(),
        down.failures,
        counting.calls() - before
    );
    println!("p99 ms: {:.1} in calm, {:.1} while it is down", calm.quantile(0.99) / 1e3, down.quantile(0.99) / 1e3);
    let targets = [
        // One more for the first of all.
        Target::at_most("calls to the catalogue", calls as f64, f64::from(asked.times + 1)),
        Target::at_most("failures while the catalogue is well", calm.failures as f64, 0.0),
        Target::at_most("failures while it is down", down.failures as f64, 0.0),
        Target::at_most("ms until all nodes show a change, p99", at(0.99), 1_000.0),
    ];
    for target in &targets {
        let word = if target.met { "met   " } else { "MISSED" };
        println!("{word} {}: {:.0}, wanted {}", target.what, target.value, target.wanted);
    }
    calm.told.iter().chain(&down.told).take(2).for_each(|told| println!("{told}"));
    let told = json!({
        "nodes": NODES, "per_second": asked.rate, "fresh_s": fresh_s, "seconds": time.as_secs(), "calls": calls,
        "shown_ms": {"p50": at(0.5), "p99": at(0.99)}, "down_s": asked.down, "answers": [calm.micros.len(), down.micros.len()],
        "p99_us": [calm.quantile(0.99), down.quantile(0.99)], "targets": targets,
    });
    std::fs::create_dir_all(asked.out.parent().context("the figures need a folder")?)?;
    std::fs::write(&asked.out, format!("{told:#}\n"))?;
    Ok(if targets.iter().all(|target| target.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A gateway over the Redis; its catalogue is its own or, where one is given, that.
async fn start(
    core: Core,
    folder: &Path,
    number: usize,
    redis: &RedisServer,
    catalogue: Option<SocketAddr>,
) -> Result<Gateway> {
    let mut own = vec![("XUNYUAN__REDIS__URL", redis.url())];
    own.extend(catalogue.map(|at| ("XUNYUAN__UPSTREAM__LIVE__URL", format!("http://{at}"))));
    Gateway::start_with(Path::new(PROGRAM), core, &folder.join(format!("node-{number}")), OFFERS, &own).await
}

/// What the first gateway left behind is not what the four have to ask for.
fn redis_emptied(redis: &RedisServer) -> Result<()> {
    let mut connection = redis::Client::open(redis.url())?.get_connection()?;
    redis::cmd("FLUSHALL").exec(&mut connection)?;
    Ok(())
}

/// `max-age` of `Cache-Control`.
fn fresh_s(head: &str) -> Option<u32> {
    let (_, rest) = head.split_once("max-age=")?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}
