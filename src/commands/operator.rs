//! `xunyuan operator`: the people who may open the console, and tokens for programs that ask `/ops/api`. A password is
//! typed at the terminal or read from standard input, never given as an argument.

use std::io::{BufRead, Write};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use zeroize::Zeroizing;

use crate::commands::{Actor, ConfigFile, table};
use crate::ops::staff::{LONGEST_TOKEN_DAYS, Name, Operator, Role, Staff, Token};

/// What to do with operators.
#[derive(Debug, Args)]
#[command(after_help = "\
Roles: viewer sees everything and changes nothing; operator settles orders, resends webhooks and changes what partners may
spend; admin does all of that, and ends the tokens of others.

  xunyuan operator add li --role operator            asks for the password twice
  printf '%s\\n' \"$PASSWORD\" | xunyuan operator add li --role operator
  xunyuan operator token li --role viewer --days 90 --purpose grafana
  curl -H \"Authorization: Bearer xyo_…\" http://127.0.0.1:9090/ops/api/now

Changes count with the next request, at every node, and are in the audit.")]
pub struct Asked {
    /// Where the settings are.
    #[command(flatten)]
    pub config: ConfigFile,
    #[command(flatten)]
    actor: Actor,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Let somebody log in from now on
    Add {
        /// The name: 1 to 40 of a-z 0-9 . _ -
        name: Name,
        /// What they may do: viewer, operator or admin
        #[arg(long, default_value = "viewer")]
        role: Role,
    },
    /// List everybody
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Give somebody another role
    Role {
        /// The name
        name: String,
        /// viewer, operator or admin
        role: Role,
    },
    /// Give somebody another password; all their sessions end
    Password {
        /// The name
        name: String,
    },
    /// End all sessions of somebody, also of `one-time` and `settings`
    Logout {
        /// The name
        name: String,
    },
    /// Let somebody in no more; their sessions and tokens end
    Remove {
        /// The name
        name: String,
    },
    /// Issue a token for a program that asks /ops/api; it is shown once
    Token {
        /// Whose
        name: String,
        /// What it may do; the person's own role at most
        #[arg(long, default_value = "viewer")]
        role: Role,
        /// How long it counts
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=i64::from(LONGEST_TOKEN_DAYS)))]
        days: u32,
        /// What it is for
        #[arg(long)]
        purpose: String,
    },
    /// List the tokens that count
    Tokens {
        /// Only this person's
        name: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Withdraw a token
    Withdraw {
        /// The token's id (opt_…)
        id: String,
    },
}

/// Where passwords come from.
pub trait Secrets {
    /// The next password; `what` is asked when somebody sits there.
    fn ask(&mut self, what: &str) -> Result<Zeroizing<String>>;
}

/// The terminal without an echo, or standard input when it is none.
#[derive(Debug)]
pub struct Terminal;

impl Secrets for Terminal {
    fn ask(&mut self, what: &str) -> Result<Zeroizing<String>> {
        let terminal = console::Term::stderr();
        if !std::io::IsTerminal::is_terminal(&std::io::stdin()) || !terminal.is_term() {
            return from(&mut std::io::stdin().lock());
        }
        let once = |prompt: &str| -> Result<Zeroizing<String>> {
            terminal.write_str(prompt)?;
            Ok(Zeroizing::new(terminal.read_secure_line().context("the password cannot be read")?))
        };
        let first = once(&format!("{what}: "))?;
        if *first != *once("the same again: ")? {
            bail!("the password was typed in two ways; nothing was changed");
        }
        Ok(first)
    }
}

/// One line of a stream.
pub fn from(input: &mut impl BufRead) -> Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    input.read_line(&mut line).context("the password cannot be read")?;
    Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Does it; running gateways need not be told.
pub async fn run(asked: Asked, staff: &Staff, secrets: &mut impl Secrets, out: &mut impl Write) -> Result<()> {
    let who = asked.actor.who();
    match asked.action {
        Action::Add { name, role } => {
            let password = secrets.ask(&format!("password of {name}"))?;
            staff.add(&who, &name, role, password).await?;
            writeln!(out, "{name} may log in as {role}")?;
        }
        Action::List { json } => list(&staff.list().await?, json, out)?,
        Action::Role { name, role } => {
            staff.set_role(&who, &name, role).await?;
            writeln!(out, "{name} is {role} from now on")?;
        }
        Action::Password { name } => {
            let password = secrets.ask(&format!("new password of {name}"))?;
            staff.set_password(&who, &name, password).await?;
            writeln!(out, "{name} has another password; all sessions ended")?;
        }
        Action::Logout { name } => {
            let ended = staff.close_all(&who, &name).await?;
            writeln!(out, "{ended} sessions of {name} ended")?;
        }
        Action::Remove { name } => {
            staff.remove(&who, &name).await?;
            writeln!(out, "{name} is let in no more")?;
        }
        Action::Token { name, role, days, purpose } => {
            let (token, shown) = staff.issue_token(&who, &name, role, &purpose, days).await?;
            writeln!(out, "token, shown only now:  {}", *shown)?;
            writeln!(out, "id {}, for {name} as {role}, until {:.0}", token.id, token.expires_at)?;
        }
        Action::Tokens { name, json } => tokens(&staff.tokens(name.as_deref()).await?, json, out)?,
        Action::Withdraw { id } => {
            staff.withdraw_token(&who, &id, None).await?;
            writeln!(out, "{id} opens nothing any more")?;
        }
    }
    Ok(())
}

