//! Ordering and paying as older clients do it, each effect looked for behind the newer face.

use serde_json::{Value, json};

use crate::harness::{House, plain};
use crate::param2::shapes::hold;
use crate::param2::shop::{Shop, TRADE, advance, spec};
use crate::param2::trade_shapes as shape;

const CREATE: &str = "alibaba.trade.createCrossOrder";

fn fen(amount: &Value) -> i64 {
    let text = amount["cny"].as_str().unwrap_or_else(|| amount["amount"].as_str().unwrap());
    text.replace('.', "").parse().unwrap()
}

fn yuan(amount: &Value) -> f64 {
    amount["cny"].as_str().unwrap_or_else(|| amount["amount"].as_str().unwrap()).parse().unwrap()
}

#[actix_web::test]
async fn a_preview_costs_what_the_newer_face_quotes() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let told = shop.ask("alibaba.createOrder.preview", &shop.order(&[])).await;
    hold(&told, shape::PREVIEW);
    let preview = &told["orderPreviewResuslt"][0];
    assert_eq!(preview["sumPayment"], fen(&shop.quote["total"]), "{}", shop.quote);
    assert_eq!(preview["sumCarriage"], fen(&shop.quote["freight"]));
    assert_eq!(preview["cargoList"][0]["amount"].as_f64(), Some(yuan(&shop.quote["lines"][0]["amount"])));
    // What cannot be had is told by the platform's codes.
    let sku = &shop.quote["lines"][0]["sku_id"];
    let much = json!([{"specId": spec(sku), "quantity": 1_000_000}]).to_string();
    let other = json!([{"specId": spec(sku), "offerId": 7, "quantity": 1_000_000}]).to_string();
    let nothing = json!([{"specId": "b266e0726506185beaf205cbae88530d", "quantity": 5}]).to_string();
    for (cargo, code) in [(&much, "500_004"), (&other, "500_004"), (&nothing, "500_003")] {
        let asked = [("addressParam", shop.address.as_str()), ("cargoParamList", cargo.as_str())];
        let told = shop.ask("alibaba.createOrder.preview", &asked).await;
        assert_eq!((&told["success"], &told["errorCode"]), (&json!(false), &json!(code)), "{told}");
    }
    let strange = [("addressParam", "{\"addressId\":1}"), ("cargoParamList", shop.cargo.as_str())];
    let told = shop.ask("alibaba.createOrder.preview", &strange).await;
    assert_eq!((&told["errorCode"], &told["errorMsg"]), (&json!("400"), &json!("AddressId invalid:AddressId invalid")));
    for wrong in ["[{\"specId\":\"x\"}]", "[]", "{", "[{\"quantity\":1}]", "[{\"specId\":\"7\",\"quantity\":-1}]"] {
        let asked = [("addressParam", shop.address.as_str()), ("cargoParamList", wrong)];
        let said = shop.trader.call(TRADE, "alibaba.createOrder.preview", &asked).await;
        assert!(said.error().is_some_and(|code| code.starts_with("gw.Param")), "{wrong}: {}", said.json());
    }
    house.close().await;
}

