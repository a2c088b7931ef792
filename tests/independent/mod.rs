//! A second implementation of `api/docs/bytes.md`, as an auditor might write one: it shares no code
//! with the server, not even a library for hashes, signatures or base64. Slow and plain on purpose,
//! with trees as RFC 6962 defines them; it holds everything in memory and stops at the first fault.

mod bundle;
mod choice;
mod count;
mod json;
mod note;
mod tree;
mod vectors;

use serde_json::Value;

pub use bundle::Bundle;
pub use json::canonical;
pub use tree::root;

pub type Hash = [u8; 32];

/// What is wrong, in words.
pub type Checked<T> = Result<T, String>;

pub fn fault<T>(why: impl Into<String>) -> Checked<T> {
    Err(why.into())
}

pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().try_into().expect("32 bytes")
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lower case only.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: char| "0123456789abcdef".find(digit);
    let digits: Vec<usize> = text.chars().map(digit).collect::<Option<_>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    pairs.collect()
}

pub fn hash(text: &str) -> Option<Hash> {
    unhex(text)?.try_into().ok()
}

/// The 16 bytes of a UUID in lower case with its hyphens.
pub fn uuid(text: &str) -> Option<Vec<u8>> {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    (lengths == [8, 4, 4, 4, 12]).then(|| unhex(&text.replace('-', "")))?
}

/// The leaf of a line with `unit_id`, `salt` and `address`.
pub fn roll_leaf(ballot: &[u8], line: &Value) -> Option<Hash> {
    let (unit, salt) = (uuid(line["unit_id"].as_str()?)?, unhex(line["salt"].as_str()?)?);
    let address = line["address"].as_str()?.as_bytes();
    let length = u32::try_from(address.len()).ok()?.to_be_bytes();
    Some(sha256(&[b"palabre/roll/v1\0", ballot, &salt, &unit, &length, address]))
}

/// RFC 4648: 62nd and 63rd digit and whether there is padding.
fn base64(text: &str, last: [char; 2], padded: bool) -> Option<Vec<u8>> {
    let digits: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(last).collect();
    let body = text.trim_end_matches('=');
    let padding = if padded { (4 - body.len() % 4) % 4 } else { 0 };
    if text.len() != body.len() + padding || body.len() % 4 == 1 {
        return None;
    }
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for character in body.chars() {
        let digit = digits.iter().position(|digit| *digit == character)?;
        (bits, held) = (bits << 6 | u32::try_from(digit).ok()?, held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    // The bits that no byte takes are zero: one spelling.
    (bits == 0).then_some(bytes)
}

pub fn base64_standard(text: &str) -> Option<Vec<u8>> {
    base64(text, ['+', '/'], true)
}

pub fn nonce(text: &str) -> Option<Hash> {
    base64(text, ['-', '_'], false)?.try_into().ok()
}
