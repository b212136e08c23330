//! Endpoints that hear the older protocol.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Node, Receiver, acme, everything, nodes, settings};
use crate::error::Failure;
use crate::model::ids::PartnerId;
use crate::model::partner::{Mode, Scopes};
use crate::model::webhook::{DeliveryState, Format};
use crate::partners::{AppPolicy, Directory, MasterKeys, NewPartner, Sealer};
use crate::signing::aop::AppSecret;
use crate::webhooks::{Dispatcher, Draft, Webhooks};

/// An app of acme's, its secret, and the room that knows it.
async fn with_app(node: &mut Node) -> (String, AppSecret) {
    let sealer = Sealer::new(MasterKeys::parse(&MasterKeys::generate(1).unwrap()).unwrap());
    let directory = Directory::open(node.house.another().await, sealer, node.clock.clone()).await.unwrap();
    let id: PartnerId = "acme".parse().unwrap();
    let new = NewPartner { id: id.clone(), name: "Acme".into(), country: "JP".into(), plan: "starter".into() };
    directory.create_partner("test", new).await.unwrap();
    let policy = AppPolicy { mode: Mode::Sandbox, scopes: Scopes::all(), allowed: Vec::new() };
    let issued = directory.issue_app("test", &id, policy).await.unwrap();
    directory.open_door("test", &id, false).await.unwrap();
    node.room = node.room.clone().with_apps(Arc::new(directory));
    node.dispatcher = Dispatcher::new(node.room.clone()).unwrap();
    (issued.app_key, AppSecret::new(issued.secret.expose().as_bytes()).unwrap())
}

#[tokio::test]
async fn an_endpoint_of_the_older_protocol_hears_forms_signed_by_its_app_and_nothing_it_has_no_word_for() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        let (app, secret) = with_app(&mut node).await;
        let draft = Draft { format: Format::Aop, app: Some(app.clone()), ..everything(&receiver.url("/aop")) };
        let made = node.room.create(&acme(), draft).await.unwrap();
        assert_eq!((made.endpoint.format, made.endpoint.app.as_deref()), (Format::Aop, Some(app.as_str())));
        let order = crate::ledger::trial::written_order(&node.ledger, &node.clock, "acme", "PO-1").await;
        let order = node.ledger.find_order(&order.partner, order.mode, &order.id).await.unwrap().unwrap();
        crate::ledger::trial::paid(&node.ledger, &node.clock, order, 26).await;
        node.event("no-such-order").await;
        node.deliver().await;
        node.room.test(&acme(), &made.endpoint.id).await.unwrap();
        node.deliver().await;
        let heard = receiver.heard();
        let mut topics = Vec::new();
        for one in &heard {
            assert_eq!(one.field("content-type"), "application/x-www-form-urlencoded");
            let form: HashMap<String, String> = url::form_urlencoded::parse(&one.body).into_owned().collect();
            assert!(secret.verify("", &[("message", form["message"].as_str())], &form["_aop_signature"]));
            let message: serde_json::Value = serde_json::from_str(&form["message"]).unwrap();
            topics.push(message["type"].as_str().unwrap().to_owned());
        }
        topics.sort();
        assert_eq!(topics, ["ORDER_BUYER_VIEW_BUYER_MAKE", "ORDER_BUYER_VIEW_ORDER_PAY", "WEBHOOK_TEST"]);
        let log = node.deliveries(&made.endpoint.id).await;
        assert!(log.iter().all(|delivery| delivery.state == DeliveryState::Delivered), "{log:?}");
        let wordless = log.iter().find(|delivery| delivery.subject == "no-such-order").unwrap();
        assert!(wordless.attempts[0].problem.as_deref().unwrap().contains("nothing was sent"));
    }
}

#[tokio::test]
async fn an_endpoint_of_the_older_protocol_needs_an_app_that_counts() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        let url = receiver.url("/");
        let (app, _) = with_app(&mut node).await;
        let refused = async |room: &Webhooks, format, app: Option<&str>| {
            let draft = Draft { format, app: app.map(str::to_owned), ..everything(&url) };
            room.create(&acme(), draft).await.unwrap_err().places()[0].pointer.clone()
        };
        for (format, app) in
            [(Format::Aop, None), (Format::Aop, Some("1234567")), (Format::Standard, Some(app.as_str()))]
        {
            assert_eq!(refused(&node.room, format, app).await, "#/app_key");
        }
        let draft = Draft { format: Format::Aop, app: Some(app.clone()), ..everything(&url) };
        let made = node.room.create(&acme(), draft).await.unwrap();
        let directory = node.room.apps.clone().unwrap();
        directory.suspend_app("test", &app, "").await.unwrap();
        assert_eq!(refused(&node.room, Format::Aop, Some(&app)).await, "#/app_key");
        node.event("a").await;
        node.deliver().await;
        let delivery = node.deliveries(&made.endpoint.id).await.remove(0);
        assert_eq!(delivery.state, DeliveryState::Pending);
        assert!(delivery.attempts[0].problem.as_deref().unwrap().contains("does not count now"));
        directory.resume_app("test", &app).await.unwrap();
        assert!(receiver.heard().is_empty());
    }
}
