//! Bodies of requests: JSON under limits, with a pointer to what is wrong.

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use futures_util::StreamExt as _;
use garde::Validate;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::codes::Code;
use super::problem::{Fault, Problem};
use super::unique::Unique;

pub const JSON_LIMIT: usize = 256 * 1024;

/// A body of JSON that has the shape of `T` and keeps its declared limits.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + Validate<Context = ()> + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = futures_util::future::LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { json(&read_json(&request, payload).await?).map(Json) })
    }
}

/// As [`Json`], but no body at all is an empty object: for acts such as `open`, which seldom need more.
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Validate<Context = ()> + 'static> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = futures_util::future::LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = read(&request, payload, JSON_LIMIT).await?;
            if bytes.is_empty() {
                return json(b"{}").map(OptionalJson);
            }
            is_json(&request)?;
            json(&bytes).map(OptionalJson)
        })
    }
}

/// A JSON merge patch (RFC 7396).
pub struct MergePatch(Value);

impl FromRequest for MergePatch {
    type Error = Problem;
    type Future = futures_util::future::LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let Unique(patch) = parse(&read_json(&request, payload).await?)?;
            if !patch.is_object() {
                return Err(Fault::new("", "wrong_type").into());
            }
            Ok(Self(patch))
        })
    }
}

impl MergePatch {
    /// Whether the patch itself says something of this field.
    pub fn names(&self, field: &str) -> bool {
        self.0.get(field).is_some()
    }

    /// The fields as they would be after the patch, checked like those of a creation.
    pub fn apply<T: Serialize + DeserializeOwned + Validate<Context = ()>>(self, present: &T) -> Result<T, Problem> {
        let mut target = serde_json::to_value(present).map_err(|_| Problem::from(Code::Internal))?;
        merge(&mut target, self.0);
        from_value(target)
    }
}

fn merge(target: &mut Value, patch: Value) {
    match patch {
        Value::Object(members) => {
            if !target.is_object() {
                *target = Value::Object(serde_json::Map::new());
            }
            let Value::Object(object) = target else { return };
            for (name, value) in members {
                if value.is_null() {
                    object.remove(&name);
                } else {
                    merge(object.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        value => *target = value,
    }
}

/// Reads a body of at most `limit` bytes; a longer one is refused before it is buffered.
pub async fn read(request: &HttpRequest, mut payload: Payload, limit: usize) -> Result<BytesMut, Problem> {
    let too_large = || Problem::from(Code::TooLarge).with("limit", limit);
    if request
        .headers()
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| encoding != "identity")
    {
        // Decompressing would let a small body become a huge one.
        return Err(Problem::from(Code::UnsupportedMediaType).with("expected", "Content-Encoding: identity"));
    }
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = BytesMut::with_capacity(declared.unwrap_or(1024).min(limit));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::from(Code::MalformedBody))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn is_json(request: &HttpRequest) -> Result<(), Problem> {
    let essence = request.content_type().to_ascii_lowercase();
    if essence == "application/json" || essence == "application/merge-patch+json" {
        return Ok(());
    }
    Err(Problem::from(Code::UnsupportedMediaType).with("expected", format!("{CONTENT_TYPE}: application/json")))
}

async fn read_json(request: &HttpRequest, payload: Payload) -> Result<BytesMut, Problem> {
    is_json(request)?;
    read(request, payload, JSON_LIMIT).await
}

fn json<T: DeserializeOwned + Validate<Context = ()>>(bytes: &[u8]) -> Result<T, Problem> {
    parse(bytes).and_then(valid)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(shaped) => deserializer.end().map(|()| shaped).map_err(|error| malformed(&error)),
        // What is not JSON further on is malformed, whatever its first fields look like.
        Err(error) if error.inner().is_data() => Err(serde_json::from_slice::<IgnoredAny>(bytes)
            .map_or_else(|broken| malformed(&broken), |_| shape_fault(&error).into())),
        Err(error) => Err(malformed(error.inner())),
    }
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::from(Code::MalformedJson)
        .with("line", error.line())
        .with("column", error.column())
}

/// A value that arrived already parsed, with the same answers as a body.
pub fn from_value<T: DeserializeOwned + Validate<Context = ()>>(value: Value) -> Result<T, Problem> {
    match serde_path_to_error::deserialize(value) {
        Ok(shaped) => valid(shaped),
        Err(error) => Err(shape_fault(&error).into()),
    }
}

/// Checks declared limits; every field that breaks one is named.
fn valid<T: Validate<Context = ()>>(value: T) -> Result<T, Problem> {
    let Err(report) = garde::i18n::with_i18n(super::rules::Codes, || value.validate()) else {
        return Ok(value);
    };
    let faults = report
        .iter()
        .map(|(path, error)| super::rules::fault(pointer(&path.to_string()), error.message()))
        .collect();
    Err(Problem::from(Code::Invalid).faults(faults))
}

/// `speakers[0].name` as the JSON pointer `/speakers/0/name`.
fn pointer(path: &str) -> String {
    let steps: Vec<&str> = path.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect();
    steps.iter().map(|step| format!("/{}", escape(step))).collect()
}

fn escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// serde says in words what is wrong; our own types say it as a code.
fn shape_fault(error: &serde_path_to_error::Error<serde_json::Error>) -> Fault {
    let mut at: String = error
        .path()
        .iter()
        .filter_map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => Some(format!("/{index}")),
            serde_path_to_error::Segment::Map { key } => Some(format!("/{}", escape(key))),
            serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => None,
        })
        .collect();
    let message = error.inner().to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let quoted = message.split('`').nth(1);
    let code = if message.starts_with("missing field") {
        at.push_str(&quoted.map(|field| format!("/{}", escape(field))).unwrap_or_default());
        "required"
    } else if message.starts_with("unknown field") {
        if let Some(field) = quoted.filter(|field| !at.ends_with(&format!("/{}", escape(field)))) {
            at.push_str(&format!("/{}", escape(field)));
        }
        "unknown_field"
    } else if message.starts_with("duplicate field") {
        if let Some(field) = quoted.filter(|field| !at.ends_with(&format!("/{}", escape(field)))) {
            at.push_str(&format!("/{}", escape(field)));
        }
        "duplicate_field"
    } else if message.starts_with("unknown variant") {
        "unknown_value"
    } else if message.to_ascii_lowercase().contains("uuid") {
        "not_a_uuid"
    } else if super::codes::fault_words(message, super::Language::En).is_some() {
        return super::rules::fault(at, message);
    } else {
        "wrong_type"
    };
    Fault::new(at, code)
}
