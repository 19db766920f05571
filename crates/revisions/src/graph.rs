//! From single revisions to an order in which they can be applied: parents filled in, cycles and missing parents
//! refused. Nothing here reads files or knows a database.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use crate::header::Key;
use crate::read::ReadError;
use crate::revision::Revision;
use crate::source_error::{Location, SourceError};

/// Puts `revisions`, which come in the order of their versions, into an order that can be applied: each after its
/// parents and after what it depends on, and else in the order of the versions.
pub(crate) fn order(mut revisions: Vec<Revision>) -> Result<Vec<Revision>, ReadError> {
    fill_in_parents(&mut revisions);
    let ids: BTreeSet<i64> = revisions.iter().map(Revision::id).collect();
    let mut errors = Vec::new();
    for revision in &revisions {
        refuse_missing(revision, &ids, &mut errors);
    }
    refuse_same_labels(&revisions, &mut errors);
    if let Some(error) = ReadError::of_all(errors) {
        return Err(error);
    }
    let order = sorted(&revisions)?;
    let newer = revisions.iter().filter_map(refuse_newer_parents);
    if let Some(error) = ReadError::of_all(newer.collect()) {
        return Err(error);
    }
    let mut by_id: HashMap<i64, Revision> = revisions
        .into_iter()
        .map(|revision| (revision.id(), revision))
        .collect();
    Ok(order.iter().filter_map(|id| by_id.remove(id)).collect())
}

/// Without a `revises` line, the parent is the revision before it in the order of the versions.
fn fill_in_parents(revisions: &mut [Revision]) {
    let mut before = None;
    for revision in revisions {
        let default = || before.into_iter().collect();
        revision.parents = revision.headers.revises.clone().unwrap_or_else(default);
        before = Some(revision.id());
    }
}

fn refuse_missing(revision: &Revision, ids: &BTreeSet<i64>, errors: &mut Vec<ReadError>) {
    let named = [
        (Key::Revises, revision.parents.as_slice()),
        (Key::DependsOn, revision.headers.depends_on.as_slice()),
    ];
    for (key, needed) in named {
        for id in needed {
            let (message, help) = if *id == revision.id() {
                let message = format!("the revision {id} cannot need itself");
                (message, "name the revision before it")
            } else if !ids.contains(id) {
                let message = format!("there is no revision {id}");
                (message, "name one that is there, or bring back its file")
            } else {
                continue;
            };
            errors.push(at_header(revision, key, *id, message, help));
        }
    }
}

/// Versions are times of creation: a child that is older than its parent would be applied out of order by
/// refinery, which goes by version alone.
fn refuse_newer_parents(revision: &Revision) -> Option<ReadError> {
    let id = revision.id();
    let parent = revision.parents.iter().find(|&&parent| parent > id)?;
    let message = format!("the revision {id} is older than its parent {parent}");
    let help = "rename the file: the version of a child is larger than that of its parent";
    Some(at_header(revision, Key::Revises, *parent, message, help))
}

/// An error of an id in the header, where that stands.
fn at_header(revision: &Revision, key: Key, id: i64, message: String, help: &str) -> ReadError {
    let error = match revision.headers.line_of(key) {
        Some(line) => {
            let location = Location::of_part(revision.up(), line, &id.to_string());
            SourceError::at(revision.path(), location, message)
        }
        None => SourceError::of_file(revision.path(), message),
    };
    ReadError::Header(Box::new(error.remedy(help)))
}

fn refuse_same_labels(revisions: &[Revision], errors: &mut Vec<ReadError>) {
    let mut labels = BTreeMap::new();
    for revision in revisions {
        let Some(label) = &revision.headers.branch else {
            continue;
        };
        if let Some(first) = labels.insert(label, revision.path()) {
            errors.push(ReadError::DuplicateLabel {
                label: label.clone(),
                first: first.to_owned(),
                second: revision.path().to_owned(),
            });
        }
    }
}

/// Kahn's algorithm; of those that could be next, the one with the smallest version.
fn sorted(revisions: &[Revision]) -> Result<Vec<i64>, ReadError> {
    let mut waits_for: HashMap<i64, BTreeSet<i64>> = revisions
        .iter()
        .map(|revision| (revision.id(), revision.needs().collect()))
        .collect();
    let mut needed_by: HashMap<i64, Vec<i64>> = HashMap::new();
    for (id, needs) in &waits_for {
        for need in needs {
            needed_by.entry(*need).or_default().push(*id);
        }
    }
    let mut ready: BinaryHeap<Reverse<i64>> = waits_for
        .iter()
        .filter(|(_, needs)| needs.is_empty())
        .map(|(id, _)| Reverse(*id))
        .collect();
    let mut order = Vec::with_capacity(revisions.len());
    while let Some(Reverse(id)) = ready.pop() {
        order.push(id);
        waits_for.remove(&id);
        for next in needed_by.remove(&id).unwrap_or_default() {
            if let Some(needs) = waits_for.get_mut(&next) {
                needs.remove(&id);
                if needs.is_empty() {
                    ready.push(Reverse(next));
                }
            }
        }
    }
    if waits_for.is_empty() {
        Ok(order)
    } else {
        Err(cycle(revisions, &waits_for))
    }
}

/// Every revision that is left waits for another one that is left: walking on from any of them runs into a cycle.
fn cycle(revisions: &[Revision], waits_for: &HashMap<i64, BTreeSet<i64>>) -> ReadError {
    let mut path: Vec<i64> = Vec::new();
    let mut next = waits_for.keys().copied().min();
    while let Some(id) = next {
        if let Some(start) = path.iter().position(|&seen| seen == id) {
            path.drain(..start);
            break;
        }
        path.push(id);
        next = waits_for.get(&id).and_then(|needs| needs.first().copied());
    }
    let path_of = |id: &i64| {
        let revision = revisions.iter().find(|revision| revision.id() == *id);
        revision.map_or_else(|| id.to_string(), |revision| revision.path().to_owned())
    };
    ReadError::Cycle {
        files: path.iter().map(path_of).collect(),
    }
}
