//! The page of this face's calls, made of the table.

use std::fmt::Write;

use crate::model::topic;
use crate::param2::dispatch::{Kind, Need, Row, TABLE};
use crate::param2::fault::Gw;

const HEAD: &str = "# Calls of the older protocol

Made of the table of calls by `xunyuan openapi --write`; edit `src/param2/dispatch.rs` instead of this page.

`/openapi/param2/{version}/{namespace}/{api}/{appKey}`, GET or POST, parameters in the query, an urlencoded body or
multipart parts. `_aop_signature` is the HMAC-SHA1 of path and parameters in capital hexadecimal digits. A partner has
this door closed until the operator opens it (`xunyuan partner open-door`); `xunyuan key app issue` makes an app.

JSON and text may stand unescaped in the query of a request line, as some clients write them.

## Grants

`/oauth/authorize?client_id={appKey}&redirect_uri=…&state=…` is the page on which a person lets an app buy for a buyer
account, with the account's login and password (`xunyuan key account add`, or the console). It leads only to addresses that
the operator registered for the app, letter for letter (`xunyuan key app redirects`): with `code`, which `getToken` redeems
once within ten minutes, or with `error=access_denied`; `state` goes back as it came. `redirect_uri` of `getToken` is that
same address, `default`, or left out.

A token is one account's. The partner's own account, called like the partner, sees all its orders, refunds and consignments;
the others (`partner:branch`) see those that were placed with their tokens (of consignments those that hold nothing else),
and all else is to them as if it were not there. `buyerLoginId`, `buyerID` and `buyerMemberId` are the account that an order
was placed for, whoever looks. A call that needs no token takes one all the same, and is then that account's. The platform
lists refunds to main accounts only; here a branch is listed its own. Suppliers are asked by the main account.

`/oauth/grants` is the page on which an account, with its login and password, sees which apps it let in, and withdraws one:
the app's tokens and codes for that account end on all nodes, as when the operator withdraws them.

";

/// The page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("## Calls\n\n| call | needs | parameters | does | room | answer | as | proof |\n|---|---|---|---|---|---|---|---|\n");
    for row in TABLE {
        call(&mut page, row);
    }
    page.push_str("\n`*` has to be there. `as`: the operation of `/v1` that it costs as much as.\n");
    messages(&mut page);
    page.push_str("\n## Errors of the gateway\n\nIn the order of the checks; HTTP 400, and 401 for tokens.\n\n");
    page.push_str("| `error_code` | usual `error_message` | code in our books |\n|---|---|---|\n");
    for error in Gw::ALL {
        let _ = writeln!(page, "| `{}` | {} | `{}` |", error.code(), error.message(), error.ours().facts().name);
    }
    page
}

const MESSAGES: &str = "
## Messages

Told of the same events as `/v1/events`: as signed forms to endpoints of `/v1/webhook-endpoints` with `format` `aop`, by
`push.query.messageList` and `push.message.confirm`, and over the WebSocket at `/websocket` (`CONNECT` signed with MD5 over
secret, app key and `pubTime`; `HEARTBEAT` every 30 s; `CONFIRM` with `relatedId` for each `SERVER_PUSH`). An app has had a
message once it confirmed it or one of its endpoints answered 2xx.

`userInfo` is the member that a message is for: whoever the order was placed for, the partner's own account of all else. A
message belongs to an app, as the platform has it, so that callbacks and the WebSocket tell those of all accounts; the pull
calls, which need no token, tell all, those of `userInfo`, or, to whoever sends a branch's token along, those of that branch,
which confirms no others. Not told: topics of contracts, of listing goods
elsewhere and of parcels abroad, of which the gateway has no event.

| event | becomes | `currentStatus` |
|---|---|---|
";

fn messages(page: &mut String) {
    page.push_str(MESSAGES);
    for told in topic::TOLD {
        let topics: Vec<_> = told.topics.iter().map(|topic| format!("`{topic}`")).collect();
        let status = if told.status.is_empty() { String::new() } else { format!("`{}`", told.status) };
        let _ = writeln!(page, "| `{}` | {} | {status} |", told.kind, topics.join(" or "));
    }
}

fn call(page: &mut String, row: &Row) {
    let needs = match row.need {
        Need::Nothing => "nothing",
        Need::Signature => "signature",
        Need::Token => "signature, token",
    };
    let parameters: Vec<_> = row
        .parameters
        .iter()
        .map(|parameter| {
            let star = if parameter.required { "*" } else { "" };
            format!("`{}`{star} {}", parameter.name, written(parameter.kind))
        })
        .collect();
    let scopes: Vec<_> = row.scopes.iter().map(|scope| scope.name()).collect();
    let needs = if scopes.is_empty() { needs.to_owned() } else { format!("{needs}, {}", scopes.join(" or ")) };
    let _ = writeln!(
        page,
        "| `{}:{}:{}` | {needs} | {} | {} | `{}` | {} | `{}` | {} |",
        row.namespace,
        row.api,
        row.version,
        parameters.join(", "),
        row.does,
        row.room,
        row.form.told(),
        row.costs_as,
        row.proof,
    );
}

const fn written(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Long => "number",
        Kind::Boolean => "boolean",
        Kind::Date => "date",
        Kind::Json => "JSON",
        Kind::File => "file",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_page_is_the_one_the_table_makes() {
        let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/param2.md")).unwrap();
        assert!(committed == super::page(), "openapi/param2.md is stale; run: cargo run -- openapi --write");
    }
}
