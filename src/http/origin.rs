//! Where a request comes from, for the audit log.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::request_log;
use crate::domain::audit::Origin;
use crate::server::connections::PeerAddress;

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(of(parts))
    }
}

/// Address, program and id of a request.
pub(super) fn of(parts: &Parts) -> Origin {
    let ip_address = parts.extensions.get::<PeerAddress>().map(|peer| peer.0);
    let user_agent = parts.headers.get(header::USER_AGENT);
    let user_agent = user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()));
    Origin::new(ip_address, user_agent.as_deref(), request_log::current())
}
