//! The calls of this group. `task.resume`, `task.fetch`, `model.list` and `points.query` are an agent's own and have no
//! counterpart.

use crate::model::partner::Scope;
use crate::param2::dispatch::{AGENT, Kind, Parameter, Row, may, must};
use crate::param2::form::Form;
use crate::param2::inquiry::task;

const READ: &[Scope] = &[Scope::QuotesWrite, Scope::OrdersRead];
const ASK: &[Scope] = &[Scope::QuotesWrite];
/// `{"success", …}`, a failure with `errorCode` and `error`.
const OWN: Form = Form::OWN.failing_as("errorCode", "error");
/// `{"result": …}`, a failure with `errorCode` and `error` on top.
const UPLOADED: Form = Form::BESIDE.failing_as("errorCode", "error");
const TASK: &[Parameter] = &[must("taskId", Kind::Text)];
const PROOF: &str = "tests/it/param2/inquiry.rs::a_task_is_an_inquiry_and_tells_what_suppliers_quote";

/// Asking suppliers.
pub const ROWS: &[Row] = &[
    Row::order(AGENT, "newtoncloud.task.create", "create_inquiry", ASK)
        .takes(&[must("message", Kind::Text), may("taskId", Kind::Text), may("fileUrls", Kind::Json)])
        .shaped(OWN)
        .by(|asked| Box::pin(task::create(asked)))
        .told(
            "Asks up to ten sellers what the message wants: those of offers linked in it, else of what its words find. \
             The message says how many pieces; `taskId` is the partner's own number.",
            "sourcing, links, catalog",
            PROOF,
        ),
    Row::look(AGENT, "newtoncloud.task.get", "get_inquiry", READ)
        .takes(TASK)
        .shaped(OWN)
        .by(|asked| Box::pin(task::get(asked)))
        .told("Where a task stands, and what each seller said. Yuan.", "sourcing", PROOF),
    Row::look(AGENT, "newtoncloud.task.list", "list_inquiries", READ)
        .takes(&[may("pageNo", Kind::Long), may("pageSize", Kind::Long)])
        .shaped(OWN)
        .by(|asked| Box::pin(task::list(asked)))
        .told("Tasks, the newest first.", "sourcing", PROOF),
    Row::order(AGENT, "newtoncloud.task.kill", "withdraw_inquiry", ASK)
        .takes(&[must("taskId", Kind::Text), may("reason", Kind::Text)])
        .shaped(OWN)
        .by(|asked| Box::pin(task::kill(asked)))
        .told(
            "Takes a task back: no seller has to answer any more.",
            "sourcing",
            "tests/it/param2/inquiry.rs::a_task_is_taken_back_once_and_not_after_it_ended",
        ),
    Row::look(AGENT, "newtoncloud.batchInquiry.getResult", "get_inquiry", READ)
        .takes(&[may("wwTaskId", Kind::Text), may("taskId", Kind::Text)])
        .shaped(OWN)
        .by(|asked| Box::pin(task::batch_result(asked)))
        .told("What each seller of a task quotes, as a JSON text. Yuan as texts.", "sourcing", PROOF),
    Row::order(AGENT, "newtoncloud.file.upload", "create_voucher", ASK)
        .takes(&[must("contentBase64", Kind::File), must("filename", Kind::Text)])
        .bodies_up_to(6 << 20)
        .shaped(UPLOADED)
        .by(|asked| Box::pin(task::upload(asked)))
        .told("Takes in a picture of what is wanted, for `fileUrls`.", "aftersale", PROOF),
];
