//! Random names and passwords. Nothing here touches a disk.

use crate::Error;

/// 64 random bits as 16 hexadecimal digits: two of them are never the same.
pub(crate) fn random_hex() -> Result<String, Error> {
    let bits = getrandom::u64().map_err(|error| Error::Random {
        message: error.to_string(),
    })?;
    Ok(format!("{bits:016x}"))
}

/// What a value looks like with everything that could be a password taken out.
pub(crate) fn without_password(value: &str) -> String {
    match value.rsplit_once('@') {
        Some((before, after)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            let separator = if scheme.is_empty() { "" } else { "://" };
            // Before a `?`, the `@` may be one of a password among the parameters.
            match before.contains('?') {
                true => format!("{scheme}{separator}…"),
                false => format!("{scheme}{separator}…@{}", without_parameters(after)),
            }
        }
        None => without_parameters(value).to_owned(),
    }
}

/// Query parameters can hold a password (`?password=`) as well.
fn without_parameters(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_survives() {
        for value in [
            "postgres://me:secret@host/db",
            "postgres:/me:secret@host/db",
            "postgres://host/db?user=me&password=secret",
            "postgres://me:sec@ret:secret@host/db",
            "postgres://host/db?user=me&password=is@secret",
            "postgres://me:is?secret@host/db",
        ] {
            assert!(!without_password(value).contains("secret"), "{value}");
        }
        assert_eq!(
            without_password("postgres://me:secret@host/db"),
            "postgres://…@host/db"
        );
        assert_eq!(without_password("/usr/lib/x"), "/usr/lib/x");
    }

    #[test]
    fn random_names_differ() {
        assert_ne!(random_hex().unwrap(), random_hex().unwrap());
    }
}
