//! The names that a person gives to revisions: `head`, `+1`, `20251122`, … and which revision is meant.

use crate::revisions::Revisions;

/// Why a name of a revision was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Nothing is called so.
    #[error("there is no revision `{name}`{}\n  = help: name {allowed}; `{program} history` lists the ids", newest_note(.newest))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The newest revision there is.
        newest: Option<i64>,
        /// What can be named here.
        allowed: &'static str,
        /// How the commands are called.
        program: String,
    },
    /// A prefix of several ids.
    #[error("`{name}` could be {}\n  = help: write more digits", or(.candidates))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The ids that begin so.
        candidates: Vec<i64>,
    },
    /// A step beyond the first or the last revision.
    #[error("`{name}` goes too far: there {} to {verb}", match .available { 0 => "is nothing".to_owned(), 1 => "is only 1 revision".to_owned(), more => format!("are only {more} revisions") })]
    TooFar {
        /// What was asked for.
        name: String,
        /// How many steps there are.
        available: usize,
        /// `apply` or `undo`.
        verb: &'static str,
    },
    /// A relative name, while it is not clear relative to what.
    #[error("`{name}` could start from any of {}\n  = help: name the revision itself", or(.candidates))]
    SeveralCurrent {
        /// What was asked for.
        name: String,
        /// The current heads of the database.
        candidates: Vec<i64>,
    },
    /// `head`, while there are several.
    #[error("there are several heads: {}\n  = help: join them: {}", or(.heads), crate::read::merge_command(.heads))]
    SeveralHeads {
        /// The heads.
        heads: Vec<i64>,
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
        "the revision {id} is not applied, so there is no way down to it\n  = help: `{program} current` shows where the database is"
    )]
    NotApplied {
        /// The revision.
        id: i64,
        /// How the commands are called.
        program: String,
    },
}

fn newest_note(newest: &Option<i64>) -> String {
    newest.map_or_else(
        || ": there are none".to_owned(),
        |id| format!("; the newest is {id}"),
    )
}

fn or(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    ids.join(" or ")
}

/// A name, before the database is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// All revisions.
    Heads,
    /// None of them.
    Base,
    /// This one.
    Id(i64),
    /// So many up (positive) or down (negative) from where the database is.
    Steps(i64),
}

/// What `name` means in an upgrade.
pub(crate) fn upgrade(
    name: &str,
    revisions: &Revisions,
    program: &str,
) -> Result<Target, TargetError> {
    match parse(
        name,
        revisions,
        program,
        "a revision id, a unique prefix of one, `head` or `+N`",
    )? {
        Target::Base | Target::Steps(i64::MIN..=-1) => Err(TargetError::WrongDirection {
            name: name.to_owned(),
            upgrade: true,
        }),
        target => Ok(target),
    }
}

/// What `name` means in a downgrade.
pub(crate) fn downgrade(
    name: &str,
    revisions: &Revisions,
    program: &str,
) -> Result<Target, TargetError> {
    match parse(
        name,
        revisions,
        program,
        "a revision id, a unique prefix of one, `base` or `-N`",
    )? {
        Target::Steps(1..) => Err(TargetError::WrongDirection {
            name: name.to_owned(),
            upgrade: false,
        }),
        target => Ok(target),
    }
}

fn parse(
    name: &str,
    revisions: &Revisions,
    program: &str,
    allowed: &'static str,
) -> Result<Target, TargetError> {
    match name {
        "heads" => return Ok(Target::Heads),
        "base" => return Ok(Target::Base),
        "head" => {
            let heads: Vec<i64> = revisions.heads().map(|head| head.id()).collect();
            return match heads.len() {
                0 | 1 => Ok(Target::Heads),
                _ => Err(TargetError::SeveralHeads { heads }),
            };
        }
        _ => {}
    }
    if name.starts_with(['+', '-'])
        && let Ok(steps) = name.parse::<i64>()
    {
        return Ok(Target::Steps(steps));
    }
    find(name, revisions, program, allowed).map(Target::Id)
}

/// The revision whose id is `name`, or whose id alone begins so.
pub(crate) fn find(
    name: &str,
    revisions: &Revisions,
    program: &str,
    allowed: &'static str,
) -> Result<i64, TargetError> {
    let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let ids = || revisions.iter().map(|revision| revision.id());
    if digits && let Some(id) = ids().find(|id| id.to_string() == name) {
        return Ok(id);
    }
    let mut candidates: Vec<i64> = ids()
        .filter(|id| digits && id.to_string().starts_with(name))
        .collect();
    candidates.sort_unstable();
    match candidates[..] {
        [id] => Ok(id),
        [] => Err(TargetError::Unknown {
            name: name.to_owned(),
            newest: ids().max(),
            allowed,
            program: program.to_owned(),
        }),
        _ => Err(TargetError::Ambiguous {
            name: name.to_owned(),
            candidates,
        }),
    }
}
