//! Pricing: from SKUs and quantities to groups by seller with unit prices, freight and everything that is wrong.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::freight::{self, Load, freight_fen};
use super::wire::{FreightGroup, Group, LoadedLine, MixWire, PricedLine, Problem, WantedLine, Zone};
use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::goods::{Lang, Seller, Shop};
use crate::sandbox::shelf::{Item, Shelf};

/// The most lines of one call.
pub const MAX_LINES: usize = 50;
const MAX_QUANTITY: i64 = 1_000_000;

/// A priced purchase.
pub struct Basket {
    /// By seller, in the order in which they first appear.
    pub groups: Vec<Group>,
    /// Everything that is wrong, line by line.
    pub problems: Vec<Flaw>,
}

/// Something wrong with a line.
pub struct Flaw {
    /// Which SKU.
    pub sku_id: i64,
    /// What.
    pub code: Code,
    stock: Option<i64>,
    begin_amount: Option<u32>,
    batch_amount: Option<u32>,
    mix: Option<MixWire>,
}

impl Flaw {
    fn new(sku_id: i64, code: Code) -> Flaw {
        Flaw { sku_id, code, stock: None, begin_amount: None, batch_amount: None, mix: None }
    }

    /// As a preview tells it.
    pub fn wire(&self) -> Problem {
        Problem {
            sku_id: self.sku_id,
            code: self.code.word(),
            msg: self.code.sentence(),
            stock: self.stock,
            begin_amount: self.begin_amount,
            batch_amount: self.batch_amount,
            mix: self.mix,
        }
    }

