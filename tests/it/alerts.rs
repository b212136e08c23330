//! The alert rules of `deploy/` against a running gateway: what they watch is there to be watched, and each alert says
//! why it fires and what to do. Whether they fire when they should is tried by `tests/run alerts`.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::harness::{House, plain};

const RULES: &str = include_str!("../../deploy/alerts.yaml");
const TRIALS: &str = include_str!("../alerts/alerts.test.yaml");

/// The background tasks whose standing still is an alert.
const TASKS: [&str; 9] = [
    "orders_reconcile",
    "refunds_reconcile",
    "fulfilment_reconcile",
    "orders_follow",
    "refunds_follow",
    "fulfilment_follow",
    "orders_compare",
    "cache_changes",
    "events_publish",
];

/// The alerts, each with its lines.
fn alerts() -> Vec<(&'static str, &'static str)> {
    let of = |rest: &'static str| rest.split_once('\n').map(|(name, rule)| (name.trim(), rule));
    RULES.split("- alert: ").skip(1).filter_map(of).collect()
}

/// Every word of ours that the rules name outside sentences, with the labels asked of it.
fn named() -> BTreeSet<&'static str> {
    let expressions = alerts().into_iter().filter_map(|(_, rule)| rule.split("labels: {").next());
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    expressions
        .flat_map(|text| text.split(move |letter| !is_word(letter)))
        .filter(|word| word.starts_with("xunyuan_"))
        .collect()
}

async fn metrics(house: &House) -> String {
    plain().get(house.ops("/metrics")).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn every_number_that_an_alert_watches_can_be_scraped() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    acme.get("/v1/me").await;
    let named = named();
    assert!(named.len() > 10, "{named:?}");
    let watched = TASKS.map(|task| format!("xunyuan_pass_last_success_timestamp_seconds{{task=\"{task}\""));
    let missing = |text: &str| -> Vec<String> {
        let has = |name: &str| {
            text.lines().any(|line| line.starts_with(name) && line[name.len()..].starts_with(['{', ' ', ',']))
        };
        let names = named.iter().map(|name| (*name).to_owned());
        names.chain(watched.iter().cloned()).filter(|name| !has(name)).collect()
    };
    let mut text = metrics(&house).await;
    for _ in 0..200 {
        if missing(&text).is_empty() {
            break;
        }
        // Background passes are told of once each has ended; a question about changes is held open for a while.
        tokio::time::sleep(Duration::from_millis(50)).await;
        text = metrics(&house).await;
    }
    assert!(missing(&text).is_empty(), "{:?} cannot be scraped:\n{text}", missing(&text));
    let mut families: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let all = families.len();
    families.sort_unstable();
    families.dedup();
    assert_eq!(families.len(), all, "two metrics have one name:\n{text}");
    house.close().await;
}

#[test]
fn every_alert_says_why_it_fires_and_what_to_do_and_is_tried() {
    let alerts = alerts();
    assert!(alerts.len() >= 12);
    for (name, rule) in alerts {
        for part in ["expr: ", "severity: ", "summary: ", "cause: ", "do: "] {
            assert!(rule.contains(part), "{name} has no {part}");
        }
        assert!(TRIALS.contains(name), "{name} is not tried in tests/alerts");
    }
}

#[test]
fn the_commands_that_alerts_advise_exist() {
    use clap::CommandFactory;
    let line = xunyuan::commands::Line::command();
    let words: Vec<_> = RULES.split_whitespace().map(|word| word.trim_matches([',', '.', ';', ':', ')'])).collect();
    let advised = words.windows(3).filter(|three| {
        three[0] == "xunyuan" && matches!(three[1], "order" | "audit" | "partner" | "key" | "plan" | "limit" | "cache")
    });
    let mut count = 0;
    for three in advised {
        let command = line.find_subcommand(three[1]).unwrap();
        assert!(command.find_subcommand(three[2]).is_some(), "xunyuan {} {} does not exist", three[1], three[2]);
        count += 1;
    }
    assert!(count >= 3);
}
