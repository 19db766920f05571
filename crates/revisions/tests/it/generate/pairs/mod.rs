//! Pairs of schemas made up at random: whatever two have, a way leads from the one to the other, and back, and there is
//! nothing to do at its end.
//!
//! `PAIRS` says how many pairs, `PAIRS_SEED` which; both are told when one fails. What a schema is put together from is in
//! `schema.rs`, the pieces are in `pieces/` and `tables/`, a pair is tried in `way.rs`, made smaller when it fails in
//! `smaller.rs`, and `coverage.rs` knows what has been tried.

mod coverage;
mod pieces;
mod schema;
mod smaller;
mod tables;
mod way;

use std::str::FromStr;
use std::sync::{Arc, Mutex};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::support::{Database, column, needs_many_connections};
use coverage::Coverage;
use schema::{Pair, pairs};
use way::{Failure, Worker};

/// How many pairs, if `PAIRS` does not say.
const PAIRS: usize = 300;

/// From how many on all classes have to be among what changes.
const ENOUGH: usize = 300;

/// How many pairs at a time: PostgreSQL does the work, a processor for each connection.
const WORKERS: usize = 4;

/// How many kinds of failures are shown, each made as small as it gets, if `PAIRS_SHOWN` does not say.
const SHOWN: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_way_leads_from_any_schema_to_any_other_and_back() {
    needs_many_connections!();
    let (count, seed) = (setting("PAIRS", PAIRS), setting("PAIRS_SEED", 7_u64));
    let extensions = extensions().await;
    let made = Arc::new(Mutex::new(made_up(count, seed, &extensions)));
    let coverage = Arc::new(Mutex::new(Coverage::default()));
    let mut workers = Vec::new();
    way::prepare().await;
    for _ in 0..WORKERS {
        let (made, coverage) = (made.clone(), coverage.clone());
        workers.push(tokio::spawn(async move {
            let mut worker = Worker::new().await;
            let mut failed: Vec<(Pair, Failure)> = Vec::new();
            loop {
                let Some(pair) = made.lock().unwrap().pop() else {
                    break failed;
                };
                match worker.there_and_back(&pair).await {
                    Ok(differences) => coverage.lock().unwrap().add(&differences),
                    Err(failure) => failed.push((pair, failure)),
                }
            }
        }));
    }
    let mut failed = Vec::new();
    for worker in workers {
        failed.extend(worker.await.unwrap());
    }
    if failed.is_empty() {
        way::clean_up_roles().await;
    } else {
        let told = smaller::told(&failed, setting("PAIRS_SHOWN", SHOWN)).await;
        let number = failed.len();
        panic!("{number} of {count} pairs of the seed {seed} fail.\n\n{told}");
    }
    if count >= ENOUGH {
        // Where the machine has no extension, the pieces with one are left out.
        let has_extensions = extensions.iter().any(|name| name == "citext");
        coverage.lock().unwrap().assert_complete(has_extensions);
    }
}

/// A number of the environment.
fn setting<T: FromStr>(name: &str, default: T) -> T {
    let value = std::env::var(name).ok();
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

/// The names of the extensions that can be made; which they are depends on the machine.
async fn extensions() -> Vec<String> {
    let client = Database::new().await.connect("test").await;
    column(&client, "select name from pg_available_extensions").await
}

fn made_up(count: usize, seed: u64, extensions: &[String]) -> Vec<Pair> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let pairs = pairs(extensions);
    let made = (0..count).map(|_| pairs.new_tree(&mut runner).unwrap().current());
    made.collect()
}
