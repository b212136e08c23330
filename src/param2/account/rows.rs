//! The calls of this group.

use crate::auth::Class;
use crate::model::partner::Scope;
use crate::param2::account::{buyers, grants, seller};
use crate::param2::dispatch::{ACCOUNT, Kind, OAUTH, OPEN, Parameter, Row, may, must};
use crate::param2::form::{Form, Layout};
use crate::param2::trade::spare::BARE_MSG;

const OWN: &[Scope] = &[Scope::AccountRead];
const CATALOG: &[Scope] = &[Scope::CatalogRead];
/// `{"result": {"isSuccess", "data"}}`; the call writes both itself.
const IS_SUCCESS: Form = Form { layout: Layout::Inside, ..Form::NESTED.failing_as("resultCode", "errorMsg") };

/// `{"result": {"success", "returnValue"}}`; the call writes both itself.
const GRANTED: Form = Form { layout: Layout::Inside, ..Form::NESTED.failing_as("errorCode", "errorMessage") };
const ACCOUNTS: &[Parameter] = &[must("subUserIdentityList", Kind::Text)];

/// What a main account grants for its sub-accounts.
const fn grant(api: &'static str, class: Class) -> Row {
    Row {
        class,
        parameters: ACCOUNTS,
        form: GRANTED,
        room: "auth",
        proof: "tests/it/param2/authorise.rs::a_main_account_grants_for_its_sub_accounts_and_takes_it_back",
        ..Row::look(OAUTH, api, "get_me", OWN)
    }
}

/// Accounts.
pub const ROWS: &[Row] = &[
    Row::look(ACCOUNT, "alibaba.account.basic", "get_me", OWN)
        .shaped(Form::BESIDE)
        .by(|asked| Box::pin(buyers::basic(asked)))
        .told(
            "The account of the token.",
            "auth",
            "tests/it/param2/account.rs::an_account_is_told_with_those_beside_it",
        ),
    Row::look(ACCOUNT, "alibaba.subAccount.list", "get_me", OWN)
        .shaped(BARE_MSG)
        .by(|asked| Box::pin(buyers::list(asked)))
        .told(
            "The partner's own account, and those that its apps have tokens for.",
            "auth",
            "tests/it/param2/account.rs::an_account_is_told_with_those_beside_it",
        ),
    Row::look(OPEN, "querySubAccount", "get_me", OWN)
        .takes(&[must("loginId", Kind::Text)])
        .signed_only()
        .shaped(IS_SUCCESS)
        .by(|asked| Box::pin(buyers::find(asked)))
        .told("One of these.", "auth", "tests/it/param2/account.rs::an_account_is_told_with_those_beside_it"),
    Row::look(ACCOUNT, "alibaba.account.agent.crossBasic", "get_supplier", CATALOG)
        .takes(&[may("loginId", Kind::Text), may("domain", Kind::Text)])
        .shaped(Form::BESIDE)
        .by(|asked| Box::pin(seller::cross_basic(asked)))
        .told(
            "A seller, by the `sellerLoginId` of orders or its member id.",
            "catalog",
            "tests/it/param2/account.rs::a_seller_is_told_as_the_newer_face_tells_it",
        ),
    Row { does: "Tokens of the app for sub-accounts.", ..grant("subaccount.auth.add", Class::Write) }
        .by(|asked| Box::pin(grants::add(asked))),
    Row { does: "Takes them back.", ..grant("subaccount.auth.cancel", Class::Write) }
        .signed_only()
        .by(|asked| Box::pin(grants::cancel(asked))),
    Row { does: "The sub-accounts that the app has tokens for.", ..grant("subaccount.auth.list", Class::Read) }
        .by(|asked| Box::pin(grants::list(asked))),
];
