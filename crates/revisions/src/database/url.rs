//! URLs taken apart. Nothing here reads the environment, and nothing connects.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::tls::{Mode, Settings};
use super::{DatabaseUrl, UrlError};

/// All but letters, digits and what never means anything in a URL.
pub(super) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Without `connect_timeout`, a host that swallows packets would be waited for until the system gives up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Parameters of libpq and its kin that change nothing here.
const HARMLESS: [&str; 5] = [
    "gssencmode",
    "sslcompression",
    "sslsni",
    "fallback_application_name",
    "prepared_statement_cache_size",
];

/// See [`DatabaseUrl::parse`].
pub(super) fn parse(text: &str) -> Result<DatabaseUrl, UrlError> {
    let (driver, rest) = without_scheme(text.trim())?;
    let (authority, tail) = split_authority(rest)?;
    let (path, parameters) = match tail.split_once('?') {
        Some((path, parameters)) => (path, parameters),
        None => (tail, ""),
    };
    let mut tls = Wanted::default();
    let mut kept = Vec::new();
    for parameter in parameters
        .split('&')
        .filter(|parameter| !parameter.is_empty())
    {
        if let Some(parameter) = take_parameter(parameter, driver, &mut tls)? {
            kept.push(parameter);
        }
    }
    let tls = tls.settings()?;
    let query = if kept.is_empty() {
        String::new()
    } else {
        format!("?{}", kept.join("&"))
    };
    let plain = format!("postgresql://{authority}{path}{query}");
    let mut config: Config = plain.parse().map_err(|error| bad_config(&error))?;
    complete(&mut config);
    let through_socket = config
        .get_hosts()
        .iter()
        .all(|host| !matches!(host, Host::Tcp(_)));
    config.ssl_mode(if through_socket {
        SslMode::Disable
    } else {
        tls.mode.config()
    });
    let text = format!("postgresql://{rest}");
    Ok(DatabaseUrl { text, config, tls })
}

/// The driver that SQLAlchemy's schemes name, and what follows `://`.
fn without_scheme(text: &str) -> Result<(Option<&str>, &str), UrlError> {
    let found = || UrlError::Scheme {
        // Without `://` the text may be a password that was put in the wrong place: it is not shown.
        found: match text.split_once("://") {
            Some((scheme, _)) => format!("begins with `{scheme}://`"),
            None if text.is_empty() => "is empty".to_owned(),
            None => "has no `://`".to_owned(),
        },
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(found)?;
    let (name, driver) = match scheme.split_once('+') {
        Some((name, driver)) => (name, Some(driver)),
        None => (scheme, None),
    };
    match name {
        "postgres" | "postgresql" => Ok((driver, rest)),
        _ => Err(found()),
    }
}

/// `user:password@host:port`, and the rest. What a person forgot to encode is found by what it breaks.
fn split_authority(rest: &str) -> Result<(&str, &str), UrlError> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let unencoded = |problem| Err(UrlError::Unencoded { problem });
    let path = tail.split('?').next().unwrap_or_default();
    if authority.contains('@') {
        if authority.matches('@').count() > 1 {
            return unencoded("there is more than one `@`");
        }
    } else if path.contains('@') || (tail.contains('@') && authority.contains(':')) {
        // What looks like a port may be the beginning of a password, so nothing of the rest may be shown.
        return unencoded("there is a `/`, `?` or `#` before the `@`");
    }
    if tail.contains('#') {
        return unencoded("there is a `#`");
    }
    let (credentials, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    if !is_percent_encoded(credentials) {
        return unencoded("there is a `%` that is not followed by two hexadecimal digits");
    }
    if credentials.contains(char::is_whitespace) {
        return unencoded("there is a blank");
    }
    if percent_decode_str(credentials.split(':').next().unwrap_or_default())
        .decode_utf8()
        .is_err()
    {
        return unencoded("the user is not UTF-8 when decoded");
    }
    for host in hosts.split(',').filter(|_| !hosts.is_empty()) {
        check_host(host)?;
    }
    Ok((authority, tail))
}

fn check_host(host: &str) -> Result<(), UrlError> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (name, after) = rest.split_once(']').ok_or_else(|| UrlError::Host {
                problem: "an IPv6 address is not closed with `]`".to_owned(),
            })?;
            (name, after.strip_prefix(':'))
        }
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    if !is_percent_encoded(name) {
        return Err(UrlError::Host {
            problem: "the host has a `%` that encodes nothing".to_owned(),
        });
    }
    match port {
        Some(port) if !matches!(port.parse::<u16>(), Ok(1..)) => Err(UrlError::Host {
            problem: "a port has to be a number from 1 to 65535; if what is before the `@` is a \
                      password, its signs have to be percent-encoded"
                .to_owned(),
        }),
        _ => Ok(()),
    }
}