#[actix_web::test]
async fn an_order_sent_twice_is_placed_once() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let first = shop.ask(CREATE, &shop.order(&[("outOrderId", "PO-1"), ("message", "请用纸箱")])).await;
    hold(&first, shape::CREATED);
    let newer = shop.newer("PO-1").await;
    assert_eq!(newer["catalogue_order_id"], first["result"]["orderId"]);
    assert_eq!(
        (fen(&newer["payment"]["amount"]), newer["note"].as_str()),
        (fen(&shop.quote["total"]), Some("请用纸箱"))
    );
    assert_eq!(first["result"]["totalSuccessAmount"], fen(&shop.quote["total"]));
    // The reference alone counts, whatever else is sent with it.
    let sku = &shop.quote["lines"][0]["sku_id"];
    let much = json!([{"specId": spec(sku), "quantity": 1_000_000}]).to_string();
    let again = [("flow", "general"), ("addressParam", "{}"), ("cargoParamList", &much), ("outOrderId", "PO-1")];
    assert_eq!(shop.ask(CREATE, &again).await, first);
    // Twice at once, with a reference and without.
    let (orders, bare) = (shop.order(&[("outOrderId", "PO-2")]), shop.order(&[]));
    let both = tokio::join!(shop.ask(CREATE, &orders), shop.ask(CREATE, &orders));
    assert_eq!(both.0["result"]["orderId"], both.1["result"]["orderId"], "{both:?}");
    let both = tokio::join!(shop.ask(CREATE, &bare), shop.ask(CREATE, &bare));
    assert_eq!(both.0["result"]["orderId"], both.1["result"]["orderId"], "{both:?}");
    assert!(both.0["result"]["orderId"].is_string(), "{both:?}");
    assert_eq!(shop.ask(CREATE, &bare).await, both.0, "the same request is the same order for a minute");
    assert_eq!(shop.partner.get("/v1/orders").await.json()["items"].as_array().unwrap().len(), 3);
    // Two minutes later it is another wish.
    house.clock.advance_ms(120_000);
    let later = shop.ask(CREATE, &[bare.as_slice(), &[("_later", "1")]].concat()).await;
    assert!(later["success"] == true && later["result"]["orderId"] != both.0["result"]["orderId"], "{later}");
    // What cannot be had is told line by line, and nothing is ordered.
    let wrong =
        [("flow", "general"), ("addressParam", &shop.address), ("cargoParamList", &much), ("outOrderId", "PO-3")];
    let told = shop.ask(CREATE, &wrong).await;
    assert_eq!((&told["success"], &told["code"]), (&json!(false), &json!("500_004")), "{told}");
    assert_eq!(told["result"]["failedOfferList"][0]["specId"], spec(sku));
    for (name, value, message) in
        [("tradeType", "period", "not support tradeType:【period】"), ("flow", "x", "not support flow:【x】")]
    {
        let told = shop.ask(CREATE, &shop.order(&[("outOrderId", "PO-3"), (name, value)])).await;
        assert_eq!((&told["success"], &told["message"]), (&json!(false), &json!(message)), "{told}");
    }
    let said = shop.trader.call(TRADE, CREATE, &shop.order(&[("outOrderId", "PO 3")])).await;
    assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"));
    let missing = shop.partner.get("/v1/orders/by-reference/PO-3").await;
    assert_eq!(missing.status, 404);
    house.close().await;
}

#[actix_web::test]
async fn an_order_is_told_as_the_ledger_has_it() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let number = shop.ordered("PO-1").await;
    let told = shop.view(&number).await;
    hold(&told, shape::VIEW);
    let (info, newer) = (&told["result"]["baseInfo"], shop.newer("PO-1").await);
    assert_eq!((&info["status"], &info["idOfStr"]), (&json!("waitbuyerpay"), &json!(number)));
    assert_eq!((&info["outOrderId"], info["id"].to_string()), (&json!("PO-1"), number.clone()));
    assert_eq!(info["totalAmount"].as_f64(), Some(yuan(&newer["total"])));
    assert_eq!(info["shippingFee"].as_f64(), Some(yuan(&newer["freight"])));
    let item = &told["result"]["productItems"][0];
    assert_eq!(item["subItemIDString"], item["subItemID"].to_string());
    assert_eq!(item["skuID"].to_string(), newer["lines"][0]["sku_id"].as_str().unwrap());
    shop.debit(&number, json!({})).await;
    advance(&house, &number, "waitbuyerreceive").await;
    let sent = shop.view_in(&number, "waitbuyerreceive").await;
    hold(&sent, shape::VIEW);
    let parcel = &sent["result"]["nativeLogistics"]["logisticsItems"][0];
    assert_eq!(parcel["subItemIds"], item["subItemIDString"], "{sent}");
    assert!(sent["result"]["baseInfo"]["payTime"].as_str().is_some_and(|at| at.len() == 22));
    let by_reference = shop.ask("alibaba.trade.get.buyerView", &[("webSite", "1688"), ("outOrderId", "PO-1")]).await;
    assert_eq!(by_reference["result"]["baseInfo"]["id"], info["id"]);
    // Nobody else's.
    let stranger = house.trader("other").await;
    let asked = [("webSite", "1688"), ("orderId", number.as_str())];
    let told = stranger.told(TRADE, "alibaba.trade.get.buyerView", &asked).await;
    assert_eq!((&told["success"], &told["errorCode"]), (&json!("false"), &json!("404")), "{told}");
    let said = stranger.call(TRADE, "alibaba.trade.get.buyerView", &[("webSite", "1688"), ("orderId", "x")]).await;
    assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"));
    house.close().await;
}

