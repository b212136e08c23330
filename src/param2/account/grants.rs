//! `system.oauth2:subaccount.auth.*`: grants of sub-accounts that the main account makes and takes back for the app that
//! asks. Tokens of ours are kept as digests: the list does not show them again.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::auth::App;
use crate::edge::problem::Problem;
use crate::error::Code;
use crate::model::member;
use crate::param2::account::buyers::number;
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::gate::Gate;
use crate::param2::trade::named;

/// The most accounts of one request.
const MOST: usize = 50;

/// `alibaba.ocean.auth.dto.AuthRelationDTO`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Relation {
    admin_owner_id: String,
    admin_user_id: i64,
    client_id: String,
    member_id: String,
    owner_id: String,
    sub_owner_id: String,
    sub_user_id: i64,
    user_id: i64,
    sub_auth: bool,
    site: &'static str,
    status: &'static str,
}

/// Answers `subaccount.auth.add`: a token for each account, in a map by its login.
pub async fn add(asked: Asked) -> Told {
    let (gate, accounts) = (asked.room::<Gate>()?, accounts(&asked)?);
    if asked.is_branch() {
        return Err(Refusal::own("auth_error", "only the main account grants for others"));
    }
    let app = app(&asked, &gate)?;
    let open = kept(&asked, &gate).await?;
    if let Some(strange) = accounts.iter().find(|account| !open.contains(account)) {
        return Err(Refusal::own("param_error", format!("{strange} is no sub-account of this partner")));
    }
    let mut tokens = Map::new();
    for account in accounts {
        let granted = gate.apps.grant(&app, &account).await.map_err(|_| Problem::new(Code::LedgerUnavailable))?;
        tokens.insert(account, Value::String(granted.access_token));
    }
    asked.answer(&json!({"result": {"success": true, "returnValue": tokens}}))
}

/// Answers `subaccount.auth.cancel`.
pub async fn cancel(asked: Asked) -> Told {
    let (gate, accounts) = (asked.room::<Gate>()?, accounts(&asked)?);
    if asked.is_branch() && accounts.iter().any(|account| *account != asked.account) {
        return Err(Refusal::own("auth_error", "a sub-account takes back its own grant only"));
    }
    let app = app(&asked, &gate)?;
    for account in accounts {
        gate.apps.withdraw(&app, &account).await.map_err(|_| Problem::new(Code::LedgerUnavailable))?;
    }
    asked.answer(&json!({"result": {"success": true, "returnValue": true}}))
}

/// Answers `subaccount.auth.list`: those of the named accounts that the app has tokens for.
pub async fn list(asked: Asked) -> Told {
    let (gate, accounts) = (asked.room::<Gate>()?, accounts(&asked)?);
    let app = app(&asked, &gate)?;
    let held = gate.apps.held(&app).await.map_err(|_| Problem::new(Code::LedgerUnavailable))?;
    let main = asked.caller.partner.id.to_string();
    let mine = |account: &&String| held.contains(account) && (!asked.is_branch() || **account == asked.account);
    let relation = |account: &String| Relation {
        admin_owner_id: main.clone(),
        admin_user_id: number(&main),
        client_id: app.key.to_string(),
        member_id: member::id_of(account),
        owner_id: account.clone(),
        sub_owner_id: account.clone(),
        sub_user_id: number(account),
        user_id: number(account),
        sub_auth: *account != main,
        site: "1688",
        status: "enabled",
    };
    let relations: Vec<_> = accounts.iter().filter(mine).map(relation).collect();
    asked.answer(&json!({"result": {"success": true, "returnValue": relations}}))
}

fn app(asked: &Asked, gate: &Gate) -> Result<std::sync::Arc<App>, Refusal> {
    gate.apps.find(&asked.caller.key_id).ok_or_else(|| Problem::new(Code::Internal).into())
}

fn accounts(asked: &Asked) -> Result<Vec<String>, Refusal> {
    let accounts = named::texts(asked, "subUserIdentityList");
    if accounts.is_empty() || accounts.len() > MOST {
        return Err(Refusal::invalid("subUserIdentityList", format!("1 to {MOST} accounts")));
    }
    Ok(accounts)
}

/// Sub-accounts of the partner.
async fn kept(asked: &Asked, gate: &Gate) -> Result<Vec<String>, Refusal> {
    let all = gate.apps.accounts(&asked.caller).await.map_err(|_| Problem::new(Code::LedgerUnavailable))?;
    Ok(all.into_iter().filter(|account| *account != asked.caller.partner.id.as_str()).collect())
}
