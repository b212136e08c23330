//! Compares what clients were told with both books, and the books with each other. Knows nothing of how they were read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::Result;
use serde_json::Value;

use crate::books::{Books, Content, Row, Shown, Theirs, is_same_state};
use crate::history::{Op, Record, is_passing};

macro_rules! wrongs {
    ($( $variant:ident = $name:literal, $says:literal; )*) => {
        /// What can be wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Wrong { $( #[doc = $says] $variant, )* }

        impl Wrong {
            /// All of it, in the order of the table.
            pub const ALL: &'static [Wrong] = &[ $( Wrong::$variant, )* ];
            /// Its name.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// What it means.
            pub const fn says(self) -> &'static str { match self { $( Self::$variant => $says, )* } }
        }
    };
}

wrongs! {
    Doubled = "doubled", "two orders for one reference of a partner";
    Lost = "lost", "a client was told of an order that is not in both books";
    Orphan = "orphans", "alive at the catalogue, but unknown, refused or never placed here";
    Content = "content differs", "lines, quantities, totals, destination or channel are not what was quoted";
    State = "state differs", "after settling, the two books do not say the same";
    Paid = "payment differs", "paid twice, paid without being known as paid, or known as paid without being it";
    Answers = "answers differ", "one key was given two different final answers, or one that is not its order's";
    OtherBody = "other body taken", "a used key with another body was not refused with 422 or 409";
    Unanswered = "never answered", "no final answer to a request though it was repeated after all was healed";
    Unknown = "unknown left", "orders or debits whose outcome the ledger still does not know";
    Slow = "settled late", "an unknown outcome was older than 60 s after all was healed";
    Broken = "story broken", "an order's row and its events do not fit together";
    Surprise = "surprising answers", "a status that nothing in these requests explains";
    Events = "events", "an event was not told, told twice, or told out of its order's order";
    Signature = "signatures", "a delivery that an official library does not verify";
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub wrong: Wrong,
    /// Whose.
    pub partner: String,
    /// The partner's number, or what else it is about.
    pub about: String,
    /// In words.
    pub detail: String,
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// What was counted, in the order of the table.
    pub counts: Vec<(String, u64)>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What could not be looked at, and why.
    pub unchecked: Vec<(Wrong, String)>,
}

impl Verdict {
    /// Notes something wrong.
    pub fn wrong(&mut self, wrong: Wrong, partner: &str, about: &str, detail: impl Into<String>) {
        let (partner, about) = (partner.to_owned(), about.to_owned());
        self.findings.push(Finding { wrong, partner, about, detail: detail.into() });
    }

    /// Notes that something could not be looked at.
    pub fn unchecked(&mut self, wrong: Wrong, why: &str) {
        self.unchecked.push((wrong, why.to_owned()));
    }

    /// Counts something.
    pub fn count(&mut self, what: impl Into<String>, number: usize) {
        self.counts.push((what.into(), number as u64));
    }
}

/// What a client was told, finally, under one key.
#[derive(Debug, Default)]
struct Told {
    partner: String,
    reference: String,
    asked: Value,
    status: u16,
    answer: String,
    finals: usize,
    json: Value,
}

/// A partner, and a key or reference of its.
type Key = (String, String);

/// The clients' side of a run, folded from the history.
#[derive(Default)]
struct Clients {
    quotes: HashMap<String, Content>,
    orders: BTreeMap<Key, Told>,
    payments: BTreeMap<Key, Told>,
    ids: HashMap<Key, Value>,
    cancelled: BTreeSet<Key>,
    pressed: HashSet<Key>,
    statuses: BTreeMap<(Op, String), usize>,
    requests: usize,
    repeats: usize,
}

