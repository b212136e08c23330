//! Credit: the catalogue gives none, and that is what is told.

use serde::Serialize;

use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::trade::{named, pay};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Periods {
    account_period_list: Vec<()>,
    total_count: &'static str,
}

/// Answers `alibaba.accountPeriod.list.buyerView`.
pub async fn periods(asked: Asked) -> Told {
    asked.long("pageIndex")?;
    asked.answer(&Periods { account_period_list: Vec::new(), total_count: "0" })
}

/// Answers `alibaba.creditPay.url.get`.
pub async fn link(asked: Asked) -> Told {
    for number in pay::list(&asked, 30)? {
        named::numbered(&asked, number).await?;
    }
    Err(Refusal::own("400_4", "no order can be paid on credit: no seller of the catalogue gives any"))
}
