//! The listings that are asked for most: of all nodes where they share a Redis, else of this node.

use serde::Serialize;
use utoipa::ToSchema;

use crate::cache::{Cache, Field, Key, Kind};
use crate::upstream;

/// So many are shown.
pub const SHOWN: usize = 20;
/// World, price tier and path stand before a key's names and values.
const HEAD: usize = 3;

/// What is asked for most, hottest first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Hottest {
    /// Whether all nodes were counted together, or this one alone because there is no Redis, or it does not answer.
    pub all_nodes: bool,
    /// The listings.
    pub listings: Vec<HotListing>,
}

/// A document of the catalogue that is asked for often.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HotListing {
    /// Its kind: `offer`, `search` and so on.
    pub kind: &'static str,
    /// The world it is of: `live` or `sandbox`.
    pub world: String,
    /// The price tier of the partners who asked.
    pub price_tier: String,
    /// What the catalogue is asked for it: path, then names with values.
    pub call: String,
    /// Hits lately, estimated from a sample; half as many count after five minutes.
    pub hits: u64,
    /// Its part of the hits of all that is listed here.
    pub share: f64,
}

/// Reads it.
pub async fn hottest(cache: &Cache<upstream::Error>) -> Hottest {
    match cache.listed(SHOWN).await {
        Some(listed) => of(true, listed.into_iter().map(|(key, hits)| (key, hits.round() as u64))),
        None => of(false, cache.hot(SHOWN).into_iter().map(|hot| (hot.key, hot.hits))),
    }
}

fn of(all_nodes: bool, counted: impl Iterator<Item = (Key, u64)>) -> Hottest {
    let mut listings: Vec<_> = counted.filter_map(|(key, hits)| listing(&key, hits)).collect();
    let all: u64 = listings.iter().map(|listing| listing.hits).sum();
    for listing in &mut listings {
        listing.share = listing.hits as f64 / all.max(1) as f64;
    }
    Hottest { all_nodes, listings }
}

fn listing(key: &Key, hits: u64) -> Option<HotListing> {
    let texts = key.fields()?.into_iter().map(|field| match field {
        Field::Text(text) => text,
        Field::Number(number) => number.to_string(),
        Field::Nothing => "-".to_owned(),
    });
    let mut texts: Vec<_> = texts.collect();
    let query = texts.split_off(texts.len().min(HEAD));
    let query: Vec<_> = query.chunks(2).map(|pair| pair.join("=")).collect();
    let mut head = texts.into_iter();
    let (world, price_tier, path) = (head.next()?, head.next()?, head.next()?);
    let call = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    Some(HotListing { kind: key.kind().map(Kind::name)?, world, price_tier, call, hits, share: 0.0 })
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::cache::{Key, Kind};

    #[test]
    fn a_listing_tells_what_the_catalogue_is_asked() {
        let offer = |number: &str| {
            Key::of(Kind::Offer).text("live").text("standard").text(number).text("lang").text("ja").finish()
        };
        let told = of(true, [(offer("/goods/7"), 30), (offer("/goods/8"), 10)].into_iter());
        let first = &told.listings[0];
        assert_eq!((first.kind, first.world.as_str(), first.price_tier.as_str()), ("offer", "live", "standard"));
        assert_eq!((first.call.as_str(), first.hits, first.share), ("/goods/7?lang=ja", 30, 0.75));
        assert_eq!(told.listings[1].share, 0.25);
        assert!(of(false, std::iter::empty()).listings.is_empty());
    }
}
