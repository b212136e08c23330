//! The OpenAPI document of `/ops/api`: collected from the handlers, completed with what holds for all of them.

use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{OpenApi as Derive, PartialSchema, ToSchema};

use crate::ops::console::gate::COOKIE_NAME;
use crate::ops::json::gate::Problem;

#[derive(Derive)]
#[openapi(
    info(
        title = "Xunyuan operator API",
        version = "1.0.0",
        description = "Everything that the operator's console shows, as JSON, on the operator's own listener (`ops.bind`).\n\n\
Who asks shows an operator's token (`Authorization: Bearer xyo_…`, made with `xunyuan operator token`), or the console's \
session cookie. What changes something needs the role operator; with a cookie it also needs the page's form token in \
`X-Xunyuan-Form`, from the console's own origin. Every change is in the audit under the operator's name. Money is a decimal \
string in CNY, times are RFC 3339 in UTC, ids are strings.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "The operator's listener of this node")),
    tags(
        (name = "Now", description = "How this node is, and who asks."),
        (name = "Partners", description = "Who may call, with which keys, and what is left of their plans."),
        (name = "Orders", description = "The funnel, what waits, one order's whole story, and what can be set right by hand."),
        (name = "Webhooks", description = "Endpoints by health, deliveries, and both set right by hand."),
        (name = "Goods", description = "Which goods are in cross-border trade: counted, entered, taken out."),
        (name = "Audit", description = "Who changed what."),
    )
)]
struct Base;

const COMMON: &[(u16, &str)] = &[
    (401, "`not_logged_in`: neither a token nor a session that counts"),
    (403, "`not_allowed`: the role is not enough; `not_ours`: a change by cookie without the page's form token"),
    (503, "`unavailable`: the database or the catalogue did not answer; try again"),
];

/// Completes the document that was collected from the handlers.
pub fn complete(collected: OpenApi) -> OpenApi {
    let mut document = Base::openapi();
    document.merge(collected);
    let components = document.components.get_or_insert_default();
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description(COOKIE_NAME, "The console's session."));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            finish(operation);
        }
    }
    without_unused(document)
}

/// Drops what generic lists name and then hold themselves.
fn without_unused(mut document: OpenApi) -> OpenApi {
    loop {
        let text = document.to_json().unwrap_or_default();
        let Some(components) = document.components.as_mut() else { return document };
        let before = components.schemas.len();
        components.schemas.retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
        if components.schemas.len() == before {
            return document;
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.delete, &mut item.patch].into_iter().flatten()
}

fn finish(operation: &mut Operation) {
    let nothing: [&str; 0] = [];
    let ways = ["token", "session"].map(|way| SecurityRequirement::new(way, nothing));
    operation.security = Some(ways.to_vec());
    let takes = |place: ParameterIn| {
        let all = operation.parameters.iter().flatten();
        all.into_iter().any(|one| matches!(one, RefOr::T(one) if one.parameter_in == place))
    };
    let asked = takes(ParameterIn::Query) || operation.request_body.is_some();
    let wrong = if asked { &[(400, "`invalid_request`: the detail says what would be right")][..] } else { &[] };
    let missing = if takes(ParameterIn::Path) { &[(404, "`not_found`: there is no such thing")][..] } else { &[] };
    for (status, what) in COMMON.iter().chain(wrong).chain(missing) {
        let known = &mut operation.responses.responses;
        known.entry(status.to_string()).or_insert_with(|| RefOr::T(ResponseBuilder::new().description(*what).build()));
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
        {
            let content = Content::new(Some(Ref::from_schema_name(Problem::name())));
            let told = ResponseBuilder::new().description(&response.description);
            *response = told.content("application/problem+json", content).build();
        }
    }
}
