//! The wall: who may import whom. The plan is a table; this test proves that it has no circle, that every folder of
//! `src/` stands in it, and that no file imports what the plan does not allow — naming file and edge if one does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Room → the rooms it may name. Order is reading order: a room may only name rooms above it.
const PLAN: &[(&str, &[&str])] = &[
    // GROUND
    ("error", &[]),
    ("clock", &[]),
    ("telemetry", &[]),
    ("model", &["error"]),
    ("config", &[]),
    ("signing", &[]),
    ("aop", &[]),
    ("edge", &["clock", "error", "telemetry", "signing"]),
    // DOORS: ground only; `sql` is the floor under the doors that keep things in tables, `audit` the book they share,
    // `redis_link` the floor under those that ask Redis
    ("sql", &["clock", "error"]),
    ("audit", &["clock", "error", "model", "sql"]),
    ("redis_link", &[]),
    ("cache", &["clock", "edge", "error", "model", "telemetry", "redis_link"]),
    ("counters", &["clock", "error", "model", "telemetry", "redis_link"]),
    ("ledger", &["clock", "error", "model", "telemetry", "sql", "audit"]),
    ("partners", &["clock", "error", "model", "signing", "telemetry", "sql", "audit"]),
    ("upstream", &["aop", "clock", "error", "model", "signing", "telemetry", "sql"]),
    ("rates", &["clock", "error", "model", "telemetry"]),
    ("language", &["clock", "error", "model", "telemetry", "sql"]),
    // ROOMS: strangers to each other, except that all may use translate
    ("translate", &["clock", "error", "model", "upstream"]),
    // The one mechanism by which rooms follow the catalogue
    ("feed", &["clock", "error", "model", "telemetry", "ledger", "upstream", "translate"]),
    // The one way in which rooms ask the catalogue for something once
    ("asking", &["clock", "model", "telemetry", "ledger", "upstream", "translate", "feed"]),
    ("auth", &["clock", "edge", "error", "model", "signing", "telemetry", "audit", "counters", "partners"]),
    ("limits", &["clock", "error", "model", "telemetry", "counters"]),
    // Whether a proven caller may ask now, for every face
    ("admission", &["edge", "model", "limits"]),
    // The one place where what the catalogue says is kept and found again
    ("lookup", &["clock", "error", "model", "telemetry", "cache", "upstream", "rates", "language", "translate"]),
    ("catalog", &["model", "telemetry", "cache", "upstream", "translate", "lookup"]),
    ("landed", &["clock", "error", "model", "rates"]),
    ("orders", &["clock", "error", "model", "telemetry", "ledger", "upstream", "rates", "translate", "feed"]),
    ("fulfilment", &["clock", "error", "model", "telemetry", "ledger", "upstream", "translate", "feed"]),
    ("aftersale", &["clock", "error", "model", "telemetry", "ledger", "upstream", "translate", "feed", "asking"]),
    ("referrals", &["clock", "error", "model", "signing", "telemetry", "ledger"]),
    ("follows", &["clock", "error", "model", "telemetry", "ledger", "upstream", "translate", "feed"]),
    (
        "sourcing",
        &[
            "clock",
            "error",
            "model",
            "telemetry",
            "ledger",
            "upstream",
            "rates",
            "translate",
            "feed",
            "asking",
            "lookup",
        ],
    ),
    ("pictures", &["clock", "error", "model", "telemetry", "ledger", "upstream"]),
    ("links", &["error", "model", "telemetry", "upstream"]),
    ("webhooks", &["clock", "error", "model", "signing", "telemetry", "ledger", "partners"]),
    ("usage", &["clock", "error", "model", "telemetry", "sql", "counters"]),
    // FACES: rooms, edge and model; never a door (ops looks at everything); strangers to each other
    (
        "api",
        &[
            "clock",
            "edge",
            "error",
            "model",
            "signing",
            "telemetry",
            "auth",
            "limits",
            "admission",
            "catalog",
            "landed",
            "orders",
            "fulfilment",
            "aftersale",
            "sourcing",
            "follows",
            "referrals",
            "pictures",
            "links",
            "webhooks",
            "usage",
        ],
    ),
    (
        "param2",
        &[
            "aop",
            "clock",
            "edge",
            "error",
            "model",
            "signing",
            "telemetry",
            "auth",
            "limits",
            "admission",
            "landed",
            "catalog",
            "pictures",
            "links",
            "orders",
            "fulfilment",
            "aftersale",
            "sourcing",
            "follows",
            "referrals",
            "webhooks",
            "usage",
        ],
    ),
    (
        "ops",
        &[
            "clock",
            "edge",
            "error",
            "model",
            "telemetry",
            "sql",
            "cache",
            "counters",
            "ledger",
            "partners",
            "upstream",
            "rates",
            "auth",
            "limits",
            "catalog",
            "orders",
            "fulfilment",
            "aftersale",
            "webhooks",
            "usage",
            "audit",
        ],
    ),
    // A NEIGHBOUR: the counterparty shares nothing with us
    ("sandbox", &[]),
    // FRAME: makes everything
    ("server", &["*"]),
    ("commands", &["*"]),
];

