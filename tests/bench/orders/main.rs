//! `tests/bench/run orders`: orders beside the bare databases' own commits, on the same disk and in the same rounds, for
//! SQLite and for PostgreSQL: a row written durably, an order in the ledger alone, an order through the whole gateway;
//! each one at a time and 64 at once.

#![allow(clippy::print_stdout, reason = "a bench tells what it found")]

#[path = "../rig/mod.rs"]
mod rig;

mod bare;
mod book;
mod drive;
mod whole;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use serde_json::{Value, json};

use bare::Bare;
use book::Book;
use rig::figures::{Series, Target};
use rig::generator::{CONNECTIONS, Sent};
use rig::postgres::Postgres;
use rig::process::Core;
use whole::Whole;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is measured, as it is printed.
const ROWS: [&str; 3] = ["bare: one row, one commit", "ledger alone: an order", "gateway: an order"];
const SCALES: [(usize, &str); 2] = [(1, "one at a time"), (CONNECTIONS, "64 at once")];

#[derive(Debug, Parser)]
struct Asked {
    /// How often each contender has its turn
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Orders in a turn with 64 at once; a quarter of it in a turn with one at a time
    #[arg(long, default_value_t = 1_000)]
    orders: usize,
    /// The gateways' core
    #[arg(long)]
    server_core: Option<usize>,
    /// Where the figures go; the databases are beside it for as long as it runs, so it names the disk too
    #[arg(long, default_value = "target/bench/orders.json")]
    out: PathBuf,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<ExitCode> {
    let asked = Asked::parse();
    rig::until_ended(run(&asked))
}

/// One line of the table, round by round.
#[derive(Debug, Default)]
struct Figures {
    rate: Series,
    p50_ms: Series,
    p99_ms: Series,
}

impl Figures {
    fn take(&mut self, sent: &Sent) {
        self.rate.0.push(sent.rate());
        self.p50_ms.0.push(sent.quantile(0.5) / 1_000.0);
        self.p99_ms.0.push(sent.quantile(0.99) / 1_000.0);
    }

