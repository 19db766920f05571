//! When a statement or transaction is tried again, and how long to wait before that.

use std::time::Duration;

use rand::RngExt as _;

use super::DbError;

/// Collisions are tried again this often; past that something is wrong that waiting does not mend.
const MAX_COLLISIONS: u32 = 10;
/// Lost connections are tried again this often: once for the connection, once for a restarting server.
const MAX_LOSSES: u32 = 2;
const FIRST_DELAY_MS: u64 = 2;
const LONGEST_DELAY_MS: u64 = 200;

/// What may be tried again without asking the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Only after failures that changed nothing: collisions, and connections that were not to be had. For changes that
    /// must not be made twice.
    Unchanged,
    /// After lost connections as well. For what can be repeated: reads, and changes that carry an idempotency key,
    /// whose second attempt finds what the first one did.
    Repeatable,
}

impl Retry {
    pub(super) fn attempts(self, name: &'static str) -> Attempts {
        Attempts {
            name,
            retry: self,
            collisions: 0,
            losses: 0,
        }
    }
}

/// How often one statement or transaction has been tried.
pub(super) struct Attempts {
    name: &'static str,
    retry: Retry,
    collisions: u32,
    losses: u32,
}

impl Attempts {
    /// What is tried.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Waits before the next attempt, or gives the error back when there is to be none.
    pub(super) async fn after(&mut self, error: DbError) -> Result<(), DbError> {
        match &error {
            DbError::Collision { .. } | DbError::StalePlan { .. }
                if self.collisions < MAX_COLLISIONS =>
            {
                self.collisions += 1;
            }
            DbError::Unreachable { .. } if self.losses < MAX_LOSSES => self.losses += 1,
            DbError::Lost { .. } if self.retry == Retry::Repeatable && self.losses < MAX_LOSSES => {
                self.losses += 1
            }
            _ => return Err(error),
        }
        let delay = delay_before(self.collisions + self.losses);
        tracing::debug!(query = self.name, %error, ?delay, "trying again");
        tokio::time::sleep(delay).await;
        Ok(())
    }
}

/// Exponential, with full jitter, so that those who collided do not meet again.
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
fn delay_before(attempt: u32) -> Duration {
    let ceiling_ms = FIRST_DELAY_MS
        .saturating_mul(1 << attempt.min(16))
        .min(LONGEST_DELAY_MS);
    Duration::from_micros(rand::rng().random_range(0..=ceiling_ms * 1000))
}
