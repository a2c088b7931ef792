//! Days and zones: pure.
//!
//! A workshop's days are calendar days of its time zone (IANA tz database), so a day on which
//! summer time begins has 23 hours, and one on which it ends 25.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::http::Language;
use crate::instant::Instant;

/// A calendar day, ISO 8601, between 1900 and 2199.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub Date);

impl Day {
    pub fn parse(text: &str) -> Option<Self> {
        let date: Date = (text.len() == 10).then(|| text.parse().ok()).flatten()?;
        (1900..2200).contains(&date.year()).then_some(Self(date))
    }

    /// Days from `self` to `other`, both counted.
    pub fn span(self, other: Self) -> i64 {
        self.0.duration_until(other.0).as_hours() / 24 + 1
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom("not_a_day"))
    }
}

impl utoipa::PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Date);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(format))
            .examples([serde_json::json!("2020-08-27")])
            .into()
    }
}

impl utoipa::ToSchema for Day {}

/// A zone by its IANA name.
pub fn zone(name: &str) -> Option<TimeZone> {
    // jiff ignores case and also takes POSIX strings; a name is kept as people know it.
    let zone = TimeZone::get(name).ok()?;
    (zone.iana_name() == Some(name)).then_some(zone)
}

/// From the first instant of `first` to the one after `last`, in the zone.
pub fn bounds(first: Day, last: Day, zone: &TimeZone) -> Option<(Instant, Instant)> {
    let start = first.0.to_zoned_datetime(zone.clone()).ok()?;
    let end = last.0.tomorrow().ok()?.to_zoned_datetime(zone.clone()).ok()?;
    Some((start.timestamp().into(), end.timestamp().into()))
}

/// `28 août 2020 à 18 h 00`, `28 August 2020 at 18:00`. As clocks in
/// that zone show it, without seconds: whoever goes by it is not late.
pub fn told(language: Language, instant: Instant, zone: &str) -> Option<String> {
    const MONTHS: [[&str; 2]; 12] = [
        ["janvier", "January"],
        ["février", "February"],
        ["mars", "March"],
        ["avril", "April"],
        ["mai", "May"],
        ["juin", "June"],
        ["juillet", "July"],
        ["août", "August"],
        ["septembre", "September"],
        ["octobre", "October"],
        ["novembre", "November"],
        ["décembre", "December"],
    ];
    let at = self::zone(zone)?.to_datetime(instant.timestamp());
    let [fr, en] = MONTHS.get(usize::try_from(at.month() - 1).ok()?)?;
    let (day, year, hour, minute) = (at.day(), at.year(), at.hour(), at.minute());
    Some(match language {
        Language::Fr => {
            let day = if day == 1 { "1er".to_owned() } else { day.to_string() };
            format!("{day} {fr} {year} à {hour}\u{a0}h\u{a0}{minute:02}")
        }
        Language::En => format!("{day} {en} {year} at {hour:02}:{minute:02}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::HOUR;

    #[test]
    fn a_day_on_which_summer_time_begins_has_23_hours() {
        let day = |text: &str| Day::parse(text).unwrap();
        let paris = zone("Europe/Paris").unwrap();
        let hours = |first: &str, last: &str| {
            let (start, end) = bounds(day(first), day(last), &paris).unwrap();
            (end.micros() - start.micros()) / HOUR
        };
        assert_eq!(hours("2021-03-28", "2021-03-28"), 23);
        assert_eq!(hours("2021-10-31", "2021-10-31"), 25);
        assert_eq!(hours("2021-03-27", "2021-03-28"), 47);
        assert_eq!(day("2021-03-27").span(day("2021-03-28")), 2);
    }

    #[test]
    fn impossible_days_and_unknown_zones_are_refused() {
        for bad in [
            "2021-02-29",
            "2021-13-01",
            "21-01-01",
            "2021-1-1",
            "1899-12-31",
            "2021-01-01T00:00",
        ] {
            assert!(Day::parse(bad).is_none(), "{bad}");
        }
        for bad in ["Europe/Atlantis", "", "EST5EDT4,M3", "europe/paris", "../etc/passwd"] {
            assert!(zone(bad).is_none(), "{bad}");
        }
        assert!(zone("Africa/Conakry").is_some());
    }

    #[test]
    fn an_instant_is_told_as_clocks_of_the_workshop_show_it() {
        let at: Instant = "2020-08-31T23:30:59Z".parse().unwrap();
        for (language, zone, expected) in [
            (Language::Fr, "Africa/Conakry", "31 août 2020 à 23\u{a0}h\u{a0}30"),
            (Language::Fr, "Europe/Paris", "1er septembre 2020 à 1\u{a0}h\u{a0}30"),
            (Language::En, "Asia/Kolkata", "1 September 2020 at 05:00"),
        ] {
            assert_eq!(told(language, at, zone).as_deref(), Some(expected));
        }
        assert_eq!(told(Language::Fr, at, "Nowhere"), None);
    }
}
