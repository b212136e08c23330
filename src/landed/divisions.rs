//! The divisions of the country: an authored table of every province and prefecture, and of some districts. It is honest
//! about the others: their codes are known by what they lie in, and their names not at all.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::model::region::{Level, RegionCode};

const FILE: &str = include_str!("divisions.tsv");
/// The second digits of provinces that are cities: what lies in them has no prefecture of its own.
const MUNICIPALITIES: [&str; 4] = ["110000", "120000", "310000", "500000"];

/// A place of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Division {
    pub code: RegionCode,
    /// Without what kind of place it is: 浙江.
    pub short: &'static str,
    /// With it: 浙江省.
    pub full: String,
    /// The short name in Latin letters, with other spellings behind `|`; those behind `~` name it only around another.
    pub latin: &'static str,
}

/// The table, and where in it the names with a first letter are.
pub(super) struct Divisions {
    rows: Vec<Division>,
    by_letter: HashMap<char, Vec<usize>>,
    by_code: HashMap<RegionCode, usize>,
}

pub(super) static DIVISIONS: LazyLock<Divisions> = LazyLock::new(|| {
    let rows: Vec<_> = FILE.lines().filter_map(row).collect();
    let mut by_letter: HashMap<char, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        by_letter.entry(row.short.chars().next().unwrap_or(' ')).or_default().push(at);
    }
    let by_code = rows.iter().enumerate().map(|(at, row)| (row.code, at)).collect();
    Divisions { rows, by_letter, by_code }
});

fn row(line: &'static str) -> Option<Division> {
    let mut cells = line.split('\t');
    let (code, short, suffix) = (cells.next()?.parse().ok()?, cells.next()?, cells.next()?);
    Some(Division { code, short, full: format!("{short}{suffix}"), latin: cells.next()? })
}

impl Division {
    /// What kind of place it is, as its name says: 省.
    pub fn suffix(&self) -> &str {
        self.full.strip_prefix(self.short).unwrap_or_default()
    }
}

impl Divisions {
    /// All of them.
    pub fn all(&self) -> &[Division] {
        &self.rows
    }

    /// Places whose name may begin a text.
    pub fn beginning(&self, text: &str) -> impl Iterator<Item = &Division> {
        let rows = text.chars().next().and_then(|letter| self.by_letter.get(&letter));
        rows.into_iter().flatten().filter_map(|at| self.rows.get(*at))
    }

    /// The place with a code.
    pub fn find(&self, code: RegionCode) -> Option<&Division> {
        self.by_code.get(&code).and_then(|at| self.rows.get(*at))
    }

    /// The name of a place with all that it lies in, as far as the table knows; `None` when there is no such place.
    pub fn name(&self, code: RegionCode) -> Option<String> {
        let province = self.find(code.province())?;
        let in_municipality = MUNICIPALITIES.contains(&province.code.as_str());
        let city = self.find(code.city()).filter(|city| city.code != province.code);
        let own = self.find(code).filter(|own| own.code.level() == Level::District);
        let known = code.level() == Level::Province || city.is_some() || own.is_some() || in_municipality;
        let parts = [Some(province), city, own].into_iter().flatten().map(|place| place.full.as_str());
        known.then(|| parts.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::DIVISIONS;
    use crate::model::region::{Level, RegionCode};
    use std::collections::HashSet;

    #[test]
    fn the_table_has_every_province_and_prefecture_once_and_what_they_lie_in() {
        let lines = super::FILE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(DIVISIONS.all().len(), lines, "a line cannot be read");
        let codes: HashSet<_> = DIVISIONS.all().iter().map(|row| row.code).collect();
        assert_eq!(codes.len(), lines);
        let of = |level: Level| codes.iter().filter(|code| code.level() == level).count();
        // 34 of the first rank; of the second 293 cities, 30 autonomous prefectures, 7 areas and 3 leagues.
        assert_eq!((of(Level::Province), of(Level::City)), (34, 333));
        for code in &codes {
            assert!(codes.contains(&code.province()), "{code}");
            let own = ["11", "12", "31", "50"].contains(&&code.as_str()[..2]) || code.as_str()[2..].starts_with("90");
            assert!(own || codes.contains(&code.city()), "{code}");
        }
    }

    #[test]
    fn every_name_is_spelled_in_latin_letters_as_one_word() {
        for row in DIVISIONS.all() {
            let mut spellings = row.latin.split('|').map(|one| one.strip_prefix('~').unwrap_or(one));
            assert!(spellings.all(|one| one.len() > 1 && one.bytes().all(|b| b.is_ascii_lowercase())), "{row:?}");
        }
    }

    #[test]
    fn a_place_is_named_with_all_it_lies_in_as_far_as_it_is_known() {
        let name = |code: &str| DIVISIONS.name(code.parse::<RegionCode>().unwrap());
        assert_eq!(name("330782").as_deref(), Some("浙江省金华市义乌市"));
        assert_eq!(name("330700").as_deref(), Some("浙江省金华市"));
        assert_eq!(name("310115").as_deref(), Some("上海市浦东新区"));
        assert_eq!(name("469002").as_deref(), Some("海南省琼海市"));
        assert_eq!(name("330799").as_deref(), Some("浙江省金华市"), "a district that the table does not name");
        assert_eq!(name("339800"), None);
        assert_eq!(name("338812"), None);
    }
}
