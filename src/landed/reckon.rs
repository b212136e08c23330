//! What goods cost at the border of another country: pure arithmetic over tables, in CNY, with a sentence for each part.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::landed::tables::{Customs, Line, Origin};
use crate::model::money::Money;

/// What is to be reckoned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// Each line's goods, and its chapter of the Harmonized System where that was said.
    pub lines: Vec<(Money, Option<u8>)>,
    /// The road to the warehouse.
    pub domestic_freight: Money,
    /// Grams of everything.
    pub weight_g: i64,
    /// Cubic centimetres of everything.
    pub volume_cm3: i64,
    /// Who said what the goods and the road cost, and when.
    pub origin: Origin,
}

/// What a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The goods.
    Goods,
    /// The road to the warehouse.
    DomesticFreight,
    /// From there to the country.
    InternationalFreight,
    /// Taken at the border by kind of goods.
    Duty,
    /// Taken at the border of everything.
    Tax,
}

impl Part {
    /// `goods`, `domestic_freight`, `international_freight`, `duty` or `tax`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Goods => "goods",
            Self::DomesticFreight => "domestic_freight",
            Self::InternationalFreight => "international_freight",
            Self::Duty => "duty",
            Self::Tax => "tax",
        }
    }
}

/// A part of what it costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Which.
    pub part: Part,
    /// How much, CNY.
    pub amount: Money,
    /// How that was reckoned, for people.
    pub basis: String,
    /// Who says so, and of which day.
    pub origin: Origin,
}

/// What it costs by one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The line.
    pub line: Line,
    /// Grams that are paid for.
    pub chargeable_g: i64,
    /// Grams that the space counts as; none where it does not count.
    pub volumetric_g: Option<i64>,
    /// The parts, in the order in which they come up.
    pub components: Vec<Component>,
    /// Their sum, CNY.
    pub total: Money,
}

/// The limits of a country up to which nothing is taken, in CNY; none where there is none, or no rate for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    pub duty: Option<Money>,
    pub tax: Option<Money>,
}

/// What a shipment costs by a line; `None` when a figure does not fit.
pub(super) fn reckon(
    shipment: &Shipment,
    line: &Line,
    customs: &Customs,
    limits: Limits,
    origin: &Origin,
) -> Option<Estimate> {
    let goods = shipment.lines.iter().try_fold(Money::fen(0), |sum, (amount, _)| sum.plus(*amount))?;
    let volumetric_g = match line.volumetric_divisor {
        Some(divisor) => {
            Some(shipment.volume_cm3.checked_mul(1_000)?.checked_add(i64::from(divisor) - 1)? / i64::from(divisor))
        }
        None => None,
    };
    let step = i64::from(line.step_g);
    let heavier = shipment.weight_g.max(volumetric_g.unwrap_or(0));
    let chargeable_g = heavier.checked_add(step - 1)? / step * step;
    let by_weight =
        rounded(line.per_kg.decimal().checked_mul(Decimal::from(chargeable_g))?.checked_div(Decimal::ONE_THOUSAND)?)?;
    let abroad = if by_weight.minor < line.minimum.minor { line.minimum } else { by_weight };
    let freight = shipment.domestic_freight.plus(abroad)?;
    let value = goods.plus(freight)?;
    let (duty, duty_basis) = duty(shipment, customs, limits, goods, value)?;
    let (tax, tax_basis) = tax(customs, limits, goods, value.plus(duty)?)?;
    let told = |part, amount, basis: String, origin: &Origin| Component { part, amount, basis, origin: origin.clone() };
    let components = vec![
        told(Part::Goods, goods, "The goods at the supplier's price.".to_owned(), &shipment.origin),
        told(
            Part::DomesticFreight,
            shipment.domestic_freight,
            "The suppliers' freight to the warehouse.".to_owned(),
            &shipment.origin,
        ),
        told(Part::InternationalFreight, abroad, abroad_basis(shipment, line, chargeable_g, volumetric_g), origin),
        told(Part::Duty, duty, duty_basis, origin),
        told(Part::Tax, tax, tax_basis, origin),
    ];
    let total = components.iter().try_fold(Money::fen(0), |sum, component| sum.plus(component.amount))?;
    Some(Estimate { line: line.clone(), chargeable_g, volumetric_g, components, total })
}

