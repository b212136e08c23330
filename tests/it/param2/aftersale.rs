//! Refunds and parcels as older clients deal with them, each effect looked for behind the newer face.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::House;
use crate::param2::shapes::hold;
use crate::param2::shop::{LOGISTICS, Shop, TRADE, advance};
use crate::param2::trade_shapes as shape;
use crate::param2::trader::{Said, XB};

const UNSENT: &str = "refundWaitSellerSend";
const RECEIVED: &str = "refundBuyerReceived";

/// The number of the first reason that has this name.
async fn reason(shop: &Shop, number: &str, goods: &str, name: &str) -> String {
    let entries = shop.entries(number).await;
    let asked = [("orderId", number), ("orderEntryIds", entries.as_str()), ("goodsStatus", goods)];
    let told = shop.ask("alibaba.trade.getRefundReasonList", &asked).await;
    hold(&told, shape::REASONS);
    let reasons = told["result"]["result"]["reasons"].as_array().unwrap().clone();
    let found = reasons.iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {told}"))["id"].to_string()
}

/// A wish to get so many fen back.
async fn wish(shop: &Shop, number: &str, fen: &str, reason: &str, more: &[(&str, &str)]) -> Value {
    let entries = shop.entries(number).await;
    let mut asked = vec![
        ("orderId", number),
        ("orderEntryIds", entries.as_str()),
        ("disputeRequest", "refund"),
        ("applyPayment", fen),
        ("applyCarriage", "0"),
        ("applyReasonId", reason),
        ("description", "不想要了"),
        ("goodsStatus", UNSENT),
    ];
    asked.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    asked.extend_from_slice(more);
    shop.ask("alibaba.trade.createRefund", &asked).await
}

