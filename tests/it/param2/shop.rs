//! What a trader buys: a cart that can be had now, the same asked of both faces.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{House, Partner};
use crate::param2::trader::Trader;

pub const TRADE: &str = "com.alibaba.trade";
pub const LOGISTICS: &str = "com.alibaba.logistics";

/// Both faces of one partner, and something to buy.
pub struct Shop {
    pub partner: Partner,
    pub trader: Trader,
    /// What the newer face quotes for it.
    pub quote: Value,
    pub cargo: String,
    pub address: String,
}

/// `specId` of a variant.
pub fn spec(sku: &Value) -> String {
    format!("{:032x}", sku.as_str().unwrap().parse::<u64>().unwrap())
}

impl Shop {
    pub async fn open(house: &House, name: &str) -> Self {
        let (partner, trader) = (house.partner(name).await, house.trader(name).await);
        let quote = partner.quote().await;
        let line = &quote["lines"][0];
        let cargo = json!([{"specId": spec(&line["sku_id"]), "quantity": line["quantity"].as_f64().unwrap()}]);
        let saved = trader.told(TRADE, "alibaba.trade.receiveAddress.get", &[]).await;
        let items = saved["result"]["receiveAddressItems"].as_array().unwrap().clone();
        let sites = partner.get("/v1/warehouses").await.json();
        let is_it = |site: &&Value| site["code"] == quote["warehouse"];
        let code = sites["items"].as_array().unwrap().iter().find(is_it).unwrap()["region_code"].clone();
        let address = items.iter().find(|item| item["addressCode"] == code).unwrap();
        let address = json!({"addressId": address["id"]}).to_string();
        Self { partner, trader, quote, cargo: cargo.to_string(), address }
    }

    /// The parameters of an order; what is given takes the place of the usual.
    pub fn order<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut all =
            vec![("flow", "general"), ("addressParam", self.address.as_str()), ("cargoParamList", self.cargo.as_str())];
        all.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        all.extend_from_slice(more);
        all
    }

    pub async fn ask(&self, api: &str, parameters: &[(&str, &str)]) -> Value {
        self.trader.told(TRADE, api, parameters).await
    }

    /// Orders, and gives the number.
    pub async fn ordered(&self, reference: &str) -> String {
        let told = self.ask("alibaba.trade.createCrossOrder", &self.order(&[("outOrderId", reference)])).await;
        assert_eq!(told["success"], true, "{told}");
        told["result"]["orderId"].as_str().unwrap().to_owned()
    }

    /// The same, debited.
    pub async fn paid(&self, reference: &str) -> String {
        let number = self.ordered(reference).await;
        let told = self.debit(&number, json!({})).await;
        assert_eq!(told["result"]["result"]["paySuccess"], true, "{told}");
        number
    }

    pub async fn debit(&self, number: &str, more: Value) -> Value {
        let mut parameter = json!({"orderId": number.parse::<i64>().unwrap()});
        for (name, value) in more.as_object().unwrap() {
            parameter[name] = value.clone();
        }
        let parameter = parameter.to_string();
        self.ask("alibaba.trade.pay.protocolPay.preparePay", &[("tradeWithholdPreparePayParam", &parameter)]).await
    }

    /// The order as the newer face tells it.
    pub async fn newer(&self, reference: &str) -> Value {
        self.partner.get(&format!("/v1/orders/by-reference/{reference}")).await.json()
    }

    pub async fn view(&self, number: &str) -> Value {
        self.ask("alibaba.trade.get.buyerView", &[("webSite", "1688"), ("orderId", number)]).await
    }

    /// The order once the older face tells this status.
    pub async fn view_in(&self, number: &str, status: &str) -> Value {
        for _ in 0..200 {
            let told = self.view(number).await;
            if told["result"]["baseInfo"]["status"] == status {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the order never became {status}");
    }

    /// Numbers of the order's lines, as a parameter.
    pub async fn entries(&self, number: &str) -> String {
        let told = self.view(number).await;
        let items = told["result"]["productItems"].as_array().unwrap().clone();
        Value::from_iter(items.iter().map(|item| item["subItemID"].clone())).to_string()
    }
}

/// Moves an order on at the catalogue.
pub async fn advance(house: &House, number: &str, to: &str) {
    let number: i64 = number.parse().unwrap();
    house.tell_catalogue("/control/advance", json!({"orderNo": number, "to": to})).await;
}
