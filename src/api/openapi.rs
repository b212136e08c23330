//! The OpenAPI document of `/v1`: collected from the handlers, then completed with what holds for every operation —
//! how to sign, which scope and cost, and the problems that may come back.

use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, ResponseBuilder, Schema};
use utoipa::{OpenApi as Derive, PartialSchema, ToSchema};

use crate::api::always;
use crate::api::operations::{ROWS, Row};
use crate::edge::extras;
use crate::edge::problem::{Document, ProblemPlace};
use crate::limits::cost;

#[derive(Derive)]
#[openapi(
    info(
        title = "Xunyuan partner API",
        version = "1.0.0",
        description = "Source from a Chinese wholesale marketplace: search in your language, see prices in your currency, \
quote, order, pay and follow the goods to a domestic warehouse.\n\nEvery request is signed with RFC 9421 HTTP Message \
Signatures (`tag=\"xunyuan-v1\"`); see `/docs/signing`. Every failure is an RFC 9457 problem with a stable `code`; see \
`/docs/errors`. Whatever is read with GET answers HEAD as well, signed over HEAD. Money is a decimal string with its currency, weights are grams, lengths millimetres, times RFC 3339 in \
UTC, ids strings.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(name = "Your marketplace operator"),
    ),
    servers((url = "/", description = "This gateway")),
    tags(
        (name = "Catalogue", description = "Offers, categories and suppliers, in twelve languages and any configured currency."),
        (name = "Follows", description = "Offers whose changes you want to hear of, told as events."),
        (name = "Quotes", description = "Prices, freight and exchange rate, locked for a while."),
        (name = "Source exchange", description = "What you sell today, and what the catalogue has in its place, side by side."),
        (name = "Inquiries", description = "Ask several suppliers for their price, talk about it, accept one."),
        (name = "Orders", description = "Placed once, never twice; followed to the warehouse."),
        (name = "Fulfilment", description = "Parcels to the warehouse, and consignments from there to your carrier."),
        (name = "Payments", description = "A pay page, or an agreed debit."),
        (name = "Events", description = "What happened, sent to your webhook endpoints (Standard Webhooks 1.0), or pulled."),
        (name = "After sales", description = "Money back, with or without the goods, and the pictures that prove why."),
        (name = "Account", description = "Your limits, your key, and help with signing."),
    )
)]
struct Base;

/// Statuses any operation may answer with.
const COMMON: &[(u16, &str)] = &[
    (400, "`invalid_request`, `malformed_request`: some part cannot be accepted; `errors` names each place"),
    (401, "The signature is refused; `code` says at which step"),
    (403, "`scope_missing`: the key may not do this"),
    (421, "`authority_not_served`: not one of this gateway's names"),
    (429, "`rate_limited`, `quota_used_up`, `too_many_in_flight`, `auth_throttled`: wait as `Retry-After` says"),
    (431, "`headers_too_large`: send fewer or shorter header fields"),
    (500, "`internal_error`: report the request id"),
    (501, "`upstream_not_offered`: the catalogue behind this gateway does not offer what the detail names"),
    (502, "`upstream_refused`, `upstream_nonsense`: the wholesale service misbehaved"),
    (
        503,
        "`upstream_unavailable`, `ledger_unavailable`, `rate_unavailable`, `rate_stale`, `overloaded`, `shutting_down`: try again; repeat what must happen once with the same Idempotency-Key",
    ),
    (504, "`upstream_timeout`: try again"),
];

/// Statuses an operation with a body may answer with besides.
const WITH_BODY: &[(u16, &str)] = &[
    (408, "`body_timeout`: the body came too slowly"),
    (413, "`body_too_large`"),
    (415, "`unsupported_media_type`: the detail names what is accepted"),
];

/// Completes the document that was collected from the handlers.
pub fn complete(collected: OpenApi) -> OpenApi {
    let mut document = Base::openapi();
    document.merge(collected);
    let components = document.components.get_or_insert_default();
    components.schemas.insert(Document::name().into_owned(), with_extras(Document::schema()));
    components.schemas.insert(ProblemPlace::name().into_owned(), ProblemPlace::schema());
    let scheme = ApiKey::Header(ApiKeyValue::with_description(
        "Signature",
        "RFC 9421 signature beside Signature-Input (and Content-Digest when there is a body); `/docs/signing` shows how.",
    ));
    components.add_security_scheme("signature", SecurityScheme::ApiKey(scheme));
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            let Some(row) = ROWS.iter().find(|row| operation.operation_id.as_deref() == Some(row.id)) else { continue };
            finish(operation, row);
        }
    }
    always::complete(&mut document);
    document
}

/// A problem with the members that come with certain codes.
fn with_extras(mut problem: RefOr<Schema>) -> RefOr<Schema> {
    if let RefOr::T(Schema::Object(object)) = &mut problem {
        object.properties.extend(extras::ALL.iter().map(|extra| (extra.name.to_owned(), extra.schema())));
    }
    problem
}

/// The document as pretty JSON with a final newline, as it is committed and served.
pub fn text(document: &OpenApi) -> String {
    document.to_pretty_json().unwrap_or_default() + "\n"
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.delete, &mut item.patch].into_iter().flatten()
}

fn finish(operation: &mut Operation, row: &Row) {
    let said = operation.description.take().unwrap_or_default();
    let costs = match cost::by_items(row.id) {
        Some(rule) => {
            format!("1 for every {} of `{}` or a part of them, at most {}", rule.for_one, rule.list, cost::of(row.id))
        }
        None => cost::of(row.id).to_string(),
    };
    let facts = format!("Scope {}; costs {costs}.", row.scopes.told(|name| format!("`{name}`")));
    operation.description = Some(format!("{said}\n\n{facts}").trim().to_owned());
    operation.security =
        Some(row.scopes.0.iter().map(|scope| SecurityRequirement::new("signature", [scope.name()])).collect());
    let bodied = if operation.request_body.is_some() { WITH_BODY } else { &[] };
    let of_path = operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Path));
    let missing = if of_path { &[(404, "There is no such thing, or it is not yours")][..] } else { &[] };
    for (status, what) in COMMON.iter().chain(bodied).chain(missing) {
        let known = &mut operation.responses.responses;
        known.entry(status.to_string()).or_insert_with(|| RefOr::T(Response::new(*what)));
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && response.content.is_empty()
        {
            *response = problem(&response.description);
        }
    }
}

fn problem(description: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name(Document::name())));
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}