impl Clients {
    fn take(&mut self, record: Record, verdict: &mut Verdict) {
        let reference = record.reference.clone().unwrap_or_default();
        let json: Value = serde_json::from_str(&record.answer).unwrap_or_default();
        let code = json["code"].as_str().unwrap_or("").to_owned();
        let said = record.status.map_or_else(|| "none".to_owned(), |status| format!("{status} {code}"));
        *self.statuses.entry((record.op, said.trim().to_owned())).or_default() += 1;
        self.requests += usize::from(record.op != Op::Cashier);
        let owner = (record.partner.clone(), reference);
        let done = record.status.filter(|status| !is_passing(*status, &code));
        match record.op {
            Op::Quote if done == Some(201) => {
                for quote in json["quotes"].as_array().into_iter().flatten() {
                    if let (Some(id), Some(content)) = (quote["id"].as_str(), Content::of_view(quote)) {
                        self.quotes.insert(id.to_owned(), content);
                    }
                }
            }
            Op::Order => {
                if done.is_some() && !json["id"].is_null() {
                    self.ids.entry(owner.clone()).or_insert_with(|| json["id"].clone());
                }
                self.repeats += tell(&mut self.orders, &owner, record, json, done, verdict);
            }
            Op::Pay => self.repeats += tell(&mut self.payments, &owner, record, json, done, verdict),
            Op::OtherBody | Op::PayOtherBody if done.is_some_and(|status| !matches!(status, 409 | 422)) => {
                verdict.wrong(Wrong::OtherBody, &owner.0, &owner.1, format!("answered {said}: {}", record.answer));
            }
            Op::OtherKey => {
                let first = self.ids.get(&owner).cloned().unwrap_or_default();
                if done.is_some_and(|status| status < 300) {
                    let detail = format!("a second order was taken under another key: {}", json["id"]);
                    verdict.wrong(Wrong::Doubled, &owner.0, &owner.1, detail);
                } else if done.is_some() && (code != "reference_taken" || json["order_id"] != first) {
                    let detail = format!("under another key: {said}, order {} and not {first}", json["order_id"]);
                    verdict.wrong(Wrong::Answers, &owner.0, &owner.1, detail);
                }
            }
            Op::Cancel if done == Some(200) => {
                self.cancelled.insert(owner);
            }
            Op::Cashier if record.status == Some(200) => {
                self.pressed.insert(owner);
            }
            _ => {}
        }
    }
}

/// Notes what was told under a key; gives 1 when it was told before.
fn tell(
    keys: &mut BTreeMap<Key, Told>,
    owner: &Key,
    record: Record,
    json: Value,
    done: Option<u16>,
    verdict: &mut Verdict,
) -> usize {
    let entry = (owner.0.clone(), record.key.clone().unwrap_or_default());
    let told = keys.entry(entry).or_insert_with(|| Told {
        partner: owner.0.clone(),
        reference: owner.1.clone(),
        asked: serde_json::from_str(record.asked.as_deref().unwrap_or("")).unwrap_or_default(),
        ..Told::default()
    });
    let Some(status) = done else { return 0 };
    told.finals += 1;
    if told.finals == 1 {
        (told.status, told.answer, told.json) = (status, record.answer, json);
        return 0;
    }
    if (told.status, &told.answer) != (status, &record.answer) {
        let key = record.key.unwrap_or_default();
        let detail = format!("{key}: {} {}\n  and then {status} {}", told.status, told.answer, record.answer);
        verdict.wrong(Wrong::Answers, &owner.0, &owner.1, detail);
    }
    1
}

/// The status each kind of request may be answered with, beside those that say "not now".
const EXPECTED: [(Op, &[u16]); 12] = [
    (Op::Search, &[200, 304]),
    (Op::Quote, &[201, 409]),
    (Op::Order, &[201, 202, 409]),
    (Op::OtherBody, &[409, 422]),
    (Op::OtherKey, &[409]),
    (Op::Cancel, &[200, 409]),
    (Op::Pay, &[201]),
    (Op::PayOtherBody, &[409, 422]),
    (Op::Cashier, &[200]),
    (Op::Read, &[200]),
    (Op::ReadPayment, &[200]),
    (Op::List, &[200]),
];

