//! The page that replays the last 24 hours under a proposed plan. It is a form that asks and changes nothing, so its
//! address holds the whole question.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{Person, asked};
use crate::ops::console::spark;
use crate::ops::look::what_if::{self, Asked, Figures, Proposed, WhatIf};
use crate::ops::look::{At, Trouble, figures};
use crate::usage::Replayed;

#[derive(Template)]
#[template(path = "what_if.html", config = "src/ops/console/askama.toml")]
struct Page {
    frame: Frame,
    plans: Vec<String>,
    partners: Vec<(String, String)>,
    plan: String,
    partner: String,
    /// Policies of the chosen plan, with what was typed for them.
    rows: Vec<(Proposed, Figures)>,
    /// The row for a policy that the plan does not have.
    more: Figures,
    view: Option<WhatIf>,
}

impl Page {
    fn grouped(&self, number: &u64) -> String {
        figures::grouped(*number)
    }

    fn share(&self, part: &u64, of: &u64) -> String {
        figures::share(*part as f64, *of as f64)
    }

    fn at(&self, at: &jiff::Timestamp) -> String {
        At(*at).exact()
    }

    fn hours(&self, one: &Replayed) -> String {
        let hours: Vec<f64> = one.hours.iter().map(|hour| hour.refused.units as f64).collect();
        spark::columns(&hours, &format!("units refused in each of 24 hours, {} in all", one.refused.units))
    }
}

/// Asks, and shows what would have been once a plan is named.
pub async fn what_if(request: HttpRequest, console: Data<Console>, person: Person) -> HttpResponse {
    let frame = Frame { tab: "What if", now: console.books.clock.now(), ..Frame::still("What if", &person) };
    match read(&request, &console, frame.clone()).await {
        Ok(page) => answer::shown(&page),
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

async fn read(request: &HttpRequest, console: &Console, frame: Frame) -> Result<Page, Trouble> {
    let books = &console.books;
    let plans = what_if::plans(books).await?;
    let partners = books.directory.list_partners().await?;
    let plan = asked(request, "plan").unwrap_or_default();
    let policies = if plan.is_empty() { Vec::new() } else { what_if::policies(books, &plan).await? };
    let typed = |policy: &str, shown: bool| {
        let field = |name: &str| asked(request, &format!("{name}.{policy}")).unwrap_or_default();
        // An emptied field of a form that was sent leaves its policy out.
        let quota = if shown && field("quota").is_empty() { "0".to_owned() } else { field("quota") };
        Figures { policy: policy.to_owned(), quota, burst: field("burst"), window_s: String::new() }
    };
    let sent = asked(request, "replay").is_some();
    let rows: Vec<_> = policies
        .into_iter()
        .map(|policy| {
            let figures = typed(&policy.name, sent && !policy.shadow);
            (policy, figures)
        })
        .collect();
    let field = |name| asked(request, name).unwrap_or_default();
    let more = Figures {
        policy: field("more.name"),
        quota: field("more.quota"),
        burst: field("more.burst"),
        window_s: field("more.window"),
    };
    let partner = field("partner");
    let view = if sent && !plan.is_empty() {
        let figures = rows.iter().filter(|(policy, _)| !policy.shadow).map(|(_, figures)| figures.clone());
        let figures = figures.chain((!more.policy.is_empty()).then(|| more.clone())).collect();
        let wanted = Asked { plan: plan.clone(), partner: partner.clone(), figures };
        Some(what_if::replay(books, &wanted).await?)
    } else {
        None
    };
    let partners = partners.into_iter().map(|row| (row.id, row.name)).collect();
    Ok(Page { frame, plans, partners, plan, partner, rows, more, view })
}
