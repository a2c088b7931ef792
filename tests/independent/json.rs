//! Canonical JSON (RFC 8785) of what Palabre hashes: no fractions.

use serde_json::Value;

pub fn canonical(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("null".into()),
        Value::Bool(value) => Some(if *value { "true" } else { "false" }.into()),
        Value::Number(number) => {
            let whole = number.as_i64().filter(|whole| whole.abs() < 1 << 53)?;
            Some(whole.to_string())
        }
        Value::String(text) => Some(string(text)),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(canonical).collect();
            Some(format!("[{}]", items?.join(",")))
        }
        Value::Object(members) => {
            let mut members: Vec<(Vec<u16>, String)> = members
                .iter()
                .map(|(name, member)| {
                    let text = format!("{}:{}", string(name), canonical(member)?);
                    Some((name.encode_utf16().collect(), text))
                })
                .collect::<Option<_>>()?;
            members.sort();
            let members: Vec<String> = members.into_iter().map(|(_, text)| text).collect();
            Some(format!("{{{}}}", members.join(",")))
        }
    }
}

fn string(text: &str) -> String {
    let escaped = text.chars().map(|character| match character {
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        '\u{8}' => "\\b".into(),
        '\t' => "\\t".into(),
        '\n' => "\\n".into(),
        '\u{c}' => "\\f".into(),
        '\r' => "\\r".into(),
        control if control < ' ' => format!("\\u{:04x}", u32::from(control)),
        other => other.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// The value, if this is its canonical text.
pub fn parse(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    (canonical(&value)? == text).then_some(value)
}
