//! Whether the process lives, and whether it can serve.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::App;
use super::error::ApiError;

/// `GET /health`: the process lives; whether its database does is the business of `/ready`.
pub(super) async fn health() -> Json<Value> {
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}

/// `GET /ready`: the database answers, the schema has every revision of this program, and the end has not begun.
pub(super) async fn ready(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    if app.shutdown.is_cancelled() {
        return Err(ApiError::Unavailable("shutting down".to_owned()));
    }
    match app.db.has_revisions(&app.revision_ids).await {
        Ok(true) => Ok(Json(json!({"status": "ready"}))),
        Ok(false) => Err(ApiError::Unavailable(
            "revisions are pending: run `divine-whispers db upgrade head`".to_owned(),
        )),
        Err(error) => Err(ApiError::Unavailable(error.to_string())),
    }
}
