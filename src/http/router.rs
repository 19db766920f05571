//! Every route, and the layers that all of them pass through.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};
use tower_http::timeout::{RequestBodyDeadlineLayer, RequestBodyTimeoutLayer};

use std::time::Duration;

use super::document::{Routes, operations as about, page as document_page};
use super::{
    App, account, admin, auth, error, health, job_events, job_files, jobs, metrics, request_log,
    sessions, statistics, wallet, worker, worker_files,
};

/// Bodies beyond this are refused with 413, but for files.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// How long a client may take to send all of a body, but for files: they may take their time, and not stand still.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// Every route, with what the document says of it.
pub(super) fn routes() -> Routes {
    routes_with_small_bodies().merge(routes_with_files())
}

/// Routes whose body may take as long as it takes, while something of it comes.
fn routes_with_files() -> Routes {
    Routes::below("/api/v1").put(
        "/worker/jobs/{job_id}/file",
        worker_files::upload,
        &about::worker::UPLOAD,
    )
}

fn routes_with_small_bodies() -> Routes {
    let service = Routes::below("")
        .get("/health", health::health, &about::service::HEALTH)
        .get("/ready", health::ready, &about::service::READY)
        .get("/metrics", metrics::show, &about::service::METRICS)
        .get(
            "/openapi.json",
            document_page::json,
            &about::service::OPENAPI,
        )
        .get("/docs", document_page::show, &about::service::DOCS)
        .get(
            "/docs/{file}",
            document_page::asset,
            &about::service::DOCS_ASSET,
        );
    Routes::below("/api/v1")
        .post("/auth/register", auth::register, &about::accounts::REGISTER)
        .post("/auth/login", auth::log_in, &about::accounts::LOG_IN)
        .post(
            "/auth/refresh",
            sessions::refresh,
            &about::accounts::REFRESH,
        )
        .post("/auth/logout", sessions::log_out, &about::accounts::LOG_OUT)
        .get("/auth/me", account::me, &about::accounts::ME)
        .put(
            "/auth/profile",
            account::change_profile,
            &about::accounts::CHANGE_PROFILE,
        )
        .put(
            "/auth/password",
            account::change_password,
            &about::accounts::CHANGE_PASSWORD,
        )
        .get("/wallet", wallet::show, &about::wallet::SHOW)
        .get(
            "/wallet/transactions",
            wallet::transactions,
            &about::wallet::TRANSACTIONS,
        )
        .get(
            "/wallet/transactions/{txn_id}",
            wallet::transaction,
            &about::wallet::TRANSACTION,
        )
        .get(
            "/wallet/statistics",
            statistics::show,
            &about::wallet::STATISTICS,
        )
        .post("/wallet/spend", wallet::spend, &about::wallet::SPEND)
        .post(
            "/wallet/transfers",
            wallet::transfer,
            &about::wallet::TRANSFER,
        )
        .get("/jobs", jobs::list, &about::jobs::LIST)
        .post("/jobs", jobs::order, &about::jobs::ORDER)
        .get("/jobs/{job_id}", jobs::show, &about::jobs::SHOW)
        .delete("/jobs/{job_id}", jobs::cancel, &about::jobs::CANCEL)
        .get("/jobs/{job_id}/result", jobs::result, &about::jobs::RESULT)
        .get(
            "/jobs/{job_id}/events",
            job_events::watch,
            &about::jobs::EVENTS,
        )
        .get(
            "/jobs/{job_id}/file",
            job_files::download,
            &about::jobs::FILE,
        )
        .post("/worker/jobs/claim", worker::claim, &about::worker::CLAIM)
        .post(
            "/worker/jobs/{job_id}/heartbeat",
            worker::heartbeat,
            &about::worker::HEARTBEAT,
        )
        .post(
            "/worker/jobs/{job_id}/complete",
            worker::complete,
            &about::worker::COMPLETE,
        )
        .post(
            "/worker/jobs/{job_id}/fail",
            worker::fail,
            &about::worker::FAIL,
        )
        .post("/admin/deposits", admin::deposit, &about::money::DEPOSIT)
        .post("/admin/refunds", admin::refund, &about::money::REFUND)
        .post("/admin/adjustments", admin::adjust, &about::money::ADJUST)
        .get(
            "/admin/ledger/verify",
            admin::ledger::show,
            &about::oversight::LEDGER,
        )
        .get(
            "/admin/schema",
            admin::schema::show,
            &about::oversight::SCHEMA,
        )
        .get(
            "/admin/schema/diagram.svg",
            admin::schema::picture,
            &about::oversight::PICTURE,
        )
        .get(
            "/admin/audit-logs",
            admin::audit_logs::search,
            &about::oversight::AUDIT,
        )
        .get(
            "/admin/audit-logs/export",
            admin::audit_logs::export,
            &about::oversight::EXPORT,
        )
        .get("/admin/users", admin::users::list, &about::users::LIST)
        .get(
            "/admin/users/{user_id}",
            admin::users::show,
            &about::users::SHOW,
        )
        .put(
            "/admin/users/{user_id}/role",
            admin::users::change_role,
            &about::users::CHANGE_ROLE,
        )
        .put(
            "/admin/users/{user_id}/status",
            admin::users::change_status,
            &about::users::CHANGE_STATUS,
        )
        .merge(service)
}

/// The whole API.
pub fn router(app: App, allowed_origins: &[HeaderValue]) -> Router {
    let (api, _) = routes_with_small_bodies().split();
    let (uploads, _) = routes_with_files().split();
    let idle_timeout = app.files.rules.idle_timeout;
    api.layer(RequestBodyDeadlineLayer::new(BODY_TIMEOUT))
        .merge(uploads.layer(RequestBodyTimeoutLayer::new(idle_timeout)))
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
