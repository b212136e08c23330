//! The program from outside: what it says and how it exits when something is in the way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn xunyuan(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xunyuan"));
    command.args(args).env_clear().env("PATH", "/usr/bin:/bin");
    command
}

fn run(args: &[&str]) -> Output {
    xunyuan(args).output().unwrap()
}

#[track_caller]
fn refused(output: &Output, sentence: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains(sentence), "{told}");
}

/// A running demo; ends when dropped.
struct Demo(Child, Vec<String>);

impl Demo {
    /// Starts it, and keeps what it said until it was ready.
    fn start(data: &Path) -> Self {
        let args = ["demo", "--port", "0", "--ops-port", "0", "--offers", "50", "--data", data.to_str().unwrap()];
        let child = xunyuan(&args).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut demo = Self(child, Vec::new());
        let lines = BufReader::new(demo.0.stdout.take().unwrap()).lines();
        demo.1.extend(lines.map_while(Result::ok).take_while(|line| line != "ready"));
        assert!(
            demo.1.iter().any(|line| line.contains("Ctrl-C")),
            "the demo never said that it is ready: {:?}",
            demo.1
        );
        demo
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_second_demo_on_the_same_folder_is_told_that_one_is_running() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Demo::start(folder.path());
    let second = run(&["demo", "--port", "0", "--ops-port", "0", "--data", folder.path().to_str().unwrap()]);
    refused(&second, "another demo is running");
}

#[test]
fn a_taken_port_and_a_folder_that_cannot_be_written_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&["demo", "--port", &port, "--ops-port", "0", "--data", folder.path().to_str().unwrap()]);
    refused(&output, "cannot be listened on");
    refused(&run(&["demo", "--data", "/proc/nowhere"]), "choose another with --data");
}

#[test]
fn a_demo_keeps_its_partner_and_keys_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("live.key");
    drop(Demo::start(folder.path()));
    let id = |text: String| text.lines().find(|line| line.starts_with("key_id")).unwrap().to_owned();
    let first = id(std::fs::read_to_string(&key).unwrap());
    let _second = Demo::start(folder.path());
    assert_eq!(id(std::fs::read_to_string(&key).unwrap()), first);
    let answer = run(&["call", "GET", "/v1/me", "--as", key.to_str().unwrap()]);
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    assert!(String::from_utf8_lossy(&answer.stdout).contains("tokyo-bazaar"));
}

