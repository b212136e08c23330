//! `tests/nemesis`: several gateways on one PostgreSQL and one Redis, many partners, and everything going wrong; in the
//! end both books are compared, and whatever is lost, doubled or untold is named.

#![allow(clippy::print_stdout, reason = "a trial tells what it found")]

mod books;
mod caller;
mod checker;
mod dice;
mod events;
mod faults;
mod hearing;
mod history;
mod partner;
mod process;
mod reading;
mod receiver;
mod table;
mod world;

use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use sqlx::PgPool;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use xunyuan::clock::Clock;
use xunyuan::model::partner::{Mode, Scopes};
use xunyuan::partners::{KeyPolicy, Material, NewPartner};
use xunyuan::server::house::open_directory;
use xunyuan::signing::http_message::{HmacKey, Signer, SigningKey};

use caller::{Caller, Desk};
use checker::{Verdict, Wrong, check};
use dice::Dice;
use faults::{Nemesis, Trouble};
use hearing::Hearing;
use history::History;
use partner::Partner;
use world::{Catalogue, Size, World};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const COUNTRIES: [&str; 6] = ["JP", "KR", "DE", "BR", "US", "VN"];
/// An outcome may be unknown for so long after all was healed.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// How a line begins when nothing is left but deliveries whose next attempt is minutes away.
const WAITING: &str = "only";
const TOLD_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, Parser)]
#[command(name = "tests/nemesis")]
struct Asked {
    /// Make trouble for so long
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// End sooner, once so many orders were begun
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true)]
    orders: u64,
    /// Partners
    #[arg(long, default_value_t = 12)]
    partners: usize,
    /// Nodes of the gateway; the clock of the last one is off
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// What all choices are made from; any, when left out
    #[arg(long)]
    seed: Option<u64>,
    /// No trouble at all
    #[arg(long)]
    calm: bool,
    /// Only these troubles, separated by commas, e.g. node-killed,redis-frozen
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How long to wait until all is settled after the last trouble, in seconds
    #[arg(long, default_value_t = 120)]
    settle: u64,
    /// Orders that a partner has under way at one time
    #[arg(long, default_value_t = 6)]
    at_once: usize,
    /// By how much the last node's clock is off
    #[arg(long, default_value_t = 5_000, allow_negative_numbers = true)]
    clock_off_ms: i64,
    /// How fast paid orders move on at the catalogue: 100 = six seconds
    #[arg(long, default_value_t = 100.0)]
    pace: f64,
    /// Offers of the catalogue
    #[arg(long, default_value_t = 3_000)]
    offers: u32,
    /// Endpoints for webhooks, two of them of the first partner
    #[arg(long, default_value_t = 5)]
    endpoints: usize,
    /// Fail too when something could not be checked
    #[arg(long)]
    strict: bool,
    /// Where history and logs go; emptied first
    #[arg(long, default_value = "target/nemesis")]
    folder: PathBuf,
    /// Where `tests/run tools` put Python and Node packages
    #[arg(long, default_value = "target/tools")]
    tools: PathBuf,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<ExitCode> {
    let asked = Asked::parse();
    if let Err(mistake) = asked.troubles() {
        eprintln!("tests/nemesis: {mistake}");
        return Ok(ExitCode::from(2));
    }
    // One thread: the kernel ends what we started when the thread that started it ends.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut ended = signal(SignalKind::terminate())?;
        // Whatever ends the trial, the processes it started are dropped and end with it.
        tokio::select! {
            done = run(&asked) => done,
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(130)),
            _ = ended.recv() => Ok(ExitCode::from(143)),
        }
    })
}

impl Asked {
    /// The troubles that were asked for, all when none; fails when something impossible was.
    fn troubles(&self) -> Result<Vec<Trouble>> {
        ensure!(
            self.nodes > 0 && self.partners > 0 && self.at_once > 0,
            "there must be a node and a partner with a hand"
        );
        ensure!(self.minutes > 0.0 && self.orders > 0, "there must be time for an order");
        let find = |name: &String| Trouble::find(name).with_context(|| format!("no trouble is called {name}"));
        self.only.iter().map(find).collect()
    }
}

