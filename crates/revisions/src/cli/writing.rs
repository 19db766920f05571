//! `revision`, `merge`, `edit` and `init`: the source directory of the migrations.

use std::path::Path;

use super::{CommandError, Context, Edit, Merge, Revision, editor, note, print};
use crate::names::{Name, Names};
use crate::revisions::Revisions;
use crate::scaffold::{Draft, Written};

pub(super) const A_PARENT: &str = "a revision id, a unique prefix of one, `head` or `base`";
const A_REVISION: &str = "a revision id, a unique prefix of one, or `head`";

pub(super) fn revision(options: &Revision, context: &Context<'_>) -> Result<(), CommandError> {
    let editor = editor_if(options.edit)?;
    let revisions = read_source(context)?;
    let names = names(&revisions, A_PARENT, context);
    let parents = names.all(&Name::parse(&options.head))?;
    let draft = Draft {
        message: options.message.clone(),
        parents,
        branch: options.branch_label.clone(),
        depends_on: ids(&names, &options.depends_on)?,
        id: options.rev_id,
        ..Draft::default()
    };
    if !options.splice {
        refuse_new_branch(&revisions, &draft.parents, false, context)?;
    }
    let written = draft.write(&context.dir, &revisions, chrono::Utc::now())?;
    report(&written)?;
    match editor {
        Some(editor) => editor::open(editor, &[&written.up, &written.down]),
        None => Ok(()),
    }
}

/// The editor, if one is wanted. It is asked for before anything is written: whoever mends the setting and types the
/// command again wants one revision, not two.
pub(super) fn editor_if(wanted: bool) -> Result<Option<String>, CommandError> {
    let without = || "leave out --edit, and open the files yourself".to_owned();
    wanted.then(|| editor::chosen(without)).transpose()
}

pub(super) fn merge(options: &Merge, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = read_source(context)?;
    let names = names(&revisions, A_REVISION, context);
    let mut parents = match &options.revisions[..] {
        // Those that a build refuses to choose from, also where one of them depends on another.
        [all] if all == "heads" => revisions.heads().map(|head| head.id()).collect(),
        named => ids(&names, named)?,
    };
    parents.sort_unstable();
    parents.dedup();
    if parents.len() < 2 {
        return Err(CommandError::NothingToMerge {
            heads: revisions.heads().map(|head| head.id()).collect(),
            dir: context.dir.clone(),
            program: context.options.program.clone(),
        });
    }
    if !options.splice {
        refuse_new_branch(&revisions, &parents, true, context)?;
    }
    let list: Vec<String> = parents.iter().map(i64::to_string).collect();
    let default = || format!("Merge {}", list.join(" and "));
    let draft = Draft {
        message: options.message.clone().unwrap_or_else(default),
        parents,
        branch: options.branch_label.clone(),
        id: options.rev_id,
        up: "-- Nothing to run: it joins its parents.\n".to_owned(),
        down: "-- Nothing to run: its parents part again.\n".to_owned(),
        ..Draft::default()
    };
    let written = draft.write(&context.dir, &revisions, chrono::Utc::now())?;
    report(&written)
}

pub(super) async fn edit(options: &Edit, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = read_source(context)?;
    let name = Name::parse(&options.revision);
    let current = context.current_if_named(&name, &revisions).await?;
    let names = Names {
        current: current.as_deref(),
        allowed: "a revision id, a unique prefix of one, `head` or `current`",
        ..names(&revisions, A_REVISION, context)
    };
    let id = names.one(&name)?;
    let revision = id.and_then(|id| revisions.get(id));
    let revision = revision.ok_or_else(|| names.unknown(name.text))?;
    let mut files = vec![Path::new(revision.path())];
    match revision.down_path() {
        Some(down) if options.down => files.push(Path::new(down)),
        None if options.down => note(&format!("{} has no script that undoes it", revision.path())),
        _ => {}
    }
    let shown: Vec<String> = files.iter().map(|it| it.display().to_string()).collect();
    let editor = editor::chosen(|| format!("open {} yourself", shown.join(" ")))?;
    editor::open(editor, &files)
}

/// Makes the directory.
pub(super) fn init(context: &Context<'_>) -> Result<(), CommandError> {
    let dir = &context.dir;
    if dir.is_dir() {
        return print(&format!("{} is there already\n", dir.display()));
    }
    std::fs::create_dir_all(dir).map_err(|source| CommandError::Directory {
        path: dir.clone(),
        source,
    })?;
    print(&format!("made {}\n", dir.display()))?;
    note(&format!(
        "the first revision: `{} revision -m \"…\" --edit`",
        context.options.program
    ));
    Ok(())
}

/// What is written next to is what is on disk, whatever the program has embedded.
pub(super) fn read_source(context: &Context<'_>) -> Result<Revisions, CommandError> {
    if !context.dir.is_dir() {
        return Err(CommandError::NoSource {
            path: context.dir.clone(),
            program: context.options.program.clone(),
        });
    }
    Ok(Revisions::read_with_several_heads(&context.dir)?)
}

pub(super) fn names<'a>(
    revisions: &'a Revisions,
    allowed: &'static str,
    context: &'a Context<'_>,
) -> Names<'a> {
    Names {
        revisions,
        current: None,
        allowed,
        program: &context.options.program,
    }
}

pub(super) fn ids(names: &Names<'_>, texts: &[String]) -> Result<Vec<i64>, CommandError> {
    let mut ids = Vec::new();
    for text in texts {
        for id in names.all(&Name::parse(text))? {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    Ok(ids)
}

/// A parent that is revised already begins a branch: that has to be meant.
fn refuse_new_branch(
    revisions: &Revisions,
    parents: &[i64],
    merge: bool,
    context: &Context<'_>,
) -> Result<(), CommandError> {
    let is_revised = |id: &&i64| !revisions.children(**id).is_empty();
    match parents.iter().find(is_revised) {
        Some(&id) => Err(CommandError::NotAHead {
            id,
            children: revisions.children(id).to_vec(),
            merge,
            program: context.options.program.clone(),
        }),
        None => Ok(()),
    }
}

fn report(written: &Written) -> Result<(), CommandError> {
    print(&format!(
        "wrote {}\nwrote {}\n",
        written.up.display(),
        written.down.display()
    ))
}
