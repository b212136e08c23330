//! Quotes: what can be had, at what rate, and why the rest cannot.

use serde_json::Value;

use super::{scenes, wish};
use crate::error::{Code, Failure};
use crate::model::ids::SkuId;
use crate::model::money::Currency;
use crate::model::partner::{Caller, Mode};
use crate::model::quote::{Quantity, Trouble, Wanted};
use crate::orders::NewQuote;

#[tokio::test]
async fn a_quote_holds_what_can_be_had_and_says_why_for_the_rest() {
    for scene in scenes().await {
        let mut lines: Vec<_> = scene.goods(3).await.into_iter().map(|(_, line)| line).collect();
        lines.insert(1, Wanted { sku: SkuId::new(1), quantity: Quantity::new(1).unwrap() });
        lines.push(Wanted { sku: lines[0].sku, quantity: Quantity::new(5).unwrap() });
        let refused = scene.room.quote(&scene.caller, wish(lines.clone())).await.unwrap_err();
        assert_eq!(refused.places()[0].pointer, "#/lines/4/sku_id");
        lines.pop();
        let quoted = scene.room.quote(&scene.caller, wish(lines.clone())).await.unwrap();
        assert_eq!(quoted.problems.len(), 1);
        assert_eq!((quoted.problems[0].line, quoted.problems[0].trouble), (1, Trouble::SkuNotFound));
        let quoted_lines: usize = quoted.quotes.iter().map(|quote| quote.basket.lines.len()).sum();
        assert_eq!(quoted_lines, 3);
        let stored = scene.room.get_quote(&scene.caller, &quoted.quotes[0].id).await.unwrap();
        assert_eq!((&stored.basket, stored.exchange.currency.code()), (&quoted.quotes[0].basket, "JPY"));
        let nothing = scene.room.quote(&scene.caller, wish(vec![lines[1]])).await.unwrap_err();
        assert_eq!((nothing.code(), nothing.places()[0].pointer.as_str()), (Code::NothingToQuote, "#/lines/0"));
        let extras = nothing.extras();
        let problems: Value = serde_json::from_str(&extras[0].1).unwrap();
        assert_eq!((extras[0].0, problems[0]["code"].as_str()), ("problems", Some("sku_not_found")));
        assert_eq!(problems[0]["pointer"], "#/lines/0");
        let nowhere = NewQuote { warehouse: Some("XX99".parse().unwrap()), ..wish(vec![lines[0]]) };
        let nowhere = scene.room.quote(&scene.caller, nowhere).await.unwrap_err();
        assert_eq!(nowhere.places()[0].pointer, "#/warehouse");
    }
}

#[tokio::test]
async fn on_trial_rates_live_keys_get_quotes_in_renminbi_only() {
    for scene in scenes().await {
        let line = scene.goods(1).await.remove(0).1;
        let mut room = scene.room.clone();
        room.settings.live_in_cny_only = true;
        let live = Caller { mode: Mode::Live, ..scene.caller.clone() };
        let refused = room.quote(&live, wish(vec![line])).await.unwrap_err();
        let place = refused.places().remove(0);
        assert_eq!((refused.code(), place.pointer.as_str()), (Code::InvalidRequest, "#/currency"));
        assert!(place.detail.contains("trial exchange rates"), "{}", place.detail);
        // In renminbi it is asked: this catalogue has no live world.
        let renminbi = NewQuote { currency: Currency::CNY, ..wish(vec![line]) };
        assert_ne!(room.quote(&live, renminbi).await.unwrap_err().code(), Code::InvalidRequest);
        assert_eq!(
            room.quote(&scene.caller, wish(vec![line])).await.unwrap().quotes.len(),
            1,
            "sandbox keys try things out"
        );
        assert_ne!(scene.room.quote(&live, wish(vec![line])).await.unwrap_err().code(), Code::InvalidRequest);
    }
}
