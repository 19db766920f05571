//! The life of a server: migrate, listen, serve, and end without cutting a request short.

pub mod connections;
pub mod housekeeping;
pub mod job_events;
pub mod sealer;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::{join, join5};
use revisions::{DatabaseUrl, Migrator, Revisions, Startup};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{MigrationSettings, Settings};
use crate::db::{ConnectionBudget, Database};
use crate::domain::jobs::files::{Files, PlaceError, settle};
use crate::domain::jobs::waiting::Arrivals;
use crate::domain::passwords::Hasher;
use crate::http::{App, TokenSigner, router};
use crate::migrations::REVISIONS;
use crate::private_postgres::Source;
use crate::storage::Storage;
use crate::worker::{self, Crew, Work, keep_house, pass_on};

/// How long the storage of files may take to say which one it is, before a program starts without knowing.
const STORAGE_PATIENCE: Duration = Duration::from_secs(5);

/// Migrates, then serves until SIGINT or SIGTERM. The version is for the metrics.
///
/// # Errors
/// If the schema cannot be brought up to date, or the address is taken.
pub async fn serve(
    settings: &Settings,
    source: &Source,
    secret_key: &SecretString,
    version: &str,
) -> anyhow::Result<()> {
    // Before the schema is touched: a port that is taken ends it here.
    let (host, port) = (settings.server.host.as_str(), settings.server.port);
    let listener = TcpListener::bind((host, port)).await.with_context(|| {
        format!("cannot listen on {host}:{port}; another HOST or PORT may be free")
    })?;
    if settings.migrations.on_startup {
        migrate(&settings.migrations, &source.url).await?;
    }
    let db = Database::new(&source.url, &settings.database, source.budget)?;
    let files = files(settings, db.clone()).await?;
    let app = App {
        files,
        db,
        hasher: Hasher::default(),
        tokens: TokenSigner::new(secret_key, settings.auth.access_token_lifetime),
        sessions: settings.auth.sessions,
        welcome_points: settings.wallets.welcome_points,
        jobs: Arc::new(settings.jobs.clone()),
        arrivals: Arrivals::default(),
        trusted_proxies: settings.server.trusted_proxies,
        revision_ids: Revisions::embedded(REVISIONS)?
            .iter()
            .map(|revision| revision.id())
            .collect(),
        shutdown: CancellationToken::new(),
    };
    app.db.metrics().set_version(version);
    let router = router(app.clone(), &settings.server.allowed_origins);
    // Before anybody is told that we serve: from then on a signal must not cut a request short.
    let signals = Signals::listen().context("cannot listen for signals")?;
    tracing::info!("serving on http://{}", listener.local_addr()?);
    let housekeeper =
        housekeeping::keep_house(app.db.clone(), housekeeping::REST, app.shutdown.clone());
    let housekeeper = tokio::spawn(housekeeper);
    let sealer = settings.audit.seal_interval.map(|interval| {
        let (db, shutdown) = (app.db.clone(), app.shutdown.clone());
        tokio::spawn(sealer::seal_regularly(db, interval, shutdown))
    });
    tokio::select! {
        _ = join5(
            connections::serve(listener, router, settings.storage.rules.idle_timeout, &app.shutdown),
            work_beside(settings, &app),
            pass_on_notices(source, app.db.clone(), app.arrivals.clone(), app.shutdown.clone()),
            keep_house(app.files.clone(), settings.jobs.policy, settings.jobs.rescue_interval, app.shutdown.clone()),
            job_events::look_for_events(app.db.clone(), settings.jobs.poll_interval, app.shutdown.clone()),
        ) => {}
        () = end_on_signal(signals, &app.shutdown, settings.server.shutdown_timeout) => {}
    }
    app.db.close();
    housekeeper.abort();
    if let Some(sealer) = sealer {
        sealer.abort();
    }
    tracing::info!("ended");
    Ok(())
}

/// The workers of a server, if it has any.
async fn work_beside(settings: &Settings, app: &App) {
    if settings.jobs.run_workers {
        worker::run(crew(
            settings,
            app.files.clone(),
            app.arrivals.clone(),
            app.shutdown.clone(),
        ))
        .await;
    }
}