#[actix_web::test]
async fn orders_are_listed_by_what_is_asked() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let (one, two) = (shop.ordered("PO-1").await, shop.ordered("PO-2").await);
    let three = shop.paid("PO-3").await;
    let list = async |asked: &[(&str, &str)]| {
        let told = shop.ask("alibaba.trade.getBuyerOrderList", asked).await;
        let found = told["result"].as_array().unwrap_or_else(|| panic!("{told}")).clone();
        let numbers: Vec<_> = found.iter().map(|order| order["baseInfo"]["id"].to_string()).collect();
        (numbers, told["totalRecord"].as_i64().unwrap())
    };
    let whole = shop.ask("alibaba.trade.getBuyerOrderList", &[]).await;
    hold(&whole, shape::LIST);
    assert_eq!(list(&[]).await, (vec![three.clone(), two.clone(), one.clone()], 3));
    assert_eq!(list(&[("page", "2"), ("pageSize", "2")]).await, (vec![one.clone()], 3));
    assert_eq!(list(&[("page", "9"), ("pageSize", "2")]).await, (vec![], 3));
    assert_eq!(list(&[("orderStatus", "waitsellersend")]).await, (vec![three.clone()], 1));
    assert_eq!(list(&[("orderStatus", "waitbuyerpay,cancel")]).await, (vec![two.clone(), one.clone()], 2));
    assert_eq!(list(&[("outOrderId", "PO-2")]).await, (vec![two.clone()], 1));
    let ids = format!("[{one},{three},1]");
    assert_eq!(list(&[("orderIds", &ids)]).await, (vec![three.clone(), one.clone()], 2));
    assert_eq!(list(&[("createEndTime", "20200101000000000+0800")]).await, (vec![], 0));
    assert_eq!(list(&[("createStartTime", "20200101000000000+0800")]).await.1, 3);
    assert_eq!(list(&[("refundStatus", "waitselleragree")]).await, (vec![], 0));
    for wrong in [("orderStatus", "x"), ("pageSize", "51"), ("createStartTime", "x"), ("sellerMemberId", "b2b-1")] {
        let said = shop.trader.call(TRADE, "alibaba.trade.getBuyerOrderList", &[wrong]).await;
        assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"), "{wrong:?}");
    }
    house.close().await;
}

#[actix_web::test]
async fn an_unpaid_order_is_taken_back_and_a_paid_one_is_not() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let (unpaid, paid) = (shop.ordered("PO-1").await, shop.paid("PO-2").await);
    let cancel = async |number: &str| {
        let asked = [("webSite", "1688"), ("tradeID", number), ("cancelReason", "buyerCancel"), ("remark", "下错了")];
        shop.ask("alibaba.trade.cancel", &asked).await
    };
    assert_eq!(cancel(&unpaid).await, json!({"success": true}));
    assert_eq!(cancel(&unpaid).await, json!({"success": true}));
    assert_eq!(shop.newer("PO-1").await["state"], "cancelled");
    let told = shop.view(&unpaid).await;
    assert_eq!(told["result"]["baseInfo"]["status"], "cancel");
    assert_eq!(told["result"]["baseInfo"]["closeReason"], "buyerCancel");
    let refused = cancel(&paid).await;
    assert_eq!(
        (&refused["success"], &refused["errorCode"]),
        (&json!(false), &json!("ORDER_STATUS_ERROR")),
        "{refused}"
    );
    assert_eq!(cancel("7").await["errorCode"], "ORDER_NOT_EXIST");
    let wrong = [("webSite", "1688"), ("tradeID", paid.as_str()), ("cancelReason", "x")];
    let said = shop.trader.call(TRADE, "alibaba.trade.cancel", &wrong).await;
    assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"));
    house.close().await;
}

#[actix_web::test]
async fn a_memo_replaces_and_feedback_adds() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let number = shop.ordered("PO-1").await;
    let memo = [("orderId", number.as_str()), ("memo", "请用纸箱"), ("remarkIcon", "2")];
    assert_eq!(shop.ask("alibaba.order.memoAdd", &memo).await, json!({"success": true}));
    assert_eq!(shop.newer("PO-1").await["note"], "请用纸箱");
    let feedback = async |words: &str| {
        let parameter = json!({"orderId": number, "feedback": words}).to_string();
        shop.ask("alibaba.trade.addFeedback", &[("tradeFeedbackParam", &parameter)]).await
    };
    let done = json!({"result": {"success": true}, "success": true});
    assert_eq!((feedback("快点").await, feedback("快点").await), (done.clone(), done));
    assert_eq!(shop.newer("PO-1").await["note"], "请用纸箱；快点");
    assert_eq!(shop.view(&number).await["result"]["baseInfo"]["buyerFeedback"], "请用纸箱；快点");
    let long = feedback(&"长".repeat(499)).await;
    assert_eq!((&long["success"], &long["code"]), (&json!(false), &json!("500_2")), "{long}");
    let nobody = shop.ask("alibaba.order.memoAdd", &[("orderId", "7"), ("memo", "x"), ("remarkIcon", "1")]).await;
    assert_eq!((&nobody["success"], &nobody["errorCode"]), (&json!(false), &json!("400_4")));
    let wrong = [("orderId", number.as_str()), ("memo", "x"), ("remarkIcon", "9")];
    let said = shop.trader.call(TRADE, "alibaba.order.memoAdd", &wrong).await;
    assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"));
    house.close().await;
}