fn is_percent_encoded(text: &str) -> bool {
    let mut pieces = text.split('%');
    pieces.next();
    pieces.all(|piece| {
        piece
            .get(..2)
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    })
}

/// What the parameters say about TLS.
#[derive(Default)]
struct Wanted {
    mode: Option<Mode>,
    root_certificates: Option<String>,
}

impl Wanted {
    /// As libpq: anybody can have a certificate of an authority that the system trusts, so with
    /// `sslrootcert=system` only the check of the name proves something.
    fn settings(self) -> Result<Settings, UrlError> {
        let system = self.root_certificates.as_deref() == Some("system");
        let mode = match self.mode {
            None if system => Mode::VerifyFull,
            None => Mode::default(),
            Some(mode) if system && mode != Mode::VerifyFull => {
                let problem = "cannot be `system` with a weaker mode than `sslmode=verify-full`";
                return Err(UrlError::Parameter {
                    name: "sslrootcert".to_owned(),
                    problem: problem.to_owned(),
                });
            }
            Some(mode) => mode,
        };
        Ok(Settings {
            mode,
            root_certificates: self.root_certificates,
        })
    }
}

/// Takes what is ours out of the parameters; what is tokio-postgres's is given back.
fn take_parameter<'p>(
    parameter: &'p str,
    driver: Option<&str>,
    tls: &mut Wanted,
) -> Result<Option<&'p str>, UrlError> {
    let wrong = |name: &str, problem: String| UrlError::Parameter {
        name: name.to_owned(),
        problem,
    };
    let (name, value) = parameter
        .split_once('=')
        .ok_or_else(|| wrong(parameter, "has no value: write `name=value`".to_owned()))?;
    let value = percent_decode_str(value)
        .decode_utf8()
        .map_err(|_| wrong(name, "is not UTF-8 when decoded".to_owned()))?;
    match name {
        "sslmode" => tls.mode = Some(Mode::parse(&value).map_err(|problem| wrong(name, problem))?),
        // asyncpg's name for it, in the URLs of SQLAlchemy.
        "ssl" if driver.is_some() => {
            let mode = match &*value {
                "true" | "True" | "1" => "require",
                "false" | "False" | "0" => "disable",
                other => other,
            };
            tls.mode = Some(Mode::parse(mode).map_err(|problem| wrong(name, problem))?);
        }
        "sslrootcert" => tls.root_certificates = Some(value.into_owned()),
        "client_encoding"
            if value.eq_ignore_ascii_case("utf8") || value.eq_ignore_ascii_case("utf-8") => {}
        _ if HARMLESS.contains(&name) => {}
        _ => {
            check_parameter(name, &value)?;
            return Ok(Some(parameter));
        }
    }
    Ok(None)
}

/// Asks tokio-postgres about one parameter alone, so that the message can name it.
fn check_parameter(name: &str, value: &str) -> Result<(), UrlError> {
    let alone = format!(
        "postgresql:///?{}={}",
        utf8_percent_encode(name, ENCODED),
        utf8_percent_encode(value, ENCODED)
    );
    match alone.parse::<Config>() {
        Ok(_) => Ok(()),
        Err(error) => {
            let cause = std::error::Error::source(&error)
                .map(ToString::to_string)
                .unwrap_or_default();
            let problem = if cause.starts_with("unknown option") {
                "is not known here: remove it".to_owned()
            } else if name == "password" {
                "has a value that cannot be".to_owned()
            } else {
                format!("cannot be `{value}`")
            };
            Err(UrlError::Parameter {
                name: name.to_owned(),
                problem,
            })
        }
    }
}

/// What is left for tokio-postgres to refuse, in its words (which never have the password).
fn bad_config(error: &tokio_postgres::Error) -> UrlError {
    let cause = std::error::Error::source(error)
        .map(ToString::to_string)
        .unwrap_or_default();
    UrlError::Host {
        problem: format!("the URL cannot be understood: {cause}"),
    }
}

/// The host as libpq fills it in, so that there always is one. The user is filled in by tokio-postgres.
fn complete(config: &mut Config) {
    if config.get_hosts().is_empty() {
        // With addresses only, TLS has their numbers for names.
        let addresses = config.get_hostaddrs().to_vec();
        if addresses.is_empty() {
            config.host("localhost");
        }
        for address in addresses {
            config.host(address.to_string());
        }
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
}
