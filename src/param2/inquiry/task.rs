//! `newtoncloud.task.{create,get,list,kill}`, `batchInquiry.getResult` and `file.upload`. `taskId` is the partner's own
//! number of an inquiry: sent twice it is asked once. Inquiries belong to the main account.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::json;

use crate::aftersale::{Aftersale, MediaType};
use crate::catalog::{Audience, Catalog};
use crate::links::Links;
use crate::model::ids::OfferId;
use crate::model::inquiry::{
    Inquiry, Invited, MOST_ATTACHMENTS, MOST_SUPPLIERS, Rejection, SPECIFICATION_CHARS, State,
};
use crate::model::money::Currency;
use crate::model::offer::{Offer, OfferSummary};
use crate::model::order::Reference;
use crate::model::page::PageSize;
use crate::model::search::Search;
use crate::param2::aftersale::create::voucher_ids;
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::inquiry::message;
use crate::param2::inquiry::view::{Task, Whole, result, status};
use crate::param2::trade::named;
use crate::param2::trade::once::{self, Wish as Once};
use crate::sourcing::{Answer as Stored, InquiryFilter, Sourcing, Step, Wish};

/// Tasks that are looked through for a list.
const MOST_LISTED: usize = 1_000;
const MOST_ON_PAGE: i64 = 100;
const MOST_FILE_BYTES: usize = 3 << 20;
const SHORTEST: usize = 2;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Uploaded {
    download_url: String,
    agent_download_url: String,
    relative_path: String,
    file_size: usize,
    eagle_trace_id: String,
}

/// Answers `newtoncloud.task.create`.
pub async fn create(asked: Asked) -> Told {
    main_only(&asked)?;
    let wish = wished(&asked).await?;
    let (task, told) = (wish.reference.to_string(), asked.need("message")?);
    let key = once::key(&format!("task:{task}"), told.as_bytes());
    let room = asked.room::<Sourcing>()?;
    let taken = room.request(&asked.caller, key, wish, &stored).await?;
    match taken.answer.status {
        200 => {
            let status = String::from_utf8_lossy(&taken.answer.body).into_owned();
            let trace = asked.request_id();
            asked.answer(&json!({"taskId": task, "sessionId": task, "status": status, "eagleTraceId": trace}))
        }
        _ => Err(Refusal::own("INVALID_REQUEST", String::from_utf8_lossy(&taken.answer.body))),
    }
}

fn stored(inquiry: &Inquiry) -> Stored {
    match (inquiry.state, &inquiry.known.rejection) {
        (State::Rejected, Some(rejection)) => declined(rejection),
        _ => Stored { status: 200, headers: Vec::new(), body: status(inquiry).as_bytes().to_vec() },
    }
}

fn declined(rejection: &Rejection) -> Stored {
    Stored { status: 409, headers: Vec::new(), body: rejection.detail.clone().into_bytes() }
}

/// Who of the partner asks suppliers.
fn main_only(asked: &Asked) -> Result<(), Refusal> {
    if asked.is_branch() {
        return Err(Refusal::own("INVALID_REQUEST", "suppliers are asked by the main account: call with its token"));
    }
    Ok(())
}

/// The inquiry that the message makes.
async fn wished(asked: &Asked) -> Result<Wish, Refusal> {
    let told = asked.need("message")?.trim().to_owned();
    if !(SHORTEST..=SPECIFICATION_CHARS).contains(&told.chars().count()) || told.contains('\0') {
        return Err(Refusal::invalid("message", format!("{SHORTEST} to {SPECIFICATION_CHARS} characters")));
    }
    let quantity = message::quantity(&told).ok_or_else(|| {
        Refusal::own("INVALID_REQUEST", "message: say how many pieces are wanted, like 200件 or 200 pieces")
    })?;
    let reference: Reference = match asked.text("taskId") {
        Some(text) => text.parse().map_err(|error| Refusal::invalid("taskId", error))?,
        None => Once::of(asked)?.now.parse().map_err(|error| Refusal::invalid("taskId", error))?,
    };
    let attachments = voucher_ids(&named::texts(asked, "fileUrls")).filter(|ids| ids.len() <= MOST_ATTACHMENTS);
    Ok(Wish {
        reference,
        invited: invited(asked, &told).await?,
        specification: told,
        quantity,
        target: None,
        warehouse: None,
        ship_to: None,
        currency: Currency::CNY,
        attachments: attachments.ok_or_else(|| {
            Refusal::invalid("fileUrls", format!("at most {MOST_ATTACHMENTS} addresses that file.upload told"))
        })?,
    })
}

/// Who is asked: the sellers of the offers that the message names by link, else those of what its words find first.
async fn invited(asked: &Asked, told: &str) -> Result<Vec<Invited>, Refusal> {
    let audience = asked.audience("language", Some("zh"))?;
    let offers = asked.room::<Links>()?.offers_in(told);
    let mut invited = if offers.is_empty() {
        found(asked, &audience, told).await?.iter().map(of_summary).collect()
    } else {
        let known = asked.room::<Catalog>()?.batch(&audience, &first(offers)).await?.found;
        known.into_iter().flatten().map(|offer| of_offer(&offer)).collect::<Vec<_>>()
    };
    let mut seen = HashSet::new();
    invited.retain(|one| seen.insert(one.supplier));
    invited.truncate(MOST_SUPPLIERS);
    if invited.is_empty() {
        let why = "message: no seller has anything like it; name offers by their links, or say it in other words";
        return Err(Refusal::own("INVALID_REQUEST", why));
    }
    Ok(invited)
}

