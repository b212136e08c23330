//! What people paste, as an offer: a page of the marketplace for a desktop or a telephone, a short link, the text that
//! an app puts into the clipboard, what a QR code says, or a bare number. Or which of these it was not, and why.
//!
//! Nothing is ever fetched that somebody pasted. A link's host stands in a table (`hosts`) or it is foreign; a short link
//! is expanded by the catalogue, which knows its own, and what comes back is judged like any other link. Whether there
//! is such an offer is for the catalogue room.

mod error;
mod hosts;
mod text;

pub use error::{Error, Tried};

use crate::model::ids::OfferId;
use crate::model::partner::Mode;
use crate::upstream::wholesale::calls::pictures as calls;
use crate::upstream::wholesale::wire::pictures as wire;
use crate::upstream::{Context, Upstream};
use hosts::Leads;

/// How many links of one text are looked at.
const MOST_LINKS: usize = 5;

macro_rules! forms {
    ($( $variant:ident = $name:literal, $doc:literal; )*) => {
        /// What something pasted can be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Form { $( #[doc = $doc] $variant, )* }

        impl Form {
            /// All of them.
            pub const ALL: &'static [Form] = &[ $( Form::$variant, )* ];
            /// Its name, e.g. `short_link`.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
        }
    };
}

forms! {
    OfferPage = "offer_page", "A page of an offer for a desktop.";
    MobilePage = "mobile_page", "A page of an offer for a telephone.";
    ShortLink = "short_link", "A short link of the marketplace.";
    ShareText = "share_text", "A text with a link in it.";
    QrPicture = "qr_picture", "A picture with a QR code.";
    OfferNumber = "offer_number", "The number of an offer.";
}

/// An offer that something pasted leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// What was pasted.
    pub form: Form,
    /// The link that was followed, when there was one.
    pub link: Option<String>,
    /// The offer. Whether there is one is not known here.
    pub offer: OfferId,
}

/// The room of links; made once per worker, because the upstream client belongs to its runtime.
#[derive(Clone, Debug)]
pub struct Links {
    upstream: Upstream,
}

impl Links {
    /// The room, with whom it asks about short links.
    pub fn new(upstream: Upstream) -> Self {
        Self { upstream }
    }

    /// The offer that a pasted text leads to.
    pub async fn resolve(&self, mode: Mode, pasted: &str) -> Result<Resolved, Error> {
        let pasted = pasted.trim();
        if let Some(number) = text::number(pasted) {
            return Ok(Resolved { form: Form::OfferNumber, link: None, offer: number });
        }
        let links = text::links(pasted);
        if links.is_empty() {
            return Err(error::nothing_like_it(pasted));
        }
        let is_alone = matches!(links.as_slice(), [link] if link.written == pasted);
        let mut failed: Option<Error> = None;
        for link in links.iter().take(MOST_LINKS) {
            match self.followed(mode, &link.url).await {
                Ok((form, offer)) => {
                    let form = if is_alone { form } else { Form::ShareText };
                    return Ok(Resolved { form, link: Some(link.url.to_string()), offer });
                }
                // A catalogue that does not answer may know the next link as little as this one.
                Err(error @ Error::Upstream(_)) => return Err(error),
                // The nearest miss is told.
                Err(error) => failed = Some(nearer(failed, error)),
            }
        }
        Err(failed.unwrap_or_else(|| error::nothing_like_it(pasted)))
    }

    /// The offer of a page's address, where the address itself says so; nobody is asked.
    pub fn offer_at(&self, address: &str) -> Option<OfferId> {
        match hosts::leads(&url::Url::parse(address).ok()?) {
            Leads::Offer(_, offer) => Some(offer),
            _ => None,
        }
    }

    /// The offers that links in a text name outright, each once; nobody is asked.
    pub fn offers_in(&self, pasted: &str) -> Vec<OfferId> {
        let mut offers = Vec::new();
        for link in text::links(pasted) {
            match hosts::leads(&link.url) {
                Leads::Offer(_, offer) if !offers.contains(&offer) => offers.push(offer),
                _ => {}
            }
        }
        offers
    }

    /// The offer that a QR code leads to.
    pub async fn resolve_code(&self, mode: Mode, said: Option<&str>) -> Result<Resolved, Error> {
        let said = said.ok_or(Error::NoCode)?;
        let resolved = self.resolve(mode, said).await?;
        Ok(Resolved { form: Form::QrPicture, ..resolved })
    }

    /// The offer that a link leads to, if need be by one step over the catalogue.
    async fn followed(&self, mode: Mode, link: &url::Url) -> Result<(Form, OfferId), Error> {
        match hosts::leads(link) {
            Leads::Offer(form, offer) => Ok((form, offer)),
            Leads::Elsewhere => Err(Error::NotOffer { link: link.to_string() }),
            Leads::Away(host) => Err(Error::Foreign { host }),
            Leads::Short => {
                let long = self.expanded(mode, link).await?;
                match hosts::leads(&long) {
                    Leads::Offer(_, offer) => Ok((Form::ShortLink, offer)),
                    Leads::Elsewhere | Leads::Short => Err(Error::NotOffer { link: long.to_string() }),
                    Leads::Away(host) => Err(Error::Foreign { host }),
                }
            }
        }
    }

    async fn expanded(&self, mode: Mode, link: &url::Url) -> Result<url::Url, Error> {
        let told =
            self.upstream.read::<wire::LongLink>(mode, &calls::expand_link(link.as_str()), Context::here()).await;
        let unknown = || Error::ShortUnknown { link: link.to_string() };
        match told {
            Ok(long) => url::Url::parse(&long.url).map_err(|_| unknown()),
            Err(error) if error.refusal().is_some_and(|refused| refused.error_code == "LINK_NOT_FOUND") => {
                Err(unknown())
            }
            Err(error) => Err(Error::Upstream(error)),
        }
    }
}

/// The failure that says more: a page of the marketplace before an unknown short link before another site.
fn nearer(known: Option<Error>, other: Error) -> Error {
    let rank = |error: &Error| match error {
        Error::NotOffer { .. } => 3,
        Error::ShortUnknown { .. } => 2,
        Error::Foreign { .. } => 1,
        _ => 0,
    };
    match known {
        Some(known) if rank(&known) >= rank(&other) => known,
        _ => other,
    }
}
