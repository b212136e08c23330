//! `product.distribute.getDistributeInfo`: what there is to say of an offer when it is put into a shop, in Chinese, English
//! and Russian; taken from its title and attributes.

use serde::Serialize;

use crate::catalog::Catalog;
use crate::model::ids::OfferId;
use crate::model::offer::{Attribute, Offer, Text};
use crate::param2::asked::{Asked, Told};

/// Attributes that make keywords.
const MOST_WORDS: usize = 6;

#[derive(Debug, Default, Serialize)]
struct Tongues {
    zh: Vec<String>,
    en: Vec<String>,
    ru: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Points {
    detail_text: Vec<String>,
    #[serde(rename = "detailSellerPointVO")]
    detail_seller_point_vo: Tongues,
    keywords: Tongues,
    short_title: Tongues,
}

fn original(text: &Text) -> &str {
    &text.original
}

fn shown(text: &Text) -> &str {
    &text.shown
}

fn words(offer: &Offer, of: fn(&Text) -> &str) -> Vec<String> {
    offer.attributes.iter().take(MOST_WORDS).map(|attribute| of(&attribute.value).to_owned()).collect()
}

fn sentences(offer: &Offer, of: fn(&Text) -> &str) -> Vec<String> {
    let sentence = |one: &Attribute| format!("{}: {}", of(&one.name), of(&one.value));
    offer.attributes.iter().map(sentence).collect()
}

/// What is told of an offer, each text as it is picked.
type Telling = fn(&Offer, fn(&Text) -> &str) -> Vec<String>;

/// Answers.
pub async fn distribute_info(asked: Asked) -> Told {
    let id = OfferId::new(asked.need_long("offerId")?);
    let catalog = asked.room::<Catalog>()?;
    let english = catalog.ask(&asked.audience("language", Some("en"))?, &id).await?.found;
    let russian = catalog.ask(&asked.audience("language", Some("ru"))?, &id).await?.found;
    let all = |of: Telling| Tongues { zh: of(&english, original), en: of(&english, shown), ru: of(&russian, shown) };
    asked.answer(&Points {
        detail_text: english.description.iter().map(|text| text.shown.clone()).collect(),
        detail_seller_point_vo: all(sentences),
        keywords: all(words),
        short_title: all(|offer, of| vec![of(&offer.summary.title).to_owned()]),
    })
}