/// Reads the history and compares it with both books.
pub fn check(history: impl Iterator<Item = Result<Record>>, books: &Books) -> Result<Verdict> {
    let (mut verdict, mut clients) = (Verdict::default(), Clients::default());
    for record in history {
        clients.take(record?, &mut verdict);
    }
    let both = Both::of(books);
    surprises(&clients, &mut verdict);
    for told in clients.orders.values() {
        order(told, &clients, &both, &mut verdict);
    }
    payments(&clients, &both, &mut verdict);
    both.compare(&mut verdict);
    count(&clients, books, &mut verdict);
    Ok(verdict)
}

fn surprises(clients: &Clients, verdict: &mut Verdict) {
    for ((op, said), times) in &clients.statuses {
        let (status, code) = said.split_once(' ').unwrap_or((said, ""));
        let Ok(status) = status.parse::<u16>() else { continue };
        let expected = EXPECTED.iter().find(|(one, _)| one == op).is_none_or(|(_, all)| all.contains(&status));
        if !expected && !is_passing(status, code) {
            verdict.wrong(Wrong::Surprise, "", &format!("{op:?}"), format!("{times} times {said}"));
        }
    }
}

/// The books, to look things up in.
struct Both<'a> {
    books: &'a Books,
    by_ref: HashMap<&'a str, Vec<&'a Theirs>>,
    rows: HashMap<&'a str, &'a Row>,
}

impl<'a> Both<'a> {
    fn of(books: &'a Books) -> Self {
        let mut by_ref: HashMap<&str, Vec<&Theirs>> = HashMap::new();
        for theirs in &books.theirs {
            by_ref.entry(&theirs.out_ref).or_default().push(theirs);
        }
        let rows = books.rows.iter().map(|row| (row.id.as_str(), row)).collect();
        Self { books, by_ref, rows }
    }

    fn theirs(&self, id: &str) -> Option<&'a Theirs> {
        self.by_ref.get(id).and_then(|all| all.first()).copied()
    }

    fn shown(&self, partner: &str, reference: &str) -> Option<&'a Shown> {
        self.books.shown.get(&(partner.to_owned(), reference.to_owned())).and_then(Option::as_ref)
    }

    /// Whose order of which number something at the catalogue is: by its memo, else as the ledger says.
    fn owner(&self, theirs: &'a Theirs) -> Option<(&'a str, &'a str)> {
        let memo = theirs.memo.as_deref().and_then(|memo| memo.strip_prefix("ref "));
        let row = self.rows.get(theirs.out_ref.as_str());
        let owner = row.map(|row| (row.partner.as_str(), row.reference.as_str()));
        memo.map(|reference| (theirs.partner.as_str(), reference)).or(owner)
    }

    fn compare(&self, verdict: &mut Verdict) {
        self.doubles(verdict);
        for theirs in &self.books.theirs {
            self.orphan(theirs, verdict);
        }
        for row in &self.books.rows {
            if row.events != row.version {
                let detail = format!("{} events, version {}", row.events, row.version);
                verdict.wrong(Wrong::Broken, &row.partner, &row.reference, detail);
            }
            match (row.state.as_str(), self.theirs(&row.id)) {
                ("received" | "placing" | "unknown", theirs) => {
                    let there = theirs.map_or("not there", |theirs| theirs.status.as_str());
                    let detail = format!("{} is {} here and {there} at the catalogue", row.id, row.state);
                    verdict.wrong(Wrong::Unknown, &row.partner, &row.reference, detail);
                }
                ("rejected", _) => {}
                ("cancelled", None) if row.number.is_none() => {}
                (state, None) => {
                    let detail = format!("{} is {state} here and not at the catalogue", row.id);
                    verdict.wrong(Wrong::Lost, &row.partner, &row.reference, detail);
                }
                (state, Some(theirs)) if !is_same_state(&theirs.status, state) => {
                    let detail = format!("{} is {state} here and {} at the catalogue", row.id, theirs.status);
                    verdict.wrong(Wrong::State, &row.partner, &row.reference, detail);
                }
                (_, Some(theirs)) if row.number != Some(theirs.number) => {
                    let detail = format!("{} is number {:?} here and {} there", row.id, row.number, theirs.number);
                    verdict.wrong(Wrong::Content, &row.partner, &row.reference, detail);
                }
                _ => {}
            }
        }
        if self.books.open_debits > 0 {
            let detail = format!("{} debits are still open", self.books.open_debits);
            verdict.wrong(Wrong::Unknown, "", "debits", detail);
        }
    }

    fn doubles(&self, verdict: &mut Verdict) {
        let mut known: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for theirs in &self.books.theirs {
            if let Some(owner) = self.owner(theirs) {
                known.entry(owner).or_default().push(format!("{} ({})", theirs.number, theirs.status));
            }
        }
        let mut rows: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for row in &self.books.rows {
            rows.entry((&row.partner, &row.reference)).or_default().push(format!("{} ({})", row.id, row.state));
        }
        for ((partner, reference), all) in known.into_iter().chain(rows).filter(|(_, all)| all.len() > 1) {
            verdict.wrong(Wrong::Doubled, partner, reference, all.join(" and "));
        }
    }

    fn orphan(&self, theirs: &Theirs, verdict: &mut Verdict) {
        let row = self.rows.get(theirs.out_ref.as_str());
        let dead = row.is_none_or(|row| row.state == "rejected" || (row.state == "cancelled" && row.number.is_none()));
        if dead && theirs.is_alive() {
            let here = row.map_or("unknown", |row| row.state.as_str());
            let detail = format!("{} ({}) for {}, which is {here} here", theirs.number, theirs.status, theirs.out_ref);
            verdict.wrong(Wrong::Orphan, &theirs.partner, row.map_or("", |row| row.reference.as_str()), detail);
        }
    }
}