async fn run(asked: &Asked) -> Result<ExitCode> {
    let seed = asked.seed.unwrap_or_else(|| Clock::System.now_ms() as u64);
    let mut dice = Dice::new(seed);
    let folder = std::path::absolute(&asked.folder)?;
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    println!("seed {seed}; history and logs in {}", folder.display());
    let size = Size { nodes: asked.nodes, offers: asked.offers, pace: asked.pace, clock_off_ms: asked.clock_off_ms };
    let world = Arc::new(World::build(&folder, size).await?);
    let desk = Arc::new(desk(asked, History::begin(folder.join("history.jsonl"))?));
    let signers = signers(&world, asked.partners).await?;
    world.open().await?;
    println!("PostgreSQL, Redis, the catalogue and {} nodes answer", asked.nodes);
    let mut partners = Vec::new();
    for (name, signer) in &signers {
        let caller = Caller::new(name, Arc::clone(&desk), &world.node_urls, signer, asked.at_once)?;
        let mut partner = Partner::new(caller)?;
        partner.look_around(&mut dice.fork()).await?;
        partners.push(Arc::new(partner));
    }
    let hearing = Hearing::open(&folder, &partners, asked.endpoints, dice.fork(), asked.calm).await?;
    println!("{} partners have looked around, {} endpoints listen; trade begins", partners.len(), hearing.len());
    let trial = Trial { asked, world, desk, partners, hearing, folder };
    trial.run(dice, asked.troubles()?).await
}

fn desk(asked: &Asked, history: History) -> Desk {
    Desk {
        history,
        open: AtomicBool::new(true),
        over: AtomicBool::new(false),
        begun: AtomicU64::new(0),
        most: asked.orders,
        answered: AtomicU64::new(0),
        unknown: AtomicU64::new(0),
        requests: AtomicU64::new(0),
        avoided: (0..asked.nodes).map(|_| AtomicI64::new(0)).collect(),
    }
}

/// Partners with a live key each, made before the gateway reads them.
async fn signers(world: &World, count: usize) -> Result<Vec<(String, Signer)>> {
    let (sql, directory) = open_directory(&world.config()?, &Clock::System).await?;
    let mut signers = Vec::new();
    for number in 0..count {
        let name = format!("partner-{number:02}");
        let country = COUNTRIES[number % COUNTRIES.len()].to_owned();
        let new = NewPartner { id: name.parse()?, name: name.clone(), country, plan: "enterprise".into() };
        directory.create_partner("nemesis", new).await?;
        let policy = KeyPolicy { mode: Mode::Live, scopes: Scopes::all(), allowed: Vec::new(), expires_at: None };
        let issued = directory.issue_key("nemesis", &name.parse()?, policy, Material::SharedSecret).await?;
        let secret = issued.secret.context("a shared secret is shown when it is made")?;
        let key = SigningKey::HmacSha256(HmacKey::new(secret.expose().as_bytes()));
        signers.push((name, Signer { key_id: issued.key_id.to_string(), key }));
    }
    sql.close().await;
    Ok(signers)
}

/// A run once all is started.
struct Trial<'a> {
    asked: &'a Asked,
    world: Arc<World>,
    desk: Arc<Desk>,
    partners: Vec<Arc<Partner>>,
    hearing: Hearing,
    folder: PathBuf,
}

