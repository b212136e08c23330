//! A door in front of the catalogue: counts the calls for one path, and fails them all on demand.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::Result;

use crate::rig::door;

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
                App::new().app_data(Data::new((Arc::clone(&served), door::client()))).default_service(web::to(pass))
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
    match client {
        Some(client) => door::pass(client, shared.behind, &request, body).await,
        None => HttpResponse::BadGateway().finish(),
    }
}