/// What a client was told of an order against both books.
fn order(told: &Told, clients: &Clients, both: &Both<'_>, verdict: &mut Verdict) {
    let (partner, reference) = (told.partner.as_str(), told.reference.as_str());
    let mut wrong = |wrong: Wrong, detail: String| verdict.wrong(wrong, partner, reference, detail);
    let shown = both.shown(partner, reference);
    let quoted = told.asked["quote_id"].as_str().and_then(|id| clients.quotes.get(id));
    if told.finals == 0 {
        wrong(Wrong::Unanswered, format!("the order; the ledger has {:?}", shown.map(|shown| &shown.state)));
    }
    if let Some(shown) = shown {
        if let Some(difference) = quoted.and_then(|quoted| quoted.difference(&shown.content)) {
            wrong(Wrong::Content, format!("quoted / shown: {difference}"));
        }
        if let Some(theirs) = both.theirs(&shown.id) {
            if let Some(difference) = quoted.and_then(|quoted| quoted.difference(&theirs.content)) {
                wrong(Wrong::Content, format!("quoted / at the catalogue: {difference}"));
            }
            if (theirs.channel.as_str(), theirs.partner.as_str()) != ("CROSS_BORDER", partner) {
                wrong(Wrong::Content, format!("channel {} on behalf of {}", theirs.channel, theirs.partner));
            }
        }
    }
    if told.finals == 0 || !matches!(told.status, 200..300) {
        return;
    }
    let id = told.json["id"].as_str().unwrap_or("");
    match shown {
        None => wrong(Wrong::Lost, format!("told {} for {id}, but there is nothing under the reference", told.status)),
        Some(shown) if shown.id != id => wrong(Wrong::Answers, format!("told {id}, but it is {}", shown.id)),
        Some(shown) if both.theirs(id).is_none() && (told.status == 201 || shown.state != "rejected") => {
            wrong(Wrong::Lost, format!("told {} for {id}, which is {} and not there", told.status, shown.state));
        }
        Some(shown) if told.status == 201 && shown.state == "rejected" => {
            wrong(Wrong::State, format!("told 201 for {id}, which is rejected now"));
        }
        Some(shown) => {
            let cancelled = clients.cancelled.contains(&(partner.to_owned(), reference.to_owned()));
            if cancelled && !matches!(shown.state.as_str(), "cancelled" | "rejected") {
                wrong(Wrong::State, format!("told that it is cancelled, but it is {}", shown.state));
            }
        }
    }
}