#[actix_web::test]
async fn goods_that_arrived_end_the_order() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let number = shop.paid("PO-1").await;
    let entries = shop.entries(&number).await;
    let confirm = async |entries: &str| {
        let asked = [("orderId", number.as_str()), ("orderEntryIds", entries)];
        shop.ask("trade.receivegoods.confirm", &asked).await
    };
    let early = confirm(&entries).await;
    assert_eq!(
        (&early["result"]["success"], &early["result"]["errorCode"]),
        (&json!(false), &json!("ORDER_STATUS_ERROR"))
    );
    advance(&house, &number, "warehousesigned").await;
    shop.view_in(&number, "waitbuyerreceive").await;
    assert_eq!(confirm("[7]").await["result"]["errorCode"], "400");
    assert_eq!(confirm(&entries).await, json!({"result": {"success": true}}));
    assert_eq!(shop.newer("PO-1").await["state"], "completed");
    assert_eq!(shop.view(&number).await["result"]["baseInfo"]["status"], "success");
    house.close().await;
}

#[actix_web::test]
async fn a_payment_page_pays_the_order_it_was_opened_for() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let (one, two) = (shop.ordered("PO-1").await, shop.ordered("PO-2").await);
    let ways = shop.ask("alibaba.trade.payWay.query", &[("orderId", &one)]).await;
    hold(&ways, shape::WAYS);
    assert_eq!(ways["resultList"]["payFee"], fen(&shop.quote["total"]));
    let analysis = async |channel: &str| {
        let asked = [("orderIds", format!("[{one},{two}]")), ("payChannel", channel.to_owned())];
        let asked = asked.each_ref().map(|(name, value)| (*name, value.as_str()));
        shop.ask("trade.orderpay.analysis", &asked).await["result"]["result"].clone()
    };
    let told = analysis("alipay").await;
    assert_eq!(told["totalPayFee"], 2 * fen(&shop.quote["total"]));
    assert_eq!((&told["payChannel"]["avaliable"], &told["orderTotalCount"]), (&json!(true), &json!(2)));
    assert_eq!(analysis("shegou").await["payChannel"]["avaliable"], false);
    let both = format!("[{one},{two}]");
    let link = shop.ask("alibaba.alipay.url.get", &[("orderIdList", &both)]).await;
    hold(&link, shape::LINK);
    assert_eq!(link["payFailureOrderList"].to_string(), format!("[{two}]"), "{link}");
    let single = shop.ask("alibaba.crossBorderPay.url.get", &[("orderIdList", &one)]).await;
    assert_eq!((&single["success"], &single["payUrl"]), (&json!("true"), &link["payUrl"]), "{single}");
    plain().post(link["payUrl"].as_str().unwrap()).send().await.unwrap();
    shop.view_in(&one, "waitsellersend").await;
    assert_eq!(shop.newer("PO-1").await["payment"]["state"], "paid");
    assert_eq!(shop.view(&two).await["result"]["baseInfo"]["status"], "waitbuyerpay");
    // What is paid has no page any more; the other takes its place.
    let link = shop.ask("alibaba.alipay.url.get", &[("orderIdList", &format!("[{one},{two},{one}]"))]).await;
    assert_eq!(link["payFailureOrderList"].to_string(), format!("[{one}]"), "{link}");
    let none = shop.ask("alibaba.alipay.url.get", &[("orderIdList", &one)]).await;
    assert_eq!((&none["success"], &none["errorCode"]), (&json!(false), &json!("400_4")), "{none}");
    assert!(none["erroMsg"].is_string());
    let ways = shop.ask("alibaba.trade.payWay.query", &[("orderId", &one)]).await;
    assert_eq!((&ways["success"], &ways["errorCode"]), (&json!("false"), &json!("500_2")));
    let many = Value::from_iter(1..=31).to_string();
    for wrong in ["x", "[]", many.as_str()] {
        let said = shop.trader.call(TRADE, "alibaba.crossBorderPay.url.get", &[("orderIdList", wrong)]).await;
        assert!(said.error().is_some_and(|code| code.starts_with("gw.Param")), "{wrong}");
    }
    house.close().await;
}

