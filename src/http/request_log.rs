//! Every request has an id and a log line. The id is the client's `X-Request-Id`, if it is a decent one,
//! else a new one; the answer carries it. The line has the user, if the token was good, and no query string, header or
//! body: those hold secrets. The same is counted for the metrics.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument as _, field};
use uuid::Uuid;

use super::App;
use crate::domain::ids::UserId;

/// The header.
pub(super) const REQUEST_ID: &str = "x-request-id";
const USER_ID: &str = "user_id";
const MAX_ID_CHARACTERS: usize = 128;

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that this task serves.
pub(super) fn current() -> Option<String> {
    CURRENT.try_with(String::clone).ok()
}

/// Has every further log line of this request say who makes it.
pub(super) fn note_user(user_id: UserId) {
    tracing::Span::current().record(USER_ID, user_id.0);
}

/// Gives a request its id, for the log, for problems, and for the answer.
pub(super) async fn identify_and_log(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    let id = given_id(request.headers()).unwrap_or_else(|| Uuid::now_v7().to_string());
    let method = request.method().clone();
    // The pattern of the route, not the path: a wrong path may hold anything.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    // Of the highest level, so that every line has the id, whatever level is logged.
    let span = tracing::error_span!("request", request_id = %id, user_id = field::Empty);
    let served = async {
        let started = Instant::now();
        let response = next.run(request).await;
        let (elapsed, status) = (started.elapsed(), response.status().as_u16());
        let requests = app.db.metrics().requests();
        requests.answered(method.as_str(), route.as_deref(), status, elapsed);
        let (route, elapsed_ms) = (
            route.as_deref().unwrap_or("-"),
            elapsed.as_secs_f64() * 1000.0,
        );
        tracing::info!(%method, route, status, elapsed_ms, "served");
        response
    };
    let mut response = CURRENT.scope(id.clone(), served.instrument(span)).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_decent = (1..=MAX_ID_CHARACTERS).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    is_decent.then(|| id.to_owned())
}
