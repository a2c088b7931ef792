//! A clock that a test sets and advances.

use std::sync::atomic::{AtomicI64, Ordering};

use palabre::ambient::Clock;
use palabre::instant::Instant;

pub const SECOND: i64 = palabre::instant::SECOND;
pub const MINUTE: i64 = palabre::instant::MINUTE;
pub const HOUR: i64 = palabre::instant::HOUR;
pub const DAY: i64 = palabre::instant::DAY;

/// Some weeks before the workshop of the story.
const FIRST: &str = "2020-08-01T09:00:00Z";
/// Every look moves it by a millisecond, so that identifiers, which hold the time to the
/// millisecond, are in order of creation.
const TICK: i64 = 1000;

pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn new() -> Self {
        let first: Instant = FIRST.parse().expect("an instant");
        Self(AtomicI64::new(first.micros()))
    }

    pub fn set(&self, instant: &str) {
        let instant: Instant = instant.parse().expect("an instant");
        self.0.store(instant.micros(), Ordering::SeqCst);
    }

    /// By so many microseconds; see [`MINUTE`] and the like.
    pub fn advance(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.fetch_add(TICK, Ordering::SeqCst))
    }
}
