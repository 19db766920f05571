//! The life of a server: migrate, listen, serve, and end without cutting a request short.

use std::time::Duration;

use anyhow::Context as _;
use revisions::{DatabaseUrl, Migrator, Revisions, Startup};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{MigrationSettings, Settings};
use crate::db::Database;
use crate::domain::passwords::Hasher;
use crate::http::{App, TokenSigner, router};
use crate::migrations::REVISIONS;
use crate::private_postgres::Source;

/// Migrates, then serves until SIGINT or SIGTERM.
///
/// # Errors
/// If the schema cannot be brought up to date, or the address is taken.
pub async fn serve(
    settings: &Settings,
    source: &Source,
    secret_key: &SecretString,
) -> anyhow::Result<()> {
    if settings.migrations.on_startup {
        migrate(&settings.migrations, &source.url).await?;
    }
    let app = App {
        db: Database::new(&source.url, &settings.database, source.budget)?,
        hasher: Hasher::new()?,
        tokens: TokenSigner::new(secret_key, settings.auth.access_token_lifetime),
        welcome_points: settings.wallets.welcome_points,
        revision_ids: Revisions::embedded(REVISIONS)?
            .iter()
            .map(|revision| revision.id())
            .collect(),
        shutdown: CancellationToken::new(),
    };
    let address = settings.server.address;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; another PORT may be free"))?;
    tracing::info!("serving on http://{}", listener.local_addr()?);
    let router = router(app.clone(), &settings.server.allowed_origins);
    let serving = axum::serve(listener, router)
        .with_graceful_shutdown(app.shutdown.clone().cancelled_owned());
    tokio::select! {
        served = serving => served.context("serving failed")?,
        () = end_on_signal(&app.shutdown, settings.server.shutdown_timeout) => {}
    }
    app.db.close();
    tracing::info!("ended");
    Ok(())
}

/// Brings the schema up to date, or finds it newer than this program, which is no reason not to serve.
///
/// # Errors
/// If the database cannot be reached, or a revision cannot be applied.
pub async fn migrate(settings: &MigrationSettings, url: &DatabaseUrl) -> anyhow::Result<()> {
    let embedded =
        Revisions::embedded(REVISIONS).context("the embedded revisions cannot be used")?;
    let url = settings.url.as_ref().unwrap_or(url);
    let mut client = url.connect("divine-whispers migrate").await?;
    let started = Migrator::new(&mut client, &embedded)
        .options(settings.options())
        .on_startup()
        .await?;
    match started {
        Startup::UpToDate => tracing::info!("the schema is up to date"),
        Startup::Upgraded(applied) => {
            tracing::info!("migrated: {} revisions applied", applied.len())
        }
        Startup::Ahead { unknown } => tracing::warn!(
            "the database has {} revisions of a newer release; serving, and leaving the schema as it is",
            unknown.len()
        ),
    }
    Ok(())
}

/// Begins the end at the first signal; returns when requests have had their time, or at the second signal.
async fn end_on_signal(shutdown: &CancellationToken, timeout: Duration) {
    signalled().await;
    tracing::info!(
        "ending: running requests finish, new ones are refused; a second signal ends at once"
    );
    shutdown.cancel();
    tokio::select! {
        () = tokio::time::sleep(timeout) => tracing::warn!("some requests did not finish in {timeout:?}"),
        () = signalled() => tracing::warn!("a second signal: ending at once"),
    }
}

/// Waits for SIGINT (Ctrl-C) or SIGTERM.
async fn signalled() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be listened for");
                drop(interrupt.await);
            }
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
