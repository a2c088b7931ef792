//! Query strings, and lists in pages.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use sea_orm::sea_query::LikeExpr;
use sea_orm::{ColumnTrait as _, EntityTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::codes::Code;
use super::problem::{Fault, Problem};
use crate::secrets::base64url;

/// The query string as `T`; unknown parameters are refused.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = serde_html_form::Deserializer::new(form_urlencoded::parse(request.query_string().as_bytes()));
        let shaped = serde_path_to_error::deserialize(pairs).map_err(|error| {
            let message = error.inner().to_string();
            let quoted = message.split('`').nth(1).unwrap_or_default();
            let (name, code) = if message.starts_with("unknown field") {
                (quoted.to_owned(), "unknown_field")
            } else if message.starts_with("missing field") {
                (quoted.to_owned(), "required")
            } else if message.starts_with("duplicate field") {
                (quoted.to_owned(), "duplicate_field")
            } else {
                let code = message.split('|').next().unwrap_or_default();
                let known = super::codes::fault_words(code, super::Language::En).is_some();
                let path = error.path().to_string();
                let fault = if known {
                    super::rules::fault(format!("?{path}"), &message)
                } else {
                    Fault::new(format!("?{path}"), "unknown_value")
                };
                return Problem::from(Code::MalformedQuery).faults(vec![fault]);
            };
            Problem::from(Code::MalformedQuery).faults(vec![Fault::new(format!("?{name}"), code)])
        });
        std::future::ready(shaped.map(Query))
    }
}

/// `?limit=`: 1–200, 50 unless said; above is lowered, below refused.
#[derive(Clone, Copy, Debug)]
pub struct Limit(u64);

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix('-').unwrap_or(&text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(serde::de::Error::custom("wrong_type"));
        }
        if text.starts_with('-') || text.bytes().all(|byte| byte == b'0') {
            return Err(serde::de::Error::custom("too_small|1"));
        }
        // What no integer holds is above.
        Ok(Self(text.parse().unwrap_or(u64::MAX).min(200)))
    }
}

impl Limit {
    /// One more than fits on the page tells whether there is a next one.
    pub fn probe(self) -> u64 {
        self.0 + 1
    }

    /// The rows of a list in ascending order of `key`, from where the previous page ended, and one more.
    pub fn after<E: EntityTrait, K: Into<Value>>(
        self,
        cursor: Option<Cursor<K>>,
        mut list: Select<E>,
        key: E::Column,
    ) -> Select<E> {
        if let Some(Cursor(after)) = cursor {
            list = list.filter(key.gt(after));
        }
        list.order_by_asc(key).limit(self.probe())
    }
}

/// `?cursor=`: where the previous page ended, as the server wrote it.
#[derive(Clone, Debug)]
pub struct Cursor<K>(pub K);

impl<'de, K: DeserializeOwned> Deserialize<'de> for Cursor<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let key = base64url::decode(&text)
            // PostgreSQL takes no NUL in a text, and no key of ours holds one.
            .filter(|bytes| !bytes.windows(6).any(|window| window == b"\\u0000"))
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        key.map(Cursor)
            .ok_or_else(|| serde::de::Error::custom("invalid_cursor"))
    }
}

/// The query string of a list that has no filters, in order of ids.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Items on one page: 1–200, default 50
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    pub limit: Limit,
    /// Where the previous page ended
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor<Uuid>>,
}

/// `?q=`: what to look for, at most 200 characters.
#[derive(Clone, Debug)]
pub struct Search(String);

impl<'de> Deserialize<'de> for Search {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.chars().count() > 200 {
            return Err(serde::de::Error::custom("too_long|200"));
        }
        if text.chars().any(char::is_control) {
            return Err(serde::de::Error::custom("control_characters"));
        }
        Ok(Self(text.trim().to_owned()))
    }
}

impl Search {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Matches a column that contains `folded`, whatever signs are in it.
    pub fn containing(folded: &str) -> LikeExpr {
        let mut pattern = String::with_capacity(folded.len() + 2);
        pattern.push('%');
        for c in folded.chars() {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        LikeExpr::new(pattern).escape('\\')
    }
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Give it as `cursor` for the next page; null on the last one
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// From `limit.probe()` rows: what fits, and the cursor when there is more.
    pub fn of<R, K: Serialize>(
        mut rows: Vec<R>,
        limit: Limit,
        key: impl Fn(&R) -> K,
        item: impl FnMut(R) -> T,
    ) -> Self {
        let more = rows.len() as u64 > limit.0;
        rows.truncate(usize::try_from(limit.0).unwrap_or(usize::MAX));
        let last = if more { rows.last() } else { None };
        let next_cursor = last
            .and_then(|row| serde_json::to_vec(&key(row)).ok())
            .map(base64url::encode);
        Self {
            items: rows.into_iter().map(item).collect(),
            next_cursor,
        }
    }
}
