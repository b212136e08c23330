//! Requests of other shapes than the document's: each body, and each member of it, replaced by everything it must not
//! be. What is said about that are whole sentences in the words of JSON, with the place.

use serde_json::{Value, json};
use xunyuan::commands::client::Draft;

use crate::harness::{House, pointers, problem};
use crate::schema::{document, members, resolve};
use crate::walk::filled;

/// A body that would be right, as far as a schema tells.
fn sample(schema: &Value) -> Value {
    let schema = resolve(schema);
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or_default();
    match kind {
        "object" => members(schema).0.iter().map(|(name, member)| (name.clone(), sample(member))).collect(),
        "array" => json!([sample(&schema["items"])]),
        "integer" | "number" => json!(1),
        "boolean" => json!(true),
        _ => schema["oneOf"].as_array().and_then(|all| all.last()).map_or(json!("x"), sample),
    }
}

/// Pointers to everything inside a value, the whole first.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| places(member, &format!("{at}/{name}"), found))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), found))
        }
        _ => {}
    }
}

/// The body once for each place and each thing that may not be there.
fn wrong_shapes(body: &Value) -> Vec<Value> {
    let others = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(99_999_999_999_u64),
        json!("x"),
        json!([]),
        json!([[1]]),
        json!({}),
        json!({"nonsense": 1}),
    ];
    let mut found = Vec::new();
    places(body, "", &mut found);
    let mut shapes = Vec::new();
    for place in &found {
        for other in &others {
            let mut shape = body.clone();
            *shape.pointer_mut(place).unwrap() = other.clone();
            shapes.push(shape);
        }
        let (inside, name) = place.rsplit_once('/').unwrap_or(("", ""));
        let mut without = body.clone();
        if let Some(Value::Object(members)) = without.pointer_mut(inside)
            && members.remove(name).is_some()
        {
            shapes.push(without);
        }
        let mut more = body.clone();
        if let Some(Value::Object(members)) = more.pointer_mut(place) {
            members.insert("nonsense".into(), json!(1));
            shapes.push(more);
        }
    }
    shapes
}

#[actix_web::test]
async fn a_body_of_any_other_shape_is_told_in_the_words_of_json_with_its_place() {
    let house = House::open().await;
    let partner = house.partner("shaper").await;
    let (mut asked, mut refused) = (0, 0);
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if schema.is_null() {
                continue;
            }
            let draft = Draft { method: method.to_uppercase(), ..Draft::get(filled(path)) };
            let mut bodies: Vec<_> =
                wrong_shapes(&sample(schema)).iter().map(|body| body.to_string().into_bytes()).collect();
            bodies.extend(["{", "[1,", "{\"a\" 1}", "{} {}", "\u{1}"].map(|text| text.as_bytes().to_vec()));
            for body in bodies {
                house.clock.advance_ms(500);
                let draft = Draft { body, ..draft.clone() }.once(format!("shape-{asked:08}"));
                // Its words are looked at wherever an answer comes in.
                let answer = partner.ask(&draft).await;
                asked += 1;
                assert!(answer.status < 500, "{}: {}", draft.target, answer.json());
                if answer.status == 400 && problem(&answer) == "invalid_request" {
                    refused += 1;
                    assert!(!pointers(&answer).is_empty(), "{}", answer.json());
                }
            }
        }
    }
    assert!(refused > asked / 2 && asked > 1_000, "{refused} of {asked}");
    house.close().await;
}

#[actix_web::test]
async fn a_missing_or_unknown_member_and_a_number_out_of_range_are_named_where_they_belong() {
    let house = House::open().await;
    let partner = house.partner("shaper").await;
    let table = [
        (json!({"lines": [{"quantity": 1}]}), "#/lines/0/sku_id", "This is missing and must be given."),
        (json!({"lines": [{"sku_id": "1", "quantity": -1}]}), "#/lines/0/quantity", "whole number from"),
        (json!({"lines": [{"sku_id": 1, "quantity": 1}]}), "#/lines/0/sku_id", "Must be text, not 1."),
        (json!({"lines": {}}), "#/lines", "Must be an array, not an object."),
        (json!({"lines": [[]]}), "#/lines/0", "Must be an object, not an array."),
        (json!({"lines": [], "colour": 1}), "#/colour", "Unknown; leave it out, known are lines, "),
        (json!([]), "#", "Must be an object"),
    ];
    for (body, pointer, words) in table {
        let answer = partner.post("/v1/quotes", body.clone()).await;
        assert_eq!((answer.status, pointers(&answer)), (400, vec![pointer.to_owned()]), "{body}: {}", answer.json());
        let told = answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
        assert!(told.contains(words), "{body}: {told}");
    }
    house.close().await;
}
