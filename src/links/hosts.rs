//! The hosts of the marketplace, and where links to them lead: one table.

use url::Url;

use super::Form;
use super::text::number;
use crate::model::ids::OfferId;

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// To an offer.
    Offer(Form, OfferId),
    /// To what the marketplace alone knows.
    Short,
    /// To another page of the marketplace.
    Elsewhere,
    /// To another site.
    Away(String),
}

/// What is found at a host.
#[derive(Clone, Copy)]
enum Place {
    Pages(Form),
    Shortener,
}

const HOSTS: &[(&str, Place)] = &[
    ("detail.1688.com", Place::Pages(Form::OfferPage)),
    ("www.1688.com", Place::Pages(Form::OfferPage)),
    ("m.1688.com", Place::Pages(Form::MobilePage)),
    ("detail.m.1688.com", Place::Pages(Form::MobilePage)),
    ("winport.m.1688.com", Place::Pages(Form::MobilePage)),
    ("qr.1688.com", Place::Shortener),
    ("m.tb.cn", Place::Shortener),
    ("e.tb.cn", Place::Shortener),
];
/// Everything else below this is the marketplace's, too, and no offer.
const MARKETPLACE: &str = "1688.com";
/// Parameters that name an offer where the path does not.
const NAMES: [&str; 3] = ["offerId", "offerid", "id"];
/// Pages whose parameters name an offer.
const NAMED_BY_PARAMETER: [&str; 4] = ["/page/index.html", "/page/offerdetail.html", "/offer", "/page/offer.html"];

/// Where a link leads, as far as it says so itself.
pub(super) fn leads(link: &Url) -> Leads {
    let host = link.host_str().unwrap_or("").trim_end_matches('.').to_ascii_lowercase();
    let place = HOSTS.iter().find(|(known, _)| *known == host).map(|(_, place)| *place);
    let is_ours = host.strip_suffix(MARKETPLACE).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    match place {
        Some(Place::Shortener) => Leads::Short,
        Some(Place::Pages(form)) => offer(link).map_or(Leads::Elsewhere, |offer| Leads::Offer(form, offer)),
        None if is_ours => Leads::Elsewhere,
        None => Leads::Away(host),
    }
}

/// `/offer/610947572360.html`, `/offer/610947572360`, `/page/index.html?offerId=610947572360`.
fn offer(link: &Url) -> Option<OfferId> {
    let path = link.path();
    let in_path = path.strip_prefix("/offer/").map(|rest| rest.split('/').next().unwrap_or(rest));
    if let Some(name) = in_path {
        return number(name.strip_suffix(".html").or_else(|| name.strip_suffix(".htm")).unwrap_or(name));
    }
    let trimmed = path.trim_end_matches('/');
    if !NAMED_BY_PARAMETER.iter().any(|known| known.eq_ignore_ascii_case(trimmed)) {
        return None;
    }
    NAMES
        .iter()
        .find_map(|name| link.query_pairs().find(|(known, _)| known == name).and_then(|(_, value)| number(&value)))
}

#[cfg(test)]
mod tests {
    use super::{Leads, leads};
    use crate::links::Form;
    use crate::model::ids::OfferId;

    fn of(link: &str) -> Leads {
        leads(&link.parse().unwrap())
    }

    #[test]
    fn pages_of_an_offer_are_known_however_they_are_written() {
        let id = OfferId::new(610_947_572_360);
        for link in [
            "https://detail.1688.com/offer/610947572360.html",
            "http://DETAIL.1688.COM/offer/610947572360.html?spm=a26352.13672862&cosite=-#desc",
            "https://detail.1688.com/offer/610947572360",
            "https://detail.1688.com./offer/610947572360.html",
        ] {
            assert_eq!(of(link), Leads::Offer(Form::OfferPage, id), "{link}");
        }
        for link in [
            "https://m.1688.com/offer/610947572360.html?sk=consign",
            "https://detail.m.1688.com/page/index.html?spm=1&offerId=610947572360&sortType=",
            "https://m.1688.com/page/offerDetail.html?offerId=610947572360",
        ] {
            assert_eq!(of(link), Leads::Offer(Form::MobilePage, id), "{link}");
        }
    }

    #[test]
    fn other_pages_and_other_sites_are_told_apart() {
        for link in [
            "https://shop1234567890.1688.com/page/offerlist.htm",
            "https://s.1688.com/selloffer/offer_search.htm?keywords=cup&offerId=610947572360",
            "https://detail.1688.com/offer/cup.html",
            "https://detail.1688.com/offer/",
            "https://1688.com/",
            "https://m.1688.com/page/offerDetail.html",
        ] {
            assert_eq!(of(link), Leads::Elsewhere, "{link}");
        }
        for link in [
            "https://item.taobao.com/item.htm?id=610947572360",
            "https://detail.1688.com@evil.example/offer/610947572360.html",
            "https://detail.1688.com.evil.example/offer/610947572360.html",
            "https://evil1688.com/offer/610947572360.html",
            "http://169.254.169.254/offer/610947572360.html",
            "http://[::1]/offer/610947572360.html",
        ] {
            assert!(matches!(of(link), Leads::Away(_)), "{link}");
        }
        assert_eq!(of("https://qr.1688.com/s/11CrDfWx4"), Leads::Short);
    }
}
