//! `/ops/api/audit`: entries a page at a time, and all that fit as JSON lines.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, get};
use futures_util::stream;

use crate::audit::Filter;
use crate::model::page::Cursor;
use crate::ops::console::Console;
use crate::ops::console::gate::{See, asked};
use crate::ops::json::gate::{Asks, build};
use crate::ops::json::{Reply, reply};
use crate::ops::look::audit::{self, EntryRow, Sought};
use crate::ops::look::{Books, Listed, Trouble};

fn sought(request: &HttpRequest) -> Sought {
    let field = |name| asked(request, name);
    Sought {
        actor: field("actor"),
        action: field("action"),
        subject: field("subject"),
        since: field("since"),
        until: field("until"),
        cursor: field("cursor"),
    }
}

/// Lists who changed what, newest first.
#[utoipa::path(tag = "Audit", params(
        ("actor" = Option<String>, Query, description = "Who: `operator:li`, `partner:acme`, `partner`, `system`"),
        ("action" = Option<String>, Query, description = "What, or how it begins: `order.settle`, `key`"),
        ("subject" = Option<String>, Query, description = "The id of what was changed"),
        ("since" = Option<String>, Query, description = "From then on: a date, a moment, or `24h`, `7d` ago"),
        ("until" = Option<String>, Query, description = "Until before then"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of entries", body = Listed<EntryRow>)))]
#[get("/ops/api/audit")]
pub async fn list_audit(request: HttpRequest, _: Asks<See>, console: Data<Console>) -> Reply {
    reply(audit::list(&console.books, &sought(&request)).await)
}

/// Exports all entries that fit as JSON lines, oldest first.
///
/// A row bears the moment its change began and appears when the change is committed: when you export piece by piece, let
/// the pieces overlap by a minute and keep each id once.
#[utoipa::path(tag = "Audit", params(
        ("actor" = Option<String>, Query, description = "Who"),
        ("action" = Option<String>, Query, description = "What, or how it begins"),
        ("subject" = Option<String>, Query, description = "The id of what was changed"),
        ("since" = Option<String>, Query, description = "From then on"),
        ("until" = Option<String>, Query, description = "Until before then")),
    responses((status = 200, description = "One entry a line", body = String, content_type = "application/jsonl")))]
#[get("/ops/api/audit/export")]
pub async fn export_audit(request: HttpRequest, _: Asks<See>, console: Data<Console>) -> Reply {
    let filter = sought(&request).filter(console.books.clock.now())?;
    // The first stretch is read before the answer begins, so that trouble can still be told.
    let (text, next) = audit::export(&console.books, &filter, None).await?;
    let begun = Stretch { books: console.books.clone(), filter, ready: Some(text), next };
    Ok(build(StatusCode::OK)
        .insert_header((CONTENT_TYPE, "application/jsonl; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\""))
        .streaming(stream::unfold(begun, more)))
}

struct Stretch {
    books: Books,
    filter: Filter,
    ready: Option<String>,
    next: Option<Cursor>,
}

async fn more(mut stretch: Stretch) -> Option<(Result<Bytes, std::io::Error>, Stretch)> {
    if let Some(text) = stretch.ready.take() {
        return Some((Ok(Bytes::from(text)), stretch));
    }
    let after = stretch.next.take()?;
    match audit::export(&stretch.books, &stretch.filter, Some(after)).await {
        Ok((text, next)) => {
            stretch.next = next;
            Some((Ok(Bytes::from(text)), stretch))
        }
        // Broken off, so that half an export is not taken for a whole one.
        Err(trouble) => Some((Err(std::io::Error::other(Trouble::logged(trouble).to_string())), stretch)),
    }
}
