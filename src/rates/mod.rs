//! The door to exchange rates: a dated table of how much of each currency one renminbi buys, read from the embedded
//! table, the settings, a file, or a central bank's URL, and replaced whole when it is read again.
//!
//! A source that cannot be read, or says what cannot be, leaves the table before it in place, and is asked less and less
//! often until it can. Rates older than the settings allow are shown with a word about it, and nothing is quoted at them.
//! CNY itself never fails. Currencies that a source does not know may be given fixed rates in the settings.

mod cubes;
mod ecb;
mod failure;
mod source;
mod table;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use url::Url;

pub use failure::Error;
use source::Validators;
use table::Table;

use crate::clock::Clock;
use crate::model::money::{Currency, Exchange};

/// Where rates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The table inside the program: plausible figures for trying things out.
    Embedded,
    /// The rows in the settings and nothing else.
    Fixed,
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
    /// Nothing is quoted at rates of a day longer ago; the embedded table is exempt.
    pub stale_after_days: u32,
    /// Rows such as `JPY 21.05`: all there are with [`Source::Fixed`], else for currencies the source does not know.
    pub fixed: Vec<String>,
    /// The day of the fixed rows.
    pub fixed_date: Option<Date>,
    /// A table in which a rate moved by more per cent than this is not taken over.
    pub largest_change_percent: u32,
    /// How often the source is read.
    pub every_ms: i64,
}

impl Default for Settings {
    /// The embedded table.
    fn default() -> Self {
        Self {
            source: Source::Embedded,
            stale_after_days: 7,
            fixed: Vec::new(),
            fixed_date: None,
            largest_change_percent: 30,
            every_ms: 3_600_000,
        }
    }
}

/// Why the rates in use are not the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What is wrong with the source.
    pub what: String,
    /// Since when, milliseconds since 1970.
    pub since_ms: i64,
    /// How many times in a row it could not be read.
    pub times: u32,
}

/// The first pause after a source could not be read; each further one is twice as long, up to the usual one.
const FIRST_PAUSE_MS: i64 = 15_000;
/// Rates may be of so many days from now: a bank's day begins before ours.
const DAYS_AHEAD: i64 = 1;

