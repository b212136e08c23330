//! The operator's console from outside: closed to everybody else, complete without a script, silent about secrets.

use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, Response, redirect};
use serde_json::{Value, json};

use xunyuan::commands::client::Draft;
use xunyuan::model::partner::{Mode, Scopes};
use xunyuan::ops::staff::Role;

use crate::harness::{House, Partner, Redis, plain, sandbox_settings};
use crate::nodes::{at, beside, until};

/// A browser that follows nothing and keeps its cookie.
pub struct Browser<'a> {
    house: &'a House,
    client: Client,
    cookie: String,
}

pub struct Page {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl<'a> Browser<'a> {
    fn at(house: &'a House) -> Self {
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { house, client, cookie: String::new() }
    }

    /// A browser that logged in with a fresh one-time password.
    async fn inside(house: &'a House) -> Self {
        let mut browser = Self::at(house);
        let password = house.running.house.console.issue_one_time().unwrap();
        let page = browser.log_in(&password).await;
        assert_eq!((page.status, page.field("location")), (303, "/console"), "{}", page.text);
        browser
    }

    /// A browser that logged in as somebody of this role, who was just added.
    pub async fn of(house: &'a House, name: &str, role: Role) -> Self {
        let staff = &house.running.house.console.staff;
        staff.add("test", &name.parse().unwrap(), role, "correct horse".to_owned().into()).await.unwrap();
        let mut browser = Self::at(house);
        let page = browser.log_in_as(name, "correct horse").await;
        assert_eq!(page.status, 303, "{}", page.text);
        browser
    }

