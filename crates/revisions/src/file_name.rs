//! The names of migration files: which are migrations, which are down scripts, which are neither, and which are
//! misspelt.
//!
//! Source: `refinery-core` 0.10, `util.rs`: `^([U|V])(\d+(?:\.\d+)?)__(\w+)\.sql$`. Its class `[U|V]` lets a
//! bar through and then panics, and its versions with a point fail later: both are refused here.

/// What a file in a directory of migrations is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// `U20251122090000__initial_schema.sql`.
    Up(Name),
    /// `U20251122090000__initial_schema.down.sql`; the name is that of the script that it undoes.
    Down(Name),
    /// Looks like a migration, but its name is wrong: why, and how it should be.
    Misnamed(String),
    /// Something else, which refinery skips too: `schema.sql`, `README.md`.
    Other,
}

/// The parts of a migration's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) id: i64,
    /// The file name without `.sql` and `.down.sql`: what refinery parses.
    pub(crate) stem: String,
}

/// How a name has to be, for messages.
const PATTERN: &str =
    "`U<digits>__<name>.sql` or `V<digits>__<name>.sql`, the name of letters, digits and `_`";

/// What the file called `name` (without its directory) is.
pub(crate) fn classify(name: &str) -> FileKind {
    let lower = name.to_lowercase();
    if !lower.ends_with(".sql") || !looks_like_a_migration(&lower) {
        return FileKind::Other;
    }
    let Some(stem) = name.strip_suffix(".sql") else {
        return FileKind::Misnamed("the ending has to be `.sql`, in small letters".to_owned());
    };
    let (stem, down) = match stem.strip_suffix(".down") {
        Some(stem) => (stem, true),
        None => (stem, false),
    };
    match parse_stem(stem) {
        Ok(name) if down => FileKind::Down(name),
        Ok(name) => FileKind::Up(name),
        Err(why) => FileKind::Misnamed(why),
    }
}

/// Whether somebody who wrote this (lower-case) name of a `.sql` file meant a migration: it starts with a version,
/// with or without its letter, or has the two underscores, or says that it goes down.
fn looks_like_a_migration(name: &str) -> bool {
    let after_letter = name.strip_prefix(['u', 'v', '|']).unwrap_or(name);
    let visible = !name.starts_with('.');
    visible
        && (after_letter.starts_with(|c: char| c.is_numeric())
            || name.contains("__")
            || name.ends_with(".down.sql"))
}

fn parse_stem(stem: &str) -> Result<Name, String> {
    let Some(rest) = stem.strip_prefix(['U', 'V']) else {
        return Err(format!(
            "it has to start with a capital `U` or `V`: {PATTERN}"
        ));
    };
    let Some((digits, name)) = rest.split_once("__") else {
        return Err(format!(
            "two underscores have to follow the version: {PATTERN}"
        ));
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!(
            "the version `{digits}` has to be digits only: {PATTERN}"
        ));
    }
    let id: i64 = digits
        .parse()
        .map_err(|_| format!("the version {digits} is larger than {}", i64::MAX))?;
    if let Some(wrong) = name.chars().find(|&c| !(c.is_alphanumeric() || c == '_')) {
        return Err(format!("the name must not contain `{wrong}`: {PATTERN}"));
    }
    if name.is_empty() {
        return Err(format!(
            "a name has to follow the two underscores: {PATTERN}"
        ));
    }
    Ok(Name {
        id,
        stem: stem.to_owned(),
    })
}
