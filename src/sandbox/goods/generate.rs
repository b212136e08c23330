//! Makes one goods from (seed, index): a product of the seller's belt with variants, prices, record and wording.

use super::catalogue::{Facts, ProductType};
use super::dice::Dice;
use super::families::{Axis, Choice};
use super::glossary::{ATTRIBUTES, HOOKS, STYLES, Term};
use super::ids::sku_id;
use super::lang::Words;
use super::offer::{Attribute, CrossBorder, Goods, Sku, Tier};
use super::stall::{self, Trade};
use super::text::Wording;
use super::trend;

/// The ids a goods gets from its shop.
pub(super) struct Numbers {
    pub(super) goods: i64,
    pub(super) seller: i64,
    pub(super) stall: u64,
}

const GOODS: u64 = 0x600d;
const STALL_LEVEL: u64 = 0x1e7e;
const MOST_SKUS: usize = 24;
/// 2022-03-01, when the oldest goods were listed.
const OLDEST: i64 = 1_646_092_800;
/// 2026-10-31, when the newest change was made.
pub(super) const NEWEST: i64 = 1_793_404_800;
pub(super) const DAY: i64 = 86_400;
/// Of so many goods one was listed in the last month.
const ONE_IN_NEW: i64 = 12;
/// Where price steps stand, in multiples of the minimum order.
const STEPS: [&[u32]; 6] = [&[1, 10], &[1, 5, 50], &[1, 10, 100], &[1, 3, 10, 50], &[1, 20, 200], &[1, 6, 30, 300]];
const RESTRICTED: [&[&str]; 8] =
    [&["US"], &["US", "CA"], &["JP"], &["DE", "FR", "IT"], &["KR", "JP"], &["RU"], &["BR", "MX"], &["AU", "NZ"]];

/// The goods at an index.
pub(super) fn goods(seed: u64, index: u32, numbers: Numbers) -> Goods {
    let mut dice = Dice::cast(seed, GOODS, u64::from(index));
    // The authored files are never empty (tested), so every seller has a trade; the first type stands in otherwise.
    let trade = stall::trade(seed, numbers.stall);
    let kind = match &trade {
        Some(trade) => stall::kind(trade, &mut dice),
        None => &super::catalogue::product_types()[0],
    };
    let facts = &kind.facts;
    let wording = wording(facts, &mut dice);
    let level = Dice::cast(seed, STALL_LEVEL, numbers.stall).spread(0.85, 1.2);
    let base = base_price(facts, level, &mut dice);
    let (min_order, batch) = quantities(facts, &mut dice);
    let bulk = bulk(facts, &mut dice);
    let record = record(min_order, &mut dice);
    let one_piece = min_order == 1 && dice.chance(720);
    Goods {
        id: numbers.goods,
        product_type: kind,
        seller_id: numbers.seller,
        category_id: kind.category_id,
        attributes: attributes(kind, trade.as_ref(), &wording, &mut dice),
        skus: skus(facts, numbers.goods, base, &mut dice),
        tiers: tiers(base, min_order, &mut dice),
        min_order,
        batch,
        weight_g: bulk.0,
        size_mm: bulk.1,
        monthly_sold: record.monthly,
        total_sold: record.total,
        weekly_sold: trend::week(&trend::daily(seed, index, record.monthly, record.total, record.listed_at)),
        repurchase_pct: dice.between(6, 64) as u8,
        rating_tenths: 50 - (dice.fraction().powi(2) * 11.0) as u8,
        ships_within_h: dice.pick(&[24, 48, 48, 48, 72, 72, 168]).unwrap_or(48),
        one_piece,
        factory: super::seller::is_factory(seed, numbers.stall),
        free_return: one_piece || dice.chance(400),
        cross_border: cross_border(&mut dice),
        listed_at: record.listed_at,
        changed_at: record.changed_at,
        wording,
    }
}