fn first(mut offers: Vec<OfferId>) -> Vec<OfferId> {
    offers.truncate(MOST_SUPPLIERS);
    offers
}

async fn found(asked: &Asked, audience: &Audience, told: &str) -> Result<Vec<OfferSummary>, Refusal> {
    let words = message::words(told);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let search = Search { words: Some(words), size: PageSize::new(50).unwrap_or_default(), ..Search::default() };
    Ok(asked.room::<Catalog>()?.ask(audience, &search).await?.found.items)
}

/// Which of its things fits the words, the seller says.
const fn of_summary(offer: &OfferSummary) -> Invited {
    Invited { supplier: offer.supplier.id, sku: None }
}

/// The variant of an offer that has one alone.
fn of_offer(offer: &Offer) -> Invited {
    let sku = match offer.skus.as_slice() {
        [one] => Some(one.id),
        _ => None,
    };
    Invited { supplier: offer.summary.supplier.id, sku }
}

/// The inquiry of a task.
async fn task(asked: &Asked, parameter: &str) -> Result<Inquiry, Refusal> {
    main_only(asked)?;
    let reference = asked.need(parameter)?.parse().map_err(|error| Refusal::invalid(parameter, error))?;
    Ok(asked.room::<Sourcing>()?.by_reference(&asked.caller, &reference).await?)
}

/// Answers `newtoncloud.task.get`.
pub async fn get(asked: Asked) -> Told {
    let inquiry = task(&asked, "taskId").await?;
    asked.answer(&Whole::of(&inquiry, asked.request_id()))
}

/// Answers `newtoncloud.batchInquiry.getResult`, by either name of a task.
pub async fn batch_result(asked: Asked) -> Told {
    let parameter = if asked.text("wwTaskId").is_some() { "wwTaskId" } else { "taskId" };
    let inquiry = task(&asked, parameter).await?;
    let told = json!({"data": result(&inquiry), "inquiryStatus": status(&inquiry), "eagleTraceId": asked.request_id()});
    asked.answer(&told)
}

/// Answers `newtoncloud.task.list`: all, or a page of them, the newest first.
pub async fn list(asked: Asked) -> Told {
    main_only(&asked)?;
    let (page, size) = (asked.long("pageNo")?, asked.long("pageSize")?.unwrap_or(20));
    if !(1..=MOST_ON_PAGE).contains(&size) {
        return Err(Refusal::invalid("pageSize", format!("1 to {MOST_ON_PAGE}")));
    }
    let all = all(&asked).await?;
    let (skip, take) = match page {
        Some(page) => ((page.max(1) - 1).saturating_mul(size), size),
        None => (0, i64::MAX),
    };
    let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let here: Vec<Task> = all.iter().skip(number(skip)).take(number(take)).map(Task::from).collect();
    asked.answer(&json!({"data": here, "total": all.len(), "eagleTraceId": asked.request_id()}))
}

async fn all(asked: &Asked) -> Result<Vec<Inquiry>, Refusal> {
    let (room, filter) = (asked.room::<Sourcing>()?, InquiryFilter::default());
    let size = PageSize::new(50).unwrap_or_default();
    let (mut all, mut after) = (Vec::new(), None);
    while all.len() < MOST_LISTED {
        let page = room.list(&asked.caller, &filter, after.as_ref(), size).await?;
        all.extend(page.items);
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    Ok(all)
}

/// Answers `newtoncloud.task.kill`.
pub async fn kill(asked: Asked) -> Told {
    let inquiry = task(&asked, "taskId").await?;
    let name = inquiry.deed.reference.to_string();
    let key = once::key(&format!("kill:{name}"), b"kill");
    let render = |inquiry: &Inquiry, why: Option<&Rejection>| why.map_or_else(|| stored(inquiry), declined);
    let told = asked.room::<Sourcing>()?.step(&asked.caller, key, inquiry.deed.id, &Step::Withdraw, &render).await?;
    if told.answer.status != 200 {
        return Err(Refusal::own("INVALID_REQUEST", String::from_utf8_lossy(&told.answer.body)));
    }
    asked.answer(&json!({"taskId": name, "killed": true, "message": "任务已终止", "eagleTraceId": asked.request_id()}))
}

/// Answers `newtoncloud.file.upload`: a picture of what is wanted.
pub async fn upload(asked: Asked) -> Told {
    let bytes = asked.file("contentBase64")?;
    let size = bytes.len();
    if size > MOST_FILE_BYTES {
        return Err(Refusal::own("INVALID_REQUEST", "contentBase64: at most 3 MB"));
    }
    let unfit =
        || Refusal::own("INVALID_REQUEST", "contentBase64: suppliers are shown pictures: a JPEG or PNG is wanted");
    let kind = MediaType::sniffed(&bytes).ok_or_else(unfit)?;
    let id = asked.room::<Aftersale>()?.keep_picture(&asked.caller, kind, bytes).await?;
    let (path, trace) = (format!("v1/vouchers/{id}"), asked.request_id());
    let address = format!("{}/{path}", asked.origin());
    asked.answer(&Uploaded {
        download_url: address.clone(),
        agent_download_url: address,
        relative_path: path,
        file_size: size,
        eagle_trace_id: trace,
    })
}
