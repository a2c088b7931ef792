//! A client of the application in the same process: the demo is loaded by the requests that a
//! front-end would send, so that it obeys every rule and needs no code of its own for any.

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::test::{TestRequest, try_call_service, try_read_body};
use serde_json::Value;

pub type Failure = Box<dyn std::error::Error>;

pub struct Client<S> {
    pub service: S,
}

/// What is sent.
pub enum Body<'a> {
    None,
    Json(Value),
    Bytes(&'static str, &'a [u8]),
}

impl<S, B> Client<S>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    /// The answer's JSON; anything but a success ends the loading with what was answered.
    pub async fn send(&self, token: &str, method: Method, path: &str, body: Body<'_>) -> Result<Value, Failure> {
        let request = TestRequest::with_uri(path)
            .method(method.clone())
            .insert_header(("authorization", format!("Bearer {token}")));
        let request = match body {
            Body::None => request,
            Body::Json(value) => request.set_json(value),
            Body::Bytes(content_type, bytes) => request
                .insert_header(("content-type", content_type))
                .set_payload(bytes.to_vec()),
        };
        let response = try_call_service(&self.service, request.to_request())
            .await
            .map_err(|error| format!("{method} {path}: {error}"))?;
        let status = response.status();
        let bytes = try_read_body(response)
            .await
            .map_err(|_| format!("{method} {path}: the answer cannot be read"))?;
        let value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() {
            Ok(value)
        } else {
            Err(format!("{method} {path}: {status} {value}").into())
        }
    }

    pub async fn post(&self, token: &str, path: &str, body: Value) -> Result<Value, Failure> {
        self.send(token, Method::POST, path, Body::Json(body)).await
    }

    pub async fn get(&self, token: &str, path: &str) -> Result<Value, Failure> {
        self.send(token, Method::GET, path, Body::None).await
    }
}

/// The text of a member, for identifiers that later requests need.
pub fn text(value: &Value, name: &str) -> Result<String, Failure> {
    Ok(value[name]
        .as_str()
        .ok_or_else(|| format!("the answer has no {name}"))?
        .to_owned())
}
