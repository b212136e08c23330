//! One request of the protocol: signed parameters in a form, and what came back told apart: the document, the call's own
//! refusal, or the gateway's.

use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::signing::aop::SIGNATURE;
use crate::upstream::client::{Line, Said};
use crate::upstream::failure::{Error, Loss};
use crate::upstream::open1688::Account;
use crate::upstream::open1688::table::Api;
use crate::upstream::open1688::told;

const TOKEN: &str = "access_token";
const TIMESTAMP: &str = "_aop_timestamp";

/// A form of these parameters.
pub(super) fn form<K: AsRef<str>, V: AsRef<str>>(parameters: &[(K, V)]) -> String {
    let mut written = Serializer::new(String::new());
    written.extend_pairs(parameters.iter().map(|(name, value)| (name.as_ref(), value.as_ref())));
    written.finish()
}

/// Asks; gives the document inside the call's own form.
pub(super) async fn ask(
    account: &Account,
    line: Line<'_>,
    api: &Api,
    parameters: &[(&'static str, String)],
) -> Result<Value, Error> {
    if let Some(wait_s) = account.pause.left_s(line.now_ms()) {
        let why = format!("{}: the app is asked to call less often", api.name);
        return Err(Error::Denied { status: 429, why, wait_s: Some(wait_s) });
    }
    if !api.needs_token {
        return judged(account, line, api, sent(account, line, api, parameters, None).await?);
    }
    let token = account.keeper.token(account, line).await?;
    match judged(account, line, api, sent(account, line, api, parameters, Some(&token)).await?) {
        // Tokens are looked at before anything is done, so that the same may be asked again with another one.
        Err(Error::Denied { status: 401, .. }) => {
            let token = account.keeper.another(account, line, &token).await?;
            judged(account, line, api, sent(account, line, api, parameters, Some(&token)).await?)
        }
        other => other,
    }
}

async fn sent(
    account: &Account,
    line: Line<'_>,
    api: &Api,
    parameters: &[(&'static str, String)],
    token: Option<&str>,
) -> Result<Said, Error> {
    let path = format!("param2/{}/{}/{}/{}", api.version, api.namespace, api.name, account.app_key);
    let mut all: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.clone())).collect();
    all.extend(token.map(|token| (TOKEN, token.to_owned())));
    all.push((TIMESTAMP, line.now_ms().to_string()));
    let secret = account.secret.as_ref().ok_or_else(|| Error::Setup("the app has no secret".into()))?;
    all.push((SIGNATURE, secret.sign(&path, &all)));
    line.post(&format!("{}/openapi/{path}", account.prefix), form(&all)).await
}

fn judged(account: &Account, line: Line<'_>, api: &Api, said: Said) -> Result<Value, Error> {
    let status = said.status.as_u16();
    let told: Option<Value> = serde_json::from_slice(&said.answer).ok();
    let refused = told.as_ref().and_then(told::by_gateway);
    let error = match (refused, told) {
        (Some(refused), _) => refused.judged(api, status, said.wait_s),
        (None, Some(told)) if said.status.is_success() => {
            account.pause.end(line.now_ms());
            return told::opened(api, told);
        }
        (None, _) if said.status.is_success() => {
            Error::Nonsense(format!("{}: an answer of {} bytes that is no JSON", api.name, said.answer.len()))
        }
        (None, _) if status == 429 => {
            Error::Denied { status, why: format!("{}: too many calls", api.name), wait_s: said.wait_s }
        }
        (None, _) => Error::Unknown { loss: Loss::Status(status), why: format!("{}: status {status}", api.name) },
    };
    Err(match error {
        Error::Denied { status: 429, why, wait_s } => {
            let wait_s = account.pause.begin(line.now_ms(), wait_s);
            tracing::warn!(?account, api = api.name, wait_s, "the app calls too often; nothing is sent for a while");
            Error::Denied { status: 429, why, wait_s: Some(wait_s) }
        }
        other => other,
    })
}