fn abroad_basis(shipment: &Shipment, line: &Line, chargeable_g: i64, volumetric_g: Option<i64>) -> String {
    let space = match (volumetric_g, line.volumetric_divisor) {
        (Some(grams), Some(divisor)) => {
            format!(", {} cm³ that count as {} kg ({divisor} cm³ a kg)", shipment.volume_cm3, kilograms(grams))
        }
        _ => String::new(),
    };
    format!(
        "{} kg are paid for at {} CNY a kg, at least {} CNY: {} kg of weight{space}, rounded up to {} g.",
        kilograms(chargeable_g),
        line.per_kg.amount(),
        line.minimum.amount(),
        kilograms(shipment.weight_g),
        line.step_g,
    )
}

/// Each line's share of the value at the border, by what its goods cost, at the rate of its chapter.
fn duty(shipment: &Shipment, customs: &Customs, limits: Limits, goods: Money, value: Money) -> Option<(Money, String)> {
    if let Some(limit) = limits.duty.filter(|limit| goods.minor <= limit.minor) {
        return Some((Money::fen(0), free(customs.duty_free_up_to, limit)));
    }
    if goods.minor == 0 {
        return Some((Money::fen(0), "There are no goods.".to_owned()));
    }
    let rate = |chapter: Option<u8>| chapter.and_then(|chapter| customs.by_chapter.get(&chapter)).copied();
    let mut weighted = Decimal::ZERO;
    let mut rates: Vec<String> = Vec::new();
    for (amount, chapter) in &shipment.lines {
        let percent = rate(*chapter).unwrap_or(customs.duty);
        weighted = weighted.checked_add(amount.decimal().checked_mul(percent)?)?;
        let told = match (chapter, rate(*chapter)) {
            (Some(chapter), Some(percent)) => format!("{percent} % of chapter {chapter:02}"),
            (Some(chapter), None) => format!("{} % of chapter {chapter:02}, which is not in the table", customs.duty),
            (None, _) => format!("{} % where no hs_code was given", customs.duty),
        };
        if !rates.contains(&told) {
            rates.push(told);
        }
    }
    let share = value.decimal().checked_div(goods.decimal())?;
    let duty = rounded(weighted.checked_mul(share)?.checked_div(Decimal::ONE_HUNDRED)?)?;
    Some((duty, format!("Of goods and freight: {}.", rates.join("; "))))
}

fn tax(customs: &Customs, limits: Limits, goods: Money, taxed: Money) -> Option<(Money, String)> {
    if let Some(limit) = limits.tax.filter(|limit| goods.minor <= limit.minor) {
        return Some((Money::fen(0), free(customs.tax_free_up_to, limit)));
    }
    let tax = rounded(taxed.decimal().checked_mul(customs.tax)?.checked_div(Decimal::ONE_HUNDRED)?)?;
    Some((tax, format!("{}: {} % of goods, freight and duty.", sentence(&customs.tax_name), customs.tax)))
}

