//! The database of the environment: one variable with a URL, or its parts in several.

use percent_encoding::utf8_percent_encode;

use super::url::{ENCODED, parse};
use super::{DatabaseUrl, UrlError};

/// See [`DatabaseUrl::from_lookup`].
pub(super) fn from_lookup(
    lookup: &impl Fn(&str) -> Option<String>,
) -> Result<Option<DatabaseUrl>, UrlError> {
    match variable("DATABASE_URL", lookup)? {
        Some(url) => Ok(Some(url)),
        None => from_parts(lookup),
    }
}

/// The URL in the variable `name`, if it is set and not empty.
pub(super) fn variable(
    name: &'static str,
    lookup: &impl Fn(&str) -> Option<String>,
) -> Result<Option<DatabaseUrl>, UrlError> {
    let Some(text) = lookup(name).filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    let named = |error| UrlError::Variable {
        name,
        error: Box::new(error),
    };
    parse(&text).map(Some).map_err(named)
}

fn from_parts(lookup: &impl Fn(&str) -> Option<String>) -> Result<Option<DatabaseUrl>, UrlError> {
    let part = |name| lookup(name).filter(|value: &String| !value.is_empty());
    let (host, user, database) = (part("DB_HOST"), part("DB_USER"), part("DB_NAME"));
    if host.is_none() && user.is_none() && database.is_none() {
        return Ok(None);
    }
    let missing = |name| {
        UrlError::Part {
        name,
        problem: "is not set, and other DB_ variables are\n  = help: set DB_HOST, DB_USER, DB_PASSWORD and DB_NAME, or DATABASE_URL instead".to_owned(),
    }
    };
    let user = user.ok_or_else(|| missing("DB_USER"))?;
    let database = database.ok_or_else(|| missing("DB_NAME"))?;
    let port = part("DB_PORT").unwrap_or_else(|| "5432".to_owned());
    if !matches!(port.trim().parse::<u16>(), Ok(1..)) {
        let problem = format!("has to be a number from 1 to 65535, not `{port}`");
        return Err(UrlError::Part {
            name: "DB_PORT",
            problem,
        });
    }
    let host = host.unwrap_or_else(|| "localhost".to_owned());
    let encode = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let password = part("DB_PASSWORD")
        .map(|text| format!(":{}", encode(&text)))
        .unwrap_or_default();
    // An IPv6 address has to be in brackets.
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        encode(&host)
    };
    let text = format!(
        "postgresql://{}{password}@{host}:{}/{}",
        encode(&user),
        port.trim(),
        encode(&database)
    );
    parse(&text).map(Some)
}
