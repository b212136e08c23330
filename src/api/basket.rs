//! What quotes and orders show alike: lines with prices in the locked currency, and the rate they were made of.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::price::PriceView;
use crate::model::money::{Exchange, Money};
use crate::model::quote::{Basket, Line};

/// A line of a quote or order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BasketLine)]
pub struct LineView {
    /// The variant.
    #[schema(example = "610947572360001")]
    sku_id: String,
    /// The offer it belongs to.
    #[schema(example = "610947572360")]
    offer_id: String,
    /// The offer's Chinese title.
    title_original: String,
    /// The variant's attributes in Chinese.
    #[schema(example = "红色/L")]
    specification: String,
    /// How many pieces.
    quantity: u32,
    /// Price of one piece.
    unit_price: PriceView,
    /// The price tier that the quantity reached; null where the price is of no tier, as in a supplier's own quotation.
    price_tier: Option<TierView>,
    /// Price of all pieces. In a currency other than CNY it may differ from `unit_price` times `quantity` by what was
    /// rounded: the amounts of all lines together are `goods`, to the last digit.
    amount: PriceView,
    /// Weight of one piece in grams.
    weight_g: i64,
}

/// The price tier of an offer that a line reached.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReachedPriceTier)]
pub struct TierView {
    /// From so many pieces; the quantities of all variants of the offer in one quote or order count together.
    #[schema(example = 10)]
    from_quantity: u32,
    /// A piece of the variant costs this in the tier.
    price: PriceView,
}

impl LineView {
    fn of(line: &Line, amount: PriceView, exchange: &Exchange) -> Self {
        Self {
            sku_id: line.sku.to_string(),
            offer_id: line.offer.to_string(),
            title_original: line.title.clone(),
            specification: line.specification.clone(),
            quantity: line.quantity.get(),
            unit_price: shown(line.unit_price, exchange),
            price_tier: line
                .tier_from
                .map(|from_quantity| TierView { from_quantity, price: shown(line.unit_price, exchange) }),
            amount,
            weight_g: line.weight_g,
        }
    }
}

/// What a basket costs at the locked rate. Whatever the currency, its lines make up the goods, and goods and freight the
/// total, as they are shown: the total is the rounded one, and what rounding its parts would lose is shared out.
pub struct Figures {
    /// The lines.
    pub lines: Vec<LineView>,
    /// The sum of the lines.
    pub goods: PriceView,
    /// Domestic freight.
    pub freight: PriceView,
    /// Goods and freight.
    pub total: PriceView,
}

impl Figures {
    /// Of a basket at the rate that was locked with it; in CNY if it does not fit the currency.
    pub fn of(basket: &Basket, exchange: &Exchange) -> Self {
        let amounts: Vec<_> = basket.lines.iter().map(|line| line.amount).collect();
        let Some((total, goods, freight, each)) = shares(basket, &amounts, exchange) else {
            let lines = basket.lines.iter().map(|line| LineView::of(line, plain(line.amount), exchange)).collect();
            let [goods, freight, total] = [basket.goods, basket.freight, basket.total].map(plain);
            return Self { lines, goods, freight, total };
        };
        let at = |money, cny| PriceView::at(money, cny, exchange);
        let line = |(line, amount): (&Line, Money)| LineView::of(line, at(amount, line.amount), exchange);
        Self {
            lines: basket.lines.iter().zip(each).map(line).collect(),
            goods: at(goods, basket.goods),
            freight: at(freight, basket.freight),
            total: at(total, basket.total),
        }
    }
}

/// The total, goods, freight and each line in the currency.
fn shares(basket: &Basket, amounts: &[Money], exchange: &Exchange) -> Option<(Money, Money, Money, Vec<Money>)> {
    let total = exchange.convert(basket.total)?;
    let halves = exchange.apportion(&[basket.goods, basket.freight], total)?;
    let [goods, freight] = halves.try_into().ok()?;
    Some((total, goods, freight, exchange.apportion(amounts, goods)?))
}

/// A CNY amount at the locked rate; one that does not fit the currency is shown as it is.
pub fn shown(cny: Money, exchange: &Exchange) -> PriceView {
    PriceView::of(cny, exchange).unwrap_or_else(|| plain(cny))
}

fn plain(cny: Money) -> PriceView {
    PriceView::plain(cny)
}