    fn json(&self) -> Value {
        json!({
            "per_second": self.rate.middle(), "p50_ms": self.p50_ms.middle(), "p99_ms": self.p99_ms.middle(),
        })
    }
}

/// Everything measured on one engine; figures by row and scale.
struct Engine {
    name: &'static str,
    bare: Bare,
    book: Book,
    whole: Whole,
    figures: [[Figures; 2]; 3],
    /// Microseconds of the gateway's processor for an order, 64 at once.
    gateway_us: Series,
}

impl Engine {
    async fn round(&mut self, orders: usize) -> Result<()> {
        for (scale, (at_once, _)) in SCALES.iter().enumerate() {
            let count = if *at_once == 1 { (orders / 4).max(1) } else { orders };
            let (bare, book) = (self.bare.turn(*at_once, count).await?, self.book.turn(*at_once, count).await?);
            let (whole, gateway_us) = self.whole.turn(*at_once, count).await?;
            if *at_once > 1 {
                self.gateway_us.0.push(gateway_us);
            }
            let turns = [bare, book, whole];
            for (row, sent) in self.figures.iter_mut().zip(&turns) {
                row[scale].take(sent);
            }
            // What is still under way behind the answers does not run into the next turn.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    fn print(&self) {
        for (row, name) in self.figures.iter().zip(ROWS) {
            for (figures, (_, scale)) in row.iter().zip(SCALES) {
                let columns = [&figures.rate, &figures.p50_ms, &figures.p99_ms].map(|one| one.middle().to_string());
                let columns = columns.map(|column| format!("{column:<32}")).concat();
                println!("{:<9} {name:<27} {scale:<14} {columns}", self.name);
            }
        }
    }

    /// How much of its core the gateway was busy with 64 at once: what is left waited for the database, the catalogue and
    /// the generator.
    fn busy(&self) -> Series {
        let shares = self.gateway_us.0.iter().zip(&self.rate(2, 1).0);
        Series(shares.map(|(us, rate)| us * rate / 10_000.0).collect())
    }

    fn rate(&self, row: usize, scale: usize) -> &Series {
        &self.figures[row][scale].rate
    }

    fn json(&self) -> Value {
        let row = |row: &[Figures; 2]| json!({"one_at_a_time": row[0].json(), "64_at_once": row[1].json()});
        json!({
            "bare": row(&self.figures[0]), "ledger": row(&self.figures[1]), "gateway": row(&self.figures[2]),
            "gateway_cpu_us": self.gateway_us.middle(), "gateway_busy_percent": self.busy().middle(),
        })
    }
}

async fn run(asked: &Asked) -> Result<ExitCode> {
    let place = asked.out.parent().context("the figures need a folder")?;
    std::fs::create_dir_all(place)?;
    let folder = tempfile::Builder::new().prefix("orders-").tempdir_in(std::path::absolute(place)?)?;
    let core = Core(asked.server_core);
    let server = Postgres::start(folder.path()).await?;
    println!("SQLite: WAL, synchronous=FULL; {}: fsync=on, synchronous_commit=on", server.version);
    println!("databases in {}; {} rounds, {} orders in a turn", place.display(), asked.rounds, asked.orders);
    let sqlite = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
    let mut engines = [
        engine("sqlite", [sqlite("bare.db"), sqlite("ledger.db"), sqlite("gateway.db")], core, folder.path()).await?,
        engine("postgres", server.databases(["bare", "ledger", "gateway"]).await?, core, folder.path()).await?,
    ];
    for _ in 0..asked.rounds {
        for engine in &mut engines {
            engine.round(asked.orders).await?;
        }
    }
    println!("\n{:<53}{:<32}{:<32}{:<32}", "", "per second (quartiles)", "p50 ms", "p99 ms");
    engines.iter().for_each(Engine::print);
    println!("\nthe gateway itself, 64 at once");
    for engine in &engines {
        let (each, busy) = (engine.gateway_us.middle(), engine.busy().middle());
        println!("{:<9} {each} µs of its processor for an order; busy {busy} % of its core", engine.name);
    }
    told(asked, &engines)
}

async fn engine(name: &'static str, [bare, ledger, gateway]: [String; 3], core: Core, folder: &Path) -> Result<Engine> {
    Ok(Engine {
        name,
        bare: Bare::open(&bare).await?,
        book: Book::open(&ledger).await?,
        whole: Whole::start(&gateway, core, &folder.join(name)).await?,
        figures: Default::default(),
        gateway_us: Series::default(),
    })
}

/// A row and a scale.
type Place = (usize, usize);

/// What is compared with what: an engine, the words for it, and two of its figures.
const COMPARED: [(usize, &str, Place, Place); 8] = [
    (1, "postgres, orders/s through the gateway, 64 at once / bare commits/s, one at a time", (2, 1), (0, 0)),
    (1, "postgres, orders/s through the gateway, 64 at once / bare commits/s, 64 at once", (2, 1), (0, 1)),
    (1, "postgres, orders/s in the ledger alone, 64 at once / bare commits/s, one at a time", (1, 1), (0, 0)),
    (1, "postgres, orders/s through the gateway, 64 at once / one at a time", (2, 1), (2, 0)),
    (0, "sqlite, orders/s through the gateway, 64 at once / one at a time", (2, 1), (2, 0)),
    (0, "sqlite, orders/s in the ledger alone, 64 at once / one at a time", (1, 1), (1, 0)),
    (0, "sqlite, orders/s through the gateway, 64 at once / bare commits/s, one at a time", (2, 1), (0, 0)),
    (0, "sqlite, orders/s in the ledger alone, one at a time / bare commits/s, one at a time", (1, 0), (0, 0)),
];

/// Which of them are wanted.
const WANTED: [(usize, f64); 2] = [(0, 0.5), (4, 3.0)];

fn told(asked: &Asked, engines: &[Engine; 2]) -> Result<ExitCode> {
    println!("\nratios, round by round (quartiles); an order is two transactions, each durable before it is answered");
    let mut ratios = Vec::new();
    for (engine, what, mine, theirs) in COMPARED {
        let engine = &engines[engine];
        let middle = engine.rate(mine.0, mine.1).over(engine.rate(theirs.0, theirs.1)).middle();
        println!("{middle:<32} {what}");
        ratios.push((what, middle));
    }
    let targets = WANTED.map(|(at, wanted)| Target::at_least(ratios[at].0, ratios[at].1.median, wanted));
    println!();
    for target in &targets {
        let word = if target.met { "met   " } else { "MISSED" };
        println!("{word} {}: {:.2}, wanted {}", target.what, target.value, target.wanted);
    }
    let figures = json!({
        "rounds": asked.rounds, "orders": asked.orders,
        "sqlite": engines[0].json(), "postgres": engines[1].json(),
        "ratios": ratios.iter().map(|(what, middle)| json!({"what": what, "ratio": middle})).collect::<Vec<_>>(),
        "targets": targets,
    });
    std::fs::write(&asked.out, format!("{figures:#}\n"))?;
    Ok(if targets.iter().all(|target| target.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
