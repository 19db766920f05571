//! What the API answers, each answer held against the OpenAPI document when it comes.

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::Value;

use super::{Api, contract};

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Reply {
    /// The stable code of a problem document, after checking that it is one.
    pub fn problem(&self) -> &str {
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{self:?}"
        );
        assert_eq!(self.body["status"], self.status.as_u16(), "{self:?}");
        assert!(
            self.body["type"].is_string() && self.body["title"].is_string(),
            "{self:?}"
        );
        assert_eq!(
            self.body["request_id"],
            self.headers["x-request-id"].to_str().unwrap(),
            "{self:?}"
        );
        self.body["code"].as_str().unwrap()
    }

    /// The body of a success.
    #[track_caller]
    pub fn success(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.body
    }
}

impl Api {
    /// Sends a request that is answered with JSON, or with nothing.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        let (status, headers, text) = self.exchange(request).await;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).expect(&text)
        };
        Reply {
            status,
            headers,
            body,
        }
    }

    /// Sends a request, and reads what comes back to its end.
    pub async fn exchange(&self, request: RequestBuilder) -> (StatusCode, HeaderMap, String) {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = client.execute(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.text().await.unwrap();
        contract::check(&contract::Answer {
            method: &method,
            path: &path,
            status,
            headers: &headers,
            body: Some(&body),
        });
        (status, headers, body)
    }

    /// Sends a request whose answer is a file or a stream, which is left to be read. A refusal is JSON, and is read here.
    pub async fn open(&self, request: RequestBuilder) -> Response {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = client.execute(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let (response, body) = if status.is_success() {
            (response, None)
        } else {
            let text = response.text().await.unwrap();
            let mut read = axum::http::Response::new(text.clone());
            *read.status_mut() = status;
            *read.headers_mut() = headers.clone();
            (Response::from(read), Some(text))
        };
        contract::check(&contract::Answer {
            method: &method,
            path: &path,
            status,
            headers: &headers,
            body: body.as_deref(),
        });
        response
    }
}
