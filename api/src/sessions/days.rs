//! The days of the workshop that a session must lie in: pure.

use jiff::tz::TimeZone;

use crate::http::{Code, Fault, Problem};
use crate::instant::Instant;
use crate::workshops::calendar::{self, Day};
use crate::workshops::entity::Model as Workshop;

pub struct Days {
    first: Day,
    last: Day,
    zone: TimeZone,
}

impl Days {
    pub fn of(workshop: &Workshop) -> Result<Self, Problem> {
        Self::new(&workshop.first_day, &workshop.last_day, &workshop.time_zone).ok_or_else(|| Code::Internal.into())
    }

    fn new(first: &str, last: &str, zone: &str) -> Option<Self> {
        Some(Self {
            first: Day::parse(first)?,
            last: Day::parse(last)?,
            zone: calendar::zone(zone)?,
        })
    }

    /// A session may begin with the first day and last to the very end of the last.
    pub fn check(&self, starts_at: Instant, ends_at: Instant) -> Result<(), Problem> {
        let (start, end) = calendar::bounds(self.first, self.last, &self.zone).ok_or(Code::Internal)?;
        let outside = |pointer| {
            Fault::new(pointer, "outside_workshop")
                .with("first_day", self.first)
                .with("last_day", self.last)
                .with("time_zone", self.zone.iana_name().unwrap_or_default())
        };
        let mut faults = Vec::new();
        if starts_at < start || starts_at >= end {
            faults.push(outside("/starts_at"));
        }
        if ends_at <= start || ends_at > end {
            faults.push(outside("/ends_at"));
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::from(Code::Invalid).faults(faults))
        }
    }

    /// One calendar day of the zone, as instants.
    pub fn day(&self, day: Day) -> Result<(Instant, Instant), Problem> {
        calendar::bounds(day, day, &self.zone).ok_or_else(|| Code::Internal.into())
    }

    /// `2020-08-27 09:00:00`, as clocks on the wall of the workshop show it.
    pub fn local(&self, instant: Instant) -> String {
        let local = self.zone.to_datetime(instant.timestamp());
        local.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::running::tests::at;

    fn pointers(days: &Days, starts_at: &str, ends_at: &str) -> Vec<String> {
        let Err(problem) = days.check(at(starts_at), at(ends_at)) else {
            return Vec::new();
        };
        let body = problem.body(crate::http::Language::En, "", "");
        body.errors.into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn days_are_days_of_the_zone_across_a_change_to_summer_time() {
        let days = Days::new("2021-03-27", "2021-03-28", "Europe/Paris").unwrap();
        let none: [&str; 0] = [];
        // The first instant of Saturday (winter time) to the last of Sunday (summer time): 47 hours.
        assert_eq!(
            pointers(&days, "2021-03-27T00:00:00+01:00", "2021-03-29T00:00:00+02:00"),
            none
        );
        // Over the hour that does not exist.
        assert_eq!(
            pointers(&days, "2021-03-28T01:30:00+01:00", "2021-03-28T03:30:00+02:00"),
            none
        );
        assert_eq!(
            pointers(&days, "2021-03-26T23:59:59+01:00", "2021-03-27T01:00:00+01:00"),
            ["/starts_at"]
        );
        assert_eq!(
            pointers(&days, "2021-03-28T23:00:00+02:00", "2021-03-29T00:00:01+02:00"),
            ["/ends_at"]
        );
        // Midnight in winter time is an hour too late on that Sunday.
        assert_eq!(
            pointers(&days, "2021-03-28T23:00:00+02:00", "2021-03-29T00:00:00+01:00"),
            ["/ends_at"]
        );
        assert_eq!(
            pointers(&days, "2021-03-29T00:00:00+02:00", "2021-03-29T01:00:00+02:00"),
            ["/starts_at", "/ends_at"]
        );
        let (start, end) = days.day(Day::parse("2021-03-28").unwrap()).unwrap();
        assert_eq!(
            (start, end),
            (at("2021-03-28T00:00:00+01:00"), at("2021-03-29T00:00:00+02:00"))
        );
        assert_eq!(days.local(at("2021-03-28T01:00:00Z")), "2021-03-28 03:00:00");
        assert_eq!(days.local(at("2021-03-28T00:59:59Z")), "2021-03-28 01:59:59");
    }
}
