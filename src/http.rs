//! The HTTP API: what comes in is checked and handed to the domain, what comes out is JSON or a problem.
//!
//! [`router`] shows every route on one screen; each resource has a file. No rule of the business and no
//! query lives here.

mod account;
mod admin;
mod auth;
mod byte_range;
mod client_address;
mod document;
mod error;
mod extract;
mod health;
mod identity;
mod job_events;
mod job_files;
mod jobs;
mod metrics;
mod moment;
mod origin;
mod page;
mod request_log;
mod router;
mod sessions;
mod statistics;
mod token;
mod transaction_body;
mod validate;
mod wallet;
mod whole;
mod worker;
mod worker_files;

use std::sync::Arc;

pub use client_address::{ClientAddress, PeerAddress};
pub use document::document;
pub use router::router;
pub use token::TokenSigner;
use tokio_util::sync::CancellationToken;

use crate::config::JobSettings;
use crate::db::Database;
use crate::domain::jobs::files::Files;
use crate::domain::jobs::waiting::Arrivals;
use crate::domain::passwords::Hasher;
use crate::domain::sessions::SessionRules;

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Database,
    /// Hashes and checks passwords.
    pub hasher: Hasher,
    /// Signs and checks access tokens.
    pub tokens: TokenSigner,
    /// What sessions are allowed, and how often passwords may be tried.
    pub sessions: SessionRules,
    /// What a new wallet starts with.
    pub welcome_points: i64,
    /// Which jobs are on offer, and what they live by.
    pub jobs: Arc<JobSettings>,
    /// The files of their results.
    pub files: Files,
    /// Wakes those in this process who wait for jobs.
    pub arrivals: Arrivals,
    /// How many proxies of our own stand before the server.
    pub trusted_proxies: usize,
    /// The revisions that this program was built with; the schema must have them to be ready.
    pub revision_ids: Arc<[i64]>,
    /// Cancelled when the end has begun.
    pub shutdown: CancellationToken,
}
