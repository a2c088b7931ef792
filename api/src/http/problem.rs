//! Problems (RFC 9457): the only way a request fails.
//!
//! A [`Problem`] is language-free; its words are chosen when it is rendered, at the edge.

use std::fmt;
use std::panic::AssertUnwindSafe;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use futures_util::FutureExt as _;
use sea_orm::DbErr;
use sea_orm::sqlx::Error;
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::codes::{self, Code};
use super::language::Language;

#[derive(Clone, Debug)]
pub struct Problem {
    pub code: Code,
    /// Boxed: every function that can fail would else carry it all about.
    more: Box<More>,
}

#[derive(Clone, Debug, Default)]
struct More {
    parameters: Vec<(&'static str, String)>,
    faults: Vec<Fault>,
    headers: Vec<(HeaderName, String)>,
    extension: Option<(&'static str, serde_json::Value)>,
}

/// What is wrong with one field.
#[derive(Clone, Debug)]
pub struct Fault {
    pub pointer: String,
    pub code: String,
    pub parameters: Vec<(&'static str, String)>,
}

impl Fault {
    pub fn new(pointer: impl Into<String>, code: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code: code.into(),
            parameters: Vec::new(),
        }
    }

    pub fn with(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.parameters.push((name, value.to_string()));
        self
    }

    /// With its words.
    pub fn body(&self, language: Language) -> FaultBody {
        let words = codes::fault_words(&self.code, language).unwrap_or_default();
        FaultBody {
            pointer: self.pointer.clone(),
            code: self.code.clone(),
            detail: fill(words, &self.parameters, language),
        }
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self {
            code,
            more: Box::default(),
        }
    }
}

/// One field is wrong: 422.
impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::from(Code::Invalid).faults(vec![fault])
    }
}

impl Problem {
    pub fn with(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.more.parameters.push((name, value.to_string()));
        self
    }

    pub fn faults(mut self, faults: Vec<Fault>) -> Self {
        self.more.faults = faults;
        self
    }

    pub fn header(mut self, name: HeaderName, value: impl std::fmt::Display) -> Self {
        self.more.headers.push((name, value.to_string()));
        self
    }

    /// An extension member (RFC 9457 §3.2), such as `state`.
    pub fn member(mut self, name: &'static str, value: impl Serialize) -> Self {
        self.more.extension = serde_json::to_value(value).ok().map(|value| (name, value));
        self
    }

    /// 409 and the present state, in words and as a member.
    pub fn state(code: Code, state: impl Serialize) -> Self {
        let value = serde_json::to_value(state).unwrap_or_default();
        let word = value.as_str().unwrap_or_default().to_owned();
        Self::from(code).with("state", word).member("state", value)
    }

    /// 429 after wrong codes, for so many microseconds.
    pub fn pause(micros: i64) -> Self {
        let seconds = micros / crate::instant::SECOND + 1;
        Self::from(Code::TooManyTries)
            .with("minutes", (seconds + 59) / 60)
            .header(actix_web::http::header::RETRY_AFTER, seconds)
    }

    pub fn body(&self, language: Language, instance: &str, request_id: &str) -> ProblemBody {
        let (title, detail) = self.code.words(language);
        let errors = self.more.faults.iter().map(|fault| fault.body(language)).collect();
        ProblemBody {
            r#type: format!("urn:palabre:problem:{}", self.code.as_str()),
            title: title.to_owned(),
            status: self.code.status(),
            detail: fill(detail, &self.more.parameters, language),
            instance: instance.to_owned(),
            code: self.code.as_str().to_owned(),
            errors,
            request_id: request_id.to_owned(),
            extension: self
                .more
                .extension
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        }
    }

    pub fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let waits =
            matches!(self.code.status(), 503 | 429) && self.more.headers.iter().all(|(name, _)| name != "retry-after");
        let default = waits.then(|| (HeaderName::from_static("retry-after"), HeaderValue::from_static("2")));
        self.more
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), HeaderValue::from_str(value).ok()?)))
            .chain(default)
    }
}

