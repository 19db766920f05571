//! Connecting, and what a failure means.

use std::error::Error as _;
use std::io::{self, ErrorKind};

use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use super::tls::Mode;
use super::{ConnectError, DatabaseUrl};
use crate::migrator::database_message;

/// See [`DatabaseUrl::connect`].
pub(super) async fn connect(
    url: &DatabaseUrl,
    application_name: &str,
) -> Result<Client, ConnectError> {
    let mut config = url.config().clone();
    if config.get_application_name().is_none() {
        config.application_name(application_name);
    }
    let limit = config.get_connect_timeout().copied();
    let connecting = config.connect(url.tls()?);
    // tokio-postgres limits the socket only; a server that accepts and says nothing is waited for here. Each host has
    // its own turn.
    let hosts = u32::try_from(config.get_hosts().len().max(1)).unwrap_or(1);
    let connected = match limit {
        Some(limit) => tokio::time::timeout(limit.saturating_mul(hosts), connecting).await,
        None => Ok(connecting.await),
    };
    let Ok(connected) = connected else {
        let seconds = limit.unwrap_or_default().as_secs();
        return Err(ConnectError::TimedOut {
            hosts: url.hosts(),
            seconds,
        });
    };
    let (client, connection) = connected.map_err(|error| explain(url, error))?;
    tokio::spawn(async move {
        // Whoever uses the client is told as well.
        if let Err(error) = connection.await {
            tracing::debug!("the connection has ended: {error}");
        }
    });
    Ok(client)
}

fn explain(url: &DatabaseUrl, error: Error) -> ConnectError {
    if let Some(code) = error.code().cloned() {
        return refused(url, &code, error);
    }
    let hosts = url.hosts();
    let cause = error.source();
    let io = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    let kind = error.to_string();
    let reason = cause.map_or_else(|| kind.clone(), ToString::to_string);
    if kind.starts_with("error performing TLS handshake") {
        return tls_failed(url, reason);
    }
    match io {
        Some(io) if io.kind() == ErrorKind::TimedOut => {
            let seconds = url
                .config()
                .get_connect_timeout()
                .map_or(0, std::time::Duration::as_secs);
            ConnectError::TimedOut { hosts, seconds }
        }
        Some(io) if io.kind() == ErrorKind::PermissionDenied && io.raw_os_error().is_none() => {
            ConnectError::WrongSession { hosts, reason }
        }
        Some(_) if reason.contains("failed to lookup address") || reason.contains("resolve") => {
            ConnectError::UnknownHost { hosts, reason }
        }
        Some(_) => ConnectError::NoServer { hosts, reason },
        None if kind.starts_with("connection closed") => ConnectError::NoServer {
            hosts,
            reason: "the connection was closed at once".to_owned(),
        },
        None if reason.contains("password missing") || kind.starts_with("authentication error") => {
            ConnectError::Refused {
                hosts,
                user: user(url),
                reason,
            }
        }
        None => ConnectError::Other {
            hosts,
            source: error,
        },
    }
}

fn user(url: &DatabaseUrl) -> String {
    url.config()
        .get_user()
        .unwrap_or("of this program")
        .to_owned()
}

/// PostgreSQL itself said no.
fn refused(url: &DatabaseUrl, code: &SqlState, source: Error) -> ConnectError {
    let hosts = url.hosts();
    let reason = database_message(&source);
    let database = || {
        let config = url.config();
        config
            .get_dbname()
            .or(config.get_user())
            .unwrap_or_default()
            .to_owned()
    };
    match code.code() {
        "28P01" => ConnectError::Refused {
            hosts,
            user: user(url),
            reason,
        },
        // "no pg_hba.conf entry for …, no encryption" and its kin; or a role that does not exist or may not log in.
        "28000" if reason.contains("pg_hba.conf") => {
            let plain =
                reason.contains("no encryption") || url.config().get_ssl_mode() == SslMode::Disable;
            ConnectError::NotLetIn {
                hosts,
                reason,
                plain,
            }
        }
        "28000" => ConnectError::Refused {
            hosts,
            user: user(url),
            reason,
        },
        "3D000" => ConnectError::NoDatabase {
            hosts,
            database: database(),
        },
        "42501" => ConnectError::NoPermission {
            user: user(url),
            database: database(),
            reason,
        },
        "53300" => ConnectError::TooManyConnections { hosts, reason },
        "57P01" | "57P02" | "57P03" => ConnectError::NotReady { hosts, reason },
        _ => ConnectError::Other { hosts, source },
    }
}

fn tls_failed(url: &DatabaseUrl, reason: String) -> ConnectError {
    let hosts = url.hosts();
    let mode = url.tls.mode;
    if reason.contains("does not support TLS") {
        return ConnectError::NoTls {
            hosts,
            mode: mode.name(),
        };
    }
    let help = if reason.contains("UnknownIssuer") {
        "the server's certificate is not signed by one that is trusted: name its authority with `sslrootcert=FILE`"
    } else if reason.contains("CaUsedAsEndEntity") {
        "the server's certificate is made for an authority, not for a server: make it anew, with \
         `openssl req -new -x509 … -addext basicConstraints=critical,CA:FALSE`"
    } else if reason.contains("not valid for name") || reason.contains("NotValidForName") {
        "use the host name that is in the certificate, or `sslmode=verify-ca`"
    } else if reason.contains("Expired") || reason.contains("expired") {
        "renew the server's certificate, and see whether this machine's clock is right"
    } else if mode == Mode::Prefer {
        "the server offers TLS that does not work; `sslmode=disable` is for a network that is trusted"
    } else {
        "see the server's log, and whether its certificate is good"
    };
    ConnectError::Tls {
        hosts,
        reason,
        help,
    }
}
