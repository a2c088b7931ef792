//! The committed OpenAPI document, against which every answer is held: an answer that it does not
//! foresee fails the test that got it, whatever that test was about.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use super::answer::Answer;

pub const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/openapi.json");
pub const REFRESH: &str = "to refresh it: cargo run -- openapi > openapi/openapi.json";

/// The document as committed.
pub fn document() -> &'static Value {
    static PARSED: LazyLock<Value> = LazyLock::new(|| {
        let text = std::fs::read_to_string(DOCUMENT).unwrap_or_else(|error| panic!("{DOCUMENT}: {error}; {REFRESH}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{DOCUMENT}: {error}; {REFRESH}"))
    });
    &PARSED
}

/// One operation of the document.
#[derive(Clone)]
pub struct Operation {
    pub method: Method,
    pub path: String,
    pub value: &'static Value,
}

impl Operation {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Does a request for this path mean this operation?
    fn matches(&self, path: &str) -> bool {
        let (mut template, mut path) = (self.path.split('/'), path.split('/'));
        loop {
            match (template.next(), path.next()) {
                (None, None) => return true,
                (Some(expected), Some(found)) if fits(expected, found) => {}
                _ => return false,
            }
        }
    }
}

/// `{digest}.png` fits `0f1e.png`.
fn fits(expected: &str, found: &str) -> bool {
    let parts = expected.split_once('{').and_then(|(before, rest)| {
        let (_, after) = rest.split_once('}')?;
        Some((before, after))
    });
    match parts {
        Some((before, after)) => found
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .is_some_and(|id| !id.is_empty()),
        None => expected == found,
    }
}

pub fn operations() -> &'static [Operation] {
    static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        let paths = document()["paths"].as_object().expect("paths");
        paths
            .iter()
            .flat_map(|(path, item)| {
                let item = item.as_object().expect("a path item");
                item.iter()
                    .filter(|(name, _)| !matches!(name.as_str(), "parameters" | "summary" | "description" | "servers"))
                    .map(move |(method, value)| Operation {
                        method: method.to_uppercase().parse().expect("a method"),
                        path: path.clone(),
                        value,
                    })
            })
            .collect()
    });
    &OPERATIONS
}

/// Panics unless the document foresees this answer.
pub fn check(method: &Method, target: &str, answer: &Answer) {
    if *method == Method::OPTIONS {
        return;
    }
    let path = target.split('?').next().unwrap_or_default();
    if let Err(why) = foreseen(method, path, answer) {
        panic!("{why}\n  in {answer}\n  headers {:?}\n  {REFRESH}", answer.headers);
    }
}

fn foreseen(method: &Method, path: &str, answer: &Answer) -> Result<(), String> {
    everywhere(answer)?;
    if answer.status >= 400 {
        problem(method, path, answer)?;
    }
    let asked = if *method == Method::HEAD { &Method::GET } else { method };
    let mut known = operations()
        .iter()
        .filter(|operation| operation.matches(path))
        .peekable();
    if known.peek().is_none() {
        let outside = path == "/openapi.json" || path.starts_with("/docs");
        return if outside || answer.status == 404 || answer.status == 414 || answer.status == 431 {
            Ok(())
        } else {
            Err(format!("no operation of the document has the path {path}"))
        };
    }
    // `/workshops/import` also fits `/workshops/{id}`: the one without parameters is meant.
    let operation = known
        .filter(|operation| operation.method == *asked)
        .min_by_key(|operation| operation.path.matches('{').count());
    let Some(operation) = operation else {
        return if answer.status == 405 {
            Ok(())
        } else {
            Err(format!("{method} is not documented for {path}"))
        };
    };
    let name = operation.name();
    let response = &operation.value["responses"][answer.status.to_string()];
    if response.is_null() {
        return Err(format!("{name} does not document the status {}", answer.status));
    }
    if answer.status >= 400 {
        let code = &answer["code"];
        let codes = response["x-codes"].as_array();
        if *method != Method::HEAD && !codes.is_some_and(|codes| codes.contains(code)) {
            return Err(format!(
                "{name} does not document the code {code} under {}",
                answer.status
            ));
        }
    }
    if answer.status == 201 && answer.header("location").is_empty() {
        return Err(format!("{name} answered 201 without Location"));
    }
    body(&name, response, method, answer)
}

