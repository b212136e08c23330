//! Under what documents are kept, and how they are fetched again: a document's key is made of the call that brought it, and
//! gives that call back.

use url::form_urlencoded::Serializer;

use crate::cache::{Field, Key, KeyBuilder, Kind};
use crate::lookup::Audience;
use crate::lookup::browse::POOL_NOT_FOUND;
use crate::lookup::freight::REGION_NOT_SERVED;
use crate::lookup::question::{CATEGORY_NOT_FOUND, GOODS_NOT_FOUND, NEVER_ABSENT, PICTURE_NOT_FOUND, SELLER_NOT_FOUND};
use crate::model::partner::Mode;
use crate::upstream::Call;

/// The part of every key that says for whom something is kept.
pub(crate) fn told_to(key: KeyBuilder, audience: &Audience) -> KeyBuilder {
    key.text(audience.mode.name()).text(&audience.price_tier)
}

/// A document is kept under the call that brought it: whatever makes another call makes another key.
pub(crate) fn document_key(kind: Kind, audience: &Audience, call: &Call) -> Key {
    let key = told_to(Key::of(kind), audience).text(&call.path);
    call.query.iter().fold(key, |key, (name, value)| key.text(name).text(value)).finish()
}

/// How the documents of a kind are fetched: the call's name, and the service's word for "there is no such thing".
pub(super) const fn row(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Search => ("goods.search", PICTURE_NOT_FOUND),
        Kind::Offer => ("goods.get", GOODS_NOT_FOUND),
        Kind::Categories => ("categories", NEVER_ABSENT),
        Kind::Supplier => ("sellers.get", SELLER_NOT_FOUND),
        Kind::Picture => ("goods.picture", GOODS_NOT_FOUND),
        Kind::Warehouses => ("trade.warehouses", NEVER_ABSENT),
        Kind::Category => ("categories.get", CATEGORY_NOT_FOUND),
        Kind::Related => ("goods.related", GOODS_NOT_FOUND),
        Kind::Pools => ("pools", NEVER_ABSENT),
        Kind::PoolPage => ("pools.goods", POOL_NOT_FOUND),
        Kind::Ranking => ("rankings", CATEGORY_NOT_FOUND),
        Kind::Keywords => ("trends.keywords", CATEGORY_NOT_FOUND),
        Kind::Trend => ("goods.trends", GOODS_NOT_FOUND),
        Kind::Freight => ("trade.freight", REGION_NOT_SERVED),
    }
}

/// The call that a document's key was made of ([`document_key`]).
pub(super) fn call_of(kind: Kind, key: &Key) -> Option<(Mode, Call)> {
    let mut texts = Vec::new();
    for field in key.fields()? {
        match field {
            Field::Text(text) => texts.push(text),
            _ => return None,
        }
    }
    let [mode, _price_tier, path, query @ ..] = texts.as_slice() else { return None };
    let mut encoded = Serializer::new(String::new());
    for pair in query.chunks(2) {
        let [name, value] = pair else { return None };
        encoded.append_pair(name, value);
    }
    let encoded = encoded.finish();
    let whole = if encoded.is_empty() { path.clone() } else { format!("{path}?{encoded}") };
    let call = Call::get(row(kind).0, whole);
    // A picture's bytes are no document, and are not on the list.
    (kind != Kind::Picture).then_some((mode.parse().ok()?, call))
}

#[cfg(test)]
mod tests {
    use super::{call_of, document_key};
    use crate::cache::{Key, Kind};
    use crate::lookup::Audience;
    use crate::model::browse::{Keywords, PoolPage, RankedBy, Ranking, Related};
    use crate::model::ids::{CategoryId, OfferId, SupplierId};
    use crate::model::language::Language;
    use crate::model::page::PageSize;
    use crate::model::partner::Mode;
    use crate::upstream::Call;
    use crate::upstream::wholesale::calls;
    use url::Url;

    fn url(call: &Call) -> (String, Vec<(String, String)>) {
        let mut url = Url::parse(&format!("http://catalogue{}", call.path)).unwrap();
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query.iter().map(|(name, value)| (*name, value.as_str())));
        }
        (url.path().to_owned(), url.query_pairs().into_owned().collect())
    }

    #[test]
    fn a_documents_key_gives_the_call_it_was_made_of() {
        let audience = Audience { mode: Mode::Sandbox, ..Audience::anyone(Mode::Sandbox) };
        let search =
            calls::Search { keyword: Some("花 盆&x=1?#%"), lang: "ja", sort: "default", ..Default::default() };
        let size = PageSize::default();
        let ship_to = || Some("JP".parse().unwrap());
        let related = Related { offer: OfferId::new(7), ship_to: ship_to(), size };
        let pool = PoolPage { pool: "3".parse().unwrap(), ship_to: ship_to(), cursor: None, size };
        let ranking = Ranking { by: RankedBy::Rising, category: Some(CategoryId::new(5)), ship_to: ship_to(), size };
        let keywords = Keywords { rising: true, category: None, size };
        for (kind, call) in [
            (Kind::Search, calls::search(&calls::Search { category_id: Some(5), page_size: 20, ..search })),
            (Kind::Offer, calls::goods(OfferId::new(7), Language::Japanese)),
            (Kind::Supplier, calls::seller(SupplierId::new(8), Language::Korean)),
            (Kind::Categories, calls::categories(Language::English)),
            (Kind::Warehouses, calls::warehouses(Language::English)),
            (Kind::Category, calls::browse::category(CategoryId::new(5), Language::English)),
            (Kind::Related, calls::browse::related(&related, Language::English)),
            (Kind::Pools, calls::browse::pools(Language::English)),
            (Kind::PoolPage, calls::browse::pool_goods(&pool, None, Language::English)),
            (Kind::Ranking, calls::browse::ranking(&ranking, Language::English)),
            (Kind::Keywords, calls::browse::keywords(&keywords, Language::English)),
            (Kind::Trend, calls::browse::trend(OfferId::new(7))),
        ] {
            let (mode, again) = call_of(kind, &document_key(kind, &audience, &call)).unwrap();
            assert_eq!((mode, again.name, url(&again)), (Mode::Sandbox, call.name, url(&call)));
        }
    }

    #[test]
    fn a_key_of_something_else_gives_no_call() {
        for key in [
            Key::of(Kind::Offer).finish(),
            Key::of(Kind::Offer).text("live").text("standard").finish(),
            Key::of(Kind::Offer).text("moon").text("standard").text("/goods/7").finish(),
            Key::of(Kind::Offer).text("live").text("standard").text("/goods/7").text("lang").finish(),
            Key::of(Kind::Offer).text("live").text("standard").number(7).finish(),
        ] {
            assert!(call_of(Kind::Offer, &key).is_none(), "{key:?}");
        }
    }
}
