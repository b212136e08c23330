//! Freight estimates as loads in our words.

use crate::model::freight::{CountedBy, Freight, Load, SentLine, Terms};
use crate::model::ids::{OfferId, SkuId, SupplierId};
use crate::model::money::Money;
use crate::model::quote::{Quantity, Wanted};
use crate::model::region::RegionCode;
use crate::translate::{Nonsense, trade};
use crate::upstream::wholesale::wire::freight as wire;

/// Their words for what is counted.
const COUNTED: &[(&str, CountedBy)] = &[
    ("WEIGHT", CountedBy::Weight),
    ("PIECE", CountedBy::Piece),
    ("VOLUME", CountedBy::Volume),
    ("FREE", CountedBy::Free),
];

/// An estimate for these lines; problems count lines as they do.
pub fn freight(estimate: wire::Estimate, wanted: &[Wanted]) -> Result<Freight, Nonsense> {
    let problems = trade::problems(&estimate.problems, wanted)?;
    let loads = estimate.groups.into_iter().map(load).collect::<Result<_, _>>()?;
    Ok(Freight { to: region(&estimate.region_code)?, loads, problems })
}

fn load(group: wire::Group) -> Result<Load, Nonsense> {
    let nonsense = |what: &str| Nonsense::new(format!("freight: {what} of seller {}", group.seller_id));
    let lines = group.lines.into_iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let sum = lines.iter().try_fold(Money::fen(0), |sum, line: &SentLine| sum.plus(line.amount));
    let total = group.goods_fen.checked_add(group.freight_fen);
    if sum != Some(Money::fen(group.goods_fen)) || total != Some(group.total_fen) || group.freight_fen < 0 {
        return Err(nonsense("the sums"));
    }
    if group.weight_gram < 0 || group.volume_cm3 < 0 || group.pieces < 0 {
        return Err(nonsense("weight, volume or pieces"));
    }
    let template = group.template;
    let known = COUNTED.iter().find(|(word, _)| *word == template.by);
    let (_, by) = *known.ok_or_else(|| Nonsense::new(format!("freight: counted by {}", template.by)))?;
    Ok(Load {
        supplier: SupplierId::new(group.seller_id),
        supplier_name: group.seller_name,
        from: group.from_region_code.as_deref().map(region).transpose()?,
        lines,
        goods: Money::fen(group.goods_fen),
        freight: Money::fen(group.freight_fen),
        pieces: group.pieces,
        weight_g: group.weight_gram,
        volume_cm3: group.volume_cm3,
        terms: Terms {
            by,
            first: template.first,
            first_price: Money::fen(template.first_fen),
            step: template.step,
            step_price: Money::fen(template.step_fen),
            free_above: template.free_above_fen.map(Money::fen),
        },
    })
}

fn line(line: wire::Line) -> Result<SentLine, Nonsense> {
    let priced = line.priced;
    Ok(SentLine {
        sku: SkuId::new(priced.sku_id),
        offer: OfferId::new(priced.goods_id),
        quantity: Quantity::new(priced.quantity.into()).ok_or_else(|| Nonsense::new("freight: quantity"))?,
        unit_price: Money::fen(priced.unit_price_fen),
        amount: Money::fen(priced.amount_fen),
        weight_g: priced.weight_gram.unwrap_or_default(),
        size_mm: line.size_mm,
    })
}

fn region(code: &str) -> Result<RegionCode, Nonsense> {
    code.parse().map_err(|_| Nonsense::new(format!("freight: `{code}` is no place")))
}

#[cfg(test)]
mod tests {
    use super::freight;
    use crate::model::freight::CountedBy;
    use crate::model::ids::SkuId;
    use crate::model::money::Money;
    use crate::model::quote::{Quantity, Wanted};

    const ESTIMATE: &str = r#"{"regionCode":"330782","groups":[{"sellerId":8,"sellerName":"厂","fromRegionCode":"440300",
        "lines":[{"skuId":7,"goodsId":6,"quantity":10,"unitPriceFen":320,"amountFen":3200,"weightGram":250,"stock":5,
        "goodsVersion":1,"subject":"盆","specText":"红","sizeMm":[100,80,60]}],"goodsFen":3200,"freightFen":800,
        "totalFen":4000,"pieces":10,"weightGram":2500,"volumeCm3":4800,"template":{"by":"WEIGHT","zone":"USUAL",
        "first":1000,"firstFen":500,"step":1000,"stepFen":150,"freeAboveFen":9900}}],
        "problems":[{"skuId":7,"code":"STOCK_NOT_ENOUGH","msg":"库存不足","stock":5}]}"#;

    #[test]
    fn an_estimate_is_read_with_its_terms_and_problems() {
        let wanted = [Wanted { sku: SkuId::new(7), quantity: Quantity::new(10).unwrap() }];
        let read = |text: &str| freight(serde_json::from_str(text).unwrap(), &wanted);
        let told = read(ESTIMATE).unwrap();
        let load = &told.loads[0];
        assert_eq!((load.freight, load.terms.by, load.weight_g), (Money::fen(800), CountedBy::Weight, 2_500));
        assert_eq!(told.sums(), Some((Money::fen(3_200), Money::fen(800))));
        assert_eq!((told.problems[0].line, told.problems[0].stock), (0, Some(5)));
        for (from, to) in [
            ("\"totalFen\":4000", "\"totalFen\":4001"),
            ("\"goodsFen\":3200", "\"goodsFen\":3100"),
            ("WEIGHT", "MOON"),
            ("330782", "somewhere"),
            ("\"weightGram\":2500", "\"weightGram\":-1"),
        ] {
            assert!(read(&ESTIMATE.replace(from, to)).is_err(), "{to}");
        }
    }
}
