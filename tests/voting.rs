//! What a voter's program does: draws a nonce, computes the hash, sends the choice. Written from
//! the documentation alone, with a hash function of its own choosing.

use base64::Engine as _;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub struct Vote {
    choice: Value,
    nonce: [u8; 32],
}

impl Vote {
    pub fn new(choice: Value) -> Self {
        Self {
            choice,
            nonce: rand::random(),
        }
    }

    pub fn for_candidate(id: &Value) -> Self {
        Self::new(json!({ "candidate": id }))
    }

    pub fn body(&self) -> Value {
        let nonce = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.nonce);
        json!({"choice": self.choice, "nonce": nonce})
    }

    /// Of a choice that is canonical as it was written.
    pub fn hash(&self, ballot_id: &str) -> String {
        let ballot = uuid::Uuid::parse_str(ballot_id).expect("a ballot's id");
        let mut hash = Sha256::new();
        hash.update(b"palabre/vote/v1\0");
        hash.update(ballot.as_bytes());
        hash.update(self.nonce);
        hash.update(self.choice.to_string());
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

pub fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A small logo, each number a drawing of its own.
pub fn logo(number: u8) -> String {
    let hue = u16::from(number) * 47 % 360;
    let radius = 120 + u16::from(number) * 10;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 512 512\">\
         <circle cx=\"256\" cy=\"256\" r=\"{radius}\" fill=\"hsl({hue},70%,45%)\"/></svg>"
    )
}
