//! Freight estimates as partners see them. Whatever the currency, parts make up their sums to the last digit.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::price::PriceView;
use crate::api::quotes::LineProblemView;
use crate::landed;
use crate::model::freight::{CountedBy, Freight, Load, SentLine, Terms};
use crate::model::money::{Exchange, Money};

/// What the road costs, and on to another country if that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FreightEstimate)]
pub struct EstimateView {
    /// Where to.
    pub to: PlaceView,
    /// One load a supplier.
    pub loads: Vec<LoadView>,
    /// All goods.
    pub goods: PriceView,
    /// All freight inside the country.
    pub freight: PriceView,
    /// Both.
    pub total: PriceView,
    /// What stands against ordering some of the lines so; lines that are not sold are in no load.
    pub problems: Vec<LineProblemView>,
    /// What it costs at the border of the destination, by each line there, the cheapest first. Estimates by the gateway's
    /// own tables: nothing of it is charged here.
    pub landed: Option<Vec<LandedView>>,
}

/// A place in the country.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FreightPlace)]
pub struct PlaceView {
    /// GB/T 2260.
    #[schema(example = "330782")]
    pub region_code: String,
    /// `province`, `city` or `district`.
    #[schema(example = "district")]
    pub level: &'static str,
    /// Its name with all it lies in. Not every district is known by name; then it is that of the city.
    #[schema(example = "浙江省金华市义乌市")]
    pub name: Option<String>,
    /// The warehouse, when it is sent to one.
    #[schema(example = "YW01")]
    pub warehouse: Option<String>,
    /// What stands in your address behind the place, and was not looked at; null when no address was given.
    #[schema(example = "后宅街道集运路18号")]
    pub address_rest: Option<String>,
}

/// What one supplier sends.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FreightLoad)]
pub struct LoadView {
    /// Id of the supplier.
    #[schema(example = "6017342880")]
    supplier_id: String,
    /// Its Chinese name.
    supplier_name: String,
    /// Where it is sent from, GB/T 2260.
    #[schema(example = "440300")]
    from_region_code: Option<String>,
    /// What is sent.
    lines: Vec<SentLineView>,
    /// The sum of the lines.
    goods: PriceView,
    /// What an order of these lines is charged for the road.
    freight: PriceView,
    /// Both.
    total: PriceView,
    /// Pieces of all lines.
    pieces: i64,
    /// Grams of all lines.
    weight_g: i64,
    /// Cubic centimetres of all lines.
    volume_cm3: i64,
    /// The supplier's terms for the place.
    terms: TermsView,
}

/// A line of a load.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FreightLine)]
pub struct SentLineView {
    /// The variant.
    #[schema(example = "610947572360001")]
    sku_id: String,
    /// Its offer.
    #[schema(example = "610947572360")]
    offer_id: String,
    /// How many pieces.
    quantity: u32,
    /// What one costs at the reached quantity.
    unit_price: PriceView,
    /// What all cost.
    amount: PriceView,
    /// Grams of one packed piece.
    weight_g: u32,
    /// Length, width and height of one packed piece in millimetres.
    size_mm: [u32; 3],
}

/// The first so many for one price, then each begun step for another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FreightTerms)]
pub struct TermsView {
    /// What is counted: `weight` (grams), `piece`, `volume` (cubic centimetres), or `free`.
    #[schema(example = "weight")]
    by: &'static str,
    /// How much the first price is for; null when it is free.
    #[schema(example = 1000)]
    first: Option<u32>,
    /// The first price.
    first_price: Option<PriceView>,
    /// How much a step is.
    #[schema(example = 1000)]
    step: Option<u32>,
    /// What each begun step costs.
    step_price: Option<PriceView>,
    /// Goods of this price travel free; null when none do.
    free_above: Option<PriceView>,
}

/// What it costs at the border by one line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LandedEstimate)]
pub struct LandedView {
    /// Always true: it was reckoned from tables, and nobody is held to it.
    #[schema(example = true)]
    estimate: bool,
    /// ISO 3166-1 code of the destination.
    #[schema(example = "JP")]
    country: String,
    /// Short name of the line.
    #[schema(example = "jp-air")]
    line: String,
    /// Its name for people.
    #[schema(example = "Air freight to Japan")]
    name: String,
    /// Days it takes at least.
    #[schema(example = 4)]
    days_min: u32,
    /// Days it takes at most.
    #[schema(example = 7)]
    days_max: u32,
    /// Grams that are paid for.
    #[schema(example = 2500)]
    chargeable_weight_g: i64,
    /// Grams that the space counts as; null where it does not count.
    #[schema(example = 1000)]
    volumetric_weight_g: Option<i64>,
    /// The parts in the order in which they come up: goods, domestic freight, international freight, duty, tax.
    components: Vec<ComponentView>,
    /// Their sum.
    total: PriceView,
}

