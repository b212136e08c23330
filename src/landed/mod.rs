//! What goods cost on their way: the place inside the country that an address is about (`address` and `latin`, over
//! the table in `divisions`), and an estimate of everything up to another country's border (`reckon`, over the operator's `tables`).
//!
//! Everything here is reckoned from tables and is an estimate: each part of it says how it was reckoned, who says so, and
//! of which day. What the catalogue charges for the road inside the country is asked elsewhere. Tables in a file are read
//! again when the file changes (`kept`); one that cannot be used leaves those before it in place.

mod address;
mod ambiguous;
mod divisions;
mod kept;
mod latin;
mod reckon;
mod tables;

use std::path::PathBuf;
use std::sync::Arc;

pub use address::{Found, Region, parse as parse_address};
pub use ambiguous::Ambiguous;
pub use reckon::{Component, Estimate, Part, Shipment};
pub use tables::{Line, Origin};

use kept::Kept;
use reckon::Limits;
use tables::Tables;

use crate::model::money::{Currency, Money};
use crate::model::quote::{Country, Warehouse};
use crate::rates::Rates;

/// Where the tables are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// There are none: nothing is estimated beyond the warehouse.
    None,
    /// Inside the program: plausible figures for trying things out.
    Embedded,
    /// In a file.
    File(PathBuf),
}

impl Source {
    /// `none`, `embedded`, or a path.
    pub fn named(text: &str) -> Self {
        match text {
            "none" | "" => Self::None,
            "embedded" => Self::Embedded,
            path => Self::File(PathBuf::from(path)),
        }
    }
}

/// The tables cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

/// Estimates to other countries; cheap to clone.
#[derive(Clone, Debug)]
pub struct Landed {
    kept: Arc<Kept>,
    warehouse: Warehouse,
    rates: Rates,
    is_trial: bool,
}

/// The tables of one moment: what is checked against them is reckoned by them.
#[derive(Clone, Debug)]
pub struct InForce {
    tables: Arc<Tables>,
    rates: Rates,
    is_trial: bool,
}