fn free(told: Option<Money>, limit: Money) -> String {
    let told = told.unwrap_or(limit);
    format!("Nothing is taken of goods up to {} {}.", told.amount(), told.currency.code())
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn kilograms(grams: i64) -> Decimal {
    Decimal::new(grams, 3).normalize()
}

fn rounded(yuan: Decimal) -> Option<Money> {
    let fen = yuan.checked_mul(Decimal::ONE_HUNDRED)?;
    fen.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64().map(Money::fen)
}

#[cfg(test)]
mod tests {
    use super::{Estimate, Limits, Part, Shipment, reckon};
    use crate::landed::tables::{self, Origin};
    use crate::model::money::Money;

    fn shipment(lines: &[(i64, Option<u8>)], weight_g: i64, volume_cm3: i64) -> Shipment {
        let lines = lines.iter().map(|(fen, chapter)| (Money::fen(*fen), *chapter)).collect();
        Shipment { lines, domestic_freight: Money::fen(800), weight_g, volume_cm3, origin: Origin::default() }
    }

    fn by(line: &str, shipment: &Shipment, limits: Limits) -> Estimate {
        let tables = tables::parse(tables::tests::EMBEDDED).unwrap();
        let line = tables.lines.iter().find(|one| one.id == line).unwrap();
        let customs = tables.customs.iter().find(|one| one.country == line.country).unwrap();
        reckon(shipment, line, customs, limits, &tables.origin).unwrap()
    }

    fn amount(estimate: &Estimate, part: Part) -> i64 {
        estimate.components.iter().find(|one| one.part == part).unwrap().amount.minor
    }

    #[test]
    fn weight_or_space_is_paid_for_whichever_is_more() {
        let none = Limits::default();
        let heavy = by("jp-air", &shipment(&[(100_000, None)], 2_300, 6_000), none);
        assert_eq!((heavy.chargeable_g, heavy.volumetric_g), (2_500, Some(1_000)));
        assert_eq!(amount(&heavy, Part::InternationalFreight), 9_000, "2.5 kg at 36 yuan");
        let bulky = by("jp-air", &shipment(&[(100_000, None)], 2_300, 18_001), none);
        assert_eq!((bulky.chargeable_g, bulky.volumetric_g), (3_500, Some(3_001)));
        let light = by("jp-air", &shipment(&[(100_000, None)], 1, 1), none);
        assert_eq!((light.chargeable_g, amount(&light, Part::InternationalFreight)), (500, 8_000), "the minimum");
    }

    #[test]
    fn duty_is_by_chapter_of_goods_and_freight_and_tax_of_all_of_it() {
        // 600 and 400 yuan of goods, 8 to the warehouse, 90 abroad: 1,098 at the border.
        let told = by("jp-air", &shipment(&[(60_000, Some(64)), (40_000, Some(73))], 2_300, 6_000), Limits::default());
        assert_eq!(amount(&told, Part::Duty), 13_176, "20 % of 6/10 of 1,098.00");
        assert_eq!(amount(&told, Part::Tax), 12_298, "10 % of 1,229.76");
        assert_eq!(told.total, Money::fen(100_000 + 800 + 9_000 + 13_176 + 12_298));
        let basis = &told.components.iter().find(|one| one.part == Part::Duty).unwrap().basis;
        assert!(basis.contains("20.0 % of chapter 64") && basis.contains("0 % of chapter 73"), "{basis}");
        let unknown = by("jp-air", &shipment(&[(60_000, None), (40_000, Some(12))], 2_300, 6_000), Limits::default());
        let basis = &unknown.components.iter().find(|one| one.part == Part::Duty).unwrap().basis;
        assert!(basis.contains("4.0 % where no hs_code") && basis.contains("chapter 12, which is not"), "{basis}");
    }

    #[test]
    fn up_to_the_limit_nothing_is_taken() {
        let limits = Limits { duty: Some(Money::fen(47_500)), tax: Some(Money::fen(47_500)) };
        let at = |fen| by("jp-air", &shipment(&[(fen, Some(64))], 2_300, 6_000), limits);
        let free = at(47_500);
        assert_eq!((amount(&free, Part::Duty), amount(&free, Part::Tax)), (0, 0));
        assert!(free.components[4].basis.contains("up to 10000 JPY"), "{:?}", free.components[4]);
        let above = at(47_501);
        assert!(amount(&above, Part::Duty) > 0 && amount(&above, Part::Tax) > 0);
        assert_eq!(amount(&by("jp-air", &shipment(&[], 0, 0), Limits::default()), Part::Duty), 0);
    }

    proptest::proptest! {
        #[test]
        fn the_parts_make_up_the_total_and_more_goods_never_cost_less(
            lines in proptest::collection::vec((1_i64..10_000_000, proptest::option::of(1_u8..97)), 1..50),
            weight_g in 0_i64..5_000_000, volume_cm3 in 0_i64..50_000_000,
            line in proptest::sample::select(vec!["jp-air", "us-sea", "de-rail", "vn-land"]),
        ) {
            let one = by(line, &shipment(&lines, weight_g, volume_cm3), Limits::default());
            let sum: i64 = one.components.iter().map(|component| component.amount.minor).sum();
            proptest::prop_assert_eq!(sum, one.total.minor);
            let more = by(line, &shipment(&lines, weight_g + 1_000, volume_cm3), Limits::default());
            proptest::prop_assert!(more.total.minor >= one.total.minor);
            proptest::prop_assert!(one.chargeable_g >= weight_g && one.components.len() == 5);
        }
    }

    #[test]
    fn what_does_not_fit_is_no_estimate() {
        let tables = tables::parse(tables::tests::EMBEDDED).unwrap();
        let huge = shipment(&[(i64::MAX - 1, None), (i64::MAX - 1, None)], i64::MAX, i64::MAX);
        assert_eq!(reckon(&huge, &tables.lines[0], &tables.customs[0], Limits::default(), &tables.origin), None);
    }
}
