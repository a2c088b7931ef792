//! The bytes of a vote: pure.
//!
//! `vote_hash = SHA-256("palabre/vote/v1" 0x00 ballot_id(16) nonce(32) canonical_choice)`. Both the
//! body a client sends and the text that is sealed have one length per ballot, so that no length
//! tells a choice.

use uuid::Uuid;

use super::paper::Paper;
use crate::secrets::{base64url, sha256};

/// A body is padded up to a multiple of this, which leaves room for how clients write JSON.
const BODY_STEP: usize = 64;

/// What is sealed: the canonical choice and the nonce that hides it in its hash.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vote {
    pub canonical: String,
    pub nonce: [u8; 32],
}

impl Vote {
    pub fn hash(&self, ballot_id: Uuid) -> [u8; 32] {
        sha256(&[
            b"palabre/vote/v1\0",
            ballot_id.as_bytes(),
            &self.nonce,
            self.canonical.as_bytes(),
        ])
    }

    /// nonce ‖ length (4 bytes, big-endian) ‖ canonical choice ‖ zeros, in one length per ballot.
    pub fn padded(&self, longest: usize) -> Vec<u8> {
        let length = u32::try_from(self.canonical.len()).unwrap_or(u32::MAX);
        let mut plain = Vec::with_capacity(36 + longest);
        plain.extend_from_slice(&self.nonce);
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(self.canonical.as_bytes());
        plain.resize(36 + longest.max(self.canonical.len()), 0);
        plain
    }

    pub fn read(plain: &[u8]) -> Option<Self> {
        let (nonce, rest) = plain.split_first_chunk::<32>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let canonical = String::from_utf8(rest.get(..length)?.to_vec()).ok()?;
        Some(Self {
            canonical,
            nonce: *nonce,
        })
    }
}

/// 32 bytes in unpadded base64url, in their one spelling.
pub fn nonce(text: &str) -> Option<[u8; 32]> {
    let bytes: [u8; 32] = base64url::decode(text)?.try_into().ok()?;
    (base64url::encode(bytes) == text).then_some(bytes)
}

/// How long the body of a vote should be made with spaces.
pub fn body_length(paper: &Paper) -> usize {
    let longest = paper.longest() + r#"{"choice":,"nonce":""}"#.len() + 43;
    longest.next_multiple_of(BODY_STEP)
}

/// A leaf of the roll: `SHA-256("palabre/roll/v1" 0x00 ballot_id salt(16) unit_id(16) length(4) address)`.
pub fn roll_leaf(ballot_id: Uuid, salt: &[u8; 16], unit_id: Uuid, address: &str) -> [u8; 32] {
    let length = u32::try_from(address.len()).unwrap_or(u32::MAX).to_be_bytes();
    sha256(&[
        b"palabre/roll/v1\0",
        ballot_id.as_bytes(),
        salt,
        unit_id.as_bytes(),
        &length,
        address.as_bytes(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_has_one_length_and_reads_back() {
        let short = Vote {
            canonical: "{\"blank\":true}".into(),
            nonce: [7; 32],
        };
        let long = Vote {
            canonical: "x".repeat(300),
            nonce: [8; 32],
        };
        assert_eq!(short.padded(300).len(), long.padded(300).len());
        assert_eq!(Vote::read(&short.padded(300)), Some(short));
        assert_eq!(Vote::read(&long.padded(300)), Some(long));
        assert_eq!(Vote::read(&[0; 35]), None);
        assert_eq!(Vote::read(&[255; 40]), None);
    }

    #[test]
    fn a_nonce_has_one_spelling() {
        let text = base64url::encode([9; 32]);
        assert_eq!(nonce(&text), Some([9; 32]));
        // The last character carries two unused bits: 'l' would spell the same bytes as 'k'.
        assert!(text.ends_with('k'));
        let other = format!("{}l", text.trim_end_matches('k'));
        assert_eq!(nonce(&other), None);
        assert_eq!(nonce(&format!("{text}=")), None);
        assert_eq!(nonce(""), None);
    }
}
