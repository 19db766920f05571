//! Whether there is colour in what a build script says.
//!
//! Cargo reads what a script says and passes it on, so no script sees the terminal, and cargo does not tell it whether there
//! is one. Colour is there for whoever asked for it in the environment.

use std::env;
use std::io::{IsTerminal as _, stderr};

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
