//! Spans and ends of time as people type them: `90d`, `12h`, `2027-06-30`, `2027-06-30T12:00:00Z`.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// A length of time, `30m`, `24h`, `7d` or `2w`; not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length(pub SignedDuration);

/// When something ends: at a moment, or some time from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At this moment.
    At(Timestamp),
    /// This long from now.
    After(Length),
}

/// A text that says no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("say a length like 30m, 24h, 90d{0}")]
pub struct NotATime(&'static str);

impl FromStr for Length {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let not = NotATime(" or 2w");
        let span: Span = text.parse().map_err(|_| not)?;
        let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| not)?;
        if length.is_negative() { Err(not) } else { Ok(Self(length)) }
    }
}

impl FromStr for End {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        if let Ok(moment) = text.parse() {
            return Ok(Self::At(moment));
        }
        if let Ok(date) = text.parse::<Date>()
            && let Ok(midnight) = date.to_zoned(TimeZone::UTC)
        {
            return Ok(Self::At(midnight.timestamp()));
        }
        text.parse()
            .map(Self::After)
            .map_err(|_| NotATime(", a date like 2027-06-30, or a moment like 2027-06-30T12:00:00Z"))
    }
}

impl End {
    /// The moment it means.
    pub fn moment(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::After(Length(length)) => now.checked_add(length).unwrap_or(Timestamp::MAX),
        }
    }

    /// The moment it means when one looks back: `7d` is a week ago.
    pub fn ago(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::After(Length(length)) => now.checked_sub(length).unwrap_or(Timestamp::MIN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{End, Length};
    use jiff::Timestamp;

    #[test]
    fn ends_are_read_as_people_type_them() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        for (text, moment) in [
            ("90d", "2027-02-21T10:00:00Z"),
            ("12h", "2026-11-23T22:00:00Z"),
            ("2w", "2026-12-07T10:00:00Z"),
            ("2027-06-30", "2027-06-30T00:00:00Z"),
            ("2027-06-30T12:00:00+09:00", "2027-06-30T03:00:00Z"),
        ] {
            let end: End = text.parse().unwrap();
            assert_eq!(end.moment(now).to_string(), moment, "{text}");
        }
        for text in ["", "soon", "-1d", "90", "1y"] {
            assert!(text.parse::<End>().is_err(), "{text}");
            assert!(text.parse::<Length>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_length_means_that_long_ago_when_one_looks_back() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        for (text, moment) in [("7d", "2026-11-16T10:00:00Z"), ("2026-11-01", "2026-11-01T00:00:00Z")] {
            assert_eq!(text.parse::<End>().unwrap().ago(now).to_string(), moment, "{text}");
        }
    }
}
