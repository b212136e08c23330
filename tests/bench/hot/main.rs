//! `tests/bench/run hot`: signed, limited, counted and logged hits on a cached offer, in turns with a bare actix-web
//! handler that gets the same requests and answers the same bytes. Also latency at half of the peak rate, and memory.

#![allow(clippy::print_stdout, reason = "a bench tells what it found")]

#[path = "../rig/mod.rs"]
mod rig;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use rig::bare::{self, Bare};
use rig::batch::Batch;
use rig::figures::{Middle, Series, Target};
use rig::gateway::{Gateway, PROGRAM, offer_paths};
use rig::generator::{self, Sent};
use rig::process::{Core, Process};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The unit's answer is about as large as in the figures of the prototype.
const USUAL_BYTES: usize = 3_000;
const CANDIDATES: usize = 200;
/// Some offers may not be sold abroad; the catalogue has this share more than are to be loaded.
const SPARE: f64 = 1.25;
const LOADED_PER_S: f64 = 1_500.0;
const MIB: f64 = 1_048_576.0;

#[derive(Debug, Parser)]
struct Asked {
    #[command(subcommand)]
    part: Option<Part>,
    /// How often each contender has its turn
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Requests in a turn
    #[arg(long, default_value_t = 60_000)]
    requests: usize,
    /// Offers that are in the cache
    #[arg(long, default_value_t = 20_000)]
    offers: u32,
    /// The servers' core
    #[arg(long)]
    server_core: Option<usize>,
    /// Other builds of xunyuan that take their turns in the same rounds, to see what a change is worth
    #[arg(long, value_name = "PROGRAM")]
    against: Vec<PathBuf>,
    /// Where the figures go
    #[arg(long, default_value = "target/bench/hot.json")]
    out: PathBuf,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Be the bare server
    #[command(hide = true)]
    Bare { at: SocketAddr, file: PathBuf },
}

fn main() -> Result<ExitCode> {
    let asked = Asked::parse();
    if let Some(Part::Bare { at, file }) = &asked.part {
        bare::serve(*at, file)?;
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut ended = signal(SignalKind::terminate())?;
        // Whatever ends the bench, the servers it started are dropped and end with it.
        tokio::select! {
            done = run(&asked) => done,
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::FAILURE),
            _ = ended.recv() => Ok(ExitCode::FAILURE),
        }
    })
}

/// One contender's figures, round by round.
#[derive(Debug, Default)]
struct Contender {
    rate: Series,
    cpu_us: Series,
    p50_us: Series,
    p99_us: Series,
}

impl Contender {
    async fn turn(&mut self, process: &Process, at: SocketAddr, batch: Batch) -> Result<()> {
        let (before, count) = (process.cpu_s()?, batch.len());
        let sent = generator::send(at, batch, None).await?;
        let cpu_s = process.cpu_s()? - before;
        all_answered(&sent)?;
        self.rate.0.push(sent.rate());
        self.cpu_us.0.push(cpu_s / count as f64 * 1e6);
        self.p50_us.0.push(sent.quantile(0.5));
        self.p99_us.0.push(sent.quantile(0.99));
        Ok(())
    }

    /// Answers for the same processor time, compared to another's. On a quiet machine, where the server's core is the
    /// bound, this is the ratio of answers a second; on a busy one it is the one that still means something.
    fn ratio(&self, other: &Self) -> Middle {
        other.cpu_us.over(&self.cpu_us).middle()
    }

    fn print(&self, name: &str) {
        let columns = [&self.rate, &self.cpu_us, &self.p50_us, &self.p99_us].map(|series| series.middle().to_string());
        println!("{name:<12} {}", columns.map(|column| format!("{column:<30}")).concat());
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "per_second": self.rate.middle(), "cpu_us": self.cpu_us.middle(),
            "p50_us": self.p50_us.middle(), "p99_us": self.p99_us.middle(),
        })
    }
}

fn all_answered(sent: &Sent) -> Result<()> {
    ensure!(sent.failures == 0, "{} requests failed, e.g.\n{}", sent.failures, sent.told.join("\n\n"));
    Ok(())
}