/// The refund once it has this status.
async fn refund_in(shop: &Shop, id: &str, status: &str) -> Value {
    for _ in 0..200 {
        let told = shop.ask("alibaba.trade.refund.OpQueryOrderRefund", &[("refundId", id)]).await;
        let refund = &told["result"]["opOrderRefundModelDetail"];
        if refund["status"] == status {
            return refund.clone();
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the refund never became {status}");
}

async fn control(house: &House, id: &str, what: Value) {
    house.tell_catalogue(&format!("/control/refunds/{}", id.trim_start_matches("TQ")), what).await;
}

/// Holds a refund against its shape; the numbers of its lines are names in it.
fn hold_refund(refund: &Value) {
    let mut refund = refund.clone();
    let counts = refund.as_object_mut().unwrap().remove("orderEntryCountMap").unwrap();
    assert!(counts.as_object().unwrap().values().all(Value::is_i64), "{counts}");
    hold(&refund, shape::REFUND);
}

#[actix_web::test]
async fn what_is_asked_back_is_given_back() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let number = shop.paid("PO-1").await;
    let not_wanted = reason(&shop, &number, UNSENT, "不想要了").await;
    let told = wish(&shop, &number, "2", &not_wanted, &[]).await;
    hold(&told, shape::REFUND_CREATED);
    let id = told["result"]["result"]["refundId"].as_str().unwrap().to_owned();
    assert!(id.starts_with("TQ"));
    // The same request again is the same wish; another for the same line is refused while this is open.
    assert_eq!(wish(&shop, &number, "2", &not_wanted, &[]).await, told);
    let open = wish(&shop, &number, "1", &not_wanted, &[]).await;
    assert_eq!((&open["result"]["success"], &open["result"]["code"]), (&json!(false), &json!("5010")), "{open}");
    let newer = shop.partner.get("/v1/refunds").await.json();
    assert_eq!(
        newer["items"].as_array().unwrap().iter().filter(|one| one["state"] == "requested").count(),
        1,
        "{newer}"
    );
    assert_eq!(newer["items"].as_array().unwrap().iter().filter(|one| one["amount"]["amount"] == "0.02").count(), 1);
    let refund = refund_in(&shop, &id, "waitselleragree").await;
    hold_refund(&refund);
    assert_eq!((&refund["applyPayment"], &refund["refundPayment"]), (&json!(2), &json!(0)));
    assert_eq!(refund["orderId"].to_string(), number);
    let query = async |kind: &str| {
        let asked = [("orderId", number.as_str()), ("queryType", kind)];
        let told = shop.ask("alibaba.trade.refund.OpQueryBatchRefundByOrderIdAndStatus", &asked).await;
        told["result"]["opOrderRefundModels"].as_array().unwrap().len()
    };
    assert_eq!((query("1").await, query("3").await), (1, 0));
    let view = shop.view(&number).await;
    assert_eq!(view["result"]["baseInfo"]["refundStatus"], "waitselleragree", "{view}");
    assert_eq!(view["result"]["productItems"][0]["refundStatus"], "WAIT_SELLER_AGREE");
    assert_eq!(view["result"]["productItems"][0]["refundId"], json!(id));
    control(&house, &id, json!({"do": "agree"})).await;
    let refund = refund_in(&shop, &id, "refundsuccess").await;
    hold_refund(&refund);
    assert_eq!(refund["refundPayment"], 2);
    assert_eq!((query("1").await, query("3").await), (0, 1));
    let view = shop.view(&number).await;
    assert_eq!(view["result"]["productItems"][0]["refundStatus"], "REFUND_SUCCESS");
    let list = async |asked: &[(&str, &str)]| {
        let told = shop.ask("alibaba.trade.refund.buyer.queryOrderRefundList", asked).await;
        assert_eq!(told["success"], true, "{told}");
        (told["result"]["totalCount"].as_i64().unwrap(), told["result"]["opOrderRefundModels"].clone())
    };
    let (count, listed) = list(&[("orderId", &number), ("dipsuteType", "0")]).await;
    assert_eq!((count, &listed[0]["refundId"]), (1, &json!(id)));
    hold_refund(&listed[0]);
    assert_eq!(list(&[("refundStatusSet", "[\"refundsuccess\"]")]).await.0, 1);
    assert_eq!(list(&[("refundStatusSet", "[\"waitbuyersend\"]")]).await.0, 0);
    assert_eq!(list(&[("applyEndTime", "20200101000000000+0800")]).await.0, 0);
    let pages = [("refundId", id.as_str()), ("pageNo", "1"), ("pageSize", "10")];
    let told = shop.ask("alibaba.trade.refund.OpQueryOrderRefundOperationList", &pages).await;
    let told = told["result"]["opOrderRefundOperationModels"].as_array().unwrap().clone();
    assert_eq!(told[0]["afterOperateStatus"], "refundsuccess", "{told:?}");
    assert_eq!(told.last().unwrap()["operateTypeInt"], 1);
    // Nobody else's.
    let stranger = house.trader("other").await;
    let told = stranger.told(TRADE, "alibaba.trade.refund.OpQueryOrderRefund", &[("refundId", &id)]).await;
    assert_eq!((&told["errorCode"], told.get("result")), (&json!("500"), None), "{told}");
    house.close().await;
}

#[actix_web::test]
async fn a_wish_that_cannot_be_is_refused_by_the_platforms_codes() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let number = shop.paid("PO-1").await;
    let not_wanted = reason(&shop, &number, UNSENT, "不想要了").await;
    let (reason, two) = (not_wanted.as_str(), "不".repeat(151));
    let entries = shop.entries(&number).await;
    let much = json!([{"id": entries.trim_matches(['[', ']']), "count": 1_000_000}]).to_string();
    for (name, value, code) in [
        ("applyReasonId", "7", "5004"),
        ("applyPayment", "99999999999", "5011"),
        ("applyPayment", "-1", "5011"),
        ("goodsStatus", "x", "5003"),
        ("description", two.as_str(), "5012"),
        ("orderEntryIds", "[7]", "5010"),
        ("orderEntryCountList", much.as_str(), "5013"),
        ("vouchers", "[\"https://cbu01.alicdn.com/img/ibank/x.jpg\"]", "5005"),
        ("disputeRequest", "returnRefund", "5010"),
        ("orderId", "7", "5001"),
    ] {
        let told = match name {
            "orderId" => {
                let asked = [
                    ("orderId", "7"),
                    ("orderEntryIds", "[7]"),
                    ("disputeRequest", "refund"),
                    ("applyPayment", "1"),
                    ("applyCarriage", "0"),
                    ("applyReasonId", reason),
                    ("description", "不想要了"),
                    ("goodsStatus", UNSENT),
                ];
                shop.ask("alibaba.trade.createRefund", &asked).await
            }
            _ => wish(&shop, &number, "1", reason, &[(name, value)]).await,
        };
        assert_eq!(
            (&told["result"]["success"], &told["result"]["code"]),
            (&json!(false), &json!(code)),
            "{name}: {told}"
        );
    }
    assert_eq!(shop.ask("alibaba.trade.refund.buyer.queryOrderRefundList", &[]).await["result"]["totalCount"], 0);
    let unpaid = shop.ordered("PO-2").await;
    let told = wish(&shop, &unpaid, "1", reason, &[]).await;
    assert_eq!(told["result"]["code"], "5010", "{told}");
    house.close().await;
}

