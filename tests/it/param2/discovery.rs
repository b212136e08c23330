//! Finding goods by the older protocol: what it tells is what the catalogue has.

use serde_json::{Value, json};

use crate::harness::House;
use crate::param2::trader::XB;

/// Offers of the newer face, most sold first.
async fn offers(house: &House, count: u32) -> Vec<Value> {
    let partner = house.partner("finder").await;
    let found = partner.get(&format!("/v1/offers?limit={count}&sort=sold&language=en")).await.json();
    found["items"].as_array().unwrap().clone()
}

fn number(text: &Value) -> i64 {
    text.as_str().unwrap().parse().unwrap()
}

#[actix_web::test]
async fn an_offer_is_told_as_the_catalogue_has_it() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let id = number(&offers(&house, 1).await[0]["id"]);
    let newer = house.partner("finder").await.get(&format!("/v1/offers/{id}?language=ja")).await.json();
    let asked = json!({"offerId": id, "country": "ja"});
    let told = trader.result("product.search.queryProductDetail", "offerDetailParam", asked).await;
    assert_eq!((&told["offerId"], &told["subjectTrans"]), (&json!(id), &newer["title"]));
    assert_eq!((&told["subject"], &told["minOrderQuantity"]), (&newer["title_original"], &newer["minimum_order"]));
    let (skus, wanted) = (told["productSkuInfos"].as_array().unwrap(), newer["skus"].as_array().unwrap());
    assert_eq!(skus.len(), wanted.len());
    for (sku, wanted) in skus.iter().zip(wanted) {
        assert_eq!(sku["skuId"].to_string(), wanted["id"].as_str().unwrap());
        assert_eq!(sku["specId"].as_str().unwrap().len(), 32);
        assert_eq!(sku["amountOnSale"], wanted["stock"]);
    }
    let first = &told["productSaleInfo"]["priceRangeList"][0];
    assert_eq!(first["price"], newer["price_tiers"][0]["price"]["amount"]);
    let again = trader.call(XB, "product.search.queryProductDetail", &[]).await;
    assert_eq!(again.error().as_deref(), Some("gw.ParamMissing"));
    house.close().await;
}

fn ids(found: &Value, member: &str) -> Vec<i64> {
    found.as_array().unwrap().iter().map(|one| one[member].as_i64().unwrap()).collect()
}

#[actix_web::test]
async fn a_search_finds_what_the_newer_face_finds_page_by_page() {
    let house = House::open().await;
    let (trader, partner) = (house.trader("acme").await, house.partner("finder").await);
    let keywords = partner.get("/v1/trends/keywords?language=en&limit=20").await.json();
    let (mut word, mut wanted) = (Value::Null, Vec::new());
    for keyword in keywords["items"].as_array().unwrap() {
        word = keyword["keyword"].clone();
        let query = url::form_urlencoded::byte_serialize(word.as_str().unwrap().as_bytes()).collect::<String>();
        let found = partner.get(&format!("/v1/offers?q={query}&limit=50&sort=price_asc&language=en")).await.json();
        wanted = found["items"].as_array().unwrap().iter().map(|one| number(&one["id"])).collect::<Vec<i64>>();
        if wanted.len() > 5 {
            break;
        }
    }
    assert!(wanted.len() > 5, "{word}: {wanted:?}");
    let page = async |page: i64| {
        let asked = json!({"keyword": word, "beginPage": page, "pageSize": "2", "country": "en", "sort": "{\"price\":\"asc\"}"});
        trader.result("product.search.keywordQuery", "offerQueryParam", asked).await
    };
    // The third page first: pages before it are turned on the way.
    let third = page(3).await;
    assert_eq!(ids(&third["data"], "offerId"), wanted[4..6]);
    assert_eq!((&third["currentPage"], &third["pageSize"]), (&json!(3), &json!(2)));
    let (first, second) = (page(1).await, page(2).await);
    assert_eq!([ids(&first["data"], "offerId"), ids(&second["data"], "offerId")].concat(), wanted[..4]);
    let (total, pages) = (first["totalRecords"].as_i64().unwrap(), first["totalPage"].as_i64().unwrap());
    assert_eq!(pages, (total + 1) / 2);
    let beyond = page(pages + 1).await;
    assert_eq!((beyond["data"].as_array().unwrap().len(), beyond["totalRecords"].as_i64()), (0, Some(total)));
    let listed = &first["data"][0];
    let newer = partner.get(&format!("/v1/offers/{}?language=en", listed["offerId"])).await.json();
    assert_eq!((&listed["subject"], &listed["subjectTrans"]), (&newer["title_original"], &newer["title"]));
    assert_eq!(listed["priceInfo"]["price"], newer["price"]["from"]["amount"]);
    assert_eq!(listed["monthSold"], newer["sold_30d"]);
    house.close().await;
}