#[actix_web::test]
async fn several_orders_are_paid_from_one_page() {
    const GROUP: &str = "alibaba.trade.grouppay.url.get";
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let (one, two) = (shop.ordered("PO-1").await, shop.ordered("PO-2").await);
    let both = format!("[{one},{two}]");
    let told = shop.ask(GROUP, &[("orderIds", &both), ("payPlatformType", "WIRELESS")]).await;
    hold(&told, shape::GROUP_LINK);
    let address = told["results"]["payUrl"].as_str().unwrap().to_owned();
    assert_eq!(shop.ask(GROUP, &[("orderIds", &both), ("payPlatformType", "WIRELESS")]).await, told);
    // The newer face knows the payment, with both orders.
    let id = address.rsplit('/').next().unwrap();
    let payment = shop.partner.get(&format!("/v1/payments/{id}")).await.json();
    let parts = payment["orders"].as_array().unwrap();
    assert_eq!((payment["state"].as_str(), parts.len()), (Some("pending"), 2), "{payment}");
    let open = async |address: &str| {
        let answer = plain().get(address).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, page) = open(&address).await;
    assert_eq!(status, 200, "{page}");
    for part in parts {
        assert!(page.contains(part["pay_url"].as_str().unwrap()), "{page}");
    }
    assert!(page.contains(&one) && page.contains(&two));
    let total = 2 * fen(&shop.quote["total"]);
    assert!(page.contains(&format!("<h1>¥{}.{:02} to pay</h1>", total / 100, total % 100)), "{page}");
    // What is paid there is paid, and the page leads to the rest.
    let names: Vec<_> = parts.iter().map(|part| part["order_id"].clone()).collect();
    assert_eq!(names, [shop.newer("PO-1").await["id"].clone(), shop.newer("PO-2").await["id"].clone()]);
    plain().post(parts[0]["pay_url"].as_str().unwrap()).send().await.unwrap();
    shop.view_in(&one, "waitsellersend").await;
    let (_, page) = open(&address).await;
    assert!(page.contains("· Paid") && !page.contains(parts[0]["pay_url"].as_str().unwrap()), "{page}");
    assert!(page.contains(parts[1]["pay_url"].as_str().unwrap()), "{page}");
    plain().post(parts[1]["pay_url"].as_str().unwrap()).send().await.unwrap();
    shop.view_in(&two, "waitsellersend").await;
    assert!(open(&address).await.1.contains("Nothing is left to pay"));
    // What cannot be paid is named, and no page pretends to.
    let three = shop.ordered("PO-3").await;
    let told = shop.ask(GROUP, &[("orderIds", &format!("[{three},{one}]"))]).await;
    assert_eq!((&told["results"]["success"], told["results"].get("payUrl")), (&json!(false), None), "{told}");
    let told = shop.ask(GROUP, &[("orderIds", "[7]")]).await;
    assert_eq!((&told["results"]["success"], &told["results"]["errorCode"]), (&json!(false), &json!("404")), "{told}");
    for wrong in [[("orderIds", "x"), ("payPlatformType", "PC")], [("orderIds", &*three), ("payPlatformType", "TV")]] {
        let said = shop.trader.call(TRADE, GROUP, &wrong).await;
        assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"), "{wrong:?}");
    }
    // Another app's number, or another payment's, is no address.
    let other = house.trader("other").await;
    let nowhere = address.replace(&shop.trader.app_key, &other.app_key);
    let nothing = address.replace(id, &format!("pay_{}", "0".repeat(32)));
    for address in [nowhere, nothing, address.replace(id, "x"), address.replace(&shop.trader.app_key, "1")] {
        let (status, page) = open(&address).await;
        assert_eq!(status, 404, "{address}: {page}");
        assert!(page.contains("role=\"alert\"") && !page.contains("<a "), "{page}");
    }
    house.close().await;
}

