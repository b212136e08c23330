//! What a link to something for sale tells: an offer of this marketplace, a short link to one, or words.

use url::Url;

use crate::model::ids::OfferId;

/// The marketplace's own name on the network.
const MARKETPLACE: &str = "1688.com";
/// Where its short links live.
const SHORT: &str = "qr.1688.com";
/// Parts of addresses that name no goods.
const PLACES: &[&str] = &[
    "product",
    "products",
    "item",
    "items",
    "goods",
    "shop",
    "store",
    "p",
    "dp",
    "detail",
    "html",
    "htm",
    "php",
    "index",
    "collections",
    "category",
    "catalog",
    "en",
    "ja",
    "de",
    "fr",
    "es",
    "www",
];

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// An offer of this marketplace.
    Offer(OfferId),
    /// A short link of this marketplace, which the catalogue can expand.
    Short,
    /// A page elsewhere whose address says this about it; perhaps nothing.
    Words(String),
}

/// Reads a link; nothing when it is none.
pub fn read(link: &str) -> Option<Leads> {
    let url = Url::parse(link).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = url.host_str()?.to_ascii_lowercase();
    if host == SHORT {
        return Some(Leads::Short);
    }
    if host == MARKETPLACE || host.strip_suffix(MARKETPLACE).is_some_and(|left| left.ends_with('.')) {
        let number = offer_number(&url).and_then(|number| number.parse().ok());
        return Some(number.map_or(Leads::Words(String::new()), Leads::Offer));
    }
    Some(Leads::Words(spoken(&url)))
}

fn offer_number(url: &Url) -> Option<String> {
    let by_query = url.query_pairs().find(|(name, _)| name == "offerId").map(|(_, value)| value.into_owned());
    let mut parts = url.path_segments()?;
    let by_path = parts.find(|part| *part == "offer").and_then(|_| parts.next());
    by_path.map(|part| part.trim_end_matches(".html").to_owned()).or(by_query)
}

/// The words of the part of an address that says most.
fn spoken(url: &Url) -> String {
    let part = |part: &str| {
        let text = percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
        let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
        let told = |word: &&str| {
            let is_number = word.len() > 4 && word.bytes().all(|letter| letter.is_ascii_digit());
            !is_number && !PLACES.contains(&word.to_ascii_lowercase().as_str())
        };
        words.filter(told).map(str::to_owned).collect::<Vec<_>>()
    };
    let parts = url.path_segments().into_iter().flatten().map(part);
    parts.max_by_key(|words| words.len()).map(|words| words.join(" ")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Leads, read};
    use crate::model::ids::OfferId;

    #[test]
    fn pages_of_the_marketplace_lead_to_an_offer() {
        let offer = Some(Leads::Offer(OfferId::new(610_947_572_360)));
        for link in [
            "https://detail.1688.com/offer/610947572360.html?spm=a26",
            "https://m.1688.com/offer/610947572360.html",
            "http://page.1688.com/x.htm?offerId=610947572360",
        ] {
            assert_eq!(read(link), offer, "{link}");
        }
        assert_eq!(read("https://qr.1688.com/s/Ab12"), Some(Leads::Short));
        assert_eq!(read("https://www.1688.com/"), Some(Leads::Words(String::new())));
    }

    #[test]
    fn a_page_elsewhere_is_taken_by_the_words_of_its_address() {
        let words = |link: &str| match read(link) {
            Some(Leads::Words(words)) => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(words("https://shop.example/products/white-ceramic-mug-350ml?variant=9"), "white ceramic mug 350ml");
        assert_eq!(words("https://shop.example/p/8839201023"), "");
        assert_eq!(words("https://fake1688.com/offer/610947572360.html"), "offer", "another host that looks like it");
        assert_eq!(words("https://shop.example/%E9%99%B6%E7%93%B7-%E6%9D%AF"), "陶瓷 杯");
    }

    #[test]
    fn what_is_no_link_is_told_so() {
        assert_eq!(read("ceramic mug"), None);
        assert_eq!(read("ftp://shop.example/mug"), None);
    }
}