    pub async fn get(&self, path: &str) -> Page {
        Page::of(self.client.get(self.house.ops(path)).header("cookie", &self.cookie).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, from: &str, form: &[(&str, &str)]) -> Page {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let asked = self.client.post(self.house.ops(path)).header("cookie", &self.cookie).header("origin", from);
        let asked = asked.header("content-type", "application/x-www-form-urlencoded").body(body);
        Page::of(asked.send().await.unwrap()).await
    }

    async fn log_in(&mut self, password: &str) -> Page {
        self.log_in_as("", password).await
    }

    /// Sends a form of a page of ours.
    async fn send(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let token = self.get("/console/me").await.token().to_owned();
        let form: Vec<_> = form.iter().copied().chain([("token", token.as_str())]).collect();
        self.post(path, &self.house.ops(""), &form).await
    }

    async fn log_in_as(&mut self, name: &str, password: &str) -> Page {
        let form = [("name", name), ("password", password)];
        let page = self.post("/console/login", &self.house.ops(""), &form).await;
        if let Some(cookie) = page.headers.get(SET_COOKIE) {
            self.cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        }
        page
    }
}

impl Page {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    fn field(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn says(&self, words: &str) {
        assert!(self.text.contains(words), "{words:?} is not in {}", self.text);
    }

    /// The value of the page's hidden token.
    fn token(&self) -> &str {
        let (_, rest) = self.text.split_once(r#"name="token" value=""#).unwrap();
        rest.split('"').next().unwrap()
    }
}

#[actix_web::test]
async fn without_a_password_the_console_is_closed_and_says_how_to_open_it() {
    let house = House::open().await;
    let mut browser = Browser::at(&house);
    for path in
        ["/console", "/console/", "/console/login", "/console/orders", "/console/orders/ord_x", "/console/nothing"]
    {
        let page = browser.get(path).await;
        assert_eq!(page.status, 503, "{path}");
        page.says("xunyuan console-password");
    }
    assert_eq!(browser.log_in("").await.status, 503);
    house.close().await;
}

#[actix_web::test]
async fn nobody_sees_a_page_without_logging_in() {
    let house = House::open().await;
    house.partner("acme").await;
    house.running.house.console.issue_one_time().unwrap();
    let mut browser = Browser::at(&house);
    for cookie in ["", "xunyuan_console=", "xunyuan_console=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        browser.cookie = cookie.to_owned();
        for path in [
            "/console",
            "/console?page=1",
            "/console/orders",
            "/console/find?q=PO-1",
            "/console/live",
            "/console/audit",
            "/console/nothing",
        ] {
            let page = browser.get(path).await;
            assert_eq!((page.status, page.headers[LOCATION].to_str().unwrap()), (303, "/console/login"), "{path}");
            assert!(page.text.is_empty());
        }
    }
    assert_eq!(browser.get("/console/login").await.status, 200);
    house.close().await;
}

#[actix_web::test]
async fn a_one_time_password_opens_one_session() {
    let house = House::open().await;
    let password = house.running.house.console.issue_one_time().unwrap();
    let (mut first, mut second) = (Browser::at(&house), Browser::at(&house));
    let page = first.log_in(&password).await;
    assert_eq!(page.status, 303);
    let cookie = page.field("set-cookie");
    assert!(cookie.contains("Path=/; HttpOnly; SameSite=Strict") && !cookie.contains("Secure"), "{cookie}");
    let again = second.log_in(&password).await;
    assert_eq!(again.status, 403);
    again.says("one-time password was used");
    assert_eq!((first.get("/console").await.status, second.get("/console").await.status), (200, 303));
    house.clock.advance_ms(13 * 3_600_000);
    assert_eq!(first.get("/console").await.status, 200, "it cannot be opened again, so it lasts a week");
    house.clock.advance_ms(7 * 24 * 3_600_000);
    assert_eq!(first.get("/console").await.status, 303);
    house.close().await;
}

#[actix_web::test]
async fn the_configured_password_opens_for_twelve_hours() {
    // Argon2id of "correct horse", as cheap as it gets.
    let hash = cheap_hash("correct horse");
    let house = House::with(&[("OPS__PASSWORD_HASH", &hash)]).await;
    assert!(!house.running.house.config.masked().contains(&hash));
    let mut browser = Browser::at(&house);
    assert_eq!(browser.log_in("correct horse ").await.status, 403);
    assert_eq!(browser.log_in("correct horse").await.status, 303);
    assert_eq!(browser.get("/console").await.status, 200);
    house.clock.advance_ms(12 * 3_600_000 + 1);
    assert_eq!(browser.get("/console").await.status, 303);
    house.close().await;
}

fn cheap_hash(password: &str) -> String {
    use argon2::password_hash::PasswordHasher;
    let params = argon2::Params::new(64, 1, 1, None).unwrap();
    let cheap = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    cheap.hash_password(password.as_bytes()).unwrap().to_string()
}

#[actix_web::test]
async fn wrong_passwords_are_refused_and_then_not_even_looked_at() {
    let house = House::open().await;
    let password = house.running.house.console.issue_one_time().unwrap();
    let mut browser = Browser::at(&house);
    for _ in 0..5 {
        let page = browser.log_in("guess").await;
        assert_eq!((page.status, page.field("set-cookie")), (403, ""));
        page.says("This is not a name with its password.");
    }
    let page = browser.log_in(&password).await;
    assert_eq!((page.status, page.field("cache-control")), (429, "no-store"));
    let wait_s: i64 = page.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    house.clock.advance_ms(wait_s * 1000);
    assert_eq!(browser.log_in(&password).await.status, 303);
    house.close().await;
}

#[actix_web::test]
async fn a_form_of_another_site_does_nothing() {
    let house = House::open().await;
    let password = house.running.house.console.issue_one_time().unwrap();
    let mut browser = Browser::at(&house);
    for origin in ["https://evil.example", "null"] {
        let page = browser.post("/console/login", origin, &[("password", &password)]).await;
        assert_eq!((page.status, page.field("set-cookie")), (403, ""), "{origin}");
    }
    assert_eq!(browser.log_in(&password).await.status, 303, "the password was not used up");
    let token = browser.get("/console").await.token().to_owned();
    let here = house.ops("");
    for (origin, token) in [("https://evil.example", token.as_str()), (&here, ""), (&here, "guess")] {
        assert_eq!(browser.post("/console/logout", origin, &[("token", token)]).await.status, 403, "{origin} {token}");
    }
    assert_eq!(browser.get("/console").await.status, 200);
    assert_eq!(browser.post("/console/logout", &here, &[("token", &token)]).await.status, 303);
    assert_eq!(browser.get("/console").await.status, 303, "the session is over, whatever the browser keeps");
    house.close().await;
}

#[actix_web::test]
async fn the_pages_show_the_node_a_partner_and_its_orders_and_no_secret() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let order = partner.order("PO-77").await;
    assert_eq!(order.status, 201, "{}", order.json());
    let order = order.json();
    let id = order["id"].as_str().unwrap();
    let refused = partner.get("/v1/orders/ord_00000000000000000000000000000000").await;
    assert_eq!(refused.status, 404);
    let browser = Browser::inside(&house).await;
    let now = browser.get("/console").await;
    for words in
        ["This node takes traffic", "create_order", "order_not_found", "<noscript><meta http-equiv=\"refresh\""]
    {
        now.says(words);
    }
    let partners = browser.get("/console/partners").await;
    for words in ["acme", "enterprise", "sandbox", " left", "calls on each of the last 7 days"] {
        partners.says(words);
    }
    let one = browser.get("/console/partners/acme").await;
    for words in [&partner.key_id, "awaiting_payment", "order_not_found", refused.field("x-request-id"), "Who decided"]
    {
        one.says(words);
    }
    let orders = browser.get("/console/orders?q=PO-77").await;
    orders.says(&format!("href=\"/console/orders/{id}\""));
    orders.says("?q=PO-77&amp;refresh=off");
    for sought in ["PO-77", id] {
        let found = browser.get(&format!("/console/find?q={sought}")).await;
        assert_eq!((found.status, found.field("location")), (303, format!("/console/orders/{id}").as_str()));
    }
    let key = browser.get(&format!("/console/find?q={}", partner.key_id)).await;
    assert_eq!(key.field("location"), "/console/partners/acme");
    let story = browser.get(&format!("/console/orders/{id}")).await;
    for words in
        ["received", "placing_started", "accepted", "awaiting_payment", "PO-77", "create_order", "order.accepted"]
    {
        story.says(words);
    }
    let in_state = browser.get("/console/orders?state=unknown").await;
    in_state.says("There are none.");
    let held = browser.get("/console?refresh=off").await;
    assert!(!held.text.contains("http-equiv=\"refresh\"") && !held.text.contains("data-renews"));
    let mut pages = vec![now, partners, one, orders, story, in_state, held];
    for path in [
        "/console/what-if",
        "/console/what-if?plan=enterprise",
        "/console/what-if?plan=enterprise&replay=1&quota.second=10&quota.day=1000&partner=acme",
        "/console/growth",
        "/console/referrals",
        "/console/cache",
        "/console/webhooks",
        "/console/goods",
        "/console/catalogue",
        "/console/audit",
        "/console/me",
    ] {
        pages.push(browser.get(path).await);
    }
    for page in pages {
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(!page.text.contains("xys_") && !page.text.contains(&partner.secret), "a secret is shown");
    }
    house.close().await;
}

#[actix_web::test]
async fn a_suspended_partner_and_what_it_had_left_are_told() {
    let house = House::open().await;
    house.partner("acme").await;
    let idle = house.partner("idle").await;
    let directory = &house.running.house.directory;
    directory.suspend_partner("test", &"acme".parse().unwrap(), "a trial").await.unwrap();
    let used = idle.get("/v1/limits").await;
    assert_eq!(used.status, 200);
    let page = Browser::inside(&house).await.get("/console/partners").await;
    page.says("every request is refused");
    let told = (0..60).any(|seconds| page.text.contains(&format!("suspended {seconds} s ago")));
    assert!(told, "{}", page.text);
    page.says("30,000 left");
    house.close().await;
}

#[actix_web::test]
async fn a_role_may_do_what_it_may_and_is_told_what_it_may_not() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let order = partner.order("PO-1").await.json();
    let look = format!("/console/orders/{}/look", order["id"].as_str().unwrap());
    let viewer = Browser::of(&house, "wang", Role::Viewer).await;
    let story = viewer.get(look.strip_suffix("/look").unwrap()).await;
    assert!(story.status == 200 && !story.text.contains("Look it up"), "what may not be done is not offered");
    let refused = viewer.send(&look, &[]).await;
    assert_eq!(refused.status, 403);
    refused.says("xunyuan operator role wang operator");
    let operator = Browser::of(&house, "li", Role::Operator).await;
    operator.get(look.strip_suffix("/look").unwrap()).await.says("Look it up");
    let done = operator.send(&look, &[]).await;
    assert_eq!(done.status, 200, "{}", done.text);
    done.says("The catalogue has it as");
    let audit = operator.get("/console/audit?actor=operator:li").await;
    audit.says("order.look");
    audit.says("console.login");
    assert!(!audit.text.contains("operator:wang</a>"));
    let settle = look.replace("/look", "/settle");
    let declined = operator.send(&settle, &[("reason", "asked them on the phone")]).await;
    assert_eq!(declined.status, 409);
    declined.says("only unknown orders are settled by hand");
    assert_eq!(operator.send(&settle, &[("reason", "x")]).await.status, 400);
    house.close().await;
}

#[actix_web::test]
async fn a_key_is_suspended_with_a_reason_and_let_in_again() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let li = Browser::of(&house, "li", Role::Operator).await;
    let form = |reason| [("key", partner.key_id.clone()), ("reason", reason)];
    let send = async |path: &str, reason: &str| {
        let form = form(reason.to_owned());
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        li.send(path, &form).await.status
    };
    assert_eq!(send("/console/partners/acme/suspend", "").await, 400, "not without a reason");
    assert_eq!(send("/console/partners/other/suspend", "leaked").await, 404);
    assert_eq!(partner.get("/v1/me").await.status, 200);
    assert_eq!(send("/console/partners/acme/suspend", "leaked in a repository").await, 303);
    assert_eq!(partner.get("/v1/me").await.status, 401);
    li.get("/console/partners/acme").await.says("Resume</button>");
    li.get("/console/audit?action=key.suspend").await.says("leaked in a repository");
    assert_eq!(send("/console/partners/acme/resume", "").await, 303);
    assert_eq!(partner.get("/v1/me").await.status, 200);
    assert_eq!(li.send("/console/partners/acme/suspend", &[("reason", "not paid")]).await.status, 303);
    assert_eq!(partner.get("/v1/me").await.status, 401);
    house.close().await;
}

#[actix_web::test]
async fn another_role_counts_at_once_and_logging_out_everywhere_ends_every_session() {
    let house = House::open().await;
    let one = Browser::of(&house, "li", Role::Operator).await;
    let mut two = Browser::at(&house);
    assert_eq!(two.log_in_as("li", "correct horse").await.status, 303);
    one.get("/console/me").await.says("operator</span>");
    house.running.house.console.staff.set_role("test", "li", Role::Viewer).await.unwrap();
    one.get("/console/me").await.says("viewer</span>");
    assert_eq!(one.send("/console/logout-everywhere", &[]).await.status, 303);
    for browser in [&one, &two] {
        assert_eq!(browser.get("/console").await.status, 303);
    }
    house.close().await;
}

#[actix_web::test]
async fn a_password_is_changed_by_whoever_knows_the_old_one() {
    let house = House::open().await;
    let mut li = Browser::of(&house, "li", Role::Viewer).await;
    let change = async |browser: &Browser<'_>, old: &str, new: &str, again: &str| {
        browser.send("/console/me/password", &[("old", old), ("new", new), ("again", again)]).await.status
    };
    assert_eq!(change(&li, "wrong", "battery staple", "battery staple").await, 400);
    assert_eq!(change(&li, "correct horse", "battery staple", "battery stable").await, 400);
    assert_eq!(change(&li, "correct horse", "short", "short").await, 400);
    assert_eq!(change(&li, "correct horse", "battery staple", "battery staple").await, 303);
    assert_eq!(li.get("/console").await.status, 303, "the session ended with the old password");
    assert_eq!(li.log_in_as("li", "correct horse").await.status, 403);
    assert_eq!(li.log_in_as("li", "battery staple").await.status, 303);
    house.close().await;
}

