//! `revision --autogenerate`: what the model has and the migrations lack, written as revisions.
//!
//! Nothing is kept that has not been applied and undone in a scratch database, from the very files.

use std::path::Path;

use super::scratch::{Model, Scratch};
use super::trial::{NoWay, Part, parts};
use super::waiving::waive;
use super::{CommandError, CompareError, Context, Revision, editor, note, print, writing};
use crate::catalog::Catalog;
use crate::generate::{Step, renames};
use crate::names::Name;
use crate::revisions::Revisions;
use crate::scaffold::{Draft, Written};

pub(super) async fn run(options: &Revision, context: &Context<'_>) -> Result<(), CommandError> {
    let editor = writing::editor_if(options.edit)?;
    let several = writing::read_source(context)?;
    let revisions = Revisions::read(&context.dir)?;
    let names = writing::names(&several, writing::A_PARENT, context);
    let parents = names.all(&Name::parse(&options.head))?;
    let head: Vec<i64> = revisions.head().map(|head| head.id()).into_iter().collect();
    if parents != head {
        let head = options.head.clone();
        return Err(CompareError::NotTheHead { head }.into());
    }
    let model = Model::read(&context.dir)?;
    let mut scratch = Scratch::start(&model.scope).await?;
    let wanted = scratch.model(&model).await?;
    let found = match revisions.is_empty() {
        true => scratch.read().await?,
        false => scratch.upgrade(&revisions, "head", context).await?,
    };
    let difference = found.difference(&wanted);
    if difference.is_empty() {
        return print("the model and the migrations agree: there is nothing to write\n");
    }
    let renamed = renames(&model.sql, &found, &wanted);
    let refuse = |reason: String| CompareError::NotGenerated {
        reason,
        program: context.options.program.clone(),
    };
    let parts = match parts(&scratch, &found, &wanted, &renamed).await {
        Ok(parts) => parts,
        Err(NoWay::Failed(error)) => return Err(error.into()),
        Err(NoWay::Reason(reason)) => {
            let whole = format!("{reason}\n\nin all, the difference is\n{difference}");
            return Err(refuse(whole).into());
        }
    };
    let steps = || parts.iter().flat_map(|part| &part.up);
    let losses: Vec<String> = steps().filter_map(|step| step.loses_data.clone()).collect();
    if !losses.is_empty() && !options.allow_data_loss {
        let losses = losses
            .into_iter()
            .map(|loss| format!("  - {loss}"))
            .collect();
        return Err(CompareError::DataLoss { losses }.into());
    }
    let first = Draft {
        parents,
        branch: options.branch_label.clone(),
        depends_on: writing::ids(&names, &options.depends_on)?,
        id: options.rev_id,
        ..Draft::default()
    };
    let mut files = Files::default();
    files.write(&options.message, &parts, first, context)?;
    waive(&files.written, &parts, options, context)?;
    files.prove(&mut scratch, &found, &wanted, context).await?;
    for danger in steps().flat_map(Step::dangers) {
        note(&format!("note: {danger}"));
    }
    let written = files.keep();
    for pair in &written {
        print(&format!(
            "wrote {}\nwrote {}\n",
            pair.up.display(),
            pair.down.display()
        ))?;
    }
    let paths: Vec<&Path> = written
        .iter()
        .flat_map(|pair| [pair.up.as_path(), pair.down.as_path()])
        .collect();
    match editor {
        Some(editor) => editor::open(editor, &paths),
        None => Ok(()),
    }
}

/// Files that are removed again unless they are kept.
#[derive(Default)]
struct Files {
    written: Vec<Written>,
}

impl Files {
    fn write(
        &mut self,
        message: &str,
        parts: &[Part],
        first: Draft,
        context: &Context<'_>,
    ) -> Result<(), CommandError> {
        let mut draft = first;
        let sentence = message.trim().trim_end_matches('.');
        for (number, part) in parts.iter().enumerate() {
            draft.message = match number {
                0 => message.to_owned(),
                number => format!("{sentence}, part {}", number + 1),
            };
            draft.up = script(&part.up);
            draft.down = script(&part.down);
            draft.up_outside_transaction = Part::is_outside(&part.up);
            draft.down_outside_transaction = Part::is_outside(&part.down);
            let revisions = Revisions::read_with_several_heads(&context.dir)?;
            let written = draft.write(&context.dir, &revisions, chrono::Utc::now())?;
            draft = Draft {
                parents: vec![written.id],
                ..Draft::default()
            };
            self.written.push(written);
        }
        Ok(())
    }

    /// Applies and undoes the files in the scratch database.
    async fn prove(
        &self,
        scratch: &mut Scratch,
        found: &Catalog,
        wanted: &Catalog,
        context: &Context<'_>,
    ) -> Result<(), CommandError> {
        let revisions = Revisions::read(&context.dir)?;
        let refuse = |what: &str, rest: String| CompareError::NotGenerated {
            reason: format!("{what}\n{rest}"),
            program: context.options.program.clone(),
        };
        let there = scratch.upgrade(&revisions, "head", context).await?;
        let rest = there.difference(wanted);
        if !rest.is_empty() {
            return Err(refuse("the files leave a difference", rest.to_string()).into());
        }
        let first = self
            .written
            .first()
            .and_then(|first| revisions.get(first.id));
        let parent = first.and_then(|first| first.parents().first().copied());
        let target = parent.map_or("base".to_owned(), |id| id.to_string());
        let back = scratch.downgrade(&revisions, &target, context).await?;
        let rest = back.difference(found);
        match rest.is_empty() {
            true => Ok(()),
            false => Err(refuse(
                "the way back of the files leaves a difference",
                rest.to_string(),
            )
            .into()),
        }
    }

    fn keep(mut self) -> Vec<Written> {
        std::mem::take(&mut self.written)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for pair in &self.written {
            for path in [&pair.up, &pair.down] {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// The text of a file, with what a person should know above each statement.
fn script(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        let remarks = step.remarks();
        let has_note = !remarks.is_empty();
        if !text.is_empty() && (has_note || step.sql.contains('\n')) && !text.ends_with("\n\n") {
            text.push('\n');
        }
        text.push_str(&remarks);
        text.push_str(&format!("{}\n", step.sql));
        if step.sql.contains('\n') {
            text.push('\n');
        }
    }
    format!("{}\n", text.trim_end())
}
