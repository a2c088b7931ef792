//! The audit bundle: JSON lines, each in canonical JSON, in one order.
//!
//! ```text
//! {"manifest":"<signed note>"}
//! {"roll":{"leaf":"<hex>","voted":true}}         the whole roll, ascending
//! {"vote_hash":"<hex>"}                          every vote, ascending
//! {"closing_record":"<canonical JSON>"}
//! {"checkpoint":"<signed note>"}
//! {"opening":{"choice":{…},"nonce":"<base64url>"}}  every vote, in the order of the hashes, or none
//! {"tally":{…}}
//! ```

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::canonical_of;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    Manifest(String),
    Roll(RollLine),
    VoteHash(String),
    ClosingRecord(String),
    Checkpoint(String),
    Opening(Opening),
    Tally(Value),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollLine {
    pub leaf: String,
    pub voted: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    pub choice: Value,
    pub nonce: String,
}

impl Line {
    /// Without the newline that ends it.
    pub fn text(&self) -> Option<String> {
        canonical_of(self)
    }

    /// Nothing unless it is a line in its one spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let line: Self = serde_json::from_str(text).ok()?;
        (line.text()? == text).then_some(line)
    }
}
