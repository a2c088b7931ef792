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
//!
//! A ballot has as many lines as three times its voters, so the kinds there are many of are written
//! and read by their shape, which leaves them one spelling, and not through a tree of JSON values.

use serde_json::Value;

use super::canonical::canonical;
use super::merkle::Hash;
use crate::ballots::vote;
use crate::secrets::{base64url, from_hex, hex};

#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    Manifest(String),
    Roll(RollLine),
    VoteHash(Hash),
    ClosingRecord(String),
    Checkpoint(String),
    Opening(Opening),
    Tally(Value),
}

#[derive(Clone, Debug, PartialEq)]
pub struct RollLine {
    pub leaf: Hash,
    pub voted: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// In canonical text. Whoever reads it has still to look at it, once for each that is different.
    pub choice: String,
    pub nonce: [u8; 32],
}

impl Line {
    /// Without the newline that ends it.
    pub fn text(&self) -> Option<String> {
        Some(match self {
            Self::Manifest(note) => format!("{{\"manifest\":{}}}", quote(note)?),
            Self::Roll(RollLine { leaf, voted }) => {
                format!("{{\"roll\":{{\"leaf\":\"{}\",\"voted\":{voted}}}}}", hex(leaf))
            }
            Self::VoteHash(hash) => format!("{{\"vote_hash\":\"{}\"}}", hex(hash)),
            Self::ClosingRecord(record) => format!("{{\"closing_record\":{}}}", quote(record)?),
            Self::Checkpoint(note) => format!("{{\"checkpoint\":{}}}", quote(note)?),
            Self::Opening(Opening { choice, nonce }) => {
                let nonce = base64url::encode(nonce);
                format!("{{\"opening\":{{\"choice\":{choice},\"nonce\":\"{nonce}\"}}}}")
            }
            Self::Tally(tally) => format!("{{\"tally\":{}}}", canonical(tally)?),
        })
    }

    /// Nothing unless it is a line in its one spelling (but for an opening's choice).
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, value) = text.strip_prefix("{\"")?.strip_suffix('}')?.split_once("\":")?;
        Some(match kind {
            "manifest" => Self::Manifest(unquote(value)?),
            "roll" => Self::Roll(RollLine::parse(value)?),
            "vote_hash" => Self::VoteHash(from_hex(value.strip_prefix('"')?.strip_suffix('"')?)?),
            "closing_record" => Self::ClosingRecord(unquote(value)?),
            "checkpoint" => Self::Checkpoint(unquote(value)?),
            "opening" => Self::Opening(Opening::parse(value)?),
            "tally" => {
                let tally = serde_json::from_str(value).ok()?;
                (canonical(&tally)? == value).then_some(Self::Tally(tally))?
            }
            _ => return None,
        })
    }
}

impl RollLine {
    fn parse(text: &str) -> Option<Self> {
        let (leaf, voted) = text.strip_prefix("{\"leaf\":\"")?.split_once("\",\"voted\":")?;
        let voted = match voted {
            "true}" => true,
            "false}" => false,
            _ => return None,
        };
        let leaf = from_hex(leaf)?;
        Some(Self { leaf, voted })
    }
}

impl Opening {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("{\"choice\":")?.strip_suffix("\"}")?;
        let (choice, nonce) = text.rsplit_once(",\"nonce\":\"")?;
        Some(Self {
            choice: choice.to_owned(),
            nonce: vote::nonce(nonce)?,
        })
    }
}

fn quote(text: &str) -> Option<String> {
    serde_json::to_string(text).ok()
}

fn unquote(value: &str) -> Option<String> {
    let text: String = serde_json::from_str(value).ok()?;
    (quote(&text)? == value).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::ballots::proof::canonical::canonical_of;

    /// The line as any writer of canonical JSON would make it.
    fn plainly(line: &Line) -> Value {
        match line {
            Line::Manifest(note) => json!({ "manifest": note }),
            Line::Roll(line) => json!({"roll": {"voted": line.voted, "leaf": hex(&line.leaf)}}),
            Line::VoteHash(hash) => json!({ "vote_hash": hex(hash) }),
            Line::ClosingRecord(record) => json!({ "closing_record": record }),
            Line::Checkpoint(note) => json!({ "checkpoint": note }),
            Line::Opening(opening) => {
                let choice: Value = serde_json::from_str(&opening.choice).unwrap();
                json!({"opening": {"nonce": base64url::encode(opening.nonce), "choice": choice}})
            }
            Line::Tally(tally) => json!({ "tally": tally }),
        }
    }

    fn any_line() -> impl Strategy<Value = Line> {
        prop_oneof![
            any::<String>().prop_map(Line::Manifest),
            any::<(Hash, bool)>().prop_map(|(leaf, voted)| Line::Roll(RollLine { leaf, voted })),
            any::<Hash>().prop_map(Line::VoteHash),
            any::<String>().prop_map(Line::ClosingRecord),
            any::<String>().prop_map(Line::Checkpoint),
            any::<(String, [u8; 32])>().prop_map(|(name, nonce)| Line::Opening(Opening {
                choice: canonical_of(&json!({ "candidate": name })).unwrap(),
                nonce
            })),
            any::<(String, u32)>().prop_map(|(name, votes)| Line::Tally(json!({ name: votes }))),
        ]
    }

    proptest! {
        #[test]
        fn a_line_is_canonical_json_and_reads_back(line in any_line()) {
            let text = line.text().unwrap();
            prop_assert_eq!(&text, &canonical(&plainly(&line)).unwrap());
            prop_assert_eq!(Line::parse(&text), Some(line));
        }

        #[test]
        fn no_other_line_reads_the_same(line in any_line(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let text = line.text().unwrap();
            let mut changed = text.clone().into_bytes();
            let place = place.index(changed.len());
            changed[place] = byte;
            if let Ok(changed) = String::from_utf8(changed) && changed != text {
                prop_assert_ne!(Line::parse(&changed), Some(line.clone()));
            }
            for other in [format!(" {text}"), format!("{text} "), text.replacen(':', ": ", 1), text.replacen('}', ",\"x\":1}", 1)] {
                prop_assert_ne!(Line::parse(&other), Some(line.clone()));
            }
        }
    }

    #[test]
    fn another_spelling_is_no_line() {
        let leaf = "ab".repeat(32);
        for other in [
            "",
            "{}",
            "null",
            "{\"vote_hash\":null}",
            "{\"note\":\"\"}",
            "{\"manifest\":\"\\u0041\"}",
            "{\"tally\":{\"b\":1,\"a\":1}}",
            "{\"tally\":{\"a\":1,\"a\":1}}",
            "{\"tally\":1.0}",
            "{\"tally\":1}{\"tally\":1}",
            &format!("{{\"vote_hash\":\"{}\"}}", leaf.to_uppercase()),
            &format!("{{\"roll\":{{\"voted\":true,\"leaf\":\"{leaf}\"}}}}"),
            &format!("{{\"roll\":{{\"leaf\":\"{leaf}\",\"voted\":1}}}}"),
            &format!("{{\"opening\":{{\"choice\":{{}},\"nonce\":\"{leaf}\"}}}}"),
        ] {
            assert_eq!(Line::parse(other), None, "{other}");
        }
        // As deep as one likes.
        assert_eq!(
            Line::parse(&format!("{{\"tally\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000))),
            None
        );
    }
}
