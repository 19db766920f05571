//! `heads`, `branches` and `show`: revisions picked out of the graph. Only `show current` asks the database.

use super::format::Catalogue;
use super::{Branches, CommandError, Context, Heads, Show, print, print_json};
use crate::names::{Name, Names};
use crate::revision::Revision;
use crate::revisions::Revisions;

pub(super) fn heads(options: &Heads, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions()?;
    let all = revisions.iter().map(|revision| revision.id()).collect();
    let heads = match options.resolve_dependencies {
        true => revisions.tips(&all),
        false => revisions.branch_tips(&all),
    };
    let heads = heads.into_iter().filter_map(|id| revisions.get(id));
    list(&revisions, heads, options.verbose, options.json)
}

pub(super) fn branches(options: &Branches, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions()?;
    if options.json {
        return list(&revisions, revisions.branch_points(), false, true);
    }
    let catalogue = Catalogue::new(&revisions);
    let mut text = String::new();
    for point in revisions.branch_points() {
        let shown = match options.verbose {
            true => format!("{}\n", catalogue.paragraph(point)),
            false => format!("{} (branchpoint)\n", catalogue.name(point)),
        };
        text.push_str(&shown);
        for child in revisions.children(point.id()) {
            if let Some(child) = revisions.get(*child) {
                text.push_str(&format!("    -> {}\n", catalogue.name(child)));
            }
        }
    }
    print(&text)
}

pub(super) async fn show(options: &Show, context: &Context<'_>) -> Result<(), CommandError> {
    let revisions = context.revisions()?;
    let name = Name::parse(&options.revision);
    let current = context.current_if_named(&name, &revisions).await?;
    let names = Names {
        revisions: &revisions,
        current: current.as_deref(),
        allowed: "a revision id, a unique prefix of one, `head`, `heads` or `current`",
        program: &context.options.program,
    };
    let ids = names.all(&name)?;
    let shown = ids.into_iter().filter_map(|id| revisions.get(id));
    list(&revisions, shown, true, options.json)
}

fn list<'a>(
    revisions: &Revisions,
    shown: impl Iterator<Item = &'a Revision>,
    verbose: bool,
    json: bool,
) -> Result<(), CommandError> {
    let catalogue = Catalogue::new(revisions);
    let shown: Vec<&Revision> = shown.collect();
    if json {
        let records = shown.iter().filter_map(|it| revisions.get(it.id()));
        let records: Vec<_> = records.map(|revision| catalogue.record(revision)).collect();
        return print_json(&records);
    }
    let line = |revision: &&Revision| match verbose {
        true => format!("{}\n\n", catalogue.paragraph(revision)),
        false => format!("{}\n", catalogue.name(revision)),
    };
    print(&shown.iter().map(line).collect::<String>())
}
