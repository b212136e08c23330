//! A partner's own figures: what is set and was set, and what an operator wants to set, read as it was typed.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::ids::PartnerId;
use crate::ops::look::{At, Trouble};
use crate::partners::{NewOverride, Override};

/// An override that was set.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OverrideView {
    /// Its id.
    pub id: String,
    /// The policy it is for, or `concurrent`.
    pub policy: String,
    /// Units per span, if they are other than the plan's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<u32>,
    /// Units at once, if they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// Only a trial: it counts what it would refuse, and refuses nothing.
    pub shadow: bool,
    /// What it sets, in a few words.
    pub says: String,
    /// Why.
    pub reason: String,
    /// Who set it.
    pub by: String,
    /// When.
    pub created_at: At,
    /// When it ends by itself.
    pub until: At,
    /// When it was ended before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<At>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// Whether it counts now.
    pub in_force: bool,
}

impl OverrideView {
    /// An override as it is at a moment.
    pub fn of(one: Override, now: Timestamp) -> Self {
        Self {
            in_force: one.is_in_force(now),
            says: one.told(),
            id: one.id.to_string(),
            policy: one.policy,
            quota: one.quota,
            burst: one.burst,
            shadow: one.shadow,
            reason: one.reason,
            by: one.by,
            created_at: At(one.created_at),
            until: At(one.until),
            ended_at: one.ended_at.map(At),
            ended_by: one.ended_by,
        }
    }
}

/// What is to be set, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The policy.
    pub policy: String,
    /// Units per span; empty for the plan's.
    pub quota: String,
    /// Units at once; empty for the plan's proportion.
    pub burst: String,
    /// Only a trial.
    pub shadow: bool,
    /// Why.
    pub reason: String,
    /// When it ends: a length, a date or a moment.
    pub until: String,
}

impl Wanted {
    /// The same as an override of a partner.
    pub fn read(&self, partner: PartnerId, now: Timestamp) -> Result<NewOverride, Trouble> {
        Ok(NewOverride {
            partner,
            policy: self.policy.clone(),
            quota: units("quota", &self.quota)?,
            burst: units("burst", &self.burst)?,
            shadow: self.shadow,
            reason: crate::ops::look::orders::reason(&self.reason)?,
            until: end(&self.until, now)?,
        })
    }
}

/// Units as they were typed; none for nothing.
pub fn units(name: &str, text: &str) -> Result<Option<u32>, Trouble> {
    let digits: String = text.chars().filter(|letter| !matches!(letter, ',' | ' ' | '_')).collect();
    if digits.is_empty() {
        return Ok(None);
    }
    digits.parse().map(Some).map_err(|_| Trouble::Wrong(format!("{name}: a whole number of units, like 600")))
}

/// When something ends: `30m`, `2h`, `7d` from now, a date, or a moment.
fn end(text: &str, now: Timestamp) -> Result<Timestamp, Trouble> {
    let wrong = || Trouble::Wrong("until: 30m, 2h or 7d from now, a date like 2027-01-31, or a moment".to_owned());
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    // What a browser's field for a moment gives, taken as UTC.
    if let Ok(civil) = text.parse::<jiff::civil::DateTime>()
        && text.contains('T')
    {
        return civil.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|_| wrong());
    }
    if let Ok(date) = text.parse::<Date>() {
        return date.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|_| wrong());
    }
    let unit = match text.chars().last() {
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = text.strip_suffix(['m', 'h', 'd']).unwrap_or(text).parse().map_err(|_| wrong())?;
    now.checked_add(SignedDuration::from_secs(i64::from(number) * unit)).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::{end, units};
    use jiff::Timestamp;

    #[test]
    fn ends_are_read_as_people_type_them() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        for (text, at) in [
            ("30m", "2026-11-23T10:30:00Z"),
            ("7d", "2026-11-30T10:00:00Z"),
            ("2027-01-31", "2027-01-31T00:00:00Z"),
            ("2026-11-24T08:00", "2026-11-24T08:00:00Z"),
            ("2026-11-24T08:00:00+09:00", "2026-11-23T23:00:00Z"),
        ] {
            assert_eq!(end(text, now).unwrap().to_string(), at, "{text}");
        }
        for wrong in ["", "soon", "7", "h", "-7d", "7w", "4294967296d", "é", "1hm"] {
            assert!(end(wrong, now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn units_are_whole_numbers_or_nothing() {
        assert_eq!(units("quota", "").unwrap(), None);
        assert_eq!(units("quota", "1,200").unwrap(), Some(1_200));
        for wrong in ["-1", "1.5", "many", "4294967296"] {
            assert!(units("quota", wrong).is_err(), "{wrong}");
        }
    }
}
