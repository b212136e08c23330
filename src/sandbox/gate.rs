//! The front door: who may come in, what is counted, and the faults that were asked for.

use std::sync::PoisonError;
use std::time::Duration;

use actix_web::body::{BodyStream, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError, web};
use bytes::Bytes;
use subtle::ConstantTimeEq;

use super::envelope::{Code, Refusal, refused};
use super::faults::{Fault, FaultKind};
use super::market::Market;

/// Paths for browsers and probes, which carry no token.
const OPEN: [&str; 3] = ["/cashier/", "/health", "/openapi.json"];
const TOKEN: &str = "X-Internal-Token";
const FAULT: &str = "X-Sandbox-Fault";

/// Lets a call in, or not; makes it fail when that was asked for.
pub async fn gate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(market) = request.app_data::<web::Data<Market>>().cloned() else {
        return answer(request, Refusal::from(Code::SystemError).error_response());
    };
    if !may_enter(&request, &market) {
        return answer(request, Refusal::from(Code::TokenInvalid).error_response());
    }
    let fault = match fault_of(&request, &market) {
        Ok(fault) => fault,
        Err(refusal) => return answer(request, refusal.error_response()),
    };
    let Some(fault) = fault else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    match fault.kind {
        FaultKind::Slow => {
            tokio::time::sleep(Duration::from_millis(fault.ms.unwrap_or(1000).min(120_000))).await;
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        FaultKind::DropBefore => answer(request, hung_up()),
        FaultKind::Status | FaultKind::Refuse => answer(request, refusal(&fault)),
        FaultKind::DropAfter => Ok(next.call(request).await?.map_body(|_, _| silence())),
        FaultKind::Garbage => {
            Ok(next.call(request).await?.map_body(|_, _| BoxBody::new(r#"{"success":true,"data":{"#)))
        }
    }
}

fn may_enter(request: &ServiceRequest, market: &Market) -> bool {
    let path = request.path();
    let given = request.headers().get(TOKEN).map_or(&b""[..], |value| value.as_bytes());
    OPEN.iter().any(|open| path.starts_with(open)) || bool::from(given.ct_eq(market.token.as_bytes()))
}

/// Counts the call and finds the fault that is to happen to it.
fn fault_of(request: &ServiceRequest, market: &Market) -> Result<Option<Fault>, Refusal> {
    let pattern = request.match_pattern().unwrap_or_else(|| String::from("unknown"));
    let (method, path) = (request.method().as_str(), request.path());
    let mut stats = market.stats.lock().unwrap_or_else(PoisonError::into_inner);
    stats.count(method, &pattern);
    if path.starts_with("/control/") {
        return Ok(None);
    }
    let header = request.headers().get(FAULT).filter(|_| market.faults_by_header);
    let fault = match header {
        Some(text) => {
            let fault = text.to_str().ok().and_then(Fault::from_header);
            Some(fault.ok_or_else(|| Refusal::param(FAULT))?)
        }
        None => market.faults.lock().unwrap_or_else(PoisonError::into_inner).take(method, path, &pattern),
    };
    stats.faults_done += u64::from(fault.is_some());
    Ok(fault)
}

fn refusal(fault: &Fault) -> HttpResponse {
    let word = fault.error_code.as_deref().unwrap_or("SYSTEM_BUSY");
    let status = match fault.kind {
        FaultKind::Refuse => StatusCode::OK,
        _ => StatusCode::from_u16(fault.status.unwrap_or(503)).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
    };
    refused(status, word, "系统繁忙", None)
}

fn answer(request: ServiceRequest, response: HttpResponse) -> Result<ServiceResponse<BoxBody>, Error> {
    Ok(request.into_response(response))
}

fn hung_up() -> HttpResponse {
    HttpResponse::Ok().body(silence())
}

/// A body that breaks before its first byte: the server closes the connection and what it had not sent yet, the head
/// included, is lost.
fn silence() -> BoxBody {
    let broken = std::io::Error::new(std::io::ErrorKind::ConnectionAborted, "dropped as asked");
    BoxBody::new(BodyStream::new(futures_util::stream::once(std::future::ready(Err::<Bytes, _>(broken)))))
}