/// A part of what it costs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LandedComponent)]
pub struct ComponentView {
    /// `goods`, `domestic_freight`, `international_freight`, `duty` or `tax`.
    #[schema(example = "duty")]
    kind: &'static str,
    /// How much.
    amount: PriceView,
    /// How it was reckoned.
    #[schema(example = "Of goods and freight: 2.3 % of chapter 69.")]
    basis: String,
    /// Who says so: `catalogue`, or the name of the gateway's table.
    #[schema(example = "catalogue")]
    source: String,
    /// Of which day that is.
    #[schema(example = "2026-11-20", format = Date)]
    date: String,
}

impl EstimateView {
    /// An estimate at a rate; `None` when a figure does not fit the currency.
    pub fn of(
        freight: &Freight,
        to: PlaceView,
        landed: Option<&[landed::Estimate]>,
        exchange: &Exchange,
    ) -> Option<Self> {
        let (goods, road) = freight.sums()?;
        let total = exchange.convert(goods.plus(road)?)?;
        let wholes: Vec<_> = freight.loads.iter().map(|load| load.goods.plus(load.freight)).collect::<Option<_>>()?;
        let shares = exchange.apportion(&wholes, total)?;
        let loads: Vec<_> = freight
            .loads
            .iter()
            .zip(shares)
            .map(|(load, share)| LoadView::of(load, share, exchange))
            .collect::<Option<Vec<_>>>()?;
        let sum = |of: fn(&(LoadView, Money, Money)) -> Money| {
            loads.iter().try_fold(Money::new(0, exchange.currency), |sum, load| sum.plus(of(load)))
        };
        let (shown_goods, shown_road) = (sum(|(_, goods, _)| *goods)?, sum(|(_, _, road)| *road)?);
        let landed = match landed {
            Some(all) => Some(all.iter().map(|one| LandedView::of(one, exchange)).collect::<Option<_>>()?),
            None => None,
        };
        Some(Self {
            to,
            loads: loads.into_iter().map(|(load, _, _)| load).collect(),
            goods: PriceView::at(shown_goods, goods, exchange),
            freight: PriceView::at(shown_road, road, exchange),
            total: PriceView::at(total, goods.plus(road)?, exchange),
            problems: freight.problems.iter().map(LineProblemView::from).collect(),
            landed,
        })
    }
}

impl LoadView {
    /// With its goods and freight in the currency.
    fn of(load: &Load, total: Money, exchange: &Exchange) -> Option<(Self, Money, Money)> {
        let halves = exchange.apportion(&[load.goods, load.freight], total)?;
        let [goods, freight] = halves.try_into().ok()?;
        let amounts: Vec<_> = load.lines.iter().map(|line| line.amount).collect();
        let each = exchange.apportion(&amounts, goods)?;
        let line = |(line, amount): (&SentLine, Money)| SentLineView::of(line, amount, exchange);
        let view = Self {
            supplier_id: load.supplier.to_string(),
            supplier_name: load.supplier_name.clone(),
            from_region_code: load.from.map(|from| from.to_string()),
            lines: load.lines.iter().zip(each).map(line).collect::<Option<_>>()?,
            goods: PriceView::at(goods, load.goods, exchange),
            freight: PriceView::at(freight, load.freight, exchange),
            total: PriceView::at(total, load.goods.plus(load.freight)?, exchange),
            pieces: load.pieces,
            weight_g: load.weight_g,
            volume_cm3: load.volume_cm3,
            terms: TermsView::of(&load.terms, exchange)?,
        };
        Some((view, goods, freight))
    }
}

impl SentLineView {
    fn of(line: &SentLine, amount: Money, exchange: &Exchange) -> Option<Self> {
        Some(Self {
            sku_id: line.sku.to_string(),
            offer_id: line.offer.to_string(),
            quantity: line.quantity.get(),
            unit_price: PriceView::of(line.unit_price, exchange)?,
            amount: PriceView::at(amount, line.amount, exchange),
            weight_g: line.weight_g,
            size_mm: line.size_mm,
        })
    }
}

