//! A dated table of rates and our own file format: `# date:` and `# source:` lines, then `JPY,21.05` a line,
//! each the amount of that currency which 1 CNY buys.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::model::money::{Currency, Exchange};
use crate::rates::Error;

const EMBEDDED: &str = include_str!("default.csv");

/// Rates of one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// Their day; none in an empty table.
    pub date: Option<Date>,
    rows: BTreeMap<&'static str, Exchange>,
}

impl Table {
    /// No rates.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Rates of a day.
    pub fn new(date: Date, source: &str, rates: impl IntoIterator<Item = (Currency, Decimal)>) -> Result<Self, Error> {
        let mut rows = BTreeMap::new();
        for (currency, per_cny) in rates {
            if per_cny <= Decimal::ZERO {
                return Err(Error::Unreadable(format!("the rate of {} is not above zero", currency.code())));
            }
            let per_cny = per_cny.normalize();
            rows.insert(currency.code(), Exchange { currency, per_cny, date, source: source.to_owned() });
        }
        if rows.is_empty() {
            return Err(Error::Unreadable("there are no rates in it".into()));
        }
        Ok(Self { date: Some(date), rows })
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn find(&self, currency: Currency) -> Option<&Exchange> {
        self.rows.get(currency.code())
    }

    /// Codes in alphabetical order, CNY included.
    pub fn codes(&self) -> Vec<&'static str> {
        let mut codes: Vec<_> = self.rows.keys().copied().chain(["CNY"]).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

/// The table inside the program.
pub(super) fn embedded() -> Result<Table, Error> {
    parse(EMBEDDED)
}

/// A table in our own format.
pub(super) fn parse(text: &str) -> Result<Table, Error> {
    let (mut date, mut source, mut rates) = (None, "file", Vec::new());
    for (number, line) in text.lines().enumerate() {
        let wrong = |what: &str| Error::Unreadable(format!("line {}: {what}", number + 1));
        let line = line.trim();
        if let Some(note) = line.strip_prefix('#') {
            match note.split_once(':').map(|(name, value)| (name.trim(), value.trim())) {
                Some(("date", day)) => {
                    date = Some(Date::from_str(day).map_err(|_| wrong("no date such as 2026-11-20"))?)
                }
                Some(("source", name)) => source = name,
                _ => {}
            }
        } else if !line.is_empty() {
            let (code, rate) = line.split_once(',').ok_or_else(|| wrong("not of the form JPY,21.05"))?;
            let currency = code.trim().parse().map_err(|_| wrong("no ISO 4217 code"))?;
            let rate = Decimal::from_str(rate.trim()).map_err(|_| wrong("no decimal number"))?;
            rates.push((currency, rate));
        }
    }
    let date = date.ok_or_else(|| Error::Unreadable("a line such as `# date: 2026-11-20` is missing".into()))?;
    Table::new(date, source, rates)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_table_without_date_or_with_a_wrong_row_is_refused_by_line() {
        for (text, why) in [
            ("JPY,21", "date"),
            ("# date: 2026-11-20", "no rates"),
            ("# date: 20.11.2026\nJPY,21", "line 1"),
            ("# date: 2026-11-20\nJPY 21", "line 2"),
            ("# date: 2026-11-20\nYEN,21", "line 2"),
            ("# date: 2026-11-20\n\nJPY,many", "line 3"),
            ("# date: 2026-11-20\nJPY,0", "above zero"),
        ] {
            let told = parse(text).unwrap_err().to_string();
            assert!(told.contains(why), "{text:?}: {told}");
        }
    }
}