async fn run(asked: &Asked) -> Result<ExitCode> {
    let (core, folder) = (Core(asked.server_core), tempfile::tempdir()?);
    let mut gateways = vec![Loaded::start("gateway", Path::new(PROGRAM), core, folder.path(), asked).await?];
    for program in &asked.against {
        let name = program.file_name().and_then(|name| name.to_str()).context("a build has a name")?;
        gateways.push(Loaded::start(name, program, core, folder.path(), asked).await?);
    }
    let [first, ..] = gateways.as_slice() else { return Ok(ExitCode::FAILURE) };
    let like = generator::ask(first.gateway.at, &first.batch(1)?).await?;
    ensure!(like.status == 200, "the hot offer is answered {}", like.status);
    println!("{}: {} bytes under {} bytes of head", first.hot, like.body.len(), like.head.len());
    let server = Bare::start(core, folder.path(), &like).await?;
    let mut bare = Contender::default();
    for _ in 0..asked.rounds {
        bare.turn(&server.process, server.at, gateways[0].batch(asked.requests)?).await?;
        for loaded in &mut gateways {
            let batch = loaded.batch(asked.requests)?;
            loaded.figures.turn(&loaded.gateway.process, loaded.gateway.at, batch).await?;
        }
        // What the servers still have to do for the last turn does not run into the next.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("\n{:<12} {:<30}{:<30}{:<30}{:<30}", "", "answers/s", "CPU µs each", "p50 µs", "p99 µs");
    bare.print("bare actix");
    gateways.iter().for_each(|loaded| loaded.figures.print(&loaded.name));
    println!("\nof bare actix, answers a second of CPU (a second of time)");
    for loaded in &gateways {
        println!(
            "{:<12} {}  ({})",
            loaded.name,
            loaded.figures.ratio(&bare),
            loaded.figures.rate.over(&bare.rate).middle()
        );
    }
    told(asked, &bare, &gateways[0]).await
}

/// Latency at half of the peak, memory, and what of it was wanted.
async fn told(asked: &Asked, bare: &Contender, loaded: &Loaded) -> Result<ExitCode> {
    let figures = &loaded.figures;
    let half = figures.rate.middle().median / 2.0;
    let paced = generator::send(loaded.gateway.at, loaded.batch(asked.requests)?, Some(half)).await?;
    all_answered(&paced)?;
    let after = megabytes(&loaded.gateway)?;
    let (p50, p99) = (paced.quantile(0.5), paced.quantile(0.99));
    println!("\nat {half:.0}/s: p50 {p50:.0} µs, p99 {p99:.0} µs");
    println!("resident MB: {:.0} empty, {:.0} loaded, {after:.0} at the end", loaded.empty, loaded.full);
    let ratio = figures.ratio(bare);
    let targets = [
        Target::at_least("ratio to bare actix", ratio.median, 0.60),
        Target::at_most("p99 at half of the peak rate, ms", p99 / 1_000.0, 2.0),
        Target::at_most("MB resident with the offers loaded", loaded.full, 100.0),
    ];
    for target in &targets {
        let word = if target.met { "met   " } else { "MISSED" };
        println!("{word} {}: {:.2}, wanted {}", target.what, target.value, target.wanted);
    }
    write(
        &asked.out,
        &json!({
            "rounds": asked.rounds, "requests": asked.requests, "offers": asked.offers,
            "bare": bare.json(), "gateway": figures.json(),
            "ratio": {"by_cpu": ratio, "by_time": figures.rate.over(&bare.rate).middle()},
            "resident_mb": {"empty": loaded.empty, "loaded": loaded.full, "after": after},
            "half_rate": {"per_second": half, "p50_us": p50, "p99_us": p99},
            "targets": targets,
        }),
    )?;
    Ok(if targets.iter().all(|target| target.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A gateway with its cache filled.
struct Loaded {
    name: String,
    gateway: Gateway,
    hot: String,
    empty: f64,
    full: f64,
    figures: Contender,
}

impl Loaded {
    async fn start(name: &str, program: &Path, core: Core, folder: &Path, asked: &Asked) -> Result<Self> {
        let stocked = (f64::from(asked.offers) * SPARE) as u32;
        let gateway = Gateway::start(program, core, &folder.join(name), stocked).await?;
        let empty = megabytes(&gateway)?;
        let hot = load(&gateway, &offer_paths(stocked), asked.offers as usize).await?;
        let full = megabytes(&gateway)?;
        println!("{name}: process {}, {} offers loaded", gateway.process.id(), asked.offers);
        Ok(Self { name: name.to_owned(), gateway, hot, empty, full, figures: Contender::default() })
    }

    fn batch(&self, count: usize) -> Result<Batch> {
        batch(&self.gateway, &self.hot, count)
    }
}

fn megabytes(gateway: &Gateway) -> Result<f64> {
    Ok(gateway.process.resident()? as f64 / MIB)
}

fn write(path: &Path, figures: &serde_json::Value) -> Result<()> {
    std::fs::create_dir_all(path.parent().context("the figures need a folder")?)?;
    Ok(std::fs::write(path, format!("{figures:#}\n"))?)
}

fn batch(gateway: &Gateway, path: &str, count: usize) -> Result<Batch> {
    Batch::signed(&gateway.signer, gateway.at, std::iter::repeat_n(path, count))
}

/// Loads offers into the cache until it holds so many; gives the one whose answer is closest to the usual size.
async fn load(gateway: &Gateway, paths: &[String], wanted: usize) -> Result<String> {
    let mut sized = Vec::new();
    for path in paths.iter().take(CANDIDATES) {
        let got = generator::ask(gateway.at, &batch(gateway, path, 1)?).await?;
        if got.status == 200 {
            sized.push((got.body.len().abs_diff(USUAL_BYTES), path));
        }
    }
    let mut held = sized.len();
    let mut rest = paths.iter().skip(CANDIDATES);
    while held < wanted {
        let some: Vec<_> = rest.by_ref().take((wanted - held).max(100)).map(String::as_str).collect();
        ensure!(!some.is_empty(), "the catalogue has only {held} offers to show");
        let batch = Batch::signed(&gateway.signer, gateway.at, some.into_iter())?;
        let sent = generator::send(gateway.at, batch, Some(LOADED_PER_S)).await?;
        held += sent.micros.len() - sent.failures;
    }
    let (_, hot) = sized.into_iter().min().context("no offer can be shown")?;
    Ok(hot.clone())
}
