//! Telling a flood from a crowd, network by network: so many at once, then one every so often.
//!
//! Each process counts for itself, in memory that has a bound; what is critical to security is
//! counted in the database by those whom it concerns. Pure but for its lock: the caller says what
//! time it is.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use actix_web::http::header::RETRY_AFTER;

use super::codes::Code;
use super::network::Network;
use super::problem::Problem;
use crate::instant::{Instant, SECOND};

/// Networks remembered at once: about a megabyte.
const MOST: usize = 20_000;

pub struct Flood {
    /// Allowed at once.
    burst: i64,
    /// Microseconds after which one more is.
    every: i64,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// When each network has its whole burst again (generic cell rate algorithm).
    whole_at: HashMap<Network, i64>,
    /// When those were last thrown out who have theirs.
    swept_at: i64,
}

impl Flood {
    pub fn new(burst: i64, every: i64) -> Self {
        Self {
            burst,
            every,
            seen: Mutex::default(),
        }
    }

    /// Counts one, or refuses it.
    pub fn take(&self, network: Network, now: Instant) -> Result<(), Problem> {
        self.check(network, now)?;
        self.count(network, now);
        Ok(())
    }

    /// Refuses whoever has none left; counts nothing.
    pub fn check(&self, network: Network, now: Instant) -> Result<(), Problem> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.micros();
        let place = seen.place(network, now);
        let Some(whole_at) = seen.whole_at.get_mut(&place) else {
            return Ok(());
        };
        // Never further ahead than a whole burst, however the clock was set meanwhile.
        *whole_at = (*whole_at).min(now + self.burst * self.every);
        let wait = *whole_at + self.every - self.burst * self.every - now;
        if wait <= 0 {
            return Ok(());
        }
        let seconds = wait / SECOND + 1;
        Err(Problem::from(Code::TooManyRequests)
            .with("seconds", seconds)
            .header(RETRY_AFTER, seconds))
    }

    /// Counts one that was let pass.
    pub fn count(&self, network: Network, now: Instant) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.micros();
        let place = seen.place(network, now);
        let whole_at = seen.whole_at.entry(place).or_insert(now);
        // Several who had looked before may count at once; they owe no more than a burst.
        *whole_at = ((*whole_at).max(now) + self.every).min(now + self.burst * self.every);
    }
}

impl Seen {
    /// The network's own place, or the common one while every place is taken.
    fn place(&mut self, network: Network, now: i64) -> Network {
        if self.whole_at.len() < MOST || self.whole_at.contains_key(&network) {
            return network;
        }
        // Once a second at most: to look through all of them is work.
        if (now - self.swept_at).abs() >= SECOND {
            self.swept_at = now;
            self.whole_at.retain(|_, whole_at| *whole_at > now);
            if self.whole_at.len() < MOST {
                return network;
            }
        }
        Network::OTHERS
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const HERE: u32 = 1;
    const THERE: u32 = 2;

    fn network(number: u32) -> Network {
        IpAddr::V4(Ipv4Addr::from(number)).into()
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(seconds * SECOND)
    }

    fn taken(flood: &Flood, number: u32, seconds: i64) -> usize {
        (0..1000)
            .take_while(|_| flood.take(network(number), at(seconds)).is_ok())
            .count()
    }

    #[test]
    fn a_burst_then_one_every_so_often() {
        let flood = Flood::new(10, 2 * SECOND);
        assert_eq!(taken(&flood, HERE, 0), 10);
        assert_eq!(taken(&flood, HERE, 1), 0);
        assert_eq!(taken(&flood, HERE, 2), 1);
        assert_eq!(taken(&flood, HERE, 8), 3);
        // Another network has its own.
        assert_eq!(taken(&flood, THERE, 8), 10);
        assert_eq!(taken(&flood, HERE, 1000), 10);
    }

    #[test]
    fn what_is_only_looked_at_is_not_counted() {
        let flood = Flood::new(2, SECOND);
        for _ in 0..10 {
            assert!(flood.check(network(HERE), at(0)).is_ok());
        }
        flood.count(network(HERE), at(0));
        flood.count(network(HERE), at(0));
        assert!(flood.check(network(HERE), at(0)).is_err());
        flood.count(network(HERE), at(0));
        assert!(flood.check(network(HERE), at(1)).is_ok());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let flood = Flood::new(3, SECOND);
        assert_eq!(taken(&flood, HERE, 1_000_000), 3);
        assert_eq!(taken(&flood, HERE, 3), 0);
        assert_eq!(taken(&flood, HERE, 6), 3);
    }

    #[test]
    fn more_networks_than_can_be_remembered_share_one_place() {
        let flood = Flood::new(5, 10 * SECOND);
        let most = u32::try_from(MOST).unwrap();
        for number in 0..most {
            flood.take(network(number), at(0)).unwrap();
        }
        let late: usize = (most..most + 1000)
            .filter(|number| flood.take(network(*number), at(1)).is_ok())
            .count();
        assert_eq!(late, 5);
        assert_eq!(flood.seen.lock().unwrap().whole_at.len(), MOST + 1);
        // Whoever had a place keeps it, and later there is room again.
        assert_eq!(taken(&flood, 0, 1), 4);
        assert_eq!(taken(&flood, most, 60), 5);
    }
}
