//! `tests/bench/run miss`: every request is a miss: proven, limited, asked at the catalogue, translated and rendered. In
//! turns with a bare actix-web handler of the same bytes and with other gateways that only forward; and what a gateway
//! adds to the time of a call, at an even pace.

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

use rig::bare::{self, Bare};
use rig::batch::Batch;
use rig::contender::{Contender, Questions, all_answered, print_heads};
use rig::figures::{Series, Target};
use rig::gateway::{Gateway, PROGRAM, TOKEN, offer_paths};
use rig::generator;
use rig::peers::{HAPROXY_FORWARD, NGINX_FORWARD};
use rig::process::Core;
use rig::rival::Rival;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// So many offers are asked in turn that no two requests under way are for the same one.
const OFFERS: u32 = 1_200;
/// Answers of about this many bytes are what is measured, as in the figures of the peers and of the prototype.
const USUAL_BYTES: std::ops::RangeInclusive<usize> = 2_000..=4_000;
const PACE_PER_S: f64 = 1_000.0;

#[derive(Debug, Parser)]
struct Asked {
    #[command(subcommand)]
    part: Option<Part>,
    /// How often each contender has its turn
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Requests in a turn
    #[arg(long, default_value_t = 20_000)]
    requests: usize,
    /// The servers' core
    #[arg(long)]
    server_core: Option<usize>,
    /// Where the figures go
    #[arg(long, default_value = "target/bench/miss.json")]
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
    gateway: (Gateway, Questions, Contender),
    bare: (Bare, Questions, Contender),
    rivals: Vec<Rival>,
    _upstream: Bare,
}

impl Field {
    async fn start(asked: &Asked, folder: &Path) -> Result<Self> {
        let core = Core(asked.server_core);
        let own =
            [("XUNYUAN__CACHE__DOCUMENTS_BYTES", "0".to_owned()), ("XUNYUAN__CACHE__RENDERED_BYTES", "0".to_owned())];
        let gateway = Gateway::start_with(Path::new(PROGRAM), core, &folder.join("gateway"), OFFERS, &own).await?;
        let (mut paths, mut like) = (Vec::new(), None);
        for path in offer_paths(OFFERS) {
            let once = Batch::signed(&gateway.signer, gateway.at, std::iter::once(path.as_str()))?;
            let got = generator::ask(gateway.at, &once).await?;
            if got.status == 200 && USUAL_BYTES.contains(&got.body.len()) {
                paths.push(path);
                like = Some(got);
            }
        }
        let like = like.context("no offer of usual size can be shown")?;
        println!("{} offers, the last of {} bytes; process {}", paths.len(), like.body.len(), gateway.process.id());
        let server = Bare::start(core, folder, &like).await?;
        let upstream = Bare::start(Core(None), folder, &like).await?;
        let mut rivals = Vec::new();
        for kind in [NGINX_FORWARD, HAPROXY_FORWARD] {
            rivals.push(Rival::start(kind, core, folder, upstream.at, &paths).await?);
        }
        let questions = |at| Questions { at, signer: gateway.signer.clone(), paths: paths.clone() };
        let (of_gateway, of_bare) = (questions(gateway.at), questions(server.at));
        Ok(Self {
            gateway: (gateway, of_gateway, Contender::default()),
            bare: (server, of_bare, Contender::default()),
            rivals,
            _upstream: upstream,
        })
    }

    async fn round(&mut self, requests: usize) -> Result<()> {
        let (server, questions, figures) = &mut self.bare;
        figures.turn(&server.process, questions, requests).await?;
        let (gateway, questions, figures) = &mut self.gateway;
        figures.turn(&gateway.process, questions, requests).await?;
        for rival in &mut self.rivals {
            rival.turn(requests).await?;
        }
        Ok(())
    }

    fn rows(&self) -> Vec<(&str, &Contender)> {
        let ours = [("bare actix", &self.bare.2), ("gateway, all misses", &self.gateway.2)];
        let rivals = self.rivals.iter().filter_map(|rival| Some((rival.name, rival.figures()?)));
        ours.into_iter().chain(rivals).collect()
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
            println!("{name:<24} {}  ({})", figures.ratio(&self.bare.2), figures.ratio_by_time(&self.bare.2));
        }
    }

    /// What the gateway adds to the median and to the 99th percentile of the catalogue's own time, in milliseconds;
    /// the two are asked in turns, each at the same even pace.
    async fn added_ms(&self, asked: &Asked) -> Result<[Series; 2]> {
        let (gateway, questions, _) = &self.gateway;
        let of_catalogue: Vec<_> = questions
            .paths
            .iter()
            .map(|path| {
                let id = path.rsplit('/').next().unwrap_or_default();
                let at = gateway.catalogue_at;
                format!("GET /goods/{id}?lang=en HTTP/1.1\r\nhost: {at}\r\nx-internal-token: {TOKEN}\r\n\r\n")
            })
            .collect();
        let mut added = [Series::default(), Series::default()];
        let count = (asked.requests / 4).max(1_000);
        for _ in 0..asked.rounds {
            let plain = Batch::plain(of_catalogue.iter().map(String::as_bytes).cycle().take(count));
            let direct = generator::send(gateway.catalogue_at, plain, Some(PACE_PER_S)).await?;
            let through = generator::send(gateway.at, questions.batch(count)?, Some(PACE_PER_S)).await?;
            all_answered(&direct)?;
            all_answered(&through)?;
            for (series, share) in added.iter_mut().zip([0.5, 0.99]) {
                series.0.push((through.quantile(share) - direct.quantile(share)) / 1_000.0);
            }
        }
        Ok(added)
    }
}

async fn run(asked: &Asked) -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let mut field = Field::start(asked, folder.path()).await?;
    for _ in 0..asked.rounds {
        field.round(asked.requests).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    field.print();
    let [p50, p99] = field.added_ms(asked).await?.map(|series| series.middle());
    println!("\nadded at {PACE_PER_S:.0}/s, ms: p50 {p50}, p99 {p99}");
    let (ours, bare) = (&field.gateway.2, &field.bare.2);
    let mut targets = vec![
        Target::at_least("whole miss, ratio to bare actix", ours.ratio(bare).median, 0.18),
        Target::at_most("added p50, ms", p50.median, 0.4),
        Target::at_most("added p99, ms", p99.median, 2.0),
    ];
    match field.rows().into_iter().find(|(name, _)| *name == NGINX_FORWARD.name) {
        Some((_, nginx)) => targets.push(Target::at_least("over nginx forwarding", ours.ratio(nginx).median, 0.6)),
        None => println!("not measured: over nginx forwarding"),
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
    let told = json!({
        "rounds": asked.rounds, "requests": asked.requests, "rows": rows,
        "added_ms": {"per_second": PACE_PER_S, "p50": p50, "p99": p99}, "targets": targets,
    });
    std::fs::create_dir_all(asked.out.parent().context("the figures need a folder")?)?;
    std::fs::write(&asked.out, format!("{told:#}\n"))?;
    ensure!(!targets.is_empty(), "nothing was measured");
    Ok(if targets.iter().all(|target| target.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
