//! The editor that a person has chosen: VISUAL, else EDITOR.

use std::path::Path;
use std::process::Command;

use super::CommandError;

/// Opens files, and waits until the editor has ended.
pub(super) fn open(files: &[&Path]) -> Result<(), CommandError> {
    let set = |name| {
        std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())
    };
    let Some(editor) = set("VISUAL").or_else(|| set("EDITOR")) else {
        let files: Vec<String> = files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        return Err(CommandError::NoEditor {
            files: files.join(" "),
        });
    };
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