fn body(name: &str, response: &Value, method: &Method, answer: &Answer) -> Result<(), String> {
    if *method == Method::HEAD || answer.status == 304 {
        return if answer.body.is_empty() {
            Ok(())
        } else {
            Err("a body where none belongs".into())
        };
    }
    let Some(content) = response["content"].as_object().filter(|content| !content.is_empty()) else {
        return if answer.body.is_empty() {
            Ok(())
        } else {
            Err(format!("{name} documents no body under {}", answer.status))
        };
    };
    let essence = answer
        .header("content-type")
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    let Some(media) = content.get(essence) else {
        return Err(format!("{name} does not document {essence:?} under {}", answer.status));
    };
    if !essence.ends_with("json") {
        return Ok(());
    }
    let key = format!("{name} {} {essence}", answer.status);
    let errors = faults(&key, &media["schema"], &answer.json());
    if errors.is_empty() {
        Ok(())
    } else {
        Err(format!("not what the document says of {name}: {}", errors.join("; ")))
    }
}

/// What is wrong with a value by a schema of the document; `key` names the schema.
pub fn faults(key: &str, schema: &Value, value: &Value) -> Vec<String> {
    validator(key, schema)
        .iter_errors(value)
        .map(|error| format!("{error} at {:?}", error.instance_path().to_string()))
        .collect()
}

/// What holds for every answer there is.
fn everywhere(answer: &Answer) -> Result<(), String> {
    let expected = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ];
    for (name, value) in expected {
        if answer.header(name) != value {
            return Err(format!("{name} is not {value}"));
        }
    }
    for name in ["x-request-id", "cache-control"] {
        if answer.header(name).is_empty() {
            return Err(format!("no {name}"));
        }
    }
    if matches!(answer.status, 429 | 503) && answer.header("retry-after").parse::<u64>().is_err() {
        return Err("no Retry-After".into());
    }
    Ok(())
}

fn problem(method: &Method, path: &str, answer: &Answer) -> Result<(), String> {
    if answer.header("content-type") != "application/problem+json" {
        return Err("a failure that is no application/problem+json".into());
    }
    let language = answer.header("content-language");
    if !matches!(language, "fr" | "en") {
        return Err(format!("Content-Language is {language:?}"));
    }
    if !answer.list("vary").contains("accept-language") {
        return Err("Vary does not name Accept-Language".into());
    }
    if *method == Method::HEAD {
        return Ok(());
    }
    for member in ["type", "title", "detail", "instance", "code", "request_id"] {
        if answer[member].as_str().is_none_or(str::is_empty) {
            return Err(format!("a problem without {member}"));
        }
    }
    let expected = [
        ("status", json!(answer.status)),
        ("instance", json!(path)),
        ("request_id", json!(answer.header("x-request-id"))),
    ];
    for (member, value) in expected {
        if answer[member] != value {
            return Err(format!("the problem's {member} is not {value}"));
        }
    }
    let words = [&answer["title"], &answer["detail"]];
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    for text in words.into_iter().chain(errors.iter().map(|error| &error["detail"])) {
        let text = text.as_str().unwrap_or_default();
        // `{limit}` left over: a parameter that nobody filled in. Some texts quote JSON.
        if text.is_empty() || text.contains('{') && !text.contains("{\"") {
            return Err(format!("words that are not finished: {text:?}"));
        }
    }
    Ok(())
}

/// Compiled once per response.
fn validator(key: &str, schema: &Value) -> Arc<Validator> {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let compile = || {
        let root = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": strict(&document()["components"]),
            "allOf": [strict(schema)],
        });
        let built = jsonschema::options().should_validate_formats(true).build(&root);
        Arc::new(built.unwrap_or_else(|error| panic!("the schema of {key}: {error}")))
    };
    validators.entry(key.to_owned()).or_insert_with(compile).clone()
}

/// The same schema, but an object that lists its properties has no others: what an answer shows,
/// the document must say. Problems may be extended.
fn strict(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut members: serde_json::Map<_, _> = members
                .iter()
                .map(|(name, value)| {
                    let kept = matches!(name.as_str(), "example" | "examples" | "enum" | "const" | "default");
                    (
                        name.clone(),
                        if kept || name == "Problem" {
                            value.clone()
                        } else {
                            strict(value)
                        },
                    )
                })
                .collect();
            if members.get("type") == Some(&json!("object")) && members.contains_key("properties") {
                members.entry("additionalProperties").or_insert(json!(false));
            }
            Value::Object(members)
        }
        Value::Array(items) => items.iter().map(strict).collect(),
        other => other.clone(),
    }
}