#[actix_web::test]
async fn a_sellers_offers_are_all_of_that_seller() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let offer = offers(&house, 1).await[0].clone();
    let asked = json!({"sellerOpenId": offer["supplier"]["id"], "beginPage": 1, "pageSize": 50, "country": "en"});
    let found = trader.result("product.search.querySellerOfferList", "offerQueryParam", asked).await;
    assert!(ids(&found["data"], "offerId").contains(&number(&offer["id"])));
    for id in ids(&found["data"], "offerId") {
        let asked = json!({"offerId": id, "country": "en"});
        let one = trader.result("product.search.queryProductDetail", "offerDetailParam", asked).await;
        assert_eq!(one["sellerOpenId"], offer["supplier"]["id"]);
    }
    house.close().await;
}

#[actix_web::test]
async fn offers_alike_and_rankings_are_those_of_the_newer_face() {
    let house = House::open().await;
    let (trader, partner) = (house.trader("acme").await, house.partner("finder").await);
    let offer = offers(&house, 1).await[0].clone();
    let (id, category) = (number(&offer["id"]), offer["category_id"].clone());
    let newer = |document: Value| -> Vec<i64> {
        document["items"].as_array().unwrap().iter().map(|one| number(&one["id"])).collect()
    };
    let wanted = newer(partner.get(&format!("/v1/offers/{id}/related?limit=50")).await.json());
    let asked = json!({"relatedQueryParams": {"offerId": id, "pageNo": 2, "pageSize": 3, "language": "en"}});
    let text = asked["relatedQueryParams"].to_string();
    let told = trader.told(XB, "product.related.recommend", &[("relatedQueryParams", &text)]).await;
    let there: Vec<i64> = wanted.iter().skip(3).take(3).copied().collect();
    assert_eq!((&told["result"]["code"], ids(&told["result"]["result"], "offerId")), (&json!("S0000"), there));
    let wanted = newer(
        partner.get(&format!("/v1/rankings?by=sold&category={}&limit=5", category.as_str().unwrap())).await.json(),
    );
    let ask = |kind: &str| json!({"rankId": category, "rankType": kind, "limit": 5, "language": "en"}).to_string();
    let told = trader.told(XB, "product.topList.query", &[("rankQueryParams", &ask("hot"))]).await;
    let models = &told["result"]["result"]["rankProductModels"];
    assert_eq!((ids(models, "itemId"), ids(models, "sort")), (wanted.clone(), (1..=wanted.len() as i64).collect()));
    let wrong = trader.call(XB, "product.topList.query", &[("rankQueryParams", &ask("best"))]).await;
    assert_eq!(wrong.error().as_deref(), Some("gw.ParamInvalid"));
    house.close().await;
}

#[actix_web::test]
async fn keywords_need_no_token_and_lead_to_offers() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let path = trader.path(XB, "product.search.topKeyword");
    let asked = json!({"country": "ja", "sourceId": "0", "hotKeywordType": "cate"}).to_string();
    let signed = trader.signed_without_token(&path, vec![("topSeKeywordParam".to_owned(), asked)]);
    let told = trader.post(&path, &signed).await.json();
    assert_eq!(told["result"]["success"], "true");
    let word = told["result"]["result"][0]["seKeyword"].as_str().unwrap();
    let search = json!({"keyword": word, "beginPage": 1, "pageSize": 1, "country": "ja"});
    let found = trader.result("product.search.keywordQuery", "offerQueryParam", search).await;
    assert!(found["totalRecords"].as_i64().unwrap() > 0, "{word}");
    house.close().await;
}