fn list(people: &[Operator], as_json: bool, out: &mut impl Write) -> Result<()> {
    if as_json {
        let row = |one: &Operator| {
            json!({
                "name": one.name, "role": one.role.name(), "created_at": one.created_at.to_string(),
                "seen_at": one.seen_at.map(|at| at.to_string()), "sessions": one.sessions, "tokens": one.tokens,
            })
        };
        let rows: Vec<_> = people.iter().map(row).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?);
    }
    let row = |one: &Operator| {
        let seen = one.seen_at.map_or("never".to_owned(), |at| format!("{at:.0}"));
        [one.name.clone(), one.role.to_string(), seen, one.sessions.to_string(), one.tokens.to_string()]
    };
    let rows: Vec<_> = people.iter().map(row).collect();
    Ok(table::write(out, ["NAME", "ROLE", "LAST LOGIN", "SESSIONS", "TOKENS"], &rows)?)
}

fn tokens(tokens: &[Token], as_json: bool, out: &mut impl Write) -> Result<()> {
    if as_json {
        let row = |token: &Token| {
            json!({
                "id": token.id, "name": token.name, "role": token.role.name(), "purpose": token.purpose,
                "created_at": token.created_at.to_string(), "expires_at": token.expires_at.to_string(),
            })
        };
        let rows: Vec<_> = tokens.iter().map(row).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?);
    }
    let row = |token: &Token| {
        let until = format!("{:.0}", token.expires_at);
        [token.id.clone(), token.name.clone(), token.role.to_string(), until, token.purpose.clone()]
    };
    let rows: Vec<_> = tokens.iter().map(row).collect();
    Ok(table::write(out, ["ID", "NAME", "ROLE", "UNTIL", "PURPOSE"], &rows)?)
}

#[cfg(test)]
mod tests {
    use anyhow::Result;
    use clap::Parser;
    use zeroize::Zeroizing;

    use super::{Asked, Secrets, from, run};
    use crate::clock::Clock;
    use crate::ops::staff::Staff;
    use crate::sql::trial;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        asked: Asked,
    }

    struct Said(&'static str);
    impl Secrets for Said {
        fn ask(&mut self, _: &str) -> Result<Zeroizing<String>> {
            Ok(Zeroizing::new(self.0.to_owned()))
        }
    }

    async fn say(staff: &Staff, line: &str, password: &'static str) -> Result<String, String> {
        let words = ["operator", "--actor", "root"].into_iter().chain(line.split_ascii_whitespace());
        let asked = Typed::try_parse_from(words).map_err(|error| error.to_string())?.asked;
        let mut out = Vec::new();
        run(asked, staff, &mut Said(password), &mut out).await.map_err(|error| format!("{error:#}"))?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[tokio::test]
    async fn people_are_added_shown_changed_and_removed() {
        for house in trial::houses().await {
            let staff = Staff::new(house.sql.clone(), Clock::shiftable());
            let short = say(&staff, "add li --role operator", "short").await.unwrap_err();
            assert!(short.contains("fewer than 12"), "{short}");
            assert!(say(&staff, "add li --role operator", "correct horse").await.unwrap().contains("as operator"));
            assert!(say(&staff, "add Li", "correct horse").await.is_err());
            assert!(say(&staff, "role li root", "").await.is_err());
            say(&staff, "role li viewer", "").await.unwrap();
            let listed = say(&staff, "list", "").await.unwrap();
            assert!(listed.contains("li") && listed.contains("viewer") && listed.contains("never"), "{listed}");
            let token = say(&staff, "token li --purpose ci", "").await.unwrap();
            assert!(token.contains("xyo_"), "{token}");
            let id = token.split_whitespace().find(|word| word.starts_with("opt_")).unwrap().trim_end_matches(',');
            assert!(say(&staff, "tokens --json", "").await.unwrap().contains(id));
            assert!(!say(&staff, "tokens --json", "").await.unwrap().contains("xyo_"));
            say(&staff, &format!("withdraw {id}"), "").await.unwrap();
            say(&staff, "password li", "battery staple").await.unwrap();
            assert!(staff.check("li", "battery staple".to_owned().into()).await.unwrap().is_some());
            assert!(say(&staff, "logout li", "").await.unwrap().starts_with("0 sessions"));
            say(&staff, "remove li", "").await.unwrap();
            assert!(say(&staff, "remove li", "").await.unwrap_err().contains("operator list"));
        }
    }

    #[test]
    fn a_password_is_one_line_of_what_is_read() {
        assert_eq!(*from(&mut "correct horse \r\nmore".as_bytes()).unwrap(), "correct horse ");
    }

    #[test]
    fn no_command_takes_a_password_as_an_argument() {
        use clap::CommandFactory;
        let command = Typed::command();
        let arguments = command.get_subcommands().flat_map(clap::Command::get_arguments);
        assert!(arguments.into_iter().all(|argument| !argument.get_id().as_str().contains("password")));
    }
}
