//! Ours means what Alembic means: beside its recorded answers, and beside a model of its documentation. Where ours
//! differs on purpose is in `difference.rs`, and nowhere else.

mod command;
mod difference;
mod generated;
mod graph;
mod model;
mod recorded;

use std::collections::BTreeMap;

use revisions::TargetError::{self, *};

use command::Kind;
use difference::Difference;

#[test]
fn ours_leads_where_alembic_leads_or_a_difference_says_why_not() {
    let mut needed: BTreeMap<Difference, usize> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for (graph, operations) in recorded::cases() {
        let revisions = graph.revisions();
        for operation in operations {
            let command = operation.command(&graph);
            let ours = command.ours(&revisions).ok();
            let theirs = operation.answer.as_ref().map_err(String::as_str);
            if ours.as_ref() == theirs.ok() {
                continue;
            }
            let excuses =
                |difference: &Difference| difference.excuses(&command, ours.as_ref(), theirs);
            let reasons: Vec<Difference> = Difference::ALL.into_iter().filter(excuses).collect();
            match reasons[..] {
                [reason] => *needed.entry(reason).or_default() += 1,
                _ => unexplained.push(format!(
                    "{command}: {ours:?}, Alembic: {theirs:?}; {reasons:?}"
                )),
            }
        }
    }
    assert!(
        unexplained.is_empty(),
        "one reason each:\n{}",
        unexplained.join("\n")
    );
    let idle = Difference::ALL
        .into_iter()
        .filter(|it| !needed.contains_key(it));
    assert_eq!(
        idle.collect::<Vec<_>>(),
        [],
        "never needed; needed: {needed:?}"
    );
}

/// With a branch in the name it is a matter of order which of several reasons is said.
#[test]
fn a_refusal_without_a_branch_has_the_reason_that_alembic_has() {
    let mut compared = 0;
    let mut others = Vec::new();
    for (graph, operations) in recorded::cases() {
        let revisions = graph.revisions();
        for operation in operations {
            let command = operation.command(&graph);
            let (Err(ours), Err(theirs)) = (command.ours(&revisions), &operation.answer) else {
                continue;
            };
            let several = command.graph.tips(&command.applied).len() > 1;
            let not_compared = command.kind == Kind::Stamp
                || command.name().branch.is_some()
                || Difference::is_read_otherwise(command.name())
                || theirs.starts_with("crash: ")
                || (several && matches!(ours, SeveralCurrent { .. }));
            if !not_compared {
                compared += 1;
                if !is_same_reason(&ours, theirs) {
                    others.push(format!("{command}: {ours}, Alembic: {theirs}"));
                }
            }
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
    assert!(compared > 200, "only {compared}");
}

fn is_same_reason(ours: &TargetError, theirs: &str) -> bool {
    match theirs {
        "ResolutionError" => matches!(ours, Unknown(_) | Ambiguous { .. }),
        "MultipleHeads" => matches!(ours, SeveralHeads { .. } | Several { .. }),
        "RangeNotAncestorError" => matches!(ours, NotApplied { .. }),
        "RevisionError: Ambiguous walk" => matches!(ours, SeveralWays { .. }),
        "RevisionError: Ambiguous upgrade from" => matches!(ours, SeveralCurrent { .. }),
        "RevisionError: Walked too far" => matches!(ours, TooFar { .. }),
        _ if theirs.starts_with("RevisionError: Relative revision") => {
            matches!(ours, TooFar { .. } | WrongDirection { .. })
        }
        _ => false,
    }
}
