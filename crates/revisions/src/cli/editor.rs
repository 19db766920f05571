//! The editor that a person has chosen: VISUAL, else EDITOR.

use std::path::Path;
use std::process::Command;

use super::CommandError;

/// The command of the editor, which may have arguments in it. `instead` is what to do without one.
pub(super) fn chosen(instead: impl FnOnce() -> String) -> Result<String, CommandError> {
    let set = |name| {
        std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())
    };
    let editor = set("VISUAL").or_else(|| set("EDITOR"));
    editor.ok_or_else(|| CommandError::NoEditor { instead: instead() })
}

/// Opens files, and waits until the editor has ended.
pub(super) fn open(editor: String, files: &[&Path]) -> Result<(), CommandError> {
    let status = command(&editor, files).status();
    let problem = match status {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    Err(CommandError::Editor { editor, problem })
}

/// As git does: the variable may have arguments in it, so a shell reads it.
fn command(editor: &str, files: &[&Path]) -> Command {
    if cfg!(windows) {
        let mut words = editor.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).args(files);
        return command;
    }
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{editor} \"$@\""))
        .arg(editor)
        .args(files);
    command
}