#[actix_web::test]
async fn the_tree_of_categories_is_walked_from_its_root() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let get = async |id: &str| {
        trader.told(XB, "category.translation.getById", &[("language", "ja"), ("categoryId", id)]).await
    };
    let newer = house.partner("finder").await.get("/v1/categories?language=ja").await.json();
    let known = |id: i64| {
        let items = newer["items"].as_array().unwrap();
        items.iter().find(|one| number(&one["id"]) == id).cloned().unwrap()
    };
    let (mut at, mut levels) = (get("0").await, 0);
    assert_eq!((&at["success"], &at["code"]), (&json!(true), &json!("S0000")));
    while let Some(child) = at["result"]["children"].as_array().and_then(|children| children.first()) {
        levels += 1;
        let (id, newer) = (child["categoryId"].as_i64().unwrap(), known(child["categoryId"].as_i64().unwrap()));
        assert_eq!((&child["translatedName"], &child["level"]), (&newer["name"], &json!(levels.to_string())));
        assert_eq!((&child["children"], &child["language"]), (&Value::Null, &json!("ja")));
        at = get(&id.to_string()).await;
        assert_eq!(at["result"]["categoryId"], json!(id));
    }
    assert!(levels >= 2 && at["result"]["leaf"] == true, "{at}");
    let name = at["result"]["chineseName"].as_str().unwrap();
    let found = trader.told(XB, "category.translation.getByKeyword", &[("language", "ja"), ("cateName", name)]).await;
    assert!(ids(&found["result"], "categoryId").contains(&at["result"]["categoryId"].as_i64().unwrap()));
    let nowhere =
        trader.told(XB, "category.translation.getById", &[("language", "ja"), ("categoryId", "987654")]).await;
    assert_eq!((&nowhere["success"], &nowhere["code"]), (&json!(false), &json!("404")));
    // The older call tells the same tree, one floor at a time and in Chinese.
    let older = async |id: &str| {
        let told = trader.told("com.alibaba.product", "alibaba.category.get", &[("categoryID", id)]).await;
        assert_eq!(told["succes"], "true", "{told}");
        told["categoryInfo"][0].clone()
    };
    let above = older("0").await;
    let asked = [("language", "en"), ("categoryId", "0")];
    let newer = trader.told(XB, "category.translation.getById", &asked).await["result"]["children"].clone();
    let (ids, names): (Vec<_>, Vec<_>) =
        newer.as_array().unwrap().iter().map(|child| (&child["categoryId"], &child["chineseName"])).unzip();
    assert_eq!(above["childIDs"], json!(ids));
    let told = above["childCategorys"].as_array().unwrap();
    assert_eq!(told.iter().map(|child| &child["name"]).collect::<Vec<_>>(), names);
    let below = older(&ids[0].to_string()).await;
    assert_eq!((&below["name"], &below["parentIDs"], &below["level"]), (names[0], &json!([0]), &json!(1)));
    let none = trader.told("com.alibaba.product", "alibaba.category.get", &[("categoryID", "999999999")]).await;
    assert!(none.get("succes").is_none() && none["errorCode"] == "404", "{none}");
    house.close().await;
}

#[actix_web::test]
async fn attributes_of_a_category_are_numbered_and_mapped() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let category = offers(&house, 1).await[0]["category_id"].as_str().unwrap().to_owned();
    let told = trader
        .told(
            "com.alibaba.product",
            "alibaba.category.attribute.get",
            &[("categoryID", &category), ("webSite", "1688")],
        )
        .await;
    assert_eq!(told["success"], true);
    let attributes = told["attributes"].as_array().unwrap();
    assert!(!attributes.is_empty() && attributes.iter().any(|one| one["isSKUAttribute"] == true), "{told}");
    let mapped = trader.told(XB, "product.category.getAttrById", &[("categoryId", &category)]).await;
    assert_eq!((&mapped["success"], &mapped["data"]["categoryId"]), (&json!(true), &json!(category)));
    let values: usize = attributes.iter().map(|one| one["attrValues"].as_array().unwrap().len()).sum();
    assert_eq!(mapped["data"]["attributes"].as_array().unwrap().len(), values);
    let first = &mapped["data"]["attributes"][0];
    assert_eq!(first["attributeId"], json!(attributes[0]["attrID"].to_string()));
    assert_eq!(first["valueId"], json!(attributes[0]["attrValues"][0]["attrValueID"].to_string()));
    house.close().await;
}

