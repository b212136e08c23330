//! A catalogue of as many offers as anybody likes: each is the same document under its own number. Everything else is
//! asked at the real one behind it.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::{Context, Result};

use crate::rig::door;
use crate::rig::gateway::TOKEN;

/// The document, cut where its number stands.
struct Template {
    behind: SocketAddr,
    pieces: Vec<String>,
}

/// Opens it in front of the catalogue that listens at `behind`; offers look like the one with this number.
pub async fn endless(behind: SocketAddr, like: &str) -> Result<SocketAddr> {
    let client = door::client().context("no client")?;
    let asked = client.get(format!("http://{behind}/goods/{like}?lang=en")).header("x-internal-token", TOKEN);
    let document = asked.send().await?.error_for_status()?.text().await?;
    let pieces: Vec<_> = document.split(&format!("\"goodsId\":{like}")).map(str::to_owned).collect();
    anyhow::ensure!(pieces.len() > 1, "the document does not say its number");
    let template = Arc::new(Template { behind, pieces });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let at = listener.local_addr()?;
    std::thread::spawn(move || {
        let app = move || {
            let shared = (Arc::clone(&template), door::client());
            App::new()
                .app_data(Data::new(shared))
                .route("/goods/{id:[0-9]+}", web::get().to(goods))
                .default_service(web::to(other))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener);
        actix_web::rt::System::new().block_on(async { server?.run().await })
    });
    Ok(at)
}

type Shared = Data<(Arc<Template>, Option<reqwest::Client>)>;

async fn goods(request: HttpRequest, shared: Shared) -> HttpResponse {
    let id = request.match_info().get("id").unwrap_or_default();
    let body = shared.0.pieces.join(&format!("\"goodsId\":{id}"));
    HttpResponse::Ok().insert_header(("content-type", "application/json")).body(body)
}

async fn other(request: HttpRequest, body: Bytes, shared: Shared) -> HttpResponse {
    match &shared.1 {
        Some(client) => door::pass(client, shared.0.behind, &request, body).await,
        None => HttpResponse::BadGateway().finish(),
    }
}
