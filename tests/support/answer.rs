//! What a server answered, already held against the document.

use std::ops::Index;

use reqwest::header::HeaderMap;
use serde_json::Value;

#[derive(Clone, Debug)]
pub struct Answer {
    /// Method and path of what was asked, for messages.
    pub request: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    parsed: Option<Value>,
}

impl Answer {
    pub(super) fn new(request: String, status: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        let parsed = serde_json::from_slice(&body).ok();
        Self {
            request,
            status,
            headers,
            body,
            parsed,
        }
    }

    /// Fails unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert!(self.status == status, "expected {status}, got {self}");
        self
    }

    /// Fails unless it is this problem.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        assert!(
            self.status == status && self["code"] == code,
            "expected {status} {code}, got {self}"
        );
        self
    }

    /// Fails unless it is a problem with the fields given, each as (pointer, code).
    #[track_caller]
    pub fn faults(self, expected: &[(&str, &str)]) -> Self {
        let errors = self["errors"].as_array().cloned().unwrap_or_default();
        let found: Vec<_> = errors
            .iter()
            .map(|error| {
                (
                    error["pointer"].as_str().unwrap_or_default(),
                    error["code"].as_str().unwrap_or_default(),
                )
            })
            .collect();
        assert!(found == expected, "expected the faults {expected:?}, got {self}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        match &self.parsed {
            Some(value) => value.clone(),
            None => panic!("no JSON in {self}"),
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// All headers of that name as one list, in lower case.
    pub fn list(&self, name: &str) -> String {
        let values: Vec<&str> = self
            .headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        values.join(", ").to_lowercase()
    }

    /// The `etag` of the resource, which header and body must agree on.
    #[track_caller]
    pub fn etag(&self) -> String {
        let etag = self.text_of("etag");
        assert_eq!(self.header("etag"), format!("\"{etag}\""), "{self}");
        etag
    }

    #[track_caller]
    pub fn id(&self) -> String {
        self.text_of("id")
    }

    #[track_caller]
    pub fn text_of(&self, field: &str) -> String {
        match self[field].as_str() {
            Some(text) => text.to_owned(),
            None => panic!("no text {field} in {self}"),
        }
    }
}

/// A field of the body; null where there is none.
impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        static NOTHING: Value = Value::Null;
        self.parsed
            .as_ref()
            .and_then(|body| body.get(field))
            .unwrap_or(&NOTHING)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}: {}", self.status, self.request, self.text())
    }
}
