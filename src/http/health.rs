//! Whether the process lives, and whether it can serve.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::error::ApiError;

/// That the process lives.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`.
    status: &'static str,
    /// Of the program.
    version: &'static str,
}

/// That it can serve.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    /// Always `ready`; what is not ready answers 503.
    status: &'static str,
}

/// `GET /health`: the process lives; whether its database does is the business of `/ready`.
pub(super) async fn health() -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// `GET /ready`: the database answers, the schema has every revision of this program, and the end has not begun.
pub(super) async fn ready(State(app): State<App>) -> Result<Json<Readiness>, ApiError> {
    if app.shutdown.is_cancelled() {
        return Err(ApiError::Unavailable("shutting down".to_owned()));
    }
    match app.db.has_revisions(&app.revision_ids).await {
        Ok(true) => Ok(Json(Readiness { status: "ready" })),
        Ok(false) => Err(ApiError::Unavailable(
            "revisions are pending: run `divine-whispers db upgrade head`".to_owned(),
        )),
        Err(error) => Err(ApiError::Unavailable(error.to_string())),
    }
}
