//! Sessions: opened by a login, found by the cookie at any node, ended by logging out, by time, by another password or
//! by the person's removal.

use std::net::IpAddr;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::people::{end_sessions, moment};
use super::{Error, Role, Staff, digest, secret};
use crate::audit::{self, Who};
use crate::sql::{Row, args};

/// A session of a person or of the settings' password.
const LIFE_MS: i64 = 12 * 3_600_000;
/// A session that a one-time password opened, which cannot be opened again.
const ONCE_LIFE_MS: i64 = 7 * 86_400_000;
/// So many at a time for one name; the oldest ends when there would be more.
const MOST: u32 = 20;

/// How somebody came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// With a name and a password of their own.
    Person(String),
    /// With a one-time password.
    Once,
    /// With the password whose hash is in the settings; what is kept is a digest of that hash.
    Settings(String),
}

impl Way {
    /// The name that the audit knows.
    pub fn name(&self) -> &str {
        match self {
            Self::Person(name) => name,
            Self::Once => "one-time",
            Self::Settings(_) => "settings",
        }
    }

    fn kept(&self) -> String {
        match self {
            Self::Person(_) => "person".to_owned(),
            Self::Once => "once".to_owned(),
            Self::Settings(of) => format!("settings:{of}"),
        }
    }
}

/// An open session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What is kept of its cookie.
    pub digest: String,
    /// Whose.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether a name and a password stand behind it, which can be changed.
    pub is_person: bool,
    /// From where it was opened.
    pub address: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

const COLUMNS: &str = "SELECT s.digest, s.name, s.way, s.address, s.created_at, s.expires_at, o.role \
    FROM operator_sessions s LEFT JOIN operators o ON o.name = s.name \
    WHERE s.digest = $1 AND s.expires_at > $2";

impl Staff {
    /// Opens a session and gives its cookie's value.
    pub async fn open(&self, way: &Way, address: IpAddr) -> Result<Zeroizing<String>, Error> {
        const TIDY: &str = "DELETE FROM operator_sessions WHERE expires_at <= $1";
        const OPEN: &str = "INSERT INTO operator_sessions (digest, name, way, address, created_at, expires_at) \
            VALUES ($1, $2, $3, $4, $5, $6)";
        const CROWD: &str = "DELETE FROM operator_sessions WHERE name = $1 AND digest NOT IN \
            (SELECT digest FROM operator_sessions WHERE name = $1 ORDER BY created_at DESC, digest LIMIT $2)";
        const SEEN: &str = "UPDATE operators SET seen_at = $2 WHERE name = $1";
        let cookie = secret::fresh()?;
        let (now, name) = (self.clock.now_ms(), way.name().to_owned());
        let life = if *way == Way::Once { ONCE_LIFE_MS } else { LIFE_MS };
        let row = args![digest(&cookie), &name, way.kept(), address.to_string(), now, now + life];
        let entry = self.entry(name.as_str(), "console.login", &name, &format!("from {address}"));
        let opened: Result<(), Error> = self
            .sql
            .transaction(move |tx| {
                Box::pin(async move {
                    tx.execute(TIDY, args![now]).await?;
                    tx.execute(OPEN, row).await?;
                    tx.execute(CROWD, args![&name, MOST]).await?;
                    tx.execute(SEEN, args![&name, now]).await?;
                    Ok(audit::note(tx, &entry).await?)
                })
            })
            .await;
        opened.map(|()| cookie)
    }

    /// The session of a cookie; `settings` is the digest of the hash that is configured now.
    pub async fn find_session(&self, cookie: &str, settings: &str) -> Result<Option<Session>, Error> {
        let row = self.sql.fetch_optional(COLUMNS, args![digest(cookie), self.clock.now_ms()]).await?;
        Ok(row.as_ref().map(|row| session(row, settings)).transpose()?.flatten())
    }

    /// A name's open sessions, the newest first.
    pub async fn sessions(&self, name: &str, settings: &str) -> Result<Vec<Session>, Error> {
        const LIST: &str = "SELECT s.digest, s.name, s.way, s.address, s.created_at, s.expires_at, o.role \
            FROM operator_sessions s LEFT JOIN operators o ON o.name = s.name \
            WHERE s.name = $1 AND s.expires_at > $2 ORDER BY s.created_at DESC, s.digest";
        let rows = self.sql.fetch_all(LIST, args![name, self.clock.now_ms()]).await?;
        let read = rows.iter().map(|row| session(row, settings)).collect::<Result<Vec<_>, Error>>()?;
        Ok(read.into_iter().flatten().collect())
    }

    /// Ends a session.
    pub async fn close(&self, session: &Session) -> Result<(), Error> {
        let entry = self.entry(session.name.as_str(), "console.logout", &session.name, "");
        let digest = session.digest.clone();
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    tx.execute("DELETE FROM operator_sessions WHERE digest = $1", args![digest]).await?;
                    Ok(audit::note(tx, &entry).await?)
                })
            })
            .await
    }

    /// Ends every session of a name; gives how many there were.
    pub async fn close_all(&self, who: impl Into<Who>, name: &str) -> Result<u64, Error> {
        let entry = self.entry(who, "console.logout_everywhere", name, "");
        let name = name.to_owned();
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let ended = end_sessions(tx, &name).await?;
                    const OTHERS: &str = "DELETE FROM operator_sessions WHERE name = $1";
                    let ended = ended + tx.execute(OTHERS, args![&name]).await?;
                    audit::note(tx, &entry).await?;
                    Ok(ended)
                })
            })
            .await
    }
}

/// None when what it was opened with does not count any more.
fn session(row: &Row, settings: &str) -> Result<Option<Session>, Error> {
    let way = row.text("way")?;
    let role = match way.as_str() {
        "person" => row.opt_text("role")?.and_then(|role| role.parse().ok()),
        "once" => Some(Role::Admin),
        other => {
            let of = other.strip_prefix("settings:");
            (!settings.is_empty() && of == Some(settings)).then_some(Role::Admin)
        }
    };
    let Some(role) = role else { return Ok(None) };
    Ok(Some(Session {
        digest: row.text("digest")?,
        name: row.text("name")?,
        role,
        is_person: way == "person",
        address: row.text("address")?,
        created_at: moment(row.int("created_at")?),
        expires_at: moment(row.int("expires_at")?),
    }))
}
