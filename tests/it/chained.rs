//! Two gateways in a row: partner → gateway → older protocol → gateway → catalogue. What the partner of the first one sees
//! is what a partner of the second one sees, as far as the protocol between them can carry it; and where it cannot, that
//! is told.

use serde_json::{Value, json};

use crate::harness::{House, Partner, plain, problem};
use crate::orders::held;

const CUPS: &str = "q=%E6%9D%AF";

/// A house through the older protocol, its partner, and one at the gateway behind.
async fn chain() -> (House, Partner, Partner) {
    let house = House::through_1688(&[]).await;
    let far = house.partner("acme").await;
    let near = near(&house).await;
    (house, far, near)
}

/// A partner of the gateway behind.
async fn near(house: &House) -> Partner {
    let behind = &house.behind.as_ref().unwrap().running;
    let directory = &behind.house.directory;
    let id = "near".parse().unwrap();
    let new = xunyuan::partners::NewPartner {
        id,
        name: "near".to_owned(),
        country: "JP".to_owned(),
        plan: "enterprise".to_owned(),
    };
    directory.create_partner("test", new).await.unwrap();
    let policy = xunyuan::partners::KeyPolicy {
        mode: xunyuan::model::partner::Mode::Sandbox,
        scopes: xunyuan::model::partner::Scopes::all(),
        allowed: Vec::new(),
        expires_at: None,
    };
    let material = xunyuan::partners::Material::SharedSecret;
    let issued = directory.issue_key("test", &"near".parse().unwrap(), policy, material).await.unwrap();
    let partner = house.signed(issued.key_id.to_string(), issued.secret.unwrap().expose().to_owned());
    crate::nodes::at(behind.address, &partner, &house.clock)
}

async fn told(partner: &Partner, path: &str) -> Value {
    let answer = partner.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.json());
    answer.json()
}

/// A value without who translated it: what the gateway behind filled in, the catalogue said as far as the first one knows.
fn said(value: Option<&Value>) -> Value {
    match value {
        Some(Value::Object(members)) => {
            let told = members.iter().filter(|(name, _)| !name.ends_with("_origin"));
            told.map(|(name, value)| (name.clone(), said(Some(value)))).collect()
        }
        Some(Value::Array(items)) => items.iter().map(|item| said(Some(item))).collect(),
        other => other.cloned().unwrap_or_default(),
    }
}

/// The same members of both.
fn same(far: &Value, near: &Value, members: &[&str]) {
    for member in members {
        assert_eq!(said(far.pointer(member)), said(near.pointer(member)), "{member} of {far}");
    }
}

const BRIEF: &[&str] = &[
    "/id",
    "/title",
    "/category_id",
    "/supplier/id",
    "/supplier/name_original",
    "/price/from",
    "/minimum_order",
    "/unit",
    "/sold_30d",
    "/sold_7d",
    "/repurchase_rate",
    "/rating",
    "/one_piece",
    "/listed_at",
    "/updated_at",
];
const WHOLE: &[&str] = &[
    "/id",
    "/title",
    "/description",
    "/category_id",
    "/supplier/id",
    "/supplier/name_original",
    "/price",
    "/minimum_order",
    "/order_multiple",
    "/unit",
    "/attributes",
    "/price_tiers",
    "/skus",
    "/weight_g",
    "/size_mm",
    "/listed_at",
];

#[actix_web::test]
async fn a_search_and_its_offers_are_those_of_the_gateway_behind() {
    let (house, far, near) = chain().await;
    let path = format!("/v1/offers?{CUPS}&limit=10&language=ja&currency=JPY");
    let (over, direct) = (told(&far, &path).await, told(&near, &path).await);
    assert_eq!(over["total"], direct["total"]);
    let (over, direct) = (over["items"].as_array().unwrap(), direct["items"].as_array().unwrap());
    assert!(!over.is_empty() && over.len() == direct.len());
    for (far, near) in over.iter().zip(direct) {
        same(far, near, BRIEF);
    }
    for offer in over.iter().take(4) {
        let path = format!("/v1/offers/{}?language=ja&currency=JPY", offer["id"].as_str().unwrap());
        same(&told(&far, &path).await, &told(&near, &path).await, WHOLE);
    }
    house.close().await;
}

