//! Clock and randomness: the one place where they enter Palabre.
//!
//! Everything else takes an [`Ambient`], so that a test can set the clock. What must hold across
//! processes (a ballot's opening and closing) does not ask this clock but the database's.

use std::sync::{Arc, PoisonError, RwLock};

use uuid::Uuid;

use crate::instant::{Instant, SECOND};

pub trait Clock: Send + Sync {
    fn now(&self) -> Instant;

    /// What a database's clock says at this moment, where several hosts share the database.
    fn told(&self, _database: Instant) {}
}

/// The host's clock.
pub struct HostClock;

impl Clock for HostClock {
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    fn now(&self) -> Instant {
        Instant::from(jiff::Timestamp::now())
    }
}

/// One time for all servers of a database: the database's as last told, carried on by a clock that
/// nobody sets. So a host whose clock is wrong, or jumps, signs nobody out and lets no code expire.
/// Until it is told, and on SQLite for good, the time is the host's.
pub struct SharedClock<C> {
    host: C,
    told: RwLock<Option<(std::time::Instant, Instant)>>,
}

/// What is told comes late by its way through the network, never early: so of two tellings the later
/// time is right, unless the database's clock was set back by more than any answer takes.
const LATE: i64 = 5 * SECOND;
const SLACK: i64 = SECOND / 100;

impl<C> SharedClock<C> {
    pub fn new(host: C) -> Self {
        let told = RwLock::default();
        Self { host, told }
    }

    /// The database's time by now.
    fn carried_on(&self) -> Option<Instant> {
        let (then, instant) = (*self.told.read().unwrap_or_else(PoisonError::into_inner))?;
        Some(instant.plus(i64::try_from(then.elapsed().as_micros()).unwrap_or(i64::MAX)))
    }
}

impl<C: Clock> Clock for SharedClock<C> {
    fn now(&self) -> Instant {
        self.carried_on().unwrap_or_else(|| self.host.now())
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    fn told(&self, database: Instant) {
        let right = |now: Instant| (-LATE..SLACK).contains(&(database.micros() - now.micros()));
        if !self.carried_on().is_some_and(right) {
            *self.told.write().unwrap_or_else(PoisonError::into_inner) = Some((std::time::Instant::now(), database));
        }
    }
}

#[derive(Clone)]
pub struct Ambient {
    clock: Arc<dyn Clock>,
}

impl Ambient {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// See [`Clock::told`].
    pub fn told(&self, database: Instant) {
        self.clock.told(database);
    }

    /// Measures how long something takes, whatever becomes of the clocks.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn stopwatch(&self) -> std::time::Instant {
        std::time::Instant::now()
    }

    /// Random bytes fit for keys, nonces and codes.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        rand::fill(&mut bytes);
        bytes
    }

    /// A new identifier (UUID version 7): lists ordered by it are in order of creation.
    pub fn id(&self) -> Uuid {
        let millis = u64::try_from(self.now().micros() / 1000).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::{DAY, HOUR};

    struct Stopped(Instant);

    impl Clock for Stopped {
        fn now(&self) -> Instant {
            self.0
        }
    }

    #[test]
    fn the_shared_clock_goes_by_what_it_is_told() {
        let noon = Instant::from_micros(1_598_529_600 * SECOND);
        let clock = SharedClock::new(Stopped(noon.plus(2 * DAY)));
        let reads = |expected: Instant| {
            let late = clock.now().micros() - expected.micros();
            assert!((0..HOUR / 2).contains(&late), "{} instead of {expected}", clock.now());
        };
        reads(noon.plus(2 * DAY));
        clock.told(noon);
        reads(noon);
        // Told late, by an answer that took its time: nothing goes back.
        clock.told(noon.plus(-SECOND));
        reads(noon);
        clock.told(noon.plus(HOUR));
        reads(noon.plus(HOUR));
        // The database's own clock was set back.
        clock.told(noon.plus(-HOUR));
        reads(noon.plus(-HOUR));
    }
}
