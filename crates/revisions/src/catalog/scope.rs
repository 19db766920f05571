//! How much of a schema is read: whether its privileges are, and which roles live outside of it. The model says so in
//! the comment block that opens it.

use serde::{Deserialize, Serialize};

use crate::header::line::{KeyLine, key_of};
use crate::source_error::{Location, SourceError};

/// Whether privileges and owners are read, and which roles are taken for granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// `-- privileges: compared`.
    pub privileges: bool,
    /// `-- roles: app, reporting`: the roles that are there before the schema is, as the catalog has their names. An
    /// owner counts if it is one of them, so none does if none is named.
    pub roles: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Privileges,
    Roles,
}

const KEYS: [(Key, &str); 2] = [(Key::Privileges, "privileges"), (Key::Roles, "roles")];

impl Scope {
    /// Reads the comment block that opens a model, the content of `file`.
    ///
    /// # Errors
    ///
    /// For a line whose value cannot be, that is there twice, or whose key is nearly a key.
    pub fn of_model(file: &str, sql: &str) -> Result<Self, Box<SourceError>> {
        let mut scope = Self::default();
        let mut seen = Vec::new();
        for (index, line) in sql.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let Some(comment) = line.strip_prefix("--") else {
                break;
            };
            let refuse = |part: &str, message: String, help: String| {
                let location = Location::of_part(sql, index + 1, part);
                Box::new(SourceError::at(file, location, message).remedy(help))
            };
            let (key, value) = match key_of(comment.trim(), &KEYS) {
                KeyLine::Prose => continue,
                KeyLine::Misspelt { written, meant } => {
                    return Err(refuse(
                        written,
                        format!("`{written}` is not a key of the model"),
                        format!(
                            "write `-- {meant}:`, or reword the comment so that it does not start like a key"
                        ),
                    ));
                }
                KeyLine::Key(key, value) => (key, value),
            };
            if seen.contains(&key) {
                return Err(refuse(
                    comment.trim(),
                    "the same line is there twice".to_owned(),
                    "keep one of the lines".to_owned(),
                ));
            }
            seen.push(key);
            match key {
                Key::Privileges if value == "compared" => scope.privileges = true,
                Key::Privileges => {
                    return Err(refuse(
                        value,
                        format!("`privileges` cannot be `{value}`"),
                        "only `-- privileges: compared` is known; without the line they are left alone"
                            .to_owned(),
                    ));
                }
                Key::Roles => {
                    scope.roles = roles(value).map_err(|help| {
                        refuse(value, format!("`roles` cannot be `{value}`"), help)
                    })?;
                }
            }
        }
        Ok(scope)
    }
}

/// `app, "Reporting"`. Names are as in SQL: in small letters unless they are in quotes.
fn roles(value: &str) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for written in value.split(',').map(str::trim) {
        let quoted = written
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let name = match quoted {
            Some(name) => name.replace("\"\"", "\""),
            None => written.to_lowercase(),
        };
        let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let is_name = !name.is_empty() && (quoted.is_some() || name.chars().all(plain));
        if !is_name {
            return Err(
                "write the names of the roles, separated by commas: `-- roles: app, reporting`"
                    .to_owned(),
            );
        }
        if name == "public" || name.starts_with("pg_") {
            return Err(format!("`{name}` is always there: leave it out"));
        }
        if names.contains(&name) {
            return Err(format!("{name} is named twice"));
        }
        names.push(name);
    }
    Ok(names)
}