impl Source {
    /// `embedded`, `fixed`, an `http(s)://` address, or a path.
    pub fn named(text: &str) -> Self {
        match (text, Url::parse(text)) {
            ("embedded", _) => Self::Embedded,
            ("fixed", _) => Self::Fixed,
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
    /// What the settings say themselves.
    fixed: Table,
    table: ArcSwap<Table>,
    failures: AtomicU64,
    pace: Mutex<Pace>,
}

/// When the source is read again, and what is wrong with it.
#[derive(Debug, Default)]
struct Pace {
    next_ms: i64,
    known: Validators,
    trouble: Option<Trouble>,
}

impl Rates {
    /// Rates of these settings. A file is read at once and must be readable; an address is first asked by [`Rates::refresh`].
    pub fn open(settings: Settings, clock: Clock) -> Result<Self, Error> {
        let fixed = match (settings.fixed_date, settings.fixed.is_empty()) {
            (_, true) if settings.source == Source::Fixed => {
                return Err(Error::Unreadable("rates.source is \"fixed\", and rates.fixed is empty".into()));
            }
            (_, true) => Table::empty(),
            (None, false) => {
                return Err(Error::Unreadable("rates.fixed_date must say of which day rates.fixed is".into()));
            }
            (Some(date), false) => table::fixed(date, &settings.fixed)?,
        };
        let table = match &settings.source {
            Source::Embedded => table::embedded()?,
            Source::File(path) => source::file(path)?,
            Source::Web(_) | Source::Fixed => Table::empty(),
        };
        let table = ArcSwap::from_pointee(table.filled_from(&fixed));
        let failures = AtomicU64::new(0);
        Ok(Self(Arc::new(Inner { settings, clock, fixed, table, failures, pace: Mutex::default() })))
    }

    /// The rate of a currency to lock in a quote: like [`Rates::exchange`], but refused when it is too old.
    pub fn exchange_for_quote(&self, currency: Currency) -> Result<Exchange, Error> {
        let found = self.exchange(currency)?;
        if found.stale { Err(Error::TooOld { currency, date: found.date }) } else { Ok(found) }
    }

    /// The rate of a currency to show prices at, whatever its age; its date goes with it, and whether it is stale.
    pub fn exchange(&self, currency: Currency) -> Result<Exchange, Error> {
        let table = self.0.table.load();
        if currency == Currency::CNY {
            return Ok(Exchange::identity(self.today()));
        }
        if table.is_empty() {
            return Err(Error::NotYet);
        }
        let found = table.find(currency).cloned();
        let found = found.ok_or_else(|| Error::NoRate { currency, known: table.codes() })?;
        Ok(Exchange { stale: self.is_stale(&found), ..found })
    }

    /// Reads the source again if it is time; `None` when it is not.
    pub async fn refresh_when_due(&self) -> Option<Result<bool, Error>> {
        if self.0.clock.now_ms() < self.pace().next_ms {
            return None;
        }
        Some(self.refresh().await)
    }

    /// Reads the source again; tells whether the table changed.
    pub async fn refresh(&self) -> Result<bool, Error> {
        let taken = match self.read().await {
            Ok(None) => Ok(false),
            Ok(Some(table)) => self.take(table),
            Err(error) => Err(error),
        };
        self.paced(taken.as_ref().err());
        taken
    }

    async fn read(&self) -> Result<Option<Table>, Error> {
        match &self.0.settings.source {
            Source::Embedded | Source::Fixed => Ok(None),
            Source::File(path) => source::file(path).map(Some),
            Source::Web(url) => {
                let known = self.pace().known.clone();
                let Some((table, validators)) = source::web(url, &known).await? else { return Ok(None) };
                self.pace().known = validators;
                Ok(Some(table))
            }
        }
    }

    fn take(&self, table: Table) -> Result<bool, Error> {
        let held = self.0.table.load();
        let ahead = |date: Date| i64::from(self.today().until(date).map_or(0, |span| span.get_days()));
        if let Some(date) = table.date.filter(|date| ahead(*date) > DAYS_AHEAD) {
            return Err(Error::Unreadable(format!("it is of {date}, a day to come")));
        }
        let table = table.filled_from(&self.0.fixed);
        if let Some(why) = table.implausible_after(&held, self.0.settings.largest_change_percent) {
            return Err(Error::Unreadable(why));
        }
        if **held == table {
            return Ok(false);
        }
        self.0.table.store(Arc::new(table));
        Ok(true)
    }

    /// Says when the source is to be read next, and notes what is wrong with it.
    fn paced(&self, error: Option<&Error>) {
        let now_ms = self.0.clock.now_ms();
        let mut pace = self.pace();
        let Some(error) = error else {
            pace.trouble = None;
            pace.next_ms = now_ms.saturating_add(self.0.settings.every_ms);
            return;
        };
        self.0.failures.fetch_add(1, Ordering::Relaxed);
        let (since_ms, before) = pace.trouble.as_ref().map_or((now_ms, 0), |known| (known.since_ms, known.times));
        let pause_ms = FIRST_PAUSE_MS << before.min(16);
        // What could not be taken must not count as known: it has to be said again in full.
        pace.known = Validators::default();
        pace.next_ms = now_ms.saturating_add(pause_ms.min(self.0.settings.every_ms));
        pace.trouble = Some(Trouble { what: error.to_string(), since_ms, times: before.saturating_add(1) });
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.0.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the rates in use are not the newest; `None` when they are.
    pub fn trouble(&self) -> Option<Trouble> {
        self.pace().trouble.clone()
    }

    /// A number that differs whenever prices of this currency would be shown differently: at another rate, or with another
    /// word about its age. Answers that show converted prices are kept under it. It is the same on every node that has the
    /// same rate.
    pub fn mark(&self, currency: Currency) -> i64 {
        if currency == Currency::CNY {
            return 0;
        }
        let table = self.0.table.load();
        let Some(row) = table.find(currency) else { return 0 };
        let mut hasher = DefaultHasher::new();
        (row.per_cny.serialize(), epoch_day(row.date), &row.source, self.is_stale(row)).hash(&mut hasher);
        hasher.finish().cast_signed()
    }

    fn is_stale(&self, row: &Exchange) -> bool {
        const DAY_MS: i64 = 86_400_000;
        if self.0.settings.source == Source::Embedded && row.source != "fixed" {
            return false;
        }
        let days = self.0.clock.now_ms().div_euclid(DAY_MS).saturating_sub(epoch_day(row.date));
        days > i64::from(self.0.settings.stale_after_days)
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

/// Days since 1970 (Howard Hinnant's civil calendar).
fn epoch_day(date: Date) -> i64 {
    let (month, day) = (i64::from(date.month()), i64::from(date.day()));
    let year = i64::from(date.year()) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{Error, Rates, Settings, Source};
    use crate::clock::Clock;
    use crate::error::{Code, Failure};
    use crate::model::money::{Currency, Money};
    use std::io::Write;

    fn settings(source: Source) -> Settings {
        Settings { source, ..Settings::default() }
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
        let fresh = rates.mark(currency("JPY"));
        clock.advance_ms(40 * 86_400_000);
        assert_ne!(rates.mark(currency("JPY")), fresh, "what is kept with no word about its age is not shown any more");
        assert_eq!(rates.mark(Currency::CNY), 0);
        assert_eq!(rates.age_days(), Some(40));
        assert!(rates.exchange(currency("JPY")).unwrap().stale);
        let refused = rates.exchange_for_quote(currency("JPY")).unwrap_err();
        assert_eq!(refused.code(), Code::RateStale);
        assert!(refused.detail().unwrap().contains(&today), "{refused:?}");
        assert!(rates.exchange_for_quote(Currency::CNY).is_ok());
    }

    #[tokio::test]
    async fn a_changed_file_is_taken_over_and_a_broken_one_is_not() {
        let file = file("# date: 2026-11-20\n# source: bank\nJPY,21.05\n");
        let path = file.path().to_owned();
        let rates =
            Rates::open(Settings { stale_after_days: 36_500, ..settings(Source::File(path.clone())) }, Clock::System)
                .unwrap();
        assert!(!rates.refresh().await.unwrap());
        let yen = currency("JPY");
        let before = rates.mark(yen);
        let beside =
            Rates::open(Settings { stale_after_days: 36_500, ..settings(Source::File(path.clone())) }, Clock::System);
        assert_eq!(beside.unwrap().mark(yen), before, "another node with the same rate");
        std::fs::write(&path, "# date: 2026-11-21\n# source: bank\nJPY,22\n").unwrap();
        assert!(rates.refresh().await.unwrap());
        assert_ne!(rates.mark(yen), before);
        std::fs::write(&path, "JPY;nothing").unwrap();
        assert!(rates.refresh().await.is_err());
        assert_eq!(rates.exchange(currency("JPY")).unwrap().per_cny.to_string(), "22");
        assert_eq!(rates.failures(), 1);
        for (bad, why) in [
            ("# date: 2026-11-22\n# source: bank\nJPY,2.2\n", "JPY went from 22 to 2.2"),
            ("# date: 2026-11-20\n# source: bank\nJPY,22\n", "the rates in use are of 2026-11-21"),
            ("# date: 2999-01-01\n# source: bank\nJPY,22\n", "a day to come"),
        ] {
            std::fs::write(&path, bad).unwrap();
            assert!(rates.refresh().await.is_err());
            assert_eq!(rates.exchange(currency("JPY")).unwrap().per_cny.to_string(), "22");
            let trouble = rates.trouble().unwrap();
            assert!(trouble.what.contains(why), "{trouble:?}");
        }
        assert_eq!(rates.trouble().unwrap().times, 4);
        std::fs::write(&path, "# date: 2026-11-21\n# source: bank\nJPY,23\n").unwrap();
        assert!(rates.refresh().await.unwrap());
        assert_eq!(rates.trouble(), None);
    }

    #[tokio::test]
    async fn a_source_that_fails_is_asked_less_and_less_often_until_it_can_be_read() {
        let file = file("# date: 2026-11-20\n# source: bank\nJPY,21.05\n");
        let (path, clock) = (file.path().to_owned(), Clock::shiftable());
        let rates = Rates::open(settings(Source::File(path.clone())), clock.clone()).unwrap();
        assert!(rates.refresh_when_due().await.unwrap().is_ok());
        assert!(rates.refresh_when_due().await.is_none());
        std::fs::write(&path, "busy").unwrap();
        clock.advance_ms(3_600_000);
        for pause_ms in [15_000, 30_000, 60_000] {
            assert!(rates.refresh_when_due().await.unwrap().is_err());
            clock.advance_ms(pause_ms - 1_000);
            assert!(rates.refresh_when_due().await.is_none(), "{pause_ms}");
            clock.advance_ms(1_000);
        }
        for _ in 0..20 {
            rates.refresh().await.unwrap_err();
        }
        std::fs::write(&path, "# date: 2026-11-20\n# source: bank\nJPY,21.05\n").unwrap();
        clock.advance_ms(3_600_000);
        assert!(!rates.refresh_when_due().await.unwrap().unwrap(), "never longer than the usual pause");
    }

    #[test]
    fn fixed_rates_are_all_there_is_or_fill_what_a_source_leaves() {
        let fixed = Settings {
            fixed: vec!["JPY 21.05".into(), "XOF 83.1".into()],
            fixed_date: Some(jiff::civil::date(2026, 11, 20)),
            stale_after_days: 36_500,
            ..settings(Source::named("fixed"))
        };
        let rates = Rates::open(fixed.clone(), Clock::System).unwrap();
        assert_eq!(rates.currencies(), ["CNY", "JPY", "XOF"]);
        let found = rates.exchange_for_quote(currency("XOF")).unwrap();
        assert_eq!((found.source.as_str(), found.date.to_string().as_str()), ("fixed", "2026-11-20"));
        let beside = Rates::open(Settings { source: Source::Embedded, ..fixed.clone() }, Clock::System).unwrap();
        assert_eq!(beside.exchange(currency("JPY")).unwrap().source, "embedded");
        assert_eq!(beside.exchange(currency("XOF")).unwrap().source, "fixed");
        for wrong in [Settings { fixed_date: None, ..fixed.clone() }, Settings { fixed: vec![], ..fixed }] {
            assert!(Rates::open(wrong, Clock::System).is_err());
        }
    }

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        for (date, wanted) in [
            (jiff::civil::date(1970, 1, 1), 0),
            (jiff::civil::date(1969, 12, 31), -1),
            (jiff::civil::date(2000, 2, 29), 11_016),
            (jiff::civil::date(2026, 11, 20), 20_777),
        ] {
            assert_eq!(super::epoch_day(date), wanted, "{date}");
        }
    }

    #[test]
    fn before_an_address_was_asked_only_renminbi_is_known() {
        let rates = Rates::open(settings(Source::named("https://bank.example/daily.xml")), Clock::System).unwrap();
        assert!(matches!(rates.exchange(currency("JPY")), Err(Error::NotYet)));
        assert!(rates.exchange(Currency::CNY).is_ok());
    }
}
