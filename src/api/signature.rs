//! `POST /v1/debug/signature`: explains to a sandbox caller what would become of a request it describes.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::gate::{Admitted, Gate};
use crate::api::operations::{ROWS, op};
use crate::api::unmatched::Paths;
use crate::auth::{Class, Described, Explained, Outcome};
use crate::edge::address;
use crate::edge::parts::Json;
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::error::{Code, Place};
use crate::model::partner::Mode;

/// A request as you would send it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DescribedRequest {
    /// The HTTP method.
    #[schema(example = "GET")]
    method: String,
    /// The whole URL, exactly as sent.
    #[schema(example = "https://api.example.com/v1/offers?q=cup")]
    url: String,
    /// The header fields, in order; repeat a name for repeated fields.
    headers: Vec<DescribedField>,
    /// The body as text.
    body: Option<String>,
    /// The body in base64, when it is no text.
    body_base64: Option<String>,
}

/// One header field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DescribedField {
    /// Its name.
    #[schema(example = "Signature-Input")]
    name: String,
    /// Its value.
    value: String,
}

/// What would become of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignatureExplained {
    /// The code it would be refused with; null when the signature would be accepted.
    code: Option<&'static str>,
    /// Every step of the proof, in order.
    steps: Vec<SignatureStep>,
    /// The signature base the gateway computes (RFC 9421 §2.5); compare it byte for byte with yours.
    signature_base: Option<String>,
    /// Content-Digest values that fit the body.
    expected_digests: Vec<String>,
    /// What has to be covered, as an Accept-Signature field says it.
    accept_signature: String,
    /// The gateway's time, RFC 3339.
    #[schema(format = DateTime)]
    server_time: String,
}

/// One step of the proof.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignatureStep {
    /// The step.
    name: &'static str,
    /// How it went.
    #[schema(example = "passed")]
    outcome: &'static str,
    /// The code of a request that fails here.
    code: Option<&'static str>,
    /// What was found.
    detail: String,
}

impl From<Explained> for SignatureExplained {
    fn from(explained: Explained) -> Self {
        let name = |code: Code| code.facts().name;
        Self {
            code: explained.verdict().map(name),
            signature_base: explained.signature_base,
            expected_digests: explained.expected_digests,
            accept_signature: explained.accept_signature,
            server_time: explained.server_time.to_string(),
            steps: explained
                .steps
                .into_iter()
                .map(|step| SignatureStep {
                    name: step.name,
                    outcome: outcome(step.outcome),
                    code: step.code.map(name),
                    detail: step.detail,
                })
                .collect(),
        }
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Skipped => "skipped",
    }
}

/// Explains a signature step by step.
///
/// Describe a request exactly as you send it, signed with one of your sandbox keys. Nothing is executed and no nonce
/// is used up. For sandbox keys only.
#[utoipa::path(
    tag = "Account",
    request_body = DescribedRequest,
    responses((status = 200, description = "The steps of the proof", body = SignatureExplained),
              (status = 403, description = "`sandbox_only`, `scope_missing`: call it with a sandbox key"))
)]
#[post("/v1/debug/signature")]
pub async fn debug_signature(
    request: HttpRequest,
    call: Admitted<op::DebugSignature, Json<DescribedRequest>>,
    gate: Data<Gate>,
    paths: Data<Paths>,
) -> Reply {
    if call.caller.mode != Mode::Sandbox {
        return Err(Problem::new(Code::SandboxOnly));
    }
    let mut described = read(call.parts.0)?;
    described.address = address::caller(&request, &gate.trusted_proxies);
    described.class = class(&described, &paths);
    let explained = gate.auth.explain(&call.caller, &described);
    reply::written(&request, StatusCode::OK, &SignatureExplained::from(explained))
}

fn read(asked: DescribedRequest) -> Result<Described, Problem> {
    let wrong = |place| Problem::new(Code::InvalidRequest).places(vec![place]);
    let body = match (asked.body, asked.body_base64) {
        (Some(_), Some(_)) => return Err(wrong(Place::body("/body", "give either body or body_base64"))),
        (Some(text), None) => text.into_bytes(),
        (None, Some(text)) => {
            STANDARD.decode(text).map_err(|error| wrong(Place::body("/body_base64", error.to_string())))?
        }
        (None, None) => Vec::new(),
    };
    let headers = asked.headers.into_iter().map(|field| (field.name, field.value)).collect();
    Described::new(asked.method, &asked.url, headers, body).map_err(wrong)
}

/// How strict the described operation's signature is.
fn class(described: &Described, paths: &Paths) -> Class {
    let id = paths.operation(described.method(), described.path());
    ROWS.iter().find(|row| Some(row.id) == id).map_or(Class::Read, |row| row.class)
}