#[actix_web::test]
async fn a_session_goes_on_at_another_node() {
    let house = House::open().await;
    let li = Browser::of(&house, "li", Role::Viewer).await;
    let other = beside(&house, &house.clock).await;
    let asked = li.client.get(format!("http://{}/console/me", other.ops_address)).header("cookie", &li.cookie);
    assert_eq!(asked.send().await.unwrap().status(), 200);
    other.stop().await;
    house.close().await;
}

#[actix_web::test]
async fn the_operators_api_tells_what_the_pages_show_to_a_token_or_a_session() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let order = partner.order("PO-1").await.json();
    let id = order["id"].as_str().unwrap();
    let li = Browser::of(&house, "li", Role::Operator).await;
    let staff = &house.running.house.console.staff;
    let (_, viewer) = staff.issue_token("test", "li", Role::Viewer, "a test", 1).await.unwrap();
    let (_, operator) = staff.issue_token("test", "li", Role::Operator, "a test", 1).await.unwrap();
    let ask = async |token: &str, method: &str, path: &str, body: &str| {
        let asked = plain().request(method.parse().unwrap(), house.ops(path)).bearer_auth(token);
        let answer = asked.header("content-type", "application/json").body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<serde_json::Value>().await.unwrap_or_default())
    };
    for path in [
        "/ops/api/now",
        "/ops/api/hour",
        "/ops/api/headroom",
        "/ops/api/partners/acme/overrides",
        "/ops/api/what-if?plan=enterprise&partner=acme&policy=minute:60",
        "/ops/api/me",
        "/ops/api/growth",
        "/ops/api/referrals",
        "/ops/api/cache",
        "/ops/api/catalogue",
        "/ops/api/entry",
        "/ops/api/partners",
        "/ops/api/partners/acme",
        "/ops/api/orders/funnel?days=30",
        "/ops/api/orders/waiting",
        "/ops/api/orders?q=PO-1",
        &format!("/ops/api/orders/{id}"),
        "/ops/api/webhooks",
        "/ops/api/webhooks/deliveries?state=failed",
        "/ops/api/audit?since=1h",
    ] {
        assert_eq!(ask(&viewer, "GET", path, "").await.0, 200, "{path}");
        assert_eq!(li.get(path).await.status, 200, "{path} by session");
        let (status, problem) = ask("xyo_guess", "GET", path, "").await;
        assert_eq!((status, problem["code"].as_str()), (401, Some("not_logged_in")), "{path}");
    }
    let (_, listed) = ask(&viewer, "GET", "/ops/api/orders?partner=acme", "").await;
    assert_eq!(listed["items"][0]["reference"], "PO-1");
    let (_, story) = ask(&viewer, "GET", &format!("/ops/api/orders/{id}"), "").await;
    assert_eq!((&story["order"]["id"], &story["can"][0]), (&json!(id), &json!("look")));
    let look = format!("/ops/api/orders/{id}/look");
    let (status, problem) = ask(&viewer, "POST", &look, "").await;
    assert_eq!((status, problem["code"].as_str()), (403, Some("not_allowed")));
    let (status, done) = ask(&operator, "POST", &look, "").await;
    assert_eq!((status, done["order_id"].as_str()), (200, Some(id)), "{done}");
    let by_cookie = li.post(&look, &house.ops(""), &[]).await;
    assert_eq!(by_cookie.status, 403);
    by_cookie.says("not_ours");
    for (path, code, wanted) in [
        ("/ops/api/orders/ord_x", "not_found", 404),
        ("/ops/api/orders?state=lost", "invalid_request", 400),
        ("/ops/api/orders/funnel?days=9", "invalid_request", 400),
        ("/ops/api/partners/nobody", "not_found", 404),
        ("/ops/api/partners/nobody/overrides", "not_found", 404),
        ("/ops/api/requests/req_nobodys", "not_found", 404),
        ("/ops/api/what-if", "invalid_request", 400),
        ("/ops/api/what-if?plan=nothing", "not_found", 404),
        ("/ops/api/what-if?plan=starter&partner=nobody", "not_found", 404),
        ("/ops/api/what-if?plan=starter&policy=minute:x", "invalid_request", 400),
        ("/ops/api/what-if?plan=starter&policy=second:0&policy=minute:0&policy=day:0", "invalid_request", 400),
        ("/ops/api/audit?cursor=x", "invalid_request", 400),
    ] {
        let (status, problem) = ask(&viewer, "GET", path, "").await;
        assert_eq!((status, problem["code"].as_str()), (wanted, Some(code)), "{path}");
    }
    let settle = format!("/ops/api/orders/{id}/settle");
    assert_eq!(ask(&operator, "POST", &settle, r#"{"reason":"x","more":1}"#).await.0, 400);
    assert_eq!(ask(&operator, "POST", &settle, r#"{"reason":"asked them"}"#).await.0, 409);
    let exported =
        plain().get(house.ops("/ops/api/audit/export?subject=li")).bearer_auth(&*viewer).send().await.unwrap();
    assert_eq!(exported.headers()["content-type"], "application/jsonl; charset=utf-8");
    let exported = exported.text().await.unwrap();
    assert!(exported.lines().next().unwrap().contains("\"action\":\"operator.add\""), "{exported}");
    house.close().await;
}

#[actix_web::test]
async fn a_failing_endpoint_is_seen_resent_to_and_enabled_again() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let hook = json!({"url": "http://127.0.0.1:1/hook?key=hidden", "types": ["order.*"]});
    let made = partner.post("/v1/webhook-endpoints", hook).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let endpoint = made.json()["id"].as_str().unwrap().to_owned();
    let order = partner.order("PO-1").await.json();
    let staff = &house.running.house.console.staff;
    staff.add("test", &"li".parse().unwrap(), Role::Operator, "correct horse".to_owned().into()).await.unwrap();
    let (_, token) = staff.issue_token("test", "li", Role::Operator, "a test", 1).await.unwrap();
    let ask = async |method: &str, path: &str, body: serde_json::Value| {
        let asked = plain().request(method.parse().unwrap(), house.ops(path)).bearer_auth(&*token).json(&body);
        let answer = asked.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<serde_json::Value>().await.unwrap_or_default())
    };
    let mut seen = json!(null);
    for _ in 0..200 {
        seen = ask("GET", "/ops/api/webhooks", json!(null)).await.1;
        if seen["endpoints"][0]["health"] == "failing" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    let first = &seen["endpoints"][0];
    assert_eq!((&first["health"], &first["id"], &first["pending"]), (&json!("failing"), &json!(endpoint), &json!(1)));
    assert_eq!(first["url"], "http://127.0.0.1:1/hook?…", "what stands behind the question mark may be a secret");
    let filter = format!("/ops/api/webhooks/deliveries?endpoint={endpoint}&state=pending&type=order.accepted");
    let delivery = ask("GET", &filter, json!(null)).await.1["items"][0].clone();
    assert_eq!((&delivery["subject"], &delivery["partner"]), (&order["id"], &json!("acme")));
    assert!(delivery["attempts"][0]["problem"].as_str().unwrap().contains("connect"), "{delivery}");
    let story = ask("GET", &format!("/ops/api/orders/{}", order["id"].as_str().unwrap()), json!(null)).await.1;
    let kinds: Vec<_> = story["story"].as_array().unwrap().iter().map(|told| told["kind"].as_str().unwrap()).collect();
    for kind in ["event", "request", "told", "attempt"] {
        assert!(kinds.contains(&kind), "{kind} is not in {kinds:?}");
    }
    let resend = format!("/ops/api/webhooks/endpoints/{endpoint}/resend");
    house.clock.advance_ms(1_000);
    let one = json!({"delivery_id": delivery["id"]});
    assert_eq!(ask("POST", &resend, one.clone()).await, (200, json!({"deliveries": 1})));
    for wrong in
        [json!({}), json!({"from": "2026-11-23T10:00:00Z"}), json!({"delivery_id": "dlv_x"}), json!({"all": 1})]
    {
        assert_eq!(ask("POST", &resend, wrong.clone()).await.0, 400, "{wrong}");
    }
    let enable = format!("/ops/api/webhooks/endpoints/{endpoint}/enable");
    assert_eq!(ask("POST", &enable, json!(null)).await.0, 409, "it is enabled");
    let stop = json!({"state": "disabled"});
    let stopped = partner.send("PATCH", &format!("/v1/webhook-endpoints/{endpoint}"), stop).await;
    assert_eq!(stopped.status, 200, "{}", stopped.json());
    assert_eq!(ask("POST", &resend, one).await.0, 409, "nothing is sent to an endpoint that is disabled");
    let (status, enabled) = ask("POST", &enable, json!(null)).await;
    assert_eq!((status, &enabled["health"]), (200, &json!("healthy")));
    let unknown = "/ops/api/webhooks/endpoints/whe_00000000000000000000000000000000/enable";
    assert_eq!(ask("POST", unknown, json!(null)).await.0, 404);
    let audit = ask("GET", &format!("/ops/api/audit?subject={endpoint}&actor=operator:li"), json!(null)).await.1;
    let actions: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["webhook_endpoint.enable", "webhook_endpoint.resend"]);
    house.close().await;
}

#[actix_web::test]
async fn without_the_database_nobody_is_let_in_and_is_told_so() {
    let house = House::open().await;
    let li = Browser::of(&house, "li", Role::Admin).await;
    house.running.house.sql.close().await;
    let page = li.get("/console").await;
    assert_eq!(page.status, 503);
    page.says("The database did not answer");
    let told = li.get("/ops/api/orders").await;
    assert_eq!((told.status, told.field("content-type")), (503, "application/problem+json"));
    told.says("\"code\":\"unavailable\"");
    house.close().await;
}

#[actix_web::test]
async fn a_page_is_told_when_to_look_again_and_when_its_session_is_over() {
    use futures_util::StreamExt;
    let house = House::open().await;
    let li = Browser::of(&house, "li", Role::Viewer).await;
    let asked = plain().get(house.ops("/console/live")).header("cookie", &li.cookie).send().await.unwrap();
    assert_eq!(asked.headers()["content-type"], "text/event-stream; charset=utf-8");
    let mut words = asked.bytes_stream();
    let first = words.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"retry: 3000\nevent: hello"), "{first:?}");
    house.running.house.console.staff.close_all("test", "li").await.unwrap();
    let last = words.next().await.unwrap().unwrap();
    assert!(last.starts_with(b"event: bye"), "{last:?}");
    assert!(words.next().await.is_none());
    assert_eq!(li.get("/console/live").await.status, 303);
    house.close().await;
}

