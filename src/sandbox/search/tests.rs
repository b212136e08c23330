//! The search against the authored queries: what buyers type in twelve languages, and which type of goods must be among
//! the first ten.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::{Asking, Page, Search, Wanted};
use crate::sandbox::goods::Shop;
use crate::sandbox::shelf::Entry;

const QUERIES: &str = include_str!("../../../tests/documents/queries.tsv");
const NOW: i64 = 1_795_403_328;

struct Market {
    shop: Shop,
    search: Search,
}

static MARKET: LazyLock<Market> = LazyLock::new(|| {
    let shop = Shop::open(7, 12_000).as_of(NOW);
    let search = Search::open(&shop, 7, None, &|_| {}).unwrap();
    Market { shop, search }
});

fn asking(page_token: Option<&str>, size: usize) -> Asking<'_> {
    Asking { page_token, size, changed: Arc::default(), entry: Entry::default(), counts: false, now_s: NOW }
}

fn found(keyword: &str) -> Page {
    let wanted = Wanted { keyword: keyword.to_owned(), ..Wanted::default() };
    MARKET.search.page(&MARKET.shop, &wanted, &asking(None, 10)).unwrap()
}

#[test]
fn of_two_hundred_queries_ninety_five_in_a_hundred_find_their_type_among_the_first_ten() {
    let (mut all, mut missed, mut by_language) = (0, Vec::new(), BTreeMap::<&str, (usize, usize)>::new());
    for row in QUERIES.lines().skip(1) {
        let [query, language, types] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        for kind in types.split('|') {
            assert!(Shop::product_types().iter().any(|one| one.key == kind), "there is no type {kind}");
        }
        let page = found(query);
        let kinds: Vec<_> = page.goods.iter().map(|index| MARKET.shop.goods(*index).product_type.key).collect();
        let hit = kinds.iter().any(|kind| types.split('|').any(|wanted| wanted == *kind));
        all += 1;
        let counts = by_language.entry(language).or_default();
        counts.0 += usize::from(hit);
        counts.1 += 1;
        if !hit {
            missed.push(format!("{language} {query:?} wants {types}, found {kinds:?}"));
        }
    }
    assert!(all >= 200 && by_language.len() == 12, "{all} queries in {} languages", by_language.len());
    println!("{} of {all} found; by language {by_language:?}", all - missed.len());
    assert!(missed.len() * 20 <= all, "{} of {all} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn a_goods_is_never_related_to_itself_and_its_own_type_comes_first() {
    for index in (0..MARKET.shop.len()).step_by(1_000) {
        let goods = MARKET.shop.goods(index);
        let related = MARKET.search.related(&MARKET.shop, &goods, &Wanted::default(), &asking(None, 5)).unwrap();
        assert!(!related.contains(&index), "{}", goods.id);
        let kinds: Vec<_> = related.iter().map(|one| MARKET.shop.goods(*one).product_type.key).collect();
        assert_eq!(kinds.first(), Some(&goods.product_type.key), "{kinds:?}");
    }
}

#[test]
fn a_word_of_one_character_finds_whatever_is_one_with_or_without_its_ending() {
    use crate::sandbox::goods::Lang;

    for (keyword, head) in [("杯子", "杯"), ("杯", "杯"), ("帽子", "帽"), ("袜子", "袜"), ("컵", "컵"), ("箱", "箱")]
    {
        let page = found(keyword);
        assert_eq!((page.goods.len(), page.corrected), (10, None), "{keyword}");
        let is_one = |index: &&u32| {
            let kind = MARKET.shop.goods(**index).product_type;
            Lang::ALL.iter().any(|lang| kind.name.get(*lang).contains(head))
        };
        let are_one = page.goods.iter().filter(is_one).count();
        assert!(are_one >= 9, "{keyword}: {are_one}");
    }
}