#[actix_web::test]
async fn selling_points_come_in_three_languages() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let id = offers(&house, 1).await[0]["id"].as_str().unwrap().to_owned();
    let told = trader.told(XB, "product.distribute.getDistributeInfo", &[("offerId", &id)]).await;
    assert_eq!(told["result"]["success"], true);
    let titles = &told["result"]["data"]["shortTitle"];
    let partner = house.partner("finder").await;
    for (language, wanted) in [("en", "title"), ("ru", "title"), ("zh", "title_original")] {
        let tag = if language == "zh" { "en" } else { language };
        let newer = partner.get(&format!("/v1/offers/{id}?language={tag}")).await.json();
        assert_eq!(titles[language][0], newer[wanted], "{language}");
    }
    house.close().await;
}

#[actix_web::test]
async fn a_pool_is_pulled_whole_whatever_the_size_of_its_pages() {
    let house = House::open().await;
    let (trader, partner) = (house.trader("acme").await, house.partner("finder").await);
    let pool = partner.get("/v1/pools").await.json()["items"][0].clone();
    let (id, total) = (number(&pool["id"]), pool["offers"].as_u64().unwrap());
    let pull = async |page: u64, size: u64| {
        let asked = json!({"offerPoolId": id, "taskId": "1", "language": "en", "pageNo": page, "pageSize": size});
        trader.result("pool.product.pull", "offerPoolQueryParam", asked).await
    };
    let whole = pull(1, 1_000).await;
    assert_eq!(ids(&whole, "offerId").len() as u64, total);
    assert!(whole.as_array().unwrap().iter().all(|one| one["offerPoolTotal"] == json!(total)));
    let mut pieces = Vec::new();
    for page in 1..=total.div_ceil(7) {
        pieces.extend(ids(&pull(page, 7).await, "offerId"));
    }
    assert_eq!(pieces, ids(&whole, "offerId"));
    let told = trader.told(XB, "pool.product.total", &[("palletId", &id.to_string())]).await;
    assert_eq!((&told["result"]["success"], &told["result"]["model"]), (&json!("true"), &json!(total)));
    let nowhere = trader.told(XB, "pool.product.total", &[("palletId", "987654")]).await;
    assert_eq!(nowhere["result"]["success"], "false");
    house.close().await;
}

#[actix_web::test]
async fn trends_are_told_day_by_day_under_both_names() {
    let house = House::open().await;
    let (trader, partner) = (house.trader("acme").await, house.partner("finder").await);
    let id = number(&offers(&house, 1).await[0]["id"]);
    let newer = partner.get(&format!("/v1/offers/{id}/trends")).await.json();
    let days = newer["days"].as_array().unwrap();
    let compact = |at: usize| days[at]["date"].as_str().unwrap().replace('-', "");
    let (first, last) = (days.len() - 10, days.len() - 1);
    let asked = json!({"offerId": id, "startDate": compact(first), "endDate": compact(last)}).to_string();
    for (api, parameter) in [
        ("getPerdaySellQuantityTrend", "tendQueryParam"),
        ("getThirtyDayMedianPriceTrend", "trendQueryParam"),
        ("getRepurchaseRateTrend", "trendQueryParam"),
    ] {
        let old = format!("product.analyze.{api}");
        let told = trader.told(XB, &old, &[(parameter, &asked)]).await;
        let new = trader.told(XB, &format!("{old}New"), &[(parameter, &asked)]).await;
        assert_eq!(told, new);
        assert_eq!((&told["result"]["success"], &told["result"]["retCode"]), (&json!(true), &json!("S000")));
        let points = told["result"]["result"].as_array().unwrap();
        let dates: Vec<_> = points.iter().map(|point| point["date"].as_str().unwrap().to_owned()).collect();
        assert_eq!(dates, (first..=last).map(compact).collect::<Vec<_>>());
        match api {
            "getPerdaySellQuantityTrend" => {
                for (point, day) in points.iter().zip(&days[first..]) {
                    assert_eq!(point["value"], json!(day["sold"].to_string()));
                }
            }
            "getRepurchaseRateTrend" => assert!(points[9]["value"].as_str().unwrap().ends_with('%'), "{told}"),
            _ => assert!(points.iter().all(|point| point["value"].as_str().unwrap().contains('.')), "{told}"),
        }
    }
    let missing = trader.call(XB, "product.analyze.getRepurchaseRateTrend", &[]).await;
    assert_eq!(missing.error().as_deref(), Some("gw.ParamMissing"));
    house.close().await;
}