/// Names that hide what a file is for.
const ATTIC: &[&str] = &[
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "misc",
    "core",
    "base",
    "types",
    "manager",
    "processor",
    "service",
    "handler",
    "impl",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The room a file of `src/` belongs to; `None` for `lib.rs` and `main.rs`.
fn room(file: &Path) -> Option<String> {
    let inside = file.strip_prefix(source()).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    let name = first.trim_end_matches(".rs");
    (name != "lib" && name != "main").then(|| name.to_owned())
}

/// Files that exist for tests alone may open what their room may not, such as a real database or the sandbox.
fn is_for_tests(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "tests.rs" || name == "trial.rs")
}

/// What a file says, without comments and string contents that could look like paths.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// The rooms a text names as `crate::room…`, also inside `use crate::{a, b::c}`.
fn named(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            rooms.extend(top_of_group(group));
        } else {
            rooms.push(word(rest));
        }
    }
    rooms.retain(|room| !room.is_empty());
    rooms
}

fn top_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut tops, mut start) = (0, Vec::new(), true);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            _ if start && letter.is_alphanumeric() => {
                tops.push(word(&group[at..]));
                start = false;
            }
            _ => {}
        }
    }
    tops
}

fn word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

fn plan() -> BTreeMap<&'static str, &'static [&'static str]> {
    PLAN.iter().copied().collect()
}

#[test]
fn the_plan_has_no_circle() {
    for (place, (room, may)) in PLAN.iter().enumerate() {
        for other in may.iter().filter(|other| **other != "*") {
            let there = PLAN.iter().position(|(name, _)| name == other);
            assert!(there.is_some_and(|there| there < place), "{room} may name {other}, which does not stand above it");
        }
    }
}

#[test]
fn every_room_stands_in_the_plan() {
    let plan = plan();
    for file in files(&source()) {
        if let Some(room) = room(&file) {
            assert!(plan.contains_key(room.as_str()), "{} is in no room of the plan", file.display());
        }
    }
}

#[test]
fn nobody_imports_what_the_plan_does_not_allow() {
    let plan = plan();
    let mut wrong = Vec::new();
    for file in files(&source()) {
        let Some(room) = room(&file).filter(|_| !is_for_tests(&file)) else { continue };
        let may = plan.get(room.as_str()).copied().unwrap_or_default();
        for other in named(&code(&file)) {
            let known = plan.contains_key(other.as_str());
            if known && other != room && !may.contains(&other.as_str()) && !may.contains(&"*") {
                wrong.push(format!("{}: {room} → {other}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the plan:\n{}", wrong.join("\n"));
}

#[test]
fn no_import_hides_its_edge() {
    let mut wrong = Vec::new();
    for file in files(&source()) {
        let code = code(&file);
        let outside_tests = code.split("#[cfg(test)]").next().unwrap_or("");
        if outside_tests.lines().any(|line| line.contains("use crate::") && line.contains("::*"))
            || outside_tests.contains("use super::*")
        {
            wrong.push(file.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "glob imports of our own modules: {wrong:?}");
}

#[test]
fn no_file_is_an_attic_and_each_says_what_it_is_for() {
    for file in files(&source()) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        assert!(!ATTIC.contains(&name), "{} does not say what it is for", file.display());
        let text = fs::read_to_string(&file).unwrap();
        let opens = text.starts_with("//!") || text.starts_with("#![doc");
        assert!(opens, "{} does not open with //!", file.display());
    }
}

#[test]
fn the_model_is_silent() {
    for file in files(&source().join("model")) {
        let code = code(&file);
        for loud in ["serde", "sqlx", "actix_web", "reqwest", "utoipa"] {
            assert!(!code.contains(loud), "{} names {loud}", file.display());
        }
    }
}

#[test]
fn the_reader_of_imports_sees_groups() {
    let text = "use crate::{error::{Code, Place}, model::ids::OfferId}; crate::limits::cost::of()";
    assert_eq!(named(text), ["error", "model", "limits"]);
}
