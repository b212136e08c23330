//! What a document of the catalogue is about, and what a change of the catalogue moves. A document carries the tag of
//! everything it shows; a page of offers cannot know which offers will belong on it (`arrivals`), so it is also
//! short-lived.

use bytes::Bytes;
use serde::Deserialize;

use crate::cache::{Kind, Moved, Subject, Tag};
use crate::model::partner::Mode;
use crate::upstream::Call;
use crate::upstream::wholesale::wire::changes::Change;

/// The kinds of changes that are followed, in the catalogue's words.
pub(crate) const KINDS: &str = "goods,seller,category";
/// The list of all categories, which moves with each of them.
const ALL_CATEGORIES: i64 = 0;
/// Which offers there are at all: every page of offers is about it. It moves when offers are let in that no page can
/// have shown; told as a category, because no category has this number.
const ASSORTMENT: i64 = -1;

/// What a page of offers, or one offer, says of itself.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    goods_id: Option<i64>,
    seller_id: Option<i64>,
    category_id: Option<i64>,
    items: Vec<Said>,
    groups: Vec<Said>,
    lines: Vec<Said>,
}

/// The tags of a document, or of the word that there is none.
pub(super) fn tags(kind: Kind, mode: Mode, call: &Call, document: Option<&Bytes>) -> Vec<Tag> {
    let of = |subject, id| Moved::of(mode, subject, id).tag();
    let asked = asked(&call.path);
    match kind {
        Kind::Picture => asked.map(|id| of(Subject::Picture, id)).into_iter().collect(),
        Kind::Supplier => asked.map(|id| of(Subject::Supplier, id)).into_iter().collect(),
        Kind::Categories => vec![of(Subject::Category, ALL_CATEGORIES)],
        Kind::Category => asked.map(|id| of(Subject::Category, id)).into_iter().collect(),
        Kind::Pools | Kind::Keywords | Kind::Warehouses => Vec::new(),
        Kind::Freight => {
            let said = document.and_then(|document| serde_json::from_slice::<Said>(document).ok()).unwrap_or_default();
            let of_group = |group: &Said| {
                let offers = group.lines.iter().filter_map(|line| line.goods_id).map(|id| of(Subject::Offer, id));
                offers.chain(group.seller_id.map(|id| of(Subject::Supplier, id))).collect::<Vec<_>>()
            };
            said.groups.iter().flat_map(of_group).collect()
        }
        Kind::Offer | Kind::Search | Kind::Related | Kind::PoolPage | Kind::Ranking | Kind::Trend => {
            let said = document.and_then(|document| serde_json::from_slice::<Said>(document).ok()).unwrap_or_default();
            let shown = said.items.iter().chain([&said]).flat_map(|one| {
                let offer = one.goods_id.map(|id| of(Subject::Offer, id));
                offer.into_iter().chain(one.seller_id.map(|id| of(Subject::Supplier, id)))
            });
            let number = |name: &str| asked_for(call, name)?.parse::<i64>().ok();
            let category = said.category_id.or_else(|| number("categoryId")).map(|id| of(Subject::Category, id));
            let supplier = number("sellerId").map(|id| of(Subject::Supplier, id));
            let lists = [("categoryId", Subject::InCategory), ("sellerId", Subject::OfSupplier)];
            let lists = lists.into_iter().filter_map(|(name, subject)| Some(of(subject, number(name)?)));
            let lists = lists.filter(|_| kind == Kind::Search);
            let offer = asked
                .filter(|_| matches!(kind, Kind::Offer | Kind::Related | Kind::Trend))
                .map(|id| of(Subject::Offer, id));
            let is_page = !matches!(kind, Kind::Offer | Kind::Trend);
            let assortment = is_page.then(|| of(Subject::Category, ASSORTMENT));
            shown.chain(category).chain(supplier).chain(lists).chain(offer).chain(assortment).collect()
        }
    }
}

/// What a call asks for under this name, in its query or written behind its path.
pub(super) fn asked_for(call: &Call, name: &str) -> Option<String> {
    let given = call.query.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    let query = call.path.split_once('?').map_or("", |(_, query)| query);
    let written = || url::form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name);
    given.or_else(|| Some(written()?.1.into_owned()))
}

/// The number in `/goods/7`, `/goods/7/picture.png` or `/sellers/7?lang=ja`.
fn asked(path: &str) -> Option<i64> {
    path.split(['/', '?']).nth(2)?.parse().ok()
}

