//! Orders by lines: quoted and ordered in one step, as safe as by a quote.

use serde_json::{Value, json};

use super::{Basis, LEASE_MS, NewOrder, Scene, by_quote, scenes, wish};
use crate::error::{Code, Failure};
use crate::model::ids::{QuoteId, SkuId};
use crate::model::money::Money;
use crate::model::order::State;
use crate::model::quote::{Quantity, Wanted};

pub(super) fn by_lines(reference: &str, lines: Vec<Wanted>) -> NewOrder {
    let basis = Basis::Lines(wish(lines));
    NewOrder { reference: reference.parse().unwrap(), basis, note: None, expected_total: None, referral: None }
}

/// Lines of two suppliers that can be had.
async fn of_two_suppliers(scene: &Scene) -> Vec<Wanted> {
    for many in 2..8 {
        let lines: Vec<_> = scene.goods(many).await.into_iter().map(|(_, line)| line).collect();
        if scene.room.quote(&scene.caller, wish(lines.clone())).await.unwrap().quotes.len() == 2 {
            return lines;
        }
    }
    panic!("the sandbox has too few suppliers")
}

#[tokio::test]
async fn lines_are_quoted_and_ordered_in_one_step_and_repeats_get_the_same_answer() {
    for scene in scenes().await {
        let (goods, line) = scene.goods(1).await.remove(0);
        let wish = by_lines("PO-1", vec![line]);
        let told = scene.place("key-0001", &wish).await.unwrap();
        assert_eq!((told.answer.status, told.replayed, scene.placed().await), (201, false, 1));
        let order = scene.by_reference("PO-1").await;
        let quote = scene.room.get_quote(&scene.caller, &order.deed.quote).await.unwrap();
        assert_eq!((&quote.basket, quote.basket.lines[0].sku), (&order.deed.basket, line.sku));
        // What it would cost now, or whether it can be had, is no matter for a repeat.
        scene.say(&format!("/control/goods/{goods}"), json!({"price": "+50%", "stock": 0})).await;
        let again = scene.place("key-0001", &wish).await.unwrap();
        assert_eq!((again.replayed, again.answer), (true, told.answer));
        let other_key = scene.place("key-0002", &wish).await.unwrap_err();
        assert_eq!((other_key.code(), scene.placed().await), (Code::ReferenceTaken, 1));
    }
}

#[tokio::test]
async fn an_order_by_lines_that_was_left_is_resumed_with_the_quote_it_had() {
    for scene in scenes().await {
        let (goods, line) = scene.goods(1).await.remove(0);
        let quoted = scene.room.quote(&scene.caller, wish(vec![line])).await.unwrap().quotes.remove(0);
        scene.begin_and_die("key-0001", &by_quote("PO-1", quoted.id.clone())).await;
        let early = scene.place("key-0001", &by_lines("PO-1", vec![line])).await.unwrap_err();
        assert_eq!(early.code(), Code::OrderInProgress);
        scene.clock.advance_ms(LEASE_MS + 1);
        let changes = scene.say("/control/stats", Value::Null).await["calls"]["POST /trade/preview"].clone();
        assert_eq!(scene.place("key-0001", &by_lines("PO-1", vec![line])).await.unwrap().answer.status, 201);
        let order = scene.by_reference("PO-1").await;
        assert_eq!((order.deed.quote, scene.placed().await), (quoted.id, 1));
        assert_eq!(scene.say("/control/stats", Value::Null).await["calls"]["POST /trade/preview"], changes);
        // The price changed between quote and order: refused at the line, with the new figures.
        scene.say(&format!("/control/goods/{goods}"), json!({"stock": 0})).await;
        let gone = scene.place("key-0002", &by_lines("PO-2", vec![line])).await.unwrap_err();
        assert_eq!((gone.code(), gone.places()[0].pointer.as_str()), (Code::NothingToQuote, "#/lines/0"));
    }
}

#[tokio::test]
async fn without_an_answer_an_order_by_lines_is_unknown_and_settled_like_any_other() {
    for scene in scenes().await {
        let line = scene.goods(1).await.remove(0).1;
        scene.fault("POST", "/trade/orders", "drop_after", 1).await;
        let wish = by_lines("PO-1", vec![line]);
        let told = scene.place("key-0001", &wish).await.unwrap();
        assert_eq!((told.answer.status, scene.by_reference("PO-1").await.state), (202, State::Unknown));
        assert_eq!(scene.reconcile_after(2001).await.settled, 1);
        assert_eq!((scene.place("key-0001", &wish).await.unwrap().answer, scene.placed().await), (told.answer, 1));
    }
}

