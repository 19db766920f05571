//! Pairs that fail are made as small as they get, so that a person sees why.

use std::collections::BTreeMap;

use super::schema::{Pair, Schema};
use super::way::{Failure, Worker};

/// What failed, each kind of it once, the first of them made small.
pub async fn told(failed: &[(Pair, Failure)], shown: usize) -> String {
    let mut kinds: BTreeMap<String, Vec<&(Pair, Failure)>> = BTreeMap::new();
    for one in failed {
        kinds.entry(one.1.what.clone()).or_default().push(one);
    }
    let mut told: Vec<String> = kinds
        .iter()
        .map(|(what, all)| {
            let first = all[0].1.told.lines().next().unwrap_or_default();
            format!("{} × {what}: {first}", all.len())
        })
        .collect();
    let made_small = kinds.values().take(shown).map(|all| {
        // The one with the fewest pieces is the fastest.
        let least = all
            .iter()
            .min_by_key(|(pair, _)| pair.before.0.len() + pair.after.0.len());
        let one: (Pair, Failure) = (*least.unwrap_or(&all[0])).clone();
        tokio::spawn(async move { smaller(&mut Worker::new().await, one).await })
    });
    let made_small: Vec<_> = made_small.collect();
    for one in made_small {
        let (pair, failure) = one.await.unwrap();
        told.push(format!(
            "--- {}\n{}\n\n--- before\n{}\n--- after\n{}\n--- steps\n{}",
            failure.what,
            failure.told,
            pair.before.sql(),
            pair.after.sql(),
            failure.steps
        ));
    }
    told.join("\n")
}

/// Leaves out pieces, many at once and then one by one, as long as the same thing fails.
async fn smaller(worker: &mut Worker, mut one: (Pair, Failure)) -> (Pair, Failure) {
    let mut count = 16;
    loop {
        let mut is_smaller = false;
        for candidate in candidates(&one.0, count) {
            if let Err(failure) = worker.there_and_back(&candidate).await
                && failure.what == one.1.what
            {
                one = (candidate, failure);
                is_smaller = true;
                break;
            }
        }
        match (is_smaller, count) {
            (true, _) => {}
            (false, 1) => return one,
            (false, _) => count /= 2,
        }
    }
}

/// Pairs that are smaller by so many pieces; in the end, also those that differ less.
fn candidates(pair: &Pair, count: usize) -> Vec<Pair> {
    let mut names: Vec<&str> = Vec::new();
    for piece in pair.before.0.iter().chain(&pair.after.0) {
        if !names.contains(&piece.name.as_str()) {
            names.push(&piece.name);
        }
    }
    let mut candidates = Vec::new();
    for names in names.chunks(count) {
        candidates.push(Pair {
            before: pair.before.without(names),
            after: pair.after.without(names),
        });
    }
    for name in names.iter().filter(|_| count == 1) {
        candidates.push(Pair {
            before: pair.before.clone(),
            after: like(&pair.after, &pair.before, name),
        });
        candidates.push(Pair {
            before: pair.before.without(&[name]),
            after: pair.after.clone(),
        });
        candidates.push(Pair {
            before: pair.before.clone(),
            after: pair.after.without(&[name]),
        });
    }
    candidates.retain(|candidate| candidate != pair);
    candidates
}

/// A schema with a piece as another has it.
fn like(schema: &Schema, other: &Schema, name: &str) -> Schema {
    let taken = other.0.iter().find(|piece| piece.name == name);
    let pieces = schema.0.iter().map(|piece| match taken {
        Some(taken) if taken.name == piece.name => taken.clone(),
        _ => piece.clone(),
    });
    Schema::of(pieces)
}
