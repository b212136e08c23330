//! The cashier: a page with one button for a person who pays. The secret word in its address is all it asks for.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, ResponseError, get, post, web};

use super::envelope::{Code, Refusal};
use super::market::Market;
use super::trade::{Book, Order, PaidHow, Status};
use super::words::{beijing, yuan};

type Shared = web::Data<Market>;

/// A word that cannot be guessed.
pub fn secret_word() -> Result<String, Refusal> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Refusal::from(Code::SystemError))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The page at which a person pays.
#[utoipa::path(tag = "trade", params(("token" = String, Path, description = "The secret word from payUrl.")), security(()), responses(
    (status = 200, description = "The page.", content_type = "text/html", body = String),
    (status = 404, description = "No such page.", content_type = "text/html", body = String)))]
#[get("/cashier/{token}")]
pub async fn show_cashier(market: Shared, token: web::Path<String>) -> HttpResponse {
    show(market.lasting(|book| Ok(book.by_cashier(&token).cloned())).await)
}

/// The button on that page.
#[utoipa::path(tag = "trade", params(("token" = String, Path, description = "The secret word from payUrl.")), security(()), responses(
    (status = 200, description = "The page, saying that it is paid or why it cannot be.", content_type = "text/html", body = String),
    (status = 404, description = "No such page.", content_type = "text/html", body = String)))]
#[post("/cashier/{token}")]
pub async fn press_pay(market: Shared, token: web::Path<String>) -> HttpResponse {
    let now_ms = market.clock.now_ms();
    let pay = |book: &mut Book| {
        let order = book.by_cashier(&token).cloned();
        // A refusal (too late, closed) shows on the page: it tells the order's status.
        Ok(order.map(|order| book.settle(order.order_no, PaidHow::AtCashier, now_ms).unwrap_or(order)))
    };
    show(market.lasting(pay).await)
}

fn show(order: Result<Option<Order>, Refusal>) -> HttpResponse {
    let order = match order {
        Ok(order) => order,
        Err(refusal) => return refusal.error_response(),
    };
    let (mut response, body) = match &order {
        None => (HttpResponse::NotFound(), String::from("<h1>收银台</h1><p>页面不存在</p>")),
        Some(order) => (HttpResponse::Ok(), facts(order)),
    };
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"))
        .body(format!("<!doctype html><html lang=\"zh\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>收银台 · Cashier</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"))
}

const STYLE: &str = "body{font:16px/1.6 sans-serif;background:#f4f5f7;margin:0}main{max-width:26rem;margin:4rem auto;\
    background:#fff;padding:2rem;border-radius:12px;box-shadow:0 2px 12px #0002}b{font-size:2rem}button{width:100%;\
    padding:.8rem;border:0;border-radius:8px;background:#ff5000;color:#fff;font-size:1.1rem;cursor:pointer}";

/// Numbers and times only: nothing a caller wrote reaches the page.
fn facts(order: &Order) -> String {
    let state = match order.status {
        Status::WaitBuyerPay => format!(
            "<p>请于 {} 前支付 · pay before (Beijing time)</p><form method=\"post\"><button>支付 · Pay</button></form>",
            beijing(order.pay_expire)
        ),
        Status::Cancel | Status::Terminated => String::from("<p>订单已关闭 · closed</p>"),
        _ => format!("<p>已支付 · paid {}</p>", order.paid_at.map(beijing).unwrap_or_default()),
    };
    format!(
        "<h1>收银台 · Cashier</h1><p>订单 · Order {}</p><p><b>¥{}</b></p>{state}",
        order.order_no,
        yuan(order.total_fen())
    )
}
