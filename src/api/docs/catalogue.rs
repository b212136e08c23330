//! The error catalogue: a list by status, a page per code, and the same as JSON. All of it from `error::Code`.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::{Value, json};

use crate::api::docs::answer::{Document, Kept, html};
use crate::api::docs::examples;
use crate::api::docs::guides::Frame;
use crate::edge::extras;
use crate::edge::problem::told_next;
use crate::error::{Code, Facts, Fault, Retry};

/// One code in words.
struct Entry {
    facts: Facts,
    reason: &'static str,
    fault: &'static str,
    fault_name: &'static str,
    retry: &'static str,
    retry_name: &'static str,
    causes: &'static [&'static str],
    request: &'static str,
    answer: String,
    members: Vec<(&'static str, &'static str)>,
}

impl Entry {
    fn of(code: Code) -> Self {
        let facts = code.facts();
        let example = examples::of(facts.name);
        let (fault_name, fault) = fault(facts.fault);
        let (retry_name, retry) = retry(facts.retry);
        Self {
            facts,
            reason: reason(facts.status),
            fault,
            fault_name,
            retry,
            retry_name,
            causes: example.causes,
            request: example.request,
            answer: answer(&facts, example),
            members: extras::of(facts.name).map(|extra| (extra.name, extra.says)).collect(),
        }
    }

    fn json(&self) -> Value {
        json!({
            "code": self.facts.name, "status": self.facts.status, "fault": self.fault_name,
            "retry": self.retry_name, "title": self.facts.title, "advice": self.facts.advice,
            "type": address(self.facts.name), "members": self.members.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        })
    }
}

const fn fault(fault: Fault) -> (&'static str, &'static str) {
    match fault {
        Fault::Partner => ("partner", "You: the request or the account has to change."),
        Fault::Gateway => ("gateway", "The gateway, not your request."),
        Fault::Catalogue => ("catalogue", "The wholesale service behind the gateway."),
    }
}

const fn retry(retry: Retry) -> (&'static str, &'static str) {
    match retry {
        Retry::Never => ("never", "No: the same request will fail again."),
        Retry::Later => ("later", "Yes, later: wait as Retry-After says."),
        Retry::Resign => ("resign", "Yes, at once, signed anew with a fresh created and nonce."),
    }
}

fn reason(status: u16) -> &'static str {
    let status = StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or_default()
}

fn address(code: &str) -> String {
    format!("/docs/errors/{code}")
}

/// The problem document as a partner receives it.
fn answer(facts: &Facts, example: &examples::Example) -> String {
    let target = example.request.split_once(' ').map_or("", |(_, target)| target);
    let instance = target.split('?').next().unwrap_or_default();
    let detail = told_next(Some(example.detail), facts.advice);
    let mut lines = vec![
        ("type", json!(address(facts.name)).to_string()),
        ("title", json!(facts.title).to_string()),
        ("status", facts.status.to_string()),
        ("detail", json!(detail).to_string()),
        ("instance", json!(instance).to_string()),
        ("code", json!(facts.name).to_string()),
        ("request_id", json!("req_0192f0c4a2917b3c8d4e5f6071829304").to_string()),
        ("retryable", (facts.retry != Retry::Never).to_string()),
    ];
    lines.extend(example.extra.iter().map(|(name, text)| (*name, (*text).to_owned())));
    let lines: Vec<_> = lines.iter().map(|(name, text)| format!("  \"{name}\": {text}")).collect();
    format!("{{\n{}\n}}", lines.join(",\n"))
}

/// The codes of one status.
struct Group {
    status: u16,
    reason: &'static str,
    entries: Vec<Entry>,
}

fn groups() -> Vec<Group> {
    let mut groups: BTreeMap<u16, Vec<Entry>> = BTreeMap::new();
    for code in Code::ALL {
        groups.entry(code.facts().status).or_default().push(Entry::of(*code));
    }
    let groups = groups.into_iter();
    groups.map(|(status, entries)| Group { status, reason: reason(status), entries }).collect()
}

#[derive(Template)]
#[template(path = "errors.html", config = "src/api/docs/askama.toml")]
struct List {
    frame: Frame,
    unknown: Option<String>,
    groups: Vec<Group>,
}

/// Lists every code.
pub async fn list(request: HttpRequest) -> HttpResponse {
    let page = List { frame: Frame::of("Errors", "/errors"), unknown: None, groups: groups() };
    html(&request, StatusCode::OK, &page)
}

/// Lists every code for programs.
pub async fn list_json(request: HttpRequest) -> HttpResponse {
    let items: Vec<_> = Code::ALL.iter().map(|code| Entry::of(*code).json()).collect();
    let body = json!({ "items": items }).to_string().into();
    let document = Document { content_type: "application/json", kept: Kept::Checked, body };
    document.answer(&request, StatusCode::OK)
}

#[derive(Template)]
#[template(path = "error.html", config = "src/api/docs/askama.toml")]
struct One {
    frame: Frame,
    entry: Entry,
    neighbours: Vec<Facts>,
}

/// Shows one code; for an unknown one says so and lists all.
pub async fn one(request: HttpRequest) -> HttpResponse {
    let name = request.match_info().query("code");
    let Some(code) = Code::find(name) else {
        let frame = Frame::of("Unknown code", "/errors");
        let page = List { frame, unknown: Some(name.to_owned()), groups: groups() };
        return html(&request, StatusCode::NOT_FOUND, &page);
    };
    let facts = code.facts();
    let others = Code::ALL.iter().map(|code| code.facts());
    let neighbours = others.filter(|other| other.status == facts.status && other.name != facts.name);
    let page =
        One { frame: Frame::of(facts.name, "/errors"), entry: Entry::of(code), neighbours: neighbours.collect() };
    html(&request, StatusCode::OK, &page)
}