#[test]
fn what_the_demo_prints_for_the_operator_works_when_it_is_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    let from = demo.1.iter().position(|line| line.contains("operator's own commands")).unwrap();
    let pasted: Vec<_> = demo.1[from + 1..].iter().take_while(|line| !line.starts_with("Ctrl-C")).cloned().collect();
    let script = format!("set -e\n{}", pasted.join("\n"));
    let shell = |script: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).env_clear().env("PATH", "/usr/bin:/bin").current_dir("/").output().unwrap()
    };
    let output = shell(&script);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    for part in ["CATALOGUE'S NUMBER", "partner.create", "tokyo-bazaar"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

#[test]
fn a_list_is_compared_with_a_line_for_each_hundred_and_the_exit_says_how_it_went() {
    let folder = tempfile::tempdir().unwrap();
    let _demo = Demo::start(&folder.path().join("demo"));
    let at = |name: &str| folder.path().join(name).display().to_string();
    let key = at("demo/live.key");
    let compare = |file: &str, more: &[&str]| {
        let file = at(file);
        let output = run(&[&["source-match", &file, "--as", &key, "--candidates", "1"], more].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let head = "reference,title,price,currency,quantity\n";
    let row = |n: usize| match n {
        41 => format!("R{n},mug,9.99,USD,many\n"),
        177 => format!("R{n},mug,9.99,,1\n"),
        _ => format!("R{n},mug,9.99,USD,{n}\n"),
    };
    let list: String = (1..=210).map(row).collect();
    std::fs::write(at("sold.csv"), format!("{head}{list}")).unwrap();
    let (status, told, lines) = compare("sold.csv", &[]);
    assert_eq!(status, Some(3), "{lines}");
    assert_eq!(told, format!("210 rows, 2 with errors: {}\n", at("sold.matches.csv")));
    for line in ["100 of 210 rows\n", "200 of 210 rows\n", "210 of 210 rows\n", "the column error says why"] {
        assert!(lines.contains(line), "{line} in {lines}");
    }
    assert!(!lines.contains('\u{1b}'), "no bar where there is no terminal: {lines:?}");
    let result = std::fs::read_to_string(at("sold.matches.csv")).unwrap();
    let wrong: Vec<_> = result.lines().skip(1).filter(|line| line.contains(",error,")).collect();
    assert!(wrong.len() == 2 && wrong[0].starts_with("42,R41,error,quantity: a whole number"), "{wrong:?}");
    assert!(wrong[1].starts_with("178,R177,error,currency: is needed with a price"), "{wrong:?}");
    assert_eq!(result.lines().count(), 211);

    std::fs::write(at("good.csv"), format!("{head}{}", row(1))).unwrap();
    assert_eq!(compare("good.csv", &["--out", &at("found.csv")]).0, Some(0));
    assert_eq!(std::fs::read_to_string(at("found.csv")).unwrap().lines().count(), 2);
    // What cannot begin leaves the list as it is.
    std::fs::write(at("open.csv"), format!("{head}\"R1,mug\n")).unwrap();
    for (file, more, sentence) in [
        ("missing.csv", &[][..], "cannot be read"),
        ("open.csv", &[], "line 2: a quotation mark is never closed"),
        ("good.csv", &["--out", &at("demo/../good.csv")], "is the list itself"),
        ("good.csv", &["--language", "xx"], "#/language"),
    ] {
        let (status, _, told) = compare(file, more);
        assert!(status == Some(2) && told.contains(sentence), "{file} {more:?}: {told}");
    }
    assert_eq!(std::fs::read_to_string(at("good.csv")).unwrap(), format!("{head}{}", row(1)));
    let (status, _, told) = compare("good.csv", &["--url", "http://127.0.0.1:1"]);
    assert!(status == Some(1) && told.contains("cannot be reached"), "{told}");
}

#[test]
fn serve_tells_every_mistake_and_masks_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml");
    std::fs::write(&file, "[server]\nbnd = 1\nscheme = \"ftp\"\n").unwrap();
    let output = run(&["serve", "--check", "--config", file.to_str().unwrap()]);
    refused(&output, "server.bnd is not a setting");
    refused(&output, "server.scheme");
    refused(&run(&["serve", "--check"]), "xunyuan key master");
    let key = String::from_utf8(run(&["key", "master"]).stdout).unwrap();
    let database = "postgres://me:hush@db/x?password=hush";
    let output = xunyuan(&["serve", "--check"])
        .env("XUNYUAN__SECRETS__MASTER_KEY", key.trim())
        .env("XUNYUAN__DATABASE__URL", database)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && told.contains("secrets.master_key = \"********\""), "{told}");
    assert!(!told.contains("hush") && !told.contains(key.trim()), "{told}");
    refused(&run(&["serve", "--config", "/nowhere.toml"]), "/nowhere.toml");
}

#[test]
fn help_teaches_every_command() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for command in
        ["demo", "serve", "sandbox", "partner", "key", "order", "audit", "sign", "call", "migrate", "openapi", "health"]
    {
        assert!(help.contains(&format!("  {command} ")), "{command} is not in the help");
        assert!(run(&[command, "--help"]).status.success());
    }
}

#[test]
fn a_database_that_is_not_there_is_told_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let key = String::from_utf8(run(&["key", "master"]).stdout).unwrap();
    let asked = |name: &str, args: &[&str]| {
        let url = format!("sqlite://{}", folder.path().join(name).display());
        let mut command = xunyuan(args);
        command.env("XUNYUAN__SECRETS__MASTER_KEY", key.trim()).env("XUNYUAN__DATABASE__URL", url);
        command.output().unwrap()
    };
    let commands: [&[&str]; 9] = [
        &["order", "list"],
        &["order", "show", "PO-1"],
        &["audit", "list"],
        &["audit", "export"],
        &["partner", "list"],
        &["partner", "audit"],
        &["key", "list"],
        &["key", "issue", "acme"],
        &["ledger", "export", "-"],
    ];
    for args in commands {
        let output = asked("missing.db", args);
        refused(&output, "there is no database at");
        refused(&output, "partner create");
        assert!(!folder.path().join("missing.db").exists(), "{args:?} made one");
        std::fs::write(folder.path().join("bare.db"), "").unwrap();
        refused(&asked("bare.db", args), "is empty");
    }
    // The first steps of the README work in their order.
    assert!(asked("first.db", &["partner", "create", "acme", "--country", "JP"]).status.success());
    assert!(asked("first.db", &["key", "issue", "acme", "--mode", "live"]).status.success());
    assert!(asked("first.db", &["order", "list"]).status.success());
    refused(&asked("first.db", &["order", "list", "--partner", "acmee"]), "there is acme");
    refused(&asked("first.db", &["key", "list", "--partner", "acmee"]), "there is acme");
    refused(&asked("first.db", &["order", "list", "--state", "payd"]), "awaiting_payment");
    refused(&asked("first.db", &["audit", "export", "--since", "1h", "--until", "2h"]), "nothing lies between");
}