fn wording(facts: &Facts, dice: &mut Dice) -> Wording {
    let features = dice.some(&facts.features, 2);
    let styles =
        if facts.family.styles.is_empty() { STYLES.terms().iter().collect() } else { facts.family.styles.clone() };
    let hooks: Vec<&'static Term> = HOOKS.terms().iter().collect();
    let also = dice.some(&facts.also, 2);
    Wording {
        template: dice.next() as usize,
        material: dice.pick(&facts.materials),
        says_material: facts.says_material && dice.chance(850),
        style: dice.pick(&styles).filter(|_| dice.chance(800)),
        features: [features.first().copied(), features.get(1).copied()],
        purpose: dice.pick(&facts.uses).filter(|_| dice.chance(850)),
        season: dice.pick(&facts.family.seasons),
        hook: dice.pick(&hooks).filter(|_| dice.chance(550)),
        also: [also.first().copied(), also.get(1).copied()],
    }
}

fn base_price(facts: &Facts, level: f64, dice: &mut Dice) -> i64 {
    let (low, high) = facts.price_fen;
    neat(dice.spread(low as f64, high as f64) * level).max(4)
}

/// Rounds to a price people write on a tag.
fn neat(fen: f64) -> i64 {
    let step = match fen {
        f if f < 100.0 => 1.0,
        f if f < 1_000.0 => 5.0,
        f if f < 10_000.0 => 10.0,
        f if f < 100_000.0 => 50.0,
        _ => 100.0,
    };
    ((fen / step).round() * step) as i64
}

fn quantities(facts: &Facts, dice: &mut Dice) -> (u32, Option<u32>) {
    let usual = dice.pick(&facts.min_orders).unwrap_or(1).max(1);
    if facts.pack > 1 && dice.chance(45) {
        return (usual.div_ceil(facts.pack) * facts.pack, Some(facts.pack));
    }
    (usual, None)
}

fn tiers(base: i64, min_order: u32, dice: &mut Dice) -> Vec<Tier> {
    let steps = dice.pick(&STEPS).unwrap_or(STEPS[0]);
    let mut price = base;
    let mut tiers: Vec<Tier> = Vec::with_capacity(steps.len());
    for step in steps {
        tiers.push(Tier { from: min_order.saturating_mul(*step), price_fen: price });
        let less = neat(price as f64 * (1.0 - dice.spread(0.03, 0.12)));
        price = less.min(price - 1);
        if price < 1 {
            break;
        }
    }
    tiers
}

fn skus(facts: &Facts, goods_id: i64, base: i64, dice: &mut Dice) -> Vec<Sku> {
    let mut specs: Vec<(Vec<Attribute>, i64)> = vec![(Vec::new(), 0)];
    for axis in &facts.axes {
        let room = (MOST_SKUS / specs.len()).max(1);
        let chosen = choices(axis, room, dice);
        specs = specs
            .iter()
            .flat_map(|(spec, offset)| {
                chosen.iter().enumerate().map(move |(at, choice)| extend(spec, *offset, axis, at, choice, base))
            })
            .collect();
    }
    let sku =
        |(at, (spec, price_offset_fen))| Sku { id: sku_id(goods_id, at), spec, price_offset_fen, stock: stock(dice) };
    specs.into_iter().enumerate().map(sku).collect()
}

/// Choices of one axis: any colours, but neighbouring sizes.
fn choices(axis: &Axis, room: usize, dice: &mut Dice) -> Vec<Choice> {
    let many = (dice.between(i64::from(axis.many.0), i64::from(axis.many.1)) as usize).clamp(1, room);
    if axis.choices.iter().all(|choice| !choice.rgb.is_empty()) {
        return dice.some(&axis.choices, many);
    }
    let start = dice.below((axis.choices.len().saturating_sub(many) + 1) as u64) as usize;
    axis.choices.iter().skip(start).take(many).copied().collect()
}

fn extend(
    spec: &[Attribute],
    offset: i64,
    axis: &Axis,
    at: usize,
    choice: &Choice,
    base: i64,
) -> (Vec<Attribute>, i64) {
    let mut spec = spec.to_vec();
    spec.push(attribute(axis.attribute, choice.words));
    (spec, offset + neat((base * axis.step_permille * at as i64) as f64 / 1000.0))
}

