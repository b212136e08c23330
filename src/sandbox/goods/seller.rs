//! Sellers of the belts: name, badges, record and freight, worked out from (seed, number).

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use super::belt::Belt;
use super::catalogue::categories;
use super::dice::Dice;
use super::lang::{Lang, Words};
use super::phrase::fill;
use super::stall::{self, Trade};
use super::table;

pub(super) const PARTS_FILE: &str = include_str!("data/seller_parts.tsv");
pub(super) const TRADES_FILE: &str = include_str!("data/trades.tsv");
pub(super) const FORMS_FILE: &str = include_str!("data/seller_forms.tsv");

const SELLER: u64 = 0x5e11;
const FACTORY: u64 = 0xfac7;
const MIX: u64 = 0x313c;

/// A shop owner of the marketplace.
#[derive(Clone, Debug)]
pub struct Seller {
    /// Ten digits.
    pub id: i64,
    /// Company name.
    pub name: Words,
    /// The industrial belt he sits in.
    pub belt: &'static Belt,
    /// What the marketplace certifies.
    pub badges: Vec<Badge>,
    /// Years on the marketplace.
    pub years: u8,
    /// Rating in tenths of a star.
    pub rating_tenths: u8,
    /// Share of orders delivered in time over thirty days, per cent.
    pub on_time_pct: u8,
    /// People employed.
    pub staff: u32,
    /// Floor space, square metres.
    pub area_m2: u32,
    /// How he charges freight.
    pub freight: FreightTemplate,
    /// What makes an order of several SKUs a mixed one, in which no goods has a minimum of its own.
    pub mix: Option<Mix>,
    /// Person to talk to; for the marketplace's eyes only.
    pub contact_name: String,
    /// Telephone; for the marketplace's eyes only.
    pub contact_phone: String,
    /// What his goods cost him of what he asks, per cent; for the marketplace's eyes only.
    pub cost_ratio_pct: u8,
}

/// What the marketplace certifies of a seller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Badge {
    /// Large factory with proven delivery.
    SuperFactory,
    /// Merchant with a proven record.
    PowerfulMerchant,
    /// Factory inspected on site.
    CertifiedFactory,
    /// Factory in the belt its goods come from.
    OriginFactory,
}

/// How a seller charges freight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreightTemplate {
    /// By grams.
    ByWeight {
        /// Grams in the first price.
        first_g: u32,
        /// Price of them, fen.
        first_fen: i64,
        /// Grams of a further step.
        step_g: u32,
        /// Price of a step, fen.
        step_fen: i64,
        /// Free from this order value on, fen.
        free_above_fen: Option<i64>,
    },
    /// By units.
    ByPiece {
        /// Units in the first price.
        first: u32,
        /// Price of them, fen.
        first_fen: i64,
        /// Units of a further step.
        step: u32,
        /// Price of a step, fen.
        step_fen: i64,
        /// Free from this order value on, fen.
        free_above_fen: Option<i64>,
    },
    /// By the space that the packed units take.
    ByVolume {
        /// Cubic centimetres in the first price.
        first_cm3: u32,
        /// Price of them, fen.
        first_fen: i64,
        /// Cubic centimetres of a further step.
        step_cm3: u32,
        /// Price of a step, fen.
        step_fen: i64,
        /// Free from this order value on, fen.
        free_above_fen: Option<i64>,
    },
    /// Always free.
    Free,
}

/// Enough of two or more SKUs: so many pieces, or so much money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    /// Pieces of all together.
    pub pieces: u32,
    /// Fen for all together.
    pub fen: i64,
}

/// Whether the seller with a number makes what he sells.
pub(super) fn is_factory(seed: u64, number: u64) -> bool {
    Dice::cast(seed, FACTORY, number).chance(600)
}

/// The seller with a number.
pub(super) fn seller(seed: u64, number: u64, id: i64) -> Option<Seller> {
    let trade = stall::trade(seed, number)?;
    let factory = is_factory(seed, number);
    let mut dice = Dice::cast(seed, SELLER, number);
    let staff = if factory { dice.spread(12.0, 900.0) } else { dice.spread(2.0, 40.0) };
    let floor = staff * if factory { dice.spread(15.0, 60.0) } else { dice.spread(8.0, 25.0) };
    Some(Seller {
        id,
        name: name(&trade, factory, &mut dice)?,
        belt: trade.belt,
        badges: badges(factory, staff, &mut dice),
        years: (1.0 + dice.fraction().powi(2) * 17.0) as u8,
        rating_tenths: 50 - (dice.fraction().powi(2) * 10.0) as u8,
        on_time_pct: 100 - (dice.fraction().powi(2) * 26.0) as u8,
        staff: staff as u32,
        area_m2: (floor / 10.0).round() as u32 * 10,
        freight: freight(trade.main.facts.weight_g.1, &mut dice),
        mix: mix(&mut Dice::cast(seed, MIX, number)),
        contact_name: contact(&mut dice),
        // The block behind 1700000 is given to nobody.
        contact_phone: format!("1700000{:04}", dice.below(10_000)),
        cost_ratio_pct: dice.between(42, 86) as u8,
    })
}

