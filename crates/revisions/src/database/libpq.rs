//! The same database for programs of PostgreSQL's own, which read variables.

use tokio_postgres::config::Host;

use super::DatabaseUrl;
use super::tls::Mode;

impl DatabaseUrl {
    /// The variables of libpq that lead to this database. One of them is the password.
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
        let mode = self.tls.mode;
        let verifies = matches!(mode, Mode::VerifyCa | Mode::VerifyFull);
        // Without a file, the certificates of the system count here, and libpq would look for its own.
        let system = || (mode == Mode::VerifyFull).then(|| "system".to_owned());
        let certificates = self.tls.root_certificates.clone().or_else(system);
        let variables = [
            ("PGHOST", list(hosts.collect())),
            ("PGPORT", list(ports.collect())),
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