#[actix_web::test]
async fn pages_filters_and_sorts_of_a_search_are_carried() {
    let (house, far, near) = chain().await;
    for more in [
        "sort=price_asc&limit=5",
        "sort=sold&limit=5",
        "one_piece=true&limit=5",
        "ships_within=48&limit=5",
        "price_min=3&price_max=20&currency=CNY&limit=5",
        "sold_30d_min=100&limit=5",
        "badge=powerful_merchant&limit=5",
        "ship_to=JP&limit=5",
    ] {
        let path = format!("/v1/offers?{CUPS}&{more}");
        let (over, direct) = (told(&far, &path).await, told(&near, &path).await);
        let ids = |page: &Value| -> Vec<String> {
            page["items"].as_array().unwrap().iter().map(|one| one["id"].to_string()).collect()
        };
        assert_eq!(ids(&over), ids(&direct), "{more}");
        if let (Some(over), Some(direct)) = (over["next_cursor"].as_str(), direct["next_cursor"].as_str()) {
            let (over, direct) = (format!("{path}&cursor={over}"), format!("{path}&cursor={direct}"));
            assert_eq!(ids(&told(&far, &over).await), ids(&told(&near, &direct).await), "the next page of {more}");
        }
    }
    house.close().await;
}

#[actix_web::test]
async fn categories_batches_lists_pictures_and_sellers_come_through() {
    let (house, far, near) = chain().await;
    let plain_tree = |tree: &Value| -> Vec<(String, String, String)> {
        let one = |one: &Value| (one["id"].to_string(), one["parent_id"].to_string(), one["name"].to_string());
        let mut all: Vec<_> = tree["items"].as_array().unwrap().iter().map(one).collect();
        all.sort();
        all
    };
    let path = "/v1/categories?language=en";
    assert_eq!(plain_tree(&told(&far, path).await), plain_tree(&told(&near, path).await));
    let found = told(&far, &format!("/v1/offers?{CUPS}&limit=5")).await;
    let ids: Vec<_> =
        found["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    let category = &found["items"][0]["category_id"];
    let path = format!("/v1/categories/{}?language=en", category.as_str().unwrap());
    let (over, direct) = (told(&far, &path).await, told(&near, &path).await);
    same(&over, &direct, &["/id", "/name", "/parent_id"]);
    let count = |one: &Value| one["attributes"].as_array().map(Vec::len);
    assert_eq!(count(&over), count(&direct));
    let mut asked = ids.clone();
    asked.push("600000000000".to_owned());
    let batch = far.post("/v1/offers/batch", json!({"offer_ids": asked})).await.json();
    assert_eq!(batch["items"].as_array().unwrap().len(), ids.len(), "{batch}");
    assert_eq!(batch["problems"][0]["code"], "offer_not_found", "{batch}");
    for path in [format!("/v1/offers/{}/related?limit=7", ids[0]), "/v1/rankings?by=sold&limit=8".to_owned()] {
        let (over, direct) = (told(&far, &path).await, told(&near, &path).await);
        let (over, direct) = (over["items"].as_array().unwrap(), direct["items"].as_array().unwrap());
        assert!(over.len() == direct.len() && !over.is_empty(), "{path}");
        over.iter()
            .zip(direct)
            .for_each(|(far, near)| same(far, near, &["/id", "/title", "/price/from", "/supplier/id"]));
    }
    let seller = found["items"][0]["supplier"]["id"].as_str().unwrap();
    let path = format!("/v1/suppliers/{seller}?language=zh");
    same(&told(&far, &path).await, &told(&near, &path).await, &["/id", "/name_original"]);
    let trend = format!("/v1/offers/{}/trends", ids[0]);
    let (over, direct) = (told(&far, &trend).await, told(&near, &trend).await);
    let sold = |trend: &Value| trend["days"].as_array().unwrap().last().unwrap()["sold"].clone();
    assert_eq!(sold(&over), sold(&direct), "{over}");
    let behind = house.behind.as_ref().unwrap().running.address;
    let picture = async |base: String| {
        let url = format!("{base}/pictures/{}.png?size=480&mode=sandbox", ids[0]);
        let answer = plain().get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap())
    };
    let (status, bytes) = picture(house.url("")).await;
    assert!(status == 200 && bytes.starts_with(b"\x89PNG"), "{status}");
    assert_eq!(picture(format!("http://{behind}")).await.0, 200);
    house.close().await;
}