#[actix_web::test]
async fn what_a_partner_told_of_the_time_before_is_written_down() {
    let house = House::open().await;
    house.partner("acme").await;
    let li = Browser::of(&house, "li", Role::Operator).await;
    assert_eq!(li.send("/console/growth/acme", &[("daily", "12.5")]).await.status, 303);
    let page = li.get("/console/growth").await;
    page.says("12.5");
    for (partner, daily, status) in [("nobody", "1", 404), ("acme", "many", 400), ("acme", "-1", 400)] {
        let path = format!("/console/growth/{partner}");
        assert_eq!(li.send(&path, &[("daily", daily)]).await.status, status, "{partner} {daily}");
    }
    house.close().await;
}

#[actix_web::test]
async fn what_people_type_is_only_text() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let quote = partner.quote().await;
    let note = "<script>alert(1)</script>";
    let body = json!({"reference": "PO-1", "quote_id": quote["id"], "note": note});
    let order = partner.post_once("/v1/orders", "key-PO-1", body).await;
    assert_eq!(order.status, 201, "{}", order.json());
    let browser = Browser::inside(&house).await;
    let story = browser.get(&format!("/console/orders/{}", order.json()["id"].as_str().unwrap())).await;
    story.says("alert(1)");
    assert!(!story.text.contains(note));
    let sought = browser.get("/console/orders?q=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert_eq!(sought.status, 400);
    assert!(!sought.text.contains(note));
    let sought = browser.get("/console/find?q=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert_eq!(sought.status, 404);
    assert!(!sought.text.contains(note));
    assert_eq!(browser.get("/console/orders/ord_00000000000000000000000000000000").await.status, 404);
    assert_eq!(browser.get("/console/nothing").await.status, 404);
    house.close().await;
}

#[actix_web::test]
async fn every_answer_is_kept_by_nobody_and_framed_by_nobody() {
    let house = House::open().await;
    let browser = Browser::inside(&house).await;
    let outside = Browser::at(&house);
    let pages = [
        browser.get("/console").await,
        browser.get("/console/orders").await,
        browser.get("/console/nothing").await,
        outside.get("/console").await,
        outside.get("/console/login").await,
        outside.post("/console/login", "https://evil.example", &[]).await,
        outside.post("/console/login", &house.ops(""), &[("password", &"x".repeat(10_000))]).await,
    ];
    for page in pages {
        assert_eq!(page.field("cache-control"), "no-store");
        assert_eq!((page.field("x-frame-options"), page.field("x-content-type-options")), ("DENY", "nosniff"));
        let policy = page.field("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !page.text.contains(" style=") && !page.text.contains(" onclick="));
        for outside in ["src=\"http", "href=\"http", "url(http"] {
            assert!(!page.text.contains(outside));
        }
    }
    house.close().await;
}

/// Somebody with a token at `/ops/api`.
struct Asker<'a> {
    house: &'a House,
    token: String,
}

impl<'a> Asker<'a> {
    async fn of(house: &'a House, name: &str, role: Role) -> Self {
        let staff = &house.running.house.console.staff;
        staff.add("test", &name.parse().unwrap(), role, "correct horse".to_owned().into()).await.unwrap();
        let (_, token) = staff.issue_token("test", name, role, "a test", 1).await.unwrap();
        Self { house, token: token.to_string() }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let asked = plain().request(method.parse().unwrap(), self.house.ops(path)).bearer_auth(&self.token);
        let answer = asked.json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, told) = self.ask("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {told}");
        told
    }
}

