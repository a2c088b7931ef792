//! Clock and randomness: the one place where they enter Palabre.
//!
//! Everything else takes an [`Ambient`], so that a test can set the clock. What must hold across
//! processes (a ballot's opening and closing) does not ask this clock but the database's.

use std::sync::Arc;

use uuid::Uuid;

use crate::instant::Instant;

pub trait Clock: Send + Sync {
    fn now(&self) -> Instant;
}

/// The host's clock.
pub struct HostClock;

impl Clock for HostClock {
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    fn now(&self) -> Instant {
        Instant::from(jiff::Timestamp::now())
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
