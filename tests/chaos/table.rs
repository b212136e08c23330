//! The table that people read, and the same for machines.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use crate::checker::{Verdict, Wrong};

const SHOWN: usize = 5;
const DETAIL: usize = 600;

/// Prints the table, and writes all of it to report.json.
pub fn print(verdict: &Verdict, folder: &Path) -> Result<()> {
    println!();
    for (what, number) in &verdict.counts {
        println!("{what:<44} {number:>9}");
    }
    println!();
    for wrong in Wrong::ALL {
        let number = verdict.findings.iter().filter(|finding| finding.wrong == *wrong).count();
        let unchecked = verdict.unchecked.iter().find(|(unchecked, _)| unchecked == wrong);
        match unchecked {
            Some((_, why)) if number == 0 => println!("{:<44} {:>9}  NOT CHECKED: {why}", wrong.name(), "-"),
            _ if number == 0 => println!("{:<44} {number:>9}  ok", wrong.name()),
            _ => println!("{:<44} {number:>9}  {}", wrong.name(), wrong.says()),
        }
    }
    for wrong in Wrong::ALL {
        let all: Vec<_> = verdict.findings.iter().filter(|finding| finding.wrong == *wrong).collect();
        for finding in all.iter().take(SHOWN) {
            let detail: String = finding.detail.chars().take(DETAIL).collect();
            println!("\n{}: {} {}\n  {detail}", wrong.name(), finding.partner, finding.about);
        }
        if all.len() > SHOWN {
            println!("\n{}: and {} more", wrong.name(), all.len() - SHOWN);
        }
    }
    let findings = verdict.findings.iter().map(|finding| {
        json!({"wrong": finding.wrong.name(), "partner": finding.partner, "about": finding.about, "detail": finding.detail})
    });
    let findings: Vec<_> = findings.collect();
    let counts: serde_json::Map<_, _> =
        verdict.counts.iter().map(|(what, number)| (what.trim().to_owned(), json!(number))).collect();
    let unchecked: Vec<_> = verdict.unchecked.iter().map(|(wrong, why)| format!("{}: {why}", wrong.name())).collect();
    let report = folder.join("report.json");
    std::fs::write(
        &report,
        format!("{:#}\n", json!({"counts": counts, "findings": findings, "unchecked": unchecked})),
    )?;
    let all = match (verdict.findings.is_empty(), unchecked.is_empty()) {
        (false, _) => "NOT all is well",
        (true, true) => "all is well",
        (true, false) => "all is well as far as it was checked",
    };
    println!("\n{all}; the history lies in {}", folder.display());
    Ok(())
}
