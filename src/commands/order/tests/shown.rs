//! What the operator is shown of orders.

use serde_json::json;

use super::{LEASE_MS, by, caller, offices, once, render_payment, story, text};
use crate::ledger::{NewEndpoint, Settled, StoredSecret, Verdict};
use crate::model::ids::EndpointId;
use crate::model::payment::Method;
use crate::model::webhook::Attempt;
use crate::orders::{Expected, NewPayment};

#[tokio::test]
async fn an_order_is_shown_whole_by_its_id_and_by_its_reference() {
    for office in offices().await {
        let (_, id) = office.order("acme", "PO-1").await;
        let wish =
            NewPayment { orders: vec![id.parse().unwrap()], method: Method::Debit, expected: Expected::default() };
        let paid = office.desk.orders.pay(&caller("acme"), once("pay-0001"), wish, &render_payment).await.unwrap();
        let payment = String::from_utf8(paid.answer.body).unwrap();
        let shown = office.show("PO-1").await;
        assert_eq!(
            (text(&shown["id"]), text(&shown["partner"]), text(&shown["state"])),
            (id.clone(), "acme".into(), "paid".into())
        );
        assert!(shown["catalogue_order_id"].is_string() && shown["payments"][0]["payment_id"] == payment.as_str());
        let keys: Vec<_> = shown["keys"].as_array().unwrap().iter().map(|key| text(&key["key"])).collect();
        assert_eq!(keys, ["key-PO-1", "pay-0001"], "the order's and its payment's");
        assert!(shown["keys"][0]["status"] == 201 && shown["told"].as_array().unwrap().len() >= 3, "{shown}");
        assert_eq!(story(&shown).first(), Some(&by("partner", "received")));
        let table = office.say(&format!("show {id}")).await.unwrap();
        for part in ["PO-1", "acme (sandbox)", "catalogue's number", "events", "key-PO-1", "what the partner is told"] {
            assert!(table.contains(part), "{part} is missing:\n{table}");
        }
        assert_eq!(office.show(&id).await["version"], shown["version"], "looking changes nothing");
        assert!(office.say("show PO-9").await.unwrap_err().contains("there is no order"));
    }
}

#[tokio::test]
async fn a_reference_of_several_partners_has_to_be_named_by_its_owner() {
    for office in offices().await {
        office.order("acme", "PO-1").await;
        let (_, other) = office.order("bravo", "PO-1").await;
        let refused = office.say("show PO-1").await.unwrap_err();
        assert!(refused.contains("several") && refused.contains("bravo (sandbox)"), "{refused}");
        assert_eq!(office.json("show PO-1 --partner bravo").await["id"], other.as_str());
    }
}

#[tokio::test]
async fn lists_find_what_waits_the_oldest_first() {
    for office in offices().await {
        let handed = office.handed_over("PO-1").await;
        office.heal().await;
        office.clock.advance_ms(1);
        let unknown = office.unknown("PO-2", "drop_after").await;
        office.clock.advance_ms(1);
        let (_, fine) = office.order("acme", "PO-3").await;
        let ids = async |line: &str| -> Vec<String> {
            office.json(line).await.as_array().unwrap().iter().map(|order| text(&order["id"])).collect()
        };
        assert_eq!(ids("list").await, [fine.clone(), unknown.clone(), handed.clone()]);
        assert_eq!(ids("list --unknown").await, [handed.clone(), unknown]);
        assert_eq!(ids("list --attention").await, std::slice::from_ref(&handed));
        assert_eq!(ids("list --state awaiting_payment --partner acme").await, [fine]);
        assert!(ids("list --partner bravo").await.is_empty() && ids("list --mode live").await.is_empty());
        assert_eq!(ids("list --limit 1").await.len(), 1);
        let table = office.say("list --attention").await.unwrap();
        assert!(table.starts_with("ID ") && table.contains(&handed) && table.contains("acme (sandbox)"), "{table}");
        assert!(office.say("list --state lost").await.unwrap_err().contains("awaiting_payment"));
    }
}

#[tokio::test]
async fn a_partner_or_state_that_does_not_exist_is_refused_and_not_found_empty() {
    for office in offices().await {
        office.order("acme", "PO-1").await;
        for line in ["list --partner acmee", "show PO-1 --partner acmee"] {
            let told = office.say(line).await.unwrap_err();
            assert!(told.contains("there is no partner \"acmee\": there is acme, bravo"), "{told}");
        }
        let told = office.say("list --state payd").await.unwrap_err();
        assert!(told.contains("awaiting_payment") && told.contains("payd"), "{told}");
    }
}

#[tokio::test]
async fn what_became_of_an_orders_events_at_its_partners_endpoints_is_shown() {
    for office in offices().await {
        let ledger = &office.desk.ledger;
        let wanted = NewEndpoint {
            id: EndpointId::fresh(),
            url: "https://shop.example/hooks".into(),
            description: String::new(),
            patterns: vec!["order.*".parse().unwrap()],
            format: crate::model::webhook::Format::Standard,
            app: None,
            secret: StoredSecret { master_version: 1, wrapped_key: vec![1], ciphertext: vec![2] },
        };
        let endpoint = ledger.append_endpoint(&caller("acme"), wanted, 20).await.unwrap().unwrap();
        let (_, id) = office.order("acme", "PO-1").await;
        assert!(office.say("show PO-1").await.unwrap().contains("nothing was sent"), "it is not published yet");
        ledger.publish(100).await.unwrap();
        let delivery = async || office.show(&id).await["deliveries"][0].clone();
        let fresh = delivery().await;
        assert_eq!(
            (&fresh["state"], &fresh["attempts"], &fresh["status"]),
            (&json!("pending"), &json!(0), &json!(null))
        );
        for (status, problem, verdict) in
            [(Some(503), Some("answered 503"), Verdict::Again(0)), (Some(204), None, Verdict::Delivered)]
        {
            office.clock.advance_ms(1_000);
            let turn = ledger.take_turn(Vec::new(), 9, LEASE_MS, &EndpointId::fresh()).await.unwrap();
            let made = turn.claimed.into_iter().next().unwrap().made;
            let (at, problem) = (office.clock.now(), problem.map(str::to_owned));
            let attempt = Attempt { at, duration_ms: 5, status, problem, answer: String::new() };
            let settled = Settled { made, attempt, verdict };
            ledger.take_turn(vec![settled], 0, LEASE_MS, &EndpointId::fresh()).await.unwrap();
            let tried = delivery().await;
            assert_eq!(
                (tried["status"].as_u64(), tried["url"].as_str()),
                (status.map(u64::from), Some("https://shop.example/hooks"))
            );
        }
        let shown = delivery().await;
        assert_eq!((&shown["type"], &shown["endpoint_id"]), (&json!("order.accepted"), &json!(endpoint.id.as_str())));
        assert_eq!(
            (&shown["state"], &shown["attempts"], &shown["problem"]),
            (&json!("delivered"), &json!(2), &json!(null))
        );
        let table = office.say(&format!("show {id}")).await.unwrap();
        assert!(table.contains("https://shop.example/hooks") && table.contains("delivered"), "{table}");
    }
}