fn badges(factory: bool, staff: f64, dice: &mut Dice) -> Vec<Badge> {
    let mut badges = Vec::new();
    if factory && staff > 150.0 && dice.chance(500) {
        badges.push(Badge::SuperFactory);
    }
    if dice.chance(350) {
        badges.push(Badge::PowerfulMerchant);
    }
    if factory && dice.chance(550) {
        badges.push(Badge::CertifiedFactory);
    }
    if factory && dice.chance(650) {
        badges.push(Badge::OriginFactory);
    }
    badges
}

fn freight(heaviest_g: u32, dice: &mut Dice) -> FreightTemplate {
    let free_above_fen = dice.pick(&[None, None, None, Some(9_900), Some(29_900), Some(99_900)]).flatten();
    let first_fen = dice.between(6, 24) * 50;
    match dice.below(20) {
        0 | 1 => FreightTemplate::Free,
        2..6 if heaviest_g > 1_500 => FreightTemplate::ByPiece {
            first: 1,
            first_fen: first_fen + 600,
            step: 1,
            step_fen: first_fen,
            free_above_fen,
        },
        2..5 => FreightTemplate::ByPiece { first: 5, first_fen, step: 5, step_fen: 200, free_above_fen },
        18 | 19 => FreightTemplate::ByVolume {
            first_cm3: 10_000,
            first_fen,
            step_cm3: 10_000,
            step_fen: dice.between(2, 10) * 50,
            free_above_fen,
        },
        _ => FreightTemplate::ByWeight {
            first_g: 1_000,
            first_fen,
            step_g: 1_000,
            step_fen: dice.between(2, 10) * 50,
            free_above_fen,
        },
    }
}

/// Not quite half of all sellers take mixed orders.
fn mix(dice: &mut Dice) -> Option<Mix> {
    let pieces = dice.pick(&[10, 20, 30, 50, 100])?;
    let fen = dice.pick(&[10_000, 20_000, 30_000, 50_000])?;
    dice.chance(450).then_some(Mix { pieces, fen })
}

const SURNAMES: [&str; 20] = [
    "陈", "林", "王", "张", "李", "黄", "吴", "周", "徐", "朱", "郑", "叶", "何", "蔡", "杨", "赵", "楼", "金", "胡",
    "许",
];
const TITLES: [&str; 3] = ["先生", "女士", "经理"];

fn contact(dice: &mut Dice) -> String {
    let surname = dice.pick(&SURNAMES).unwrap_or_default();
    format!("{surname}{}", dice.pick(&TITLES).unwrap_or_default())
}

struct NameParts {
    first: Vec<Words>,
    second: Vec<Words>,
    trades: HashMap<&'static str, Words>,
    factories: Vec<Words>,
    dealers: Vec<Words>,
}

static PARTS: LazyLock<NameParts> = LazyLock::new(|| {
    let of = |file: &'static str, column: &str, wanted: &str| -> Vec<Words> {
        let rows = table::rows(file);
        rows.iter().filter(|row| row.text(column) == wanted).map(table::Row::words).collect()
    };
    NameParts {
        first: of(PARTS_FILE, "place", "first"),
        second: of(PARTS_FILE, "place", "second"),
        trades: table::rows(TRADES_FILE).iter().map(|row| (row.text("key"), row.words())).collect(),
        factories: of(FORMS_FILE, "kind", "factory"),
        dealers: of(FORMS_FILE, "kind", "dealer"),
    }
});

/// Names once composed are kept, because [`Words`] are borrowed for ever; there is one per seller looked at.
static NAMES: LazyLock<RwLock<HashMap<[&'static str; 5], Words>>> = LazyLock::new(RwLock::default);

fn name(trade: &Trade, factory: bool, dice: &mut Dice) -> Option<Words> {
    let parts = &*PARTS;
    let first = dice.pick(&parts.first)?;
    let second = dice.pick(&parts.second)?;
    let form = dice.pick(if factory { &parts.factories } else { &parts.dealers })?;
    let root = categories().iter().find(|category| category.id == trade.main.root_id)?;
    let trade_name = parts.trades.get(root.key).copied()?;
    let city = trade.belt.city;
    let key = [first, second, form, trade_name, city].map(|words| words.get(Lang::Zh));
    if let Some(name) = NAMES.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Some(*name);
    }
    let cells = Lang::ALL.map(|lang| -> &'static str {
        let house = format!("{}{}", first.get(lang), second.get(lang));
        let value = |name: &str| match name {
            "house" => Some(Cow::Owned(house.clone())),
            "first" => Some(Cow::Borrowed(first.get(lang))),
            "second" => Some(Cow::Borrowed(second.get(lang))),
            "trade" => Some(Cow::Borrowed(trade_name.get(lang))),
            "city" => Some(Cow::Borrowed(city.get(lang))),
            _ => None,
        };
        Box::leak(fill(form.get(lang), &value).into_boxed_str())
    });
    let mut names = NAMES.write().unwrap_or_else(PoisonError::into_inner);
    Some(*names.entry(key).or_insert_with(|| Words::keep(cells)))
}