#[actix_web::test]
async fn a_refund_is_measured_and_taken_back() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let number = shop.paid("PO-1").await;
    let entry = shop.entries(&number).await.trim_matches(['[', ']']).to_owned();
    let most = async |count: &str| {
        let input =
            json!({"goodsStatus": UNSENT, "orderId": number, "refundGoodsCountList": [{"id": entry, "count": count}]});
        shop.ask("alibaba.trade.getMaxRefundFee", &[("input", &input.to_string())]).await["result"].clone()
    };
    let order = shop.newer("PO-1").await;
    let whole = most(&order["lines"][0]["quantity"].to_string()).await;
    assert_eq!(whole["success"], true, "{whole}");
    let told = &whole["result"];
    let sum = told["maxGoodsFee"].as_i64().unwrap() + told["maxPostFee"].as_i64().unwrap();
    assert_eq!(told["maxRefundFee"], sum, "{told}");
    let total = shop.view(&number).await["result"]["baseInfo"]["totalAmount"].as_f64().unwrap();
    assert_eq!(sum, (total * 100.0).round() as i64, "nothing was sent: all of it");
    let one = most("1").await;
    assert!(one["result"]["maxGoodsFee"].as_i64() < told["maxGoodsFee"].as_i64(), "{one}");
    assert_eq!(most("1000000").await["success"], false);
    let reason = reason(&shop, &number, UNSENT, "不想要了").await;
    let id = wish(&shop, &number, "2", &reason, &[]).await["result"]["result"]["refundId"].as_str().unwrap().to_owned();
    let withdraw = async |id: &str| shop.ask("alibaba.trade.cancelRefund", &[("refundId", id)]).await["result"].clone();
    assert_eq!(withdraw(&id).await, json!({"success": true}));
    assert_eq!(withdraw(&id).await, json!({"success": true}), "the same request is the same wish");
    refund_in(&shop, &id, "refundclose").await;
    let newer = shop.partner.get("/v1/refunds").await.json();
    assert_eq!(
        (&newer["items"][0]["state"], &newer["items"][0]["closed_because"]),
        (&json!("closed"), &json!("withdrawn")),
        "{newer}"
    );
    // What is given back already is not taken back.
    house.clock.advance_ms(120_000);
    let id = wish(&shop, &number, "2", &reason, &[("_later", "1")]).await["result"]["result"]["refundId"]
        .as_str()
        .unwrap()
        .to_owned();
    control(&house, &id, json!({"do": "agree"})).await;
    refund_in(&shop, &id, "refundsuccess").await;
    let late = withdraw(&id).await;
    assert_eq!((&late["success"], &late["errorCode"]), (&json!(false), &json!("4007")), "{late}");
    assert_eq!(withdraw("TQ7").await["errorCode"], "4005");
    let none = shop.trader.told("com.alibaba.fenxiao", "refund.address.get", &[("mainOrderId", &number)]).await;
    assert_eq!(none["result"]["success"], false, "{none}");
    house.close().await;
}

/// A small PNG.
fn picture() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 40, 30);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[7; 1200]).unwrap();
    drop(writer);
    bytes
}

