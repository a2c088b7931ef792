//! People who speak to a server over HTTP.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::pin::Pin;

use reqwest::Method;
use serde_json::Value;

use super::answer::Answer;
use super::document;
use super::server::Server;

/// Someone with or without a token.
#[derive(Clone)]
pub struct Person {
    http: reqwest::Client,
    server: SocketAddr,
    pub email: String,
    pub token: Option<String>,
}

impl Person {
    pub(super) fn new(http: reqwest::Client, server: SocketAddr, email: &str, token: Option<String>) -> Self {
        let email = email.to_owned();
        Self {
            http,
            server,
            email,
            token,
        }
    }

    /// The same person in front of another server.
    pub fn at(&self, server: &Server) -> Self {
        self.at_address(server.address)
    }

    pub fn at_address(&self, server: SocketAddr) -> Self {
        Self { server, ..self.clone() }
    }

    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str, body: Value) -> Request {
        self.request(Method::POST, path).json(&body)
    }

    /// A `POST` without a body.
    pub fn act(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    pub fn patch(&self, path: &str, etag: &str, body: Value) -> Request {
        self.request(Method::PATCH, path).if_match(etag).json(&body)
    }

    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    pub fn put_bytes(&self, path: &str, content_type: &str, bytes: impl Into<Vec<u8>>) -> Request {
        self.request(Method::PUT, path).bytes(content_type, bytes)
    }

    pub fn post_bytes(&self, path: &str, content_type: &str, bytes: impl Into<Vec<u8>>) -> Request {
        self.request(Method::POST, path).bytes(content_type, bytes)
    }

    pub fn request(&self, method: Method, path: &str) -> Request {
        let url = format!("http://{}{path}", self.server);
        let mut http = self.http.request(method.clone(), url);
        if let Some(token) = &self.token {
            http = http.bearer_auth(token);
        }
        Request {
            http,
            method,
            path: path.to_owned(),
        }
    }

    /// Who signs in with a code that this organiser hands over.
    pub async fn in_person(&self, registration: &str) -> Self {
        let made = self.act(&format!("/v1/registrations/{registration}/in-person-codes"));
        let made = made.await.expect(201);
        let email = made.text_of("email");
        let exchange = serde_json::json!({"grant_type": "email_code", "email": email, "code": made["code"]});
        let anonymous = Self {
            token: None,
            ..self.clone()
        };
        let tokens = anonymous.post("/v1/auth/tokens", exchange).await.expect(200);
        let token = Some(tokens.text_of("access_token"));
        Self {
            email,
            token,
            ..self.clone()
        }
    }

    /// Every item of a list, page by page.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = None::<String>;
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let page = match &cursor {
                Some(cursor) => self.get(&format!("{path}{separator}cursor={cursor}")).await,
                None => self.get(path).await,
            };
            let page = page.expect(200).json();
            items.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return items,
            }
        }
    }
}

/// A request that is sent when it is awaited.
#[must_use = "a request is sent when it is awaited"]
pub struct Request {
    http: reqwest::RequestBuilder,
    method: Method,
    path: String,
}

impl Request {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.http = self.http.header(name, value);
        self
    }

    pub fn if_match(self, etag: &str) -> Self {
        self.header("if-match", &format!("\"{etag}\""))
    }

    /// As the proxy in front of a server passes it on, which got it from this address.
    pub fn via(self, address: &str) -> Self {
        self.header("x-forwarded-for", address)
    }

    pub fn english(self) -> Self {
        self.header("accept-language", "en")
    }

    pub fn json(self, body: &Value) -> Self {
        self.bytes("application/json", body.to_string())
    }

    pub fn bytes(mut self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.http = self.http.header("content-type", content_type).body(bytes.into());
        self
    }

    /// Sends it; a connection that breaks is an error here and a failure everywhere else.
    pub async fn send(self) -> Result<Answer, reqwest::Error> {
        let (method, path) = (self.method.clone(), self.path.clone());
        let answer = self.exchange().await?;
        document::check(&method, &path, &answer);
        Ok(answer)
    }

    /// For bodies that are packed and so cannot be held against the document.
    pub async fn send_unchecked(self) -> Answer {
        self.exchange().await.expect("an answer")
    }

    async fn exchange(self) -> Result<Answer, reqwest::Error> {
        let response = self.http.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?;
        Ok(Answer::new(
            format!("{} {}", self.method, self.path),
            status,
            headers,
            body.into(),
        ))
    }
}

impl IntoFuture for Request {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            let what = format!("{} {}", self.method, self.path);
            self.send().await.unwrap_or_else(|error| panic!("{what}: {error:?}"))
        })
    }
}
