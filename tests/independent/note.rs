//! Signed notes (C2SP signed-note) and checkpoints (C2SP tlog-checkpoint).

use super::{Hash, base64_standard, hash, hex, sha256};

pub struct Key {
    pub name: String,
    id: Vec<u8>,
    public: Vec<u8>,
}

impl Key {
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let key = base64_standard(key)?;
        let expected = sha256(&[name.as_bytes(), b"\n", &key])[..4].to_vec();
        let well_formed = !name.is_empty() && !name.contains(char::is_whitespace) && key.len() == 33 && key[0] == 1;
        (well_formed && hex(&expected) == id).then(|| Self {
            name: name.into(),
            id: expected,
            public: key[1..].to_vec(),
        })
    }

    /// The text of a note that this key, and nobody else, has signed.
    pub fn open<'n>(&self, note: &'n str) -> Option<&'n str> {
        let (text, rest) = note.split_at(note.rfind("\n\n")? + 1);
        let signature = rest.strip_prefix("\n— ")?.strip_suffix('\n')?;
        let (name, signature) = signature.split_once(' ')?;
        let signature = base64_standard(signature)?;
        if name != self.name || signature.len() != 68 || signature[..4] != self.id {
            return None;
        }
        let public = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, &self.public);
        public.verify(text.as_bytes(), &signature[4..]).ok()?;
        Some(text)
    }
}

/// Origin, size and root.
pub fn checkpoint(text: &str) -> Option<(&str, usize, Hash)> {
    let [origin, size, root, ""] = text.split('\n').collect::<Vec<_>>()[..] else {
        return None;
    };
    let number: usize = size.parse().ok()?;
    let root = base64_standard(root)?.try_into().ok()?;
    (number.to_string() == size).then_some((origin, number, root))
}

/// Origin and vote hash.
pub fn promise(text: &str) -> Option<(&str, Hash)> {
    let [first, second, ""] = text.split('\n').collect::<Vec<_>>()[..] else {
        return None;
    };
    Some((first.strip_suffix("/promise")?, hash(second)?))
}
