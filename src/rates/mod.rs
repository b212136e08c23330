//! The door to exchange rates: a dated table of how much of each currency one renminbi buys, read from the embedded
//! table, a file, or a central bank's URL, and replaced whole when it is read again.
//!
//! A source that cannot be read leaves the table before it in place; rates older than the settings allow are refused
//! rather than shown. CNY itself never fails.

mod ecb;
mod failure;
mod source;
mod table;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use url::Url;

pub use failure::Error;
use table::Table;

use crate::clock::Clock;
use crate::model::money::{Currency, Exchange};

/// Where rates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The table inside the program: plausible figures for trying things out.
    Embedded,
    /// A file: our CSV, or XML in the European Central Bank's format.
    File(PathBuf),
    /// An address that answers with either.
    Web(Url),
}

/// Where rates come from and how old they may be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The source.
    pub source: Source,
    /// Rates of a day longer ago are refused; the embedded table is exempt.
    pub stale_after_days: u32,
}

impl Source {
    /// `embedded`, an `http(s)://` address, or a path.
    pub fn named(text: &str) -> Self {
        match (text, Url::parse(text)) {
            ("embedded", _) => Self::Embedded,
            (_, Ok(url)) if matches!(url.scheme(), "http" | "https") => Self::Web(url),
            _ => Self::File(PathBuf::from(text)),
        }
    }
}

/// The rates everyone uses; cheap to clone, safe to share between workers.
#[derive(Clone, Debug)]
pub struct Rates(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    clock: Clock,
    table: ArcSwap<Table>,
    generation: AtomicU64,
    failures: AtomicU64,
}

impl Rates {
    /// Rates of these settings. A file is read at once and must be readable; an address is first asked by [`Rates::refresh`].
    pub fn open(settings: Settings, clock: Clock) -> Result<Self, Error> {
        let table = match &settings.source {
            Source::Embedded => table::embedded()?,
            Source::File(path) => source::file(path)?,
            Source::Web(_) => Table::empty(),
        };
        let table = ArcSwap::from_pointee(table);
        let (generation, failures) = (AtomicU64::new(1), AtomicU64::new(0));
        Ok(Self(Arc::new(Inner { settings, clock, table, generation, failures })))
    }

    /// The rate of a currency to lock in a quote: like [`Rates::exchange`], but refused when it is too old.
    pub fn exchange_for_quote(&self, currency: Currency) -> Result<Exchange, Error> {
        let found = self.exchange(currency)?;
        let age_days = self.age_days().unwrap_or(0);
        let dated = currency != Currency::CNY && self.0.settings.source != Source::Embedded;
        if dated && age_days > i64::from(self.0.settings.stale_after_days) {
            return Err(Error::TooOld { date: found.date });
        }
        Ok(found)
    }

    /// The rate of a currency to show prices at, whatever its age; its date goes with it.
    pub fn exchange(&self, currency: Currency) -> Result<Exchange, Error> {
        let table = self.0.table.load();
        if currency == Currency::CNY {
            return Ok(Exchange::identity(self.today()));
        }
        if table.is_empty() {
            return Err(Error::NotYet);
        }
        table.find(currency).cloned().ok_or_else(|| Error::NoRate { currency, known: table.codes() })
    }

    /// Reads the source again; tells whether the table changed.
    pub async fn refresh(&self) -> Result<bool, Error> {
        let read = match &self.0.settings.source {
            Source::Embedded => return Ok(false),
            Source::File(path) => source::file(path),
            Source::Web(url) => source::web(url).await,
        };
        let table = read.inspect_err(|_| {
            self.0.failures.fetch_add(1, Ordering::Relaxed);
        })?;
        if **self.0.table.load() == table {
            return Ok(false);
        }
        self.0.table.store(Arc::new(table));
        self.0.generation.fetch_add(1, Ordering::Release);
        Ok(true)
    }

    /// A number that grows when the table changes; answers that show converted prices are kept under it.
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    /// Days since the day of the rates; `None` while there are none.
    pub fn age_days(&self) -> Option<i64> {
        let table = self.0.table.load();
        let date = table.date?;
        Some(i64::from(date.until(self.today()).map_or(0, |span| span.get_days())))
    }

