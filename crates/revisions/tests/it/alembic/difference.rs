//! Where ours answers otherwise than Alembic, on purpose: one variant for each reason, with what exactly it excuses.
//! Nothing that is not in here is excused. Where ours leads somewhere, it has to be where the model says.

use super::command::{Command, Kind, Name};
use super::graph::Ids;
use super::model::{self, find};

/// A reason to answer otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// An exception that Alembic does not mean to raise, as where a merge and a dependency meet in its version table,
    /// or where two stamps want to move the same row.
    Crash,
    /// `upgrade base` does nothing in Alembic. Whoever types it meant `downgrade base`, which is what ours says.
    UpgradeToTheBase,
    /// Alembic takes the first row of its version table, warns, and will refuse in a future release.
    StepsDownFromSeveralHeads,
    /// The merge alone can be undone, which is what the last step says. Alembic looks for the one revision below it.
    LastStepUndoesAMerge,
    /// Nothing has to be undone, so the database is where it should be. Alembic refuses it when the revision is in no
    /// row of its version table, since another one depends on it or the way on was taken on another branch.
    NothingAboveTheTarget,
    /// `LABEL@-1` undoes the end of the branch. Where the branch forks above the label, Alembic looks for the revision
    /// to undo among the ancestors of the label, and finds none.
    StepsDownAboveAFork,
    /// `LABEL@head`, or a part of an id that is unique on the branch, is what it is everywhere. Alembic looks it up
    /// without the branch for a downgrade, for steps up, and for the rows that a stamp replaces.
    BranchNarrowsEveryName,
    /// A branch that there is not, or that the target is not on, is refused as it is by an upgrade. Alembic does not
    /// look at the branch of a downgrade where the way does not fork, or of `BRANCH@base` in an empty database.
    BranchIsLookedAt,
    /// There is nothing below the base. Alembic counts from the heads.
    StepsDownFromTheBase,
    /// Alembic does not know relative names in a stamp, but for `-1` in an empty database, which it counts from the
    /// heads. Ours knows those that say from where.
    RelativeStamp,
    /// Of several revisions to stamp each replaces what it has to do with, and `base` everything. Alembic moves the rows
    /// that belong to any of them to each, so rows are lost, and forgets a `base` among others.
    StampOfSeveral,
    /// `stamp LABEL@ID` replaces what the revision has to do with. If that is a row, Alembic removes the rows of the
    /// branch that lie beside it too; if there is none, it leaves them.
    StampBesideAnotherRow,
    /// Alembic does not read a name to its end: `+1x` is `+1`.
    TextAfterTheSteps,
}

use Difference::*;

impl Difference {
    pub const ALL: [Self; 13] = [
        Crash,
        UpgradeToTheBase,
        StepsDownFromSeveralHeads,
        LastStepUndoesAMerge,
        NothingAboveTheTarget,
        StepsDownAboveAFork,
        BranchNarrowsEveryName,
        BranchIsLookedAt,
        StepsDownFromTheBase,
        RelativeStamp,
        StampOfSeveral,
        StampBesideAnotherRow,
        TextAfterTheSteps,
    ];

    /// Whether this is why ours led to `ours`, and Alembic to `theirs`.
    pub fn excuses(
        self,
        command: &Command<'_>,
        ours: Option<&Ids>,
        theirs: Result<&Ids, &str>,
    ) -> bool {
        ours == model::after(command).as_ref() && self.concerns(command, ours, theirs)
    }