#[tokio::test]
async fn lines_of_several_suppliers_are_refused_with_a_quote_for_each() {
    for scene in scenes().await {
        let lines = of_two_suppliers(&scene).await;
        let refused = scene.place("key-0001", &by_lines("PO-1", lines.clone())).await.unwrap_err();
        assert_eq!((refused.code(), scene.placed().await), (Code::OrderNeedsSplit, 0));
        assert!(refused.detail().unwrap().contains("2 suppliers"), "{refused:?}");
        let extras = refused.extras();
        let quotes: Value = serde_json::from_str(&extras[0].1).unwrap();
        let skus: usize = quotes.as_array().unwrap().iter().map(|q| q["sku_ids"].as_array().unwrap().len()).sum();
        assert_eq!((extras[0].0, skus), ("quotes", lines.len()));
        for (at, quote) in quotes.as_array().unwrap().iter().enumerate() {
            let id = quote["quote_id"].as_str().unwrap().parse().unwrap();
            let told = scene.place(&format!("key-split-{at}"), &by_quote(&format!("PO-1-{at}"), id)).await.unwrap();
            assert_eq!(told.answer.status, 201);
            let order = scene.by_reference(&format!("PO-1-{at}")).await;
            assert_eq!(quote["total"]["amount"], order.deed.basket.total.amount());
        }
        assert!(scene.room.by_reference(&scene.caller, &"PO-1".parse().unwrap()).await.is_err(), "there is no intent");
    }
}

#[tokio::test]
async fn a_line_that_cannot_be_had_refuses_the_whole_order_with_the_figures() {
    for scene in scenes().await {
        let good = scene.goods(1).await.remove(0).1;
        let none = Wanted { sku: SkuId::new(1), quantity: Quantity::new(1).unwrap() };
        let refused = scene.place("key-0001", &by_lines("PO-1", vec![good, none])).await.unwrap_err();
        assert_eq!((refused.code(), scene.placed().await), (Code::LinesUnavailable, 0));
        assert_eq!(refused.places()[0].pointer, "#/lines/1");
        let problems: Value = serde_json::from_str(&refused.extras()[0].1).unwrap();
        assert_eq!(problems[0]["code"], "sku_not_found");
        let many = (1..=51).map(|n| Wanted { sku: SkuId::new(n), quantity: Quantity::new(1).unwrap() }).collect();
        let refused = scene.place("key-0001", &by_lines("PO-1", many)).await.unwrap_err();
        let place = &refused.places()[0];
        assert!(place.detail.contains("51 lines") && place.detail.contains("1 to 50 different SKUs"), "{place:?}");
        assert_eq!(scene.place("key-0001", &by_lines("PO-1", vec![good])).await.unwrap().answer.status, 201);
    }
}

#[tokio::test]
async fn an_order_that_costs_something_else_than_expected_is_not_made() {
    for scene in scenes().await {
        let line = scene.goods(1).await.remove(0).1;
        let quote = scene.room.quote(&scene.caller, wish(vec![line])).await.unwrap().quotes.remove(0);
        let total = quote.basket.total;
        let yen = quote.exchange.convert(total).unwrap();
        let expecting = |wish: NewOrder, expected| NewOrder { expected_total: Some(expected), ..wish };
        let wishes = [by_quote("PO-1", quote.id.clone()), by_lines("PO-1", vec![line])];
        for basis in wishes {
            for wrong in [Money::fen(total.minor + 1), Money::new(yen.minor + 1, yen.currency)] {
                let refused = scene.place("key-0001", &expecting(basis.clone(), wrong)).await.unwrap_err();
                assert_eq!((refused.code(), scene.placed().await), (Code::PriceChanged, 0));
                let extras = refused.extras();
                let figure = |name| extras.iter().find(|(one, _)| *one == name).map(|(_, json)| json.as_str()).unwrap();
                assert!(figure("total").contains(&format!("\"{}\"", total.amount())), "{extras:?}");
                assert!(figure("total_converted").contains(&format!("\"{}\"", yen.amount())), "{extras:?}");
                let held: QuoteId = serde_json::from_str::<String>(figure("quote_id")).unwrap().parse().unwrap();
                assert_eq!(scene.room.get_quote(&scene.caller, &held).await.unwrap().basket.total, total);
            }
            let dollars = Money::new(1, "USD".parse().unwrap());
            let refused = scene.place("key-0001", &expecting(basis, dollars)).await.unwrap_err();
            assert_eq!(refused.places()[0].pointer, "#/expected_total/currency");
        }
        let told = scene.place("key-0001", &expecting(by_quote("PO-1", quote.id), yen)).await.unwrap();
        let again = scene.place("key-0001", &expecting(by_lines("PO-1", vec![line]), Money::fen(1))).await.unwrap();
        assert_eq!((told.answer.status, again.answer), (201, told.answer), "a repeat is not judged anew");
        let by_lines = scene.place("key-0002", &expecting(by_lines("PO-2", vec![line]), total)).await.unwrap();
        assert_eq!((by_lines.answer.status, scene.placed().await), (201, 2));
    }
}
