//! The step of a visitor who is sent to the partner's shop from the marketplace's own pages.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use url::Url;

use super::{Told, Walk, text};
use crate::commands::client::Draft;
use crate::commands::demo::folder::SHOP;

/// Where a visitor was sent.
pub(super) struct Sent(Url);

impl Sent {
    /// The click that an order may name.
    pub(super) fn click(&self) -> Result<String> {
        let found = self.0.query_pairs().find(|(name, _)| name == "ref");
        found.map(|(_, click)| click.into_owned()).with_context(|| format!("no click stands in {}", self.0))
    }
}

impl Told for Sent {
    fn told(&self) -> String {
        format!("to {}{}", self.0.host_str().unwrap_or("?"), self.0.path())
    }
}

impl Walk<'_> {
    /// Sets the shop's address, and goes where a visitor of the first offer is sent.
    pub(super) async fn visited(&self, offers: &[Value]) -> Result<Sent> {
        let body = json!({"template": format!("https://{SHOP}/offers/{{offer_id}}?ref={{click_id}}")});
        let draft = Draft { method: "PUT".into(), ..Draft::post("/v1/storefront", &body) };
        self.live.must(&draft).await?;
        let id = text(offers.first().context("no offer")?, "/id");
        // A browser shows no signature.
        let mut asked = self.live.sign(&Draft::get(format!("/go/{id}")))?;
        asked.headers = vec![("accept-language".to_owned(), "ja".to_owned())];
        let answer = self.live.send(&asked).await?;
        ensure!(answer.status == 302, "answered {}: {}", answer.status, answer.json());
        let page: Url = answer.field("location").parse().context("there is no address to go to")?;
        ensure!(page.host_str() == Some(SHOP) && page.path().ends_with(&id), "it leads to {page}");
        Ok(Sent(page))
    }
}