    fn concerns(
        self,
        command: &Command<'_>,
        ours: Option<&Ids>,
        theirs: Result<&Ids, &str>,
    ) -> bool {
        let (name, kind) = (command.name(), command.kind);
        let stays = Some(&command.applied);
        let relative_stamp =
            kind == Kind::Stamp && command.names().iter().any(|name| name.steps.is_some());
        let refused_as = |class: &str| ours.is_some() && theirs.is_err_and(|it| it == class);
        let steps_down = kind == Kind::Downgrade
            && name.symbol.is_none()
            && name.steps.is_some_and(|steps| !steps.up);
        match self {
            Crash => ours.is_some() && theirs.is_err_and(|class| class.starts_with("crash: ")),
            UpgradeToTheBase => {
                let base = name.symbol == Some("base") && name.steps.is_none();
                kind == Kind::Upgrade && base && ours.is_none() && theirs.ok() == stays
            }
            StepsDownFromSeveralHeads => {
                let heads = command.graph.tips(&command.applied);
                let unclear = steps_down && name.branch.is_none() && heads.len() > 1;
                unclear && ours.is_none() && theirs.is_ok()
            }
            LastStepUndoesAMerge => {
                let parents = undone_first(command, ours).map(|id| command.graph.parents(id));
                let merge = parents.is_some_and(|parents| parents.len() > 1);
                steps_down && merge && refused_as("RevisionError: Ambiguous walk")
            }
            NothingAboveTheTarget => {
                let named = kind == Kind::Downgrade && name.symbol.is_some();
                named && ours == stays && refused_as("RangeNotAncestorError")
            }
            StepsDownAboveAFork => {
                let below = undone_first(command, ours).map(|id| command.graph.parents(id));
                let fork = |id: &i64| command.graph.children(*id).len() > 1;
                let forks = below.is_some_and(|below| below.iter().all(fork));
                let refused = refused_as("RevisionError: Not a valid");
                steps_down && name.branch.is_some() && forks && refused
            }
            BranchNarrowsEveryName => {
                let refused = refused_as("ResolutionError") || refused_as("MultipleHeads");
                !relative_stamp
                    && refused
                    && command.names().iter().any(|name| narrowed(command, *name))
            }
            BranchIsLookedAt => {
                let looked_at = command.names().iter().any(|name| astray(command, *name));
                kind != Kind::Upgrade
                    && !relative_stamp
                    && looked_at
                    && ours.is_none()
                    && theirs.is_ok()
            }
            StepsDownFromTheBase => {
                kind != Kind::Stamp && is_below_the_base(name) && ours.is_none() && theirs.is_ok()
            }
            RelativeStamp => {
                let counted = refused_as("ResolutionError") || (ours.is_none() && theirs.is_ok());
                relative_stamp && counted
            }
            StampOfSeveral => {
                let heads = name.symbol == Some("heads") && command.graph.heads().len() > 1;
                let several = heads || command.names().len() > 1;
                kind == Kind::Stamp && several && ours.is_some() && theirs.is_ok()
            }
            StampBesideAnotherRow => {
                let one = command.names().len() == 1 && name.branch.is_some();
                let (Some(ours), Ok(theirs)) = (ours, theirs) else {
                    return false;
                };
                let lost = &(&command.graph.tips(&command.applied) & ours) - theirs;
                let beside = one && name.symbol != Some("heads") && theirs.is_subset(ours);
                kind == Kind::Stamp && beside && !lost.is_empty()
            }
            TextAfterTheSteps => has_text_after_the_steps(name) && ours.is_none() && theirs.is_ok(),
        }
    }

    /// Whether Alembic reads something else in a name than ours does, so that each has reasons of its own to refuse it.
    pub fn is_read_otherwise(name: Name<'_>) -> bool {
        is_below_the_base(name) || has_text_after_the_steps(name)
    }
}

/// `base-1`.
fn is_below_the_base(name: Name<'_>) -> bool {
    name.symbol == Some("base") && name.steps.is_some_and(|steps| !steps.up)
}

/// `+1x`.
fn has_text_after_the_steps(name: Name<'_>) -> bool {
    let symbol = name.symbol.unwrap_or_default();
    let after = symbol.rsplit(['+', '-']).next().unwrap_or_default();
    after.len() < symbol.len() && after.starts_with(|c: char| c.is_ascii_digit())
}

/// The lowest of the revisions that were undone, on which all others of them stand.
fn undone_first(command: &Command<'_>, after: Option<&Ids>) -> Option<i64> {
    (&command.applied - after?).first().copied()
}

/// Whether a name means something only because of its branch.
fn narrowed(command: &Command<'_>, name: Name<'_>) -> bool {
    let (Some(_), Some(symbol)) = (name.branch, name.symbol) else {
        return false;
    };
    match symbol {
        "base" => false,
        "head" | "heads" => command.graph.heads().len() > 1,
        word => find(command.graph, word, None).is_none(),
    }
}

/// Whether the branch of a name is none, or another one than that of what it names.
fn astray(command: &Command<'_>, name: Name<'_>) -> bool {
    let Some(branch) = name.branch else {
        return false;
    };
    let branch = find(command.graph, branch, None);
    let named = name.symbol.and_then(|word| find(command.graph, word, None));
    match (branch, named) {
        (None, _) => true,
        (Some(branch), Some(id)) => !command.graph.family(branch).contains(&id),
        (Some(_), None) => false,
    }
}