impl TermsView {
    fn of(terms: &Terms, exchange: &Exchange) -> Option<Self> {
        let counts = terms.by != CountedBy::Free;
        let price = |money: Money| PriceView::of(money, exchange);
        let free_above = match terms.free_above {
            Some(least) => Some(price(least)?),
            None => None,
        };
        let (first_price, step_price) = (price(terms.first_price)?, price(terms.step_price)?);
        Some(Self {
            by: terms.by.name(),
            first: counts.then_some(terms.first),
            first_price: counts.then_some(first_price),
            step: counts.then_some(terms.step),
            step_price: counts.then_some(step_price),
            free_above,
        })
    }
}

impl LandedView {
    fn of(estimate: &landed::Estimate, exchange: &Exchange) -> Option<Self> {
        let total = exchange.convert(estimate.total)?;
        let amounts: Vec<_> = estimate.components.iter().map(|component| component.amount).collect();
        let shown = exchange.apportion(&amounts, total)?;
        let component = |(component, amount): (&landed::Component, Money)| ComponentView {
            kind: component.part.name(),
            amount: PriceView::at(amount, component.amount, exchange),
            basis: component.basis.clone(),
            source: component.origin.source.clone(),
            date: component.origin.date.to_string(),
        };
        Some(Self {
            estimate: true,
            country: estimate.line.country.to_string(),
            line: estimate.line.id.clone(),
            name: estimate.line.name.clone(),
            days_min: estimate.line.days.0,
            days_max: estimate.line.days.1,
            chargeable_weight_g: estimate.chargeable_g,
            volumetric_weight_g: estimate.volumetric_g,
            components: estimate.components.iter().zip(shown).map(component).collect(),
            total: PriceView::at(total, estimate.total, exchange),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{EstimateView, PlaceView};
    use crate::api::price::PriceView;
    use crate::model::freight::{CountedBy, Freight, Load, SentLine, Terms};
    use crate::model::ids::{OfferId, SkuId, SupplierId};
    use crate::model::money::{Exchange, Money};
    use crate::model::quote::Quantity;
    use rust_decimal::Decimal;

    fn load(fen: &[i64], freight: i64) -> Load {
        let line = |fen: &i64| SentLine {
            sku: SkuId::new(7),
            offer: OfferId::new(6),
            quantity: Quantity::new(1).unwrap(),
            unit_price: Money::fen(*fen),
            amount: Money::fen(*fen),
            weight_g: 1,
            size_mm: [1, 1, 1],
        };
        let terms = Terms {
            by: CountedBy::Weight,
            first: 1,
            first_price: Money::fen(1),
            step: 1,
            step_price: Money::fen(1),
            free_above: None,
        };
        Load {
            supplier: SupplierId::new(8),
            supplier_name: String::new(),
            from: None,
            lines: fen.iter().map(line).collect(),
            goods: Money::fen(fen.iter().sum()),
            freight: Money::fen(freight),
            pieces: 1,
            weight_g: 1,
            volume_cm3: 1,
            terms,
        }
    }

    fn amount(price: &PriceView) -> Decimal {
        price.amount.parse().unwrap()
    }

    proptest::proptest! {
        #[test]
        fn lines_make_up_loads_and_loads_the_total_in_every_currency(
            loads in proptest::collection::vec(
                (proptest::collection::vec(1_i64..1_000_000, 1..8), 0_i64..100_000), 1..6),
            mantissa in 1_i64..1_000_000,
            currency in proptest::sample::select(crate::model::money::tests::all()),
        ) {
            let per_cny = if currency.code() == "CNY" { Decimal::ONE } else { Decimal::new(mantissa, 4) };
            let exchange = Exchange::new(currency, per_cny, jiff::civil::date(2026, 11, 20), "test");
            let loads = loads.iter().map(|(lines, freight)| load(lines, *freight)).collect();
            let freight = Freight { to: "330782".parse().unwrap(), loads, problems: Vec::new() };
            let to = PlaceView {
                region_code: "330782".into(), level: "district", name: None, warehouse: None, address_rest: None,
            };
            let view = EstimateView::of(&freight, to, None, &exchange).unwrap();
            for load in &view.loads {
                let lines: Decimal = load.lines.iter().map(|line| amount(&line.amount)).sum();
                proptest::prop_assert_eq!(lines, amount(&load.goods));
                proptest::prop_assert_eq!(amount(&load.goods) + amount(&load.freight), amount(&load.total));
            }
            let goods: Decimal = view.loads.iter().map(|load| amount(&load.goods)).sum();
            proptest::prop_assert_eq!(goods, amount(&view.goods));
            proptest::prop_assert_eq!(amount(&view.goods) + amount(&view.freight), amount(&view.total));
        }
    }
}
