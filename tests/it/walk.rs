//! Every operation of the OpenAPI document is walked: unsigned, without its scope, over the limit, malformed.
//! An operation that is added is walked from its first day.

use serde_json::Value;
use xunyuan::api;
use xunyuan::api::operations::ROWS;
use xunyuan::commands::client::Draft;
use xunyuan::limits::cost;
use xunyuan::model::partner::{Mode, Scopes};

use crate::harness::{House, plain, pointers, problem};
use crate::schema;

/// One operation as the document describes it, its path filled in.
struct Operation {
    id: String,
    method: String,
    path: String,
    has_body: bool,
    /// The body is a file, not JSON.
    is_upload: bool,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&api::openapi::text(&api::document())).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: filled(path),
                has_body: operation.get("requestBody").is_some(),
                is_upload: operation["requestBody"]["content"]
                    .as_object()
                    .is_some_and(|content| !content.contains_key("application/json")),
            });
        }
    }
    found
}

/// A path whose parameters are well-formed and belong to nobody.
pub fn filled(path: &str) -> String {
    let nobody = "0".repeat(32);
    path.replace("{offer_id}", "999999999999")
        .replace("{supplier_id}", "999999999")
        .replace("{category_id}", "999999999")
        .replace("{pool_id}", "999999999")
        .replace("{order_id}", &format!("ord_{nobody}"))
        .replace("{quote_id}", &format!("quo_{nobody}"))
        .replace("{payment_id}", &format!("pay_{nobody}"))
        .replace("{endpoint_id}", &format!("whe_{nobody}"))
        .replace("{shipment_id}", "999999999")
        .replace("{consignment_id}", &format!("con_{nobody}"))
        .replace("{refund_id}", &format!("rfd_{nobody}"))
        .replace("{voucher_id}", &format!("vch_{nobody}"))
        .replace("{inquiry_id}", &format!("inq_{nobody}"))
        .replace("{quotation_id}", &format!("qtn_{nobody}"))
        .replace("{source_match_id}", &format!("smt_{nobody}"))
        .replace("{reference}", "NOBODY-1")
}

impl Operation {
    fn draft(&self) -> Draft {
        let body = if self.has_body { b"{}".to_vec() } else { Vec::new() };
        Draft {
            method: self.method.clone(),
            body,
            idempotency_key: Some("walk-walk-walk".into()),
            ..Draft::get(&self.path)
        }
    }
}

#[test]
fn the_table_of_operations_and_the_document_name_the_same() {
    let mut documented: Vec<_> = operations().into_iter().map(|operation| operation.id).collect();
    let mut table: Vec<_> = ROWS.iter().map(|row| row.id.to_owned()).collect();
    documented.sort();
    table.sort();
    assert_eq!(documented, table);
}