#[actix_web::test]
async fn a_debit_moves_money_once() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let agreed = shop.ask("alibaba.trade.pay.protocolPay.isopen", &[]).await;
    hold(&agreed, shape::AGREEMENTS);
    let number = shop.ordered("PO-1").await;
    // Another amount than it costs is not paid.
    let total = fen(&shop.quote["total"]);
    let wrong = shop.debit(&number, json!({"payAmount": total + 1})).await;
    assert_eq!(wrong["result"]["success"], false, "{wrong}");
    assert_eq!(shop.newer("PO-1").await["payment"]["state"], "none");
    let credit = shop.debit(&number, json!({"payChannel": "shegou"})).await;
    assert_eq!((&credit["result"]["success"], &credit["result"]["code"]), (&json!(false), &json!("500")));
    let wish = json!({"payAmount": total, "opRequestId": "debit-1"});
    let both = tokio::join!(shop.debit(&number, wish.clone()), shop.debit(&number, wish.clone()));
    let is_paid = |told: &Value| told["result"]["result"]["paySuccess"] == true;
    assert!(is_paid(&both.0) || is_paid(&both.1), "{both:?}");
    let again = shop.debit(&number, wish).await;
    hold(&again, shape::DEBITED);
    assert!(is_paid(&again), "{again}");
    assert_eq!(shop.newer("PO-1").await["payment"]["state"], "paid");
    let checked = house.ask_catalogue("/control/orders").await;
    let orders = checked["data"]["items"].as_array().unwrap().clone();
    let paid: Vec<_> = orders.iter().filter(|order| order["payRef"].is_string()).collect();
    assert_eq!(paid.len(), 1, "{checked}");
    assert_eq!(shop.debit("7", json!({})).await["result"]["success"], false);
    house.close().await;
}

#[actix_web::test]
async fn there_is_no_credit_and_that_is_told() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let number = shop.ordered("PO-1").await;
    let told = shop.ask("alibaba.creditPay.url.get", &[("orderIdList", &format!("[{number}]"))]).await;
    assert_eq!((&told["success"], &told["errorCode"]), (&json!("false"), &json!("400_4")), "{told}");
    let told = shop.ask("alibaba.accountPeriod.list.buyerView", &[("pageIndex", "1")]).await;
    let none = json!({"accountPeriodList": [], "totalCount": "0"});
    assert_eq!(told, json!({"success": true, "resultList": none}));
    house.close().await;
}

#[actix_web::test]
async fn addresses_are_the_warehouses() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let saved = shop.ask("alibaba.trade.receiveAddress.get", &[]).await;
    hold(&saved, shape::ADDRESSES);
    let sites = shop.partner.get("/v1/warehouses").await.json()["items"].as_array().unwrap().len();
    let items = saved["result"]["receiveAddressItems"].as_array().unwrap();
    assert_eq!(items.len(), sites);
    let wanted = format!("{} 8号", items[1]["addressCodeText"].as_str().unwrap());
    let parsed = shop.ask("alibaba.trade.addresscode.parse", &[("addressInfo", &wanted)]).await;
    let parsed = &parsed["result"];
    assert_eq!((&parsed["addressCode"], &parsed["address"]), (&items[1]["addressCode"], &json!("8号")));
    assert_eq!(parsed["addressId"], items[1]["id"]);
    // An order goes where its address says.
    let address = json!({"districtCode": items[1]["addressCode"], "fullName": "张三"}).to_string();
    let asked =
        [("flow", "general"), ("addressParam", &address), ("cargoParamList", &shop.cargo), ("outOrderId", "A-1")];
    assert_eq!(shop.ask(CREATE, &asked).await["success"], true);
    let code = shop.newer("A-1").await["warehouse"].clone();
    let sites = shop.partner.get("/v1/warehouses").await.json();
    let site = sites["items"].as_array().unwrap().iter().find(|site| site["code"] == code).unwrap().clone();
    assert_eq!(site["region_code"], items[1]["addressCode"]);
    // Any other place has a code, and no warehouse; what is none, or several, has none.
    let parse = async |text: &str| shop.ask("alibaba.trade.addresscode.parse", &[("addressInfo", text)]).await;
    let told = parse("浙江省 杭州市 滨江区网商路699号").await;
    assert_eq!(
        (&told["result"]["address"], &told["result"]["addressCode"], &told["result"]["addressCodeText"]),
        (&json!("网商路699号"), &json!("330108"), &json!("浙江省 杭州市 滨江区")),
        "{told}"
    );
    assert!(told["result"].get("addressId").is_none());
    for wrong in ["Shibuya 1-1", "鼓楼区"] {
        assert_eq!(parse(wrong).await["errorCode"], "400", "{wrong}");
    }
    house.close().await;
}
