//! The statements that lead from one schema to another, in an order in which PostgreSQL takes them.
//!
//! First what is in the way is dropped, in the reverse order of what needs what; then the rest is made and altered, in
//! that order, and gets its owner and its grants at once; at last the types and schemas that nothing uses any more go. The way back is the same function with its
//! arguments exchanged. What has to happen to each object is decided in `generate/plan.rs`, how that is written in
//! `making.rs`, `altering.rs` and `dropping.rs`, and the order is made in `order.rs`.
//!
//! Whether the statements do what they should is not known here: whoever uses them runs them, and compares.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, Class, Key, without_last};

mod altering;
mod column;
mod comment;
mod conversion;
mod dropping;
mod hazard;
mod index;
mod kinship;
mod links;
mod lossless;
mod making;
mod order;
mod plan;
mod privileges;
mod renaming;
mod sequence;
mod spread;
mod table;
mod text;
mod text_search;
mod types;
mod unique;
mod warning;

#[cfg(feature = "lint")]
pub(crate) use hazard::may_differ_by_row;
pub use hazard::{Hazard, LockMode};
use plan::{Fate, Plan};
pub use renaming::{Renamed, renames};
pub(crate) use text::items;

/// A statement on the way from one schema to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// The statement, with its semicolon.
    pub sql: String,
    /// Whether it has to run outside of a transaction, or should, because it would hold its locks for too long.
    pub outside_transaction: bool,
    /// The data that is lost by it, in words.
    pub loses_data: Option<String>,
    /// What it does to those who use the tables meanwhile.
    pub hazards: Vec<Hazard>,
    /// What a person should know before it runs.
    pub warning: Option<String>,
}

impl Step {
    fn new(sql: impl Into<String>) -> Self {
        let mut sql = sql.into();
        if !sql.ends_with(';') {
            sql.push(';');
        }
        Self {
            sql,
            ..Self::default()
        }
    }

    fn outside(mut self) -> Self {
        self.outside_transaction = true;
        self
    }

    fn losing(mut self, what: impl Into<String>) -> Self {
        self.loses_data = Some(what.into());
        self
    }

    /// What a person should know before it runs, a sentence each, without what is lost.
    pub fn dangers(&self) -> impl Iterator<Item = String> {
        let of_hazards = self.hazards.iter().filter_map(Hazard::danger);
        self.warning.clone().into_iter().chain(of_hazards)
    }

    /// What a person should know, as comments of SQL: what is lost, and what is dangerous.
    #[must_use]
    pub fn remarks(&self) -> String {
        let lost = self
            .loses_data
            .iter()
            .map(|what| remark("Data is lost", what));
        let dangers = self.dangers().map(|danger| remark("Take care", &danger));
        lost.chain(dangers).collect()
    }

    /// What it does to others, and that it is outside of a transaction, as comments of SQL.
    #[must_use]
    pub fn effects(&self) -> String {
        let locks = self
            .hazards
            .iter()
            .map(|hazard| remark("Locks", &hazard.to_string()));
        let outside = self
            .outside_transaction
            .then(|| "-- Outside of a transaction.\n".to_owned());
        locks.chain(outside).collect()
    }

    /// For a moment, and for everybody.
    fn locking(mut self, relation: &str) -> Self {
        self.hazards.push(Hazard {
            relation: relation.to_owned(),
            lock: LockMode::AccessExclusive,
            scans: false,
            rewrites: false,
        });
        self
    }

    fn warning(mut self, warning: impl Into<String>) -> Self {
        self.warning = Some(warning.into());
        self
    }
}

/// A sentence as a comment. A name in it may have a line break, behind which it would be SQL.
fn remark(kind: &str, what: &str) -> String {
    let what: String = what
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    format!("-- {kind}: {what}.\n")
}

/// The statements that lead from `found` to `wanted`.
#[must_use]
pub fn steps(found: &Catalog, wanted: &Catalog) -> Vec<Step> {
    if found.scope.privileges != wanted.scope.privileges {
        // Of one of them it is not known.
        return steps(&found.without_privileges(), &wanted.without_privileges());
    }
    let plan = Plan::new(found, wanted);
    // Labels first: they need nothing that comes, and nothing is missing yet when they are committed.
    let (mut steps, mut rest): (Vec<Step>, Vec<Step>) = making_and_altering(&plan)
        .into_iter()
        .partition(adds_label_outside);
    steps.extend(dropping::early(&plan));
    // What else runs outside of a transaction comes last: none of it needs a type that goes.
    let inside = rest.iter().rposition(|step| !step.outside_transaction);
    let outside = rest.split_off(inside.map_or(0, |last| last + 1));
    steps.extend(rest);
    steps.extend(privileges::of_defaults(&plan));
    steps.extend(dropping::late(&plan));
    steps.extend(outside);
    warning::of_lookalikes(&plan, &mut steps);
    hazard::mark(&plan, &mut steps);
    steps
}

fn adds_label_outside(step: &Step) -> bool {
    step.outside_transaction
        && step.sql.starts_with("alter type ")
        && step.sql.contains(" add value ")
}

