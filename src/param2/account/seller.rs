//! `alibaba.account.agent.crossBasic`: a seller, by the login that orders name it by, or its member id.

use serde::Serialize;

use crate::catalog::Catalog;
use crate::model::ids::SupplierId;
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Seller {
    login_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    category_name: Option<String>,
    company_name: String,
    supplier_name: String,
    kua_jing_bao: bool,
}

/// Answers.
pub async fn cross_basic(asked: Asked) -> Told {
    let id = match (asked.text("loginId"), asked.text("domain")) {
        (Some(login), _) => named(login)?,
        // The catalogue does not tell where a seller's shop is.
        (None, Some(_)) => return Err(Refusal::own("404", "sellers are known by their loginId here")),
        (None, None) => return Err(Refusal::missing("loginId")),
    };
    let found = asked.room::<Catalog>()?.ask(&asked.audience("language", Some("zh"))?, &id).await?.found;
    asked.answer(&Seller {
        login_id: found.id.to_string(),
        category_name: found.belt.map(|belt| belt.original),
        company_name: found.name.original.clone(),
        supplier_name: found.name.original,
        kua_jing_bao: true,
    })
}

/// The seller of a login or a member id.
pub fn named(login: &str) -> Result<SupplierId, Refusal> {
    of_login(login).ok_or_else(|| Refusal::own("404", "no seller has this loginId"))
}

/// `b2b-7` or `7`, which is what offers name their sellers by.
fn of_login(login: &str) -> Option<SupplierId> {
    let login = login.trim();
    login.strip_prefix("b2b-").unwrap_or(login).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::of_login;
    use crate::model::ids::SupplierId;

    #[test]
    fn sellers_are_named_in_every_way_that_they_are_told() {
        let seven = Some(SupplierId::new(7));
        assert_eq!((of_login("7"), of_login(" b2b-7 ")), (seven, seven));
        for wrong in ["", "x", "b2b-", "7.1688.com", "b2b-b2b-7"] {
            assert_eq!(of_login(wrong), None, "{wrong}");
        }
    }
}