/// What a change moves.
pub(crate) fn moved(mode: Mode, change: &Change) -> Vec<Moved> {
    let of = |subject| Moved::of(mode, subject, change.id);
    let assortment = Moved::of(mode, Subject::Category, ASSORTMENT);
    match (change.kind.as_str(), change.change.as_str()) {
        // A person let it in: it is to be found at once, not when pages are old. What merely comes and goes all day
        // is found when they are.
        ("goods", "online") if change.cause.is_some() => vec![of(Subject::Offer), of(Subject::Picture), assortment],
        ("goods", "restricted") => vec![of(Subject::Offer), assortment],
        ("goods", "price" | "stock") => vec![of(Subject::Offer)],
        // It came, went, or changed in a way that is not known here: its picture may have, too.
        ("goods", _) => vec![of(Subject::Offer), of(Subject::Picture)],
        ("seller", _) => vec![of(Subject::Supplier)],
        ("category", _) => vec![of(Subject::Category), Moved::of(mode, Subject::Category, ALL_CATEGORIES)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{moved, tags};
    use crate::cache::{Kind, Moved, Subject, Tag};
    use crate::model::ids::{OfferId, SupplierId};
    use crate::model::language::Language;
    use crate::model::partner::Mode;
    use crate::upstream::Call;
    use crate::upstream::wholesale::calls;
    use bytes::Bytes;
    use serde_json::{Value, json};
    use std::collections::HashSet;

    fn tag(subject: Subject, id: i64) -> Tag {
        Moved::of(Mode::Live, subject, id).tag()
    }

    fn of(kind: Kind, call: &Call, document: Option<Value>) -> HashSet<Tag> {
        let document = document.map(|document| Bytes::from(document.to_string()));
        tags(kind, Mode::Live, call, document.as_ref()).into_iter().collect()
    }

    #[test]
    fn a_page_is_about_everything_it_shows_and_was_narrowed_to() {
        let call = Call::get("goods.search", "/goods/search").with("categoryId", 5).with("sellerId", 9);
        let item = |id: i64, seller: i64| json!({"goodsId": id, "sellerId": seller, "categoryId": 77, "subject": "x"});
        let page = json!({"total": 2, "items": [item(1, 8), item(2, 8)]});
        let wanted = [
            tag(Subject::Offer, 1),
            tag(Subject::Offer, 2),
            tag(Subject::Supplier, 8),
            tag(Subject::Supplier, 9),
            tag(Subject::Category, 5),
            tag(Subject::Category, super::ASSORTMENT),
            tag(Subject::InCategory, 5),
            tag(Subject::OfSupplier, 9),
        ];
        assert_eq!(of(Kind::Search, &call, Some(page.clone())), wanted.into());
        let written = Call::get("goods.search", "/goods/search?categoryId=5&sellerId=9");
        assert_eq!(of(Kind::Search, &written, Some(page)), wanted.into(), "asked in one piece");
    }

    #[test]
    fn an_offer_is_about_itself_its_supplier_and_category_and_its_absence_about_itself() {
        let call = calls::goods(OfferId::new(7), Language::Japanese);
        let offer = json!({"goodsId": 7, "sellerId": 8, "categoryId": 5, "skus": []});
        let wanted = [tag(Subject::Offer, 7), tag(Subject::Supplier, 8), tag(Subject::Category, 5)];
        assert_eq!(of(Kind::Offer, &call, Some(offer)), wanted.into());
        assert_eq!(of(Kind::Offer, &call, None), [tag(Subject::Offer, 7)].into());
        let seller = calls::seller(SupplierId::new(8), Language::Japanese);
        assert_eq!(of(Kind::Supplier, &seller, None), [tag(Subject::Supplier, 8)].into());
        let picture = calls::picture(OfferId::new(7), 240);
        assert_eq!(of(Kind::Picture, &picture, None), [tag(Subject::Picture, 7)].into());
    }

    #[test]
    fn freight_is_about_the_offers_and_suppliers_it_was_reckoned_of() {
        let call = Call::get("trade.freight", "/trade/freight").with("lines", "1:2");
        let lines = json!([{"skuId": 1, "goodsId": 7}, {"skuId": 2, "goodsId": 9}]);
        let told = json!({"regionCode": "330782", "groups": [{"sellerId": 8, "lines": lines}], "problems": []});
        let wanted = [tag(Subject::Offer, 7), tag(Subject::Offer, 9), tag(Subject::Supplier, 8)];
        assert_eq!(of(Kind::Freight, &call, Some(told)), wanted.into());
    }

    #[test]
    fn what_a_change_moves_is_what_documents_are_about() {
        let change = |kind: &str, what: &str| {
            let change = json!({"seq": 1, "kind": kind, "id": 7, "change": what, "version": 2});
            moved(Mode::Live, &serde_json::from_value(change).unwrap())
                .into_iter()
                .map(Moved::tag)
                .collect::<HashSet<_>>()
        };
        assert_eq!(change("goods", "price"), [tag(Subject::Offer, 7)].into());
        assert_eq!(change("goods", "offline"), [tag(Subject::Offer, 7), tag(Subject::Picture, 7)].into());
        assert_eq!(change("goods", "online"), change("goods", "offline"), "it comes and goes");
        let cleared = json!({"seq": 1, "kind": "goods", "id": 7, "change": "online", "version": 2, "cause": "cleared"});
        let cleared = moved(Mode::Live, &serde_json::from_value(cleared).unwrap());
        assert!(cleared.iter().any(|moved| moved.tag() == tag(Subject::Category, super::ASSORTMENT)));
        assert_eq!(change("seller", "renamed"), [tag(Subject::Supplier, 7)].into());
        let categories = of(Kind::Categories, &calls::categories(Language::Japanese), None);
        assert!(change("category", "renamed").is_superset(&categories));
        assert!(change("order", "status").is_empty());
    }
}
