//! Pricing: from SKUs and quantities to groups by seller with unit prices, freight and everything that is wrong.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::freight::freight_fen;
use super::wire::{Group, PricedLine, Problem, WantedLine};
use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::goods::{Lang, Shop};
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
}

impl Flaw {
    fn new(sku_id: i64, code: Code) -> Flaw {
        Flaw { sku_id, code, stock: None, begin_amount: None, batch_amount: None }
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
        }
    }

    /// As a refusal tells it.
    pub fn facts(&self) -> Value {
        let mut facts = json!({ "skuId": self.sku_id });
        let known = [
            ("stock", self.stock.map(Value::from)),
            ("beginAmount", self.begin_amount.map(Value::from)),
            ("batchAmount", self.batch_amount.map(Value::from)),
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

/// Prices lines as the shelf is now. Lines that do not exist or are offline get no price.
pub fn price(shop: &Shop, shelf: &Shelf, lines: &[WantedLine], country: &str) -> Basket {
    let mut found: Vec<(&WantedLine, Item, usize)> = Vec::new();
    let mut problems = Vec::new();
    for line in lines {
        match shelf.item_of_sku(shop, line.sku_id) {
            None => problems.push(Flaw::new(line.sku_id, Code::SkuNotFound)),
            Some((item, _)) if !item.is_open() => problems.push(Flaw::new(line.sku_id, Code::GoodsOffline)),
            Some((item, place)) => found.push((line, item, place)),
        }
    }
    let mut together: HashMap<i64, i64> = HashMap::new();
    for (line, item, _) in &found {
        *together.entry(item.goods.id).or_default() += line.quantity;
    }
    let mut sellers: Vec<(i64, Vec<PricedLine>)> = Vec::new();
    for (line, item, place) in &found {
        let together = together.get(&item.goods.id).copied().unwrap_or(line.quantity);
        problems.extend(flaws(line, item, *place, together, country));
        let Some(priced) = priced(line, item, *place, together) else {
            continue;
        };
        match sellers.iter_mut().find(|(seller, _)| *seller == item.goods.seller_id) {
            Some((_, lines)) => lines.push(priced),
            None => sellers.push((item.goods.seller_id, vec![priced])),
        }
    }
    let groups = sellers.into_iter().map(|(seller, lines)| group(shop, seller, lines)).collect();
    Basket { groups, problems }
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
        amount_fen: unit_price_fen * line.quantity,
        weight_gram: item.goods.weight_g,
        stock: item.stock.get(place).copied().unwrap_or(0).max(0),
        goods_version: item.version(),
        subject: item.goods.subject(Lang::Zh),
        spec_text: specs.join("/"),
    })
}

fn flaws(line: &WantedLine, item: &Item, place: usize, together: i64, country: &str) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let new = |code| Flaw::new(line.sku_id, code);
    if item.restricted().contains(&country) {
        flaws.push(new(Code::CountryRestricted));
    }
    if together < i64::from(item.goods.min_order) {
        flaws.push(Flaw { begin_amount: Some(item.goods.min_order), ..new(Code::BelowBeginAmount) });
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

fn group(shop: &Shop, seller_id: i64, lines: Vec<PricedLine>) -> Group {
    let seller = shop.seller(seller_id);
    let goods_fen = lines.iter().map(|line| line.amount_fen).sum();
    let pieces = lines.iter().map(|line| line.quantity).sum();
    let grams = lines.iter().map(|line| line.quantity * i64::from(line.weight_gram)).sum();
    let freight_fen = seller.as_ref().map_or(0, |seller| freight_fen(&seller.freight, pieces, grams, goods_fen));
    Group {
        seller_id,
        seller_name: seller.map_or("", |seller| seller.name.get(Lang::Zh)),
        lines,
        goods_fen,
        freight_fen,
        total_fen: goods_fen + freight_fen,
    }
}