fn stock(dice: &mut Dice) -> u32 {
    if dice.chance(25) { 0 } else { dice.spread(30.0, 20_000.0) as u32 }
}

fn attribute(name: &Term, value: Words) -> Attribute {
    Attribute { id: name.id, name: name.words, value }
}

/// The properties of the family's set, as far as the type has a value for them.
fn attributes(kind: &ProductType, trade: Option<&Trade>, wording: &Wording, dice: &mut Dice) -> Vec<Attribute> {
    let facts = &kind.facts;
    let family = facts.family;
    let mut one = |from: &[&'static Term]| dice.pick(from).map(|term| term.words);
    let value = |key: &str| match key {
        "material" => wording.material.map(|term| term.words),
        "style" => wording.style.map(|term| term.words).or_else(|| one(&family.styles)),
        "use" => wording.purpose.map(|term| term.words).or_else(|| one(&facts.uses)),
        "feature" => wording.features[0].map(|term| term.words),
        "season" => wording.season.map(|term| term.words),
        "process" => one(&facts.processes),
        "audience" => one(&family.audiences),
        "pattern" => one(&family.patterns),
        "packing" => one(&family.packings),
        "origin" => trade.map(|trade| trade.belt.city),
        _ => None,
    };
    let mut value = value;
    let named = |name: &&'static Term| value(name.key).map(|words| attribute(name, words));
    family.attributes.iter().filter_map(named).collect()
}

fn bulk(facts: &Facts, dice: &mut Dice) -> (u32, [u32; 3]) {
    let (low, high) = (f64::from(facts.weight_g.0), f64::from(facts.weight_g.1));
    let weight = dice.spread(low, high);
    let scale = (weight / (low * high).sqrt().max(1.0)).cbrt();
    let size = facts.size_mm.map(|side| ((f64::from(side) * scale).round() as u32).max(1));
    ((weight.round() as u32).max(1), size)
}

struct Record {
    monthly: u32,
    total: u32,
    listed_at: i64,
    changed_at: i64,
}

/// Few goods sell by the ten thousand and most hardly at all, as on any market.
fn record(min_order: u32, dice: &mut Dice) -> Record {
    let listed_at = renewed(dice.between(OLDEST, NEWEST - 3 * DAY));
    let changed_at = dice.between(listed_at.max(NEWEST - 200 * DAY), NEWEST);
    let rank = dice.fraction().max(1e-5);
    let monthly = ((3.0 * rank.powf(-0.95) - 2.0) * f64::from(min_order).powf(0.4)).clamp(0.0, 90_000.0);
    let months = (NEWEST - listed_at) as f64 / (30.0 * DAY as f64);
    let total = monthly * (1.0 + months * dice.spread(0.3, 1.1));
    Record { monthly: monthly as u32, total: total as u32, listed_at, changed_at }
}

/// Markets are always full of new goods: one in twelve is from the last month.
fn renewed(listed_at: i64) -> i64 {
    let is_new = (listed_at / DAY) % ONE_IN_NEW == 0;
    if is_new { NEWEST - 3 * DAY - listed_at % (27 * DAY) } else { listed_at }
}

/// Whole days between the last authored day and this moment, in seconds.
pub(super) fn calendar(now_s: i64) -> i64 {
    ((now_s - NEWEST).max(0) / DAY) * DAY
}

fn cross_border(dice: &mut Dice) -> CrossBorder {
    match dice.below(1000) {
        0..20 => CrossBorder::HeldPatent,
        20..50 => dice.pick(&RESTRICTED).map_or(CrossBorder::Open, CrossBorder::Restricted),
        _ => CrossBorder::Open,
    }
}

/// The attribute term of colours, by which a picture finds what to paint with.
pub(super) fn colour_attribute() -> Option<i64> {
    ATTRIBUTES.find("colour").map(|term| term.id)
}
