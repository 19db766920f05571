//! An order in which everything comes after what it needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Class;

/// Work in an order, and whether it had to be broken because things need each other.
pub(super) struct Sorted<T> {
    pub(super) order: Vec<T>,
    pub(super) is_broken: bool,
}

/// Sorts `all` so that each comes after its needs; among those that could come next, the one with the least `place`.
/// Needs that are not in `all` are no concern.
pub(super) fn sorted<T: Ord + Clone, P: Ord>(
    all: impl IntoIterator<Item = T>,
    needs: &BTreeMap<T, BTreeSet<T>>,
    place: impl Fn(&T) -> P,
) -> Sorted<T> {
    let all: BTreeSet<T> = all.into_iter().collect();
    let mut waits: BTreeMap<T, usize> = BTreeMap::new();
    let mut wanted_by: BTreeMap<T, Vec<T>> = BTreeMap::new();
    for one in &all {
        let own = needs.get(one).into_iter().flatten();
        let own: Vec<&T> = own
            .filter(|need| *need != one && all.contains(need))
            .collect();
        waits.insert(one.clone(), own.len());
        for need in own {
            wanted_by.entry(need.clone()).or_default().push(one.clone());
        }
    }
    let mut ready: BTreeSet<(P, T)> = BTreeSet::new();
    let is_ready = waits.iter().filter(|(_, waits)| **waits == 0);
    ready.extend(is_ready.map(|(one, _)| (place(one), one.clone())));
    waits.retain(|_, waits| *waits > 0);
    let mut sorted = Sorted {
        order: Vec::with_capacity(all.len()),
        is_broken: false,
    };
    loop {
        let one = match ready.pop_first() {
            Some((_, one)) => one,
            None => {
                // They need each other: the first of them goes on, and whoever runs it will see.
                let next = waits.keys().min_by_key(|one| place(one)).cloned();
                let Some(one) = next else { break };
                waits.remove(&one);
                sorted.is_broken = true;
                one
            }
        };
        for waiting in wanted_by.remove(&one).unwrap_or_default() {
            if let Some(count) = waits.get_mut(&waiting) {
                *count -= 1;
                if *count == 0 {
                    waits.remove(&waiting);
                    ready.insert((place(&waiting), waiting));
                }
            }
        }
        sorted.order.push(one);
    }
    sorted
}

/// The place of a class where needs leave a choice: functions after tables, which their bodies may name, and before
/// indexes, whose expressions may call a function that calls another, of which PostgreSQL knows nothing.
pub(super) fn rank(class: Class) -> u8 {
    match class {
        Class::Schema => 0,
        Class::Extension => 1,
        Class::Collation => 2,
        Class::TextSearchDictionary => 3,
        Class::TextSearchConfiguration => 4,
        Class::Enum => 5,
        Class::Domain => 6,
        Class::CompositeType => 7,
        Class::RangeType => 8,
        Class::Sequence => 9,
        Class::Table => 10,
        Class::Column => 11,
        Class::Function => 12,
        Class::Procedure => 13,
        Class::Aggregate => 14,
        Class::Operator => 15,
        Class::Cast => 16,
        Class::Index => 17,
        Class::Constraint => 18,
        Class::Statistics => 19,
        Class::View => 20,
        Class::MaterializedView => 21,
        Class::Trigger => 22,
        Class::Rule => 23,
        Class::Policy => 24,
        Class::EventTrigger => 25,
        Class::Publication => 26,
        // Beside the order: see `privileges.rs`.
        Class::DefaultPrivileges => 27,
        Class::Other => 28,
    }
}
