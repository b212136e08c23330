//! More than one node on one database: in this process with a clock of its own, or as a process that is killed or frozen
//! at a chosen moment; the wire between a node and the catalogue, on which a question or its answer is held up; and a
//! hand on the database that lets nobody write.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use xunyuan::clock::Clock;
use xunyuan::commands::client::Client;
use xunyuan::config::Config;
use xunyuan::server::house::House as Inside;
use xunyuan::server::listeners::{Doors, Running, serve};
use xunyuan::signing::http_message::{HmacKey, Signer, SigningKey};
use xunyuan::telemetry::access::AccessLog;

use crate::harness::{House, Partner, Redis};

/// The same person at another node.
pub fn at(address: SocketAddr, partner: &Partner, clock: &Clock) -> Partner {
    let key = SigningKey::HmacSha256(HmacKey::new(partner.secret.as_bytes()));
    let signer = Signer { key_id: partner.key_id.clone(), key };
    let base = format!("http://{address}/").parse().unwrap();
    let client = Client::new(base, signer, clock.clone()).unwrap();
    Partner { client, key_id: partner.key_id.clone(), secret: partner.secret.clone(), search: partner.search }
}

/// Two nodes with one Redis, and the same person at each.
pub struct Pair {
    pub house: House,
    pub redis: Redis,
    pub here: Partner,
    pub there: Partner,
    other: Running,
}

impl Pair {
    /// Opens them; none where there is no Redis at hand. Each has a clock of its own.
    pub async fn on_one_redis(folder: &Path) -> Option<Self> {
        let redis = Redis::at_hand(folder)?;
        let house = House::with(&[("REDIS__URL", redis.url.as_str())]).await;
        let here = house.partner("acme").await;
        let clock = Clock::shiftable();
        let other = beside(&house, &clock).await;
        let there = at(other.address, &here, &clock);
        Some(Self { house, redis, here, there, other })
    }

    pub async fn close(self) {
        self.other.stop().await;
        self.house.close().await;
    }
}

/// A second node of the house in this process, with a clock of its own.
pub async fn beside(house: &House, clock: &Clock) -> Running {
    node_with(&house.settings, clock).await
}

/// A node with these settings.
pub async fn node_with(settings: &[(String, String)], clock: &Clock) -> Running {
    let config = Config::load(None, settings.iter().cloned()).unwrap();
    let here = "127.0.0.1:0".parse().unwrap();
    let doors = Doors::bind(here, here).unwrap();
    let inside = Inside::open(config, clock.clone(), AccessLog::none()).await.unwrap();
    serve(inside, doors).unwrap()
}

/// A node as a process of its own, on the real clock; killed when dropped.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
}

impl Process {
    /// Starts one that reaches the catalogue over this wire and settles nothing by itself.
    pub async fn start(house: &House, wire: &Wire) -> Self {
        let (address, ops) = (free_address(), free_address());
        let mut command = Command::new(env!("CARGO_BIN_EXE_xunyuan"));
        command.arg("serve").env_clear().envs(house.settings.iter().cloned());
        command.env("XUNYUAN__SERVER__BIND", address.to_string()).env("XUNYUAN__OPS__BIND", ops.to_string());
        command.env("XUNYUAN__ORDERS__FOLLOW_MS", "60000").env("XUNYUAN__ORDERS__RECONCILE_MS", "600000");
        for world in ["LIVE", "SANDBOX"] {
            command.env(format!("XUNYUAN__UPSTREAM__{world}__URL"), format!("http://{}", wire.address));
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let process = Self { address, child };
        until("the node answers", async || TcpStream::connect(address).await.is_ok()).await;
        process
    }

    /// Sends it a signal, such as `-KILL`, `-STOP` or `-CONT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Waits until something is true, but not for ever.
pub async fn until(what: &str, is_true: impl AsyncFn() -> bool) {
    for _ in 0..1200 {
        if is_true().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("waited in vain: {what}");
}

/// Lets a call go on until something has happened, and gives it up then; it must not be answered before.
pub async fn cut<T>(call: impl Future<Output = T>, happened: impl Future<Output = ()>) {
    tokio::select! {
        _ = call => panic!("it was answered"),
        () = happened => {}
    }
}

/// What becomes of orders on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// They pass.
    Pass,
    /// The question does not get to the catalogue.
    HoldQuestion,
    /// The catalogue does the work, its answer does not get back.
    HoldAnswer,
}

/// The way of a node to the catalogue.
pub struct Wire {
    pub address: SocketAddr,
    knots: Arc<Knots>,
    _tasks: JoinSet<()>,
}

struct Knots {
    plan: watch::Sender<Plan>,
    held: Semaphore,
    free: Semaphore,
}

impl Wire {
    pub async fn to(house: &House) -> Self {
        let catalogue: url::Url = house.catalogue.url().parse().unwrap();
        let there = format!("127.0.0.1:{}", catalogue.port().unwrap());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (plan, _) = watch::channel(Plan::Pass);
        let knots = Arc::new(Knots { plan, held: Semaphore::new(0), free: Semaphore::new(0) });
        let (mut tasks, shared) = (JoinSet::new(), knots.clone());
        tasks.spawn(async move {
            let mut ways = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(&there).await else { continue };
                ways.spawn(carry(near, far, shared.clone()));
            }
        });
        Self { address, knots, _tasks: tasks }
    }

    pub fn plan(&self, plan: Plan) {
        self.knots.plan.send_replace(plan);
    }

    /// Until an order, or the answer to it, is held.
    pub async fn held(&self) {
        self.knots.held.acquire().await.unwrap().forget();
    }

    /// Lets what is held go on, and everything else pass.
    pub fn let_go(&self) {
        self.plan(Plan::Pass);
        self.knots.free.add_permits(1);
    }
}

async fn carry(near: TcpStream, far: TcpStream, knots: Arc<Knots>) {
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let (holds, held) = watch::channel(false);
    tokio::join!(questions(near_in, far_out, &knots, &holds), answers(far_in, near_out, &knots, &holds, held));
}

async fn questions(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, knots: &Knots, holds: &watch::Sender<bool>) {
    let mut bytes = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let plan = *knots.plan.borrow();
        let is_order = bytes.starts_with(b"POST /trade/orders ");
        holds.send_replace(is_order && plan == Plan::HoldAnswer);
        if is_order && plan == Plan::HoldQuestion {
            knots.wait().await;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    knots: &Knots,
    holds: &watch::Sender<bool>,
    held: watch::Receiver<bool>,
) {
    let mut bytes = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if *held.borrow() {
            knots.wait().await;
            holds.send_replace(false);
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

impl Knots {
    async fn wait(&self) {
        self.held.add_permits(1);
        self.free.acquire().await.unwrap().forget();
    }
}

/// While it is held nobody can write orders.
pub enum Hand {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Hand {
    pub async fn on(house: &House) -> Self {
        let (_, url) = house.settings.iter().find(|(name, _)| name == "XUNYUAN__DATABASE__URL").unwrap();
        if url.starts_with("sqlite") {
            let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
            sqlx::query("PRAGMA busy_timeout = 20000").execute(&mut connection).await.unwrap();
            sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
            return Self::Sqlite(connection);
        }
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query("BEGIN").execute(&mut connection).await.unwrap();
        sqlx::query("LOCK TABLE orders IN EXCLUSIVE MODE").execute(&mut connection).await.unwrap();
        Self::Postgres(connection)
    }

    pub async fn off(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(connection) => connection.close().await.unwrap(),
        }
    }
}