fn fill(text: &str, parameters: &[(&'static str, String)], language: Language) -> String {
    parameters.iter().fold(text.to_owned(), |text, (name, value)| {
        let word = if *name == "state" {
            codes::state_word(value, language)
        } else {
            value
        };
        text.replace(&format!("{{{name}}}"), word)
    })
}

/// RFC 9457, with the members Palabre adds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "urn:palabre:problem:invalid", "title": "Données refusées", "status": 422,
    "detail": "Certaines données ne conviennent pas ; voir « errors ». Rien n'a été enregistré.",
    "instance": "/v1/workshops", "code": "invalid",
    "errors": [{"pointer": "/time_zone", "code": "unknown_time_zone", "detail": "Ce fuseau horaire est inconnu ; attendu par exemple Africa/Conakry."}],
    "request_id": "5f0c0b5e-7f0f-4d43-9d0e-0b7a3d1c2e4f"
}))]
pub struct ProblemBody {
    /// Identifies the kind of problem; one address per `code`
    pub r#type: String,
    /// What kind of problem it is, in the language asked for
    pub title: String,
    /// The HTTP status
    pub status: u16,
    /// What happened and what to do, in the language asked for
    pub detail: String,
    /// The path of the request
    pub instance: String,
    /// Stable, snake_case, never translated: what programs decide by
    pub code: String,
    /// The fields that are wrong, when some are
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FaultBody>,
    /// To quote when reporting the problem
    pub request_id: String,
    /// Further members, such as `state` on a 409
    #[serde(flatten)]
    pub extension: serde_json::Map<String, serde_json::Value>,
}

/// One field that is wrong.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FieldProblem)]
pub struct FaultBody {
    /// JSON pointer (RFC 6901) into the body; `?name` for a query parameter
    pub pointer: String,
    /// Stable, never translated
    pub code: String,
    /// In the language asked for
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Carries the problem to the edge, where its words are put in.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// What the database refused, told apart by whether coming again helps.
impl From<DbErr> for Problem {
    fn from(error: DbErr) -> Self {
        let passing = match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
            DbErr::Exec(inner) | DbErr::Query(inner) => passing(inner),
            _ => false,
        };
        if passing {
            tracing::warn!(%error, "database unavailable");
            Code::Unavailable.into()
        } else {
            // Constraint errors are foreseen where they can happen; their text may hold values.
            let kind = error.sql_err().map(|_| "constraint");
            tracing::error!(
                kind,
                error = kind.is_none().then(|| error.to_string()),
                "database error"
            );
            Code::Internal.into()
        }
    }
}

fn passing(error: &sea_orm::RuntimeErr) -> bool {
    let sea_orm::RuntimeErr::SqlxError(error) = error else {
        return false;
    };
    match error.as_ref() {
        Error::Io(_)
        | Error::Tls(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed
        | Error::Protocol(_) => true,
        Error::Database(error) => is_passing(error.as_ref()),
        _ => false,
    }
}

/// Whether the database is only busy, full or away for a while.
fn is_passing(error: &dyn DatabaseError) -> bool {
    let Some(code) = error.code() else {
        return false;
    };
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        // Of the classes: no connection, no resources (disk, memory, connections). Then: shut down,
        // crashed, starting up; chosen to end a deadlock, or out of step with others.
        code.starts_with("08")
            || code.starts_with("53")
            || matches!(code.as_ref(), "57P01" | "57P02" | "57P03" | "40P01" | "40001")
    } else {
        // The low byte is the kind: busy, locked, no memory, input or output, full, cannot open.
        code.parse::<u32>()
            .is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 7 | 10 | 13 | 14))
    }
}

/// A fault of the program in this work is a problem like another, and not the end of whoever does one
/// such work after the other.
pub async fn survived<T>(what: &str, work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("{what} broke off, by a fault of the program; it goes on with what comes next");
        Err(Code::Internal.into())
    })
}