/// A two-digit chapter of the Harmonized System out of a code of 2 to 10 digits, with or without points.
pub fn chapter_of(code: &str) -> Option<u8> {
    let digits: String = code.chars().filter(|letter| *letter != '.').collect();
    let plain =
        code.len() <= 14 && (2..=10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let chapter = digits.get(..2)?.parse().ok()?;
    (plain && tables::is_chapter(chapter)).then_some(chapter)
}

impl Landed {
    /// Estimates by the tables of this source; where nobody says where to, goods go to this warehouse.
    pub fn open(source: &Source, warehouse: Warehouse, rates: Rates) -> Result<Self, Unusable> {
        let kept = Kept::open(source).map_err(Unusable)?;
        Ok(Self { kept: Arc::new(kept), warehouse, rates, is_trial: *source == Source::Embedded })
    }

    /// Where goods go when nobody says.
    pub fn usual_warehouse(&self) -> &Warehouse {
        &self.warehouse
    }

    /// The tables as they are now.
    pub fn in_force(&self) -> InForce {
        InForce { tables: self.kept.tables(), rates: self.rates.clone(), is_trial: self.is_trial }
    }

    /// Reads the tables again if their file changed; `None` when there is nothing new. An error leaves the tables before
    /// it in force, and is told once for each change of the file.
    pub async fn refresh(&self) -> Option<Result<Origin, Unusable>> {
        Some(self.kept.refresh().await?.map_err(Unusable))
    }

    /// Why the tables in force are not those of the file; `None` while they are.
    pub fn trouble(&self) -> Option<String> {
        self.kept.trouble()
    }

    /// How many times tables could not be taken over.
    pub fn failures(&self) -> u64 {
        self.kept.failures()
    }
}

impl InForce {
    /// Whether the figures are for trying things out only.
    pub fn is_trial(&self) -> bool {
        self.is_trial
    }

    /// Countries that lines go to, in alphabetical order.
    pub fn countries(&self) -> Vec<&str> {
        let mut countries: Vec<_> = self.tables.lines.iter().map(|line| line.country.as_str()).collect();
        countries.sort_unstable();
        countries.dedup();
        countries
    }

    /// Ids of the lines to a country.
    pub fn lines(&self, country: &Country) -> Vec<&str> {
        let lines = self.tables.lines.iter().filter(|line| line.country == *country);
        lines.map(|line| line.id.as_str()).collect()
    }

    /// What a shipment costs by each line to a country, or by the one that is named, the cheapest first; `None` when a
    /// figure does not fit.
    pub fn estimate(&self, shipment: &Shipment, country: &Country, line: Option<&str>) -> Option<Vec<Estimate>> {
        let Some(customs) = self.tables.customs.iter().find(|one| one.country == *country) else {
            return Some(Vec::new());
        };
        let limits = Limits { duty: self.limit(customs.duty_free_up_to), tax: self.limit(customs.tax_free_up_to) };
        let wanted = |one: &&Line| one.country == *country && line.is_none_or(|id| one.id == id);
        let lines = self.tables.lines.iter().filter(wanted);
        let one = |line| reckon::reckon(shipment, line, customs, limits, &self.tables.origin);
        let mut estimates = lines.map(one).collect::<Option<Vec<_>>>()?;
        estimates.sort_by_key(|estimate| estimate.total.minor);
        Some(estimates)
    }

    /// A limit in CNY; a limit without a rate is not counted on.
    fn limit(&self, limit: Option<Money>) -> Option<Money> {
        let limit = limit?;
        if limit.currency == Currency::CNY {
            return Some(limit);
        }
        self.rates.exchange(limit.currency).ok()?.back(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::{Landed, Origin, Part, Shipment, Source, chapter_of};
    use crate::clock::Clock;
    use crate::model::money::Money;
    use crate::rates::{Rates, Settings};

    fn landed(source: &Source) -> Landed {
        Landed::open(source, "YW01".parse().unwrap(), Rates::open(Settings::default(), Clock::System).unwrap()).unwrap()
    }

    #[test]
    fn every_line_to_a_country_is_told_the_cheapest_first_and_one_alone_when_it_is_named() {
        let shipment = Shipment {
            lines: vec![(Money::fen(20_000), Some(64))],
            domestic_freight: Money::fen(800),
            weight_g: 20_000,
            volume_cm3: 1,
            origin: Origin::default(),
        };
        let landed = landed(&Source::Embedded).in_force();
        let japan = "JP".parse().unwrap();
        let told = landed.estimate(&shipment, &japan, None).unwrap();
        assert_eq!(told.iter().map(|one| one.line.id.as_str()).collect::<Vec<_>>(), ["jp-sea", "jp-air"]);
        assert_eq!(landed.lines(&japan), ["jp-air", "jp-sea"]);
        // 200 yuan are less than 10,000 yen.
        assert!(told.iter().all(|one| one.components.iter().all(|c| c.part != Part::Duty || c.amount.minor == 0)));
        assert_eq!(landed.estimate(&shipment, &japan, Some("jp-air")).unwrap().len(), 1);
        assert!(landed.estimate(&shipment, &"BR".parse().unwrap(), None).unwrap().is_empty());
        assert!(landed.countries().contains(&"DE") && landed.is_trial());
        assert!(self::landed(&Source::None).in_force().countries().is_empty());
    }

    #[test]
    fn a_chapter_is_the_first_two_digits_of_a_code() {
        for (code, wanted) in [("39", Some(39)), ("3926.90", Some(39)), ("0101210000", Some(1)), ("97", Some(97))] {
            assert_eq!(chapter_of(code), wanted, "{code}");
        }
        for wrong in ["", "3", "77", "00", "98", "3a", "39269000001", "三九", "....39........."] {
            assert_eq!(chapter_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_used_says_why() {
        let rates = Rates::open(Settings::default(), Clock::System).unwrap();
        let missing =
            Landed::open(&Source::named("/nowhere/lines.toml"), "YW01".parse().unwrap(), rates.clone()).unwrap_err();
        assert!(missing.to_string().contains("/nowhere/lines.toml"), "{missing}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "date = 3").unwrap();
        assert!(Landed::open(&Source::File(file.path().into()), "YW01".parse().unwrap(), rates).is_err());
    }
}
