//! Where log lines go and what they look like: standard error, as text or JSON.
//!
//! Only events of `tracing` arrive here. The crate `log` is not bridged, and must not be: tokio-postgres logs the
//! parameters of statements with it.

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{LogFormat, LogSettings};

/// Sends the program's events to standard error from now on.
pub(super) fn start(settings: &LogSettings) {
    start_with(settings, &[]);
}

/// As [`start`], without what the migrator logs: a command on migrations says that itself, for a person.
pub(super) fn start_for_migrations(settings: &LogSettings) {
    start_with(settings, &["revisions=off"]);
}

fn start_with(settings: &LogSettings, directives: &[&str]) {
    let mut filter = EnvFilter::try_new(&settings.level).unwrap_or_else(|_| EnvFilter::new("info"));
    for directive in directives.iter().filter_map(|text| text.parse().ok()) {
        filter = filter.add_directive(directive);
    }
    if settings.debug
        && let Ok(directive) = "divine_whispers=debug".parse()
    {
        filter = filter.add_directive(directive);
    }
    let subscriber = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Text => subscriber
            .with_ansi(use_colour())
            .with_target(false)
            .try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    // Only a second call in one process can fail, and then the first one stands.
    drop(started);
}

/// <https://no-color.org>
fn use_colour() -> bool {
    use std::io::IsTerminal as _;
    std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
