//! `openapi`: prints the OpenAPI document. It asks for no settings and no database.

use std::io::Write as _;

use crate::http;

/// Prints it.
pub(super) fn run() -> anyhow::Result<()> {
    std::io::stdout()
        .lock()
        .write_all(http::document().as_bytes())?;
    Ok(())
}
