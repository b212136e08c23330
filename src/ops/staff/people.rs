//! People: added, listed, given a role or password, removed; and whether a name and a password belong together.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{Error, Role, Staff, password};
use crate::audit::{self, Entry, Who};
use crate::model::quote::Unfit;
use crate::sql::{Row, Tx, args};

/// Names that stand for other ways in, so that nobody can be called so.
const RESERVED: [&str; 3] = ["one-time", "settings", "system"];

/// A person's name in the console and in the audit: 1 to 40 of `a-z 0-9 . _ -`, a letter first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl FromStr for Name {
    type Err = Unfit;
    fn from_str(text: &str) -> Result<Self, Unfit> {
        let letters = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'));
        let begins = text.bytes().next().is_some_and(|first| first.is_ascii_lowercase());
        if letters && begins && text.len() <= 40 && !RESERVED.contains(&text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Unfit {
                expected: "a name of 1 to 40 of a-z 0-9 . _ - that begins with a letter (and is not one-time, settings or system)",
            })
        }
    }
}

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Somebody who may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
    /// When they last logged in.
    pub seen_at: Option<Timestamp>,
    /// How many sessions are open.
    pub sessions: u64,
    /// How many tokens count.
    pub tokens: u64,
}

impl Staff {
    /// Lets somebody log in from now on.
    pub async fn add(
        &self,
        who: impl Into<Who>,
        name: &Name,
        role: Role,
        password: Zeroizing<String>,
    ) -> Result<(), Error> {
        const ADD: &str = "INSERT INTO operators (name, role, password_hash, created_at) VALUES ($1, $2, $3, $4)";
        let hash = password::hash(password).await?;
        let entry = self.entry(who, "operator.add", name.as_str(), role.name());
        let (row, taken) = (args![name.as_str(), role.name(), hash, self.clock.now_ms()], name.to_string());
        let added: Result<(), Error> = self
            .sql
            .transaction(move |tx| {
                Box::pin(async move {
                    tx.execute(ADD, row).await?;
                    Ok(audit::note(tx, &entry).await?)
                })
            })
            .await;
        match added {
            Err(Error::Sql(error)) if error.is_unique() => Err(Error::NameTaken(taken)),
            other => other,
        }
    }

    /// Everybody, by name.
    pub async fn list(&self) -> Result<Vec<Operator>, Error> {
        const LIST: &str = "SELECT o.name, o.role, o.created_at, o.seen_at, \
            (SELECT COUNT(*) FROM operator_sessions s WHERE s.name = o.name AND s.way = 'person' AND s.expires_at > $1) \
            AS sessions, \
            (SELECT COUNT(*) FROM operator_tokens t WHERE t.name = o.name AND t.expires_at > $1) AS tokens \
            FROM operators o ORDER BY o.name";
        let rows = self.sql.fetch_all(LIST, args![self.clock.now_ms()]).await?;
        rows.iter().map(operator).collect()
    }

    /// Whether anybody is there.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.sql.fetch_optional("SELECT name FROM operators LIMIT 1", Vec::new()).await?.is_none())
    }

    /// Gives somebody another role; it counts with their next request.
    pub async fn set_role(&self, who: impl Into<Who>, name: &str, role: Role) -> Result<(), Error> {
        const SET: &str = "UPDATE operators SET role = $2 WHERE name = $1";
        let entry = self.entry(who, "operator.role", name, role.name());
        let name = name.to_owned();
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    if tx.execute(SET, args![&name, role.name()]).await? == 0 {
                        return Err(Error::NoSuchOperator(name));
                    }
                    Ok(audit::note(tx, &entry).await?)
                })
            })
            .await
    }

    /// Gives somebody another password; all their sessions end.
    pub async fn set_password(
        &self,
        who: impl Into<Who>,
        name: &str,
        password: Zeroizing<String>,
    ) -> Result<(), Error> {
        const SET: &str = "UPDATE operators SET password_hash = $2 WHERE name = $1";
        let hash = password::hash(password).await?;
        let entry = self.entry(who, "operator.password", name, "all sessions ended");
        let name = name.to_owned();
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    if tx.execute(SET, args![&name, hash]).await? == 0 {
                        return Err(Error::NoSuchOperator(name));
                    }
                    end_sessions(tx, &name).await?;
                    Ok(audit::note(tx, &entry).await?)
                })
            })
            .await
    }

    /// Lets somebody in no more; their sessions and tokens end.
    pub async fn remove(&self, who: impl Into<Who>, name: &str) -> Result<(), Error> {
        let entry = self.entry(who, "operator.remove", name, "");
        let name = name.to_owned();
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    end_sessions(tx, &name).await?;
                    tx.execute("DELETE FROM operator_tokens WHERE name = $1", args![&name]).await?;
                    if tx.execute("DELETE FROM operators WHERE name = $1", args![&name]).await? == 0 {
                        return Err(Error::NoSuchOperator(name));
                    }
                    Ok(audit::note(tx, &entry).await?)
                })
            })
            .await
    }

    /// The role of whoever has this name and this password.
    pub async fn check(&self, name: &str, password: Zeroizing<String>) -> Result<Option<Role>, Error> {
        const FIND: &str = "SELECT role, password_hash FROM operators WHERE name = $1";
        let row = self.sql.fetch_optional(FIND, args![name]).await?;
        let hash = row.as_ref().map(|row| row.text("password_hash")).transpose()?;
        if !self.fits(password, hash).await {
            return Ok(None);
        }
        Ok(row.map(|row| row.parse("role")).transpose()?)
    }

    /// Whether a password fits a hash; one at a time.
    pub async fn fits(&self, password: Zeroizing<String>, hash: Option<String>) -> bool {
        let Ok(_turn) = self.hashing.acquire().await else { return false };
        password::fits(password, hash).await
    }

    pub(super) fn entry(&self, who: impl Into<Who>, action: &str, subject: &str, detail: &str) -> Entry {
        Entry::new(self.clock.now(), who, action, subject, detail)
    }
}

pub(super) async fn end_sessions(tx: &mut Tx, name: &str) -> Result<u64, Error> {
    Ok(tx.execute("DELETE FROM operator_sessions WHERE name = $1 AND way = 'person'", args![name]).await?)
}

fn operator(row: &Row) -> Result<Operator, Error> {
    let count = |column| row.int(column).map(|count| u64::try_from(count).unwrap_or(0));
    Ok(Operator {
        name: row.text("name")?,
        role: row.parse("role")?,
        created_at: moment(row.int("created_at")?),
        seen_at: row.opt_int("seen_at")?.map(moment),
        sessions: count("sessions")?,
        tokens: count("tokens")?,
    })
}

pub(super) fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}
