//! `alibaba.trade.grouppay.url.get`: one address at which several orders are paid. They are one payment, as on the newer
//! face; the page at that address is `cashier`'s.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::edge::problem::Problem;
use crate::error::Code;
use crate::model::payment::{Method, Part, PartState, Payment};
use crate::orders::{Answer as Stored, Expected, MOST_ORDERS, NewPayment, Orders};
use crate::param2::asked::{Asked, Told};
use crate::param2::cashier;
use crate::param2::fault::Refusal;
use crate::param2::trade::named;
use crate::param2::trade::once::Wish;

const PLATFORMS: [&str; 2] = ["PC", "WIRELESS"];

/// What is kept of it for repeats.
#[derive(Debug, Deserialize, Serialize)]
struct Begun {
    payment: String,
    /// By place: why an order is not to be paid.
    failed: Vec<Option<String>>,
}

/// Answers.
pub async fn url(asked: Asked) -> Told {
    // The page suits every screen.
    if asked.text("payPlatformType").is_some_and(|platform| !PLATFORMS.contains(&platform)) {
        return Err(Refusal::invalid("payPlatformType", PLATFORMS.join(" | ")));
    }
    let numbers = named::numbers(&asked, "orderIds")?;
    if numbers.len() > MOST_ORDERS {
        return Err(Refusal::invalid("orderIds", format!("at most {MOST_ORDERS} orders")));
    }
    let mut orders = Vec::new();
    for number in &numbers {
        orders.push(named::numbered(&asked, *number).await?.deed.id);
    }
    let wish = NewPayment { orders, method: Method::Page, expected: Expected::default() };
    let told = asked.room::<Orders>()?.pay(&asked.caller, Wish::of(&asked)?.key(), wish, &stored).await?;
    let begun: Begun = serde_json::from_slice(&told.answer.body).map_err(|_| Problem::new(Code::Internal))?;
    let failed = numbers.iter().zip(&begun.failed).find_map(|(number, why)| Some((number, why.as_ref()?)));
    if let Some((number, why)) = failed {
        return Err(Refusal::own("400_4", format!("order {number} cannot be paid now: {why}; leave it out")));
    }
    let payment = begun.payment.parse().map_err(|_| Problem::new(Code::Internal))?;
    let pay_url = format!("{}{}", asked.origin(), cashier::path(&asked.caller.key_id, &payment));
    asked.answer(&json!({"results": {"payUrl": pay_url, "success": true}}))
}

fn stored(payment: &Payment) -> Stored {
    let why = |part: &Part| part.problem.clone().unwrap_or_else(|| "order_state_conflict".into());
    let failed = payment.parts.iter().map(|part| (part.state == PartState::Failed).then(|| why(part))).collect();
    let begun = Begun { payment: payment.id.to_string(), failed };
    Stored { status: 200, headers: Vec::new(), body: serde_json::to_vec(&begun).unwrap_or_default() }
}
