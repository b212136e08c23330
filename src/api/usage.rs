//! `GET /v1/usage`: what a partner asked for and what came of it, by day.

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::operations::op;
use crate::clock::Clock;
use crate::edge::parts::Query;
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::error::Place;
use crate::model::partner::Caller;
use crate::usage::Usage;
use crate::usage::by_day::{Counted, Group, Question};

const USUAL_LIMIT: u32 = 100;
const MOST: u32 = 500;
const USUAL_DAYS: i64 = 30;
const MOST_DAYS: i64 = 400;
const DAY_S: i64 = 86_400;

/// Which numbers are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UsageQuery {
    /// The first day, in UTC; 29 days before `to` when left out.
    #[param(format = Date, example = "2026-11-01")]
    from: Option<String>,
    /// The last day, in UTC; today when left out. 400 days are kept.
    #[param(format = Date, example = "2026-11-23")]
    to: Option<String>,
    /// What rows are told apart by, with commas between: `date`, `operation`, `outcome`, `code`.
    /// `date,operation,outcome` when left out; what you do not name is taken together.
    #[param(example = "date,outcome")]
    group: Option<String>,
    /// `next_cursor` of the page before; ask with the same `from`, `to` and `group`.
    cursor: Option<String>,
    /// How many: 1 to 500, 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// A page of numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsagePage)]
pub struct UsagePageView {
    /// The rows, by date, operation, outcome and code.
    items: Vec<UsageView>,
    /// Give it as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
    /// Calls answered up to this moment are in these numbers; later ones may be.
    #[schema(format = DateTime, example = "2026-11-23T10:06:47Z")]
    as_of: String,
}

/// Calls of one kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Usage)]
pub struct UsageView {
    /// The day in UTC. Absent unless rows are told apart by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date, example = "2026-11-23")]
    date: Option<String>,
    /// The operation. Absent unless rows are told apart by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "search_offers")]
    operation: Option<String>,
    /// `answered`, `not_modified` (304, free), `refused` (4xx, also requests that named a key of yours and could not prove
    /// it), `limited` (429) or `failed` (5xx). Absent unless rows are told apart by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(answered|not_modified|refused|limited|failed)$", example = "answered")]
    outcome: Option<String>,
    /// The problem's code; empty for calls without one. Absent unless rows are told apart by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "")]
    code: Option<String>,
    /// How many calls.
    #[schema(minimum = 0, example = 1204)]
    calls: i64,
    /// What they were charged, in the units of your plan's policies.
    #[schema(minimum = 0, example = 3612)]
    units: i64,
}

/// Tells how many calls you made on each day, what they were charged and what came of them. Calls with live and with
/// sandbox keys are counted apart: you see those of the kind of key you ask with.
#[utoipa::path(tag = "Account", params(UsageQuery), responses(
    (status = 200, description = "A page of numbers", body = UsagePageView),
    (status = 304, description = "Nothing changed"),
))]
#[get("/v1/usage")]
pub async fn get_usage(
    request: HttpRequest,
    call: Admitted<op::GetUsage, Query<UsageQuery>>,
    usage: Data<Usage>,
) -> Reply {
    let asked = question(&call.parts.0, &call.caller, usage.clock())?;
    let page = usage.by_day(&asked).await?;
    let as_of = Timestamp::from_millisecond(usage.as_of_ms()).unwrap_or_default();
    let as_of = Timestamp::from_second(as_of.as_second()).unwrap_or_default();
    let items = page.items.into_iter().map(UsageView::from).collect();
    reply::read(&request, &UsagePageView { items, next_cursor: page.next, as_of: as_of.to_string() })
}

fn question(query: &UsageQuery, caller: &Caller, clock: &Clock) -> Result<Question, Problem> {
    let mut asked = Asked::default();
    let today = clock.now_s().div_euclid(DAY_S);
    let to = day(&mut asked, "to", query.to.as_deref()).unwrap_or(today);
    let from = day(&mut asked, "from", query.from.as_deref()).unwrap_or(to - USUAL_DAYS + 1);
    if from > to {
        asked.wrong(Place::query("from", "a day that is not after `to`"));
    } else if to - from >= MOST_DAYS {
        asked.wrong(Place::query("from", "at most 400 days at once"));
    }
    let group = group(&mut asked, query.group.as_deref());
    let limit = query.limit.unwrap_or(USUAL_LIMIT);
    if !(1..=MOST).contains(&limit) {
        asked.wrong(Place::query("limit", "1 to 500"));
    }
    asked.done(Some(Question {
        partner: caller.partner.id.as_str().to_owned(),
        mode: caller.mode,
        from,
        to,
        group,
        cursor: query.cursor.clone(),
        limit,
    }))
}

/// A date as days since 1970.
fn day(asked: &mut Asked, name: &str, text: Option<&str>) -> Option<i64> {
    let Ok(date) = text?.parse::<Date>() else {
        asked.wrong(Place::query(name, "a day such as 2026-11-23"));
        return None;
    };
    let since = Date::constant(1970, 1, 1).until(date).map(|span| i64::from(span.get_days()));
    since.map_err(|_| asked.wrong(Place::query(name, "a day of this time"))).ok()
}

fn group(asked: &mut Asked, text: Option<&str>) -> Group {
    let mut group = Group { day: false, operation: false, outcome: false, code: false };
    for name in text.unwrap_or("date,operation,outcome").split(',').map(str::trim) {
        match name {
            "date" => group.day = true,
            "operation" => group.operation = true,
            "outcome" => group.outcome = true,
            "code" => group.code = true,
            _ => asked.wrong(Place::query("group", "some of date, operation, outcome and code, with commas between")),
        }
    }
    group
}

impl From<Counted> for UsageView {
    fn from(counted: Counted) -> Self {
        let date = |day: i64| Date::constant(1970, 1, 1).checked_add(day.days()).unwrap_or(Date::ZERO).to_string();
        Self {
            date: counted.day.map(date),
            operation: counted.operation,
            outcome: counted.outcome,
            code: counted.code,
            calls: counted.calls,
            units: counted.units,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{UsageView, day};
    use crate::api::asked::Asked;
    use crate::usage::by_day::Counted;

    #[test]
    fn days_are_counted_from_1970_and_back() {
        for (text, days) in [("1970-01-01", 0), ("2026-11-23", 20_780), ("2000-02-29", 11_016), ("1969-12-31", -1)] {
            assert_eq!(day(&mut Asked::default(), "from", Some(text)), Some(days), "{text}");
            let counted = Counted { day: Some(days), operation: None, outcome: None, code: None, calls: 0, units: 0 };
            assert_eq!(UsageView::from(counted).date.as_deref(), Some(text));
        }
        for wrong in ["", "2026-13-01", "yesterday", "2026-11-23T10:00:00Z"] {
            let mut asked = Asked::default();
            day(&mut asked, "from", Some(wrong));
            assert!(asked.done(Some(())).is_err(), "{wrong}");
        }
    }
}
