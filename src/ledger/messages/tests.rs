//! What must hold of messages on every engine at hand.

use super::{Listener, Wanted};
use crate::clock::Clock;
use crate::ledger::outbox::{self, Notice};
use crate::ledger::{Error, Ledger, trial};
use crate::model::ids::{EventId, PartnerId};
use crate::model::partner::Mode;
use crate::sql::{Sql, trial as engines};

fn app(number: &str, partner: &str) -> Listener {
    Listener { app: number.to_owned(), partner: partner.parse().unwrap(), mode: Mode::Sandbox, since_ms: 0 }
}

async fn tell(sql: &Sql, ledger: &Ledger, partner: &str, kinds: &[&str]) {
    let (partner, kinds): (PartnerId, Vec<_>) =
        (partner.parse().unwrap(), kinds.iter().map(|kind| (*kind).to_owned()).collect());
    let written = sql.transaction(move |tx| {
        Box::pin(async move {
            for kind in kinds {
                let (event, mode, data) = (EventId::fresh(), Mode::Sandbox, serde_json::json!({}));
                let notice = Notice { event: &event, partner: &partner, mode, subject: "s", kind, data, at: 1_000 };
                outbox::post(tx, &[notice]).await?;
            }
            Ok::<_, Error>(())
        })
    });
    written.await.unwrap();
    ledger.publish(1_000).await.unwrap();
}

async fn heard(ledger: &Ledger, of: &Listener) -> Vec<String> {
    let all = ledger.list_unheard(of, &Wanted::default(), 100).await.unwrap();
    all.into_iter().map(|event| event.kind).collect()
}

#[tokio::test]
async fn each_app_confirms_for_itself_in_any_order() {
    for house in engines::houses().await {
        let ledger = Ledger::new(house.sql.clone(), Clock::shiftable());
        tell(&house.sql, &ledger, "acme", &["order.accepted", "inquiry.sent", "order.paid", "order.shipped"]).await;
        tell(&house.sql, &ledger, "other", &["order.completed"]).await;
        let (one, two, other) = (app("1", "acme"), app("2", "acme"), app("3", "other"));
        let all = ledger.list_unheard(&one, &Wanted::default(), 100).await.unwrap();
        let kinds: Vec<_> = all.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["order.accepted", "order.paid", "order.shipped"], "what has a topic, in its order");
        assert_eq!(ledger.confirm_messages(&one, &[all[1].serial]).await.unwrap(), 1);
        assert_eq!(heard(&ledger, &one).await, ["order.accepted", "order.shipped"]);
        assert_eq!(ledger.confirm_messages(&one, &[all[0].serial, all[1].serial, 999_999]).await.unwrap(), 1);
        assert_eq!(heard(&ledger, &one).await, ["order.shipped"]);
        assert_eq!(heard(&ledger, &two).await.len(), 3);
        assert_eq!(ledger.confirm_messages(&other, &[all[2].serial]).await.unwrap(), 0, "another partner's");
        let rows = house.sql.fetch_all("SELECT position FROM message_confirms", vec![]).await.unwrap();
        assert!(rows.is_empty(), "what is confirmed without a gap is one number");
        assert_eq!(ledger.confirm_messages(&one, &[all[2].serial]).await.unwrap(), 1);
        assert!(heard(&ledger, &one).await.is_empty());
        tell(&house.sql, &ledger, "acme", &["order.completed"]).await;
        assert_eq!(heard(&ledger, &one).await, ["order.completed"], "and what comes after is heard");
    }
}

#[tokio::test]
async fn an_app_hears_what_happened_since_it_was_made_and_what_it_asks_for() {
    for house in engines::houses().await {
        let ledger = Ledger::new(house.sql.clone(), Clock::shiftable());
        tell(&house.sql, &ledger, "acme", &["order.accepted", "order.paid"]).await;
        let late = Listener { since_ms: 1_001, ..app("1", "acme") };
        assert!(heard(&ledger, &late).await.is_empty());
        let of = app("2", "acme");
        let count = async |wanted: Wanted| ledger.list_unheard(&of, &wanted, 100).await.unwrap().len();
        assert_eq!(count(Wanted { kinds: vec!["order.paid".into()], ..Wanted::default() }).await, 1);
        assert_eq!(count(Wanted { from_ms: 1_001, ..Wanted::default() }).await, 0);
        assert_eq!(count(Wanted { to_ms: Some(1_000), ..Wanted::default() }).await, 0);
        assert_eq!(count(Wanted { after: 1, ..Wanted::default() }).await, 1);
    }
}

#[tokio::test]
async fn orders_are_named_by_the_catalogues_number_once_they_have_one() {
    for house in engines::houses().await {
        let clock = Clock::shiftable();
        let ledger = Ledger::new(house.sql.clone(), clock.clone());
        let deed = trial::written_order(&ledger, &clock, "acme", "PO-1").await;
        let named = |id: &str| vec![id.to_owned(), "ord_none".to_owned()];
        let facts = ledger.message_facts(&named(deed.id.as_str()), &[]).await.unwrap();
        assert!(facts.orders.is_empty(), "it is being placed");
        let story = ledger.find_order(&deed.partner, deed.mode, &deed.id).await.unwrap().unwrap();
        trial::paid(&ledger, &clock, story, 26).await;
        let facts = ledger.message_facts(&named(deed.id.as_str()), &[]).await.unwrap();
        let known = &facts.orders[deed.id.as_str()];
        assert_eq!((known.number.number(), known.lines), (26, deed.basket.lines.len()));
        assert_eq!((known.supplier, &*known.account), (deed.basket.supplier, deed.partner.as_str()));
    }
}
