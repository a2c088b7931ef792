//! The edge: what holds for every answer, wherever it came from.
//!
//! Request id, language, words of problems (the framework's own included), safe headers, and a line of
//! log that names the route but neither person nor address nor size. Of requests that go well it is
//! written for those who debug: else it would fill the disk and tell when each vote was cast.

use std::time::Duration;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpResponse};

use super::access::Gate;
use super::codes::Code;
use super::language::Language;
use super::problem::Problem;
use crate::app::App;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub async fn edge<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    let language = Language::of(request.headers());
    let app = request.app_data::<Data<App>>().cloned();
    let request_id = app.as_ref().map(|app| app.ambient.id().to_string()).unwrap_or_default();
    let arrived = app.as_ref().map(|app| app.ambient.stopwatch());
    let method = request.method().clone();
    let path = request.path().to_owned();
    // No clone of the request is held here: routing needs it for itself.
    let response = next.call(request).await?.map_into_left_body();
    let status = response.status();
    let mut response = if (status.is_client_error() || status.is_server_error()) && !is_rendered(&response) {
        let problem = response
            .response()
            .extensions()
            .get::<Problem>()
            .cloned()
            .unwrap_or_else(|| foreign(&response));
        let rendered = render(&problem, language, &path, &request_id, response.headers(), &method);
        let (request, _) = response.into_parts();
        ServiceResponse::new(request, rendered).map_into_right_body()
    } else {
        response
    };
    let status = response.status().as_u16();
    let gate = response.request().extensions().get::<&'static Gate>().copied();
    let route = gate.map_or("unknown", |gate| gate.path.as_str());
    if let (Some(app), Some(arrived)) = (&app, arrived) {
        count(app, &method, gate, status, arrived.elapsed());
    }
    match status {
        500.. => tracing::error!(%method, route, status, request_id, "request failed"),
        400.. => tracing::info!(%method, route, status, request_id, "request refused"),
        _ => tracing::debug!(%method, route, status, request_id, "request"),
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

/// For operators, by what the document knows: whatever else is asked for counts as one thing.
fn count(app: &App, method: &Method, gate: Option<&'static Gate>, status: u16, took: Duration) {
    if status == StatusCode::SERVICE_UNAVAILABLE.as_u16() {
        app.answers.count_unavailable();
    }
    match gate {
        Some(gate) if gate.uncounted => {}
        Some(gate) => app.answers.count(known(method), &gate.path, status, took),
        None => app.answers.count("any", "other", status, took),
    }
}

fn known(method: &Method) -> &'static str {
    const KNOWN: [Method; 6] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    let found = KNOWN.iter().zip(names).find(|(known, _)| *known == method);
    found.map_or("any", |(_, name)| name)
}

fn is_rendered<B>(response: &ServiceResponse<B>) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/problem+json")
}

/// A failure of the framework's, as a problem.
fn foreign<B>(response: &ServiceResponse<B>) -> Problem {
    Problem::from(match response.status() {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::NOT_ACCEPTABLE => Code::NotAcceptable,
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        StatusCode::URI_TOO_LONG => Code::UriTooLong,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Code::HeadersTooLarge,
        StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        status if status.is_client_error() => Code::MalformedRequest,
        _ => Code::Internal,
    })
}

fn render(
    problem: &Problem,
    language: Language,
    path: &str,
    request_id: &str,
    already: &header::HeaderMap,
    method: &Method,
) -> HttpResponse {
    let body = problem.body(language, path, request_id);
    let status = StatusCode::from_u16(body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in problem.headers() {
        response.insert_header((name, value));
    }
    // CORS has spoken already.
    for (name, value) in already
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control-") || *name == header::VARY)
    {
        response.append_header((name.clone(), value.clone()));
    }
    response
        .insert_header((header::CONTENT_LANGUAGE, language.as_str()))
        .append_header((header::VARY, "accept-language"))
        .content_type("application/problem+json");
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    if *method == Method::HEAD {
        response.finish()
    } else {
        response.body(bytes)
    }
}
