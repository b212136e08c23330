//! Inquiries: asked once, answered by rules, talked about, and ordered at the quoted price.

use serde_json::{Value, json};

use super::Sandbox;

impl Sandbox {
    /// A variant of goods that are sold one by one, and what its list says for so many.
    async fn listed(&self, quantity: i64) -> (Value, Value) {
        let found = self.get("/goods/search?pageSize=50&sort=sold_desc").await;
        for brief in found["items"].as_array().unwrap() {
            let detail = self.get(&format!("/goods/{}", brief["goodsId"])).await;
            let least = detail["beginAmount"].as_i64().unwrap();
            let stock = detail["skus"][0]["stock"].as_i64().unwrap();
            let restricted = detail["restrictedCountries"].as_array().is_some_and(|all| !all.is_empty());
            if detail["batchAmount"].is_null() && least <= quantity && stock > 3 * quantity && !restricted {
                let seller = json!({"sellerId": detail["sellerId"], "skuId": detail["skus"][0]["skuId"]});
                let lines = json!([{"skuId": seller["skuId"], "quantity": quantity}]);
                let asked = json!({"lines": lines, "warehouseCode": "YW01", "destCountry": "JP"});
                return (seller, self.post("/trade/preview", asked).await["groups"][0].clone());
            }
        }
        unreachable!("the sandbox has no plain goods")
    }

    async fn asked(&self, out_ref: &str, seller: &Value, quantity: i64) -> Value {
        self.post("/trade/inquiries", wanted(out_ref, seller, quantity)).await
    }

    async fn sellers(&self, inquiry: &Value, body: Value) -> Value {
        self.post(&format!("/control/inquiries/{}", inquiry["inquiryNo"]), body).await
    }
}

fn wanted(out_ref: &str, seller: &Value, quantity: i64) -> Value {
    json!({
        "outRef": out_ref, "partnerCode": "acme", "destCountry": "JP", "warehouseCode": "YW01", "quantity": quantity,
        "specification": "按样品", "sellers": [seller],
    })
}

fn order(out_ref: &str, inquiry: &Value) -> Value {
    let quotation = &inquiry["sellers"][0]["quotation"];
    let lines = json!([{
        "skuId": quotation["skuId"], "quantity": quotation["quantity"], "unitPriceFen": quotation["unitPriceFen"],
    }]);
    json!({
        "outRef": out_ref, "partnerCode": "acme", "channel": "CROSS_BORDER", "destCountry": "JP",
        "warehouseCode": "YW01", "sellerId": inquiry["sellers"][0]["sellerId"], "lines": lines,
        "freightFen": quotation["freightFen"], "totalFen": quotation["totalFen"],
        "quotationNo": quotation["quotationNo"],
    })
}

#[tokio::test]
async fn an_inquiry_sent_twice_is_opened_once() {
    let sandbox = Sandbox::open().await;
    let (seller, _) = sandbox.listed(60).await;
    let first = sandbox.asked("I-1", &seller, 60).await;
    let again = sandbox.asked("I-1", &seller, 60).await;
    assert_eq!((&again["inquiryNo"], &again["replayed"]), (&first["inquiryNo"], &json!(true)));
    let (code, facts) = sandbox.refused("/trade/inquiries", wanted("I-1", &seller, 61)).await;
    assert_eq!((code.as_str(), &facts["inquiryNo"]), ("OUT_REF_CONFLICT", &first["inquiryNo"]));
    let (code, facts) = sandbox.refused("/trade/inquiries", wanted("I-2", &json!({"sellerId": 1}), 60)).await;
    assert_eq!((code.as_str(), &facts["param"]), ("SELLER_NOT_FOUND", &json!("sellers[0].sellerId")));
    let told = sandbox.get("/changes?kinds=inquiry").await;
    assert_eq!(told["items"].as_array().unwrap().len(), 1);
    assert_eq!((&told["items"][0]["outRef"], &told["items"][0]["status"]), (&json!("I-1"), &json!("open")));
}

