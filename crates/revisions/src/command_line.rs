//! A command as it is typed in a shell, for messages that say what to do.

use std::path::Path;

/// The words of a command with the directory of the migrations at its end, if it has to be named, all between backquotes:
/// `` `cargo db merge 1 2 --dir other` ``.
#[must_use]
pub fn command_line(program: &str, arguments: &str, dir: Option<&Path>) -> String {
    let mut words = vec![program.to_owned(), arguments.to_owned()];
    if let Some(dir) = dir {
        words.extend(["--dir".to_owned(), quoted(&dir.to_string_lossy())]);
    }
    format!("`{}`", words.join(" "))
}

/// As a shell takes it for one word.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/\\:._-+@%,".contains(c);
    match path.chars().all(plain) {
        // A backslash is a separator of directories on Windows only.
        true if cfg!(windows) || !path.contains('\\') => path.to_owned(),
        _ if cfg!(windows) => format!("\"{path}\""),
        _ => format!("'{}'", path.replace('\'', "'\\''")),
    }
}
