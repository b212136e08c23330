//! News. The platform has no feed that can be read again from a place: what changed since a moment is asked for, and the
//! moment stands for the place. Goods tell nothing of themselves there; what is kept of them ends by its age.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::aop::dates;
use crate::upstream::failure::Error;
use crate::upstream::open1688::asked::{Asked, written};
use crate::upstream::open1688::table::{Api, LIST, REFUNDS};
use crate::upstream::open1688::words;

/// How often it is asked while there is nothing new.
const EVERY: Duration = Duration::from_millis(1_000);
/// What changed so long before the last look is looked at again: it may have become visible only now.
const OVERLAP_MS: i64 = 3_000;
/// Who never looked looks back so far.
const BEGIN_MS: i64 = 24 * 3_600_000;
const PAGE: i64 = 50;
/// Pages of one look; what is left is told by the next.
const MOST_PAGES: i64 = 20;
/// Time that is left to whoever waits.
const TIME_TO_TELL: Duration = Duration::from_millis(100);

/// A list that can be asked for what changed.
struct Source {
    kind: &'static str,
    api: Api,
    page: &'static str,
    list: &'static str,
    changed: &'static str,
}

const SOURCES: &[Source] = &[
    Source { kind: "order", api: LIST, page: "page", list: "/result", changed: "/baseInfo/modifyTime" },
    Source {
        kind: "refund",
        api: REFUNDS,
        page: "currentPageNum",
        list: "/opOrderRefundModels",
        changed: "/gmtModified",
    },
];

/// Something that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Changed {
    at_ms: i64,
    kind: &'static str,
    id: i64,
    reference: String,
}

/// Answers `changes`.
pub(in crate::upstream::open1688) async fn changes(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let after = asked.number("after").unwrap_or(0);
    let limit = usize::try_from(asked.number("limit").unwrap_or(500)).unwrap_or(500);
    let kinds: Vec<&str> = asked.query("kinds").unwrap_or("order").split(',').collect();
    let now_ms = asked.line.now_ms();
    if after > now_ms {
        return told(&[], now_ms);
    }
    let after = if after == 0 { now_ms - BEGIN_MS } else { after };
    let sources: Vec<_> = SOURCES.iter().filter(|source| kinds.contains(&source.kind)).collect();
    let ends = tokio::time::Instant::now() + asked.call.waits.min(asked.line.left().saturating_sub(TIME_TO_TELL));
    loop {
        let mut found = Vec::new();
        for source in &sources {
            found.extend(look(asked, source, after).await?);
        }
        found.sort_by_key(|changed| changed.at_ms);
        found.truncate(limit);
        if let Some(last) = found.last() {
            return told(&found, last.at_ms);
        }
        let next = tokio::time::Instant::now() + EVERY;
        if next >= ends {
            tokio::time::sleep_until(ends).await;
            return told(&[], after);
        }
        tokio::time::sleep_until(next).await;
    }
}

fn told(found: &[Changed], last: i64) -> Result<Bytes, Error> {
    let item = |changed: &Changed| {
        json!({"seq": changed.at_ms, "kind": changed.kind, "id": changed.id, "change": "status",
               "outRef": changed.reference, "time": words::beijing_of(changed.at_ms)})
    };
    written(&json!({"items": found.iter().map(item).collect::<Vec<_>>(), "lastSeq": last}))
}

/// What changed since a moment and was not told yet.
async fn look(asked: &Asked<'_>, source: &Source, after: i64) -> Result<Vec<Changed>, Error> {
    let since = Timestamp::from_millisecond(after - OVERLAP_MS).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut found = Vec::new();
    for page in 1..=MOST_PAGES {
        let parameters =
            [(source.page, page.to_string()), ("pageSize", PAGE.to_string()), ("modifyStartTime", dates::wire(since))];
        let told = asked.ask(&source.api, &parameters).await?;
        let listed = words::list(&told, source.list);
        for item in listed {
            let Some(changed) = changed(asked, source, item).await? else { continue };
            let key = format!("{}:{}", source.kind, changed.id);
            // Told before in this process, or long enough ago that every follower has seen it.
            let known = asked.account.told.get(&key).unwrap_or(0);
            if changed.at_ms > after || (changed.at_ms > known && changed.at_ms > after - OVERLAP_MS) {
                found.push((key, changed));
            }
        }
        if listed.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            break;
        }
    }
    Ok(found
        .into_iter()
        .map(|(key, changed)| {
            asked.account.told.insert(key, changed.at_ms);
            // The place goes forward, whatever the moment was.
            Changed { at_ms: changed.at_ms.max(after + 1), ..changed }
        })
        .collect())
}

async fn changed(asked: &Asked<'_>, source: &Source, item: &Value) -> Result<Option<Changed>, Error> {
    let at = words::text(item, source.changed).and_then(|text| dates::read(&text));
    let (id, reference) = match source.kind {
        "order" => (words::long(item, "/baseInfo/id"), words::text(item, "/baseInfo/outOrderId")),
        _ => {
            let id = words::long(item, "/id");
            (id, crate::upstream::open1688::refunds::reference(asked, id.unwrap_or(0)).await?)
        }
    };
    let known = at.zip(id).zip(reference);
    Ok(known.map(|((at, id), reference)| Changed { at_ms: at.as_millisecond(), kind: source.kind, id, reference }))
}
