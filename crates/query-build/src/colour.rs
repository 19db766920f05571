//! Colour in what a build script says.
//!
//! Cargo reads what a script says and passes it on, so no script sees the terminal, and cargo does not tell it whether there
//! is one. Colour is there for whoever asked for it in the environment.

use std::env;
use std::io::{IsTerminal as _, stderr};

use anstyle::{AnsiColor, Style};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const FRAME: Style = AnsiColor::Blue.on_default().bold();
const STRONG: Style = Style::new().bold();

/// Whether there is to be colour: as `CARGO_TERM_COLOR` says, else as `NO_COLOR` or `CLICOLOR_FORCE` do, else on a terminal.
pub(crate) fn is_wanted() -> bool {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    match variable("CARGO_TERM_COLOR").as_str() {
        "always" => return true,
        "never" => return false,
        _ => {}
    }
    if !variable("NO_COLOR").is_empty() {
        return false;
    }
    let forced = variable("CLICOLOR_FORCE");
    (!forced.is_empty() && forced != "0") || stderr().is_terminal()
}

/// The text of problems with colours. Without them it is the same.
pub(crate) fn paint(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(line).collect();
    lines.join("\n")
}

fn line(line: &str) -> String {
    if let Some(message) = line.strip_prefix("error:") {
        return format!("{ERROR}error{ERROR:#}{STRONG}:{message}{STRONG:#}");
    }
    let words = line.trim_start();
    let indent = &line[..line.len() - words.len()];
    if let Some(place) = words.strip_prefix("-->") {
        return format!("{indent}{FRAME}-->{FRAME:#}{place}");
    }
    if let Some((name, said)) = words.strip_prefix("= ").and_then(|it| it.split_once(':')) {
        return format!("{indent}{FRAME}={FRAME:#} {STRONG}{name}{STRONG:#}:{said}");
    }
    let source = words.trim_start_matches(|c: char| c.is_ascii_digit());
    let Some(source) = source.trim_start().strip_prefix('|') else {
        return line.to_owned();
    };
    let gutter = &line[..line.len() - source.len()];
    let is_mark = source.contains('^') && source.chars().all(|c| c == ' ' || c == '^');
    match is_mark {
        true => format!("{FRAME}{gutter}{FRAME:#}{ERROR}{source}{ERROR:#}"),
        false => format!("{FRAME}{gutter}{FRAME:#}{source}"),
    }
}

#[cfg(test)]
mod tests {
    use super::paint;

    const TEXT: &str = "\
error: the column is missing
 --> queries/users.sql:2:8
  |
2 | select nam from users
  |        ^^^
  = help: correct the query
          or add a migration";

    #[test]
    fn what_is_painted_says_the_same() {
        let painted = paint(TEXT);
        let parts: Vec<&str> = painted.split('\u{1b}').collect();
        let plain = parts[1..].iter().map(|part| part.split_once('m'));
        let plain: Option<Vec<&str>> = plain.map(|part| part.map(|(_, text)| text)).collect();
        assert_eq!(plain.map(|parts| parts.concat()), Some(TEXT.to_owned()));
        assert!(parts.len() > 15, "{painted:?}");
    }

    #[test]
    fn the_place_is_red_and_the_source_is_plain() {
        let painted = paint(TEXT);
        assert!(
            painted.contains("|\u{1b}[0m select nam from users\n"),
            "{painted:?}"
        );
        assert!(
            painted.contains("\u{1b}[1m\u{1b}[31m        ^^^\u{1b}[0m"),
            "{painted:?}"
        );
    }
}
