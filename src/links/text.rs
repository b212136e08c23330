//! Pasted text: bare numbers, and the links in it, which in Chinese stand without a space around them.

use url::Url;

use crate::model::ids::OfferId;

/// Numbers of offers have this many digits.
const DIGITS: std::ops::RangeInclusive<usize> = 9..=14;
/// A link that is longer is not looked at.
const LONGEST: usize = 2_000;
/// What a link may begin with where nobody wrote its scheme.
const BARE: [&str; 3] = ["detail.1688.com/", "m.1688.com/", "qr.1688.com/"];

/// A link in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// As it was written.
    pub written: String,
    /// As it was meant.
    pub url: Url,
}

/// The offer that a bare number names; full-width digits are digits, too.
pub(super) fn number(text: &str) -> Option<OfferId> {
    let digits: Option<String> = text.trim().chars().map(digit).collect();
    digits.filter(|digits| DIGITS.contains(&digits.len()))?.parse().ok()
}

fn digit(letter: char) -> Option<char> {
    match letter {
        '0'..='9' => Some(letter),
        '０'..='９' => char::from_digit(u32::from(letter) - u32::from('０'), 10),
        _ => None,
    }
}

/// All links, in the order in which they stand.
pub(super) fn links(text: &str) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut rest = text;
    while let Some(at) = begin(rest) {
        let (_, from) = rest.split_at(at);
        let end = from.find(|letter| !may_stand_in_a_link(letter)).unwrap_or(from.len());
        let (written, behind) = from.split_at(end);
        let written = written.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'', '"']);
        links.extend(read(written).filter(|link| !links.contains(link)));
        rest = behind;
    }
    links
}

/// Where the next link begins.
fn begin(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let schemes = ["http://", "https://"].into_iter().filter_map(|scheme| lower.find(scheme));
    let bare = BARE.iter().filter_map(|host| lower.find(host));
    schemes.chain(bare).min()
}

fn read(written: &str) -> Option<Link> {
    if written.len() > LONGEST {
        return None;
    }
    let is_whole = written.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"));
    let url = if is_whole { Url::parse(written) } else { Url::parse(&format!("https://{written}")) };
    let url = url.ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"))?;
    Some(Link { written: written.to_owned(), url })
}

/// Letters of RFC 3986; anything else, such as a Chinese letter or bracket, ends a link.
fn may_stand_in_a_link(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::{links, number};
    use proptest::prelude::proptest;

    fn written(text: &str) -> Vec<String> {
        links(text).into_iter().map(|link| link.written).collect()
    }

    #[test]
    fn a_link_ends_where_chinese_goes_on() {
        for (text, wanted) in [
            ("【复古花盆】https://qr.1688.com/s/11CrDfWx4 点击链接，或复制", "https://qr.1688.com/s/11CrDfWx4"),
            (
                "看看这个https://detail.1688.com/offer/610947572360.html，很好",
                "https://detail.1688.com/offer/610947572360.html",
            ),
            ("（http://m.1688.com/offer/1.html）", "http://m.1688.com/offer/1.html"),
            ("See https://a.example/x.", "https://a.example/x"),
            ("detail.1688.com/offer/7.html", "detail.1688.com/offer/7.html"),
        ] {
            assert_eq!(written(text), [wanted], "{text}");
        }
        let both = "先看 https://a.example/x?y=1 再看 HTTPS://b.example/ 和 https://a.example/x?y=1";
        assert_eq!(written(both), ["https://a.example/x?y=1", "HTTPS://b.example/"]);
        for none in ["", "花盆", "ftp://a.example/", "https://", "http:// x", "mailto:a@b.example"] {
            assert!(written(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn a_number_is_digits_of_an_offers_length() {
        assert_eq!(number(" 610947572360 ").unwrap().number(), 610_947_572_360);
        assert_eq!(number("６１０９４７５７２３６０").unwrap().number(), 610_947_572_360);
        for wrong in ["", "7", "61094757236x", "0610947572360", "-610947572360", "6109475723601234567"] {
            assert!(number(wrong).is_none(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,80}") {
            links(&text);
            links(&format!("https://{text}"));
            number(&text);
        }
    }
}
