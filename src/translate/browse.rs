//! Counts, pools, properties of categories, rankings and trends as ours.

use crate::model::browse::{Keyword, Pool, Trend, TrendDay};
use crate::model::category::{CategoryAttribute, CategoryDetail};
use crate::model::ids::{CategoryId, OfferId, PoolId};
use crate::model::offer::OfferSummary;
use crate::model::search::{AttributeCount, Facets};
use crate::model::supplier::Badge;
use crate::translate::{Nonsense, categories, goods, words};
use crate::upstream::wholesale::wire::browse as wire;

/// Counts of all matches; badges that we do not know are passed over.
pub fn facets(wire: wire::Facets) -> Result<Facets, Nonsense> {
    let price = |one: wire::PriceCount| {
        Ok((words::yuan(&one.from)?, one.to.as_deref().map(words::yuan).transpose()?, one.count))
    };
    Ok(Facets {
        categories: wire.categories.iter().map(|one| (CategoryId::new(one.category_id), one.count)).collect(),
        prices: wire
            .prices
            .into_iter()
            .map(price)
            .collect::<Result<_, _>>()
            .map_err(|nonsense: Nonsense| nonsense.inside("facets"))?,
        ships_within: wire.send_within.iter().map(|one| (one.hours, one.count)).collect(),
        badges: wire.badges.iter().filter_map(|one| Some((one.badge.parse::<Badge>().ok()?, one.count))).collect(),
        one_piece: wire.one_piece,
        factory: wire.factory,
        free_return: wire.free_return,
        new_7d: wire.new7,
        new_30d: wire.new30,
        attributes: wire.attributes.into_iter().map(counted).collect(),
    })
}

fn counted(wire: wire::AttributeCount) -> AttributeCount {
    let value = |one: wire::ValueCount| (words::text(one.value, one.value_trans), one.count);
    AttributeCount {
        id: wire.attr_id,
        name: words::text(wire.name, wire.name_trans),
        values: wire.values.into_iter().map(value).collect(),
    }
}

/// Goods of a list, in its order.
pub fn offers(list: wire::GoodsList) -> Result<Vec<OfferSummary>, Nonsense> {
    list.items.into_iter().map(goods::summary).collect()
}

/// A category with what stands below it.
pub fn category(wire: wire::CategoryDetail) -> Result<CategoryDetail, Nonsense> {
    let attribute = |one: wire::CategoryAttribute| {
        Ok(CategoryAttribute {
            id: one.attr_id,
            of_variants: words::flag(one.sku_spec.as_deref())?,
            name: words::text(one.name, one.name_trans),
            values: one.values.into_iter().map(|value| words::text(value.value, value.value_trans)).collect(),
        })
    };
    Ok(CategoryDetail {
        category: categories::category(wire.category),
        children: wire.children.into_iter().map(categories::category).collect(),
        attributes: wire.attributes.into_iter().map(attribute).collect::<Result<_, Nonsense>>()?,
    })
}

/// All pools.
pub fn pools(wire: wire::Pools) -> Vec<Pool> {
    let pool = |one: wire::Pool| Pool {
        id: PoolId::new(one.pool_id),
        name: words::text(one.name, one.name_trans),
        offers: one.goods_count,
    };
    wire.items.into_iter().map(pool).collect()
}

/// What is bought now.
pub fn keywords(wire: wire::Keywords) -> Vec<Keyword> {
    let keyword = |one: wire::Keyword| Keyword {
        words: words::text(one.keyword, one.keyword_trans),
        category: CategoryId::new(one.category_id),
        offers: one.goods_count,
        sold_30d: one.month_sold,
        sold_7d: one.week_sold,
        rise_percent: one.rise_percent,
    };
    wire.items.into_iter().map(keyword).collect()
}

/// How an offer sold.
pub fn trend(wire: wire::GoodsTrend) -> Result<Trend, Nonsense> {
    let id = wire.goods_id;
    read_trend(wire).map_err(|nonsense| nonsense.inside(format_args!("trend of goods {id}")))
}

fn read_trend(wire: wire::GoodsTrend) -> Result<Trend, Nonsense> {
    let day = |day: wire::Day| {
        let date = day.date.parse().map_err(|_| Nonsense::new(format!("`{}` is no day", day.date)))?;
        Ok(TrendDay { date, sold: day.sold, price: words::yuan(&day.price)? })
    };
    let days = wire.days.into_iter().map(day).collect::<Result<Vec<_>, Nonsense>>()?;
    if !days.is_sorted_by(|one, next| one.date < next.date) {
        return Err(Nonsense::new("days are out of order"));
    }
    Ok(Trend {
        offer: OfferId::new(wire.goods_id),
        days,
        median_price: words::yuan(&wire.median_price)?,
        repurchase_rate: wire.repurchase_rate.as_deref().map(words::percent).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{category, facets, trend};
    use serde_json::json;

    #[test]
    fn counts_are_read_and_unknown_badges_passed_over() {
        let told = json!({"categories": [{"categoryId": 1001, "count": 3}], "sendWithin": [{"hours": 24, "count": 2}],
            "prices": [{"from": "0.00", "to": "5.00", "count": 1}, {"from": "500.00", "to": null, "count": 2}],
            "badges": [{"badge": "shiny", "count": 1}, {"badge": "super_factory", "count": 2}], "onePiece": 1});
        let read = facets(serde_json::from_value(told).unwrap()).unwrap();
        assert_eq!((read.badges.len(), read.one_piece, read.factory), (1, 1, 0));
        assert_eq!((read.prices[0].1.unwrap().minor, read.prices[1].1), (500, None));
        let wrong = json!({"prices": [{"from": "cheap", "to": null, "count": 1}]});
        assert!(facets(serde_json::from_value(wrong).unwrap()).is_err());
    }

    #[test]
    fn a_trend_whose_days_go_back_is_nonsense() {
        let told = |days: [&str; 2]| {
            let day = |date: &str| json!({"date": date, "sold": 1, "price": "1.00"});
            let told = json!({"goodsId": 7, "medianPrice": "1.00", "days": [day(days[0]), day(days[1])]});
            trend(serde_json::from_value(told).unwrap())
        };
        assert_eq!(told(["2026-11-21", "2026-11-22"]).unwrap().days[1].sold, 1);
        assert!(told(["2026-11-22", "2026-11-21"]).is_err() && told(["yesterday", "today"]).is_err());
    }

    #[test]
    fn a_category_has_its_properties_in_both_languages() {
        let told = json!({"categoryId": 1001, "parentId": 10, "name": "女装", "nameTrans": "Women", "goodsCount": 4,
            "attributes": [{"attrId": 1, "name": "材质", "nameTrans": "material", "skuSpec": "N",
                            "values": [{"value": "棉", "valueTrans": "cotton"}, {"value": "麻"}]}]});
        let read = category(serde_json::from_value(told).unwrap()).unwrap();
        let attribute = &read.attributes[0];
        assert_eq!((attribute.values[0].shown.as_str(), attribute.values[1].shown.as_str()), ("cotton", "麻"));
        assert!(!attribute.of_variants && read.children.is_empty());
    }
}
