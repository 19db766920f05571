//! Extractors that refuse with a problem document: a JSON body, a query string, a number in the path, and
//! the idempotency key. A refusal says what was expected and never repeats what was sent: it may be a secret.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::App;
use super::error::{ApiError, FieldError};
use crate::domain::idempotency::{Idempotency, IdempotencyKey};

/// The request header of idempotency keys.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The response header that says that nothing was done this time.
pub(super) const IDEMPOTENT_REPLAYED: &str = "idempotent-replayed";

/// A JSON body.
pub(super) struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::UnsupportedMediaType);
        }
        read_json(&read_body(request, app).await?).map(Self)
    }
}

/// A JSON body all of whose fields are optional: no body at all is an empty object, whatever its type is said to be.
pub(super) struct MaybeJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for MaybeJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let is_json = is_json(request.headers());
        let body = read_body(request, app).await?;
        match (body.is_empty(), is_json) {
            (true, _) => read_json(b"{}").map(Self),
            (false, true) => read_json(&body).map(Self),
            (false, false) => Err(ApiError::UnsupportedMediaType),
        }
    }
}

async fn read_body(request: Request, app: &App) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, app)
        .await
        .map_err(|rejection| match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::PayloadTooLarge,
            _ => ApiError::BadRequest("the body ended early".to_owned()),
        })
}

fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // serde would take the fields of an object in their order, too.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(ApiError::field("body", "must be an object"));
    }
    let deserializer = &mut serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut *deserializer).map_err(refusal_of_body)?;
    deserializer.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn refusal_of_body(error: serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let field = error.path().to_string();
    let error = error.into_inner();
    if !error.is_data() {
        return malformed(&error);
    }
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    refusal_of_field(field, text)
}

fn malformed(error: &serde_json::Error) -> ApiError {
    ApiError::MalformedJson(format!("line {}, column {}", error.line(), error.column()))
}

/// serde says `invalid type: integer `123`, expected a string`, or `unknown field `x`, expected `y``: only the end of
/// it may go out.
fn refusal_of_field(field: String, text: &str) -> ApiError {
    let quotes_the_value = text.starts_with("invalid ") || text.starts_with("unknown ");
    // The last one: the value itself may have the word in it.
    let message = match text.rsplit_once("expected ") {
        Some((_, expected)) if text.starts_with("unknown field") => {
            format!("unknown field; known are: {expected}")
        }
        Some((_, expected)) if quotes_the_value => {
            format!("must be {}", in_words_of_json(expected))
        }
        _ if quotes_the_value => "is not a value of this field".to_owned(),
        _ => text.to_owned(),
    };
    let field = if field == "." {
        "body".to_owned()
    } else {
        field
    };
    ApiError::ValidationFailed(vec![FieldError { field, message }])
}

/// serde speaks of Rust; the client does not.
fn in_words_of_json(expected: &str) -> &str {
    match expected {
        "i64" => "a whole number of at most 64 bits",
        "a map" => "an object",
        name if name.starts_with("struct ") => "an object",
        other => other,
    }
}

/// A query string.
pub(super) struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let deserializer = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(deserializer)
            .map(Self)
            .map_err(|error| {
                let field = error.path().to_string();
                match error.into_inner().to_string() {
                    text if ["unknown ", "missing ", "duplicate ", "invalid value"]
                        .iter()
                        .any(|beginning| text.starts_with(beginning)) =>
                    {
                        refusal_of_field(field, &text)
                    }
                    _ => ApiError::field(&field, "is not a value of this parameter"),
                }
            })
    }
}

/// A number in the path, such as the one of a transaction. What is no number is nothing that exists.
pub(super) struct PathId(pub i64);

impl FromRequestParts<App> for PathId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let nothing = || ApiError::NotFound("there is nothing with this number");
        let parameters = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| nothing())?;
        let number = parameters
            .iter()
            .next()
            .and_then(|(_, value)| value.parse().ok());
        number.map(Self).ok_or_else(nothing)
    }
}

/// The idempotency key, if the request has one.
pub(super) struct MaybeKey(Option<IdempotencyKey>);

impl FromRequestParts<App> for MaybeKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(value) = values.next() else {
            return Ok(Self(None));
        };
        if values.next().is_some() {
            return Err(ApiError::field("Idempotency-Key", "must be sent once"));
        }
        let key = IdempotencyKey::parse(value.as_bytes());
        key.map(|key| Self(Some(key)))
            .map_err(|error| ApiError::field("Idempotency-Key", error))
    }
}

impl MaybeKey {
    /// Binds the key to the request that it came with.
    pub fn bind(
        self,
        operation: &str,
        request: &impl Serialize,
    ) -> Result<Option<Idempotency>, ApiError> {
        self.0
            .map(|key| Idempotency::new(key, operation, request))
            .transpose()
            .map_err(|error| ApiError::Internal(error.to_string()))
    }
}
