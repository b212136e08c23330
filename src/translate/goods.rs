//! Goods documents as offers.

use crate::model::ids::{CategoryId, OfferId, SkuId, SupplierId};
use crate::model::money::Money;
use crate::model::offer::{Attribute, Offer, OfferSummary, PriceTier, Seller, Sku};
use crate::model::quote::MixedOrder;
use crate::translate::Nonsense;
use crate::translate::words;
use crate::upstream::wholesale::wire::goods as wire;

/// The word for goods that can be bought.
const PUBLISHED: &str = "published";

/// Goods in brief as an offer's summary.
pub fn summary(brief: wire::Brief) -> Result<OfferSummary, Nonsense> {
    let id = brief.goods_id;
    read_summary(brief).map_err(|nonsense| nonsense.inside(format_args!("goods {id}")))
}

/// Goods in full as an offer.
pub fn offer(detail: wire::Detail) -> Result<Offer, Nonsense> {
    let id = detail.brief.goods_id;
    read_offer(detail).map_err(|nonsense| nonsense.inside(format_args!("goods {id}")))
}

fn read_summary(brief: wire::Brief) -> Result<OfferSummary, Nonsense> {
    let price_from = words::yuan(&brief.price)?;
    // They are places of what the service itself shows.
    let own = brief.subject_trans.as_ref().filter(|trans| trans.by.is_none() && !trans.text.is_empty());
    let highlights = match (own, &brief.subject_trans) {
        (None, Some(_)) => Vec::new(),
        (own, _) => places(&brief.highlights, own.map_or(&brief.subject, |trans| &trans.text).chars().count())?,
    };
    if brief.goods_id <= 0 || brief.begin_amount == 0 || brief.subject.is_empty() {
        return Err(Nonsense::new("no id, no title, or a minimum order of nothing"));
    }
    Ok(OfferSummary {
        id: OfferId::new(brief.goods_id),
        title: words::text(brief.subject, brief.subject_trans),
        category: CategoryId::new(brief.category_id),
        supplier: Seller {
            id: SupplierId::new(brief.seller_id),
            name: words::text(brief.seller_name, brief.seller_name_trans),
            badges: words::badges(&brief.badges),
        },
        price_from,
        price_to: brief.price_max.as_deref().map_or(Ok(price_from), words::yuan)?,
        minimum_order: brief.begin_amount,
        unit: words::text(brief.unit, brief.unit_trans),
        sold_30d: brief.month_sold.unwrap_or(0),
        sold_7d: brief.week_sold,
        repurchase_rate: brief.repurchase_rate.as_deref().map(words::percent).transpose()?,
        rating: brief.score.as_deref().map(words::rating).transpose()?,
        ships_within_hours: brief.send_within_hours,
        one_piece: words::flag(brief.one_piece.as_deref())?,
        free_return: words::flag(brief.free_return.as_deref())?,
        factory: words::flag(brief.factory.as_deref())?,
        listed_at: words::beijing_if_any(brief.gmt_create.as_deref())?,
        updated_at: words::beijing(&brief.gmt_modified)?,
        highlights,
        likeness: brief.likeness.map(|likeness| likeness.min(1000)),
    })
}

fn read_offer(wire::Detail { brief, rest: detail }: wire::Detail) -> Result<Offer, Nonsense> {
    let price_tiers = tiers(&detail.price_ranges)?;
    let skus = detail.skus.into_iter().map(|sku| read_sku(sku, &price_tiers)).collect::<Result<_, _>>()?;
    Ok(Offer {
        on_sale: detail.status == PUBLISHED,
        description: words::text_if_any(detail.description, detail.description_trans),
        attributes: detail.attributes.into_iter().map(attribute).collect(),
        price_tiers,
        skus,
        order_multiple: detail.batch_amount.filter(|multiple| *multiple > 1),
        mixed_order: detail.mix_batch.map(mixed_order).transpose()?,
        weight_g: detail.weight_gram,
        size_mm: detail.size_mm,
        restricted_countries: detail.restricted_countries,
        summary: read_summary(brief)?,
    })
}

