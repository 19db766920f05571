//! `/metrics`: the counts of this process and a reading of the database, for Prometheus.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse as _;

use super::App;
use super::document::Metrics;
use super::error::ApiError;
use crate::metrics::CONTENT_TYPE;
use crate::metrics::readings::PATIENCE;

/// `GET /metrics`: also when the database is away; then it says so.
pub(super) async fn show(State(app): State<App>) -> Result<Metrics, ApiError> {
    let metrics = app.db.metrics();
    metrics.statements().set_pool(app.db.pool_standing());
    let (watchers, downloads) = (app.db.job_news().watchers(), app.files.downloads.taken());
    metrics.requests().set_under_way(watchers, downloads);
    let mut turn = metrics.readings().turn().await;
    if turn.begins() {
        let reading = app.db.read_metrics(&app.revision_ids);
        match tokio::time::timeout(PATIENCE, reading).await {
            Ok(Ok(reading)) => turn.set(&reading, app.jobs.prices.names()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database says nothing for the metrics");
                turn.set_down();
            }
            Err(_) => {
                tracing::warn!("the database says nothing for the metrics in {PATIENCE:?}");
                turn.set_down();
            }
        }
    }
    let text = metrics.write();
    drop(turn);
    let text = text.map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(Metrics(
        ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
    ))
}
