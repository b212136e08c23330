//! What answers always hold: every member of an answer is `required` in its schema, null or not, but for those few that
//! are left out where there is nothing to tell. Bodies of requests are left as their types say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use utoipa::openapi::schema::{OneOf, SchemaType, Type};
use utoipa::openapi::{OpenApi, Ref, RefOr, Schema};

/// Members that are not always sent: the `skip_serializing_if` of the views. They are never null.
const SOMETIMES: &[(&str, &[&str])] = &[
    ("ConsignmentEvent", &["report_id", "problem"]),
    ("Inquiry", &["events"]),
    ("InquirySupplier", &["response"]),
    ("LineProblem", &["minimum_order", "order_multiple", "stock", "mixed_order"]),
    ("OfferPage", &["facets"]),
    ("OfferSummary", &["title_highlights", "score"]),
    ("Order", &["events"]),
    ("PaymentOrder", &["pay_url", "problem"]),
    ("PolicyView", &["time_zone", "resets_at", "merit", "override"]),
    ("Price", &["cny", "rate", "rate_date", "rate_source", "rate_margin_percent", "rate_stale"]),
    ("Refund", &["events"]),
    ("Usage", &["date", "operation", "outcome", "code"]),
];
/// These know it themselves.
const LEFT_ALONE: &[&str] = &["Problem", "ProblemPlace"];

/// Makes what is always sent required.
pub fn complete(document: &mut OpenApi) {
    let answers = answers(document);
    let Some(components) = document.components.as_mut() else { return };
    for (name, schema) in components.schemas.iter_mut().filter(|(name, _)| answers.contains(*name)) {
        let sometimes = SOMETIMES.iter().find(|(one, _)| one == name).map_or(&[][..], |(_, members)| *members);
        require(schema, sometimes);
    }
}

fn require(schema: &mut RefOr<Schema>, sometimes: &[&str]) {
    match schema {
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter_mut().for_each(|part| require(part, sometimes)),
        RefOr::T(Schema::Object(object)) => {
            let always = object.properties.keys().filter(|name| !sometimes.contains(&name.as_str()));
            object.required = always.cloned().collect();
            let left_out = object.properties.iter_mut().filter(|(name, _)| sometimes.contains(&name.as_str()));
            left_out.for_each(|(_, member)| never_null(member));
        }
        _ => {}
    }
}

fn never_null(member: &mut RefOr<Schema>) {
    let typed = |kind: &mut SchemaType| {
        if let SchemaType::Array(kinds) = kind {
            kinds.retain(|one| *one != Type::Null);
            if let [only] = kinds.as_slice() {
                *kind = SchemaType::Type(only.clone());
            }
        }
    };
    match member {
        RefOr::T(Schema::Object(object)) => typed(&mut object.schema_type),
        RefOr::T(Schema::Array(list)) => typed(&mut list.schema_type),
        RefOr::T(Schema::OneOf(choice)) => {
            if let Some(only) = only_choice(choice) {
                *member = RefOr::Ref(only);
            }
        }
        _ => {}
    }
}

/// Of null and something else, the something.
fn only_choice(choice: &OneOf) -> Option<Ref> {
    let mut named =
        choice.items.iter().filter_map(|one| if let RefOr::Ref(to) = one { Some(to.clone()) } else { None });
    let mut only = named.next().filter(|_| named.next().is_none())?;
    only.description = choice.description.clone().unwrap_or_default();
    Some(only)
}

/// Names of the schemas that answers hold and requests do not.
fn answers(document: &OpenApi) -> BTreeSet<String> {
    let whole = serde_json::to_value(document).unwrap_or_default();
    let named = whole.pointer("/components/schemas").and_then(Value::as_object);
    let uses: BTreeMap<&str, Vec<String>> =
        named.into_iter().flatten().map(|(name, schema)| (name.as_str(), references(schema))).collect();
    let operations = || {
        whole
            .pointer("/paths")
            .into_iter()
            .filter_map(Value::as_object)
            .flatten()
            .filter_map(|(_, item)| item.as_object())
            .flatten()
    };
    let reach = |part: &str| {
        let mut open: Vec<_> =
            operations().filter_map(|(_, operation)| operation.get(part)).flat_map(references).collect();
        let mut reached = BTreeSet::new();
        while let Some(name) = open.pop() {
            if reached.insert(name.clone()) {
                open.extend(uses.get(name.as_str()).into_iter().flatten().cloned());
            }
        }
        reached
    };
    let (mut told, asked) = (reach("responses"), reach("requestBody"));
    // Problems hold rows of their own; the schemas these name are answers as well.
    told.retain(|name| !asked.contains(name) && !LEFT_ALONE.contains(&name.as_str()));
    told
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).and_then(|to| to.rsplit('/').next());
            own.map(str::to_owned).into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
