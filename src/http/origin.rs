//! Where a request comes from, for the audit log.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::client_address::ClientAddress;
use super::{App, request_log};
use crate::domain::audit::Origin;

impl FromRequestParts<App> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(of(parts, app))
    }
}

/// Address, program and id of a request.
pub(super) fn of(parts: &Parts, app: &App) -> Origin {
    let ClientAddress(ip_address) = ClientAddress::of(parts, app.trusted_proxies);
    let user_agent = parts.headers.get(header::USER_AGENT);
    let user_agent = user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()));
    Origin::new(ip_address, user_agent.as_deref(), request_log::current())
}
