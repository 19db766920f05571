//! Every route, and the layers that all of them pass through.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware;
use axum::routing::{get, post, put};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};
use tower_http::timeout::{RequestBodyDeadlineLayer, RequestBodyTimeoutLayer};

use std::time::Duration;

use super::{
    App, account, admin, auth, error, health, job_events, job_files, jobs, metrics, request_log,
    sessions, statistics, wallet, worker, worker_files,
};

/// Bodies beyond this are refused with 413, but for files.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// How long a client may take to send all of a body, but for files: they may take their time, and not stand still.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// The whole API.
pub fn router(app: App, allowed_origins: &[HeaderValue]) -> Router {
    let api = Router::new()
        .route("/auth/register", post(auth::register))
        .route("/auth/login", post(auth::log_in))
        .route("/auth/refresh", post(sessions::refresh))
        .route("/auth/logout", post(sessions::log_out))
        .route("/auth/me", get(account::me))
        .route("/auth/profile", put(account::change_profile))
        .route("/auth/password", put(account::change_password))
        .route("/wallet", get(wallet::show))
        .route("/wallet/transactions", get(wallet::transactions))
        .route("/wallet/transactions/{txn_id}", get(wallet::transaction))
        .route("/wallet/statistics", get(statistics::show))
        .route("/wallet/spend", post(wallet::spend))
        .route("/wallet/transfers", post(wallet::transfer))
        .route("/jobs", get(jobs::list).post(jobs::order))
        .route("/jobs/{job_id}", get(jobs::show).delete(jobs::cancel))
        .route("/jobs/{job_id}/result", get(jobs::result))
        .route("/jobs/{job_id}/events", get(job_events::watch))
        .route("/jobs/{job_id}/file", get(job_files::download))
        .route("/worker/jobs/claim", post(worker::claim))
        .route("/worker/jobs/{job_id}/heartbeat", post(worker::heartbeat))
        .route("/worker/jobs/{job_id}/complete", post(worker::complete))
        .route("/worker/jobs/{job_id}/fail", post(worker::fail))
        .route("/admin/deposits", post(admin::deposit))
        .route("/admin/refunds", post(admin::refund))
        .route("/admin/adjustments", post(admin::adjust))
        .route("/admin/ledger/verify", get(admin::ledger::show))
        .route("/admin/schema", get(admin::schema::show))
        .route("/admin/schema/diagram.svg", get(admin::schema::picture))
        .route("/admin/audit-logs", get(admin::audit_logs::search))
        .route("/admin/audit-logs/export", get(admin::audit_logs::export))
        .route("/admin/users", get(admin::users::list))
        .route("/admin/users/{user_id}", get(admin::users::show))
        .route(
            "/admin/users/{user_id}/role",
            put(admin::users::change_role),
        )
        .route(
            "/admin/users/{user_id}/status",
            put(admin::users::change_status),
        )
        .layer(RequestBodyDeadlineLayer::new(BODY_TIMEOUT));
    let uploads = Router::new()
        .route("/worker/jobs/{job_id}/file", put(worker_files::upload))
        .layer(RequestBodyTimeoutLayer::new(app.files.rules.idle_timeout));
    Router::new()
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .route("/metrics", get(metrics::show))
        .nest("/api/v1", api.merge(uploads))
        .fallback(error::no_such_route)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(cors(allowed_origins))
        // Outermost: even a panic is logged with the id that its answer carries.
        .layer(middleware::from_fn_with_state(
            app.clone(),
            request_log::identify_and_log,
        ))
        .with_state(app)
}

fn cors(allowed_origins: &[HeaderValue]) -> CorsLayer {
    let origin = if allowed_origins.iter().any(|origin| origin == "*") {
        AllowOrigin::from(Any)
    } else {
        AllowOrigin::list(allowed_origins.iter().cloned())
    };
    let idempotency_key = HeaderName::from_static(super::extract::IDEMPOTENCY_KEY);
    let last_event_id = HeaderName::from_static(job_events::LAST_EVENT_ID);
    let replayed = HeaderName::from_static(super::extract::IDEMPOTENT_REPLAYED);
    let request_id = HeaderName::from_static(request_log::REQUEST_ID);
    CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            header::IF_RANGE,
            header::RANGE,
            idempotency_key,
            last_event_id,
            request_id.clone(),
        ])
        .expose_headers([
            header::ACCEPT_RANGES,
            header::CONTENT_DISPOSITION,
            header::CONTENT_RANGE,
            header::ETAG,
            header::RETRY_AFTER,
            request_id,
            replayed,
        ])
}