/// Places in a text of so many characters: in order, not empty, not beyond its end.
fn places(told: &[[usize; 2]], length: usize) -> Result<Vec<(usize, usize)>, Nonsense> {
    let mut before = 0;
    let place = |&[from, to]: &[usize; 2]| {
        let fits = before <= from && from < to && to <= length;
        before = to;
        if fits {
            Ok((from, to))
        } else {
            Err(Nonsense::new(format!("highlight {from} to {to} of {length} characters")))
        }
    };
    told.iter().map(place).collect()
}

fn tiers(ranges: &[wire::PriceRange]) -> Result<Vec<PriceTier>, Nonsense> {
    let ascending = ranges.is_sorted_by(|a, b| a.begin_amount < b.begin_amount);
    if ranges.is_empty() || !ascending {
        return Err(Nonsense::new("price ranges are missing or out of order"));
    }
    let tier = |range: &wire::PriceRange| {
        Ok(PriceTier { from_quantity: range.begin_amount, price: words::yuan(&range.price)? })
    };
    ranges.iter().map(tier).collect()
}

fn mixed_order(rule: wire::MixBatch) -> Result<MixedOrder, Nonsense> {
    let amount = rule.min_amount.as_deref().map(words::yuan).transpose()?;
    Ok(MixedOrder { pieces: rule.min_pieces, amount })
}

fn read_sku(sku: wire::Sku, tiers: &[PriceTier]) -> Result<Sku, Nonsense> {
    let offset = sku.price_offset.as_deref().map_or(Ok(0), words::yuan_difference)?;
    Ok(Sku {
        id: SkuId::new(sku.sku_id),
        attributes: sku.specs.into_iter().map(attribute).collect(),
        price_tiers: tiers.iter().map(|tier| shifted(tier, offset)).collect::<Result<_, _>>()?,
        stock: sku.stock,
    })
}

fn shifted(tier: &PriceTier, offset_fen: i64) -> Result<PriceTier, Nonsense> {
    let fen = tier.price.minor.checked_add(offset_fen).filter(|fen| *fen >= 0);
    let fen = fen.ok_or_else(|| Nonsense::new("a price offset leaves no price"))?;
    Ok(PriceTier { from_quantity: tier.from_quantity, price: Money::fen(fen) })
}

fn attribute(wire: wire::Attribute) -> Attribute {
    Attribute { name: words::text(wire.name, wire.name_trans), value: words::text(wire.value, wire.value_trans) }
}

#[cfg(test)]
mod tests {
    use super::{offer, summary};
    use crate::model::money::Money;
    use crate::upstream::wholesale::wire::goods::Detail;
    use serde_json::{Value, json};

    pub(crate) fn sample() -> Value {
        json!({
            "goodsId": 610947572360_i64, "subject": "陶瓷花盆 多肉盆", "subjectTrans": "陶器の植木鉢", "categoryId": 1001,
            "price": "3.20", "priceMax": "5.50", "beginAmount": 2, "unit": "个", "unitTrans": "個", "monthSold": 1200,
            "repurchaseRate": "32%", "score": "4.6", "picUrl": "/goods/610947572360/picture.png", "sellerId": 77,
            "sellerName": "义乌花盆厂", "sellerNameTrans": "Yiwu Pots", "badges": ["super_factory"],
            "sendWithinHours": 48, "onePiece": "Y", "gmtModified": "2026-11-23 11:08:48", "status": "published",
            "description": "好盆", "descriptionTrans": "良い鉢", "totalSold": 9, "freeReturn": "N", "factory": "Y",
            "attributes": [{"attrId": 1, "name": "材质", "nameTrans": "素材", "value": "陶瓷", "valueTrans": "陶器"}],
            "priceRanges": [{"beginAmount": 2, "price": "5.00"}, {"beginAmount": 100, "price": "3.20"}],
            "skus": [{"skuId": 1, "specs": [], "priceOffset": "0.50", "stock": 500},
                     {"skuId": 2, "specs": [], "priceOffset": "-0.20", "stock": 0}],
            "batchAmount": null, "mixBatch": {"minPieces": 30, "minAmount": "100.00"}, "weightGram": 250, "sizeMm": [100, 80, 60], "restrictedCountries": ["US"],
            "version": 17, "gmtCreate": "2026-01-01 00:00:00", "costPrice": "1.1097531", "sellerPhone": "13800013800"
        })
    }

