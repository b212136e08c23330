//! A moment, for machines and for people.

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::ops::look::figures;

/// A moment: RFC 3339 in JSON, a `<time>` on pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(pub Timestamp);

impl At {
    /// How long ago, with the moment itself for whoever points at it.
    pub fn ago(self, now: &Timestamp) -> String {
        self.element(&format!("{} ago", self.span(now)))
    }

    /// How long from now it is.
    pub fn ahead(self, now: &Timestamp) -> String {
        self.element(&format!("in {}", self.span(now)))
    }

    /// The moment, to the second, in UTC.
    pub fn exact(self) -> String {
        self.element(&self.text())
    }

    /// `2026-11-23 04:42:07`.
    pub fn text(self) -> String {
        self.0.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// How long it is from now, in either direction.
    pub fn span(self, now: &Timestamp) -> String {
        figures::span((now.as_second() - self.0.as_second()).abs())
    }

    /// Whether it is over.
    pub fn is_past(self, now: &Timestamp) -> bool {
        self.0 <= *now
    }

    fn element(self, words: &str) -> String {
        format!(r#"<time datetime="{}" title="{} UTC">{words}</time>"#, self.0, self.text())
    }
}

impl From<Timestamp> for At {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl PartialSchema for At {
    fn schema() -> RefOr<Schema> {
        let moment = ObjectBuilder::new().schema_type(Type::String);
        let moment = moment.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        RefOr::T(Schema::Object(moment.description(Some("RFC 3339, in UTC.")).build()))
    }
}

impl ToSchema for At {}

#[cfg(test)]
mod tests {
    use super::At;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn a_moment_is_told_to_machines_and_to_people() {
        let now = Timestamp::constant(1_800_000_000, 0);
        let at = At(now - SignedDuration::from_mins(3));
        assert_eq!(
            at.ago(&now),
            r#"<time datetime="2027-01-15T07:57:00Z" title="2027-01-15 07:57:00 UTC">3 min ago</time>"#
        );
        assert!(At(now + SignedDuration::from_hours(3)).ahead(&now).contains(">in 3 h<"));
        assert_eq!(serde_json::to_string(&at).unwrap(), "\"2027-01-15T07:57:00Z\"");
    }
}
