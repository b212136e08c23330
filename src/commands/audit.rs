//! `xunyuan audit`: who changed what, for people and for keeping elsewhere.

use std::io::Write;

use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use crate::audit::{Entry, Filter, list, list_actions, list_oldest_first};
use crate::commands::end::End;
use crate::commands::{CannotStart, ConfigFile, no_such_partner, table};
use crate::model::page::Cursor;
use crate::partners::list_names;
use crate::sql::Sql;

/// Rows read at a time when all are wanted.
const PAGE: u32 = 1000;
/// How actors begin; `cli` is what older versions wrote for an operator.
const KINDS: [&str; 4] = ["operator", "partner", "system", "cli"];

/// What is asked of the audit.
#[derive(Debug, Args)]
#[command(after_help = "\
Who is written as operator:<name>, partner:<id> key:<key id>, or system. Rows cannot be changed or removed.

  xunyuan audit list --subject ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01     all that was done to one order
  xunyuan audit list --who partner:tokyo-bazaar --action webhook         what a partner changed of its endpoints
  xunyuan audit list --who operator:li --since 24h                      what li did since yesterday
  xunyuan audit export --since 2026-11-01 --until 2026-12-01 > 2026-11.jsonl

Exit codes: 0 done (also when there is nothing to show), 1 failed, 2 settings or the command line are wrong.")]
pub struct Asked {
    /// Where the settings are.
    #[command(flatten)]
    pub config: ConfigFile,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show entries, newest first
    List {
        #[command(flatten)]
        which: Which,
        /// How many rows
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Go on where a page ended, with the mark it told
        #[arg(long, value_name = "MARK")]
        after: Option<String>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Write all entries that fit as JSON Lines, oldest first
    ///
    /// Fields, always in this order: id, at, actor, action, subject, detail. A row bears the moment its change began and
    /// appears when the change is committed: when you export piece by piece, let the pieces overlap by a minute and keep
    /// each id once.
    Export {
        #[command(flatten)]
        which: Which,
    },
}

/// Which entries.
#[derive(Debug, Args)]
struct Which {
    /// Only about this id: of a partner, key, order, endpoint …
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// Only by this one: operator:li, partner:acme, partner, "partner:acme key:xyk_…", system
    #[arg(long)]
    who: Option<String>,
    /// Only actions that begin so: order.settle, order, key.
    #[arg(long)]
    action: Option<String>,
    /// From then on: 24h, 7d (ago), 2026-11-01 or a moment
    #[arg(long)]
    since: Option<End>,
    /// Until before then: 1h (ago), 2026-12-01 or a moment
    #[arg(long)]
    until: Option<End>,
}

impl Which {
    /// What is meant, unless it can never fit anything: no entries would then look like nothing having happened.
    async fn filter(self, sql: &Sql, now: Timestamp) -> Result<Filter> {
        let (since, until) = (self.since.map(|end| end.ago(now)), self.until.map(|end| end.ago(now)));
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            return Err(slip(format!(
                "--since is {since:.0} and --until is {until:.0}: nothing lies between; give the earlier one as --since"
            )));
        }
        if since.is_some_and(|since| since > now) {
            return Err(slip("--since lies in the future; 24h means 24 hours ago".to_owned()));
        }
        if let Some(who) = &self.who {
            must_be_somebody(who, sql).await?;
        }
        if let Some(action) = &self.action {
            let known = list_actions(sql).await?;
            if !known.iter().any(|one| one.starts_with(action.as_str())) {
                // Perhaps mistyped, perhaps not done yet: a script that asks every night must not fail for that.
                let known = known.join(", ");
                writeln!(
                    std::io::stderr(),
                    "mind: nothing that begins with {action:?} was ever written down here; there is {known}"
                )?;
            }
        }
        Ok(Filter { subject: self.subject, actor: self.who, action: self.action, since, until })
    }
}

async fn must_be_somebody(who: &str, sql: &Sql) -> Result<()> {
    let (kind, name) = who.split_once(':').unwrap_or((who, ""));
    if !KINDS.contains(&kind) {
        return Err(slip(format!(
            "nobody is written as {who:?}: say operator:<name>, partner:<id>, \"partner:<id> key:<key id>\", operator, \
             partner or system"
        )));
    }
    let partner = name.split(' ').next().unwrap_or(name);
    if kind == "partner" && !partner.is_empty() {
        let known = list_names(sql).await?;
        if !known.iter().any(|one| one == partner) {
            return Err(no_such_partner(partner, &known));
        }
    }
    Ok(())
}

/// The command line means something that cannot be; the program exits with 2.
fn slip(told: String) -> anyhow::Error {
    CannotStart::because(anyhow::Error::msg(told))
}

/// An entry as it is exported; the order of the fields is part of the promise.
#[derive(Debug, Serialize)]
pub struct EntryRow<'a> {
    id: &'a str,
    at: String,
    actor: &'a str,
    action: &'a str,
    subject: &'a str,
    detail: &'a str,
}

impl<'a> From<&'a Entry> for EntryRow<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            id: &entry.id,
            at: entry.at.to_string(),
            actor: &entry.actor,
            action: &entry.action,
            subject: &entry.subject,
            detail: &entry.detail,
        }
    }
}

