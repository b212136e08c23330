//! A house to test in: sandbox catalogue, gateway and operator's listener in this process, on ports of their own, with
//! a clock that tests set. Partners are signed clients. What was started ends with the house.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use xunyuan::clock::Clock;
use xunyuan::commands::client::{Answer, Client, Draft};
use xunyuan::config::Config;
use xunyuan::model::partner::{Mode, Scope, Scopes};
use xunyuan::partners::{KeyPolicy, MasterKeys, Material, NewPartner};
use xunyuan::sandbox;
use xunyuan::server::house::House as Inside;
use xunyuan::server::listeners::{Doors, Running, serve};
use xunyuan::server::passes::Fares;
use xunyuan::signing::http_message::{HmacKey, Signer, SigningKey};
use xunyuan::telemetry::access::AccessLog;

use crate::schema;

const OFFERS: u32 = 400;

/// A gateway between the one that is tested and the catalogue.
pub struct Behind {
    pub running: Running,
    _folder: TempDir,
    _redis: Option<Redis>,
}

/// A running gateway with its counterparty.
pub struct House {
    pub running: Running,
    pub catalogue: sandbox::Running,
    pub clock: Clock,
    /// Where the database is; gone with the house.
    pub folder: TempDir,
    /// What it was opened with, for further nodes.
    pub settings: Vec<(String, String)>,
    /// The gateway behind it, when it reaches the catalogue through one.
    pub behind: Option<Behind>,
    _redis: Option<Redis>,
}

/// A partner with one key.
pub struct Partner {
    pub client: Client,
    pub key_id: String,
    pub secret: String,
    /// Finds something to buy.
    pub search: &'static str,
}

impl House {
    /// A house with the default settings.
    pub async fn open() -> Self {
        Self::with(&[]).await
    }

