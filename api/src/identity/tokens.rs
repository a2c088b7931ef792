//! Access tokens: JWT (RFC 7519, profile of RFC 9068) signed with Ed25519.
//!
//! Algorithm, type, issuer, audience and key are pinned. What a token says is only who signed in;
//! whether that sign-in still lives, and what the person may do, is read per request.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use sea_orm::prelude::Uuid;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::ambient::Ambient;
use crate::http::{Code, Problem};
use crate::instant::{Instant, SECOND};
use crate::secrets::{Key, base64url};
use crate::signing_keys::{self, Purpose};
use crate::store::Store;

const TYPE: &str = "at+jwt";
/// Issuer and audience. An instance is told from another by its key, not by its address, so that
/// `palabre token` and a server behind another name agree.
const ISSUER: &str = "palabre";

pub struct Tokens {
    kid: String,
    public: [u8; 32],
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

/// Who a token says signed in; whether that sign-in still lives is another question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    pub sign_in_id: Uuid,
    pub person_id: Uuid,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// The person.
    sub: Uuid,
    /// The sign-in.
    sid: Uuid,
    iat: i64,
    exp: i64,
    jti: Uuid,
}

impl Tokens {
    /// Loads the instance's token key, made at the first start.
    pub async fn load(store: &Store, ambient: &Ambient, secret: &Key) -> Result<Self, Problem> {
        let transaction = store.write().await?;
        let key = signing_keys::current(&transaction, ambient, secret, Purpose::Token, "").await?;
        transaction.commit().await?;
        Self::new(key.kid, key.seed.as_slice(), key.public)
    }

    fn new(kid: String, seed: &[u8], public: [u8; 32]) -> Result<Self, Problem> {
        // PKCS #8 of an Ed25519 seed (RFC 8410 §7) is a fixed prefix and the seed.
        const PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        let der = Zeroizing::new([&PREFIX[..], seed].concat());
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Expiry is held against our own clock, below.
        validation.validate_exp = false;
        Ok(Self {
            kid,
            public,
            encoding: EncodingKey::from_ed_der(&der),
            decoding: DecodingKey::from_ed_components(&base64url::encode(public)).map_err(|_| Code::Internal)?,
            validation,
        })
    }

    pub fn issue(&self, ambient: &Ambient, person_id: Uuid, sign_in_id: Uuid, seconds: i64) -> Result<String, Problem> {
        let now = ambient.now().seconds();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: person_id,
            sid: sign_in_id,
            iat: now,
            exp: now + seconds,
            jti: ambient.id(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(|_| Code::Internal.into())
    }

    /// Whom a valid token speaks for.
    pub fn verify(&self, token: &str, now: Instant) -> Option<Bearer> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.alg != Algorithm::EdDSA
            || header.typ.as_deref() != Some(TYPE)
            || header.kid.as_deref() != Some(&self.kid)
        {
            return None;
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .ok()?
            .claims;
        let moment = now.micros();
        // A minute of leeway for `iat`: clocks of several servers differ.
        let in_time =
            moment < claims.exp.saturating_mul(SECOND) && claims.iat.saturating_mul(SECOND) <= moment + 60 * SECOND;
        in_time.then_some(Bearer {
            sign_in_id: claims.sid,
            person_id: claims.sub,
        })
    }

    /// JWK set (RFC 7517, RFC 8037).
    pub fn jwks(&self) -> serde_json::Value {
        serde_json::json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": base64url::encode(self.public),
        }] })
    }
}
