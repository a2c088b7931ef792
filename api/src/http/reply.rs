//! Answers: JSON with an entity tag, and files.

use std::pin::Pin;

use actix_web::body::{BodyStream, BoxBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Responder};
use futures_util::Stream;
use serde::{Deserialize, Serialize};

use super::codes::Code;
use super::problem::Problem;
use super::query::Page;
use crate::secrets::{base64url, sha256};

/// What a handler gives back.
pub type Answer<T> = Result<Reply<T>, Problem>;

/// The version of a resource as the caller sees it: a digest of its representation, so that it
/// changes exactly when what they see changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(value_type = String, example = "b8f2c0a1d3e4f5a6b7c8d9")]
pub struct Etag(String);

/// A representation that carries its own `etag`.
pub trait Resource: Serialize + Sized {
    /// Fields that change by themselves, such as counts: a reader wants to see them change, a
    /// writer is not stopped by them.
    const LIVE: &'static [&'static str] = &[];

    fn etag(&mut self) -> &mut Etag;

    /// Puts the tag in: of the whole or, where fields are live, of what can be edited, a dot, and
    /// the whole.
    fn sealed(mut self) -> Self {
        *self.etag() = Etag::default();
        let whole = sha256(&[&serde_json::to_vec(&self).unwrap_or_default()]);
        let tag = if Self::LIVE.is_empty() {
            base64url::encode(&whole[..16])
        } else {
            let mut edited = serde_json::to_value(&self).unwrap_or_default();
            if let Some(members) = edited.as_object_mut() {
                members.retain(|name, _| !Self::LIVE.contains(&name.as_str()));
            }
            let edited = sha256(&[edited.to_string().as_bytes()]);
            format!(
                "{}.{}",
                base64url::encode(&edited[..12]),
                base64url::encode(&whole[..12])
            )
        };
        *self.etag() = Etag(tag);
        self
    }
}

/// Says that a struct's field `etag` is its entity tag, and which of its fields are live.
macro_rules! resource {
    ($($name:ty),*) => {
        $(crate::http::resource!($name, live: []);)*
    };
    ($name:ty, live: [$($field:literal),*]) => {
        impl crate::http::Resource for $name {
            const LIVE: &'static [&'static str] = &[$($field),*];

            fn etag(&mut self) -> &mut crate::http::Etag {
                &mut self.etag
            }
        }
    };
}
pub(crate) use resource;

pub struct Reply<T> {
    status: StatusCode,
    location: Option<String>,
    etag: Option<String>,
    body: T,
}

impl<T: Resource> Reply<T> {
    pub fn ok(body: T) -> Self {
        let mut body = body.sealed();
        let etag = Some(body.etag().0.clone());
        Self {
            status: StatusCode::OK,
            location: None,
            etag,
            body,
        }
    }

    pub fn created(location: impl Into<String>, body: T) -> Self {
        let location = Some(location.into());
        Self {
            status: StatusCode::CREATED,
            location,
            ..Self::ok(body)
        }
    }

    /// 201 when it was made just now, 200 when it stood already.
    pub fn stands(new: bool, location: impl Into<String>, body: T) -> Self {
        if new {
            Self::created(location, body)
        } else {
            Self::ok(body)
        }
    }
}

impl<T: Resource> Reply<Page<T>> {
    pub fn page(page: Page<T>) -> Self {
        let items = page.items.into_iter().map(Resource::sealed).collect();
        Self::plain(Page {
            items,
            next_cursor: page.next_cursor,
        })
    }
}

impl<T: Serialize> Reply<T> {
    /// An answer that is no resource with a tag of its own in the body.
    pub fn plain(body: T) -> Self {
        Self {
            status: StatusCode::OK,
            location: None,
            etag: None,
            body,
        }
    }

    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub fn location(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }
}

impl<T: Serialize> Responder for Reply<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let Ok(bytes) = serde_json::to_vec(&self.body) else {
            return actix_web::ResponseError::error_response(&Problem::from(Code::Internal));
        };
        let reads = matches!(
            *request.method(),
            actix_web::http::Method::GET | actix_web::http::Method::HEAD
        );
        // Lists and other plain answers are tagged as a whole when read.
        let etag = self
            .etag
            .or_else(|| (reads && self.status == StatusCode::OK).then(|| base64url::encode(&sha256(&[&bytes])[..16])));
        respond(request, self.status, "application/json", bytes, etag, self.location)
    }
}

