//! To whom a visitor is sent: of the storefronts that take him, those of his language before those of any; among equals
//! by weight.

use crate::model::language::Language;
use crate::model::partner::Mode;
use crate::model::quote::Country;
use crate::model::referral::Storefront;

/// What is known of a visitor.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// Where he is.
    pub country: Option<Country>,
    /// What he reads, best first.
    pub languages: Vec<Language>,
}

/// The storefront for a visitor; `chance` decides among equals.
pub fn choose<'a>(all: &'a [Storefront], mode: Mode, visitor: &Visitor, chance: u64) -> Option<&'a Storefront> {
    let fits = all.iter().filter(|one| one.enabled && one.weight > 0 && one.mode == mode);
    let ranked: Vec<_> = fits.filter_map(|one| Some((rank(one, visitor)?, one))).collect();
    let best = ranked.iter().map(|(rank, _)| *rank).min()?;
    let equals: Vec<_> = ranked.into_iter().filter(|(rank, _)| *rank == best).map(|(_, one)| one).collect();
    let total: u64 = equals.iter().map(|one| u64::from(one.weight)).sum();
    let mut left = chance % total.max(1);
    equals.into_iter().find(|one| {
        let mine = left < u64::from(one.weight);
        left = left.saturating_sub(u64::from(one.weight));
        mine
    })
}

/// How well a storefront fits, the smaller the better; none when it does not take him. One that was set up for the country
/// comes before one for all, whatever the languages: it sells there.
fn rank(storefront: &Storefront, visitor: &Visitor) -> Option<(u8, usize)> {
    let of_country = match (&visitor.country, storefront.countries.as_slice()) {
        (_, []) => 1,
        (Some(country), countries) if countries.contains(country) => 0,
        _ => return None,
    };
    let of_language = match storefront.languages.as_slice() {
        // Behind all that he reads.
        [] => visitor.languages.len(),
        languages => match visitor.languages.iter().position(|language| languages.contains(language)) {
            Some(place) => place,
            None if visitor.languages.is_empty() => 0,
            None => return None,
        },
    };
    Some((of_country, of_language))
}

#[cfg(test)]
mod tests {
    use super::{Visitor, choose};
    use crate::model::partner::Mode;
    use crate::model::referral::Storefront;

    fn storefront(partner: &str, countries: &str, languages: &str, weight: u32) -> Storefront {
        Storefront {
            partner: partner.parse().unwrap(),
            mode: Mode::Live,
            template: String::new(),
            countries: countries.split_whitespace().map(|code| code.parse().unwrap()).collect(),
            languages: languages.split_whitespace().map(|tag| tag.parse().unwrap()).collect(),
            weight,
            enabled: true,
            version: 1,
            updated_at: 0,
        }
    }

    fn sent(all: &[Storefront], country: &str, languages: &str) -> Option<String> {
        let visitor = Visitor {
            country: country.parse().ok(),
            languages: languages.split_whitespace().map(|tag| tag.parse().unwrap()).collect(),
        };
        choose(all, Mode::Live, &visitor, 0).map(|one| one.partner.to_string())
    }

    #[test]
    fn the_country_decides_first_then_the_language() {
        let all = [
            storefront("japan-ja", "JP", "ja", 1),
            storefront("japan-en", "JP", "en", 1),
            storefront("korea", "KR", "", 1),
            storefront("world", "", "", 1),
        ];
        assert_eq!(sent(&all, "JP", "ja en").as_deref(), Some("japan-ja"));
        assert_eq!(sent(&all, "JP", "en ja").as_deref(), Some("japan-en"));
        assert_eq!(sent(&all, "JP", "fr").as_deref(), Some("world"), "nobody there speaks it");
        assert_eq!(sent(&all, "KR", "ja").as_deref(), Some("korea"));
        assert_eq!(sent(&all, "BR", "pt").as_deref(), Some("world"));
        assert_eq!(sent(&all, "", "ja").as_deref(), Some("world"), "nobody knows where he is");
        assert_eq!(sent(&all[..3], "BR", "pt"), None);
        let closed = [Storefront { enabled: false, ..all[3].clone() }, Storefront { weight: 0, ..all[3].clone() }];
        assert_eq!(sent(&closed, "BR", ""), None);
        assert_eq!(choose(&all, Mode::Sandbox, &Visitor::default(), 0), None, "each world has its own");
    }

    #[test]
    fn equals_share_by_weight() {
        let all = [storefront("one", "", "", 1), storefront("three", "", "", 3)];
        let visitor = Visitor::default();
        let of_three = (0..4_000).filter(|chance| {
            choose(&all, Mode::Live, &visitor, *chance).is_some_and(|one| one.partner.as_str() == "three")
        });
        assert_eq!(of_three.count(), 3_000);
    }
}
