//! The account of a token, and those that buy for the same partner. The partner's own account is the main one; any other
//! that its apps have tokens for is a sub-account.

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use crate::edge::problem::Problem;
use crate::error::Code;
use crate::model::member;
use crate::param2::asked::{Answer, Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::gate::Gate;
use crate::param2::trade::change;

/// An account whose tokens count.
const STATUS: &str = "enabled";
const LOGIN_CHARS: usize = 64;

/// `alibaba.account.simpleAccountInfo`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    login_id: String,
    user_id: i64,
    member_id: String,
    company_name: String,
    enterprise_account: bool,
    person_account: bool,
    member_biz_type: &'static str,
    cross_border: bool,
    status: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Accounts {
    main_user_id: String,
    main_login_id: String,
    main_member_id: String,
    sub_account_list: Vec<SubAccount>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SubAccount {
    login_id: String,
    user_id: i64,
    member_id: String,
    status: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Buyer {
    user_id: i64,
    login_id: String,
    name: String,
}

/// The number of a buyer account, as this protocol counts members.
pub(super) fn number(account: &str) -> i64 {
    member::number_of(account).parse().unwrap_or_default()
}

/// Answers `alibaba.account.basic`.
pub async fn basic(asked: Asked) -> Told {
    asked.answer(&Account {
        login_id: asked.account.clone(),
        user_id: number(&asked.account),
        member_id: member::id_of(&asked.account),
        company_name: asked.caller.partner.name.clone(),
        enterprise_account: true,
        person_account: false,
        member_biz_type: "ENTERPRISE",
        cross_border: true,
        status: STATUS,
    })
}

/// All accounts that buy for the caller's partner now, the main one first.
async fn all(asked: &Asked) -> Result<(String, Vec<String>), Refusal> {
    let main = asked.caller.partner.id.to_string();
    let accounts = asked.room::<Gate>()?.apps.accounts(&asked.caller).await;
    let accounts = accounts.map_err(|_| Problem::new(Code::LedgerUnavailable))?;
    let others = accounts.into_iter().filter(|account| *account != main).collect();
    Ok((main, others))
}

/// Answers `alibaba.subAccount.list`: to a sub-account only the main one is told.
pub async fn list(asked: Asked) -> Told {
    let (main, others) = all(&asked).await?;
    let sub = |login_id: String| SubAccount {
        user_id: number(&login_id),
        member_id: member::id_of(&login_id),
        login_id,
        status: STATUS,
    };
    let is_main = asked.account == main;
    asked.answer(&Accounts {
        main_user_id: member::number_of(&main),
        main_member_id: member::id_of(&main),
        main_login_id: main,
        sub_account_list: others.into_iter().filter(|_| is_main).map(sub).collect(),
    })
}

/// Answers `querySubAccount`. Its success is called `isSuccess`, in the failure too.
pub async fn find(asked: Asked) -> Told {
    let login_id = change::line("loginId", asked.need("loginId")?, LOGIN_CHARS)?.to_owned();
    let (main, others) = all(&asked).await?;
    if login_id != main && !others.contains(&login_id) {
        asked.visit.with(|visit| visit.code = Some(Code::OrderRefused.facts().name));
        let why = format!("{login_id} is no account of this partner");
        let told = json!({"result": {"isSuccess": false, "resultCode": "404", "errorMsg": why}});
        return Ok(Answer::Whole(Bytes::from(told.to_string())));
    }
    let name = asked.caller.partner.name.clone();
    let data = Buyer { user_id: number(&login_id), login_id, name };
    asked.answer(&json!({"result": {"isSuccess": true, "data": data}}))
}
