//! The figures of followed offers as they are kept, and what followers are told of their changes.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ledger::Error;
use crate::model::follow::{Change, Figures, Look, Restocked, SkuFigures, Standing, Watched};
use crate::model::ids::SkuId;
use crate::model::money::Money;

/// Figures as they are kept; amounts in fen.
#[derive(Serialize, Deserialize)]
struct Kept {
    title: String,
    least: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    multiple: Option<u32>,
    tiers: Vec<(u32, i64)>,
    /// Id, price at the smallest quantity, stock.
    skus: Vec<(i64, i64, u64)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    restricted: Vec<String>,
}

pub(super) fn write(figures: &Figures) -> Result<String, Error> {
    let kept = Kept {
        title: figures.title.clone(),
        least: figures.minimum_order,
        multiple: figures.order_multiple,
        tiers: figures.tiers.iter().map(|(from, price)| (*from, price.minor)).collect(),
        skus: figures.skus.iter().map(|sku| (sku.id.number(), sku.price.minor, sku.stock)).collect(),
        restricted: figures.restricted.clone(),
    };
    serde_json::to_string(&kept).map_err(|error| Error::unreadable("figures", error))
}

pub(super) fn read(text: &str) -> Result<Figures, Error> {
    let kept: Kept = serde_json::from_str(text).map_err(|error| Error::unreadable("figures", error))?;
    let sku = |(id, fen, stock): (i64, i64, u64)| SkuFigures { id: SkuId::new(id), price: Money::fen(fen), stock };
    Ok(Figures {
        title: kept.title,
        minimum_order: kept.least,
        order_multiple: kept.multiple,
        tiers: kept.tiers.into_iter().map(|(from, fen)| (from, Money::fen(fen))).collect(),
        skus: kept.skus.into_iter().map(sku).collect(),
        restricted: kept.restricted,
    })
}

pub(super) fn standing(name: &str) -> Result<Standing, Error> {
    Standing::named(name).ok_or_else(|| Error::unreadable("standing", name))
}

/// What followers are told of a change: the offer, its state, and the figures before and now.
pub(super) fn told(before: &Watched, after: &Look, change: &Change) -> Value {
    let mut data = json!({"offer_id": before.offer.to_string(), "state": after.standing.name()});
    let figures = |look: &Look| look.figures.clone();
    let (was, is) = (before.seen.as_ref().and_then(figures), after.figures.clone());
    let mut both = |what: fn(&Figures) -> Value| {
        data["before"] = was.as_ref().map_or(Value::Null, what);
        data["now"] = is.as_ref().map_or(Value::Null, what);
    };
    match change {
        Change::Price => both(prices),
        Change::Stock(moved) => {
            both(stock);
            data["skus"] = moved.iter().map(restocked).collect();
        }
        Change::Relisted => both(both_figures),
        Change::Delisted => {}
        Change::Updated(names) => {
            both(terms);
            data["changed"] = json!(names);
        }
    }
    data
}

fn money(money: Money) -> Value {
    json!({"amount": money.amount(), "currency": money.currency.code()})
}

fn prices(figures: &Figures) -> Value {
    let (from, to) = figures.prices();
    let tier = |(from, price): &(u32, Money)| json!({"from_quantity": from, "price": money(*price)});
    let sku = |sku: &SkuFigures| json!({"sku_id": sku.id.to_string(), "price": money(sku.price)});
    json!({
        "price_from": money(from), "price_to": money(to),
        "price_tiers": figures.tiers.iter().map(tier).collect::<Vec<_>>(),
        "skus": figures.skus.iter().map(sku).collect::<Vec<_>>(),
    })
}

fn stock(figures: &Figures) -> Value {
    json!({"stock": figures.stock(), "in_stock": figures.stock() > 0})
}

fn both_figures(figures: &Figures) -> Value {
    let (from, to) = figures.prices();
    json!({"price_from": money(from), "price_to": money(to), "stock": figures.stock(), "in_stock": figures.stock() > 0})
}

fn terms(figures: &Figures) -> Value {
    json!({
        "title_original": figures.title, "minimum_order": figures.minimum_order,
        "order_multiple": figures.order_multiple, "restricted_countries": figures.restricted,
    })
}

fn restocked(sku: &Restocked) -> Value {
    json!({"sku_id": sku.id.to_string(), "before": sku.before.unwrap_or(0), "now": sku.now.unwrap_or(0)})
}

#[cfg(test)]
mod tests {
    use super::{read, told, write};
    use crate::model::follow::tests::{figures, on_sale};
    use crate::model::follow::{Figures, Look, Standing, Watched};
    use crate::model::ids::OfferId;
    use serde_json::json;

    #[test]
    fn figures_are_read_back_as_they_were_written() {
        let plain = figures(320, 5);
        let more = Figures { order_multiple: Some(10), restricted: vec!["US".into()], ..plain.clone() };
        for figures in [plain, more] {
            assert_eq!(read(&write(&figures).unwrap()).unwrap(), figures);
        }
        assert!(read("{}").is_err());
    }

    #[test]
    fn old_and_new_figures_are_told_and_what_came_back_is_told_beside_what_it_was() {
        let watched = Watched { offer: OfferId::new(7), revision: 1, seen: Some(on_sale(320, 5)) };
        let look = on_sale(350, 0);
        let all: Vec<_> = watched.changes(&look).iter().map(|change| told(&watched, &look, change)).collect();
        let [price, stock] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((&price["offer_id"], &price["state"]), (&json!("7"), &json!("on_sale")));
        assert_eq!(price["before"]["price_from"], json!({"amount": "3.20", "currency": "CNY"}));
        assert_eq!(price["now"]["price_tiers"][0]["price"]["amount"], "3.50");
        assert_eq!(stock["before"], json!({"stock": 5, "in_stock": true}));
        assert_eq!((&stock["now"]["in_stock"], &stock["skus"][0]["now"]), (&json!(false), &json!(0)));
        let held = watched.after(&Look { standing: Standing::Held, figures: None });
        let away = watched.changes(&held);
        assert_eq!(told(&watched, &held, &away[0]), json!({"offer_id": "7", "state": "held"}));
    }
}
