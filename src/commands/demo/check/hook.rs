//! A webhook receiver as a partner would write one: it verifies each delivery by Standard Webhooks and remembers what it
//! was told. Listens on loopback, for the time of the check.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::{Result, bail, ensure};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::signing::webhook::WebhookSecret;

/// How old a delivery may be; the specification's own libraries take five minutes.
const TOLERANCE_S: i64 = 300;
const PATIENCE: Duration = Duration::from_secs(30);

/// What the receiver knows.
#[derive(Debug, Default)]
struct Heard {
    secret: OnceLock<WebhookSecret>,
    events: Mutex<Vec<Value>>,
    refused: Mutex<Vec<String>>,
}

/// A receiver that listens.
#[derive(Debug)]
pub struct Hook {
    address: SocketAddr,
    heard: Arc<Heard>,
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
}

impl Hook {
    /// Listens on a free port.
    pub fn listen() -> Result<Self> {
        let heard: Arc<Heard> = Arc::default();
        let shared = Data::from(Arc::clone(&heard));
        let server =
            HttpServer::new(move || App::new().app_data(shared.clone()).route("/hook", web::post().to(receive)))
                .workers(1)
                .disable_signals()
                .shutdown_timeout(1)
                .bind("127.0.0.1:0")?;
        let Some(address) = server.addrs().first().copied() else { bail!("the receiver has no address") };
        let server = server.run();
        let handle = server.handle();
        #[expect(clippy::disallowed_methods, reason = "it ends with the check, which stops it")]
        let server = tokio::spawn(server);
        Ok(Self { address, heard, handle, server })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// From now on deliveries must be signed with this secret.
    pub fn expect(&self, secret: &str) -> Result<()> {
        ensure!(self.heard.secret.set(WebhookSecret::parse(secret)?).is_ok(), "the receiver has a secret already");
        Ok(())
    }

    /// Waits for an event of this type about what has `id` under `field`; gives all about it so far, in the order they
    /// came, each once.
    pub async fn wait_for(&self, field: &str, id: &str, kind: &str) -> Result<Vec<Value>> {
        let until = Instant::now() + PATIENCE;
        loop {
            let events = self.about(field, id);
            if events.iter().any(|event| event["type"] == kind) {
                let refused = self.heard.refused.lock().unwrap_or_else(PoisonError::into_inner);
                ensure!(refused.is_empty(), "deliveries did not verify: {refused:?}");
                return Ok(events);
            }
            let told: Vec<_> = events.iter().map(|event| event["type"].to_string()).collect();
            ensure!(Instant::now() < until, "{kind} of {id} was not delivered; told were {}", told.join(", "));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn about(&self, field: &str, id: &str) -> Vec<Value> {
        let events = self.heard.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().filter(|event| event["data"][field] == id).cloned().collect()
    }

    /// Stops listening.
    pub async fn stop(self) {
        self.handle.stop(false).await;
        // It was told to stop; how it ended is of no interest any more.
        let _ = self.server.await;
    }
}

/// A delivery: 204 when it is genuine, 401 when not. One that comes again is taken in once.
async fn receive(request: HttpRequest, body: Bytes, heard: Data<Heard>) -> HttpResponse {
    let field = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let (id, signature) = (field("webhook-id"), field("webhook-signature"));
    let at: i64 = field("webhook-timestamp").parse().unwrap_or(0);
    let young = (Clock::System.now_s() - at).abs() <= TOLERANCE_S;
    let genuine = heard.secret.get().is_some_and(|secret| secret.verify(id, at, signature, &body));
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !young || !genuine || event.is_null() {
        heard.refused.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{id} at {at}"));
        return HttpResponse::Unauthorized().finish();
    }
    let mut events = heard.events.lock().unwrap_or_else(PoisonError::into_inner);
    if !events.iter().any(|known| known["id"] == id) {
        let mut event = event;
        event["id"] = id.into();
        events.push(event);
    }
    HttpResponse::NoContent().finish()
}
