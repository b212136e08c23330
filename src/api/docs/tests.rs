//! Claims about the documentation: complete, linked without gaps, self-contained, protected, its worked example true.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, X_CONTENT_TYPE_OPTIONS};
use actix_web::{App, test};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::api::docs::{answer, assets, examples, routes};
use crate::edge::extras;
use crate::error::Code;

const PAGES: [&str; 12] = [
    "/docs",
    "/docs/signing",
    "/docs/orders",
    "/docs/payments",
    "/docs/webhooks",
    "/docs/refunds",
    "/docs/consignments",
    "/docs/limits",
    "/docs/money",
    "/docs/finding",
    "/docs/freshness",
    "/docs/errors",
];

struct Answer {
    status: u16,
    headers: actix_web::http::header::HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: impl AsRef<str>) -> &str {
        let value = self.headers.get(name.as_ref());
        value.map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(request: test::TestRequest) -> Answer {
    let app = test::init_service(App::new().configure(routes)).await;
    let response = test::call_service(&app, request.to_request()).await;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let bytes = test::read_body(response).await;
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status, headers, body }
}

async fn get(path: &str) -> Answer {
    ask(test::TestRequest::get().uri(path)).await
}

/// The values of an attribute in a page.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    page.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

async fn all_pages() -> Vec<(String, String)> {
    let codes = Code::ALL.iter().map(|code| format!("/docs/errors/{}", code.facts().name));
    let paths: Vec<_> = PAGES.iter().map(|page| (*page).to_owned()).chain(codes).collect();
    let mut pages = Vec::new();
    for path in paths {
        let answer = get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        pages.push((path, answer.body));
    }
    pages
}

#[actix_web::test]
async fn every_code_has_a_page_with_its_facts() {
    for code in Code::ALL {
        let facts = code.facts();
        let answer = get(&format!("/docs/errors/{}", facts.name)).await;
        assert_eq!(answer.status, 200, "{}", facts.name);
        let text = answer.body.replace("&#34;", "\"").replace("&#39;", "'");
        for fact in [facts.name, facts.title, facts.advice, &facts.status.to_string()] {
            assert!(text.contains(fact), "{}: {fact}", facts.name);
        }
    }
}

#[actix_web::test]
async fn the_example_of_every_code_is_the_problem_it_says() {
    for code in Code::ALL {
        let facts = code.facts();
        let page = get(&format!("/docs/errors/{}", facts.name)).await.body;
        let shown = page.split("data-language=\"json\">").nth(1).unwrap();
        let shown = shown.split("</code>").next().unwrap();
        let shown = shown.replace("&#34;", "\"").replace("&#39;", "'");
        let shown = shown.replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&");
        let problem: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(problem["code"], facts.name);
        assert_eq!(problem["status"], facts.status);
        assert_eq!(get(problem["type"].as_str().unwrap()).await.status, 200);
    }
}

#[core::prelude::v1::test]
fn examples_belong_to_codes_that_exist() {
    for example in examples::ALL {
        assert!(Code::find(example.code).is_some(), "{}", example.code);
    }
}

#[actix_web::test]
async fn an_unknown_code_is_answered_with_all_known_ones() {
    let answer = get("/docs/errors/no_such_code").await;
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("no_such_code"));
    for code in Code::ALL {
        assert!(answer.body.contains(&format!("/docs/errors/{}", code.facts().name)));
    }
    let hostile = get("/docs/errors/%3Cscript%3Ealert(1)").await;
    assert!(!hostile.body.contains("<script>alert"));
}

