//! Workers inside the program: the kinds of jobs that it can do itself, one file each, and the loop that does them.
//!
//! What a claim is and what refuses a worker's word is in `domain/jobs/lease.rs`; workers of other languages do the same
//! over HTTP.

mod attempt;
mod claimable;
mod housekeeping;
mod notices;
mod pace;
mod runner;
mod wallet_statement;

use futures_util::future::BoxFuture;

pub use housekeeping::keep_house;
pub use notices::pass_on;
pub use runner::{Crew, run};
pub use wallet_statement::WalletStatement;

use crate::db::Database;
use crate::domain::jobs::files::Files;
use crate::domain::jobs::lease::{ClaimedJob, Output};

/// A kind of job that this program can do.
pub trait Kind: Send + Sync {
    /// Its name, as it is ordered.
    fn job_type(&self) -> &'static str;

    /// Whether its results are files: then it is not claimed while this process takes none.
    fn needs_files(&self) -> bool {
        false
    }

    /// Does one job. It may be dropped at any await and done again later: it changes nothing that cannot be done twice.
    fn run<'a>(
        &'a self,
        work: &'a Work,
        job: &'a ClaimedJob,
    ) -> BoxFuture<'a, Result<Output, Failure>>;
}

/// What a kind can reach.
#[derive(Clone)]
pub struct Work {
    /// The database.
    pub db: Database,
    /// Where files of results go.
    pub files: Files,
}

/// Why a job was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    reason: String,
    may_retry: bool,
}

impl Failure {
    /// Another attempt may help.
    pub fn for_now(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            may_retry: true,
        }
    }

    /// It will fail however often it is tried.
    pub fn for_good(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            may_retry: false,
        }
    }
}

/// The kinds that this program comes with.
pub fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(WalletStatement)]
}
