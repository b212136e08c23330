//! Where people are sent who granted an app something: addresses that the operator registered for it, letter for letter.

use url::{Host, Url};

use crate::audit::{self, Who};
use crate::partners::directory::Directory;
use crate::partners::error::Error;
use crate::sql::args;

const MOST_CHARS: usize = 512;

impl Directory {
    /// Registers an address for an app; said again it changes nothing.
    pub async fn add_redirect(&self, actor: impl Into<Who>, app_key: &str, address: &str) -> Result<(), Error> {
        if !fits(address) {
            return Err(Error::NotARedirect(address.to_owned()));
        }
        let entry = self.entry(actor, "app.add_redirect", app_key, address.to_owned());
        let (app, address) = (app_key.to_owned(), address.to_owned());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let text = "SELECT app_key FROM apps WHERE app_key = $1 AND retired_at IS NULL";
                    let known = tx.fetch_optional(text, args![&app]).await?;
                    known.ok_or_else(|| Error::NoSuchApp(app.clone()))?;
                    let text = "INSERT INTO app_redirects (app_key, address, created_at) VALUES ($1, $2, $3) \
                        ON CONFLICT (app_key, address) DO NOTHING";
                    if tx.execute(text, args![&app, &address, entry.at.as_millisecond()]).await? > 0 {
                        audit::note(tx, &entry).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Takes an address away; codes told to it count until they end.
    pub async fn remove_redirect(&self, actor: impl Into<Who>, app_key: &str, address: &str) -> Result<(), Error> {
        let entry = self.entry(actor, "app.remove_redirect", app_key, address.to_owned());
        let (app_key, address) = (app_key.to_owned(), address.to_owned());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let text = "DELETE FROM app_redirects WHERE app_key = $1 AND address = $2";
                    if tx.execute(text, args![&app_key, &address]).await? == 0 {
                        return Err(Error::NoSuchRedirect { app_key, address });
                    }
                    Ok(audit::note(tx, &entry).await?)
                })
            })
            .await
    }

    /// The addresses of an app.
    pub async fn redirects(&self, app_key: &str) -> Result<Vec<String>, Error> {
        let text = "SELECT address FROM app_redirects WHERE app_key = $1 ORDER BY address";
        let rows = self.sql.fetch_all(text, args![app_key]).await?;
        Ok(rows.iter().map(|row| row.text("address")).collect::<Result<_, _>>()?)
    }
}

/// An address that a browser can be sent to without a stranger on the way hearing it.
fn fits(address: &str) -> bool {
    let plain = address.len() <= MOST_CHARS && address.bytes().all(|byte| byte.is_ascii_graphic());
    let Some(url) = Url::parse(address).ok().filter(|_| plain && !address.contains('#')) else { return false };
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    let nobody = url.username().is_empty() && url.password().is_none();
    nobody && (url.scheme() == "https" || (url.scheme() == "http" && here))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn nobody_is_sent_over_an_open_line_or_to_what_is_no_address() {
        for good in
            ["https://shop.example/back?from=xunyuan", "http://localhost:3000/cb", "http://127.0.0.1/", "http://[::1]/"]
        {
            assert!(fits(good), "{good}");
        }
        let long = format!("https://shop.example/{}", "a".repeat(512));
        for wrong in [
            "",
            "default",
            "http://shop.example/back",
            "https://shop.example/#here",
            "https://me:secret@shop.example/",
            "https://shop.example/a b",
            "javascript:alert(1)",
            "data:text/html,hello",
            "//shop.example/",
            &long,
        ] {
            assert!(!fits(wrong), "{wrong}");
        }
    }
}
