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
            if currency == Currency::CNY && per_cny != Decimal::ONE {
                return Err(Error::Unreadable("CNY is what the others are measured in: its rate is 1".into()));
            }
            let row = Exchange::new(currency, per_cny.normalize(), date, source);
            if rows.insert(currency.code(), row).is_some() {
                return Err(Error::Unreadable(format!("{} is given twice", currency.code())));
            }
        }
        if rows.is_empty() {
            return Err(Error::Unreadable("there are no rates in it".into()));
        }
        Ok(Self { date: Some(date), rows })
    }

    /// The same with rows of another table for the currencies it does not have.
    #[must_use]
    pub fn filled_from(mut self, other: &Self) -> Self {
        for (code, row) in &other.rows {
            self.rows.entry(code).or_insert_with(|| row.clone());
        }
        Self { date: self.date.or(other.date), rows: self.rows }
    }

    /// What must not be between this table and the one before it, if anything: a day that lies further back, or a rate
    /// that moved by more than so many per cent.
    pub fn implausible_after(&self, before: &Self, most_percent: u32) -> Option<String> {
        if let (Some(then), Some(now)) = (before.date, self.date)
            && now < then
        {
            return Some(format!("it is of {now}, and the rates in use are of {then}"));
        }
        let most = Decimal::from(most_percent).checked_div(Decimal::ONE_HUNDRED)?;
        self.rows.values().find_map(|row| {
            let then = before.find(row.currency).filter(|then| then.source == row.source)?;
            let moved = row.per_cny.checked_sub(then.per_cny)?.checked_div(then.per_cny)?;
            let told = || format!("{} went from {} to {}", row.currency.code(), then.per_cny, row.per_cny);
            (moved.abs() > most).then(|| format!("{}, by more than {most_percent} %", told()))
        })
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

/// Rows of the settings such as `JPY 21.05`, all of one day.
pub(super) fn fixed(date: Date, rows: &[String]) -> Result<Table, Error> {
    let row = |text: &String| {
        let wrong = || Error::Unreadable(format!("`{text}` is not of the form \"JPY 21.05\""));
        let (code, rate) = text.trim().split_once(' ').ok_or_else(wrong)?;
        Ok((code.parse().map_err(|_| wrong())?, Decimal::from_str(rate.trim()).map_err(|_| wrong())?))
    };
    Table::new(date, "fixed", rows.iter().map(row).collect::<Result<Vec<_>, Error>>()?)
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
    use super::{fixed, parse};
    use jiff::civil::date;

    #[test]
    fn what_moved_too_far_or_back_in_time_is_named() {
        let before = parse("# date: 2026-11-20\nJPY,20\nUSD,0.14").unwrap();
        for (text, wanted) in [
            ("# date: 2026-11-21\nJPY,25.9\nUSD,0.14", None),
            ("# date: 2026-11-21\nJPY,26.1\nUSD,0.14", Some("JPY went from 20 to 26.1, by more than 30 %")),
            ("# date: 2026-11-21\nJPY,13.9\nUSD,0.14", Some("JPY went from 20 to 13.9, by more than 30 %")),
            ("# date: 2026-11-19\nJPY,20", Some("it is of 2026-11-19, and the rates in use are of 2026-11-20")),
            ("# date: 2026-11-20\nEUR,0.12", None),
        ] {
            assert_eq!(parse(text).unwrap().implausible_after(&before, 30).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn fixed_rows_stand_in_for_what_a_table_does_not_know() {
        let fixed = fixed(date(2026, 11, 2), &["AED 0.516".into(), "JPY  1".into()]).unwrap();
        let table = parse("# date: 2026-11-20\n# source: bank\nJPY,21.05").unwrap().filled_from(&fixed);
        let told = |code: &str| {
            let row = table.find(code.parse().unwrap()).unwrap();
            (row.per_cny.to_string(), row.source.clone(), row.date.to_string())
        };
        assert_eq!(told("JPY"), ("21.05".into(), "bank".into(), "2026-11-20".into()));
        assert_eq!(told("AED"), ("0.516".into(), "fixed".into(), "2026-11-02".into()));
        for wrong in ["JPY", "JPY,21", "yen 21", "JPY many", "JPY 0", "JPY -1", "CNY 2", ""] {
            assert!(super::fixed(date(2026, 11, 2), &[wrong.to_owned()]).is_err(), "{wrong}");
        }
        assert!(super::fixed(date(2026, 11, 2), &["JPY 1".into(), "JPY 2".into()]).is_err(), "twice");
    }

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