async fn burst(partner: &Partner, calls: usize) -> usize {
    let draft = Draft::get("/v1/offers?limit=1");
    let answers = futures_util::future::join_all((0..calls).map(|_| partner.client.ask(&draft))).await;
    answers.iter().flatten().filter(|answer| answer.status == 429).count()
}

#[actix_web::test]
async fn partners_stand_by_headroom_with_what_hurts_them() {
    let house = House::open().await;
    let idle = house.partner("idle").await;
    let hasty = house.partner_with("hasty", "starter", Mode::Sandbox, Scopes::all()).await;
    let limited = burst(&hasty, 60).await;
    assert!(limited > 0);
    assert_eq!(house.signed(hasty.key_id.clone(), "xys_wrong".to_owned()).get("/v1/limits").await.status, 401);
    assert_eq!(idle.get("/v1/me").await.status, 200);
    let viewer = Asker::of(&house, "wang", Role::Viewer).await;
    let all = viewer.get("/ops/api/headroom").await["items"].as_array().unwrap().clone();
    let names: Vec<_> = all.iter().map(|row| row["partner"].as_str().unwrap()).collect();
    assert_eq!(names, ["hasty", "idle"], "the nearest to a limit first");
    let first = &all[0];
    assert_eq!(
        (&first["plan"], &first["mode"], &first["limited"]),
        (&json!("starter"), &json!("sandbox"), &json!(limited))
    );
    let causes: u64 = first["causes"].as_object().unwrap().values().map(|calls| calls.as_u64().unwrap()).sum();
    assert_eq!((causes as usize, &first["top_operation"]), (limited, &json!("search_offers")));
    assert_eq!(first["proofs"], json!({"signature_mismatch": 1}));
    let decided = first["decisions"].as_object().unwrap();
    let denied: u64 =
        decided.iter().filter(|(name, _)| name.starts_with("denied_")).map(|(_, n)| n.as_u64().unwrap()).sum();
    assert_eq!(denied as usize, limited, "{decided:?}");
    assert!(first["percent"].as_f64().unwrap() > all[1]["percent"].as_f64().unwrap());
    assert_eq!((first["policies"].as_array().unwrap().len(), first["trend"].as_array().unwrap().len()), (3, 7));
    let li = Browser::of(&house, "li", Role::Viewer).await;
    let page = li.get("/console/partners").await;
    for words in ["signature_mismatch", "search_offers", &format!("<b class=\"alarm\">{limited}</b>")] {
        page.says(words);
    }
    assert!(page.text.find("/console/partners/hasty").unwrap() < page.text.find("/console/partners/idle").unwrap());
    house.close().await;
}

