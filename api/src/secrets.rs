//! Sealing of keys at rest under `PALABRE_SECRET`, and keys derived from it.
//!
//! The secret itself leaves this room nowhere: not in a log, not in an error, not in `Debug`.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use chacha20::{R20, hchacha};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::ambient::Ambient;

/// Bytes of a nonce.
const NONCE: usize = 24;

/// 32 secret bytes that are wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key(pub [u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct DoesNotOpen;

impl Key {
    /// A key of its own for each purpose (HKDF-SHA256, RFC 5869).
    pub fn derive(&self, purpose: &str) -> Self {
        let mut derived = [0; 32];
        let expanded = Hkdf::<Sha256>::new(None, &self.0).expand(purpose.as_bytes(), &mut derived);
        debug_assert!(expanded.is_ok(), "32 bytes are within HKDF's limit of 255 blocks");
        Self(derived)
    }

    /// HMAC-SHA256 (RFC 2104).
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC pads a short key with zeros to one block of the hash.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        block.zeroize();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random nonce, which stands before the
    /// ciphertext. The library has it that this might fail.
    pub fn seal(&self, ambient: &Ambient, context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        self.seal_with(ambient.bytes(), context, plain)
    }

    fn seal_with(&self, nonce: [u8; NONCE], context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let (key, once) = self.once(&nonce)?;
        let mut sealed = Vec::with_capacity(NONCE + plain.len() + CHACHA20_POLY1305.tag_len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let body = sealed.get_mut(NONCE..)?;
        let tag = key.seal_in_place_separate_tag(once, Aad::from(context), body).ok()?;
        sealed.extend_from_slice(tag.as_ref());
        Some(sealed)
    }

    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
        let (nonce, body) = sealed.split_first_chunk().ok_or(DoesNotOpen)?;
        let (key, once) = self.once(nonce).ok_or(DoesNotOpen)?;
        let mut opened = body.to_vec();
        let plain = key.open_in_place(once, Aad::from(context), &mut opened);
        let length = plain.map_err(|_| DoesNotOpen)?.len();
        opened.truncate(length);
        Ok(opened)
    }

    /// For one message: a key from the nonce's first 16 bytes, and a nonce of four zeros and the rest.
    fn once(&self, nonce: &[u8; NONCE]) -> Option<(LessSafeKey, Nonce)> {
        let (first, rest) = nonce.split_first_chunk::<16>()?;
        let mut key = hchacha::<R20>(&self.0.into(), &(*first).into());
        let unbound = UnboundKey::new(&CHACHA20_POLY1305, &key);
        key.zeroize();
        let mut short = [0; 12];
        short.get_mut(4..)?.copy_from_slice(rest);
        Some((LessSafeKey::new(unbound.ok()?), Nonce::assume_unique_for_key(short)))
    }
}

pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Unpadded base64url (RFC 4648 §5), as in JOSE.
pub mod base64url {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    pub fn encode(bytes: impl AsRef<[u8]>) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub fn decode(text: &str) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD.decode(text).ok()
    }
}

pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |nibble: u8| *DIGITS.get(usize::from(nibble)).unwrap_or(&b'0');
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    // ASCII throughout; as bytes they are collected in half the time of letters.
    String::from_utf8(digits.collect()).unwrap_or_default()
}

/// So many bytes in lower-case hex: their one spelling.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        let [high, low] = pair.map(|digit| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        });
        *byte = high? << 4 | low?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_what_the_draft_says_and_opens_only_as_it_is() {
        // draft-irtf-cfrg-xchacha-03, A.3.1.
        let key = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";
        let key = Key(from_hex(key).unwrap());
        let nonce = from_hex("404142434445464748494a4b4c4d4e4f5051525354555657").unwrap();
        let context = from_hex::<12>("50515253c0c1c2c3c4c5c6c7").unwrap();
        let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
            sunscreen would be it.";
        let sealed = key.seal_with(nonce, &context, plain).unwrap();
        let (before, body) = sealed.split_at(NONCE);
        assert_eq!(before, nonce);
        assert_eq!(
            hex(body),
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39\
             ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
             21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49"
        );
        assert_eq!(key.open(&context, &sealed).unwrap(), plain);
        assert_eq!(key.open(&[], &sealed), Err(DoesNotOpen));
        assert_eq!(Key([1; 32]).open(&context, &sealed), Err(DoesNotOpen));
        for length in 0..sealed.len() {
            assert_eq!(key.open(&context, &sealed[..length]), Err(DoesNotOpen));
            let mut other = sealed.clone();
            other[length] ^= 1;
            assert_eq!(key.open(&context, &other), Err(DoesNotOpen));
        }
    }
}
