//! `tests/bench/run hot`: signed, limited, counted and logged hits on a cached offer, in turns with a bare actix-web
//! handler that gets the same requests and answers the same bytes, and with other gateways that do the same work. Also
//! hits on what only Redis holds, latency at half of the peak rate, and memory.

#![allow(clippy::print_stdout, reason = "a bench tells what it found")]

mod loaded;
#[path = "../rig/mod.rs"]
mod rig;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use serde_json::json;

use loaded::{Loaded, megabytes};
use rig::bare::{self, Bare};
use rig::contender::{Contender, Questions, all_answered, print_heads};
use rig::figures::{Middle, Series, Target};
use rig::gateway::PROGRAM;
use rig::generator;
use rig::peers::{HAPROXY_CACHE, NGINX_CACHE, VARNISH, nginx_redis};
use rig::process::Core;
use rig::redis_server::RedisServer;
use rig::rival::Rival;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// Leaves the other gateways and the Redis tier out
    #[arg(long)]
    alone: bool,
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
    rig::until_ended(run(&asked))
}

/// Everyone who takes turns.
struct Field {
    server: Bare,
    bare: (Questions, Contender),
    gateways: Vec<Loaded>,
    redis_tier: Option<Loaded>,
    rivals: Vec<Rival>,
    _upstream: Bare,
    _redis: Option<RedisServer>,
}

impl Field {
    async fn start(asked: &Asked, folder: &Path) -> Result<Self> {
        let core = Core(asked.server_core);
        let mut gateways = vec![Loaded::in_process("gateway", Path::new(PROGRAM), core, folder, asked.offers).await?];
        for program in &asked.against {
            let name = program.file_name().and_then(|name| name.to_str()).context("a build has a name")?;
            let name = format!("against {name}");
            gateways.push(Loaded::in_process(&name, program, core, folder, asked.offers).await?);
        }
        let first = gateways.first().context("no gateway")?;
        let like = generator::ask(first.gateway.at, &first.questions.batch(1)?).await?;
        ensure!(like.status == 200, "the hot offer is answered {}", like.status);
        let hot = first.questions.paths.clone();
        println!("{}: {} bytes under {} bytes of head", hot.concat(), like.body.len(), like.head.len());
        let server = Bare::start(core, folder, &like).await?;
        let questions = Questions { at: server.at, signer: first.gateway.signer.clone(), paths: hot.clone() };
        // The peers' own upstream is asked once for everything, on the generator's core.
        let upstream = Bare::start(Core(None), folder, &like).await?;
        let (mut rivals, mut redis_tier, mut redis) = (Vec::new(), None, None);
        if !asked.alone {
            for kind in [NGINX_CACHE, HAPROXY_CACHE, VARNISH] {
                rivals.push(Rival::start(kind, core, folder, upstream.at, &hot).await?);
            }
            redis = RedisServer::start(Core(None)).await?;
        }
        if let Some(redis) = &redis {
            let loaded = Loaded::in_redis(Path::new(PROGRAM), core, folder, redis).await?;
            redis.fill(loaded.questions.paths.iter(), &like.body)?;
            let kind = nginx_redis(redis.at.port());
            rivals.push(Rival::start(kind, core, folder, upstream.at, &loaded.questions.paths).await?);
            redis_tier = Some(loaded);
        } else if !asked.alone {
            println!("Redis is not installed: its rows are left out");
        }
        let bare = (questions, Contender::default());
        Ok(Self { server, bare, gateways, redis_tier, rivals, _upstream: upstream, _redis: redis })
    }

    async fn round(&mut self, requests: usize) -> Result<()> {
        let (questions, figures) = &mut self.bare;
        figures.turn(&self.server.process, questions, requests).await?;
        for loaded in &mut self.gateways {
            loaded.turn(requests).await?;
        }
        for rival in &mut self.rivals {
            rival.turn(requests).await?;
        }
        if let Some(loaded) = &mut self.redis_tier {
            loaded.turn(requests).await?;
        }
        Ok(())
    }

    /// Rows that have figures, the bare server's first.
    fn rows(&self) -> Vec<(&str, &Contender)> {
        let bare = std::iter::once(("bare actix", &self.bare.1));
        let ours = self.gateways.iter().chain(&self.redis_tier).map(|loaded| (loaded.name.as_str(), &loaded.figures));
        let rivals = self.rivals.iter().filter_map(|rival| Some((rival.name, rival.figures()?)));
        bare.chain(ours).chain(rivals).collect()
    }

    fn figures_of(&self, name: &str) -> Option<&Contender> {
        self.rows().into_iter().find(|(row, _)| *row == name).map(|(_, figures)| figures)
    }

    fn print(&self) {
        print_heads();
        self.rows().iter().for_each(|(name, figures)| figures.print(name));
        for rival in &self.rivals {
            if let Err(why) = &rival.here {
                println!("{:<24} {why}", rival.name);
            }
        }
        println!("\nof bare actix, answers a second of CPU (a second of time)");
        for (name, figures) in self.rows().iter().skip(1) {
            println!("{name:<24} {}  ({})", figures.ratio(&self.bare.1), figures.ratio_by_time(&self.bare.1));
        }
    }
}