#[actix_web::test]
async fn a_failed_request_is_found_by_its_id() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let refused = partner.get("/v1/orders/ord_00000000000000000000000000000000").await;
    let id = refused.field("x-request-id");
    let li = Browser::of(&house, "li", Role::Viewer).await;
    let found = li.get(&format!("/console/find?q={id}")).await;
    assert_eq!((found.status, found.field("location")), (303, format!("/console/partners/acme#{id}").as_str()));
    li.get("/console/partners/acme").await.says(&format!("<tr id=\"{id}\">"));
    let told = Asker::of(&house, "wang", Role::Viewer).await.get(&format!("/ops/api/requests/{id}")).await;
    let expected = ["acme", "sandbox", "get_order", "order_not_found"];
    assert_eq!(["partner", "mode", "operation", "code"].map(|name| told[name].as_str().unwrap()), expected);
    assert_eq!(told["status"], 404);
    house.close().await;
}

#[actix_web::test]
async fn figures_of_its_own_hold_within_two_seconds_until_they_are_ended() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let li = Browser::of(&house, "li", Role::Operator).await;
    let quota = async || {
        let limits = partner.get("/v1/limits").await.json();
        let policies = limits["policies"].as_array().unwrap().clone();
        policies.iter().find(|policy| policy["name"] == "minute").unwrap()["quota"].as_u64().unwrap()
    };
    let before = quota().await;
    let form = |quota: &'static str, until: &'static str, reason: &'static str| {
        [("policy", "minute"), ("quota", quota), ("burst", ""), ("kind", "held"), ("until", until), ("reason", reason)]
    };
    let path = "/console/partners/acme/overrides";
    for (wrong, status) in [
        (form("12x", "2h", "a sale"), 400),
        (form("123", "soon", "a sale"), 400),
        (form("123", "2h", "x"), 400),
        (form("", "2h", "a sale"), 400),
        (form("0", "2h", "a sale"), 400),
    ] {
        assert_eq!(li.send(path, &wrong).await.status, status, "{wrong:?}");
    }
    assert_eq!(li.send("/console/partners/nobody/overrides", &form("123", "2h", "a sale")).await.status, 404);
    let viewer = Browser::of(&house, "wang", Role::Viewer).await;
    assert_eq!(viewer.send(path, &form("123", "2h", "a sale")).await.status, 403);
    assert!(!viewer.get("/console/partners/acme").await.text.contains("Give it other figures"));
    assert_eq!(quota().await, before, "nothing was changed");
    let set = li.send(path, &form("123", "2h", "a sale on Friday")).await;
    assert_eq!((set.status, set.field("location")), (303, "/console/partners/acme#figures"));
    assert_eq!(quota().await, 123);
    let page = li.get("/console/partners/acme").await;
    for words in ["a sale on Friday", "in force", "quota 123", "operator:li"] {
        page.says(words);
    }
    li.get("/console/partners").await.says("own figures");
    li.get("/console/audit?action=limit.override").await.says("a sale on Friday");
    let operator = Asker::of(&house, "chen", Role::Operator).await;
    let listed = operator.get("/ops/api/partners/acme/overrides").await;
    let one = &listed["items"][0];
    assert_eq!((&one["policy"], &one["quota"], &one["in_force"]), (&json!("minute"), &json!(123), &json!(true)));
    let id = one["id"].as_str().unwrap();
    house.partner("other").await;
    assert_eq!(li.send("/console/partners/other/overrides/end", &[("override", id)]).await.status, 404, "it is acme's");
    assert_eq!(viewer.send("/console/partners/acme/overrides/end", &[("override", id)]).await.status, 403);
    assert_eq!(li.send("/console/partners/acme/overrides/end", &[("override", id)]).await.status, 303);
    assert_eq!(quota().await, before);
    let end = format!("/ops/api/partners/acme/overrides/{id}/end");
    assert_eq!(operator.ask("POST", &end, Value::Null).await.0, 409, "it has ended");
    li.get("/console/audit?action=limit.end").await.says(id);
    house.close().await;
}

#[actix_web::test]
async fn a_limit_on_trial_counts_whom_it_would_refuse_and_refuses_nobody() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let operator = Asker::of(&house, "li", Role::Operator).await;
    let path = "/ops/api/partners/acme/overrides";
    let trial = json!({"policy": "second", "quota": 5, "shadow": true, "until": "1d", "reason": "would it hurt?"});
    assert_eq!(
        operator.ask("POST", path, json!({"policy": "second", "quota": 5, "until": "1d"})).await.0,
        400,
        "no reason"
    );
    let (status, set) = operator.ask("POST", path, trial).await;
    assert_eq!((status, &set["items"][0]["shadow"]), (200, &json!(true)), "{set}");
    assert_eq!(burst(&partner, 20).await, 0, "a trial refuses nobody");
    let row = operator.get("/ops/api/headroom").await["items"][0].clone();
    assert!(row["shadow"]["second.trial"].as_u64().unwrap() > 0, "{row}");
    assert_eq!(row["policies"].as_array().unwrap().len(), 3, "the trial is no policy it is held to");
    let page = Browser::of(&house, "wang", Role::Viewer).await.get("/console/partners/acme").await;
    page.says("On trial, would have refused");
    page.says("on trial</span>");
    house.close().await;
}