    /// A house with settings of its own, e.g. `("SERVER__BODY_LIMIT_BYTES", "2048")`.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::over(sandbox_settings(), settings).await
    }

    /// A house that hears of no change at the catalogue: the first look at each feed is over, and the next is a minute off.
    /// What was lost stays so until somebody asks.
    pub async fn deaf() -> Self {
        const FEEDS: usize = 10;
        let house = Self::with(&[("ORDERS__FOLLOW_MS", "60000")]).await;
        let is_read = |((task, _), fares): &((&str, &str), Fares)| task.ends_with("_follow") && fares.ok > 0;
        for _ in 0..1200 {
            if house.running.house.passes.read().iter().filter(|pass| is_read(pass)).count() >= FEEDS {
                return house;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("a feed was not read: {:?}", house.running.house.passes.read())
    }

    /// A house over a catalogue of its own.
    pub async fn over(catalogue: sandbox::Settings, settings: &[(&str, &str)]) -> Self {
        let catalogue = sandbox::start(catalogue, |_| {}).await.unwrap();
        let mut upstream = Vec::new();
        for world in ["LIVE", "SANDBOX"] {
            upstream.push((format!("XUNYUAN__UPSTREAM__{world}__URL"), catalogue.url()));
            upstream.push((format!("XUNYUAN__UPSTREAM__{world}__TOKEN"), catalogue.token.clone()));
        }
        Self::in_front(catalogue, upstream, Clock::shiftable(), settings).await
    }

    /// A house that reaches its catalogue through another gateway, in the older protocol: partner → this gateway → that
    /// gateway's older face → catalogue. All of them have one clock.
    pub async fn through_1688(settings: &[(&str, &str)]) -> Self {
        let inner = Self::open().await;
        let directory = &inner.running.house.directory;
        let app = inner.trader("gateway").await;
        let code = directory.issue_code("test", &app.app_key, "gateway").await.unwrap();
        let granted = directory.redeem_code(&app.app_key, &code).await.unwrap().unwrap();
        let refresh = granted.refresh.unwrap().token;
        let mut upstream = Vec::new();
        for world in ["LIVE", "SANDBOX"] {
            let mut set = |name: &str, value: &str| {
                upstream.push((format!("XUNYUAN__UPSTREAM__{world}__{name}"), value.to_owned()))
            };
            set("KIND", "open1688");
            set("URL", &inner.url(""));
            set("APP_KEY", &app.app_key);
            set("APP_SECRET", &app.shown_secret);
            // It fetches its access tokens by itself.
            set("REFRESH_TOKEN", &refresh);
        }
        let House { running, catalogue, clock, folder, _redis, .. } = inner;
        let outer = Self::in_front(catalogue, upstream, clock, settings).await;
        Self { behind: Some(Behind { running, _folder: folder, _redis }), ..outer }
    }

    async fn in_front(
        catalogue: sandbox::Running,
        upstream: Vec<(String, String)>,
        clock: Clock,
        settings: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis = Redis::wanted(folder.path());
        let database = database(folder.path()).await;
        let mut pairs = vec![
            ("XUNYUAN__DATABASE__URL".to_owned(), database),
            ("XUNYUAN__SECRETS__MASTER_KEY".to_owned(), MasterKeys::generate(1).unwrap().trim().to_owned()),
            ("XUNYUAN__SERVER__DRAIN_S".to_owned(), "0".to_owned()),
            ("XUNYUAN__SERVER__WORKERS".to_owned(), "2".to_owned()),
            ("XUNYUAN__ORDERS__FOLLOW_MS".to_owned(), "20".to_owned()),
            ("XUNYUAN__ORDERS__RECONCILE_MS".to_owned(), "50".to_owned()),
            // Receivers of tests are on this machine.
            ("XUNYUAN__WEBHOOKS__ALLOW_NETWORKS".to_owned(), "[\"127.0.0.0/8\"]".to_owned()),
            ("XUNYUAN__WEBHOOKS__LOOK_EVERY_MS".to_owned(), "20".to_owned()),
        ];
        pairs.extend(upstream);
        if let Some(redis) = &redis {
            pairs.push(("XUNYUAN__REDIS__URL".to_owned(), redis.url.clone()));
        }
        pairs.extend(settings.iter().map(|(name, value)| (format!("XUNYUAN__{name}"), (*value).to_owned())));
        let config = Config::load(None, pairs.iter().cloned()).unwrap();
        let here = "127.0.0.1:0".parse().unwrap();
        let doors = Doors::bind(here, here).unwrap();
        let inside = Inside::open(config, clock.clone(), AccessLog::none()).await.unwrap();
        let running = serve(inside, doors).unwrap();
        Self { running, catalogue, clock, folder, settings: pairs, behind: None, _redis: redis }
    }

    /// A partner on the largest plan who may do everything, in the sandbox world.
    pub async fn partner(&self, name: &str) -> Partner {
        self.partner_with(name, "enterprise", Mode::Sandbox, Scopes::all()).await
    }

    /// A partner with a plan and a key of these scopes.
    pub async fn partner_with(&self, name: &str, plan: &str, mode: Mode, scopes: Scopes) -> Partner {
        let directory = &self.running.house.directory;
        let id = name.parse().unwrap();
        if directory.find_partner(name).is_none() {
            let new = NewPartner { id, name: name.to_owned(), country: "JP".to_owned(), plan: plan.to_owned() };
            directory.create_partner("test", new).await.unwrap();
        }
        let policy = KeyPolicy { mode, scopes, allowed: Vec::new(), expires_at: None };
        let issued = directory.issue_key("test", &name.parse().unwrap(), policy, Material::SharedSecret).await.unwrap();
        let secret = issued.secret.unwrap().expose().to_owned();
        self.signed(issued.key_id.to_string(), secret)
    }

    /// A partner that lacks one scope.
    pub async fn partner_without(&self, name: &str, left_out: &[Scope]) -> Partner {
        let scopes = Scope::ALL.iter().copied().filter(|scope| !left_out.contains(scope)).collect();
        self.partner_with(name, "enterprise", Mode::Sandbox, scopes).await
    }

    /// A client that signs with this key.
    pub fn signed(&self, key_id: String, secret: String) -> Partner {
        let signer = Signer { key_id: key_id.clone(), key: SigningKey::HmacSha256(HmacKey::new(secret.as_bytes())) };
        let base = self.url("/").parse().unwrap();
        // The older protocol searches by words alone.
        let all = "/v1/offers?limit=50&sort=sold";
        let search = if self.behind.is_some() { "/v1/offers?q=%E6%9D%AF&limit=20&sort=sold" } else { all };
        Partner { client: Client::new(base, signer, self.clock.clone()).unwrap(), key_id, secret, search }
    }

    /// An address of the partners' listener.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address)
    }

    /// An address of the operator's listener.
    pub fn ops(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.ops_address)
    }

    /// Tells the sandbox catalogue something, e.g. a fault.
    pub async fn tell_catalogue(&self, path: &str, body: Value) -> Value {
        let asked =
            plain().post(format!("{}{path}", self.catalogue.url())).header("x-internal-token", &self.catalogue.token);
        let answer = asked.json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// Asks the sandbox catalogue something, e.g. what was called.
    pub async fn ask_catalogue(&self, path: &str) -> Value {
        let asked =
            plain().get(format!("{}{path}", self.catalogue.url())).header("x-internal-token", &self.catalogue.token);
        asked.send().await.unwrap().json().await.unwrap()
    }

    /// Runs the program on this house's settings: how it exits, what it says, and what it says of trouble.
    pub async fn command(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_xunyuan"));
        command.args(args).env_clear().envs(self.settings.iter().cloned());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    /// Closes the house in order.
    pub async fn close(self) {
        self.running.stop().await;
        if let Some(behind) = self.behind {
            behind.running.stop().await;
        }
        self.catalogue.stop().await;
        self.folder.close().unwrap();
    }
}

impl Partner {
    /// Asks, and holds the answer against the OpenAPI document.
    pub async fn ask(&self, draft: &Draft) -> Answer {
        let answer = self.client.ask(draft).await.unwrap();
        schema::hold(&draft.method, &draft.target, answer.status, &answer.body);
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(&Draft::get(path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(&Draft::post(path, &body)).await
    }

    pub async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        self.ask(&Draft { method: method.to_owned(), ..Draft::post(path, &body) }).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(&Draft { method: "DELETE".to_owned(), ..Draft::get(path) }).await
    }

    pub async fn post_once(&self, path: &str, key: &str, body: Value) -> Answer {
        self.ask(&Draft::post(path, &body).once(key)).await
    }

    /// A quote for something that can be had now.
    pub async fn quote(&self) -> Value {
        let found = self.get(self.search).await.json();
        for summary in found["items"].as_array().unwrap() {
            let offer = self.get(&format!("/v1/offers/{}", summary["id"].as_str().unwrap())).await.json();
            let least = offer["minimum_order"].as_u64().unwrap();
            let step = offer["order_multiple"].as_u64().unwrap_or(1).max(1);
            let quantity = least.div_ceil(step) * step;
            let skus = offer["skus"].as_array().unwrap();
            let Some(sku) = skus.iter().find(|sku| sku["stock"].as_u64().unwrap() > 2 * quantity) else { continue };
            let body = json!({"lines": [{"sku_id": sku["id"], "quantity": quantity}], "currency": "JPY"});
            let quoted = self.post("/v1/quotes", body).await;
            if quoted.status == 201 {
                return quoted.json()["quotes"][0].clone();
            }
        }
        panic!("nothing could be quoted");
    }

    /// An order on a fresh quote.
    pub async fn order(&self, reference: &str) -> Answer {
        let quote = self.quote().await;
        let body = json!({"reference": reference, "quote_id": quote["id"]});
        self.post_once("/v1/orders", &format!("key-{reference}"), body).await
    }

    /// The order once it is in this state; time is the catalogue's, so it is waited for.
    pub async fn order_in(&self, id: &str, state: &str) -> Value {
        for _ in 0..200 {
            let order = self.get(&format!("/v1/orders/{id}")).await.json();
            if order["state"] == state {
                return order;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the order never became {state}");
    }
}

/// A client that signs nothing.
pub fn plain() -> reqwest::Client {
    #[expect(clippy::disallowed_methods, reason = "a test's own client")]
    reqwest::Client::new()
}

/// The code of a problem, which must be a whole one.
#[track_caller]
pub fn problem(answer: &Answer) -> String {
    let body = answer.json();
    assert_eq!(answer.field("content-type"), "application/problem+json", "{body}");
    for member in ["type", "title", "status", "detail", "instance", "code", "request_id", "retryable"] {
        assert!(!body[member].is_null(), "{member} is missing in {body}");
    }
    assert_eq!(body["status"], answer.status);
    assert_eq!(body["request_id"], answer.field("x-request-id"));
    body["code"].as_str().unwrap().to_owned()
}

/// The pointers of a problem.
pub fn pointers(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
}

/// The catalogue of most houses.
pub fn sandbox_settings() -> sandbox::Settings {
    sandbox::Settings { offers: OFFERS, pace: 0.0, workers: 1, faults_by_header: false, ..Default::default() }
}

fn wanted(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "tests/run chooses the engines by environment")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// SQLite in the folder, or a database of its own at the PostgreSQL that the environment names.
async fn database(folder: &Path) -> String {
    let Some(server) = wanted("XUNYUAN_TEST_POSTGRES") else {
        return format!("sqlite://{}", folder.join("it.db").display());
    };
    let name = format!("it_{}", uuid::Uuid::now_v7().simple());
    let pool = sqlx::PgPool::connect(&server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&pool).await.unwrap();
    pool.close().await;
    let mut url: url::Url = server.parse().unwrap();
    url.set_path(&name);
    url.to_string()
}

/// A redis-server of this house alone, started when the environment asks for Redis.
pub struct Redis {
    pub url: String,
    server: Child,
}

impl Redis {
    fn wanted(folder: &Path) -> Option<Self> {
        wanted("XUNYUAN_TEST_REDIS")?;
        Some(Self::start(folder))
    }

    /// Starts one for a test that is about Redis; none (and a sentence) where there is no redis-server and none is
    /// required.
    #[expect(clippy::print_stdout, reason = "a test that leaves something out says so")]
    pub fn at_hand(folder: &Path) -> Option<Self> {
        let there = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_ok();
        if !there && wanted("XUNYUAN_TEST_REDIS").is_none() {
            println!("without Redis: there is no redis-server on PATH");
            return None;
        }
        Some(Self::start(folder))
    }

    /// Starts one, empty.
    pub fn start(folder: &Path) -> Self {
        let socket = folder.join("redis.sock");
        let _ = std::fs::remove_file(&socket);
        let server = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is not installed; tests/run tools installs it");
        for _ in 0..200 {
            if std::os::unix::net::UnixStream::connect(&socket).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { url: format!("redis+unix://{}", socket.display()), server }
    }

    /// Takes it away, with everything it remembers.
    pub fn kill(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
