//! `alibaba.trade.createCrossOrder`: ordering once. `outOrderId` is the partner's reference: whoever orders under it again
//! is answered with the first order, whatever else is in the request. Without one, the same signed request is the same
//! order for a minute.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::edge::problem::Problem;
use crate::error::{Code, Failure};
use crate::model::order::{Order, Reference, State};
use crate::model::quote::Wanted;
use crate::orders::{Answer as Stored, Basis, Error, NewOrder, Once, Orders, Refused};
use crate::param2::asked::{Answer, Asked, Told};
use crate::param2::discovery::spec;
use crate::param2::fault::Refusal;
use crate::param2::trade::cargo::{self, Failed, Priced};
use crate::param2::trade::once::{self, Wish};
use crate::param2::trade::{named, preview};

/// Ways of trade that clients ask for and that are done as one: the money is kept until the goods are there.
const TRADE_TYPES: &[&str] = &[preview::TRADE_TYPE, "alipay", "assure", "nzassure"];
/// How orders come about on the platform; here it is the same for all of them.
const FLOWS: &[&str] = &["general", "fenxiao", "saleproxy", "paired", "repurchase", "boutiquefenxiao", "boutiquepifa"];
const NOTE_CHARS: usize = 500;
/// How often a request that came twice looks whether the first has placed the order.
const LOOKS: u32 = 25;
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    success: bool,
    order_id: String,
    total_success_amount: i64,
    post_fee: i64,
}

