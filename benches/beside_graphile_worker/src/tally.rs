//! Counts jobs that run, and knows when all have. What they do is not known here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::{Notify, mpsc};

/// Cheap to clone; clones share it.
#[derive(Debug, Clone)]
pub struct Tally(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    left: AtomicU64,
    is_done: Notify,
    starts: Option<mpsc::UnboundedSender<Instant>>,
}

impl Tally {
    /// Waits for so many jobs.
    pub fn of(jobs: u64) -> Self {
        Self::new(jobs, None)
    }

    /// Tells of each job when it started, and of no end.
    pub fn of_starts() -> (Self, mpsc::UnboundedReceiver<Instant>) {
        let (tell, starts) = mpsc::unbounded_channel();
        (Self::new(u64::MAX, Some(tell)), starts)
    }

    fn new(jobs: u64, starts: Option<mpsc::UnboundedSender<Instant>>) -> Self {
        Self(Arc::new(Shared {
            left: AtomicU64::new(jobs),
            is_done: Notify::new(),
            starts,
        }))
    }

    /// A job runs.
    pub fn count(&self) {
        if let Some(starts) = &self.0.starts {
            // Nobody listens any more at the end.
            let _ = starts.send(Instant::now());
        }
        if self.0.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.is_done.notify_one();
        }
    }

    /// Waits until all have run.
    pub async fn done(&self) {
        self.0.is_done.notified().await;
    }
}