/// What clients were told of paying one order.
#[derive(Debug, Default)]
struct Paying {
    paid: bool,
    maybe: bool,
    failed: bool,
}

fn payments(clients: &Clients, both: &Both<'_>, verdict: &mut Verdict) {
    let mut told: HashMap<&str, Paying> = HashMap::new();
    for ((partner, key), payment) in &clients.payments {
        if payment.finals == 0 {
            verdict.wrong(Wrong::Unanswered, partner, &payment.reference, format!("payment {key}"));
        }
        for id in payment.asked["order_ids"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let parts = payment.json["orders"].as_array().into_iter().flatten();
            let state = parts.filter(|part| part["order_id"] == id).find_map(|part| part["state"].as_str());
            let paying = told.entry(id).or_default();
            match state {
                Some("paid") => paying.paid = true,
                Some("failed") => paying.failed = true,
                _ => paying.maybe = true,
            }
        }
    }
    for (row, theirs) in both.books.rows.iter().filter_map(|row| Some((row, both.theirs(&row.id)?))) {
        let shown = both.shown(&row.partner, &row.reference);
        let mut wrong = |detail: String| verdict.wrong(Wrong::Paid, &row.partner, &row.reference, detail);
        let told = told.get(row.id.as_str());
        let known = shown.is_some_and(|shown| shown.payment == "paid");
        let pressed = clients.pressed.contains(&(row.partner.clone(), row.reference.clone()));
        if theirs.paid > 0 && theirs.paid != theirs.payable {
            wrong(format!("{} fen paid of {}", theirs.paid, theirs.payable));
        }
        if (theirs.paid > 0) != known {
            wrong(format!("{} fen paid at the catalogue, shown as paid: {known}", theirs.paid));
        }
        if theirs.paid > 0 && !pressed && told.is_none_or(|told| !told.paid && !told.maybe) {
            wrong(format!("{} fen paid though the client was told of no payment that may have: {told:?}", theirs.paid));
        }
        if theirs.paid == 0 && told.is_some_and(|told| told.paid) {
            wrong("the client was told that it is paid, but it is not".to_owned());
        }
    }
}

fn count(clients: &Clients, books: &Books, verdict: &mut Verdict) {
    let finals = |status: u16| clients.orders.values().filter(|told| told.finals > 0 && told.status == status).count();
    verdict.count("requests of clients", clients.requests);
    verdict.count("orders asked for", clients.orders.len());
    verdict.count("  answered 201", finals(201));
    verdict.count("  answered 202, outcome unknown", finals(202));
    verdict.count("  refused with 409", finals(409));
    verdict.count("final answers repeated", clients.repeats);
    verdict.count("payments asked for", clients.payments.len());
    verdict.count("cancellations answered 200", clients.cancelled.len());
    let mut passing: BTreeMap<&str, usize> = BTreeMap::new();
    for ((op, said), times) in &clients.statuses {
        let (status, code) = said.split_once(' ').unwrap_or((said, ""));
        let status = status.parse::<u16>().ok();
        if *op != Op::Cashier && status.is_none_or(|status| is_passing(status, code)) {
            *passing.entry(if status.is_none() { "no answer" } else { said }).or_default() += times;
        }
    }
    verdict.count("answers that say \"not now\"", passing.values().sum());
    passing.into_iter().for_each(|(said, times)| verdict.count(format!("  {said}"), times));
    verdict.count("orders in the ledger", books.rows.len());
    verdict.count("  under a reference of a client", books.shown.values().flatten().count());
    by_word("  ", books.rows.iter().map(|row| row.state.as_str()), verdict);
    verdict.count("orders at the catalogue", books.theirs.len());
    by_word("  ", books.theirs.iter().map(|theirs| theirs.status.as_str()), verdict);
}

fn by_word<'w>(indent: &str, words: impl Iterator<Item = &'w str>, verdict: &mut Verdict) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    words.for_each(|word| *counts.entry(word).or_default() += 1);
    counts.into_iter().for_each(|(word, number)| verdict.count(format!("{indent}{word}"), number));
}