#[actix_web::test]
async fn what_if_replays_what_was_wanted_under_a_proposed_plan() {
    let house = House::open().await;
    let hasty = house.partner_with("hasty", "starter", Mode::Sandbox, Scopes::all()).await;
    let limited = burst(&hasty, 60).await as u64;
    // The running minute is not replayed, and written down when it is over.
    house.clock.advance_ms(61_000);
    house.running.house.usage.flush().await.unwrap();
    let viewer = Asker::of(&house, "wang", Role::Viewer).await;
    let refused = async |query: &str| {
        let told = viewer.get(&format!("/ops/api/what-if?{query}")).await;
        let one = &told["items"][0];
        assert_eq!(
            (&told["accounts"], &one["partner"], &one["offered"]["calls"]),
            (&json!(1), &json!("hasty"), &json!(60)),
            "{told}"
        );
        assert_eq!(told["refused_then"], json!(3 * limited));
        one["refused"]["calls"].as_u64().unwrap()
    };
    assert_eq!(refused("plan=enterprise&partner=hasty").await, 0, "a larger plan has room for all of them");
    let then = refused("plan=starter").await;
    assert!(then > 0 && then <= limited, "{then} of {limited}: the most favourable order of calls is taken");
    assert!(refused("plan=starter&policy=second:5&partner=*").await > then);
    let nobody = viewer.get("/ops/api/what-if?plan=enterprise").await;
    assert_eq!((&nobody["accounts"], &nobody["items"]), (&json!(0), &json!([])), "nobody is on it");
    let li = Browser::of(&house, "li", Role::Viewer).await;
    let page = li.get("/console/what-if?plan=starter&replay=1&quota.second=5&quota.minute=600&quota.day=").await;
    assert_eq!(page.status, 200, "{}", page.text);
    for words in ["hasty", "units refused in each of 24 hours", "of 1 that called", "placeholder=\"left out\""] {
        page.says(words);
    }
    assert_eq!(li.get("/console/what-if?plan=starter&replay=1&quota.second=x").await.status, 400);
    house.close().await;
}

#[actix_web::test]
async fn the_first_page_tells_of_all_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let Some(redis) = Redis::at_hand(folder.path()) else { return };
    let house = House::with(&[("REDIS__URL", &redis.url)]).await;
    let other = beside(&house, &house.clock).await;
    let partner = house.partner("acme").await;
    other.house.directory.refresh().await;
    let there = at(other.address, &partner, &house.clock);
    for _ in 0..3 {
        assert_eq!((partner.get("/v1/me").await.status, there.get("/v1/me").await.status), (200, 200));
    }
    let viewer = Asker::of(&house, "wang", Role::Viewer).await;
    let told = async || {
        // Nodes tell each other by the clock.
        house.clock.advance_ms(10_000);
        house.running.house.usage.share().await;
        other.house.usage.share().await;
        let hour = viewer.get("/ops/api/hour").await;
        let sum: u64 = hour["points"].as_array().unwrap().iter().map(|point| point["requests"].as_u64().unwrap()).sum();
        (hour["nodes"].as_array().unwrap().len(), sum)
    };
    until("both nodes are heard of", async || told().await == (2, 6)).await;
    let page = Browser::of(&house, "li", Role::Viewer).await.get("/console").await;
    for words in ["2 nodes", "Gateway alone, p99", "Time to answer, p99", "since "] {
        page.says(words);
    }
    other.stop().await;
    house.close().await;
}

/// The hottest listing as `/ops/api/cache` tells it, and what it tells of all.
async fn hottest(viewer: &Asker<'_>) -> (Value, Value) {
    let told = viewer.get("/ops/api/cache").await["hottest"].take();
    (told["listings"][0].clone(), told)
}

#[actix_web::test]
async fn the_hottest_listings_are_told_of_this_node_or_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let alone = House::open().await;
    let partner = alone.partner("acme").await;
    let viewer = Asker::of(&alone, "wang", Role::Viewer).await;
    // The house of a stage with Redis has one, too.
    let cache = &alone.running.house.cache;
    let is_shared = cache.listed(1).await.is_some();
    let (first, told) = hottest(&viewer).await;
    assert_eq!((first, &told["all_nodes"]), (Value::Null, &json!(is_shared)));
    let li = Browser::of(&alone, "li", Role::Viewer).await;
    li.get("/console/cache").await.says("Nothing was found in the cache lately.");
    let offer = partner.get("/v1/offers?limit=1").await.json()["items"][0]["id"].clone();
    let path = format!("/v1/offers/{}", offer.as_str().unwrap());
    for _ in 0..20 {
        assert_eq!(partner.get(&path).await.status, 200);
    }
    cache.list_hot().await;
    let (first, told) = hottest(&viewer).await;
    assert_eq!((&first["kind"], &first["world"]), (&json!("offer"), &json!("sandbox")), "{told}");
    assert!(first["hits"].as_u64().unwrap() >= 8 && first["share"].as_f64().unwrap() > 0.5, "{told}");
    let page = li.get("/console/cache").await;
    for words in [
        "Asked for most",
        if is_shared { "of all nodes" } else { "of this node" },
        first["call"].as_str().unwrap().split('?').next().unwrap(),
    ] {
        page.says(words);
    }
    alone.close().await;

    let Some(redis) = Redis::at_hand(folder.path()) else { return };
    let house = House::with(&[("REDIS__URL", &redis.url)]).await;
    let partner = house.partner("acme").await;
    for _ in 0..20 {
        assert_eq!(partner.get(&path).await.status, 200);
    }
    house.running.house.cache.list_hot().await;
    let (first, told) = hottest(&Asker::of(&house, "wang", Role::Viewer).await).await;
    assert_eq!((&first["kind"], &told["all_nodes"]), (&json!("offer"), &json!(true)), "{told}");
    house.close().await;
}

