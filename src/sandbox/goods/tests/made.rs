//! What is true of goods and sellers made from the files.

use std::collections::{HashMap, HashSet};

use crate::sandbox::goods::{CrossBorder, FreightTemplate, Goods, Lang, Shop};

const SEED: u64 = 20_261_101;

fn shop() -> Shop {
    Shop::open(SEED, 1_000_000)
}

/// A goods as text, so that two can be compared whole.
fn portrait(goods: &Goods) -> String {
    let subjects: Vec<String> = Lang::ALL.iter().map(|lang| goods.description(*lang)).collect();
    format!(
        "{} {} {} {:?} {:?} {:?} {} {} {} {}",
        goods.id,
        goods.seller_id,
        goods.product_type.key,
        goods.attributes,
        goods.skus,
        goods.tiers,
        goods.weight_g,
        goods.monthly_sold,
        goods.listed_at,
        subjects.join("\n")
    )
}

#[test]
fn the_same_seed_gives_the_same_goods_whatever_the_count() {
    let (small, large) = (Shop::open(SEED, 500), shop());
    for index in 0..500 {
        assert_eq!(portrait(&small.goods(index)), portrait(&large.goods(index)));
    }
}

#[test]
fn another_seed_gives_other_goods() {
    let (one, other) = (Shop::open(1, 200), Shop::open(2, 200));
    let same = (0..200).filter(|index| portrait(&one.goods(*index)) == portrait(&other.goods(*index)));
    assert_eq!(same.count(), 0);
}

#[test]
fn every_id_leads_back_to_its_goods() {
    let shop = shop();
    let mut ids = HashSet::new();
    for index in (0..1500).chain([999_998, 999_999]) {
        let goods = shop.goods(index);
        assert!((600_000_000_000..700_000_000_000).contains(&goods.id));
        assert!(ids.insert(goods.id));
        assert_eq!(shop.index_of(goods.id), Some(index));
        for sku in &goods.skus {
            assert_eq!(shop.sku_owner(sku.id), Some(index));
        }
        assert_eq!(shop.sku_owner(goods.skus[0].id + goods.skus.len() as i64), None);
    }
}

#[test]
fn an_id_that_was_never_given_leads_nowhere() {
    let shop = Shop::open(SEED, 100);
    let beyond = shop.goods(100).id;
    assert_eq!(shop.index_of(beyond), None);
    for id in [0, -1, 1, i64::MAX, i64::MIN, 600_000_000_000 - 1] {
        assert_eq!((shop.index_of(id), shop.sku_owner(id)), (None, None));
        assert!(shop.seller(id).is_none() && shop.goods_of(id).is_empty());
    }
}

#[test]
fn prices_fall_with_the_quantity_from_the_minimum_order_on() {
    let shop = shop();
    for index in 0..2500 {
        let goods = shop.goods(index);
        assert!((2..=4).contains(&goods.tiers.len()), "{}", goods.product_type.key);
        assert_eq!(goods.tiers[0].from, goods.min_order);
        assert!(
            goods.tiers.windows(2).all(|pair| pair[0].from < pair[1].from && pair[0].price_fen > pair[1].price_fen)
        );
        assert!(goods.tiers.iter().all(|tier| tier.price_fen > 0));
        if let Some(batch) = goods.batch {
            assert!(batch > 1 && goods.tiers.iter().all(|tier| tier.from % batch == 0));
        }
    }
}

#[test]
fn variants_differ_and_cost_no_less_than_the_tier() {
    let shop = shop();
    for index in 0..1500 {
        let goods = shop.goods(index);
        assert!((1..=24).contains(&goods.skus.len()), "{}", goods.product_type.key);
        let specs: HashSet<String> = goods.skus.iter().map(|sku| format!("{:?}", sku.spec)).collect();
        assert_eq!(specs.len(), goods.skus.len(), "{}", goods.product_type.key);
        assert!(goods.skus.iter().all(|sku| sku.price_offset_fen >= 0));
    }
}

#[test]
fn every_goods_is_described_well() {
    let shop = shop();
    for index in 0..2500 {
        let goods = shop.goods(index);
        assert!((5..=9).contains(&goods.attributes.len()), "{}: {}", goods.product_type.key, goods.attributes.len());
        let ids: HashSet<i64> = goods.attributes.iter().map(|attribute| attribute.id).collect();
        assert_eq!(ids.len(), goods.attributes.len());
        assert!((39..=50).contains(&goods.rating_tenths));
        assert!([24, 48, 72, 168].contains(&goods.ships_within_h));
        assert!(goods.listed_at <= goods.changed_at && goods.changed_at < 1_793_491_200);
        assert!(goods.total_sold >= goods.monthly_sold);
        assert!(!goods.one_piece || goods.min_order == 1);
        assert!(goods.weight_g > 0 && goods.size_mm.iter().all(|side| *side > 0));
    }
}