impl Trial<'_> {
    async fn run(self, mut dice: Dice, only: Vec<Trouble>) -> Result<ExitCode> {
        let log = History::begin(self.folder.join("troubles.jsonl"))?;
        let nemesis = Arc::new(Nemesis::new(Arc::clone(&self.world), Arc::clone(&self.desk), log, only)?);
        let mut trade: JoinSet<Result<()>> = JoinSet::new();
        for partner in &self.partners {
            trade.spawn(Arc::clone(partner).trade(dice.fork(), self.asked.at_once));
        }
        let began = Instant::now();
        let troubles = self.rage(&nemesis, &mut trade, dice.fork()).await?;
        let traded = began.elapsed();
        let mut verdict = Verdict::default();
        for name in nemesis.heal().await? {
            verdict.wrong(Wrong::Surprise, "", &name, "had ended by itself; see its log");
        }
        println!("all is healed after {troubles} troubles; waiting until all is settled");
        let settled = self.settle(&mut trade, &mut verdict).await?;
        verdict.count("troubles", troubles as usize);
        verdict.count("seconds of trade", traded.as_secs() as usize);
        verdict.count("seconds until no outcome was unknown", settled.as_secs() as usize);
        self.judge(verdict).await
    }

    /// Lets partners trade while the nemesis rages, and tells how it goes; gives the number of troubles.
    async fn rage(&self, nemesis: &Arc<Nemesis>, trade: &mut JoinSet<Result<()>>, dice: Dice) -> Result<u64> {
        let until = Instant::now() + Duration::from_secs_f64(self.asked.minutes * 60.0);
        let mut raging: JoinSet<Result<u64>> = JoinSet::new();
        if !self.asked.calm {
            let nemesis = Arc::clone(nemesis);
            raging.spawn(async move { nemesis.rage(dice).await });
        }
        let mut line = Line::new();
        while self.desk.open.load(Ordering::Relaxed) && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if let Some(ended) = trade.try_join_next() {
                ended??;
            }
            if let Some(ended) = raging.try_join_next() {
                return ended?.context("the nemesis itself failed");
            }
            line.tell(&self.desk, &nemesis.now());
        }
        self.desk.open.store(false, Ordering::Relaxed);
        line.end();
        // The trouble under way ends, and heals, by itself.
        Ok(raging.join_next().await.transpose()?.transpose()?.unwrap_or(0))
    }

    /// Waits until every request has its answer, nothing is unknown, both books agree and every event was told, or for
    /// as long as was asked; gives how long outcomes were unknown.
    async fn settle(&self, trade: &mut JoinSet<Result<()>>, verdict: &mut Verdict) -> Result<Duration> {
        let pool = PgPool::connect(&self.world.postgres_url).await?;
        let catalogue = Catalogue::new(self.world.catalogue_url.clone(), Duration::from_secs(30))?;
        let (began, bound) = (Instant::now(), Duration::from_secs(self.asked.settle));
        let (mut known, mut resent) = (None, 0);
        loop {
            while let Some(ended) = trade.try_join_next() {
                ended??;
            }
            let open = reading::open(&pool).await?;
            known = if open.orders + open.debits == 0 { known.or(Some(began.elapsed())) } else { None };
            let left = self.left(open, trade.len(), &pool, &catalogue).await?;
            if left.is_empty() {
                println!("settled after {} s", began.elapsed().as_secs());
                break;
            }
            println!("  {:>4} s  {left}", began.elapsed().as_secs());
            if began.elapsed() > bound {
                println!("not settled after {} s", bound.as_secs());
                break;
            }
            if left.starts_with(WAITING) {
                resent += self.hearing.resend(&pool).await?;
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        self.desk.over.store(true, Ordering::Relaxed);
        let rest = async { while trade.join_next().await.is_some() {} };
        if tokio::time::timeout(Duration::from_secs(20), rest).await.is_err() {
            trade.abort_all();
        }
        pool.close().await;
        verdict.count("deliveries that partners had sent again", resent);
        let age = known.unwrap_or_else(|| began.elapsed());
        if age > SETTLED_WITHIN {
            verdict.wrong(
                Wrong::Slow,
                "",
                "",
                format!("the last unknown outcome was settled after {} s", age.as_secs()),
            );
        }
        Ok(age)
    }

    /// What is still to come, in words; nothing once all is settled.
    async fn left(&self, open: reading::Open, at_work: usize, pool: &PgPool, catalogue: &Catalogue) -> Result<String> {
        let (orders, debits, waiting) = (open.orders, open.debits, open.waiting);
        if orders + debits + waiting > 0 || at_work > 0 {
            return Ok(format!(
                "unknown: {orders} orders, {debits} debits; {waiting} wait for their partner; {at_work} partners at work"
            ));
        }
        let names: Vec<_> = self.partners.iter().map(|partner| partner.caller().partner.clone()).collect();
        let theirs = reading::theirs(catalogue, &names).await?;
        let moving = theirs.iter().filter(|theirs| theirs.is_moving()).count();
        let there: HashMap<_, _> =
            theirs.iter().map(|theirs| (theirs.out_ref.as_str(), theirs.status.as_str())).collect();
        let rows = reading::rows(pool).await?;
        let status = |row: &books::Row| there.get(row.id.as_str()).copied();
        let apart = rows.iter().filter(|row| status(row).is_some_and(|there| !books::is_same_state(there, &row.state)));
        let apart = apart.count();
        if moving + apart > 0 {
            return Ok(format!(
                "{moving} orders are on their way at the catalogue, {apart} do not stand alike in both books"
            ));
        }
        Ok(match self.hearing.open_ends(pool).await? {
            (0, 0, _) => String::new(),
            (0, pending, later) if pending == later => format!("{WAITING} {later} deliveries are due much later"),
            (silent, pending, _) => format!("{silent} events are not published, {pending} deliveries wait"),
        })
    }

    /// Reads both books, compares, and tells.
    async fn judge(self, mut verdict: Verdict) -> Result<ExitCode> {
        let pool = PgPool::connect(&self.world.postgres_url).await?;
        let catalogue = Catalogue::new(self.world.catalogue_url.clone(), Duration::from_secs(30))?;
        self.desk.history.flush()?;
        let path = self.desk.history.path();
        let books = reading::books(&pool, &catalogue, &self.partners, path, 32).await?;
        self.desk.history.flush()?;
        let found = check(history::read(path)?, &books)?;
        verdict.counts.extend(found.counts);
        verdict.findings.extend(found.findings);
        for name in self.world.gone().await {
            verdict.wrong(Wrong::Surprise, "", &name, "ended by itself; see its log");
        }
        self.hearing.judge(&pool, &self.partners, &self.folder, &self.asked.tools, &mut verdict).await?;
        pool.close().await;
        self.world.close().await?;
        table::print(&verdict, &self.folder)?;
        let well = verdict.findings.is_empty() && (verdict.unchecked.is_empty() || !self.asked.strict);
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// How it goes: one line that is written over on a terminal, a line now and then otherwise.
struct Line {
    began: Instant,
    told: Instant,
    answered: u64,
    terminal: bool,
}

impl Line {
    fn new() -> Self {
        let now = Instant::now();
        Self { began: now, told: now, answered: 0, terminal: std::io::stdout().is_terminal() }
    }

    fn tell(&mut self, desk: &Desk, now: &str) {
        let every = if self.terminal { Duration::from_secs(1) } else { TOLD_EVERY };
        let since = self.told.elapsed();
        if since < every {
            return;
        }
        let answered = desk.answered.load(Ordering::Relaxed);
        let rate = (answered - self.answered) as f64 / since.as_secs_f64();
        let line = format!(
            "  {:>4} s  {answered} orders answered ({rate:.0}/s), {} of them unknown, {} requests  {now}",
            self.began.elapsed().as_secs(),
            desk.unknown.load(Ordering::Relaxed),
            desk.requests.load(Ordering::Relaxed),
        );
        if self.terminal {
            print!("\r\x1b[2K{line}");
            // A progress line that is not shown at once does not matter.
            let _ = std::io::Write::flush(&mut std::io::stdout());
        } else {
            println!("{line}");
        }
        (self.told, self.answered) = (Instant::now(), answered);
    }

    fn end(&self) {
        if self.terminal {
            println!();
        }
    }
}
