//! The command that goes on where another one stopped, for whoever has mended what was wrong.

use crate::names::Name;
use crate::revision::Revision;
use crate::revisions::Revisions;

/// After an upgrade to `name` that was to apply `planned`: what counts from where the database is would go too far now.
pub(crate) fn upgrade(name: &str, planned: &[&Revision]) -> String {
    match planned.last() {
        Some(last) if Name::parse(name).symbol.is_none() => format!("upgrade {}", last.id()),
        _ => format!("upgrade {name}"),
    }
}

/// After a downgrade to `name` with so many revisions left to be undone of so many.
pub(crate) fn downgrade(name: &str, left: usize, planned: usize) -> String {
    let parsed = Name::parse(name);
    if parsed.symbol.is_some() || left == planned {
        return format!("downgrade {name}");
    }
    match parsed.branch {
        Some(branch) => format!("downgrade {branch}@-{left}"),
        None => format!("downgrade -{left}"),
    }
}

/// After a redo of `name`, or of the revision where the database is, that has applied nothing yet.
pub(crate) fn redo(name: Option<&str>) -> String {
    name.map_or_else(|| "redo".to_owned(), |name| format!("redo {name}"))
}

/// After a redo that has undone all it was to undo.
pub(crate) fn rest(revisions: &Revisions) -> &'static str {
    match revisions.heads().nth(1) {
        Some(_) => "upgrade heads",
        None => "upgrade head",
    }
}

#[cfg(test)]
mod tests {
    use super::downgrade;

    #[test]
    fn what_is_left_to_be_undone_is_counted() {
        assert_eq!(downgrade("-3", 3, 3), "downgrade -3");
        assert_eq!(downgrade("-3", 1, 3), "downgrade -1");
        assert_eq!(downgrade("web@-3", 2, 3), "downgrade web@-2");
        assert_eq!(downgrade("base", 2, 3), "downgrade base");
    }
}
