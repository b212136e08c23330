//! `xunyuan console-password`: makes the password of the operator's console and the hash that the gateway wants.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail};
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use clap::Args;
use zeroize::Zeroizing;

use crate::commands::client::nonce;

const LEAST: usize = 12;

/// Where the password comes from.
#[derive(Debug, Args)]
pub struct Asked {
    /// Read the password from standard input instead of making one; then only its hash is printed
    #[arg(long)]
    stdin: bool,
}

/// Prints the password, if it was made here, and its hash.
pub fn run(asked: &Asked, input: &mut impl Read, out: &mut impl Write) -> Result<()> {
    if asked.stdin {
        let mut text = Zeroizing::new(String::new());
        input.read_to_string(&mut text).context("the password cannot be read")?;
        let password = text.trim_end_matches(['\r', '\n']);
        if password.chars().count() < LEAST {
            bail!("the password has fewer than {LEAST} characters; take a longer one");
        }
        return Ok(writeln!(out, "{}", hash(password)?)?);
    }
    let password = Zeroizing::new(nonce()?);
    writeln!(out, "password, shown only now:  {}", *password)?;
    writeln!(out, "for the settings:\n\n[ops]\npassword_hash = \"{}\"", hash(&password)?)?;
    Ok(())
}

fn hash(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|error| anyhow::anyhow!("the password cannot be hashed: {error}"))?.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Asked, run};
    use crate::config::Config;

    fn told(stdin: bool, input: &str) -> Result<String, String> {
        let mut out = Vec::new();
        run(&Asked { stdin }, &mut input.as_bytes(), &mut out).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_hash_is_one_that_the_settings_take() {
        let printed = told(true, "correct horse battery\n").unwrap();
        let pair = ("XUNYUAN__OPS__PASSWORD_HASH".to_owned(), printed.trim().to_owned());
        assert_eq!(*Config::load(None, [pair].into_iter()).unwrap().ops.password_hash, printed.trim());
        assert!(told(true, "short\n").is_err());
        let wrong = ("XUNYUAN__OPS__PASSWORD_HASH".to_owned(), "correct horse".to_owned());
        let told = Config::load(None, [wrong].into_iter()).unwrap_err().to_string();
        assert!(told.contains("ops.password_hash") && !told.contains("correct horse"), "{told}");
    }

    #[test]
    fn a_made_password_comes_with_lines_for_the_settings() {
        let printed = told(false, "").unwrap();
        let (_, settings) = printed.split_once("for the settings:").unwrap();
        let table: toml::Table = settings.parse().unwrap();
        assert!(table["ops"]["password_hash"].as_str().unwrap().starts_with("$argon2id$"));
    }
}
