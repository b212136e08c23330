//! What is generated is committed: the partner's OpenAPI document, fresh and complete.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::Value;
use xunyuan::api;
use xunyuan::error::Code;

fn document() -> Value {
    serde_json::from_str(&api::openapi::text(&api::document())).unwrap()
}

fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.values().flat_map(|item| item.as_object().unwrap().values());
    all.map(|operation| (operation["operationId"].as_str().unwrap().to_owned(), operation.clone())).collect()
}

#[test]
fn the_committed_document_is_the_one_the_handlers_make() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/partner.json");
    let committed = std::fs::read_to_string(path).unwrap();
    let fresh = api::openapi::text(&api::document());
    assert!(committed == fresh, "openapi/partner.json is stale; run: cargo run -- openapi --write");
}

#[test]
fn every_operation_says_what_it_does_and_how_it_can_fail() {
    let document = document();
    for (id, operation) in operations(&document) {
        for member in ["summary", "description", "tags", "security"] {
            assert!(!operation[member].is_null(), "{id} has no {member}");
        }
        for status in ["400", "401", "403", "429", "500", "503"] {
            let response = &operation["responses"][status];
            assert!(response["content"]["application/problem+json"].is_object(), "{id} does not tell {status}");
        }
    }
}

#[test]
fn every_code_a_description_names_exists() {
    let text = document().to_string();
    let mut named = 0;
    for (_, operation) in operations(&document()) {
        let responses = operation["responses"].as_object().unwrap();
        for (_, response) in responses.iter().filter(|(status, _)| status.starts_with(['4', '5'])) {
            let description = response["description"].as_str().unwrap_or("");
            for code in description
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|word| word.contains('_') && !word.contains(['.', '=']))
            {
                let known = Code::find(code).is_some();
                // A description may also name a member of some document; problems borrow names of parameters too.
                let member = [format!("\"{code}\":"), format!("\"name\":\"{code}\"")];
                assert!(
                    known || member.iter().any(|said| text.contains(said)),
                    "{code} is neither a code, nor a member, nor a parameter"
                );
                named += usize::from(known);
            }
        }
    }
    assert!(named > 50 && text.contains("\"Problem\""), "{named}");
}

#[test]
fn the_operators_document_is_the_one_the_handlers_make() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/ops.json")).unwrap();
    let fresh = api::openapi::text(&xunyuan::ops::json::document());
    assert!(committed == fresh, "openapi/ops.json is stale; run: cargo run -- openapi --write");
    let document: Value = serde_json::from_str(&fresh).unwrap();
    for (id, operation) in operations(&document) {
        for member in ["summary", "tags", "security"] {
            assert!(!operation[member].is_null(), "{id} has no {member}");
        }
        for status in ["401", "403", "503"] {
            let response = &operation["responses"][status];
            assert!(response["content"]["application/problem+json"].is_object(), "{id} does not tell {status}");
        }
    }
}
