//! Why something pasted leads to no offer: which forms it was not, in words for the caller.

use super::Form;
use crate::error::{Code, Failure};
use crate::upstream;

/// A form that something pasted was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The form.
    pub form: Form,
    /// Why it is not one.
    pub why: &'static str,
}

/// A refusal or failure of the room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is none of the forms.
    #[error("nothing like a link or number")]
    Unrecognised(Vec<Tried>),
    /// A page of the marketplace, but not of an offer.
    #[error("{link} is no offer's page")]
    NotOffer {
        /// The page.
        link: String,
    },
    /// A link to another site.
    #[error("{host} is another site")]
    Foreign {
        /// The other site.
        host: String,
    },
    /// A short link that the marketplace does not know.
    #[error("{link} is unknown")]
    ShortUnknown {
        /// The short link.
        link: String,
    },
    /// A picture without a QR code that can be read.
    #[error("no code on the picture")]
    NoCode,
    /// The catalogue did not answer, or refused for a reason of its own.
    #[error(transparent)]
    Upstream(upstream::Error),
}

/// Of a text without any link that is no number.
pub(super) fn nothing_like_it(pasted: &str) -> Error {
    const NO_LINK: &str = "There is no link in it.";
    let digits = pasted.chars().filter(char::is_ascii_digit).count();
    let is_number = digits > 0 && digits == pasted.chars().count();
    let number = if is_number { "A number of an offer has 9 to 14 digits." } else { "It is not digits alone." };
    let mut tried: Vec<Tried> = [Form::OfferPage, Form::MobilePage, Form::ShortLink, Form::ShareText]
        .map(|form| Tried { form, why: NO_LINK })
        .into();
    tried.push(Tried { form: Form::OfferNumber, why: number });
    Error::Unrecognised(tried)
}

impl Error {
    /// Which forms it was not.
    pub fn tried(&self) -> Vec<Tried> {
        let all = |why, forms: &[Form]| forms.iter().map(|form| Tried { form: *form, why }).collect();
        match self {
            Self::Unrecognised(tried) => tried.clone(),
            Self::NotOffer { .. } => {
                all("The page is one of the marketplace, but not of an offer.", &[Form::OfferPage, Form::MobilePage])
            }
            Self::Foreign { .. } => all(
                "The link's host is none of the marketplace's.",
                &[Form::OfferPage, Form::MobilePage, Form::ShortLink],
            ),
            Self::ShortUnknown { .. } => all("The marketplace does not know this short link.", &[Form::ShortLink]),
            Self::NoCode => all("No QR code on the picture can be read.", &[Form::QrPicture]),
            Self::Upstream(_) => Vec::new(),
        }
    }
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Unrecognised(_) => Code::LinkUnrecognised,
            Self::NotOffer { .. } => Code::LinkNotOffer,
            Self::Foreign { .. } => Code::LinkForeign,
            Self::ShortUnknown { .. } => Code::ShortLinkNotFound,
            Self::NoCode => Code::CodeNotFound,
            Self::Upstream(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::NotOffer { link } => {
                Some(format!("{} is a page of the marketplace, but not of an offer.", short(link)))
            }
            Self::Foreign { host } => Some(format!("The link leads to {}, which is another site.", short(host))),
            Self::ShortUnknown { link } => Some(format!("The marketplace does not know {}.", short(link))),
            Self::Upstream(error) => error.detail(),
            Self::Unrecognised(_) | Self::NoCode => None,
        }
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        let tried = self.tried();
        if tried.is_empty() {
            return Vec::new();
        }
        let rows = tried.iter().map(|one| format!(r#"{{"form":"{}","why":"{}"}}"#, one.form.name(), one.why));
        vec![("tried", format!("[{}]", rows.collect::<Vec<_>>().join(",")))]
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Upstream(error) => error.retry_after_s(),
            _ => None,
        }
    }

    fn internal(&self) -> Option<String> {
        Some(self.to_string())
    }
}

/// A link as it is quoted: its beginning.
fn short(link: &str) -> String {
    const LONGEST: usize = 120;
    match link.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", link.get(..end).unwrap_or(link)),
        None => link.to_owned(),
    }
}