/// Does it.
pub async fn run(asked: Asked, sql: &Sql, now: Timestamp, out: &mut impl Write) -> Result<()> {
    match asked.action {
        Action::List { which, limit, after, json } => {
            let page = list(sql, &which.filter(sql, now).await?, after.map(Cursor).as_ref(), limit).await?;
            if json {
                return lines(&page.items, out);
            }
            write_table(&page.items, out)?;
            if let Some(next) = page.next {
                writeln!(out, "\nthere are more: go on with --after {}", next.0)?;
            }
        }
        Action::Export { which } => {
            let (filter, mut after) = (which.filter(sql, now).await?, None);
            loop {
                let page = list_oldest_first(sql, &filter, after.as_ref(), PAGE).await?;
                lines(&page.items, out)?;
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
    }
    Ok(())
}

fn lines(entries: &[Entry], out: &mut impl Write) -> Result<()> {
    for entry in entries {
        writeln!(out, "{}", serde_json::to_string(&EntryRow::from(entry))?)?;
    }
    Ok(())
}

/// Entries for people.
pub fn write_table(entries: &[Entry], out: &mut impl Write) -> Result<()> {
    let row = |entry: &Entry| {
        let at = format!("{:.0}", entry.at);
        [at, entry.actor.clone(), entry.action.clone(), entry.subject.clone(), entry.detail.clone()]
    };
    let rows: Vec<_> = entries.iter().map(row).collect();
    Ok(table::write(out, ["AT", "WHO", "WHAT", "SUBJECT", "DETAIL"], &rows)?)
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use jiff::{SignedDuration, Timestamp};

    use super::{Asked, run};
    use crate::audit::{Entry, Who, note};
    use crate::sql::{self, Sql, trial};

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        asked: Asked,
    }

    async fn say(sql: &Sql, line: &str) -> Result<String, String> {
        let typed = Typed::try_parse_from(std::iter::once("audit").chain(line.split_ascii_whitespace()));
        let asked = typed.map_err(|error| error.to_string())?.asked;
        let mut out = Vec::new();
        run(asked, sql, NOW, &mut out).await.map_err(|error| format!("{error:#}"))?;
        Ok(String::from_utf8(out).unwrap())
    }

    async fn with_rows(sql: &Sql, how_many: i64) {
        let who = |n| if n % 2 == 0 { Who::from("li") } else { Who::System };
        let entries: Vec<_> = (0..how_many)
            .map(|n| Entry::new(NOW - SignedDuration::from_hours(n), who(n), "key.issue", format!("k{n}"), "a\n\"b\""))
            .collect();
        let written: Result<(), sql::Error> = sql
            .transaction(move |tx| {
                Box::pin(async move {
                    for entry in &entries {
                        note(tx, entry).await?;
                    }
                    Ok(())
                })
            })
            .await;
        written.unwrap();
    }

    #[tokio::test]
    async fn a_list_shows_the_newest_and_says_how_to_go_on() {
        for house in trial::houses().await {
            with_rows(&house.sql, 3).await;
            let first = say(&house.sql, "list --limit 2").await.unwrap();
            // As words of their own: a mark or a moment may hold the same letters.
            let names = |text: &str, word: &str| text.split_whitespace().any(|one| one == word);
            assert!(first.contains("operator:li") && names(&first, "k0") && !names(&first, "k2"), "{first}");
            let mark = first.rsplit(' ').next().unwrap();
            let second = say(&house.sql, &format!("list --limit 2 --after {mark}")).await.unwrap();
            assert!(names(&second, "k2") && !names(&second, "k1") && !second.contains("--after"), "{second}");
            let wrong = say(&house.sql, "list --after x").await.unwrap_err();
            assert!(wrong.contains("as the page before told it"), "{wrong}");
        }
    }

    #[tokio::test]
    async fn what_can_fit_nothing_is_refused_and_not_answered_with_nothing() {
        for house in trial::houses().await {
            with_rows(&house.sql, 3).await;
            for (line, says) in [
                ("list --since 1h --until 2h", "nothing lies between"),
                ("export --since 2027-01-02 --until 2027-01-02", "nothing lies between"),
                ("list --since 2099-01-01", "lies in the future"),
                ("list --who li", "say operator:<name>"),
                ("list --who partner:nobody", "there is no partner \"nobody\""),
            ] {
                let told = say(&house.sql, line).await.unwrap_err();
                assert!(told.contains(says), "{line}: {told}");
            }
            for line in
                ["list --who operator", "list --who system --action key", "export --who partner --action nothing"]
            {
                say(&house.sql, line).await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn an_export_is_json_lines_with_its_fields_in_their_order_oldest_first() {
        for house in trial::houses().await {
            with_rows(&house.sql, 2_501).await;
            let all = say(&house.sql, "export").await.unwrap();
            assert_eq!(all.lines().count(), 2_501);
            let first = all.lines().next().unwrap();
            assert!(first.starts_with(r#"{"id":"aud_"#), "{first}");
            let rest = r#""at":"2026-10-03T04:00:00Z","actor":"operator:li","action":"key.issue","subject":"k2500","detail":"a\n\"b\""}"#;
            assert!(first.ends_with(rest), "{first}");
            let day = say(&house.sql, "export --since 24h --until 1h --who system").await.unwrap();
            assert_eq!(day.lines().count(), 11, "23 hours, every other entry");
            assert_eq!(say(&house.sql, "list --json --subject k7").await.unwrap().lines().count(), 1);
        }
    }
}