/// Migrates, then works on jobs and does nothing else, until SIGINT or SIGTERM.
///
/// # Errors
/// If the schema cannot be brought up to date.
pub async fn work(settings: &Settings, source: &Source) -> anyhow::Result<()> {
    if settings.migrations.on_startup {
        migrate(&settings.migrations, &source.url).await?;
    }
    let db = Database::new(&source.url, &settings.database, source.budget)?;
    let shutdown = CancellationToken::new();
    let signals = Signals::listen().context("cannot listen for signals")?;
    let arrivals = Arrivals::default();
    let files = files(settings, db.clone()).await?;
    let crew = crew(settings, files, arrivals.clone(), shutdown.clone());
    tracing::info!(
        "working on jobs: {}",
        crew.kinds
            .iter()
            .map(|kind| kind.job_type())
            .collect::<Vec<_>>()
            .join(", ")
    );
    tokio::select! {
        _ = join(
            worker::run(crew),
            pass_on_notices(source, db.clone(), arrivals, shutdown.clone()),
        ) => {}
        () = end_on_signal(signals, &shutdown, settings.server.shutdown_timeout) => {}
    }
    db.close();
    tracing::info!("ended");
    Ok(())
}

/// Nothing where the one connection is needed for other things.
async fn pass_on_notices(
    source: &Source,
    db: Database,
    arrivals: Arrivals,
    shutdown: CancellationToken,
) {
    if source.budget == ConnectionBudget::AsConfigured {
        pass_on(db, source.url.clone(), arrivals, shutdown).await;
    }
}

/// The storage of files of results, with the database that knows of them.
async fn files(settings: &Settings, db: Database) -> anyhow::Result<Files> {
    let storage = Storage::open(&settings.storage.location)?;
    let files = Files::new(db, storage, settings.storage.rules.clone());
    let settled = tokio::time::timeout(STORAGE_PATIENCE, settle(&files)).await;
    match settled.unwrap_or(Err(PlaceError::Silent(STORAGE_PATIENCE))) {
        Ok(()) => {}
        // A storage that is away keeps nobody from ordering; and somebody else may migrate, perhaps later. Uploads, removals and
        // workers look again.
        Err(error) if may_be_found_out_later(settings, &error) => {
            tracing::warn!(%error, "whether files of results are kept in the right place is not known yet");
        }
        Err(error) => {
            return Err(error).context("files of results cannot be kept where they are to be");
        }
    }
    Ok(files)
}

fn may_be_found_out_later(settings: &Settings, error: &PlaceError) -> bool {
    match error {
        PlaceError::Database(_) => !settings.migrations.on_startup,
        error => !error.is_final(),
    }
}

fn crew(
    settings: &Settings,
    files: Files,
    arrivals: Arrivals,
    shutdown: CancellationToken,
) -> Crew {
    Crew {
        work: Work {
            db: files.db.clone(),
            files,
        },
        kinds: worker::kinds(),
        settings: Arc::new(settings.jobs.clone()),
        arrivals,
        shutdown,
        // What is left of the time is for giving back what is not finished.
        grace: settings.server.shutdown_timeout.mul_f64(0.8),
    }
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
        // Ahead of this program; the migrator has warned of it.
        _ => {}
    }
    Ok(())
}

/// Begins the end at the first signal; returns when requests have had their time, or at the second signal.
async fn end_on_signal(mut signals: Signals, shutdown: &CancellationToken, timeout: Duration) {
    signals.next().await;
    tracing::info!(
        "ending: what runs finishes, new requests are refused; a second signal ends at once"
    );
    shutdown.cancel();
    tokio::select! {
        () = tokio::time::sleep(timeout) => tracing::warn!("not everything finished in {timeout:?}"),
        () = signals.next() => tracing::warn!("a second signal: ending at once"),
    }
}

/// SIGINT (Ctrl-C) and SIGTERM, from the moment this is made.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "Ctrl-C cannot be listened for");
            std::future::pending().await
        }
    }
}
