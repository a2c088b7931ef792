//! Access tokens: JWT (RFC 7519, profile of RFC 9068) signed with Ed25519.
//!
//! Algorithm, type, issuer, audience and keys are pinned, and a header that says more than those is
//! not ours. What a token says is only who signed in; whether that sign-in still lives, and what the
//! person may do, is read per request.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey, Header, Validation};
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::refresh::SignIn;
use super::token_keys::{self, TokenKeys};
use super::verified::{Verified, Word};
use crate::ambient::Ambient;
use crate::http::{Code, Problem};
use crate::instant::{Instant, SECOND};
use crate::secrets::{Key, base64url, sha256};
use crate::store::Store;

const TYPE: &str = "at+jwt";
const ALGORITHM: &str = "EdDSA";
/// Issuer and audience. An instance is told from another by its key, not by its address, so that
/// `palabre token` and a server behind another name agree.
const ISSUER: &str = "palabre";
/// PKCS #8 of an Ed25519 seed (RFC 8410 §7) is a fixed prefix and the seed.
const SEED_PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// Ours have about 450 bytes; what is longer is not even read.
const LONGEST: usize = 1024;
/// For what begins at a time: clocks of several servers differ.
const LEEWAY: i64 = 60 * SECOND;

pub struct Tokens {
    ambient: Ambient,
    secret: Key,
    keys: TokenKeys,
    verified: Verified,
    validation: Validation,
}

/// Who a token says signed in; whether that sign-in still lives is another question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    pub sign_in_id: Uuid,
    pub person_id: Uuid,
    /// In person: the only workshop it opens. That never changes, so the word is enough.
    pub only_workshop: Option<Uuid>,
}

pub struct Signer {
    ambient: Ambient,
    kid: String,
    key: EncodingKey,
}

/// Exactly this and nothing besides: no `jwk`, `jku`, `x5c`, `crit`, `b64`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    typ: String,
    alg: String,
    kid: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// The person.
    sub: Uuid,
    /// The sign-in.
    sid: Uuid,
    /// Of a sign-in in person: the only workshop it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workshop: Option<Uuid>,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    jti: Uuid,
}

impl Claims {
    fn word(self, kid: Arc<str>) -> Word {
        let bearer = Bearer {
            sign_in_id: self.sid,
            person_id: self.sub,
            only_workshop: self.workshop,
        };
        Word::new(kid, bearer, self.iat, self.nbf, self.exp)
    }
}

impl Tokens {
    pub async fn load(store: &Store, ambient: &Ambient, secret: &Key) -> Result<Self, Problem> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Times are held against our own clock, each time.
        validation.validate_exp = false;
        Ok(Self {
            keys: TokenKeys::load(store, ambient, secret).await?,
            ambient: ambient.clone(),
            secret: secret.clone(),
            verified: Verified::default(),
            validation,
        })
    }

    /// Signs with the present key, which is not replaced before the transaction ends.
    pub async fn issue(&self, on: &impl ConnectionTrait, sign_in: SignIn, seconds: i64) -> Result<String, Problem> {
        let SignIn {
            id,
            person_id,
            only_workshop,
        } = sign_in;
        self.signer(on).await?.token(person_id, id, only_workshop, seconds)
    }

    /// The present key, for those who sign many at once.
    pub async fn signer(&self, on: &impl ConnectionTrait) -> Result<Signer, Problem> {
        let key = token_keys::signing(on, &self.ambient, &self.secret).await?;
        let der = Zeroizing::new([&SEED_PREFIX[..], key.seed.as_slice()].concat());
        Ok(Signer {
            ambient: self.ambient.clone(),
            kid: key.kid,
            key: EncodingKey::from_ed_der(&der),
        })
    }

    /// What a valid token says, and so whom it speaks for.
    pub async fn verify(&self, store: &Store, token: &str) -> Result<Option<Arc<Word>>, Problem> {
        if token.len() > LONGEST {
            return Ok(None);
        }
        let now = self.ambient.now();
        let ring = self.keys.ring(store).await;
        let digest = sha256(&[token.as_bytes()]);
        let word = match self.verified.get(&digest) {
            // Its key may have been taken away meanwhile.
            Some(word) => ring.get(&word.kid).map(|_| word),
            None => {
                let Some(kid) = kid(token) else { return Ok(None) };
                let ring = match ring.get(&kid) {
                    Some(_) => ring,
                    None => self.keys.look_again(store, now).await?,
                };
                let word = ring.get(&kid).and_then(|key| {
                    let decoded = jsonwebtoken::decode::<Claims>(token, &key.decoding, &self.validation);
                    Some(Arc::new(decoded.ok()?.claims.word(key.kid.clone())))
                });
                if let Some(word) = &word {
                    self.verified.put(digest, word.clone());
                }
                word
            }
        };
        Ok(word.filter(|word| in_time(word, now)))
    }

    pub async fn jwks(&self, store: &Store) -> Result<serde_json::Value, Problem> {
        self.keys.jwks(store).await
    }
}

impl Signer {
    /// For the person's sign-in, which opens only this workshop or everything.
    pub fn token(
        &self,
        person_id: Uuid,
        sign_in_id: Uuid,
        only_workshop: Option<Uuid>,
        seconds: i64,
    ) -> Result<String, Problem> {
        let now = self.ambient.now().seconds();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: person_id,
            sid: sign_in_id,
            workshop: only_workshop,
            iat: now,
            nbf: None,
            exp: now + seconds,
            jti: self.ambient.id(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(|_| Code::Internal.into())
    }
}

/// The name of the key that a token with a header like ours was signed with.
fn kid(token: &str) -> Option<String> {
    let (head, _) = token.split_once('.')?;
    let head: Head = serde_json::from_slice(&base64url::decode(head)?).ok()?;
    (head.typ == TYPE && head.alg == ALGORITHM).then_some(head.kid)
}

fn in_time(word: &Word, now: Instant) -> bool {
    let at = |seconds: i64| Instant::from_micros(seconds.saturating_mul(SECOND));
    let begun = now.plus(LEEWAY);
    now < at(word.exp) && at(word.iat) <= begun && word.nbf.is_none_or(|nbf| at(nbf) <= begun)
}
