//! Following offers and following them no more, under the four names that the platform has for it; what follows hear of
//! are the messages of goods.

use bytes::Bytes;
use serde_json::json;

use crate::edge::problem::Problem;
use crate::error::Failure;
use crate::follows::{Error, Following};
use crate::model::ids::OfferId;
use crate::param2::asked::{Answer, Asked, Told};
use crate::param2::fault::Refusal;

/// Answers `product.kjdistribute.addRelation`.
pub async fn add_relation(asked: Asked) -> Told {
    let offer = named(&asked, "offerId")?;
    follow(&asked, offer).await??;
    asked.traced(None::<()>)
}

/// Answers `product.kjdistribute.removeRelation`.
pub async fn remove_relation(asked: Asked) -> Told {
    let offer = named(&asked, "offerId")?;
    unfollow(&asked, offer).await??;
    asked.traced(Some([offer.to_string()]))
}

/// Answers `alibaba.fenxiao.relationadd`.
pub async fn add_supply(asked: Asked) -> Told {
    let offer = named(&asked, "offerId")?;
    follow(&asked, offer).await??;
    asked.answer(&true)
}

/// Answers `alibaba.product.follow.crossborder`.
pub async fn follow_product(asked: Asked) -> Told {
    let outcome = follow(&asked, named(&asked, "productId")?).await?;
    coded(&asked, outcome)
}

/// Answers `alibaba.product.unfollow.crossborder`.
pub async fn unfollow_product(asked: Asked) -> Told {
    let outcome = unfollow(&asked, named(&asked, "productId")?).await?;
    coded(&asked, outcome)
}

fn named(asked: &Asked, parameter: &str) -> Result<OfferId, Refusal> {
    Ok(OfferId::new(asked.need_long(parameter)?))
}

/// What becomes of one offer stands inside what becomes of the question.
async fn follow(asked: &Asked, offer: OfferId) -> Result<Result<(), Error>, Refusal> {
    let mut outcomes = asked.room::<Following>()?.follow_offers(&asked.caller, &[offer]).await?;
    Ok(outcomes.pop().unwrap_or(Err(Error::Busy)).map(drop))
}

/// What was not followed is not followed afterwards: clients of the platform say it more than once.
async fn unfollow(asked: &Asked, offer: OfferId) -> Result<Result<(), Error>, Refusal> {
    match asked.room::<Following>()?.unfollow(&asked.caller, offer).await {
        Err(Error::NotFollowed(_)) => Ok(Ok(())),
        outcome => Ok(outcome),
    }
}

/// The code is a number here, 0 of a success; some clients take any words of a success for a failure.
fn coded(asked: &Asked, outcome: Result<(), Error>) -> Told {
    let Err(error) = outcome else { return asked.answer(&json!({"code": 0, "message": ""})) };
    let facts = error.code().facts();
    if facts.status >= 500 {
        return Err(error.into());
    }
    asked.visit.with(|visit| visit.code = Some(facts.name));
    let told = json!({"code": facts.status, "message": Problem::from(error).told()});
    Ok(Answer::Whole(Bytes::from(told.to_string())))
}