/// A piece of work in the second part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    /// The object is made, or altered.
    Do(Key),
    /// What has to come later: its validation, its owner.
    Finish(Key),
    /// It gets its owner and its grants, as soon as it can: what fails later must not leave it open to everybody, or
    /// closed to those who use it.
    Protect(Key),
}

fn making_and_altering(plan: &Plan<'_>) -> Vec<Step> {
    let mut written: BTreeMap<Work, Vec<Step>> = BTreeMap::new();
    let mut needs: BTreeMap<Work, BTreeSet<Work>> = BTreeMap::new();
    for (key, fate) in plan.fates() {
        let (first, later) = match fate {
            Fate::Make | Fate::Remake => making::make(plan, key),
            Fate::Alter => altering::alter(plan, key),
            Fate::Drop => continue,
        };
        let work = Work::Do(key.clone());
        if !later.is_empty() {
            let finish = Work::Finish(key.clone());
            let mut after: BTreeSet<Work> = [work.clone()].into();
            if key.class == Class::Sequence {
                let owner = plan.wanted_fact(key, "owned by");
                after.extend(owner.map(|name| Work::Do(plan.carrier(&text::column(name)))));
            }
            if key.class == Class::Table {
                let before = plan.before_link(key).into_iter();
                let before = before.flat_map(|key| [Work::Do(key.clone()), Work::Finish(key)]);
                after.extend(before.filter(|work| *work != finish));
            }
            needs.insert(finish.clone(), after);
            written.insert(finish, later);
        }
        let carrier = Work::Do(plan.carrier(key));
        let own = plan.needs_when_made(key);
        let own = own.map(|need| Work::Do(plan.carrier(need)));
        // What inherits it comes after.
        let parents = Plan::of_parents(plan.wanted, key).into_iter();
        let parents = parents.map(|parent| Work::Do(plan.carrier(&parent)));
        let of_type = plan.followed_type(without_last(&key.name)).map(Work::Do);
        let own: BTreeSet<Work> = own.chain(parents).chain(of_type).collect();
        needs.entry(carrier.clone()).or_default().extend(own);
        if carrier == work {
            written.entry(work).or_default().extend(first);
        }
    }
    for (key, steps) in privileges::of_objects(plan) {
        let is_outside = |work: &Work| written.get(work).is_some_and(|steps| is_outside(steps));
        let after = privileges::after(plan, &key, is_outside);
        needs.insert(Work::Protect(key.clone()), after);
        written.insert(Work::Protect(key), steps);
    }
    for (work, needs) in &mut needs {
        needs.remove(work);
    }
    let place = |work: &Work| {
        let (Work::Do(key) | Work::Finish(key) | Work::Protect(key)) = work;
        let steps = written.get(work).map_or(&[][..], Vec::as_slice);
        let stage = match (work, is_outside(steps), key.class) {
            (Work::Protect(_), ..) => 0,
            // What others of the same run may need.
            (_, true, Class::Enum) => 1,
            (_, false, _) => 2,
            // So that there are few changes between inside and outside.
            (_, true, _) => 3,
        };
        // What a domain has to hold is said before tables have it in their arrays.
        let owner = match key.class {
            Class::Constraint => plan::owner(plan.wanted, key).map(|owner| owner.class),
            _ => None,
        };
        let class = owner.filter(|class| *class == Class::Domain);
        (
            stage,
            order::rank(class.unwrap_or(key.class)),
            plan.position(key),
            work.clone(),
        )
    };
    let all: Vec<Work> = needs.keys().chain(written.keys()).cloned().collect();
    let mut steps = Vec::new();
    for work in order::sorted(all, &needs, place).order {
        steps.extend(written.remove(&work).unwrap_or_default());
    }
    before_functions(plan, steps)
}

fn is_outside(steps: &[Step]) -> bool {
    steps.iter().any(|step| step.outside_transaction)
}

/// The body of a function may name what is made after it, and PostgreSQL would look.
fn before_functions(plan: &Plan<'_>, steps: Vec<Step>) -> Vec<Step> {
    let makes = |classes: &[Class]| {
        let mut fates = plan.fates();
        fates.any(|(key, fate)| classes.contains(&key.class) && *fate != Fate::Drop)
    };
    let functions = makes(&[Class::Function, Class::Procedure]);
    let relations = makes(&[
        Class::Table,
        Class::Column,
        Class::View,
        Class::MaterializedView,
        Class::Sequence,
    ]);
    let several = plan
        .fates()
        .filter(|(key, _)| matches!(key.class, Class::Function | Class::Procedure))
        .count();
    let mut off = functions && (relations || several > 1);
    let mut all = Vec::with_capacity(steps.len() + 1);
    for step in steps {
        let is_function = ["create function", "create or replace function"]
            .iter()
            .chain(&["create procedure", "create or replace procedure"])
            .any(|start| step.sql.starts_with(start));
        if off && is_function {
            all.push(Step::new("set local check_function_bodies = off"));
            off = false;
        }
        all.push(step);
    }
    all
}
