//! Signed notes (C2SP signed-note) with one Ed25519 signature, and the keys that make and check
//! them.
//!
//! A note is a text that ends with a newline, an empty line, and the line of its signature:
//! `— <key name> <base64 of key id and signature>`.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};

use crate::secrets::{hex, sha256};

/// Type of an Ed25519 key and signature in a signed note.
const ED25519: u8 = 1;

/// What a line of signature begins with.
const DASH: &str = "— ";

/// What signs notes.
pub struct Signer {
    key: Ed25519KeyPair,
    pub verifier: Verifier,
}

/// What checks them: a name and a public key, in the text form `name+id+key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    pub name: String,
    pub public: [u8; 32],
}

impl Signer {
    /// Any 32 bytes are a seed; the library has it that this might fail.
    pub fn new(name: impl Into<String>, seed: &[u8; 32]) -> Option<Self> {
        let key = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = key.public_key().as_ref().try_into().ok()?;
        let name = name.into();
        Some(Self {
            key,
            verifier: Verifier { name, public },
        })
    }

    /// The same bytes every time: Ed25519 (RFC 8032) is deterministic.
    pub fn sign(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes());
        let line = STANDARD.encode([&self.verifier.id()[..], signature.as_ref()].concat());
        format!("{text}\n{DASH}{} {line}\n", self.verifier.name)
    }
}

impl Verifier {
    fn id(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = sha256(&[self.name.as_bytes(), b"\n", &[ED25519], &self.public]);
        [a, b, c, d]
    }

    /// Nothing unless it is a well-formed key of this kind.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
        if !is_name(name) {
            return None;
        }
        let key = STANDARD.decode(key).ok()?;
        let (kind, public) = key.split_first()?;
        let verifier = Self {
            name: name.to_owned(),
            public: public.try_into().ok()?,
        };
        VerifyingKey::from_bytes(&verifier.public).ok()?;
        (*kind == ED25519 && hex(&verifier.id()) == id).then_some(verifier)
    }

    /// The text of a note that carries this key's valid signature, and no other line. One note has
    /// one form: what Palabre signs is signed once.
    pub fn open<'n>(&self, note: &'n str) -> Option<&'n str> {
        let (text, signatures) = split(note)?;
        (signatures.lines().count() == 1 && self.signed(text, signatures)).then_some(text)
    }

    /// The same of a note that others, such as witnesses, may have signed too.
    pub fn open_among<'n>(&self, note: &'n str) -> Option<&'n str> {
        let (text, signatures) = split(note)?;
        let signed = signatures.lines().any(|line| self.signed(text, line));
        signed.then_some(text)
    }

    fn signed(&self, text: &str, line: &str) -> bool {
        let signature = || {
            let (name, signature) = line.trim_end_matches('\n').strip_prefix(DASH)?.rsplit_once(' ')?;
            let bytes = STANDARD.decode(signature).ok()?;
            let (id, signature) = bytes.split_first_chunk::<4>()?;
            let ours = name == self.name && *id == self.id();
            ours.then_some(Signature::from_slice(signature).ok()?)
        };
        let key = VerifyingKey::from_bytes(&self.public);
        match (signature(), key) {
            (Some(signature), Ok(key)) => key.verify_strict(text.as_bytes(), &signature).is_ok(),
            _ => false,
        }
    }
}

impl std::fmt::Display for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = STANDARD.encode([&[ED25519][..], &self.public].concat());
        write!(f, "{}+{}+{key}", self.name, hex(&self.id()))
    }
}

/// The text of a note, whoever signed it, and the lines of its signatures, each with its newline.
fn split(note: &str) -> Option<(&str, &str)> {
    let (before, signatures) = note.rsplit_once("\n\n")?;
    let text = note.get(..=before.len())?;
    let signed = signatures.ends_with('\n') && signatures.lines().all(|line| line.starts_with(DASH));
    let plain = note.chars().all(|character| character == '\n' || character >= ' ');
    (signed && plain).then_some((text, signatures))
}

/// What a note says, unchecked.
pub fn text(note: &str) -> Option<&str> {
    split(note).map(|(text, _)| text)
}

/// Not empty, without spaces and plus.
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|character: char| character == '+' || character.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_and_note_of_the_specification_hold() {
        // The example of c2sp.org/signed-note.
        let verifier =
            Verifier::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").unwrap();
        let note = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
        assert_eq!(verifier.open(note), Some("This is an example message.\n"));
        assert_eq!(
            verifier.to_string(),
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
        );
    }

    #[test]
    fn only_the_very_note_opens() {
        let signer = Signer::new("example.org/v1/ballots/x", &[7; 32]).unwrap();
        let note = signer.sign("one\ntwo\n");
        let verifier = Verifier::parse(&signer.verifier.to_string()).unwrap();
        assert_eq!(verifier.open(&note), Some("one\ntwo\n"));
        assert_eq!(note, signer.sign("one\ntwo\n"));
        for (index, _) in note.char_indices() {
            let mut bytes = note.clone().into_bytes();
            bytes[index] ^= 1;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert_eq!(verifier.open(&changed), None, "{changed:?}");
            }
        }
        assert_eq!(verifier.open(&format!("{note}\n")), None);
        assert_eq!(
            Signer::new("example.org/v1/ballots/x", &[8; 32])
                .unwrap()
                .verifier
                .open(&note),
            None
        );
        assert_eq!(
            Signer::new("example.org/v1/ballots/y", &[7; 32])
                .unwrap()
                .verifier
                .open(&note),
            None
        );
        assert_eq!(Verifier::parse("a b+00000000+AQ=="), None);
    }
}