/// The exchange rate that was locked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Exchange)]
pub struct ExchangeView {
    /// ISO 4217 code.
    #[schema(example = "JPY")]
    currency: &'static str,
    /// How much of it 1 CNY buys, with the margin in it.
    #[schema(example = "21.05")]
    per_cny: String,
    /// The margin of your plan that is in it, per cent.
    #[schema(example = "0")]
    margin_percent: String,
    /// The day of the rate.
    #[schema(example = "2026-11-20", format = Date)]
    date: String,
    /// Who says so.
    #[schema(example = "ecb")]
    source: String,
}

impl From<&Exchange> for ExchangeView {
    fn from(exchange: &Exchange) -> Self {
        Self {
            currency: exchange.currency.code(),
            per_cny: exchange.per_cny.to_string(),
            margin_percent: exchange.margin.to_string(),
            date: exchange.date.to_string(),
            source: exchange.source.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::Figures;
    use crate::api::price::PriceView;
    use crate::model::money::{Exchange, Money};
    use crate::model::order::tests::deed;
    use crate::model::quote::Basket;

    /// A basket of so many fen a line, and so much freight.
    fn basket(lines: &[i64], freight: i64) -> Basket {
        let mut basket = deed("PO-1").basket;
        let line = basket.lines.remove(0);
        basket.lines =
            lines.iter().map(|fen| crate::model::quote::Line { amount: Money::fen(*fen), ..line.clone() }).collect();
        (basket.goods, basket.freight) = (Money::fen(lines.iter().sum()), Money::fen(freight));
        basket.total = basket.goods.plus(basket.freight).unwrap();
        basket
    }

    fn exchange(code: &str, per_cny: Decimal) -> Exchange {
        let date = jiff::civil::date(2026, 11, 20);
        Exchange::new(code.parse().unwrap(), per_cny, date, "test")
    }

    fn amount(price: &PriceView) -> Decimal {
        price.amount.parse().unwrap()
    }

    #[test]
    fn what_is_shown_adds_up_where_rounding_each_alone_would_not() {
        // 67.36 + 8.42 = 75.78 yen: one by one that is 67 + 8, and the sum 76.
        let figures = Figures::of(&basket(&[160, 160], 40), &exchange("JPY", Decimal::new(2105, 2)));
        let told = [&figures.total, &figures.goods, &figures.freight].map(|price| price.amount.as_str());
        assert_eq!(told, ["76", "67", "9"]);
        let lines: Vec<_> = figures.lines.iter().map(|line| line.amount.amount.as_str()).collect();
        assert_eq!((lines, figures.goods.cny.as_deref()), (vec!["34", "33"], Some("3.20")));
    }

    #[test]
    fn an_amount_that_does_not_fit_the_currency_is_shown_in_renminbi_with_all_its_parts() {
        let figures = Figures::of(&basket(&[i64::MAX / 2], 40), &exchange("IDR", Decimal::from(2105)));
        let all = [&figures.total, &figures.goods, &figures.freight, &figures.lines[0].amount];
        assert!(all.iter().all(|price| price.currency == "CNY" && price.rate.is_none()), "{all:?}");
    }

    proptest::proptest! {
        #[test]
        fn shown_lines_make_up_the_goods_and_goods_and_freight_the_total(
            lines in proptest::collection::vec(0_i64..10_000_000, 1..50),
            freight in 0_i64..1_000_000,
            per_cny in 1_i64..10_000_000,
            currency in proptest::sample::select(crate::model::money::tests::all()),
        ) {
            let code = currency.code();
            let per_cny = if code == "CNY" { Decimal::ONE } else { Decimal::new(per_cny, 4) };
            let basket = basket(&lines, freight);
            let exchange = exchange(code, per_cny);
            let figures = Figures::of(&basket, &exchange);
            let sum: Decimal = figures.lines.iter().map(|line| amount(&line.amount)).sum();
            proptest::prop_assert_eq!(sum, amount(&figures.goods));
            proptest::prop_assert_eq!(amount(&figures.goods) + amount(&figures.freight), amount(&figures.total));
            let total = exchange.convert(basket.total).unwrap();
            proptest::prop_assert_eq!(&figures.total.amount, &total.amount(), "what expected_total is held against");
            if code == "CNY" {
                proptest::prop_assert_eq!(&figures.goods.amount, &basket.goods.amount());
                for (line, view) in basket.lines.iter().zip(&figures.lines) {
                    proptest::prop_assert_eq!(&view.amount.amount, &line.amount.amount());
                }
            }
        }
    }
}
