//! `tests/bench/run older`: the same cached offer asked of one gateway in both protocols: `GET /v1/offers/{id}` and 1688's
//! `product.search.queryProductDetail`, in turns, beside a bare actix-web handler of `/v1`'s bytes.

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
use url::form_urlencoded;
use xunyuan::clock::Clock;
use xunyuan::model::partner::{Mode, Scopes};
use xunyuan::partners::AppPolicy;
use xunyuan::signing::aop::{AppSecret, SIGNATURE};

use rig::bare::{self, Bare};
use rig::batch::Batch;
use rig::contender::{Contender, Questions, print_heads};
use rig::gateway::{Gateway, PARTNER, PROGRAM, offer_paths};
use rig::generator;
use rig::process::Core;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const OFFERS: u32 = 100;
/// The answer is about as large as in the other benches.
const USUAL_BYTES: usize = 3_000;
const CALL: &str = "param2/1/com.alibaba.fenxiao.crossborder/product.search.queryProductDetail";
/// A running gateway looks for new apps every second.
const SEEN_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, Parser)]
struct Asked {
    #[command(subcommand)]
    part: Option<Part>,
    /// How often each contender has its turn
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Requests in a turn
    #[arg(long, default_value_t = 40_000)]
    requests: usize,
    /// The servers' core
    #[arg(long)]
    server_core: Option<usize>,
    /// Where the figures go
    #[arg(long, default_value = "target/bench/older.json")]
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

/// An app with a token, as its client knows it.
struct App {
    key: String,
    secret: AppSecret,
    token: String,
}

impl App {
    /// The partner's door is opened, and it gets an app.
    async fn of(gateway: &Gateway) -> Result<Self> {
        let (sql, directory) = gateway.directory().await?;
        let partner = PARTNER.parse()?;
        directory.open_door("bench", &partner, false).await?;
        let policy = AppPolicy { mode: Mode::Live, scopes: Scopes::all(), allowed: Vec::new() };
        let issued = directory.issue_app("bench", &partner, policy).await?;
        let code = directory.issue_code("bench", &issued.app_key, PARTNER).await?;
        let granted = directory.redeem_code(&issued.app_key, &code).await?.context("the code was just made")?;
        sql.close().await;
        let secret = AppSecret::new(issued.secret.expose().as_bytes()).context("no secret")?;
        Ok(Self { key: issued.app_key, secret, token: granted.access_token })
    }

    /// So many signed calls for an offer; each has a moment of its own, as a client's have.
    fn batch(&self, at: SocketAddr, offer: &str, count: usize) -> Batch {
        let path = format!("{CALL}/{}", self.key);
        let wish = json!({"offerId": offer.parse::<i64>().unwrap_or(0), "country": "en"}).to_string();
        let from_ms = Clock::System.now_ms() - 120_000;
        let requests: Vec<_> = (from_ms..)
            .take(count)
            .map(|moment| {
                let moment = moment.to_string();
                let given =
                    [("offerDetailParam", &*wish), ("access_token", &*self.token), ("_aop_timestamp", &*moment)];
                let signature = self.secret.sign(&path, &given);
                let mut query = form_urlencoded::Serializer::new(String::new());
                query.extend_pairs(given).append_pair(SIGNATURE, &signature);
                format!("GET /openapi/{path}?{} HTTP/1.1\r\nhost: {at}\r\n\r\n", query.finish()).into_bytes()
            })
            .collect();
        Batch::plain(requests.iter().map(Vec::as_slice))
    }
}

async fn run(asked: &Asked) -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let core = Core(asked.server_core);
    let gateway = Gateway::start(Path::new(PROGRAM), core, &folder.path().join("gateway"), OFFERS).await?;
    let (offer, like) = usual(&gateway).await?;
    let bare = Bare::start(core, folder.path(), &like).await?;
    let app = App::of(&gateway).await?;
    let older = until_seen(&gateway, &app, &offer).await?;
    println!(
        "offer {offer}: {} bytes in /v1, {older} in the older protocol; process {}",
        like.body.len(),
        gateway.process.id()
    );
    let paths = vec![format!("/v1/offers/{offer}")];
    let questions = |at| Questions { at, signer: gateway.signer.clone(), paths: paths.clone() };
    let (of_bare, of_v1) = (questions(bare.at), questions(gateway.at));
    let mut rows = ["bare actix", "/v1/offers/{id}", "queryProductDetail"].map(|name| (name, Contender::default()));
    for _ in 0..asked.rounds {
        let [(_, unit), (_, v1), (_, detail)] = &mut rows;
        unit.turn(&bare.process, &of_bare, asked.requests).await?;
        v1.turn(&gateway.process, &of_v1, asked.requests).await?;
        detail.turn_of(&gateway.process, gateway.at, app.batch(gateway.at, &offer, asked.requests)).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    told(asked, &rows)
}

/// The offer whose answer is closest to the usual size, and that answer.
async fn usual(gateway: &Gateway) -> Result<(String, generator::Got)> {
    let mut best: Option<(usize, String, generator::Got)> = None;
    for path in offer_paths(OFFERS) {
        let once = Batch::signed(&gateway.signer, gateway.at, std::iter::once(path.as_str()))?;
        let got = generator::ask(gateway.at, &once).await?;
        let off = got.body.len().abs_diff(USUAL_BYTES);
        if got.status == 200 && best.as_ref().is_none_or(|(least, ..)| off < *least) {
            best = Some((off, path.rsplit('/').next().unwrap_or_default().to_owned(), got));
        }
    }
    let (_, offer, got) = best.context("no offer can be shown")?;
    Ok((offer, got))
}

/// Waits until the gateway knows the app; gives the length of its answer.
async fn until_seen(gateway: &Gateway, app: &App, offer: &str) -> Result<usize> {
    let begun = std::time::Instant::now();
    loop {
        let got = generator::ask(gateway.at, &app.batch(gateway.at, offer, 1)).await?;
        if got.status == 200 {
            let body = String::from_utf8_lossy(&got.body);
            ensure!(body.contains("\"success\":true"), "the older protocol answers {body}");
            return Ok(got.body.len());
        }
        ensure!(
            begun.elapsed() < SEEN_WITHIN,
            "the app is answered {}: {}",
            got.status,
            String::from_utf8_lossy(&got.body)
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn told(asked: &Asked, rows: &[(&str, Contender); 3]) -> Result<ExitCode> {
    print_heads();
    rows.iter().for_each(|(name, figures)| figures.print(name));
    let [(_, bare), (_, v1), (_, detail)] = rows;
    println!("\nanswers for the same processor time (for the same time)");
    println!("{:<44} {}  ({})", "/v1/offers/{id}, of bare actix", v1.ratio(bare), v1.ratio_by_time(bare));
    println!("{:<44} {}  ({})", "queryProductDetail, of bare actix", detail.ratio(bare), detail.ratio_by_time(bare));
    println!("{:<44} {}  ({})", "queryProductDetail, of /v1/offers/{id}", detail.ratio(v1), detail.ratio_by_time(v1));
    let figures: serde_json::Map<_, _> = rows.iter().map(|(name, one)| ((*name).to_owned(), one.json())).collect();
    let told = json!({
        "rounds": asked.rounds, "requests": asked.requests, "rows": figures,
        "older_over_v1": {"by_cpu": detail.ratio(v1), "by_time": detail.ratio_by_time(v1)},
    });
    std::fs::create_dir_all(asked.out.parent().context("the figures need a folder")?)?;
    std::fs::write(&asked.out, format!("{told:#}\n"))?;
    Ok(ExitCode::SUCCESS)
}
