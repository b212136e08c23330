//! What is reckoned with: lines to each country with their prices, duties by chapter of the Harmonized System, taxes. One
//! TOML document, read strictly; what it says is checked before anything is estimated by it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::model::money::{Currency, Money};
use crate::model::quote::Country;

/// The most of a per cent that a duty or tax may be.
const MOST_PERCENT: u32 = 500;

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tables {
    pub lines: Vec<Line>,
    pub customs: Vec<Customs>,
    pub origin: Origin,
}

/// Who says so, and of which day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// A name such as `embedded`, or what the table calls itself.
    pub source: String,
    /// The day.
    pub date: Date,
}

/// A way to a country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Short name, unique.
    pub id: String,
    /// Where it goes.
    pub country: Country,
    /// For people.
    pub name: String,
    /// What a kilogram costs, CNY.
    pub per_kg: Money,
    /// What it costs at least, CNY.
    pub minimum: Money,
    /// Weight is rounded up to a multiple of so many grams.
    pub step_g: u32,
    /// So many cubic centimetres count as a kilogram; none where space does not count.
    pub volumetric_divisor: Option<u32>,
    /// Days it takes, at least and at most.
    pub days: (u32, u32),
}

/// What a country takes at the border.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Customs {
    pub country: Country,
    /// Of chapters that are not named.
    pub duty: Decimal,
    pub by_chapter: BTreeMap<u8, Decimal>,
    pub duty_free_up_to: Option<Money>,
    pub tax_name: String,
    pub tax: Decimal,
    pub tax_free_up_to: Option<Money>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWords {
    date: String,
    source: String,
    #[serde(default)]
    line: Vec<LineWords>,
    #[serde(default)]
    country: Vec<CustomsWords>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineWords {
    id: String,
    country: String,
    name: String,
    per_kg: String,
    minimum: String,
    step_g: u32,
    volumetric_divisor: Option<u32>,
    days: [u32; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomsWords {
    country: String,
    duty_percent: String,
    #[serde(default)]
    duty_by_chapter: BTreeMap<String, String>,
    duty_free_up_to: Option<MoneyWords>,
    tax_name: String,
    tax_percent: String,
    tax_free_up_to: Option<MoneyWords>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoneyWords {
    amount: String,
    currency: String,
}

/// Reads such a document; what is wrong is told with where.
pub(super) fn parse(text: &str) -> Result<Tables, String> {
    let words: FileWords = toml::from_str(text).map_err(|error| error.to_string())?;
    let date = words.date.parse().map_err(|_| format!("date is {:?}, no day such as 2026-11-20", words.date))?;
    let lines = words.line.into_iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let customs = words.country.into_iter().map(customs).collect::<Result<Vec<_>, _>>()?;
    for (at, one) in lines.iter().enumerate() {
        if lines.iter().take(at).any(|other| other.id == one.id) {
            return Err(format!("line {} is given twice", one.id));
        }
        if !customs.iter().any(|customs| customs.country == one.country) {
            return Err(format!("line {} goes to {}, for which there is no [[country]]", one.id, one.country));
        }
    }
    for (at, one) in customs.iter().enumerate() {
        if customs.iter().take(at).any(|other| other.country == one.country) {
            return Err(format!("country {} is given twice", one.country));
        }
    }
    Ok(Tables { lines, customs, origin: Origin { source: words.source, date } })
}

fn line(words: LineWords) -> Result<Line, String> {
    let inside = |what: String| format!("line {}: {what}", words.id);
    let named = !words.id.is_empty() && words.id.len() <= 40;
    if !named || !words.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Err(inside("an id has 1 to 40 letters, digits, - and _".into()));
    }
    if words.step_g == 0 || words.volumetric_divisor == Some(0) || words.days[0] > words.days[1] {
        return Err(inside("step_g and volumetric_divisor are above 0, and days go up".into()));
    }
    Ok(Line {
        country: country(&words.country).map_err(inside)?,
        per_kg: cny(&words.per_kg).map_err(inside)?,
        minimum: cny(&words.minimum).map_err(inside)?,
        step_g: words.step_g,
        volumetric_divisor: words.volumetric_divisor,
        days: (words.days[0], words.days[1]),
        name: words.name,
        id: words.id.clone(),
    })
}

fn customs(words: CustomsWords) -> Result<Customs, String> {
    let inside = |what: String| format!("country {}: {what}", words.country);
    let chapter = |(chapter, percents): (&String, &String)| {
        let number = chapter.parse().ok().filter(|number| is_chapter(*number));
        let number = number.ok_or_else(|| format!("{chapter:?} is no chapter from 1 to 97"))?;
        Ok((number, percent(percents)?))
    };
    Ok(Customs {
        country: country(&words.country).map_err(inside)?,
        duty: percent(&words.duty_percent).map_err(inside)?,
        by_chapter: words.duty_by_chapter.iter().map(chapter).collect::<Result<_, String>>().map_err(inside)?,
        duty_free_up_to: threshold(words.duty_free_up_to.as_ref()).map_err(inside)?,
        tax: percent(&words.tax_percent).map_err(inside)?,
        tax_free_up_to: threshold(words.tax_free_up_to.as_ref()).map_err(inside)?,
        tax_name: words.tax_name.clone(),
    })
}

/// Whether the Harmonized System has such a chapter; 77 is kept free.
pub(super) fn is_chapter(number: u8) -> bool {
    (1..=97).contains(&number) && number != 77
}

fn country(text: &str) -> Result<Country, String> {
    text.parse().map_err(|why| format!("{text:?} is not {why}"))
}

fn cny(text: &str) -> Result<Money, String> {
    Money::parse(text, Currency::CNY).map_err(|why| format!("{text:?} is not {why}"))
}

fn threshold(words: Option<&MoneyWords>) -> Result<Option<Money>, String> {
    let Some(words) = words else { return Ok(None) };
    let currency: Currency = words.currency.parse().map_err(|why| format!("{:?} is not {why}", words.currency))?;
    Money::parse(&words.amount, currency).map(Some).map_err(|why| format!("{:?} is not {why}", words.amount))
}

fn percent(text: &str) -> Result<Decimal, String> {
    let plain = text.len() <= 8 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value = if plain { text.parse::<Decimal>().ok() } else { None };
    let value = value.filter(|value| *value <= Decimal::from(MOST_PERCENT));
    value.ok_or_else(|| format!("{text:?} is no per cent from 0 to {MOST_PERCENT}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::parse;

    pub(crate) const EMBEDDED: &str = include_str!("default.toml");

    #[test]
    fn the_embedded_tables_can_be_read_and_every_line_has_customs() {
        let tables = parse(EMBEDDED).unwrap();
        assert!(tables.lines.len() >= 10 && tables.customs.len() >= 9);
        assert_eq!((tables.origin.source.as_str(), tables.origin.date.to_string()), ("embedded", "2026-11-20".into()));
    }

    #[test]
    fn what_is_wrong_is_told_with_where() {
        for (from, to, why) in [
            ("per_kg = \"36.00\"", "per_kg = \"-1\"", "line jp-air"),
            ("per_kg = \"36.00\"", "per_kilo = \"36.00\"", "per_kilo"),
            ("id = \"jp-sea\"", "id = \"jp-air\"", "jp-air is given twice"),
            ("id = \"jp-sea\"", "id = \"jp sea\"", "an id has"),
            ("step_g = 500", "step_g = 0", "step_g"),
            ("days = [4, 7]", "days = [7, 4]", "days"),
            ("country = \"KR\"", "country = \"ZZ\"", "ZZ"),
            ("[[country]]\ncountry = \"KR\"", "[[country]]\ncountry = \"TW\"", "no [[country]]"),
            ("39 = \"3.9\"", "77 = \"3.9\"", "no chapter"),
            ("tax_percent = \"10\"", "tax_percent = \"ten\"", "no per cent"),
            ("currency = \"JPY\"", "currency = \"YEN\"", "YEN"),
            ("date = \"2026-11-20\"", "date = \"today\"", "no day"),
        ] {
            let told = parse(&EMBEDDED.replacen(from, to, 1)).unwrap_err();
            assert!(told.contains(why), "{to}: {told}");
        }
    }
}
