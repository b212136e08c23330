//! What the operator sees: health, readiness, metrics and the console, on a listener of its own.

pub mod console;
pub mod hand;
pub mod health;
pub mod json;
pub mod look;
pub mod readings;
pub mod staff;

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, Responder, get};
use serde::Serialize;

use crate::ops::health::{Check, Health};
use crate::ops::readings::Readings;
use crate::telemetry::metrics::Metrics;

/// What `/metrics` tells.
#[derive(Debug)]
pub struct Meters {
    /// Requests, counted by the front.
    pub metrics: Arc<Metrics>,
    /// Everything the rooms count.
    pub readings: Readings,
}

/// The routes of the listener; the app's data holds a [`Health`], [`Meters`] and a
/// [`console::Console`].
pub fn routes(config: &mut ServiceConfig) {
    config.service(livez).service(readyz).service(metrics).configure(console::routes);
}

/// Alive as long as it answers.
#[get("/livez")]
async fn livez() -> impl Responder {
    "alive\n"
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    checks: Vec<Check>,
}

/// Ready when every check that matters is; says which are not, and why.
#[get("/readyz")]
async fn readyz(health: Data<Health>) -> HttpResponse {
    let checks = health.checks().await;
    let ready = checks.iter().all(Check::lets_in);
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.json(Readiness { ready, checks })
}

/// Prometheus text.
#[get("/metrics")]
async fn metrics(meters: Data<Meters>) -> HttpResponse {
    let text = meters.metrics.text(&meters.readings.take().await);
    HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text)
}
