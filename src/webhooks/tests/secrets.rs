//! The secrets that deliveries are signed with: during a rotation, and at rest.

use super::{Receiver, acme, nodes, settings};
use crate::partners::{MasterKeys, Sealer};
use crate::signing::webhook::WebhookSecret;
use crate::webhooks::{Dispatcher, Webhooks};

#[tokio::test]
async fn for_a_day_after_a_rotation_either_secret_verifies() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        let made = node.endpoint(&receiver.url("/")).await;
        let rotated = node.room.rotate(&acme(), &made.endpoint.id).await.unwrap();
        assert_ne!(made.secret, rotated.secret);
        node.event("a").await;
        node.deliver().await;
        node.clock.advance_ms(86_400_000);
        node.event("b").await;
        node.deliver().await;
        let heard = receiver.heard();
        assert_eq!(heard[0].field("webhook-signature").split(' ').count(), 2);
        assert!(heard[0].is_by(&made.secret) && heard[0].is_by(&rotated.secret));
        assert!(!heard[1].is_by(&made.secret) && heard[1].is_by(&rotated.secret));
    }
}

#[tokio::test]
async fn secrets_are_sealed_at_rest_and_follow_the_newest_master_key() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        let made = node.endpoint(&receiver.url("/")).await;
        let secret = WebhookSecret::parse(&made.secret).unwrap();
        let row = node.house.sql.fetch_optional("SELECT * FROM webhook_endpoints", vec![]).await.unwrap().unwrap();
        let kept = [row.bytes("sealed_secret").unwrap(), row.bytes("wrapped_key").unwrap()].concat();
        assert!(!kept.windows(8).any(|eight| secret.bytes().starts_with(eight)));
        let old = MasterKeys::generate(1).unwrap();
        let both = MasterKeys::parse(&format!("{}\n{}", *old, *MasterKeys::generate(2).unwrap())).unwrap();
        let other = Sealer::new(MasterKeys::parse(&old).unwrap());
        assert!(
            Webhooks { sealer: other.clone(), ..node.room.clone() }.rewrap_secrets().await.is_ok(),
            "nothing to do"
        );
        node.room.sealer = other;
        let made = node.endpoint(&receiver.url("/new")).await;
        node.room.delete(&acme(), &node.room.list(&acme()).await.unwrap()[0].id).await.unwrap();
        node.room.rotate(&acme(), &made.endpoint.id).await.unwrap();
        node.room.sealer = Sealer::new(both);
        assert_eq!(node.room.rewrap_secrets().await.unwrap(), 1);
        assert_eq!(node.room.rewrap_secrets().await.unwrap(), 0);
        node.dispatcher = Dispatcher::new(node.room.clone()).unwrap();
        node.event("a").await;
        node.deliver().await;
        assert!(receiver.heard()[0].is_by(&made.secret), "both secrets open under the new master key");
    }
}