#[actix_web::test]
async fn what_the_protocol_cannot_carry_is_told_as_not_offered() {
    let (house, far, _) = chain().await;
    for (path, says) in [
        ("/v1/offers?limit=5".to_owned(), "words"),
        (format!("/v1/offers?{CUPS}&facets=true"), "facets"),
        (format!("/v1/offers?{CUPS}&sort=newest"), "sort"),
        (format!("/v1/offers?{CUPS}&factory=true"), "factory"),
        ("/v1/rankings?by=rising".to_owned(), "by=sold"),
        ("/v1/pools".to_owned(), "pool"),
        ("/v1/trends/keywords".to_owned(), "keywords"),
    ] {
        let answer = far.get(&path).await;
        assert_eq!((answer.status, problem(&answer).as_str()), (501, "upstream_not_offered"), "{path}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(says), "{path}: {detail}");
    }
    let found = told(&far, &format!("/v1/offers?{CUPS}&limit=1")).await;
    let body = json!({
        "reference": "RFQ-1", "suppliers": [{"supplier_id": found["items"][0]["supplier"]["id"]}], "quantity": 100,
        "specification": "白色", "ship_to_country": "JP", "currency": "JPY",
    });
    let inquiry = far.post_once("/v1/inquiries", "inquiry-1", body).await;
    let order = far.order("PO-1").await.json();
    let paid = far.post_once("/v1/payments", "pay-PO-1", json!({"order_ids": [order["id"]], "method": "debit"})).await;
    assert_eq!(paid.json()["state"], "paid", "{}", paid.json());
    let body = json!({"reference": "CO-1", "order_ids": [order["id"]], "operated_by": "warehouse"});
    let consignment = far.post_once("/v1/consignments", "consign-1", body).await;
    for (answer, says) in [(inquiry, "Inquiries"), (consignment, "Consignments")] {
        assert_eq!((answer.status, problem(&answer).as_str()), (501, "upstream_not_offered"), "{}", answer.json());
        assert!(answer.json()["detail"].as_str().unwrap().contains(says), "{}", answer.json());
    }
    house.close().await;
}

macro_rules! through {
    ($( $name:ident )*) => { $(
        #[actix_web::test]
        async fn $name() {
            held::$name(House::through_1688(&[]).await).await;
        }
    )* };
}

through! {
    an_order_sent_twice_is_placed_once_and_answered_identically
    an_order_is_followed_until_the_partner_confirms_its_receipt
    a_price_that_changed_since_the_quote_is_told_with_the_new_figures
    an_unpaid_order_is_cancelled_and_a_paid_one_is_not
    orders_of_others_and_of_the_other_world_are_not_there
    lines_are_ordered_in_one_step_and_a_quote_says_which_of_them_went_where
}

#[actix_web::test]
async fn money_is_asked_back_and_given_back_through_both() {
    let house = House::through_1688(&[]).await;
    let partner = house.partner("acme").await;
    let order = partner.order("PO-1").await.json();
    let id = order["id"].as_str().unwrap();
    let paid = partner.post_once("/v1/payments", "pay-PO-1", json!({"order_ids": [id], "method": "debit"})).await;
    assert_eq!(paid.json()["state"], "paid", "{}", paid.json());
    let reasons = told(&partner, &format!("/v1/orders/{id}/refund-reasons?type=money")).await;
    assert_eq!(reasons["max_refundable"]["amount"], order["payment"]["amount"]["cny"], "{reasons}");
    let reason = reasons["items"].as_array().unwrap().iter().find(|one| one["voucher_required"] == false).unwrap();
    let line = &order["lines"][0];
    let body = json!({
        "reference": "RF-1", "order_id": id, "type": "money", "reason": reason["code"],
        "amount": reasons["max_refundable"], "freight": reasons["max_freight"], "description": "不想要了",
        "lines": [{"sku_id": line["sku_id"], "quantity": line["quantity"]}],
    });
    let asked = partner.post_once("/v1/refunds", "refund-RF-1", body.clone()).await;
    assert_eq!(asked.status, 201, "{}", asked.json());
    let refund = asked.json();
    assert_eq!((&refund["state"], &refund["description"]), (&json!("requested"), &json!("不想要了")), "{refund}");
    assert_eq!(partner.post_once("/v1/refunds", "refund-RF-1", body).await.body, asked.body);
    let number = refund["catalogue_refund_id"].as_str().unwrap();
    house.tell_catalogue(&format!("/control/refunds/{number}"), json!({"do": "agree"})).await;
    let path = format!("/v1/refunds/{}", refund["id"].as_str().unwrap());
    for _ in 0..400 {
        let now = told(&partner, &path).await;
        if now["state"] == "succeeded" {
            assert_eq!(now["agreed_amount"], reasons["max_refundable"], "{now}");
            return house.close().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("never given back: {}", told(&partner, &path).await);
}
