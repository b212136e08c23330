//! An inquiry as a task is told: where it stands, and in sentences what each supplier said. Yuan.

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::inquiry::{Inquiry, State, Talk, TalkState};
use crate::param2::dates;

/// Of the platform's two kinds, the one that goes on by itself.
const TASK_TYPE: &str = "LONG_RUNNING";

/// A task in a list; with more to it when it is asked for alone.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    task_id: String,
    session_id: String,
    task_type: &'static str,
    status: &'static str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
}

/// A task with what was heard.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Whole {
    #[serde(flatten)]
    task: Task,
    started_at: String,
    /// While it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// Once it ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Said>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    output_status: &'static str,
    eagle_trace_id: String,
}

#[derive(Debug, Serialize)]
struct Said {
    r#type: &'static str,
    content: String,
}

/// Where a task stands, in the platform's words; whoever has quotations and waits for nobody has to decide.
pub fn status(inquiry: &Inquiry) -> &'static str {
    let waits = |talk: &Talk| matches!(talk.state, TalkState::Asked | TalkState::Countered);
    match inquiry.state {
        State::Received | State::Sending | State::Unknown => "INIT",
        State::Open if inquiry.talks().iter().any(waits) => "RUNNING",
        State::Open => "WAIT_USER",
        State::Ordered | State::Closed => "END",
        State::Withdrawn | State::Rejected => "KILL",
    }
}

impl From<&Inquiry> for Task {
    fn from(inquiry: &Inquiry) -> Self {
        let task = inquiry.deed.reference.to_string();
        Self {
            session_id: task.clone(),
            task_id: task,
            task_type: TASK_TYPE,
            status: status(inquiry),
            created_at: dates::plain(inquiry.deed.created_at),
            finished_at: inquiry.state.is_final().then(|| dates::plain(inquiry.updated_at)),
        }
    }
}

impl Whole {
    /// The task with what was heard of it, for this request.
    pub fn of(inquiry: &Inquiry, eagle_trace_id: String) -> Self {
        let (status, heard) = (status(inquiry), inquiry.talks().iter().map(sentence).collect::<Vec<_>>());
        let is_over = inquiry.state.is_final();
        let said = |content: &String| Said { r#type: "text", content: content.clone() };
        Self {
            task: inquiry.into(),
            started_at: dates::plain(inquiry.deed.created_at),
            content: (!is_over).then(|| heard.join("\n")),
            messages: if is_over { heard.iter().map(said).collect() } else { Vec::new() },
            error_message: inquiry.known.rejection.as_ref().map(|rejection| rejection.detail.clone()),
            output_status: match status {
                "INIT" | "RUNNING" => "producing",
                "WAIT_USER" => "wait_user",
                "KILL" => "error",
                _ => "done",
            },
            eagle_trace_id,
        }
    }
}

/// What one supplier said.
fn sentence(talk: &Talk) -> String {
    let who = talk.supplier_name.clone().unwrap_or_else(|| talk.supplier.to_string());
    match (&talk.quotation, talk.state) {
        (Some(quotation), TalkState::Quoted | TalkState::Ordered) => format!(
            "{who}：{}，{}件，单价{}元，运费{}元，共{}元，{}天发货",
            quotation.title,
            quotation.quantity.get(),
            quotation.unit_price.amount(),
            quotation.freight.amount(),
            quotation.total.amount(),
            quotation.lead_days,
        ),
        (_, TalkState::Declined) => format!("{who}：无法报价。{}", talk.note.clone().unwrap_or_default()),
        (_, TalkState::Expired) => format!("{who}：报价已过期"),
        (_, TalkState::Closed) => format!("{who}：已结束"),
        _ => format!("{who}：等待回复"),
    }
}

/// The whole result as `batchInquiry.getResult` has it: a JSON text, one part for each supplier.
pub fn result(inquiry: &Inquiry) -> String {
    let question = &inquiry.deed.specification;
    let part = |talk: &Talk| {
        let mut part = json!({
            "sellerLoginId": talk.supplier.to_string(), "company": talk.supplier_name, "status": talk.state.name(),
            "topics": [{"topicName": "询价", "result": {"summary": [{"question": question, "answer": sentence(talk)}]}}],
        });
        if let Some(quotation) = &talk.quotation {
            part["quotation"] = json!({
                "quotationId": quotation.id.to_string(), "offerId": quotation.offer.number(),
                "skuId": quotation.sku.number(), "quantity": quotation.quantity.get(),
                "unitPrice": quotation.unit_price.amount(), "freight": quotation.freight.amount(),
                "total": quotation.total.amount(), "leadDays": quotation.lead_days,
                "validUntil": dates::plain(quotation.valid_until),
            });
        }
        part
    };
    let parts: Vec<Value> = inquiry.talks().iter().map(part).collect();
    let task = inquiry.deed.reference.to_string();
    json!({"taskId": task, "status": status(inquiry), "questions": [question], "subTasks": parts}).to_string()
}