/// Uploads as clients do: the file is a part that is not signed.
async fn upload(shop: &Shop, bytes: &[u8]) -> Said {
    let trader = &shop.trader;
    let path = trader.path(TRADE, "alibaba.trade.uploadRefundVoucher");
    let query = crate::param2::trader::form(&trader.signed(&path, &[]));
    let mut body = b"\r\n--123\r\nContent-Disposition: form-data; name=\"imageData\"; filename=\"a.jpg\"\r\n\
        Content-Type:application/octet-stream\r\n\r\n"
        .to_vec();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--123--\r\n");
    let head = format!(
        "POST /openapi/{path}?{query} HTTP/1.1\r\nHost: {}\r\nContent-Type: multipart/form-data; boundary=123\r\n\
         Content-Length: {}\r\n",
        trader.host(),
        body.len()
    );
    trader.send(&head, &body).await
}

#[actix_web::test]
async fn goods_are_sent_back_with_pictures_and_the_marketplace_decides() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let number = shop.paid("PO-1").await;
    advance(&house, &number, "warehousesigned").await;
    shop.view_in(&number, "waitbuyerreceive").await;
    let said = upload(&shop, &picture()).await;
    assert_eq!(said.status, 200, "{}", said.json());
    let told = said.json();
    hold(&told, shape::VOUCHER);
    let picture_at = &told["result"]["result"];
    let address =
        format!("{}/{}", picture_at["imageDomain"].as_str().unwrap(), picture_at["imageRelativeUrl"].as_str().unwrap());
    assert_eq!(upload(&shop, b"no picture").await.json()["result"]["code"], "4000");
    let vouchers = format!("[{address}]");
    let entries = shop.entries(&number).await;
    let asked = [("orderId", number.as_str()), ("orderEntryIds", entries.as_str()), ("goodsStatus", RECEIVED)];
    let reasons = shop.ask("alibaba.trade.getRefundReasonList", &asked).await;
    let reasons = reasons["result"]["result"]["reasons"].as_array().unwrap().clone();
    // The first that is taken for goods that go back.
    let mut id = None;
    for one in reasons {
        let reason = one["id"].to_string();
        let more = [("disputeRequest", "returnRefund"), ("goodsStatus", RECEIVED), ("vouchers", vouchers.as_str())];
        let told = wish(&shop, &number, "3", &reason, &more).await;
        if told["result"]["success"] == true {
            id = told["result"]["result"]["refundId"].as_str().map(str::to_owned);
            break;
        }
    }
    let id = id.expect("no reason to send goods back");
    let send_back = async |tracking: &str| {
        let asked = [("refundId", id.as_str()), ("logisticsCompanyNo", "ZTO"), ("freightBill", tracking)];
        shop.ask("alibaba.trade.refund.returnGoods", &asked).await
    };
    let early = send_back("ZTO75312345678").await;
    assert_eq!(
        (&early["result"]["success"], &early["result"]["errorCode"]),
        (&json!(false), &json!("4007")),
        "{early}"
    );
    control(&house, &id, json!({"do": "agree"})).await;
    let agreed = refund_in(&shop, &id, "waitbuyersend").await;
    let back_to = agreed["sellerReceiveAddress"].as_str().unwrap_or_else(|| panic!("{agreed}"));
    let whither = shop.trader.told("com.alibaba.fenxiao", "refund.address.get", &[("mainOrderId", &number)]).await;
    assert_eq!((&whither["result"]["success"], whither["result"].get("errorCode")), (&json!(true), None), "{whither}");
    let told = &whither["result"]["data"][0];
    let whole = ["provinceText", "cityText", "districtText", "streetAddress"].map(|part| told[part].as_str().unwrap());
    assert_eq!(whole.concat().replace(' ', ""), back_to.replace(' ', ""), "{told}");
    // Another minute: the wish that was declined is remembered.
    house.clock.advance_ms(120_000);
    let wrong = [("refundId", id.as_str()), ("logisticsCompanyNo", "ZTO"), ("freightBill", "ZTO 1")];
    let said = shop.trader.call(TRADE, "alibaba.trade.refund.returnGoods", &wrong).await;
    assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"));
    assert_eq!(send_back("ZTO75312345678").await, json!({"result": {"success": true}}));
    let sent = refund_in(&shop, &id, "waitsellerreceive").await;
    hold_refund(&sent);
    assert_eq!((&sent["freightBill"], &sent["goodsStatus"]), (&json!("ZTO75312345678"), &json!(3)));
    let case = json!({"type": "RefundComplaint", "refundId": id, "orderId": number, "reasonText": "照片清楚显示破损",
        "reasonId": 12, "picUrlEvidence": address});
    let told = shop.ask("trade.arbitration.apply", &[("param", &case.to_string())]).await;
    assert_eq!(
        (&told["result"]["success"], format!("TQ{}", told["result"]["result"])),
        (&json!(true), id.clone()),
        "{told}"
    );
    let newer = shop.partner.get("/v1/refunds").await.json();
    assert!(newer["items"].as_array().unwrap().iter().any(|one| one["state"] == "arbitrating"), "{newer}");
    control(&house, &id, json!({"do": "decide", "decision": "BUYER"})).await;
    assert_eq!(refund_in(&shop, &id, "refundsuccess").await["refundPayment"], 3);
    let wrong = json!({"type": "RefundComplaint", "refundId": id, "orderId": 7, "reasonText": "x"}).to_string();
    assert_eq!(shop.ask("trade.arbitration.apply", &[("param", &wrong)]).await["result"]["code"], "400");
    let said = shop.trader.call(TRADE, "trade.arbitration.apply", &[("param", "{\"type\":\"x\"}")]).await;
    assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"));
    house.close().await;
}

