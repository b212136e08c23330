//! Goods that are listed in a shop of the partner's (铺货). Putting them on that list is following them, as the newer face
//! has it; only what stands there is told by `cross.productInfo` and `cross.productList`.

use std::fmt::Display;

use serde::Serialize;
use serde_json::json;

use crate::catalog::Catalog;
use crate::edge::problem::Problem;
use crate::error::Failure;
use crate::follows::Following;
use crate::model::ids::OfferId;
use crate::model::offer::Offer;
use crate::param2::asked::{Asked, Told};
use crate::param2::discovery::product::{Listed, Product};
use crate::param2::fault::Refusal;
use crate::param2::trade::named;

/// As many as the platform takes at once.
const MOST: usize = 20;
const LIST: &str = "productIdList";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'a> {
    product_info: Product<'a>,
    biz_group_infos: [(); 0],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Several<'a> {
    product_list: Vec<Listed<'a>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
}

/// Answers `alibaba.cross.syncProductListPushed`: what can be followed is, and the rest is named.
pub async fn push(asked: Asked) -> Told {
    let offers = wanted(&asked)?;
    let outcomes = asked.room::<Following>()?.follow_offers(&asked.caller, &offers).await?;
    let mut refused = Vec::new();
    let mut code = None;
    for (offer, outcome) in offers.iter().zip(outcomes) {
        let Err(error) = outcome else { continue };
        let facts = error.code().facts();
        if facts.status >= 500 {
            return Err(error.into());
        }
        code = code.or(Some(facts.status));
        refused.push(format!("{offer}:{}", Problem::from(error).told()));
    }
    match code {
        Some(code) => Err(Refusal::own(&code.to_string(), refused.join(" "))),
        None => asked.answer(&json!({"result": {"success": true}})),
    }
}

/// Answers `alibaba.cross.productInfo`.
pub async fn info(asked: Asked) -> Told {
    let offer = OfferId::new(asked.need_long("productId")?);
    if asked.room::<Following>()?.followed_of(&asked.caller, &[offer]).await?.is_empty() {
        return Err(Refusal::own("404", missing(offer)));
    }
    whole(&asked, offer).await
}

/// Answers `alibaba.product.simple.get`, of any seller.
pub async fn simple(asked: Asked) -> Told {
    let offer = OfferId::new(asked.need_long("productID")?);
    whole(&asked, offer).await
}

async fn whole(asked: &Asked, offer: OfferId) -> Told {
    let (catalog, audience) = (asked.room::<Catalog>()?, asked.audience("language", Some("zh"))?);
    let found = catalog.ask(&audience, &offer).await?.found;
    let picture = catalog.picture_url(audience.mode, offer);
    asked.answer(&Whole { product_info: Product::of(&found, picture), biz_group_infos: [] })
}

/// Answers `alibaba.cross.productList`: what is missing on the list, or in the catalogue by now, is named beside the rest.
pub async fn list(asked: Asked) -> Told {
    let wanted = wanted(&asked)?;
    let followed = asked.room::<Following>()?.followed_of(&asked.caller, &wanted).await?;
    let (catalog, audience) = (asked.room::<Catalog>()?, asked.audience("language", Some("zh"))?);
    let known: Vec<OfferId> = wanted.iter().copied().filter(|offer| followed.contains(offer)).collect();
    let found = catalog.batch(&audience, &known).await?.found;
    let offers: Vec<Offer> = found.into_iter().flatten().collect();
    let is_there = |wanted: &&OfferId| offers.iter().any(|offer| offer.summary.id == **wanted);
    let gone: Vec<_> = wanted.iter().filter(|offer| !is_there(offer)).map(missing).collect();
    if offers.is_empty() {
        return Err(Refusal::own("404", gone.join(", ")));
    }
    let picture = |offer: &Offer| catalog.picture_url(audience.mode, offer.summary.id);
    let product_list = offers.iter().map(|offer| Listed::of(offer, picture(offer))).collect();
    asked.answer(&Several { product_list, message: gone.join(", ") })
}

/// In the platform's own words.
fn missing(offer: impl Display) -> String {
    format!("{offer}:商品不存在")
}

fn wanted(asked: &Asked) -> Result<Vec<OfferId>, Refusal> {
    let numbers = named::numbers(asked, LIST)?;
    if numbers.len() > MOST {
        return Err(Refusal::invalid(LIST, format!("at most {MOST} products")));
    }
    Ok(numbers.into_iter().map(OfferId::new).collect())
}
