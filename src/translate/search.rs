//! A search as the service's call, and its page of goods as ours.

use crate::model::language::Language;
use crate::model::money::Money;
use crate::model::offer::OfferSummary;
use crate::model::search::{Facets, Filters, Search, Sort};
use crate::translate::{Nonsense, browse, goods};
use crate::upstream::Call;
use crate::upstream::wholesale::{calls, wire};

/// The parts of a search that only the catalogue room knows: price bounds in CNY and the service's own page mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// At least this price, CNY.
    pub price_min: Option<Money>,
    /// At most this price, CNY.
    pub price_max: Option<Money>,
    /// The service's page token.
    pub page_token: Option<String>,
}

/// The call that a search makes.
pub fn call(search: &Search, bounds: &Bounds, language: Language) -> Call {
    let wanted = calls::Search {
        keyword: search.words.as_deref(),
        lang: language.tag(),
        category_id: search.category.map(|id| id.number()),
        price_min: bounds.price_min.map(Money::amount),
        price_max: bounds.price_max.map(Money::amount),
        max_begin_amount: search.minimum_order_max,
        seller_id: search.supplier.map(|id| id.number()),
        conditions: conditions(&search.filters),
        facets: search.facets,
        sort: sort_word(search.sort),
        page_token: bounds.page_token.as_deref(),
        page_size: search.size.get(),
    };
    match &search.alike {
        Some(alike) => calls::pictures::alike(alike, &wanted),
        None => calls::search(&wanted),
    }
}

fn conditions(filters: &Filters) -> Vec<(&'static str, String)> {
    let number = |name, value: Option<u32>| value.map(|value| (name, value.to_string()));
    let flag = |name, is: bool| is.then(|| (name, "Y".to_owned()));
    [
        number("minMonthSold", filters.sold_30d_min),
        number("minWeekSold", filters.sold_7d_min),
        number("sendWithinHours", filters.ships_within_h),
        number("listedWithinDays", filters.new_within_days),
        flag("onePiece", filters.one_piece),
        flag("factory", filters.factory),
        flag("freeReturn", filters.free_return),
        filters.badge.map(|badge| ("badge", badge.name().to_owned())),
        filters.ship_to.as_ref().map(|country| ("destCountry", country.to_string())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const fn sort_word(sort: Sort) -> &'static str {
    match sort {
        Sort::Relevance => "default",
        Sort::PriceAsc => "price_asc",
        Sort::PriceDesc => "price_desc",
        Sort::Sold => "sold_desc",
        Sort::Repurchase => "repurchase_desc",
        Sort::Newest => "newest",
    }
}

/// Our query parameter that one of the service's parameters came from.
pub fn parameter(theirs: &str) -> Option<&'static str> {
    Some(match theirs {
        "keyword" => "q",
        "picUrl" => "image_url",
        "pictureId" => "image_id",
        "region" => "region",
        "categoryId" => "category",
        "priceMin" => "price_min",
        "priceMax" => "price_max",
        "maxBeginAmount" => "minimum_order_max",
        "sellerId" => "supplier",
        "minMonthSold" => "sold_30d_min",
        "minWeekSold" => "sold_7d_min",
        "sendWithinHours" => "ships_within",
        "listedWithinDays" => "new_within_days",
        "onePiece" => "one_piece",
        "factory" => "factory",
        "freeReturn" => "free_return",
        "badge" => "badge",
        "destCountry" => "ship_to",
        "facets" => "facets",
        "by" => "by",
        "sort" => "sort",
        "pageToken" => "cursor",
        "pageSize" => "limit",
        "lang" => "language",
        _ => return None,
    })
}

/// Found offers, the service's mark of the next page, and how many there are in all.
#[derive(Clone, Debug)]
pub struct Found {
    /// The offers of this page.
    pub items: Vec<OfferSummary>,
    /// The service's page token.
    pub next_token: Option<String>,
    /// All matches.
    pub total: u64,
    /// The words as the service understood them, when not as they were written.
    pub corrected: Option<String>,
    /// All matches by what they are.
    pub facets: Option<Facets>,
}

/// The service's page of goods as ours.
pub fn found(page: wire::goods::SearchPage) -> Result<Found, Nonsense> {
    let items = page.items.into_iter().map(goods::summary).collect::<Result<_, _>>();
    let items = items.map_err(|nonsense: Nonsense| nonsense.inside("search"))?;
    Ok(Found {
        items,
        next_token: page.next_page_token.filter(|token| !token.is_empty()),
        total: page.total,
        corrected: page.corrected_keyword.filter(|words| !words.is_empty()),
        facets: page.facets.map(browse::facets).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Bounds, call, parameter};
    use crate::model::ids::CategoryId;
    use crate::model::language::Language;
    use crate::model::money::Money;
    use crate::model::search::{Filters, Search, Sort};

    #[test]
    fn a_search_is_asked_in_the_services_words() {
        let search = Search {
            words: Some("花 & pot".into()),
            category: Some(CategoryId::new(1001)),
            sort: Sort::Sold,
            minimum_order_max: Some(10),
            ..Search::default()
        };
        let bounds = Bounds { price_min: Some(Money::fen(316)), price_max: None, page_token: Some("t".into()) };
        let call = call(&search, &bounds, Language::Japanese);
        let wanted = [
            ("keyword", "花 & pot"),
            ("lang", "ja"),
            ("categoryId", "1001"),
            ("priceMin", "3.16"),
            ("maxBeginAmount", "10"),
            ("sort", "sold_desc"),
            ("pageToken", "t"),
            ("pageSize", "20"),
        ];
        let asked: Vec<_> = call.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(asked, wanted);
    }

    #[test]
    fn every_parameter_of_a_full_search_has_a_name_of_ours() {
        let search = Search {
            words: Some("x".into()),
            category: Some(CategoryId::new(1)),
            supplier: Some(crate::model::ids::SupplierId::new(1)),
            minimum_order_max: Some(1),
            filters: Filters {
                ships_within_h: Some(24),
                new_within_days: Some(7),
                sold_7d_min: Some(1),
                sold_30d_min: Some(1),
                one_piece: true,
                factory: true,
                free_return: true,
                badge: Some(crate::model::supplier::Badge::SuperFactory),
                ship_to: "JP".parse().ok(),
            },
            facets: true,
            ..Search::default()
        };
        let money = Some(Money::fen(1));
        let bounds = Bounds { price_min: money, price_max: money, page_token: Some("t".into()) };
        let call = call(&search, &bounds, Language::English);
        assert_eq!(call.query.len(), 20);
        assert!(call.query.iter().all(|(name, _)| parameter(name).is_some()));
    }
}
