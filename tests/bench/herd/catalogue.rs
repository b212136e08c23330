//! A door in front of the catalogue: counts the calls for one path, and fails them all on demand.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::Result;

/// The door; it stands until the bench ends.
pub struct Counting {
    /// Where it listens.
    pub at: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    behind: SocketAddr,
    path: String,
    calls: AtomicU64,
    down: AtomicBool,
}

impl Counting {
    /// Opens it in front of the catalogue that listens at `behind`.
    pub fn start(behind: SocketAddr, path: String) -> Result<Self> {
        let shared = Arc::new(Shared { behind, path, calls: AtomicU64::new(0), down: AtomicBool::new(false) });
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (at, served) = (listener.local_addr()?, Arc::clone(&shared));
        std::thread::spawn(move || {
            let app = move || {
                let client = reqwest::Client::builder().no_proxy().build().ok();
                App::new().app_data(Data::new((Arc::clone(&served), client))).default_service(web::to(pass))
            };
            let server = HttpServer::new(app).workers(1).disable_signals().listen(listener);
            actix_web::rt::System::new().block_on(async { server?.run().await })
        });
        Ok(Self { at, shared })
    }

    /// Calls for the path so far.
    pub fn calls(&self) -> u64 {
        self.shared.calls.load(Ordering::Relaxed)
    }

    /// From now on everything fails, or not.
    pub fn break_down(&self, down: bool) {
        self.shared.down.store(down, Ordering::Relaxed);
    }
}

async fn pass(request: HttpRequest, body: Bytes, door: Data<(Arc<Shared>, Option<reqwest::Client>)>) -> HttpResponse {
    let (shared, client) = &**door;
    if request.path() == shared.path {
        shared.calls.fetch_add(1, Ordering::Relaxed);
    }
    if shared.down.load(Ordering::Relaxed) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let Some(client) = client else { return HttpResponse::BadGateway().finish() };
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let method = request.method().as_str().parse().unwrap_or(reqwest::Method::GET);
    let mut call = client.request(method, format!("http://{}{target}", shared.behind)).body(body);
    for name in ["x-internal-token", "x-partner-code", "content-type"] {
        if let Some(value) = request.headers().get(name).and_then(|value| value.to_str().ok()) {
            call = call.header(name, value);
        }
    }
    let Ok(answer) = call.send().await else { return HttpResponse::BadGateway().finish() };
    let status = actix_web::http::StatusCode::from_u16(answer.status().as_u16()).unwrap_or_default();
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("").to_owned();
    match answer.bytes().await {
        Ok(bytes) => HttpResponse::build(status).insert_header(("content-type", kind)).body(bytes),
        Err(_) => HttpResponse::BadGateway().finish(),
    }
}
