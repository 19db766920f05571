//! Whether the revisions of a release are still there, as they were released: databases have them, with their checksums.

use revisions::{Location, Revision, Revisions, SourceError};

use super::release::Release;

/// What is wrong with the released revisions in `revisions`.
pub(super) fn changed(release: &Release, revisions: &Revisions) -> Vec<SourceError> {
    let released = release.revisions.iter();
    let changed = released.filter_map(|released| match revisions.get(released.id()) {
        None => Some(gone(release, released)),
        Some(now) if now.has_checksum(released.checksum()) => None,
        Some(now) => Some(edited(release, released, now)),
    });
    changed.collect()
}

fn gone(release: &Release, released: &Revision) -> SourceError {
    let name = &release.name;
    let file = release.named(released.path());
    SourceError::of_file(file, format!("the migration of {name} is no longer there"))
        .note(
            "reason",
            "databases have it, and this release would not start on them",
        )
        .remedy("put it back, with its down script; what it does is undone by a revision after it")
}

fn edited(release: &Release, released: &Revision, now: &Revision) -> SourceError {
    let name = &release.name;
    let (old, new) = (released.up(), now.up());
    let message = format!("the migration is not the one that {name} has");
    let same = old.lines().zip(new.lines());
    let same = same.take_while(|(old, new)| old == new).count();
    let problem = match (old == new, new.lines().nth(same)) {
        (true, _) => SourceError::of_file(now.path(), message)
            .note("released", format!("as {}", released.file_name())),
        (false, Some(_)) => {
            let location = Location::of_line(new, same + 1);
            SourceError::at(now.path(), location, message).note(
                "released",
                old.lines().nth(same).unwrap_or("(no more lines)"),
            )
        }
        (false, None) => SourceError::of_file(now.path(), message)
            .note("released", old.lines().nth(same).unwrap_or_default()),
    };
    problem
        .note(
            "reason",
            "databases have it, and would refuse this one: its checksum is another",
        )
        .remedy("take the change back, and write it as a revision of its own")
}