#[actix_web::test]
async fn goods_are_counted_entered_and_taken_out_by_those_who_may_and_partners_see_it() {
    let half = xunyuan::sandbox::Settings { unentered_permille: 500, ..sandbox_settings() };
    let house = House::over(half, &[]).await;
    let acme = house.partner("acme").await;
    let id = acme.get("/v1/offers?limit=1").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let (li, wang) = (Asker::of(&house, "li", Role::Operator).await, Asker::of(&house, "wang", Role::Viewer).await);
    let counts = async || {
        let told = wang.get("/ops/api/entry").await;
        told["worlds"].as_array().unwrap().iter().find(|one| one["mode"] == "sandbox").unwrap()["goods"].clone()
    };
    let before = counts().await;
    let held: u64 = before["held_for"].as_array().unwrap().iter().map(|one| one["goods"].as_u64().unwrap()).sum();
    assert!(before["waiting"].as_u64().unwrap() > 100 && before["held"] == held && held > 0, "{before}");

    let all = json!({"mode": "sandbox", "all": true});
    assert_eq!(wang.ask("POST", "/ops/api/entry/enter", all.clone()).await.0, 403, "a viewer only looks");
    for (path, wrong) in [
        ("enter", json!({"mode": "sandbox"})),
        ("enter", json!({"mode": "moon", "all": true})),
        ("enter", json!({"mode": "sandbox", "all": true, "offer_ids": ["7"]})),
        ("enter", json!({"mode": "sandbox", "offer_ids": ["x"]})),
        ("enter", json!({"mode": "sandbox", "goods": ["7"]})),
        ("withdraw", all.clone()),
    ] {
        let (status, told) = li.ask("POST", &format!("/ops/api/entry/{path}"), wrong.clone()).await;
        assert_eq!((status, told["code"].as_str()), (400, Some("invalid_request")), "{wrong}: {told}");
    }
    let nobody = json!({"mode": "sandbox", "supplier_id": "1"});
    assert_eq!(li.ask("POST", "/ops/api/entry/enter", nobody).await.0, 404);

    let some = json!({"mode": "sandbox", "offer_ids": [&id, "12345678"]});
    let (status, done) = li.ask("POST", "/ops/api/entry/withdraw", some).await;
    assert_eq!((status, &done["changed"]), (200, &json!(1)), "{done}");
    let refused = &done["refused"][0];
    assert_eq!((&refused["offer_id"], &refused["code"]), (&json!("12345678"), &json!("offer_foreign")));
    until("partners do not find it", async || acme.get(&format!("/v1/offers/{id}")).await.status == 404).await;
    let (status, done) = li.ask("POST", "/ops/api/entry/enter", all).await;
    assert_eq!((status, &done["changed"]), (200, &json!(before["waiting"].as_u64().unwrap() + 1)), "{done}");
    until("partners find it", async || acme.get(&format!("/v1/offers/{id}")).await.status == 200).await;
    let after = counts().await;
    assert_eq!((&after["waiting"], &after["held"]), (&json!(0), &before["held"]));

    // The page does the same, for those who may.
    let (chen, sun) =
        (Browser::of(&house, "chen", Role::Operator).await, Browser::of(&house, "sun", Role::Viewer).await);
    assert!(!sun.get("/console/goods").await.text.contains("<form method=\"post\" action=\"/console/goods"));
    let offers = format!("{id}, 12345678");
    let form = [("mode", "sandbox"), ("offers", offers.as_str())];
    assert_eq!(sun.send("/console/goods/withdraw", &form).await.status, 403);
    let done = chen.send("/console/goods/withdraw", &form).await;
    assert_eq!(done.status, 200, "{}", done.text);
    done.says("Taken out: 1 goods");
    done.says("12345678 was refused");
    chen.get("/console/goods").await.says("Enter all 1");
    assert_eq!(chen.send("/console/goods/enter", &[("mode", "sandbox"), ("which", "all")]).await.status, 200);
    let audit = chen.get("/console/audit?action=goods.withdraw").await;
    audit.says("operator:chen");
    audit.says("operator:li");
    house.close().await;
}

#[actix_web::test]
async fn buyer_accounts_are_made_and_closed_and_a_password_is_shown_once() {
    let house = House::open().await;
    house.partner("acme").await;
    let browser = Browser::inside(&house).await;
    let directory = &house.running.house.directory;
    let policy = xunyuan::partners::AppPolicy { mode: Mode::Sandbox, scopes: Scopes::all(), allowed: Vec::new() };
    let app = directory.issue_app("test", &"acme".parse().unwrap(), policy).await.unwrap().app_key;
    directory.add_redirect("test", &app, "https://shop.example/back").await.unwrap();
    browser.get("/console/partners/acme").await.says("https://shop.example/back");
    let made = browser.send("/console/partners/acme/accounts", &[("branch", "osaka"), ("name", "Osaka <b>")]).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let password = made.text.split("Password: ").nth(1).unwrap()[..29].to_owned();
    let partner = "acme".parse().unwrap();
    assert!(directory.is_buyer(&partner, "acme:osaka", &password).await.unwrap());
    let page = browser.get("/console/partners/acme").await;
    page.says("acme:osaka");
    assert!(!page.text.contains(&password) && !page.text.contains("<b>"), "{}", page.text);
    for (path, form, status) in [
        ("/console/partners/acme/accounts", [("branch", "osaka")], 409),
        ("/console/partners/acme/accounts", [("branch", "O saka")], 400),
        ("/console/partners/other/accounts", [("branch", "kobe")], 404),
        ("/console/partners/acme/accounts/password", [("account", "acme:kobe")], 404),
        ("/console/partners/acme/accounts/close", [("account", "other")], 404),
    ] {
        assert_eq!(browser.send(path, &form).await.status, status, "{path} {form:?}");
    }
    let renewed = browser.send("/console/partners/acme/accounts/password", &[("account", "acme:osaka")]).await;
    assert_eq!(renewed.status, 200);
    assert!(!directory.is_buyer(&partner, "acme:osaka", &password).await.unwrap());
    let closed = browser.send("/console/partners/acme/accounts/close", &[("account", "acme:osaka")]).await;
    closed.says("acme:osaka is closed");
    browser.get("/console/partners/acme").await.says(">closed</span>");
    browser.get("/console/audit?action=buyer.close").await.says("acme:osaka");
    house.close().await;
}