    /// How often the source could not be read since the start.
    pub fn failures(&self) -> u64 {
        self.0.failures.load(Ordering::Relaxed)
    }

    /// Codes of the currencies there are rates for, CNY included, in alphabetical order.
    pub fn currencies(&self) -> Vec<&'static str> {
        self.0.table.load().codes()
    }

    fn today(&self) -> Date {
        self.0.clock.now().to_zoned(TimeZone::UTC).date()
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, Rates, Settings, Source};
    use crate::clock::Clock;
    use crate::error::{Code, Failure};
    use crate::model::money::{Currency, Money};
    use std::io::Write;

    fn settings(source: Source) -> Settings {
        Settings { source, stale_after_days: 7 }
    }

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn the_embedded_table_has_the_currencies_of_our_partners() {
        let rates = Rates::open(settings(Source::named("embedded")), Clock::System).unwrap();
        for code in ["JPY", "KRW", "USD", "EUR", "GBP", "RUB", "BRL", "MXN", "VND", "THB", "IDR", "AED", "SAR", "KWD"]
            .into_iter()
            .chain(["SGD", "MYR", "PHP", "AUD", "CAD", "CNY"])
        {
            let exchange = rates.exchange(currency(code)).unwrap();
            assert!(exchange.convert(Money::fen(100_000)).unwrap().minor > 0, "{code}");
        }
        assert!(rates.currencies().len() >= 30);
        assert_eq!(rates.exchange(currency("JPY")).unwrap().convert(Money::fen(320)).unwrap().amount(), "67");
    }

    #[test]
    fn a_currency_without_a_rate_is_refused_with_the_list_of_those_there_are() {
        let file = file("# date: 2026-11-20\n# source: bank\nJPY,21.05\n");
        let rates = Rates::open(settings(Source::File(file.path().into())), Clock::System).unwrap();
        let error = rates.exchange(currency("EUR")).unwrap_err();
        assert_eq!(error.code(), Code::UnknownCurrency);
        assert!(error.detail().unwrap().contains("CNY, JPY"), "{error:?}");
    }

    #[test]
    fn rates_of_long_ago_are_shown_but_not_locked_and_renminbi_stays() {
        let clock = Clock::shiftable();
        let today = clock.now().strftime("%Y-%m-%d").to_string();
        let file = file(&format!("# date: {today}\n# source: bank\nJPY,21.05\n"));
        let rates = Rates::open(settings(Source::File(file.path().into())), clock.clone()).unwrap();
        assert!(rates.exchange_for_quote(currency("JPY")).is_ok());
        clock.advance_ms(40 * 86_400_000);
        assert_eq!(rates.age_days(), Some(40));
        assert!(rates.exchange(currency("JPY")).is_ok());
        assert!(matches!(rates.exchange_for_quote(currency("JPY")), Err(Error::TooOld { .. })));
        assert!(rates.exchange_for_quote(Currency::CNY).is_ok());
    }

    #[tokio::test]
    async fn a_changed_file_is_taken_over_and_a_broken_one_is_not() {
        let file = file("# date: 2026-11-20\n# source: bank\nJPY,21.05\n");
        let path = file.path().to_owned();
        let rates =
            Rates::open(Settings { source: Source::File(path.clone()), stale_after_days: 36_500 }, Clock::System)
                .unwrap();
        assert!(!rates.refresh().await.unwrap());
        let before = rates.generation();
        std::fs::write(&path, "# date: 2026-11-21\n# source: bank\nJPY,22\n").unwrap();
        assert!(rates.refresh().await.unwrap());
        assert!(rates.generation() > before);
        std::fs::write(&path, "JPY;nothing").unwrap();
        assert!(rates.refresh().await.is_err());
        assert_eq!(rates.exchange(currency("JPY")).unwrap().per_cny.to_string(), "22");
        assert_eq!(rates.failures(), 1);
    }

    #[test]
    fn before_an_address_was_asked_only_renminbi_is_known() {
        let rates = Rates::open(settings(Source::named("https://bank.example/daily.xml")), Clock::System).unwrap();
        assert!(matches!(rates.exchange(currency("JPY")), Err(Error::NotYet)));
        assert!(rates.exchange(Currency::CNY).is_ok());
    }
}
