//! A node that dies, one that stays, the order they are asked for, and what must hold of it in the end.

use serde_json::{Value, json};
use xunyuan::clock::Clock;
use xunyuan::commands::client::Answer;

use crate::harness::{House, Partner};
use crate::nodes::{Process, Wire, at, until};

/// Longer than any lease of the default settings.
pub const LEASE_MS: i64 = 31_000;

/// A node that is about to die, one that stays, and an order that one of them is asked for.
pub struct Scene {
    pub house: House,
    /// The partner as the node that stays sees it.
    pub partner: Partner,
    pub wire: Wire,
    pub node: Process,
    body: Value,
}

impl Scene {
    pub async fn open() -> Self {
        // The node that stays must not settle by itself what a test looks at; its reconciler wakes when its clock is set.
        let house = House::with(&[("ORDERS__FOLLOW_MS", "60000")]).await;
        let partner = house.partner("acme").await;
        // A first order ends the question about changes that is under way; the next one is a minute off.
        assert_eq!(partner.order("PO-0").await.status, 201);
        let wire = Wire::to(&house).await;
        let node = Process::start(&house, &wire).await;
        let body = json!({"reference": "PO-1", "quote_id": partner.quote().await["id"]});
        Self { house, partner, wire, node, body }
    }

    /// The order, asked for at the node that dies.
    pub async fn ask(&self) -> Answer {
        let there = at(self.node.address, &self.partner, &Clock::System);
        there.post_once("/v1/orders", "key-po-1", self.body.clone()).await
    }

    /// The order, asked for at the node that stays.
    pub async fn repeat(&self) -> Answer {
        self.partner.post_once("/v1/orders", "key-po-1", self.body.clone()).await
    }

    pub async fn order(&self) -> Answer {
        self.partner.get("/v1/orders/by-reference/PO-1").await
    }

    pub async fn is(&self, state: &str) -> bool {
        let order = self.order().await;
        order.status == 200 && order.json()["state"] == state
    }

    /// The order as it stands once it is settled: it must be at the catalogue once, with the same content.
    pub async fn ends_well(self) {
        self.house.clock.advance_ms(LEASE_MS);
        until("the order is settled", async || self.is("awaiting_payment").await).await;
        is_there_once(&self.house, &self.order().await.json()).await;
        assert_eq!(created(&self.house).await, 2, "PO-0 and PO-1");
        self.house.close().await;
    }
}

pub async fn ask_catalogue(house: &House, path: &str) -> Value {
    let url = format!("{}{path}", house.catalogue.url());
    let asked = crate::harness::plain().get(url).header("x-internal-token", &house.catalogue.token);
    asked.send().await.unwrap().json().await.unwrap()
}

/// How many orders the catalogue made.
pub async fn created(house: &House) -> i64 {
    ask_catalogue(house, "/control/stats").await["data"]["ordersCreated"].as_i64().unwrap()
}

/// The catalogue has this order, with the content that the partner was told.
pub async fn is_there_once(house: &House, order: &Value) {
    let id = order["id"].as_str().unwrap();
    let there = ask_catalogue(house, &format!("/trade/orders/byOutRef?partnerCode=acme&outRef={id}")).await;
    let there = &there["data"];
    assert_eq!(there["orderNo"].to_string(), order["catalogue_order_id"].as_str().unwrap(), "{order}");
    assert_eq!(there["lines"][0]["skuId"].to_string(), order["lines"][0]["sku_id"].as_str().unwrap());
    assert_eq!(there["lines"][0]["quantity"], order["lines"][0]["quantity"]);
    assert_eq!((there["channel"].as_str(), there["destCountry"].as_str()), (Some("CROSS_BORDER"), Some("JP")));
    let fen = order["total"]["cny"].as_str().or(order["total"]["amount"].as_str()).unwrap().replace('.', "");
    assert_eq!(there["totalFen"].to_string(), fen, "{order}");
}

pub fn states(order: &Value) -> Vec<String> {
    let events = order["events"].as_array().unwrap();
    events.iter().map(|event| event["state"].as_str().unwrap().to_owned()).collect()
}
