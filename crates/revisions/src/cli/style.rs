//! Colours, which a terminal shows and everything else is spared: `print` takes them out where there is none, or
//! where NO_COLOR is set.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A revision id.
pub(super) fn id(text: impl Display) -> String {
    styled(AnsiColor::Yellow.on_default(), text)
}

/// What is as it should be: a head, an applied revision.
pub(super) fn good(text: impl Display) -> String {
    styled(AnsiColor::Green.on_default(), text)
}

/// Where the database is.
pub(super) fn here(text: impl Display) -> String {
    styled(AnsiColor::Cyan.on_default().bold(), text)
}

/// What somebody should look at.
pub(super) fn alarm(text: impl Display) -> String {
    styled(AnsiColor::Red.on_default().bold(), text)
}

/// What is beside the point.
pub(super) fn aside(text: impl Display) -> String {
    styled(Style::new().dimmed(), text)
}

/// What somebody should know.
pub(super) fn notable(text: impl Display) -> String {
    styled(AnsiColor::Yellow.on_default().bold(), text)
}