    fn read(document: Value) -> Result<crate::model::offer::Offer, String> {
        let detail: Detail = serde_json::from_value(document).map_err(|e| e.to_string())?;
        offer(detail).map_err(|e| e.to_string())
    }

    #[test]
    fn goods_become_an_offer_in_our_words() {
        let offer = read(sample()).unwrap();
        assert_eq!(offer.summary.id.to_string(), "610947572360");
        assert_eq!(
            (offer.summary.title.shown.as_str(), offer.summary.title.original.as_str()),
            ("陶器の植木鉢", "陶瓷花盆 多肉盆")
        );
        assert_eq!(offer.summary.repurchase_rate.unwrap().to_string(), "0.32");
        assert_eq!(offer.summary.updated_at.to_string(), "2026-11-23T03:08:48Z");
        assert!(offer.summary.one_piece && offer.summary.factory && !offer.summary.free_return && offer.on_sale);
        assert_eq!(offer.summary.price_to, Money::fen(550));
        let mixed = offer.mixed_order.unwrap();
        assert_eq!((mixed.pieces, mixed.amount), (Some(30), Some(Money::fen(10_000))));
    }

    #[test]
    fn a_variants_prices_are_absolute() {
        let offer = read(sample()).unwrap();
        let fen: Vec<Vec<i64>> =
            offer.skus.iter().map(|sku| sku.price_tiers.iter().map(|tier| tier.price.minor).collect()).collect();
        assert_eq!(fen, [[550, 370], [480, 300]]);
    }

    #[test]
    fn internal_facts_are_not_even_read() {
        let told = format!("{:?}", read(sample()).unwrap());
        let wire = format!("{:?}", serde_json::from_value::<Detail>(sample()).unwrap());
        for secret in ["1.1097531", "13800013800"] {
            assert!(!told.contains(secret) && !wire.contains(secret), "{secret}");
        }
    }

    #[test]
    fn without_a_translation_the_chinese_is_shown() {
        let mut document = sample();
        document.as_object_mut().unwrap().remove("subjectTrans");
        assert_eq!(read(document).unwrap().summary.title.shown, "陶瓷花盆 多肉盆");
    }

    #[test]
    fn a_document_that_breaks_the_contract_is_nonsense_and_says_where() {
        for (field, value) in [
            ("price", json!("free")),
            ("price", json!(3.2)),
            ("gmtModified", json!("yesterday")),
            ("repurchaseRate", json!("often")),
            ("onePiece", json!("maybe")),
            ("priceRanges", json!([])),
            ("priceRanges", json!([{"beginAmount": 9, "price": "1.00"}, {"beginAmount": 2, "price": "2.00"}])),
            ("skus", json!([{"skuId": 1, "priceOffset": "-9.00", "stock": 1}])),
            ("beginAmount", json!(0)),
            ("goodsId", json!("610947572360")),
        ] {
            let mut document = sample();
            document[field] = value;
            let why = read(document).unwrap_err();
            assert!(!why.is_empty(), "{field}");
        }
        let mut document = sample();
        document["price"] = json!("free");
        assert_eq!(read(document).unwrap_err(), "goods 610947572360: `free` is no yuan price");
    }

    #[test]
    fn a_list_shows_the_same_summary() {
        let brief = serde_json::from_value(sample()).unwrap();
        assert_eq!(summary(brief).unwrap(), read(sample()).unwrap().summary);
    }
}
