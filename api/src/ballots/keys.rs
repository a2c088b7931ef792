//! The key of a ballot: 32 bytes made at opening, stored only sealed under `PALABRE_SECRET`, from
//! which marks, sealing and the ballot's signing key derive; destroyed when the votes are counted.

use sea_orm::prelude::Uuid;

use super::proof::note::Signer;
use crate::ambient::Ambient;
use crate::secrets::{DoesNotOpen, Key};

/// What seals the ballots' keys at rest.
pub struct Keys {
    pub(super) sealing: Key,
}

/// The keys of one ballot, while in use.
pub struct BallotKeys {
    ballot_id: Uuid,
    mark: Key,
    sealing: Key,
    /// Signs promises and the checkpoint, under the ballot's origin.
    pub signer: Signer,
}

impl Keys {
    pub fn new(secret: &Key) -> Self {
        Self {
            sealing: secret.derive("palabre/ballot-keys/v1"),
        }
    }

    /// The keys of a new ballot, and what they derive from, sealed for the store.
    pub fn make(&self, ambient: &Ambient, ballot_id: Uuid, origin: &str) -> Result<(BallotKeys, Vec<u8>), DoesNotOpen> {
        let key = Key(ambient.bytes());
        let sealed = self
            .sealing
            .seal(ambient, ballot_id.as_bytes(), &key.0)
            .ok_or(DoesNotOpen)?;
        Ok((BallotKeys::new(&key, ballot_id, origin)?, sealed))
    }

    pub fn open(&self, ballot_id: Uuid, sealed: &[u8], origin: &str) -> Result<BallotKeys, DoesNotOpen> {
        let bytes = zeroize::Zeroizing::new(self.sealing.open(ballot_id.as_bytes(), sealed)?);
        let key = Key(bytes.as_slice().try_into().map_err(|_| DoesNotOpen)?);
        BallotKeys::new(&key, ballot_id, origin)
    }
}

impl BallotKeys {
    fn new(key: &Key, ballot_id: Uuid, origin: &str) -> Result<Self, DoesNotOpen> {
        Ok(Self {
            ballot_id,
            mark: key.derive("palabre/mark/v1"),
            sealing: key.derive("palabre/seal/v1"),
            signer: Signer::new(origin, &key.derive("palabre/log/v1").0).ok_or(DoesNotOpen)?,
        })
    }

    /// The keyed pseudonym under which a unit's vote stands.
    pub fn mark(&self, unit_id: Uuid) -> [u8; 32] {
        self.mark.mac(&[unit_id.as_bytes()])
    }

    /// Seals a vote to its place: it opens only in this ballot and under this mark.
    pub fn seal(&self, ambient: &Ambient, mark: &[u8; 32], plain: &[u8]) -> Option<Vec<u8>> {
        self.sealing.seal(ambient, &self.place(mark), plain)
    }

    pub fn open(&self, mark: &[u8], sealed: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
        self.sealing.open(&self.place(mark), sealed)
    }

    fn place(&self, mark: &[u8]) -> Vec<u8> {
        [self.ballot_id.as_bytes(), mark].concat()
    }
}
