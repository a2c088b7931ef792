//! Canonical JSON (RFC 8785), for what is hashed and signed.
//!
//! Palabre hashes no fractions: numbers are integers that a double holds exactly, and anything else
//! has no canonical form here.

use serde::Serialize;
use serde_json::Value;

/// The largest integer below which a double holds every one (RFC 7493 §2.2).
const EXACT: u64 = (1 << 53) - 1;

/// Nothing if there is a number that is not such an integer.
pub fn canonical(value: &Value) -> Option<String> {
    let mut text = String::new();
    write(value, &mut text)?;
    Some(text)
}

/// Of anything that serialises.
pub fn canonical_of(value: &impl Serialize) -> Option<String> {
    canonical(&serde_json::to_value(value).ok()?)
}

fn write(value: &Value, text: &mut String) -> Option<()> {
    match value {
        Value::Null | Value::Bool(_) => text.push_str(&value.to_string()),
        // Escapes as RFC 8785 §3.2.2.2 wants them: the shortest form, \u00xx in lower case.
        Value::String(string) => text.push_str(&serde_json::to_string(string).ok()?),
        Value::Number(number) => {
            let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs))?;
            if magnitude > EXACT {
                return None;
            }
            text.push_str(&number.to_string());
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text)?;
            }
            text.push(']');
        }
        Value::Object(members) => {
            // By UTF-16 code units, whatever order the map has.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            text.push('{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&serde_json::to_string(name).ok()?);
                text.push(':');
                write(member, text)?;
            }
            text.push('}');
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_examples_of_rfc_8785_have_their_bytes() {
        // §3.2.3, sorting of property names.
        let names = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh", "1": "One",
            "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis"
        });
        let sorted = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
            \"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\"\u{20ac}\":\"Euro Sign\",\
            \"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}";
        assert_eq!(canonical(&names).unwrap(), sorted);
        // §3.2.2.2, strings.
        let string = json!("\u{20ac}$\u{0f}\u{0a}A'\u{42}\u{22}\u{5c}\\\"/");
        assert_eq!(
            canonical(&string).unwrap(),
            "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\""
        );
        // §3.2.2.1, literals.
        assert_eq!(canonical(&json!([null, true, false])).unwrap(), "[null,true,false]");
    }

    #[test]
    fn numbers_are_exact_integers_or_nothing() {
        assert_eq!(
            canonical(&json!([0, -1, 9_007_199_254_740_991_u64])).unwrap(),
            "[0,-1,9007199254740991]"
        );
        assert_eq!(canonical(&json!(9_007_199_254_740_992_u64)), None);
        assert_eq!(canonical(&json!(0.5)), None);
    }
}