/// An answer in the bytes that many get.
#[derive(Clone)]
pub struct Written {
    etag: String,
    bytes: Bytes,
}

impl<T: Resource> Reply<T> {
    /// Once for many; nothing but what is read can be given so.
    pub fn write(self) -> Result<Written, Problem> {
        let bytes = serde_json::to_vec(&self.body).map_err(|_| Code::Internal)?;
        Ok(Written {
            etag: self.etag.ok_or(Code::Internal)?,
            bytes: bytes.into(),
        })
    }
}

impl Responder for Written {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        respond(
            request,
            StatusCode::OK,
            "application/json",
            self.bytes,
            Some(self.etag),
            None,
        )
    }
}

/// Something to download in a format of its own.
pub struct File {
    pub content_type: &'static str,
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Responder for File {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let etag = base64url::encode(&sha256(&[&self.bytes])[..16]);
        let mut response = respond(request, StatusCode::OK, self.content_type, self.bytes, Some(etag), None);
        name(&mut response, &self.name);
        response
    }
}

/// Something to download that is written as it goes, under a tag known beforehand.
pub struct Download {
    pub content_type: &'static str,
    pub name: String,
    pub etag: String,
    pub body: Pin<Box<dyn Stream<Item = Result<Bytes, Problem>>>>,
}

impl Responder for Download {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let head = respond(
            request,
            StatusCode::OK,
            self.content_type,
            Vec::new(),
            Some(self.etag),
            None,
        );
        if head.status() != StatusCode::OK {
            return head;
        }
        let mut response = head.set_body(BoxBody::new(BodyStream::new(self.body)));
        name(&mut response, &self.name);
        response
    }
}

/// The file name under which a browser keeps the answer.
fn name(response: &mut HttpResponse, name: &str) {
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
}

fn respond(
    request: &HttpRequest,
    status: StatusCode,
    content_type: &'static str,
    bytes: impl Into<Bytes>,
    etag: Option<String>,
    location: Option<String>,
) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    if let Some(location) = location {
        response.insert_header((header::LOCATION, location));
    }
    if let Some(etag) = etag {
        let reads = matches!(
            *request.method(),
            actix_web::http::Method::GET | actix_web::http::Method::HEAD
        );
        let known = reads
            && listed(request, header::IF_NONE_MATCH)
                .is_some_and(|tags| tags.iter().any(|tag| tag == "*" || *tag == etag));
        response.insert_header((header::ETAG, format!("\"{etag}\"")));
        // What one sees depends on who asks.
        response.insert_header((header::CACHE_CONTROL, "private, no-cache"));
        if known {
            return response.status(StatusCode::NOT_MODIFIED).finish();
        }
    }
    response.content_type(content_type).body(bytes.into())
}

/// The tags of `If-Match` or `If-None-Match`, without quotes and weakness.
fn listed(request: &HttpRequest, name: header::HeaderName) -> Option<Vec<String>> {
    let value = request.headers().get(name)?.to_str().unwrap_or_default();
    // Compression on the way makes a tag weak or adds a suffix; what it stands for is the same.
    Some(
        value
            .split(',')
            .map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned())
            .collect(),
    )
}

/// `If-Match`: the version the caller means to change.
pub struct IfMatch(Option<Vec<String>>);

impl actix_web::FromRequest for IfMatch {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let tags = listed(request, header::IF_MATCH);
        let required = request.method() == actix_web::http::Method::PATCH;
        std::future::ready(if required && tags.is_none() {
            Err(Code::EtagRequired.into())
        } else {
            Ok(Self(tags))
        })
    }
}

impl IfMatch {
    /// Compares with the resource as it stands in this transaction.
    pub fn check<T: Resource>(&self, present: T) -> Result<(), Problem> {
        let Some(tags) = &self.0 else { return Ok(()) };
        let mut present = present.sealed();
        let edited = |tag: &str| tag.split('.').next().map(str::to_owned);
        let etag = edited(&present.etag().0);
        if tags.iter().any(|tag| tag == "*" || edited(tag) == etag) {
            Ok(())
        } else {
            Err(Code::StaleEtag.into())
        }
    }
}

/// 204.
pub struct NoContent;

impl Responder for NoContent {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}
