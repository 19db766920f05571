//! The same database for programs of PostgreSQL's own, which read variables.

use std::time::Duration;

use tokio_postgres::config::{Host, TargetSessionAttrs};

use super::DatabaseUrl;
use super::tls::Mode;

impl DatabaseUrl {
    /// The variables of libpq that lead to this database. One of them is the password. Others that are set, `PGSERVICE`
    /// among them, may lead elsewhere: whoever runs a program with these takes all `PG…` away first.
    ///
    /// Source: PostgreSQL documentation, "Environment Variables" of libpq.
    #[must_use]
    pub fn libpq_variables(&self) -> Vec<(&'static str, String)> {
        let config = &self.config;
        let hosts = config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        let ports = config.get_ports().iter().map(u16::to_string);
        let list = |items: Vec<String>| (!items.is_empty()).then(|| items.join(","));
        let password = config
            .get_password()
            .map(|password| String::from_utf8_lossy(password).into_owned());
        let addresses = config.get_hostaddrs().iter().map(ToString::to_string);
        let session = match config.get_target_session_attrs() {
            TargetSessionAttrs::ReadWrite => Some("read-write".to_owned()),
            TargetSessionAttrs::ReadOnly => Some("read-only".to_owned()),
            _ => None,
        };
        let connect_timeout = config.get_connect_timeout().map(Duration::as_secs);
        let mode = self.tls.mode;
        let verifies = matches!(mode, Mode::VerifyCa | Mode::VerifyFull);
        // Without a file, the certificates of the system count here, and libpq would look for its own.
        let system = || (mode == Mode::VerifyFull).then(|| "system".to_owned());
        let certificates = self.tls.root_certificates.clone().or_else(system);
        let variables = [
            ("PGHOST", list(hosts.collect())),
            ("PGHOSTADDR", list(addresses.collect())),
            ("PGPORT", list(ports.collect())),
            ("PGTARGETSESSIONATTRS", session),
            (
                "PGCONNECT_TIMEOUT",
                connect_timeout.map(|seconds| seconds.to_string()),
            ),
            ("PGUSER", config.get_user().map(str::to_owned)),
            ("PGPASSWORD", password),
            ("PGDATABASE", config.get_dbname().map(str::to_owned)),
            ("PGSSLMODE", Some(mode.name().to_owned())),
            ("PGSSLROOTCERT", certificates.filter(|_| verifies)),
            ("PGOPTIONS", config.get_options().map(str::to_owned)),
        ];
        let given = |(name, value): (&'static str, Option<String>)| Some((name, value?));
        variables.into_iter().filter_map(given).collect()
    }
}