#[actix_web::test]
async fn what_is_recommended_is_what_the_newer_face_finds() {
    let house = House::open().await;
    let (trader, partner) = (house.trader("acme").await, house.partner("finder").await);
    let best = partner.get("/v1/offers?limit=5&sort=sold&language=ja").await.json();
    let wanted: Vec<_> = best["items"].as_array().unwrap().iter().map(|one| number(&one["id"])).collect();
    let page = async |page: i64, size: i64| {
        let asked = json!({"beginPage": page, "pageSize": size, "country": "ja", "outMemberId": "1"});
        trader.result("product.search.offerRecommend", "recommendOfferParam", asked).await
    };
    assert_eq!(ids(&page(1, 5).await, "offerId"), wanted);
    let second = page(2, 2).await;
    assert_eq!(ids(&second, "offerId"), wanted[2..4]);
    assert_eq!(second[0]["subjectTrans"], best["items"][2]["title"]);
    assert_eq!(second[0]["priceInfo"]["price"], best["items"][2]["price"]["from"]["amount"]);
    assert_eq!(page(2_000, 5).await, json!([]), "beyond what is shown of a list");
    // By what a search can be narrowed, and that it is narrowed by it.
    let word = crate::param2::raw::keyword(&house).await;
    let word = word.as_str();
    let asked = json!({"keyword": word, "language": "en_US", "region": "US", "currency": "USD"}).to_string();
    let told = trader.told(XB, "product.search.keywordSNQuery", &[("snParams", &asked)]).await;
    assert_eq!((&told["result"]["success"], &told["result"]["retCode"]), (&json!(true), &json!("S0000")));
    let property = &told["result"]["result"][0];
    let value = &property["children"][0];
    assert!(property["translateName"].is_string() && property["id"].is_string(), "{told}");
    let search = async |more: Value| {
        let mut asked = json!({"keyword": word, "beginPage": 1, "pageSize": 5, "country": "en"});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        trader.result("product.search.keywordQuery", "offerQueryParam", asked).await
    };
    let (all, narrowed) = (search(json!({})).await, search(json!({"snId": value["id"]})).await);
    let (all, narrowed) = (all["totalRecords"].as_u64().unwrap(), narrowed["totalRecords"].as_u64().unwrap());
    assert!(0 < narrowed && narrowed <= all, "{narrowed} of {all}");
    let query: String = url::form_urlencoded::byte_serialize(word.as_bytes()).collect();
    let newer = partner.get(&format!("/v1/offers?q={query}&limit=1&facets=true&language=en")).await.json();
    let counted = &newer["facets"]["attributes"][0];
    assert_eq!((&property["id"], &property["name"]), (&counted["id"], &counted["name_original"]));
    assert_eq!(
        (&value["translateName"], narrowed),
        (&counted["values"][0]["value"], counted["values"][0]["offers"].as_u64().unwrap())
    );
    let wrong = json!({"keyword": word, "beginPage": 1, "pageSize": 5, "country": "en", "snId": "red"}).to_string();
    let said = trader.call(XB, "product.search.keywordQuery", &[("offerQueryParam", &wrong)]).await;
    assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"));
    // What sells best of a title, with its variants.
    let told = trader.told("com.alibaba.product", "alibaba.product.suggest.crossBorder", &[("keyWord", word)]).await;
    let found = partner.get(&format!("/v1/offers?q={query}&limit=10&sort=sold&language=en")).await.json();
    let wanted: Vec<_> = found["items"].as_array().unwrap().iter().map(|one| number(&one["id"])).collect();
    assert_eq!((&told["success"], ids(&told["resultList"], "productID")), (&json!("true"), wanted));
    let first = &told["resultList"][0];
    let newer = partner.get(&format!("/v1/offers/{}?language=en", first["productID"])).await.json();
    assert_eq!(first["skuList"].as_array().unwrap().len(), newer["skus"].as_array().unwrap().len());
    assert_eq!(first["skuList"][0]["skuId"].to_string(), newer["skus"][0]["id"].as_str().unwrap());
    assert_eq!((&first["subject"], &first["minPurchaseQuantity"]), (&newer["title_original"], &newer["minimum_order"]));
    let asked = [("keyWord", word), ("loginId", "nobody")];
    let none = trader.told("com.alibaba.product", "alibaba.product.suggest.crossBorder", &asked).await;
    assert_eq!(none["success"], "false");
    house.close().await;
}
