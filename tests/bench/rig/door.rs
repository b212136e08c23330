//! Handing a call on to the catalogue, for doors that benches put in front of it.

use std::net::SocketAddr;

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

/// A client for a door's worker.
pub fn client() -> Option<reqwest::Client> {
    reqwest::Client::builder().no_proxy().build().ok()
}

/// What the catalogue that listens at `behind` says to a call.
pub async fn pass(client: &reqwest::Client, behind: SocketAddr, request: &HttpRequest, body: Bytes) -> HttpResponse {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let method = request.method().as_str().parse().unwrap_or(reqwest::Method::GET);
    let mut call = client.request(method, format!("http://{behind}{target}")).body(body);
    for name in ["x-internal-token", "x-partner-code", "content-type"] {
        if let Some(value) = request.headers().get(name).and_then(|value| value.to_str().ok()) {
            call = call.header(name, value);
        }
    }
    let Ok(answer) = call.send().await else { return HttpResponse::BadGateway().finish() };
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or_default();
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("").to_owned();
    match answer.bytes().await {
        Ok(bytes) => HttpResponse::build(status).insert_header(("content-type", kind)).body(bytes),
        Err(_) => HttpResponse::BadGateway().finish(),
    }
}
