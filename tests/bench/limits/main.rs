//! `tests/bench/run limits`: how exactly four gateways with one Redis keep a partner to its plan, day by day of
//! `profiles`, against one ideal limiter that sees the same calls.
//!
//! When a call was decided is told by the gateway's access log (the millisecond in which it answered, and how long it
//! took) and by the caller (sent, received), all by this machine's clock. A window's count has only those decisions that
//! certainly fell into it, so that what is reported as too much surely was; the nominal figure takes each decision for
//! as late as its answer.

#![allow(clippy::print_stdout, reason = "a bench tells what it found")]

#[path = "../rig/mod.rs"]
mod rig;

mod arrivals;
mod fleet;
mod judge;
mod log;
mod meter;
mod profiles;
mod send;
mod verdict;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde_json::json;

use fleet::{Fleet, NODES, recovered};
use judge::Rate;
use meter::Meter;
use profiles::{PROFILES, Profile, Scale, Trouble};
use rig::process::Core;
use send::{Wall, fire};
use verdict::{Story, Verdict};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The gateway that dies, or whose clock is off.
const UNLUCKY: usize = 3;
const CLOCK_OFF_MS: i64 = 5_000;
const PAUSED: Duration = Duration::from_secs(2);
const STOPPED: Duration = Duration::from_secs(3);
/// Gateways count each other every second.
const ACQUAINTED: Duration = Duration::from_millis(2_500);

