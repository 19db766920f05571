//! Why a name of a revision was refused, and what to type instead.

use std::path::PathBuf;

use crate::read::merge_line;

/// Why a name of a revision was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Nothing is called so.
    #[error(transparent)]
    Unknown(Box<Unknown>),
    /// A prefix of several ids, or of several labels.
    #[error("`{name}` could be {}\n  = help: write more of it", or(.candidates))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The ids of those that begin so.
        candidates: Vec<i64>,
    },
    /// A revision, and a branch that it is not on.
    #[error(
        "the revision {id} is not on the branch `{branch}`\n  = help: leave out `{branch}@`, or name a revision of that branch"
    )]
    NotOnBranch {
        /// The revision.
        id: i64,
        /// The branch, as it was written.
        branch: String,
    },
    /// A step beyond the first or the last revision.
    #[error("`{name}` goes too far: there {} {place}{}", match .available { 0 => "is nothing".to_owned(), 1 => "is only 1 revision".to_owned(), more => format!("are only {more} revisions") }, too_far_help(.place))]
    TooFar {
        /// What was asked for.
        name: String,
        /// How many steps there are.
        available: i64,
        /// Where they are: `to apply`.
        place: &'static str,
    },
    /// A step where the way forks.
    #[error("`{name}` could lead to {}\n  = help: name the revision itself, or the branch: LABEL@+1", or(.candidates))]
    SeveralWays {
        /// What was asked for.
        name: String,
        /// Where the step could lead.
        candidates: Vec<i64>,
    },
    /// A relative name, while it is not clear relative to what.
    #[error("`{name}` could start from any of {}\n  = help: name the revision itself, or the branch: LABEL@{}", and(.candidates), steps(.name))]
    SeveralCurrent {
        /// What was asked for.
        name: String,
        /// The current heads of the database.
        candidates: Vec<i64>,
    },
    /// Several revisions, where one is needed.
    #[error("`{name}` is several revisions, and one is needed here: {}", or(.candidates))]
    Several {
        /// What was asked for.
        name: String,
        /// The revisions.
        candidates: Vec<i64>,
    },
    /// `head`, while there are several.
    #[error("`{name}`: there are several heads: {}\n  = help: name one of them, or `heads` for all; or join them: {}", or(.heads), merge_line(.program, .heads, .dir.as_deref()))]
    SeveralHeads {
        /// What was asked for.
        name: String,
        /// The heads.
        heads: Vec<i64>,
        /// How the commands are called.
        program: String,
        /// The directory that the command which joins them has to name; none where it finds it by itself.
        dir: Option<PathBuf>,
    },
    /// A name that leads the other way.
    #[error("`{name}` leads {}: {}", if *.upgrade { "down" } else { "up" }, if *.upgrade { "to go there, use `downgrade`" } else { "to go there, use `upgrade`" })]
    WrongDirection {
        /// What was asked for.
        name: String,
        /// Whether it was asked of `upgrade`.
        upgrade: bool,
    },
    /// A downgrade to a revision that is not applied.
    #[error(
        "the revision {id} is not applied, so there is no way down to it\n  = help: `{program} current` shows where the database is; `{program} upgrade {id}` goes up"
    )]
    NotApplied {
        /// The revision.
        id: i64,
        /// How the commands are called.
        program: String,
    },
    /// A downgrade on a branch that does not begin where it should end.
    #[error(
        "no revision of the branch `{branch}` comes after `{name}`, but {} do\n  = help: name the branch that is to be undone, or leave it out to undo all of them", or(.candidates)
    )]
    NotTheWay {
        /// What was asked for.
        name: String,
        /// The branch.
        branch: String,
        /// What comes after it.
        candidates: Vec<i64>,
    },
}

/// A name that nothing is called by, and what there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no revision `{name}`{}\n  = help: name {allowed}{}; `{program} history` lists the ids", newest_note(.newest), labels_note(.labels))]
pub struct Unknown {
    /// What was asked for.
    pub name: String,
    /// The newest revision there is.
    pub newest: Option<i64>,
    /// The branch labels that there are.
    pub labels: Vec<String>,
    /// What can be named here.
    pub(crate) allowed: &'static str,
    /// How the commands are called.
    pub(crate) program: String,
}

fn newest_note(newest: &Option<i64>) -> String {
    newest.map_or_else(
        || ": there are none".to_owned(),
        |id| format!("; the newest is {id}"),
    )
}

fn labels_note(labels: &[String]) -> String {
    match labels {
        [] => String::new(),
        labels => format!(", or a branch label ({})", labels.join(", ")),
    }
}

/// Steps up follow the way from where the database is; what is pending beside it has to be named.
fn too_far_help(place: &str) -> &'static str {
    match place {
        "to apply" => {
            "\n  = help: what is pending on another branch is named: LABEL@+1, or an id; `heads` is all"
        }
        _ => "",
    }
}

fn and(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    ids.join(" and ")
}

/// The `-1` of `-1` and of `LABEL@-1`.
fn steps(name: &str) -> &str {
    name.rsplit('@').next().unwrap_or(name)
}

fn or(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    ids.join(" or ")
}
