//! How long each kind of read is shown, in words: made from the catalogue's own table, so that the page cannot go stale.

use crate::catalog::Kind;

/// One kind of read.
#[derive(Debug)]
pub struct Span {
    /// Its name for people.
    pub what: &'static str,
    /// How long it is shown as it is.
    pub soft: String,
    /// How much longer while it is renewed.
    pub revalidate: String,
    /// How much longer while the marketplace does not answer.
    pub if_error: String,
}

/// All kinds, those that are asked for most first.
pub fn all() -> Vec<Span> {
    let span = |kind: &Kind| {
        let row = kind.freshness();
        Span {
            what: named(*kind),
            soft: words(row.soft_s),
            revalidate: words(row.revalidate_s),
            if_error: words(row.if_error_s),
        }
    };
    Kind::ALL.iter().map(span).collect()
}

const fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::Search => "Pages of offers",
        Kind::Offer => "One offer",
        Kind::Categories => "Categories",
        Kind::Supplier => "One supplier",
        Kind::Picture => "Pictures",
        Kind::Warehouses => "Warehouses",
        Kind::Category => "One category",
        Kind::Related => "Related offers",
        Kind::Pools => "Pools",
        Kind::PoolPage => "Pages of a pool",
        Kind::Ranking => "Rankings",
        Kind::Keywords => "Keywords that trend",
        Kind::Trend => "How an offer sold",
        Kind::Freight => "Freight estimates",
    }
}

/// A span in the largest unit that it is a whole number of.
fn words(seconds: u32) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let whole = units.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, "second"));
    let count = seconds / unit;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{all, words};

    #[test]
    fn spans_are_told_in_whole_units() {
        let told = [0, 1, 10, 60, 90, 3_600, 7_200, 86_400, 604_800].map(words);
        let wanted =
            ["0 seconds", "1 second", "10 seconds", "1 minute", "90 seconds", "1 hour", "2 hours", "1 day", "7 days"];
        assert_eq!(told, wanted);
        assert!(all().iter().all(|span| !span.soft.starts_with("0 ")));
    }
}