#[derive(Debug, Serialize)]
struct Whole<T> {
    success: bool,
    code: &'static str,
    message: String,
    result: T,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NotCreated {
    success: bool,
    failed_offer_list: Vec<FailedOffer>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FailedOffer {
    offer_id: Option<String>,
    spec_id: String,
    error_code: &'static str,
    error_message: String,
}

impl FailedOffer {
    fn of(failed: &Failed) -> Self {
        Self {
            offer_id: failed.named.offer.map(|offer| offer.to_string()),
            spec_id: spec::of(failed.named.wanted.sku),
            error_code: failed.code,
            error_message: failed.why.clone(),
        }
    }
}

/// Answers.
pub async fn create_cross_order(asked: Asked) -> Told {
    if let Some(flow) = asked.text("flow").filter(|flow| !FLOWS.contains(flow)) {
        return Err(Refusal::own("400", format!("not support flow:【{flow}】")));
    }
    if let Some(kind) = asked.text("tradeType").filter(|kind| !TRADE_TYPES.contains(kind)) {
        return Err(Refusal::own("400", format!("not support tradeType:【{kind}】")));
    }
    let (reference, once) = reference_of(&asked).await?;
    let orders = asked.room::<Orders>()?;
    let taken = |_: Error| Refusal::own("400", format!("outOrderId {reference} is another account's"));
    let known = match orders.by_reference(&asked.caller, &reference).await {
        Ok(order) => Ok(named::own(&asked, order, taken).await?),
        Err(error) => Err(error),
    };
    let quote = match known {
        Ok(order) if is_settled(&order) => return told(&asked, &order),
        // Begun, and not brought to an end yet: what was quoted then is what is ordered.
        Ok(order) => order.deed.quote,
        Err(Error::OrderNotFound) => {
            let cargo = cargo::read(&asked).await?;
            match cargo::price(&asked, &cargo).await? {
                Priced::Whole(quote) => quote.id,
                Priced::Failed(failed) => return not_created(&asked, &failed),
            }
        }
        Err(other) => return Err(other.into()),
    };
    orders.note_buyer(&asked.caller, &reference, &asked.account).await?;
    let basis = Basis::Quote(quote);
    let wish =
        NewOrder { reference: reference.clone(), basis, note: note(&asked)?, expected_total: None, referral: None };
    match orders.place(&asked.caller, once, wish, &stored).await {
        Ok(_) => {}
        // Ordered through the other door in this moment.
        Err(error) if error.code() == Code::ReferenceTaken => {}
        // The same request came twice, and the first is at it.
        Err(error) if error.code() == Code::OrderInProgress => return awaited(&asked, &reference).await,
        Err(other) => return Err(other.into()),
    }
    told(&asked, &orders.by_reference(&asked.caller, &reference).await?)
}

/// Under what it is ordered: the partner's own number, or one that stands for this request.
async fn reference_of(asked: &Asked) -> Result<(Reference, Once), Refusal> {
    if let Some(text) = asked.text("outOrderId") {
        let reference = text.parse().map_err(|error| Refusal::invalid("outOrderId", error))?;
        return Ok((reference, key(text)));
    }
    let wish = Wish::of(asked)?;
    let unfit = |_| Refusal::from(Problem::new(Code::Internal));
    let before: Reference = wish.before.parse().map_err(unfit)?;
    let found = asked.room::<Orders>()?.by_reference(&asked.caller, &before).await;
    if found.is_ok_and(|order| order.deed.created_at.as_millisecond() >= wish.since_ms) {
        return Ok((before, key(&wish.before)));
    }
    Ok((wish.now.parse().map_err(unfit)?, key(&wish.now)))
}

/// The reference alone decides what is the same order.
fn key(reference: &str) -> Once {
    once::key(&format!("order:{reference}"), b"createCrossOrder")
}

fn note(asked: &Asked) -> Result<Option<String>, Refusal> {
    let Some(text) = asked.text("message").map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > NOTE_CHARS || text.chars().any(char::is_control) {
        return Err(Refusal::invalid("message", format!("at most {NOTE_CHARS} characters in one line")));
    }
    Ok(Some(text.to_owned()))
}

fn is_settled(order: &Order) -> bool {
    !matches!(order.state, State::Received | State::Placing | State::Unknown)
}

/// Waits until the request that came first has placed the order.
async fn awaited(asked: &Asked, reference: &Reference) -> Told {
    let orders = asked.room::<Orders>()?;
    for _ in 0..LOOKS {
        actix_web::rt::time::sleep(PAUSE).await;
        let order = orders.by_reference(&asked.caller, reference).await?;
        if is_settled(&order) {
            return told(asked, &order);
        }
    }
    Err(unknown(reference))
}

fn unknown(reference: &Reference) -> Refusal {
    let why = "it is not known yet whether it was placed; nothing is ordered twice";
    Refusal::own("500", format!("{why}: ask again with outOrderId {reference}, or read it by that"))
}

/// What is kept with the key; repeats are told how the order stands by then.
fn stored(order: &Order) -> Stored {
    Stored { status: 200, headers: Vec::new(), body: order.deed.id.as_str().as_bytes().to_vec() }
}

fn told(asked: &Asked, order: &Order) -> Told {
    if let (State::Rejected, Some(refusal)) = (order.state, order.refusal()) {
        return Err(Refused::of(refusal.clone(), None::<&[Wanted]>).into());
    }
    match order.catalogue_order {
        Some(number) => asked.answer(&Created {
            success: true,
            order_id: number.to_string(),
            total_success_amount: order.payable.minor,
            post_fee: order.deed.basket.freight.minor,
        }),
        None if is_settled(order) => Err(Refusal::own("500_001", "the catalogue never took it")),
        None => Err(unknown(&order.deed.reference)),
    }
}

/// Lines that cannot be bought are told one by one, beside the code of the first.
fn not_created(asked: &Asked, failed: &[Failed]) -> Told {
    asked.visit.with(|visit| visit.code = Some(Code::LinesUnavailable.facts().name));
    let whole = Whole {
        success: false,
        code: failed.first().map_or("500_001", |first| first.code),
        message: preview::sentence(failed),
        result: NotCreated { success: false, failed_offer_list: failed.iter().map(FailedOffer::of).collect() },
    };
    let bytes = serde_json::to_vec(&whole).map_err(|_| Problem::new(Code::Internal))?;
    Ok(Answer::Whole(Bytes::from(bytes)))
}
