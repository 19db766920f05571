//! Clients that work at the same time, from the same moment on, for a slice of time. What they do is not known here.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Barrier;

/// One client's part in a slice of time: wait for the start, then work while it lasts.
pub struct Shift {
    start: Arc<Barrier>,
    slice: Duration,
    end: Option<Instant>,
    done: u64,
}

impl Shift {
    /// Waits until every client is ready.
    pub async fn begin(&mut self) {
        self.start.wait().await;
        self.end = Some(Instant::now() + self.slice);
    }

    /// Whether there is time for another piece of work.
    pub fn lasts(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() < end)
    }

    /// One piece of work is done.
    pub fn count(&mut self) {
        self.done += 1;
    }
}

/// Gives every client a shift, which it gives back at the end; returns how many pieces of work all of them did
/// together, and how many a second.
///
/// # Errors
/// The first error of a client.
pub async fn at_once<Client>(
    clients: usize,
    slice: Duration,
    mut client: impl FnMut(Shift) -> Client,
) -> anyhow::Result<(u64, f64)>
where
    Client: Future<Output = anyhow::Result<Shift>> + Send + 'static,
{
    let start = Arc::new(Barrier::new(clients + 1));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        tasks.spawn(client(Shift {
            start: Arc::clone(&start),
            slice,
            end: None,
            done: 0,
        }));
    }
    start.wait().await;
    let started = Instant::now();
    let mut done = 0;
    while let Some(shift) = tasks.join_next().await {
        done += shift??.done;
    }
    Ok((done, done as f64 / started.elapsed().as_secs_f64()))
}
