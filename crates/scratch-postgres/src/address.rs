//! Where a server listens, and the URLs that lead there. Nothing here connects.

use std::fmt::Write as _;
use std::path::PathBuf;

/// A way to a server, without the name of a database.
#[derive(Clone)]
pub(crate) enum Address {
    /// The directory of a Unix socket called `.s.PGSQL.5432`; no password.
    Socket(PathBuf),
    /// A port on this machine.
    #[cfg_attr(unix, allow(dead_code, reason = "for systems without Unix sockets"))]
    Port {
        /// On 127.0.0.1.
        port: u16,
        /// Empty: none is asked for.
        password: String,
    },
    /// A URL that somebody gave, in three parts: up to the database, and the parameters with their `?`.
    Url { before: String, parameters: String },
}

/// The superuser of every server that is started here.
pub(crate) const USER: &str = "postgres";

/// The port that gives the socket its name.
pub(crate) const SOCKET_PORT: u16 = 5432;

/// The file name of the socket.
pub(crate) const SOCKET_NAME: &str = ".s.PGSQL.5432";

impl Address {
    /// The URL of one database.
    pub(crate) fn url(&self, database: &str) -> String {
        let database = percent_encode(database);
        match self {
            Self::Socket(directory) => format!(
                "postgresql://{USER}@/{database}?host={}&port={SOCKET_PORT}&sslmode=disable",
                percent_encode(&directory.to_string_lossy())
            ),
            Self::Port { port, password } => {
                let password = match password.as_str() {
                    "" => String::new(),
                    password => format!(":{password}"),
                };
                format!("postgresql://{USER}{password}@127.0.0.1:{port}/{database}?sslmode=disable")
            }
            Self::Url { before, parameters } => format!("{before}/{database}{parameters}"),
        }
    }

    /// Whether something listens there.
    pub(crate) fn answers(&self) -> bool {
        match self {
            #[cfg(unix)]
            Self::Socket(directory) => {
                std::os::unix::net::UnixStream::connect(directory.join(SOCKET_NAME)).is_ok()
            }
            #[cfg(not(unix))]
            Self::Socket(_) => false,
            Self::Port { port, .. } => {
                std::net::TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, *port)).is_ok()
            }
            Self::Url { .. } => true,
        }
    }

    /// Takes a URL apart so that another database can be put into it; gives back its own database, too.
    pub(crate) fn of_url(url: &str) -> (Self, Option<String>) {
        let authority_start = url.find("://").map_or(0, |at| at + 3);
        let (path_part, query) = match url.split_once('?') {
            Some((path, query)) => (path, query),
            None => (url, ""),
        };
        let path_at = path_part[authority_start.min(path_part.len())..]
            .find('/')
            .map_or(path_part.len(), |at| authority_start + at);
        let (before, path) = path_part.split_at(path_at);
        let mut database = Some(path.trim_start_matches('/').to_owned()).filter(|n| !n.is_empty());
        let kept: Vec<&str> = query
            .split('&')
            .filter(|parameter| match parameter.strip_prefix("dbname=") {
                Some(name) => {
                    database = Some(name.to_owned());
                    false
                }
                None => !parameter.is_empty(),
            })
            .collect();
        let parameters = match kept.is_empty() {
            true => String::new(),
            false => format!("?{}", kept.join("&")),
        };
        let before = before.to_owned();
        (Self::Url { before, parameters }, database)
    }
}

/// Percent-encodes what has a meaning in a URL; a slash has none after the `?`, and stays readable.
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_postgres::config::Host;

    #[test]
    fn a_socket_url_is_what_tokio_postgres_understands() {
        let address = Address::Socket(PathBuf::from("/tmp/a b&c/ü"));
        let config: tokio_postgres::Config = address.url("my db?").parse().unwrap();
        assert_eq!(config.get_hosts(), [Host::Unix("/tmp/a b&c/ü".into())]);
        assert_eq!(config.get_dbname(), Some("my db?"));
        assert_eq!(config.get_user(), Some("postgres"));
    }

    #[test]
    fn a_port_url_holds_its_password() {
        let address = Address::Port {
            port: 4711,
            password: "abc".into(),
        };
        let config: tokio_postgres::Config = address.url("x").parse().unwrap();
        assert_eq!(config.get_ports(), [4711]);
        assert_eq!(config.get_password(), Some(&b"abc"[..]));
    }

    #[test]
    fn another_database_is_put_into_any_url() {
        for (url, own, changed) in [
            ("postgres://u:p@h:1/db", Some("db"), "postgres://u:p@h:1/x"),
            ("postgres://u:p@h:1", None, "postgres://u:p@h:1/x"),
            ("postgres://h/?user=u", None, "postgres://h/x?user=u"),
            (
                "postgresql:///db?host=/run/a&user=u",
                Some("db"),
                "postgresql:///x?host=/run/a&user=u",
            ),
            (
                "postgres://h?dbname=q&user=u",
                Some("q"),
                "postgres://h/x?user=u",
            ),
        ] {
            let (address, database) = Address::of_url(url);
            assert_eq!(database.as_deref(), own, "{url}");
            assert_eq!(address.url("x"), changed, "{url}");
        }
    }
}
