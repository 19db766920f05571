//! Generated statements, tried on a scratch database: there, part by part, and back. A part is what can be one
//! revision: its statements share a transaction, or none has one.

use super::CompareError;
use super::scratch::Scratch;
use crate::catalog::Catalog;
use crate::generate::{Renamed, Step, steps};

/// A part of the way, and its way back.
pub(super) struct Part {
    pub(super) up: Vec<Step>,
    pub(super) down: Vec<Step>,
}

impl Part {
    pub(super) fn is_outside(steps: &[Step]) -> bool {
        steps.iter().any(|step| step.outside_transaction)
    }
}

/// Why there is no way.
pub(super) enum NoWay {
    /// With this, as it is told.
    Reason(String),
    Failed(CompareError),
}

impl From<CompareError> for NoWay {
    fn from(error: CompareError) -> Self {
        Self::Failed(error)
    }
}

/// Finds the parts that lead from what the database has to `wanted`. It has the same afterwards as before.
pub(super) async fn parts(
    scratch: &Scratch,
    found: &Catalog,
    wanted: &Catalog,
    renamed: &[Renamed],
) -> Result<Vec<Part>, NoWay> {
    let renames: Vec<Step> = renamed.iter().map(|renamed| renamed.up.clone()).collect();
    execute(scratch, &renames).await?;
    let mut before = match renames.is_empty() {
        true => found.clone(),
        false => scratch.read().await?,
    };
    let mut parts: Vec<Part> = Vec::new();
    let mut after = Vec::new();
    let all = steps(&before, wanted);
    for (number, up) in grouped(renames.clone(), all).into_iter().enumerate() {
        // Those of the first part are done already.
        let rest = if number == 0 {
            &up[renames.len()..]
        } else {
            &up[..]
        };
        execute(scratch, rest).await?;
        let reached = scratch.read().await?;
        let mut down = steps(&reached, &before);
        if number == 0 {
            down.extend(renamed.iter().rev().map(|renamed| renamed.down.clone()));
        }
        after.push(std::mem::replace(&mut before, reached));
        parts.push(Part {
            up,
            down: for_one_script(down),
        });
    }
    let rest = before.difference(wanted);
    if !rest.is_empty() {
        return Err(NoWay::Reason(format!("they leave a difference\n{rest}")));
    }
    for (number, part) in parts.iter().enumerate().rev() {
        execute(scratch, &part.down).await?;
        let reached = scratch.read().await?;
        let goal = if number == 0 { found } else { &after[number] };
        let rest = reached.difference(goal);
        if !rest.is_empty() {
            return Err(NoWay::Reason(format!(
                "the way back leaves a difference\n{rest}"
            )));
        }
    }
    Ok(parts)
}

/// The way back is one script. It is one transaction, unless a part of it cannot be in one: then no part is.
fn for_one_script(mut down: Vec<Step>) -> Vec<Step> {
    let cannot = |step: &Step| {
        let starts = [
            "create index concurrently ",
            "create unique index concurrently ",
            "drop index concurrently ",
        ];
        let adds_label = step.sql.starts_with("alter type ") && step.sql.contains(" add value ");
        step.outside_transaction
            && (adds_label || starts.iter().any(|start| step.sql.starts_with(start)))
    };
    if !down.iter().any(cannot) {
        down.iter_mut()
            .for_each(|step| step.outside_transaction = false);
        return down;
    }
    let mut reset = None;
    for step in &mut down {
        if let Some(rest) = step.sql.strip_prefix("set local ") {
            let name = rest.split(' ').next().unwrap_or_default();
            reset = Some(format!("reset {name};"));
            step.sql = format!("set {rest}");
        }
    }
    down.extend(reset.map(|sql| Step {
        sql,
        ..Step::default()
    }));
    down
}

/// Steps that can share a revision, together.
fn grouped(first: Vec<Step>, rest: Vec<Step>) -> Vec<Vec<Step>> {
    let mut groups: Vec<Vec<Step>> = Vec::new();
    if !first.is_empty() {
        groups.push(first);
    }
    for step in rest {
        match groups.last_mut() {
            Some(group) if Part::is_outside(group) == step.outside_transaction => group.push(step),
            _ => groups.push(vec![step]),
        }
    }
    groups
}

/// Runs steps as the migrator would.
async fn execute(scratch: &Scratch, steps: &[Step]) -> Result<(), NoWay> {
    let client = &scratch.client;
    let lost = |error| NoWay::Failed(scratch.lost(error));
    let outside = Part::is_outside(steps);
    if !outside {
        client.batch_execute("begin").await.map_err(lost)?;
    }
    for step in steps {
        if let Err(error) = client.batch_execute(&step.sql).await {
            let Some(said) = error.as_db_error() else {
                return Err(lost(error));
            };
            let reason = format!(
                "PostgreSQL refuses `{}`: {}",
                step.sql.trim_end_matches(';'),
                said.message()
            );
            return Err(NoWay::Reason(reason));
        }
    }
    if !outside {
        client.batch_execute("commit").await.map_err(lost)?;
    }
    Ok(())
}