#[tokio::test]
async fn a_quotation_is_ordered_at_its_price_and_ends_the_inquiry() {
    let sandbox = Sandbox::open().await;
    let (seller, list) = sandbox.listed(60).await;
    let inquiry = sandbox.asked("I-1", &seller, 60).await;
    let quoted = sandbox.sellers(&inquiry, json!({"do": "quote", "priceFen": 77})).await;
    assert_ne!(list["lines"][0]["unitPriceFen"], 77);
    let mut dearer = order("O-1", &quoted);
    dearer["lines"][0]["unitPriceFen"] = json!(78);
    let (code, facts) = sandbox.refused("/trade/orders", dearer).await;
    assert_eq!((code.as_str(), &facts["lines"][0]["unitPriceFen"]), ("PRICE_CHANGED", &json!(77)));
    let placed = sandbox.post("/trade/orders", order("O-1", &quoted)).await;
    assert_eq!((&placed["goodsFen"], &placed["status"]), (&json!(60 * 77), &json!("waitbuyerpay")));
    let again = sandbox.post("/trade/orders", order("O-1", &quoted)).await;
    assert_eq!((&again["orderNo"], &again["replayed"]), (&placed["orderNo"], &json!(true)));
    let (code, facts) = sandbox.refused("/trade/orders", order("O-2", &quoted)).await;
    assert_eq!((code.as_str(), &facts["status"]), ("QUOTATION_CLOSED", &json!("ordered")));
    let ended = sandbox.get(&format!("/trade/inquiries/{}", inquiry["inquiryNo"])).await;
    assert_eq!((&ended["status"], &ended["orderOutRef"]), (&json!("ordered"), &json!("O-1")));
}

#[tokio::test]
async fn a_counter_offer_makes_the_quotation_before_void() {
    let sandbox = Sandbox::open().await;
    let (seller, _) = sandbox.listed(60).await;
    let inquiry = sandbox.asked("I-1", &seller, 60).await;
    let quoted = sandbox.sellers(&inquiry, json!({"do": "quote", "priceFen": 500})).await;
    let path = format!("/trade/inquiries/{}/counter", inquiry["inquiryNo"]);
    let number = &quoted["sellers"][0]["quotation"]["quotationNo"];
    let counter = json!({"outRef": "C-1", "quotationNo": number, "targetPriceFen": 450});
    let countered = sandbox.post(&path, counter.clone()).await;
    assert_eq!(countered["sellers"][0]["status"], "countered");
    assert_eq!(sandbox.post(&path, counter.clone()).await["version"], countered["version"], "said again: the same");
    let mut other = counter.clone();
    other["targetPriceFen"] = json!(440);
    assert_eq!(sandbox.refused(&path, other).await.0, "OUT_REF_CONFLICT");
    let newer = sandbox.sellers(&inquiry, json!({"do": "quote", "priceFen": 460})).await;
    assert_ne!(&newer["sellers"][0]["quotation"]["quotationNo"], number);
    let (code, facts) = sandbox.refused("/trade/orders", order("O-1", &quoted)).await;
    assert_eq!((code.as_str(), &facts["status"]), ("QUOTATION_CLOSED", &json!("superseded")));
    let mut late = counter;
    late["outRef"] = json!("C-2");
    assert_eq!(sandbox.refused(&path, late).await.0, "QUOTATION_CLOSED");
}

#[tokio::test]
async fn who_withdraws_gets_nothing_any_more() {
    let sandbox = Sandbox::open().await;
    let (seller, _) = sandbox.listed(60).await;
    let inquiry = sandbox.asked("I-1", &seller, 60).await;
    let quoted = sandbox.sellers(&inquiry, json!({"do": "quote", "priceFen": 500})).await;
    let path = format!("/trade/inquiries/{}/withdraw", inquiry["inquiryNo"]);
    for _ in 0..2 {
        assert_eq!(sandbox.post(&path, json!({})).await["status"], "withdrawn");
    }
    let (code, facts) = sandbox.refused("/trade/orders", order("O-1", &quoted)).await;
    assert_eq!((code.as_str(), &facts["status"]), ("QUOTATION_CLOSED", &json!("closed")));
    let other = json!({"do": "answer"});
    assert_eq!(
        sandbox.refused(&format!("/control/inquiries/{}", inquiry["inquiryNo"]), other).await.0,
        "STATUS_NOT_ALLOWED"
    );
}