#[derive(Debug, Parser)]
struct Asked {
    /// Three masters instead of one Redis
    #[arg(long)]
    cluster: bool,
    /// Units a second of the plans
    #[arg(long, default_value_t = if cfg!(debug_assertions) { 300.0 } else { 400.0 })]
    rate: f64,
    /// Units at once
    #[arg(long, default_value_t = 100.0)]
    burst: f64,
    /// How long each profile lasts
    #[arg(long, default_value_t = if cfg!(debug_assertions) { 12.0 } else { 65.0 })]
    seconds: f64,
    /// Only these profiles, with commas between
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The servers' core
    #[arg(long)]
    server_core: Option<usize>,
    /// Where the figures go
    #[arg(long, default_value = "target/bench/limits.json")]
    out: PathBuf,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<ExitCode> {
    let asked = Asked::parse();
    rig::until_ended(run(&asked))
}

async fn run(asked: &Asked) -> Result<ExitCode> {
    let (core, folder) = (Core(asked.server_core), tempfile::tempdir()?);
    let minute = Rate { per_s: (asked.rate * 0.8).floor(), burst: asked.rate * 3.0 };
    let rates = [Rate { per_s: asked.rate, burst: asked.burst }, minute];
    let scale = Scale { rates, seconds: asked.seconds, heavy: if cfg!(debug_assertions) { 3.0 } else { 5.0 } };
    let wanted = |profile: &&Profile| asked.only.is_empty() || asked.only.iter().any(|name| name == profile.name);
    let days: Vec<_> = PROFILES.iter().filter(wanted).collect();
    ensure!(
        !days.is_empty(),
        "no such profile; there are: {}",
        PROFILES.iter().map(|day| day.name).collect::<Vec<_>>().join(", ")
    );
    let meter = Meter::start(folder.path(), asked.cluster).await?;
    let names: Vec<_> = days.iter().map(|day| day.name).collect();
    let mut fleet = Fleet::start(core, &folder.path().join("fleet"), &meter.url(), &names, rates).await?;
    let meter = Arc::new(Mutex::new(meter));
    println!(
        "{} a second, {} at once; {} a minute, {} at once",
        asked.rate,
        asked.burst,
        minute.per_s * 60.0,
        minute.burst
    );
    tokio::time::sleep(ACQUAINTED).await;
    verdict::head();
    let mut verdicts = Vec::new();
    for day in days {
        let story =
            live(&mut fleet, &meter, core, day, &scale).await.with_context(|| format!("profile {}", day.name))?;
        let verdict = Verdict::on(day, &scale, &story);
        verdict.print();
        verdicts.push(verdict);
    }
    println!();
    let checks: Vec<_> = verdicts.iter().flat_map(|verdict| &verdict.checks).collect();
    for check in &checks {
        println!(
            "{} {}: {}, wanted {}",
            if check.met { "met   " } else { "MISSED" },
            check.what,
            check.value,
            check.wanted
        );
    }
    let missed = checks.iter().filter(|check| !check.met).count();
    println!("{missed} of {} targets missed", checks.len());
    write(
        &asked.out,
        &json!({"rates": rates, "seconds": asked.seconds, "cluster": asked.cluster, "profiles": verdicts}),
    )?;
    Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lives through one day.
async fn live(fleet: &mut Fleet, meter: &Arc<Mutex<Meter>>, core: Core, day: &Profile, scale: &Scale) -> Result<Story> {
    let off_ms = if day.trouble == Trouble::ClockOff { CLOCK_OFF_MS } else { 0 };
    if fleet.nodes[UNLUCKY].off_ms != off_ms {
        fleet.start_node(core, UNLUCKY, off_ms).await?;
        tokio::time::sleep(ACQUAINTED).await;
    }
    fleet.warm().await?;
    for node in &mut fleet.nodes {
        node.log.news()?;
    }
    let middle_us = (scale.seconds * 0.4 * 1e6) as u64;
    let mut arrivals = day.arrivals(scale);
    if day.trouble == Trouble::NodeKilled {
        // Whoever balances the load notices.
        let late = arrivals.iter_mut().filter(|arrival| arrival.node == UNLUCKY && arrival.at_us >= middle_us);
        late.enumerate().for_each(|(number, arrival)| arrival.node = number % (NODES - 1));
    }
    let id = |number: usize| format!("{}-{number}", day.name);
    let requests: Result<Vec<_>> =
        arrivals.iter().enumerate().map(|(number, arrival)| fleet.hot(day.name, arrival.node, &id(number))).collect();
    let (wall, nodes) = (Wall::start(), fleet.nodes.iter().map(|node| node.at).collect::<Vec<_>>());
    let before = scripts(meter)?;
    let start_us = wall.now_us() + 200_000;
    let trouble_us = start_us + middle_us as i64;
    let trouble = async {
        tokio::time::sleep_until(wall.instant(trouble_us).into()).await;
        happen(day, fleet, meter, scale, wall).await
    };
    let requests = requests?;
    let (shots, happened) = tokio::join!(fire(&nodes, &arrivals, requests, wall, start_us), trouble);
    let happened = happened?;
    let scripts = scripts(meter)?.saturating_sub(if day.trouble == Trouble::Stopped { 0 } else { before });
    // The log is written in naps of some milliseconds.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut seen = Vec::new();
    for node in &mut fleet.nodes {
        seen.push((node.log.news()?, node.off_ms));
    }
    if day.trouble == Trouble::NodeKilled {
        fleet.start_node(core, UNLUCKY, 0).await?;
    }
    Ok(Story::of(shots, &seen, id, happened, scripts))
}

/// What went wrong, by the wall's clock.
#[derive(Clone, Copy, Debug)]
pub struct Happened {
    /// From when on.
    pub from_us: i64,
    /// Until when; the same moment for what happens at once.
    pub to_us: i64,
    /// How long until all gateways asked Redis again, if they had stopped to.
    pub recovered_after: Option<Duration>,
}

async fn happen(
    day: &Profile,
    fleet: &Fleet,
    meter: &Arc<Mutex<Meter>>,
    scale: &Scale,
    wall: Wall,
) -> Result<Happened> {
    let from_us = wall.now_us();
    let ops: Vec<_> = fleet.nodes.iter().map(|node| node.ops).collect();
    let meter = Arc::clone(meter);
    // Servers are dealt with on another thread: calls go on being made.
    let dealt = move |deal: fn(&mut Meter) -> Result<()>, lasts: bool| async move {
        tokio::task::spawn_blocking(move || {
            deal(&mut meter.lock().unwrap_or_else(PoisonError::into_inner))?;
            let to_us = wall.now_us();
            let recovered_after = if lasts { recovered(&ops, Duration::from_secs(10)) } else { None };
            Ok(Happened { from_us, to_us, recovered_after })
        })
        .await?
    };
    match day.trouble {
        Trouble::Flushed => dealt(|meter| meter.command(&["FLUSHALL"]), false).await,
        Trouble::ScriptsFlushed => dealt(|meter| meter.command(&["SCRIPT", "FLUSH"]), false).await,
        Trouble::Paused => dealt(paused, true).await,
        Trouble::Frozen => dealt(frozen, true).await,
        Trouble::Stopped => dealt(stopped, true).await,
        Trouble::PlanChange => {
            let [second, _] = scale.rates;
            fleet.change_plan(day.name, second.halved()).await?;
            Ok(Happened { from_us, to_us: wall.now_us(), recovered_after: None })
        }
        Trouble::NodeKilled => {
            let id = fleet.process_id(UNLUCKY).context("the gateway runs")?.to_string();
            ensure!(Command::new("kill").args(["-KILL", &id]).status()?.success(), "kill -KILL {id}");
            Ok(Happened { from_us, to_us: wall.now_us(), recovered_after: None })
        }
        Trouble::None | Trouble::ClockOff => Ok(Happened { from_us, to_us: from_us, recovered_after: None }),
    }
}

fn paused(meter: &mut Meter) -> Result<()> {
    meter.command(&["CLIENT", "PAUSE", &PAUSED.as_millis().to_string(), "ALL"])?;
    std::thread::sleep(PAUSED);
    Ok(())
}

fn frozen(meter: &mut Meter) -> Result<()> {
    meter.signal("-STOP")?;
    std::thread::sleep(PAUSED);
    meter.signal("-CONT")
}

fn stopped(meter: &mut Meter) -> Result<()> {
    meter.end();
    std::thread::sleep(STOPPED);
    meter.start_again()
}

fn scripts(meter: &Mutex<Meter>) -> Result<u64> {
    meter.lock().unwrap_or_else(PoisonError::into_inner).scripts()
}

fn write(path: &Path, figures: &serde_json::Value) -> Result<()> {
    std::fs::create_dir_all(path.parent().context("the figures need a folder")?)?;
    Ok(std::fs::write(path, format!("{figures:#}\n"))?)
}
