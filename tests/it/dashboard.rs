//! The Grafana dashboard of `deploy/` against a running gateway: what each panel asks for is there to be scraped, with the
//! labels it asks for. That Prometheus can read its expressions is tried by `tests/run alerts`.

use std::time::Duration;

use serde_json::Value;

use crate::harness::{House, plain};

const DASHBOARD: &str = include_str!("../../deploy/grafana/xunyuan.json");

/// Every expression, with its panel's title.
fn expressions() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            found.push((panel["title"].as_str().unwrap().to_owned(), target["expr"].as_str().unwrap().to_owned()));
        }
    }
    found
}

/// Label, sign and value.
type Matcher = (String, String, String);

/// The metrics of an expression with the matchers asked of each.
fn asked(expression: &str) -> Vec<(String, Vec<Matcher>)> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut found = Vec::new();
    for prefix in ["xunyuan_", "http_server_"] {
        for (at, _) in expression.match_indices(prefix) {
            let rest = &expression[at..];
            let end = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
            let braces = rest[end..].strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let matchers = braces.map(|(inner, _)| matchers(inner)).unwrap_or_default();
            found.push((rest[..end].to_owned(), matchers));
        }
    }
    found
}

fn matchers(inner: &str) -> Vec<Matcher> {
    let one = |text: &str| {
        let (label, rest) = text.trim().split_at(text.trim().find(['=', '!']).unwrap());
        let (sign, value) = rest.split_at(rest.find('"').unwrap());
        (label.to_owned(), sign.to_owned(), value.trim_matches('"').to_owned())
    };
    // Who is scraped is a label of Prometheus, not of ours.
    inner.split(", ").map(one).filter(|(label, ..)| label != "instance").collect()
}

/// Whether the text has a series of this name that every matcher fits, of which `=~` takes any of its words.
fn is_there(text: &str, name: &str, matchers: &[Matcher]) -> bool {
    let series = text.lines().filter(|line| line.starts_with(name) && line[name.len()..].starts_with(['{', ' ']));
    let fits = |line: &str, (label, sign, value): &Matcher| match sign.as_str() {
        "=" => line.contains(&format!("{label}=\"{value}\"")),
        // Each word is asked for, so that none of them is a mistake.
        "=~" => line.contains(&format!("{label}=\"")),
        _ => line.contains(&format!("{label}=\"")) && !line.contains(&format!("{label}=\"{value}\"")),
    };
    series.into_iter().any(|line| matchers.iter().all(|matcher| fits(line, matcher)))
}

/// The words of a `=~` that stand for themselves.
fn words(matchers: &[Matcher]) -> Vec<(String, String)> {
    let plain = |word: &&str| !word.contains(['.', '*', '[']);
    let of = |(label, sign, value): &Matcher| {
        let words = value.split('|').filter(plain).filter(|_| sign == "=~");
        words.map(|word| (label.clone(), word.to_owned())).collect::<Vec<_>>()
    };
    matchers.iter().flat_map(of).collect()
}

fn missing(text: &str) -> Vec<String> {
    let mut missing = Vec::new();
    for (title, expression) in expressions() {
        for (name, matchers) in asked(&expression) {
            if !is_there(text, &name, &matchers) {
                missing.push(format!("{title}: {name} {matchers:?}"));
            }
            for (label, word) in words(&matchers) {
                if !is_there(text, &name, &[(label, "=".to_owned(), word.clone())]) {
                    missing.push(format!("{title}: {name} has no {word}"));
                }
            }
        }
    }
    missing
}

#[tokio::test]
async fn every_expression_of_the_dashboard_finds_what_it_asks_for() {
    let house = House::open().await;
    let acme = house
        .partner_with("acme", "starter", xunyuan::model::partner::Mode::Sandbox, xunyuan::model::partner::Scopes::all())
        .await;
    assert_eq!(acme.get("/v1/me").await.status, 200);
    // Refusals by a limit too: what is not there to be counted has no series.
    let calls = (0..60).map(|_| acme.get("/v1/offers?limit=1"));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().any(|answer| answer.status == 429));
    // What was asked in ten seconds is told when they are over.
    house.clock.advance_ms(11_000);
    let mut text = String::new();
    for _ in 0..200 {
        text = plain().get(house.ops("/metrics")).send().await.unwrap().text().await.unwrap();
        if missing(&text).is_empty() {
            break;
        }
        // Background passes are told of once each has ended.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(missing(&text).is_empty(), "{:#?}\n{text}", missing(&text));
    house.close().await;
}

#[test]
fn every_panel_says_what_it_shows() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() > 25 && expressions().len() > 30);
    let mut ids = std::collections::BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "two panels have one id");
        if panel["type"] != "row" {
            assert!(!panel["description"].as_str().unwrap().is_empty(), "{}", panel["title"]);
        }
    }
}

#[test]
fn a_matcher_that_finds_nothing_is_told() {
    let text = "xunyuan_cache_total{outcome=\"misses\"} 1\n";
    let of = |expression: &str| asked(expression).remove(0);
    let there = |expression: &str| {
        let (name, matchers) = of(expression);
        is_there(text, &name, &matchers)
    };
    assert!(there("rate(xunyuan_cache_total{instance=~\"$instance\", outcome=\"misses\"}[5m])"));
    assert!(!there("rate(xunyuan_cache_total{outcome=\"hits\"}[5m])") && !there("xunyuan_cache"));
    assert_eq!(
        words(&of("xunyuan_cache_total{outcome=~\"misses|denied_.*\"}").1),
        [("outcome".into(), "misses".into())]
    );
}