#[actix_web::test]
async fn every_internal_link_leads_somewhere() {
    let mut seen = std::collections::HashMap::new();
    for (page, body) in all_pages().await {
        for link in values(&body, "href").into_iter().chain(values(&body, "src")) {
            // The OpenAPI document is served by the rest of the API.
            if link.starts_with("https://") || link == "/openapi/partner.json" {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = if path.is_empty() { page.as_str() } else { path };
            if !seen.contains_key(path) {
                let answer = get(path).await;
                assert_eq!(answer.status, 200, "{page} links to {link}");
                seen.insert(path.to_owned(), answer.body);
            }
            let has_anchor = anchor.is_empty() || seen[path].contains(&format!(" id=\"{anchor}\""));
            assert!(has_anchor, "{page} links to {link}");
        }
    }
}

#[actix_web::test]
async fn nothing_is_loaded_from_elsewhere() {
    for (page, body) in all_pages().await {
        for link in values(&body, "src") {
            assert!(link.starts_with("/docs/assets/"), "{page}: {link}");
        }
        for element in body.split("<link ").skip(1) {
            let element = element.split('>').next().unwrap();
            assert!(element.contains("href=\"/docs/assets/"), "{page}: {element}");
        }
        for link in values(&body, "href").iter().filter(|link| link.contains("//")) {
            let reading =
                ["https://www.rfc-editor.org/", "https://datatracker.ietf.org/", "https://www.standardwebhooks.com"];
            assert!(reading.iter().any(|site| link.starts_with(site)), "{page}: {link}");
        }
        assert!(!body.contains(" style=\"") && !body.contains("<style"), "{page}");
        assert!(!body.contains(" onclick="), "{page}");
    }
    for asset in assets::ALL {
        let text = std::str::from_utf8(asset.bytes).unwrap();
        let text = text.replace("http://www.w3.org/2000/svg", "");
        for foreign in ["http://", "https://", "url(//", "@import", "src=\"//"] {
            let mentions: Vec<_> = text.lines().filter(|line| line.contains(foreign)).collect();
            assert!(mentions.is_empty(), "{}: {mentions:?}", asset.name);
        }
    }
}

#[actix_web::test]
async fn every_answer_is_protected_and_checked_again() {
    for path in ["/docs", "/docs/errors/replayed", "/docs/errors/nope", "/docs/nope", "/docs/errors.json"] {
        let answer = get(path).await;
        assert_eq!(answer.header(CONTENT_SECURITY_POLICY), answer::POLICY, "{path}");
        assert_eq!(answer.header(X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(answer.header(CACHE_CONTROL), "public, no-cache", "{path}");
    }
    let tag = get("/docs").await.header(ETAG).to_owned();
    let again = ask(test::TestRequest::get().uri("/docs").insert_header(("if-none-match", tag))).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let changed = test::TestRequest::get().uri("/docs").insert_header(("if-none-match", "W/\"old\""));
    assert_eq!(ask(changed).await.status, 200);
}

#[actix_web::test]
async fn an_asset_is_kept_for_ever_under_its_own_release_only() {
    let release = assets::release();
    for asset in assets::ALL {
        let answer = get(&format!("/docs/assets/{release}/{}", asset.name)).await;
        assert_eq!(answer.status, 200, "{}", asset.name);
        assert_eq!(answer.header(CACHE_CONTROL), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("content-type"), asset.content_type);
        assert!(!asset.bytes.is_empty(), "{}", asset.name);
    }
    let other = get("/docs/assets/0000000000000000/frame.css").await;
    assert_eq!(other.header(CACHE_CONTROL), "public, no-cache");
    assert_eq!(get(&format!("/docs/assets/{release}/..%2Fmod.rs")).await.status, 404);
}

#[core::prelude::v1::test]
fn scripts_import_only_files_that_are_served() {
    for asset in assets::ALL.iter().filter(|asset| asset.name.ends_with(".js")) {
        let text = std::str::from_utf8(asset.bytes).unwrap();
        for line in text.lines().filter(|line| line.starts_with("import ") || line.starts_with("} from ")) {
            let Some((_, from)) = line.split_once("from \"./") else { continue };
            let name = from.split('"').next().unwrap();
            assert!(assets::find(name).is_some(), "{}: {line}", asset.name);
        }
    }
}

#[actix_web::test]
async fn the_front_door_leads_to_the_docs() {
    for path in ["/", "/docs/"] {
        let answer = get(path).await;
        assert_eq!((answer.status, answer.header("location")), (302, "/docs"), "{path}");
    }
    let wrong = ask(test::TestRequest::post().uri("/docs/signing")).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, "GET, HEAD"));
    let head = test::TestRequest::with_uri("/docs").method(actix_web::http::Method::HEAD);
    assert_eq!(ask(head).await.status, 200);
}

#[actix_web::test]
async fn pages_are_compressed_for_those_who_accept_it() {
    let request = test::TestRequest::get().uri("/docs").insert_header(("accept-encoding", "br"));
    assert_eq!(ask(request).await.header(CONTENT_ENCODING), "br");
}

#[actix_web::test]
async fn the_catalogue_for_programs_lists_every_code() {
    let body = get("/docs/errors.json").await.body;
    let list: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), Code::ALL.len());
    assert_eq!(list["items"][0]["type"], "/docs/errors/malformed_request");
    for extra in extras::ALL {
        for code in extra.codes {
            let page = get(&format!("/docs/errors/{code}")).await.body;
            assert!(
                page.contains(&format!("<dt><code>{}</code></dt>", extra.name)),
                "{code} does not tell {}",
                extra.name
            );
        }
    }
    for example in examples::ALL {
        let strange = example.extra.iter().find(|(name, _)| *name != "errors" && !extras::is_known(example.code, name));
        assert!(strange.is_none(), "{}: {strange:?}", example.code);
    }
}

/// The texts marked `data-example="kind"` in the signing guide.
fn worked(page: &str, kind: &str) -> Vec<String> {
    let start = format!("data-example=\"{kind}\">");
    let texts = page.split(start.as_str()).skip(1);
    texts.map(|rest| rest.split("</code>").next().unwrap().replace("&amp;", "&")).collect()
}

#[actix_web::test]
async fn the_worked_example_is_true() {
    let page = get("/docs/signing").await.body;
    let secret = values(&page, "data-secret")[0];
    let signatures = worked(&page, "signature");
    let bases = worked(&page, "base");
    assert_eq!((bases.len(), signatures.len()), (2, 2));
    for (base, signature) in bases.iter().zip(&signatures) {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(base.as_bytes());
        let right = STANDARD.encode(mac.finalize().into_bytes());
        assert_eq!(signature, &format!("Signature: sig=:{right}:"));
    }
    let digest = STANDARD.encode(Sha256::digest(worked(&page, "body")[0].as_bytes()));
    assert!(bases[1].contains(&format!("sha-256=:{digest}:")));
}

#[actix_web::test]
async fn the_guides_show_every_state_and_every_event_there_is() {
    let whole = [get("/docs/orders").await.body, get("/docs/refunds").await.body, get("/docs/consignments").await.body];
    for (page, word) in [(0, "refund_opened"), (0, "went_on"), (1, "return_awaited"), (2, "handed_over")] {
        assert_eq!(whole[page].contains(word), word != "went_on", "{word}: partners read of what they are told");
    }
    let webhooks = get("/docs/webhooks").await.body;
    for kind in crate::model::event::KINDS {
        assert!(webhooks.contains(&format!("<code>{}</code>", kind.name)), "{}", kind.name);
    }
    assert!(whole.iter().all(|page| !page.contains('`')), "marks of code are left");
}
