//! Access tokens whose signature was found good, so that it is not computed again for each request.
//!
//! Only the signature is remembered, with what the token says. Whether it is in time, whether its
//! key and its sign-in still stand and what the person may do is asked each time by others.
//!
//! Beside it stands for how long a look at the database lets it be said that the sign-in has not run
//! out. Whether it was ended meanwhile is to be asked all the same: see [`Word::seen`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::DatabaseBackend;

use super::tokens::Bearer;
use crate::instant::{Instant, SECOND};
use crate::store::by_index;

/// How long a look at a sign-in may be remembered. Much less than the day for which one that was ended
/// is kept at the least, so that whoever looks for those finds it.
const SIGHT: i64 = 600 * SECOND;

/// What a token says; its digest is the name it is found by.
#[derive(Debug)]
pub struct Word {
    /// The key it was signed with.
    pub kid: Arc<str>,
    pub bearer: Bearer,
    pub iat: i64,
    pub nbf: Option<i64>,
    pub exp: i64,
    /// In microseconds, as [`Instant`]s are.
    seen_until: AtomicI64,
}

impl Word {
    pub fn new(kid: Arc<str>, bearer: Bearer, iat: i64, nbf: Option<i64>, exp: i64) -> Self {
        let seen_until = AtomicI64::new(i64::MIN);
        Self {
            kid,
            bearer,
            iat,
            nbf,
            exp,
            seen_until,
        }
    }

    /// A look that began at this instant found the sign-in alive, the person's own, good for everything,
    /// and to end then.
    pub fn see(&self, looked: Instant, ends: Instant) {
        let until = looked.plus(SIGHT).min(ends);
        self.seen_until.store(until.micros(), Ordering::Relaxed);
    }

    /// Whether that still holds, unless the sign-in was ended since: such a one stands in the database
    /// as revoked. Everything else about it never changes, or only for longer.
    pub fn seen(&self, now: Instant) -> bool {
        now.micros() < self.seen_until.load(Ordering::Relaxed)
    }
}

/// That question in SQL, of the sign-in of a row `s`; few are revoked, and have an index of their own.
pub fn revoked_since(backend: DatabaseBackend) -> String {
    let few = by_index(backend, "sign_in_revoked");
    format!("(SELECT true FROM sign_in e {few} WHERE e.id = s.sign_in_id AND e.revoked_at IS NOT NULL) IS NOT NULL")
}

const SHARDS: usize = 16;
/// Two generations in each of 16 shards: 65,536 tokens, about 16 megabytes when full. A hall that reads
/// the question and then votes must not have driven out its own tokens meanwhile; up to half as many it
/// does not, since what is found again moves to the young and makes them many.
const GENERATION: usize = 2048;

pub type Digest = [u8; 32];

#[derive(Default)]
pub struct Verified([Mutex<Shard>; SHARDS]);

/// What is asked for moves to the young; when they are many they become the old, and what was old
/// is forgotten.
#[derive(Default)]
struct Shard {
    young: HashMap<Digest, Arc<Word>>,
    old: HashMap<Digest, Arc<Word>>,
}

impl Verified {
    pub fn get(&self, digest: &Digest) -> Option<Arc<Word>> {
        let mut shard = self.shard(digest)?.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(word) = shard.young.get(digest) {
            return Some(word.clone());
        }
        let word = shard.old.remove(digest)?;
        shard.keep(*digest, word.clone());
        Some(word)
    }

    pub fn put(&self, digest: Digest, word: Arc<Word>) {
        if let Some(shard) = self.shard(&digest) {
            shard.lock().unwrap_or_else(PoisonError::into_inner).keep(digest, word);
        }
    }

    fn shard(&self, digest: &Digest) -> Option<&Mutex<Shard>> {
        self.0.get(usize::from(digest[0]) % SHARDS)
    }
}

impl Shard {
    fn keep(&mut self, digest: Digest, word: Arc<Word>) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, word);
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::prelude::Uuid;

    use super::*;
    use crate::secrets::sha256;

    fn word(sign_in: u128) -> Arc<Word> {
        let bearer = Bearer {
            sign_in_id: Uuid::from_u128(sign_in),
            person_id: Uuid::from_u128(7),
            only_workshop: None,
        };
        Arc::new(Word::new("kid".into(), bearer, 0, None, 900))
    }

    #[test]
    fn a_sign_in_is_remembered_as_seen_until_it_ends_and_not_for_long() {
        let (word, at) = (word(1), |seconds: i64| Instant::from_micros(seconds * SECOND));
        assert!(!word.seen(at(0)), "never looked at");
        word.see(at(100), at(100_000));
        assert!(word.seen(at(699)) && !word.seen(at(700)));
        word.see(at(700), at(800));
        assert!(word.seen(at(799)) && !word.seen(at(800)), "it has run out");
    }

    fn digest(number: u128) -> Digest {
        sha256(&[&number.to_be_bytes()])
    }

    #[test]
    fn what_was_put_is_found_under_its_own_digest_only() {
        let verified = Verified::default();
        verified.put(digest(1), word(1));
        verified.put(digest(2), word(2));
        assert_eq!(
            verified.get(&digest(1)).map(|word| word.bearer.sign_in_id),
            Some(Uuid::from_u128(1))
        );
        assert_eq!(
            verified.get(&digest(2)).map(|word| word.bearer.sign_in_id),
            Some(Uuid::from_u128(2))
        );
        assert!(verified.get(&digest(3)).is_none());
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_asked_for() {
        let verified = Verified::default();
        verified.put(digest(0), word(0));
        for number in 1..100_000 {
            verified.put(digest(number), word(number));
            assert!(
                verified.get(&digest(0)).is_some(),
                "asked for all the time, gone after {number}"
            );
        }
        let kept = verified.0.iter().map(|shard| shard.lock().unwrap());
        let kept: usize = kept.map(|shard| shard.young.len() + shard.old.len()).sum();
        assert!(
            (SHARDS * GENERATION..=2 * SHARDS * GENERATION).contains(&kept),
            "{kept}"
        );
        assert!(verified.get(&digest(1)).is_none());
    }
}