#[actix_web::test]
async fn parcels_and_their_way_are_told() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let number = shop.paid("PO-1").await;
    let asked = [("orderId", number.as_str()), ("webSite", "1688")];
    let infos = "alibaba.trade.getLogisticsInfos.buyerView";
    let traces = "alibaba.trade.getLogisticsTraceInfo.buyerView";
    let early = shop.trader.told(LOGISTICS, infos, &asked).await;
    assert_eq!((&early["success"], &early["errorCode"]), (&json!(false), &json!("500_2")), "{early}");
    assert_eq!(shop.trader.told(LOGISTICS, traces, &asked).await["errorCode"], "404");
    advance(&house, &number, "warehousesigned").await;
    let told = shop.trader.told(LOGISTICS, infos, &asked).await;
    hold(&told, shape::PARCELS);
    let parcel = &told["result"][0];
    let order = shop.newer("PO-1").await;
    let shipments = shop.partner.get(&format!("/v1/orders/{}/shipments", order["id"].as_str().unwrap())).await.json();
    let newer = &shipments["items"][0];
    assert_eq!((&parcel["logisticsBillNo"], &parcel["status"]), (&newer["tracking_number"], &json!("SIGN")));
    assert_eq!(parcel["logisticsOrderGoods"][0]["quantity"], newer["lines"][0]["quantity"]);
    let brief = [("orderId", number.as_str()), ("webSite", "1688"), ("fields", "company.name,sender")];
    let told = shop.trader.told(LOGISTICS, infos, &brief).await;
    let parts = ["receiver", "sendGoods"].map(|part| told["result"][0].get(part).is_some());
    assert_eq!((parts, told["result"][0]["sender"].is_object()), ([false, false], true));
    let way = shop.trader.told(LOGISTICS, traces, &asked).await;
    hold(&way, shape::TRACES);
    let steps = way["logisticsTrace"][0]["logisticsSteps"].as_array().unwrap();
    assert_eq!(steps.len(), newer["tracking"].as_array().unwrap().len());
    assert!(
        steps[0]["remark"].as_str().unwrap().contains(newer["tracking"][0]["description_original"].as_str().unwrap())
    );
    let other = [("orderId", number.as_str()), ("webSite", "1688"), ("logisticsId", "LP7")];
    assert_eq!(shop.trader.told(LOGISTICS, traces, &other).await["errorCode"], "404");
    let mail = shop.trader.told(XB, "bigcustomer.mailNo.query", &[("outOrderId", "PO-1")]).await;
    assert_eq!(mail["result"]["model"][&number][0], newer["tracking_number"], "{mail}");
    let none = shop.trader.told(XB, "bigcustomer.mailNo.query", &[("outOrderId", "PO-9")]).await;
    assert_eq!(none["result"]["success"], false, "{none}");
    let carriers = shop.trader.told(LOGISTICS, "alibaba.logistics.OpQueryLogisticCompanyList", &[]).await;
    let known =
        carriers["result"].as_array().unwrap().iter().any(|one| one["companyNo"] == parcel["logisticsCompanyNo"]);
    assert!(carriers["success"] == true && known, "{carriers}");
    house.close().await;
}
