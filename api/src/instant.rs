//! A point in time, in microseconds since the Unix epoch: what the store keeps and the API shows
//! as RFC 3339 in UTC.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use sea_orm::DeriveValueType;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
pub struct Instant(i64);

pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

impl Instant {
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// `self` and `micros` later; saturates, so that no input can overflow it.
    pub const fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// The whole second it lies in.
    pub const fn floor_second(self) -> Self {
        Self(self.0.div_euclid(SECOND) * SECOND)
    }

    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::MAX)
    }
}

impl From<Timestamp> for Instant {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_microsecond())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl FromStr for Instant {
    type Err = &'static str;

    /// RFC 3339 with any offset, between the years 1900 and 2200.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const BOUNDS: std::ops::Range<i64> = -2_208_988_800 * SECOND..7_258_118_400 * SECOND;
        // jiff also reads RFC 9557 annotations; the contract is RFC 3339 alone.
        if text.contains('[') || text.len() > 40 {
            return Err("not_an_instant");
        }
        let timestamp: Timestamp = text.parse().map_err(|_| "not_an_instant")?;
        let instant = Self::from(timestamp);
        BOUNDS.contains(&instant.0).then_some(instant).ok_or("not_an_instant")
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Instant {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, in UTC"))
            .examples([serde_json::json!("2020-08-27T09:00:00Z")])
            .into()
    }
}

impl utoipa::ToSchema for Instant {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_offsets_and_writes_utc() {
        let instant: Instant = "2021-03-28T03:30:00.25+02:00".parse().unwrap();
        assert_eq!(instant.to_string(), "2021-03-28T01:30:00.25Z");
        for bad in [
            "2021-02-30T00:00:00Z",
            "2021-01-01",
            "2021-01-01T00:00:00",
            "",
            "2021-01-01T25:00:00Z",
            "9999-01-01T00:00:00Z",
        ] {
            assert!(bad.parse::<Instant>().is_err(), "{bad}");
        }
    }
}