#[test]
fn every_schema_of_an_answer_says_what_is_always_sent_and_fits_its_own_examples() {
    let schemas = schema::document()["components"]["schemas"].as_object().unwrap();
    let mut wrong = Vec::new();
    for (name, told) in schemas {
        for (member, kind) in schema::members(told).0 {
            if !kind["example"].is_null() {
                schema::conform(&kind, &kind["example"], &format!("{name}/{member}"), &mut wrong);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let always = |name: &str, member: &str| schema::members(&schemas[name]).1.iter().any(|one| one == member);
    assert!(always("OfferPage", "next_cursor") && always("Order", "reason") && always("Offer", "description"));
    assert!(!always("Order", "events") && !always("Price", "rate") && !always("NewOrder", "note"));
    let problem = schema::members(&schemas["Problem"]).0;
    for extra in xunyuan::edge::extras::ALL {
        assert!(problem[extra.name]["description"].as_str().unwrap().starts_with("With `"), "{}", extra.name);
    }
}

#[actix_web::test]
async fn unsigned_requests_are_told_to_sign() {
    let house = House::open().await;
    for operation in operations() {
        let method = operation.method.parse().unwrap();
        let answer = plain().request(method, house.url(&operation.path)).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{}", operation.id);
        assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with("Signature"), "{}", operation.id);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["code"], "signature_missing", "{}", operation.id);
    }
    house.close().await;
}

#[actix_web::test]
async fn a_key_without_the_scope_is_turned_away_before_anything_else() {
    let house = House::open().await;
    for operation in operations() {
        let row = ROWS.iter().find(|row| row.id == operation.id).unwrap();
        let partner = house.partner_without(&format!("no-{}", operation.id.replace('_', "-")), row.scopes.0).await;
        let answer = partner.ask(&operation.draft()).await;
        assert_eq!(answer.status, 403, "{}", operation.id);
        assert_eq!(problem(&answer), "scope_missing", "{}", operation.id);
        for scope in row.scopes.0 {
            let told = answer.json()["detail"].as_str().unwrap().split(';').next().unwrap().to_owned();
            assert!(told.contains(scope.name()), "{}: {told}", operation.id);
        }
    }
    house.close().await;
}

#[actix_web::test]
async fn any_one_of_an_operations_scopes_is_enough() {
    let house = House::open().await;
    for operation in operations() {
        let row = ROWS.iter().find(|row| row.id == operation.id).unwrap();
        for scope in row.scopes.0 {
            let name = format!("only-{}", scope.name().replace(':', "-"));
            let partner = house.partner_with(&name, "enterprise", Mode::Sandbox, [*scope].into_iter().collect()).await;
            let answer = partner.ask(&operation.draft()).await;
            assert!(![401, 403].contains(&answer.status), "{} with {scope:?}: {}", operation.id, answer.status);
        }
    }
    house.close().await;
}

#[actix_web::test]
async fn a_partner_over_its_limit_is_told_how_long_to_wait() {
    let house = House::open().await;
    for operation in operations().iter().filter(|operation| cost::of(&operation.id) > 0) {
        let name = format!("hot-{}", operation.id.replace('_', "-"));
        let partner = house.partner_with(&name, "starter", Mode::Sandbox, Scopes::all()).await;
        let draft = operation.draft();
        let asks = (0..60).map(|_| partner.client.ask(&draft));
        let answers = futures_util::future::join_all(asks).await;
        let refused = answers.iter().flatten().find(|answer| answer.status == 429);
        let refused = refused.unwrap_or_else(|| panic!("{} was never limited", operation.id));
        assert!(["rate_limited", "too_many_in_flight"].contains(&problem(refused).as_str()), "{}", operation.id);
        assert!(refused.field("retry-after").parse::<u64>().unwrap() >= 1, "{}", operation.id);
        assert!(refused.field("ratelimit").starts_with("\"second\";r="), "{}", operation.id);
        assert!(refused.json()["violated-policies"].is_array(), "{}: {}", operation.id, refused.json());
    }
    house.close().await;
}

#[actix_web::test]
async fn malformed_requests_are_answered_with_the_place_that_is_wrong() {
    let house = House::open().await;
    let partner = house.partner("walker").await;
    for operation in operations() {
        let draft = match operation.has_body {
            true => Draft { body: br#"{"nonsense": 1}"#.to_vec(), ..operation.draft() },
            false => Draft { target: format!("{}?nonsense=1", operation.path), ..operation.draft() },
        };
        let answer = partner.ask(&draft).await;
        if operation.is_upload {
            assert_eq!((answer.status, problem(&answer).as_str()), (415, "unsupported_media_type"), "{}", operation.id);
            continue;
        }
        assert_eq!(answer.status, 400, "{}: {}", operation.id, answer.json());
        assert_eq!(problem(&answer), "invalid_request", "{}", operation.id);
        let told = pointers(&answer);
        assert!(
            told.iter().any(|pointer| pointer.contains("nonsense") || pointer.starts_with('#')),
            "{}: {told:?}",
            operation.id
        );
    }
    house.close().await;
}