    /// As a refusal tells it.
    pub fn facts(&self) -> Value {
        let mut facts = json!({ "skuId": self.sku_id });
        let known = [
            ("stock", self.stock.map(Value::from)),
            ("beginAmount", self.begin_amount.map(Value::from)),
            ("batchAmount", self.batch_amount.map(Value::from)),
            ("mix", self.mix.and_then(|mix| serde_json::to_value(mix).ok())),
        ];
        if let Some(facts) = facts.as_object_mut() {
            facts.extend(known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        facts
    }
}

/// Refuses lines that make no sense before anything is looked up.
pub fn check_shape(lines: &[WantedLine]) -> Result<(), Refusal> {
    if lines.is_empty() {
        return Err(Refusal::param("lines"));
    }
    if lines.len() > MAX_LINES {
        return Err(Refusal::with(Code::TooManyLines, json!({ "limit": MAX_LINES })));
    }
    for (place, line) in lines.iter().enumerate() {
        if !(1..=MAX_QUANTITY).contains(&line.quantity) {
            return Err(Refusal::param(&format!("lines[{place}].quantity")));
        }
        if lines.iter().take(place).any(|other| other.sku_id == line.sku_id) {
            return Err(Refusal::param(&format!("lines[{place}].skuId")));
        }
    }
    Ok(())
}

/// Lines of a seller, priced, with the size of each packed piece.
struct Parcel {
    seller: Option<Seller>,
    seller_id: i64,
    lines: Vec<(PricedLine, [u32; 3])>,
}

/// Prices lines as the shelf is now, to be sent into a zone. Lines that do not exist or are offline get no price.
pub fn price(shop: &Shop, shelf: &Shelf, lines: &[WantedLine], country: &str, zone: Zone) -> Basket {
    let (parcels, problems) = parcels(shop, shelf, lines, Some(country));
    Basket { groups: parcels.into_iter().map(|parcel| parcel.group(zone)).collect(), problems }
}

/// What the road would cost, reckoned as [`price`] does; without a country nothing is restricted.
pub fn estimate(
    shop: &Shop,
    shelf: &Shelf,
    lines: &[WantedLine],
    country: Option<&str>,
    zone: Zone,
) -> (Vec<FreightGroup>, Vec<Flaw>) {
    let (parcels, problems) = parcels(shop, shelf, lines, country);
    (parcels.into_iter().filter_map(|parcel| parcel.estimated(zone)).collect(), problems)
}

/// By seller, in the order in which they first appear.
fn parcels(shop: &Shop, shelf: &Shelf, lines: &[WantedLine], country: Option<&str>) -> (Vec<Parcel>, Vec<Flaw>) {
    let mut found: Vec<(&WantedLine, Item, usize)> = Vec::new();
    let mut problems = Vec::new();
    for line in lines {
        match shelf.item_of_sku(shop, line.sku_id) {
            None => problems.push(Flaw::new(line.sku_id, Code::SkuNotFound)),
            Some((item, _)) if item.held_for().is_some() => problems.push(Flaw::new(line.sku_id, Code::GoodsHeld)),
            Some((item, _)) if !item.is_open() => problems.push(Flaw::new(line.sku_id, Code::GoodsOffline)),
            Some((item, place)) => found.push((line, item, place)),
        }
    }
    let mut together: HashMap<i64, i64> = HashMap::new();
    for (line, item, _) in &found {
        *together.entry(item.goods.id).or_default() += line.quantity;
    }
    let together = |line: &WantedLine, item: &Item| together.get(&item.goods.id).copied().unwrap_or(line.quantity);
    let mut parcels: Vec<Parcel> = Vec::new();
    for (line, item, place) in &found {
        let Some(priced) = priced(line, item, *place, together(line, item)) else { continue };
        let seller_id = item.goods.seller_id;
        let own = (priced, item.goods.size_mm);
        match parcels.iter_mut().find(|parcel| parcel.seller_id == seller_id) {
            Some(parcel) => parcel.lines.push(own),
            None => parcels.push(Parcel { seller: shop.seller(seller_id), seller_id, lines: vec![own] }),
        }
    }
    for (line, item, place) in &found {
        let mix = parcels.iter().find(|parcel| parcel.seller_id == item.goods.seller_id).and_then(Parcel::mix);
        problems.extend(flaws(line, item, *place, together(line, item), country, mix));
    }
    (parcels, problems)
}

/// How far a seller's lines are from a mixed order, and whether they are one.
#[derive(Clone, Copy)]
struct Mixed {
    wire: MixWire,
    is_met: bool,
}

impl Parcel {
    fn load(&self) -> Load {
        let sum =
            |of: &dyn Fn(&PricedLine, [u32; 3]) -> i64| self.lines.iter().map(|(line, size)| of(line, *size)).sum();
        Load {
            pieces: sum(&|line, _| line.quantity),
            grams: sum(&|line, _| line.quantity * i64::from(line.weight_gram)),
            // Of all pieces together, so that small ones are not each rounded up.
            cm3: (sum(&|line, size| line.quantity * size.map(i64::from).iter().product::<i64>()) + 999) / 1_000,
            goods_fen: sum(&|line, _| line.amount_fen),
        }
    }

    fn mix(&self) -> Option<Mixed> {
        let rule = self.seller.as_ref()?.mix?;
        let load = self.load();
        let enough = load.pieces >= i64::from(rule.pieces) || load.goods_fen >= rule.fen;
        let wire = MixWire { min_pieces: rule.pieces, min_fen: rule.fen, pieces: load.pieces, fen: load.goods_fen };
        Some(Mixed { wire, is_met: enough && self.lines.len() > 1 })
    }

    fn freight_fen(&self, zone: Zone) -> i64 {
        self.seller.as_ref().map_or(0, |seller| freight_fen(&seller.freight, zone, self.load()))
    }

    fn name(&self) -> &'static str {
        self.seller.as_ref().map_or("", |seller| seller.name.get(Lang::Zh))
    }

    fn group(self, zone: Zone) -> Group {
        let (goods_fen, freight_fen) = (self.load().goods_fen, self.freight_fen(zone));
        Group {
            seller_id: self.seller_id,
            seller_name: self.name(),
            goods_fen,
            freight_fen,
            total_fen: goods_fen + freight_fen,
            lines: self.lines.into_iter().map(|(line, _)| line).collect(),
        }
    }

    fn estimated(self, zone: Zone) -> Option<FreightGroup> {
        let (load, freight_fen, seller_name) = (self.load(), self.freight_fen(zone), self.name());
        let seller = self.seller?;
        Some(FreightGroup {
            seller_id: self.seller_id,
            seller_name,
            from_region_code: seller.belt.region_code,
            lines: self.lines.into_iter().map(|(line, size_mm)| LoadedLine { line, size_mm }).collect(),
            goods_fen: load.goods_fen,
            freight_fen,
            total_fen: load.goods_fen + freight_fen,
            pieces: load.pieces,
            weight_gram: load.grams,
            volume_cm3: load.cm3,
            template: freight::terms(&seller.freight, zone),
        })
    }
}

fn priced(line: &WantedLine, item: &Item, place: usize, together: i64) -> Option<PricedLine> {
    let sku = item.goods.skus.get(place)?;
    let unit_price_fen = item.unit_fen(sku, together);
    let specs: Vec<&str> = sku.spec.iter().map(|spec| spec.value.get(Lang::Zh)).collect();
    Some(PricedLine {
        sku_id: line.sku_id,
        goods_id: item.goods.id,
        quantity: line.quantity,
        unit_price_fen,
        tier_begin_amount: item.tier_from(together),
        amount_fen: unit_price_fen * line.quantity,
        weight_gram: item.goods.weight_g,
        stock: item.stock.get(place).copied().unwrap_or(0).max(0),
        goods_version: item.version(),
        subject: item.goods.subject(Lang::Zh),
        spec_text: specs.join("/"),
    })
}

fn flaws(
    line: &WantedLine,
    item: &Item,
    place: usize,
    together: i64,
    country: Option<&str>,
    mix: Option<Mixed>,
) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let new = |code| Flaw::new(line.sku_id, code);
    if country.is_some_and(|country| item.restricted().contains(&country)) {
        flaws.push(new(Code::CountryRestricted));
    }
    if together < i64::from(item.goods.min_order) && !mix.is_some_and(|mix| mix.is_met) {
        let (begin_amount, mix) = (Some(item.goods.min_order), mix.map(|mix| mix.wire));
        flaws.push(Flaw { begin_amount, mix, ..new(Code::BelowBeginAmount) });
    }
    if let Some(batch) = item.goods.batch.filter(|batch| line.quantity % i64::from((*batch).max(1)) != 0) {
        flaws.push(Flaw { batch_amount: Some(batch), ..new(Code::NotBatchMultiple) });
    }
    let stock = item.stock.get(place).copied().unwrap_or(0);
    if stock < line.quantity {
        flaws.push(Flaw { stock: Some(stock.max(0)), ..new(Code::StockNotEnough) });
    }
    flaws
}