#[test]
fn every_subject_says_what_the_product_is() {
    let shop = shop();
    for index in 0..1500 {
        let goods = shop.goods(index);
        for lang in Lang::ALL {
            let subject = goods.subject(lang);
            let name = goods.product_type.name.get(lang);
            assert!(subject.to_lowercase().contains(&name.to_lowercase()), "{subject} lacks {name}");
            assert!(!subject.contains(['{', '}', '[', ']']) && !subject.contains("  "), "{subject}");
            assert_eq!(subject.trim(), subject);
            let description = goods.description(lang);
            assert!(description.starts_with(&subject) && !description.contains(['{', '}', '[', ']']), "{description}");
        }
        assert!(goods.subject(Lang::Zh).chars().count() >= 6, "{}", goods.subject(Lang::Zh));
    }
}

#[test]
fn most_subjects_are_unlike_each_other() {
    let shop = shop();
    for lang in [Lang::Zh, Lang::En, Lang::Ja] {
        let subjects: HashSet<String> = (0..3000).map(|index| shop.goods(index).subject(lang)).collect();
        assert!(subjects.len() > 2700, "{} different in {}", subjects.len(), lang.tag());
    }
}

#[test]
fn a_seller_owns_his_goods_and_knows_his_belt() {
    let shop = Shop::open(SEED, 5000);
    let mut owned = 0;
    for seller_id in shop.seller_ids() {
        let seller = shop.seller(seller_id).unwrap();
        assert_eq!(seller.id, seller_id);
        let goods = shop.goods_of(seller_id);
        owned += goods.len();
        assert!(!goods.is_empty());
        for index in goods {
            let goods = shop.goods(index);
            assert_eq!(goods.seller_id, seller_id);
            assert!(goods.product_type.facts.belts.iter().any(|belt| belt.key == seller.belt.key));
        }
    }
    assert_eq!(owned, 5000);
    assert_eq!(shop.seller_ids().count(), 200);
}

#[test]
fn sellers_are_named_in_every_language() {
    let shop = Shop::open(SEED, 5000);
    for seller_id in shop.seller_ids() {
        let seller = shop.seller(seller_id).unwrap();
        for lang in Lang::ALL {
            let name = seller.name.get(lang);
            assert!(!name.is_empty() && !name.contains(['{', '}', '[', ']']), "{name}");
        }
        assert_eq!(shop.seller(seller_id).unwrap().name, seller.name);
        assert!((1..=100).contains(&seller.on_time_pct) && seller.staff > 0 && seller.area_m2 > 0);
        if let FreightTemplate::ByWeight { first_g, step_g, .. } = seller.freight {
            assert!(first_g > 0 && step_g > 0);
        }
    }
}

#[test]
fn a_large_shop_sells_every_kind_of_product_and_holds_back_a_few() {
    let shop = shop();
    let mut kinds: HashMap<&str, u32> = HashMap::new();
    let (mut held, mut restricted) = (0, 0);
    for index in 0..20_000 {
        let goods = shop.goods(index);
        *kinds.entry(goods.product_type.key).or_default() += 1;
        match goods.cross_border {
            CrossBorder::Open => {}
            CrossBorder::HeldPatent => held += 1,
            CrossBorder::Restricted(countries) => {
                restricted += 1;
                assert!(countries.iter().all(|country| country.len() == 2));
            }
        }
    }
    assert_eq!(kinds.len(), Shop::product_types().len());
    assert!((200..800).contains(&held) && (300..1000).contains(&restricted), "{held} {restricted}");
}

#[test]
fn few_goods_sell_most() {
    let shop = shop();
    let mut sold: Vec<u64> = (0..5000).map(|index| u64::from(shop.goods(index).monthly_sold)).collect();
    sold.sort_unstable_by(|a, b| b.cmp(a));
    let (top, all): (u64, u64) = (sold[..500].iter().sum(), sold.iter().sum());
    assert!(top * 2 > all, "a tenth sells {top} of {all}");
}

#[test]
fn languages_are_found_by_their_tags() {
    for lang in Lang::ALL {
        assert_eq!(Lang::parse(lang.tag()), Some(lang));
    }
    assert_eq!(Lang::parse("de"), None);
}