async fn run(asked: &Asked) -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let mut field = Field::start(asked, folder.path()).await?;
    for _ in 0..asked.rounds {
        field.round(asked.requests).await?;
        // What the servers still have to do for the last turn does not run into the next.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    field.print();
    told(asked, &field).await
}

/// What an even pace of half the peak rate costs the slowest callers, round by round.
#[derive(Debug)]
struct Paced {
    per_second: f64,
    p50_us: Series,
    p99_us: Series,
    /// The bare server's at the same pace: what the machine itself is good for.
    bare_p99_us: Series,
}

impl Paced {
    async fn measured(field: &Field, rounds: usize, requests: usize) -> Result<Self> {
        let loaded = field.gateways.first().context("no gateway")?;
        let per_second = loaded.figures.rate.middle().median / 2.0;
        let mut paced =
            Self { per_second, p50_us: Series::default(), p99_us: Series::default(), bare_p99_us: Series::default() };
        for _ in 0..rounds {
            let [bare, ours] =
                [&field.bare.0, &loaded.questions].map(|questions| (questions.at, questions.batch(requests)));
            let bare = generator::send(bare.0, bare.1?, Some(per_second)).await?;
            let ours = generator::send(ours.0, ours.1?, Some(per_second)).await?;
            all_answered(&bare)?;
            all_answered(&ours)?;
            paced.bare_p99_us.0.push(bare.quantile(0.99));
            paced.p50_us.0.push(ours.quantile(0.5));
            paced.p99_us.0.push(ours.quantile(0.99));
        }
        Ok(paced)
    }

    fn print(&self) {
        let [p50, p99, bare] = [&self.p50_us, &self.p99_us, &self.bare_p99_us].map(Series::middle);
        println!("\nat {:.0}/s, µs: p50 {p50}, p99 {p99}; bare actix at the same pace: p99 {bare}", self.per_second);
    }

    fn json(&self) -> serde_json::Value {
        let [p50, p99, bare] = [&self.p50_us, &self.p99_us, &self.bare_p99_us].map(Series::middle);
        json!({"per_second": self.per_second, "p50_us": p50, "p99_us": p99, "bare_p99_us": bare})
    }
}

/// Latency at half of the peak, memory, and what of it was wanted.
async fn told(asked: &Asked, field: &Field) -> Result<ExitCode> {
    let loaded = field.gateways.first().context("no gateway")?;
    let (figures, bare) = (&loaded.figures, &field.bare.1);
    let paced = Paced::measured(field, asked.rounds, asked.requests / 2).await?;
    let (after, p99) = (megabytes(&loaded.gateway)?, paced.p99_us.middle().median);
    paced.print();
    println!("resident MB: {:.0} empty, {:.0} loaded, {after:.0} at the end", loaded.empty, loaded.full);
    let mut targets = vec![
        Target::at_least("ratio to bare actix", figures.ratio(bare).median, 0.60),
        Target::at_most("p99 at half of the peak rate, ms", p99 / 1_000.0, 2.0),
        Target::at_most("MB resident with the offers loaded", loaded.full, 100.0),
    ];
    let over =
        |ours: &str, theirs: &str| -> Option<Middle> { Some(field.figures_of(ours)?.ratio(field.figures_of(theirs)?)) };
    for (what, ours, theirs, wanted) in OVER {
        match over(ours, theirs) {
            Some(ratio) => targets.push(Target::at_least(what, ratio.median, *wanted)),
            None => println!("not measured: {what}"),
        }
    }
    for target in &targets {
        let word = if target.met { "met   " } else { "MISSED" };
        println!("{word} {}: {:.2}, wanted {}", target.what, target.value, target.wanted);
    }
    let rows: serde_json::Map<_, _> = field
        .rows()
        .into_iter()
        .map(|(name, figures)| {
            let mut row = figures.json();
            row["ratio"] = json!({"by_cpu": figures.ratio(bare), "by_time": figures.ratio_by_time(bare)});
            (name.to_owned(), row)
        })
        .collect();
    write(
        &asked.out,
        &json!({
            "rounds": asked.rounds, "requests": asked.requests, "offers": asked.offers, "rows": rows,
            "resident_mb": {"empty": loaded.empty, "loaded": loaded.full, "after": after},
            "half_rate": paced.json(),
            "targets": targets,
        }),
    )?;
    Ok(if targets.iter().all(|target| target.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is wanted of one row over another.
const OVER: &[(&str, &str, &str, f64)] = &[
    ("over nginx+Lua+HMAC+cache", "gateway", NGINX_CACHE.name, 1.3),
    ("over haproxy+HMAC+cache", "gateway", HAPROXY_CACHE.name, 1.3),
    ("Redis tier, ratio to bare actix", "gateway, Redis tier", "bare actix", 0.45),
    ("Redis tier over nginx+Lua+HMAC+Redis", "gateway, Redis tier", nginx_redis(0).name, 2.0),
];

fn write(path: &Path, figures: &serde_json::Value) -> Result<()> {
    std::fs::create_dir_all(path.parent().context("the figures need a folder")?)?;
    Ok(std::fs::write(path, format!("{figures:#}\n"))?)
}
