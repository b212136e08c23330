//! The European Central Bank's daily reference rates: XML whose base is the euro, turned to renminbi.
//! The document is a flat list of `Cube` elements, so that reading their attributes is all the XML there is to it.

use std::str::FromStr;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::model::money::Currency;
use crate::rates::Error;
use crate::rates::table::Table;

/// Digits kept after the point of a cross rate.
const DIGITS: u32 = 8;

/// The newest day of such a document (the history files hold many, newest first).
pub(super) fn parse(text: &str) -> Result<Table, Error> {
    let mut date = None;
    let mut per_euro: Vec<(Currency, Decimal)> = Vec::new();
    for cube in text.split("<Cube").skip(1) {
        let cube = cube.split('>').next().unwrap_or("");
        if let Some(day) = attribute(cube, "time") {
            if date.is_some() {
                break;
            }
            let day = Date::from_str(day).map_err(|_| Error::Unreadable(format!("`{day}` is no date")))?;
            date = Some(day);
        }
        if let (Some(code), Some(rate)) = (attribute(cube, "currency"), attribute(cube, "rate")) {
            let rate = Decimal::from_str(rate).map_err(|_| Error::Unreadable(format!("`{rate}` is no rate")))?;
            // A code the ISO list does not know (any more) is no reason to refuse the others.
            per_euro.extend(code.parse().ok().map(|currency| (currency, rate)));
        }
    }
    let date = date.ok_or_else(|| Error::Unreadable("no day is given".into()))?;
    Table::new(date, "ecb", crossed(per_euro)?)
}

fn crossed(per_euro: Vec<(Currency, Decimal)>) -> Result<Vec<(Currency, Decimal)>, Error> {
    let renminbi = per_euro.iter().find(|(currency, _)| *currency == Currency::CNY).map(|(_, rate)| *rate);
    let renminbi = renminbi.filter(|rate| *rate > Decimal::ZERO);
    let renminbi = renminbi.ok_or_else(|| Error::Unreadable("there is no rate for CNY".into()))?;
    let euro = Currency::from_str("EUR").map_err(|error| Error::Unreadable(error.to_string()))?;
    let others = per_euro.into_iter().filter(|(currency, _)| *currency != Currency::CNY);
    let all = others.chain([(euro, Decimal::ONE)]);
    let cross = |(currency, rate): (Currency, Decimal)| Some((currency, rate.checked_div(renminbi)?.round_dp(DIGITS)));
    all.map(cross).collect::<Option<_>>().ok_or_else(|| Error::Unreadable("a cross rate does not fit".into()))
}

/// The value of ` name='…'` or ` name="…"` inside a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = tag.split_once(&format!(" {name}="))?;
    let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    after.get(1..)?.split(quote).next()
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
<Cube time='2026-11-19'><Cube currency='USD' rate='9'/></Cube></Cube></gesmes:Envelope>"#;

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
    fn a_document_without_day_renminbi_or_numbers_is_refused() {
        for broken in [
            "<html>busy</html>".to_owned(),
            DAY.replace("CNY", "SEK"),
            DAY.replace("174.08", "n/a"),
            DAY.replace("8.2500", "0"),
            DAY.replace("2026-11-20", "yesterday"),
        ] {
            assert!(parse(&broken).is_err(), "{broken}");
        }
    }
}
