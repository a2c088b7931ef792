//! Choices in their canonical form.

use serde_json::{Value, json};

use super::json::canonical;
use super::uuid;

/// The canonical text of a choice as someone may send it; nothing if the ballot does not allow it.
pub fn normalised(method: &str, max_grade: &Value, candidates: &[String], choice: &Value) -> Option<String> {
    let members = choice.as_object()?;
    let [(name, value)] = members.iter().collect::<Vec<_>>()[..] else {
        return None;
    };
    let mut named = Vec::new();
    let mut group = |value: &Value| -> Option<Vec<String>> {
        let mut ids: Vec<String> = Vec::new();
        for id in value.as_array()? {
            let id = id.as_str()?.to_lowercase();
            uuid(&id)?;
            if !candidates.contains(&id) || named.contains(&id) {
                return None;
            }
            named.push(id.clone());
            ids.push(id);
        }
        ids.sort();
        (!ids.is_empty()).then_some(ids)
    };
    let value = match (name.as_str(), method) {
        ("blank", _) => (*value == true).then_some(json!(true))?,
        ("candidate", "plurality") => json!(group(&json!([value]))?[0]),
        ("candidates", "approval") => json!(group(value)?),
        ("ranking", "instant_runoff" | "schulze" | "borda") => {
            let groups: Vec<Vec<String>> = value.as_array()?.iter().map(group).collect::<Option<_>>()?;
            let strict = groups.iter().all(|group| group.len() == 1);
            (!groups.is_empty() && (strict || method != "instant_runoff")).then_some(json!(groups))?
        }
        ("grades", "score" | "majority_judgment") => {
            let mut grades = serde_json::Map::new();
            for (id, grade) in value.as_object()? {
                let id = group(&json!([id]))?.remove(0);
                (grade.as_u64()? <= max_grade.as_u64()?).then(|| grades.insert(id, grade.clone()))?;
            }
            (!grades.is_empty()).then_some(json!(grades))?
        }
        _ => return None,
    };
    canonical(&json!({ name: value }))
}

/// How long the body of a vote is made with spaces.
pub fn body_length(method: &str, max_grade: &Value, candidates: usize) -> usize {
    let id = |number: usize| format!("01234567-0123-0123-0123-{number:012}");
    let longest = match method {
        "plurality" => json!({ "candidate": id(0) }),
        "approval" => json!({ "candidates": (0..candidates).map(id).collect::<Vec<_>>() }),
        "score" | "majority_judgment" => {
            let grade = |number| (id(number), max_grade.clone());
            json!({ "grades": (0..candidates).map(grade).collect::<serde_json::Map<_, _>>() })
        }
        _ => json!({ "ranking": (0..candidates).map(|number| [id(number)]).collect::<Vec<_>>() }),
    };
    let body = json!({"choice": longest, "nonce": "x".repeat(43)}).to_string();
    body.len().div_ceil(64) * 64
}
