//! Endpoints: made, bounded, changed and forgotten, and who did it.

use super::{books, caller, new};
use crate::audit;
use crate::ledger::deliveries::Verdict;
use crate::ledger::{EndpointChange, NewEndpoint, StoredSecret};
use crate::model::ids::EndpointId;
use crate::model::partner::Mode;
use crate::model::webhook::EndpointState;

#[tokio::test]
async fn endpoints_are_bounded_changed_and_forgotten_with_all_they_had() {
    for book in books().await {
        let acme = caller("acme", Mode::Sandbox);
        let endpoint = book.endpoint("acme", &["order.paid"]).await;
        assert!(book.ledger.append_endpoint(&acme, new(&["*"]), 1).await.unwrap().is_none());
        let change = EndpointChange {
            url: Some("https://other.example/".into()),
            patterns: Some(vec!["refund.*".parse().unwrap()]),
            ..Default::default()
        };
        let changed = book.ledger.change_endpoint(&acme, &endpoint.id, change.clone()).await.unwrap().unwrap();
        assert_eq!((changed.url.as_str(), changed.patterns[0].as_str()), ("https://other.example/", "refund.*"));
        let foreign = book.ledger.change_endpoint(&caller("other", Mode::Sandbox), &endpoint.id, change).await.unwrap();
        assert!(foreign.is_none(), "nobody changes somebody else's");
        book.tell("acme", &[("order.paid", "a"), ("refund.agreed", "b")]).await;
        let claimed = book.turn(vec![]).await.claimed;
        assert_eq!((claimed.len(), claimed[0].kind.as_str()), (1, "refund.agreed"));
        assert!(!book.ledger.delete_endpoint(&caller("acme", Mode::Live), &endpoint.id).await.unwrap());
        assert!(book.ledger.delete_endpoint(&acme, &endpoint.id).await.unwrap());
        book.turn(vec![book.settled(&claimed[0], 200, Verdict::Delivered)]).await;
        for table in [
            "SELECT COUNT(*) AS n FROM webhook_endpoints",
            "SELECT COUNT(*) AS n FROM webhook_patterns",
            "SELECT COUNT(*) AS n FROM webhook_deliveries",
            "SELECT COUNT(*) AS n FROM webhook_attempts",
        ] {
            let row = book.house.sql.fetch_optional(table, vec![]).await.unwrap().unwrap();
            assert_eq!(row.int("n").unwrap(), 0, "{table}");
        }
    }
}

#[tokio::test]
async fn who_changed_an_endpoint_is_noted_and_no_secret_with_it() {
    for book in books().await {
        let (acme, id) = (caller("acme", Mode::Sandbox), EndpointId::fresh());
        let secret = |byte| StoredSecret { master_version: 1, wrapped_key: vec![byte; 3], ciphertext: vec![byte; 3] };
        let url = "https://shop.example/hook?token=hush".to_owned();
        let made = NewEndpoint { id: id.clone(), url, secret: secret(b'Z'), ..new(&["*"]) };
        book.ledger.append_endpoint(&acme, made, 20).await.unwrap().unwrap();
        let change = |change| book.ledger.change_endpoint(&acme, &id, change);
        let moved = EndpointChange {
            url: Some("https://shop.example/other?token=hush".into()),
            patterns: Some(vec!["order.*".parse().unwrap(), "refund.agreed".parse().unwrap()]),
            ..Default::default()
        };
        change(moved.clone()).await.unwrap();
        change(moved).await.unwrap();
        for state in [EndpointState::Enabled, EndpointState::Disabled, EndpointState::Disabled, EndpointState::Enabled]
        {
            change(EndpointChange { state: Some(state), ..Default::default() }).await.unwrap();
        }
        let until = jiff::Timestamp::constant(1_900_000_000, 0);
        book.ledger.rotate_endpoint(&acme, &id, secret(b'Y'), until).await.unwrap().unwrap();
        let stranger = caller("other", Mode::Sandbox);
        assert!(book.ledger.rotate_endpoint(&stranger, &id, secret(b'X'), until).await.unwrap().is_none());
        assert!(!book.ledger.delete_endpoint(&stranger, &id).await.unwrap());
        book.tell("acme", &[("order.paid", "a")]).await;
        let claimed = book.turn(vec![]).await.claimed.remove(0);
        book.turn(vec![book.settled(&claimed, 410, Verdict::Gone)]).await;
        assert!(book.ledger.delete_endpoint(&acme, &id).await.unwrap());
        let filter = audit::Filter { subject: Some(id.to_string()), ..audit::Filter::default() };
        let noted = audit::list_oldest_first(&book.house.sql, &filter, None, 100).await.unwrap().items;
        let by_acme = "partner:acme key:xyk_acme";
        let told: Vec<_> = noted
            .iter()
            .map(|entry| {
                let action = entry.action.strip_prefix("webhook_endpoint.").unwrap();
                (entry.actor.as_str(), action, entry.detail.as_str())
            })
            .collect();
        let changed = "url: https://shop.example/other?…; types: order.* refund.agreed";
        let expected = [
            (by_acme, "create", "https://shop.example/hook?…"),
            (by_acme, "change", changed),
            (by_acme, "disable", "by_partner"),
            (by_acme, "enable", ""),
            (by_acme, "rotate_secret", "the one before counts until 2030-03-17T17:46:40Z"),
            ("system", "disable", "gone"),
            (by_acme, "delete", "https://shop.example/other?…"),
        ];
        assert_eq!(told, expected);
    }
}
