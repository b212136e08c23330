//! The European Central Bank's daily reference rates: XML whose base is the euro, turned to renminbi. What the document
//! says is taken at its word or not at all; reading its elements is left to `cubes`.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::model::money::Currency;
use crate::rates::Error;
use crate::rates::cubes::{self, Cube};
use crate::rates::table::Table;

/// Digits kept after the point of a cross rate.
const DIGITS: u32 = 8;
/// The longest figure that is a rate.
const LONGEST: usize = 20;

/// The newest day of such a document (the history files hold many).
pub(super) fn parse(text: &str) -> Result<Table, Error> {
    let mut days: BTreeMap<Date, Vec<(Currency, Decimal)>> = BTreeMap::new();
    let mut open = None;
    for cube in cubes::read(text).map_err(Error::Unreadable)? {
        match cube {
            Cube::Day(day) => {
                let date = Date::from_str(&day).map_err(|_| unreadable(format!("`{day}` is no date")))?;
                if days.insert(date, Vec::new()).is_some() {
                    return Err(unreadable(format!("{date} is given twice")));
                }
                open = Some(date);
            }
            Cube::Rate { currency, rate } => {
                let day = open.as_ref().and_then(|date| days.get_mut(date));
                let day = day.ok_or_else(|| unreadable("a rate stands before any day"))?;
                take(day, &currency, &rate)?;
            }
        }
    }
    let (date, per_euro) = days.pop_last().ok_or_else(|| unreadable("no day is given"))?;
    Table::new(date, "ecb", crossed(per_euro)?)
}

fn take(day: &mut Vec<(Currency, Decimal)>, code: &str, rate: &str) -> Result<(), Error> {
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(unreadable(format!("`{code}` is no currency code")));
    }
    let plain = rate.len() <= LONGEST && rate.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value = if plain { Decimal::from_str(rate).ok() } else { None };
    let value = value.filter(|value| *value > Decimal::ZERO);
    let value = value.ok_or_else(|| unreadable(format!("`{rate}` is no rate of {code}")))?;
    // A code the ISO list does not know (any more) is no reason to refuse the others.
    let Ok(currency) = code.parse::<Currency>() else { return Ok(()) };
    if code == "EUR" || day.iter().any(|(known, _)| *known == currency) {
        return Err(unreadable(format!("{code} is given twice")));
    }
    day.push((currency, value));
    Ok(())
}

fn crossed(per_euro: Vec<(Currency, Decimal)>) -> Result<Vec<(Currency, Decimal)>, Error> {
    let renminbi = per_euro.iter().find(|(currency, _)| *currency == Currency::CNY).map(|(_, rate)| *rate);
    let renminbi = renminbi.ok_or_else(|| unreadable("there is no rate for CNY"))?;
    let euro = Currency::from_str("EUR").map_err(|error| unreadable(error.to_string()))?;
    let others = per_euro.into_iter().filter(|(currency, _)| *currency != Currency::CNY);
    let all = others.chain([(euro, Decimal::ONE)]);
    let cross = |(currency, rate): (Currency, Decimal)| Some((currency, rate.checked_div(renminbi)?.round_dp(DIGITS)));
    all.map(cross).collect::<Option<_>>().ok_or_else(|| unreadable("a cross rate does not fit"))
}

fn unreadable(why: impl Into<String>) -> Error {
    Error::Unreadable(why.into())
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::model::money::Money;

    const DAY: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject><gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
<Cube><Cube time='2026-11-20'><Cube currency='USD' rate='1.1600'/><Cube currency='JPY' rate='174.08'/>
<Cube currency="CNY" rate="8.2500"/><Cube currency='XXY' rate='3'/></Cube>
<!-- the day before --><Cube time='2026-11-19'><Cube currency='USD' rate='9'/></Cube></Cube></gesmes:Envelope>
"#;

    #[test]
    fn euro_rates_become_renminbi_rates_of_the_newest_day() {
        let table = parse(DAY).unwrap();
        assert_eq!(table.date.unwrap().to_string(), "2026-11-20");
        assert_eq!(table.codes(), ["CNY", "EUR", "JPY", "USD"]);
        let yen = table.find("JPY".parse().unwrap()).unwrap();
        assert_eq!((yen.per_cny.to_string().as_str(), yen.source.as_str()), ("21.10060606", "ecb"));
        assert_eq!(yen.convert(Money::fen(10_000)).unwrap().amount(), "2110");
        let euro = table.find("EUR".parse().unwrap()).unwrap();
        assert_eq!(euro.convert(Money::fen(82_500)).unwrap().amount(), "100.00");
        let dollar = table.find("USD".parse().unwrap()).unwrap();
        assert_eq!(dollar.per_cny.to_string(), "0.14060606");
    }

    #[test]
    fn the_newest_day_is_taken_wherever_it_stands() {
        let turned = DAY.replace("2026-11-20", "2026-11-18").replace("2026-11-19", "2026-11-21");
        let turned = turned.replace("rate='9'/>", "rate='9'/><Cube currency='CNY' rate='9'/>");
        assert_eq!(parse(&turned).unwrap().date.unwrap().to_string(), "2026-11-21");
    }

    #[test]
    fn a_document_that_is_not_whole_and_plain_is_refused_with_the_reason() {
        for (broken, why) in [
            ("<html>busy</html>".to_owned(), "Envelope"),
            (DAY.replace("CNY", "SEK"), "no rate for CNY"),
            (DAY.replace("174.08", "n/a"), "no rate of JPY"),
            (DAY.replace("174.08", "-174.08"), "no rate of JPY"),
            (DAY.replace("174.08", "1e3"), "no rate of JPY"),
            (DAY.replace("8.2500", "0"), "no rate of CNY"),
            (DAY.replace("2026-11-20", "yesterday"), "no date"),
            (DAY.replace("2026-11-20", "2026-02-30"), "no date"),
            (DAY.replace("2026-11-19", "2026-11-20"), "twice"),
            (DAY.replace("'JPY'", "'USD'"), "USD is given twice"),
            (DAY.replace("'JPY'", "'EUR'"), "EUR is given twice"),
            (DAY.replace("'JPY'", "'yen'"), "no currency code"),
            (DAY.replace("rate='174.08'", ""), "Cube"),
            (DAY.replace("</gesmes:Envelope>", ""), "ends"),
            (DAY[..DAY.len() / 2].to_owned(), "ends"),
            (DAY.replace("</Cube></Cube></gesmes", "</Cube></gesmes"), "closes"),
            (DAY.replace("<Cube><Cube time", "<!DOCTYPE x><Cube><Cube time"), "<!"),
            (DAY.replace(" rate='174.08'", " rate='174.08' rate='175'"), "twice"),
            (format!("{DAY}<Cube/>"), "behind"),
        ] {
            let told = parse(&broken).unwrap_err().to_string();
            assert!(told.contains(why), "{why:?} in {told:?} of {broken}");
        }
    }
}
