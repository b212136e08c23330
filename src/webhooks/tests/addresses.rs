//! Where deliveries may go, whatever a name leads to by then.

use super::{Receiver, acme, everything, nodes, settings};
use crate::error::{Code, Failure};
use crate::model::webhook::{DeliveryState, EndpointState};
use crate::webhooks::{Dispatcher, EndpointChange, Error, Settings};

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for mut node in nodes(settings()).await {
        let (receiver, elsewhere) = (Receiver::open().await, Receiver::open().await);
        for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
            receiver.answers(status, &format!("location: {}\r\n", elsewhere.url("/")));
            let made = node.endpoint(&receiver.url("/")).await;
            node.event("a").await;
            node.deliver().await;
            let delivery = node.deliveries(&made.endpoint.id).await.remove(0);
            assert_eq!(delivery.state, DeliveryState::Pending);
            assert!(delivery.attempts[0].problem.as_deref().unwrap().contains("redirects are not followed"));
            node.room.delete(&acme(), &made.endpoint.id).await.unwrap();
        }
        assert_eq!((receiver.heard().len(), elsewhere.heard().len()), (4, 0));
    }
}

#[tokio::test]
async fn a_closed_address_is_refused_when_an_endpoint_is_made_changed_or_enabled() {
    for node in nodes(Settings { allow_networks: Vec::new(), ..settings() }).await {
        node.names.change("shop.example", vec!["93.184.216.34".parse().unwrap()]);
        node.names.change("inside.example", vec!["10.1.2.3".parse().unwrap()]);
        let refused = |error: Error| {
            assert_eq!(error.code(), Code::InvalidRequest, "{error}");
            assert_eq!(error.places()[0].pointer, "#/url");
        };
        for url in ["https://inside.example/", "https://127.0.0.1/", "https://169.254.169.254/", "http://shop.example/"]
        {
            let draft = everything(url);
            refused(node.room.create(&acme(), draft).await.unwrap_err());
        }
        let made = node.endpoint("https://shop.example/").await;
        let change = EndpointChange { url: Some("https://inside.example/".into()), ..Default::default() };
        refused(node.room.change(&acme(), &made.endpoint.id, change).await.unwrap_err());
        let stop = EndpointChange { state: Some(EndpointState::Disabled), ..Default::default() };
        node.room.change(&acme(), &made.endpoint.id, stop).await.unwrap();
        node.names.change("shop.example", vec!["10.1.2.3".parse().unwrap()]);
        refused(node.room.enable(&acme(), &made.endpoint.id).await.unwrap_err());
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_by_the_time_of_the_delivery_is_not_called() {
    for mut node in nodes(Settings { allow_networks: Vec::new(), ..settings() }).await {
        let inside = Receiver::open().await;
        node.names.change("shop.example", vec!["93.184.216.34".parse().unwrap()]);
        let made = node.endpoint(&format!("https://shop.example:{}/", inside.at.port())).await;
        let both = vec!["93.184.216.34".parse().unwrap(), inside.at.ip()];
        for (subject, addresses) in [("a", vec![inside.at.ip()]), ("b", both)] {
            node.names.change("shop.example", addresses);
            node.event(subject).await;
            node.deliver().await;
            let delivery = node.deliveries(&made.endpoint.id).await.remove(0);
            let problem = delivery.attempts.last().unwrap().problem.clone().unwrap();
            assert!(problem.contains("127.0.0.1, which may not be called"), "{problem}");
            node.clock.advance_ms(10_000);
        }
        assert!(inside.heard().is_empty());
    }
}

#[tokio::test]
async fn without_tls_only_allowed_networks_are_called_even_if_the_name_moves() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        node.names.change("shop.example", vec![receiver.at.ip()]);
        let made = node.endpoint(&format!("http://shop.example:{}/", receiver.at.port())).await;
        node.event("a").await;
        node.deliver().await;
        assert_eq!(receiver.heard().len(), 1);
        // What is kept alive was judged when it was opened; a new connection is judged anew.
        node.dispatcher = Dispatcher::new(node.room.clone()).unwrap();
        node.names.change("shop.example", vec!["93.184.216.34".parse().unwrap()]);
        node.event("b").await;
        node.deliver().await;
        let delivery = node.deliveries(&made.endpoint.id).await.remove(0);
        let problem = delivery.attempts[0].problem.clone().unwrap();
        assert!(problem.contains("93.184.216.34, which may not be called"), "{problem}");
    }
}
