//! What a command leads to, said once more as sets, from Alembic's documentation ("Relative Migration Identifiers",
//! "Partial Revision Identifiers", "Working with Branches", `stamp`) and from where ours differs on purpose. It knows
//! neither Alembic's code nor ours. `None` is a refusal.

use super::command::{Command, Kind, Name, Steps};
use super::graph::{Graph, Ids};

/// What is applied after a command.
pub fn after(command: &Command<'_>) -> Option<Ids> {
    let model = Model {
        graph: command.graph,
        applied: &command.applied,
    };
    match command.kind {
        Kind::Upgrade => model.upgrade(command.name()),
        Kind::Downgrade => model.downgrade(command.name()),
        Kind::Stamp => model.stamp(&command.names()),
    }
}

/// The one revision that a word means: its id, its label, or what only one id or label on the branch begins with.
pub fn find(graph: &Graph, word: &str, branch: Option<i64>) -> Option<i64> {
    let family = branch.map_or_else(|| graph.ids(), |branch| graph.family(branch));
    let labelled = |test: &dyn Fn(&str) -> bool| {
        graph
            .ids_where(|node| test(&node.id.to_string()) || node.label.as_deref().is_some_and(test))
    };
    let called_so = labelled(&|name| name == word);
    if let Some(id) = called_so.first() {
        return Some(*id).filter(|id| family.contains(id));
    }
    only(&(&labelled(&|name| name.starts_with(word)) & &family))
}

struct Model<'m> {
    graph: &'m Graph,
    applied: &'m Ids,
}

impl Model<'_> {
    /// Adds what is meant, and all that it needs.
    fn upgrade(&self, name: Name<'_>) -> Option<Ids> {
        let targets = match (name.symbol, name.steps) {
            (Some(_), _) => self.place(name)?,
            (None, Some(steps)) if steps.up && steps.number > 0 => {
                let starts = self.on_branch(name, &self.graph.tips(self.applied))?;
                let starts = match starts.is_empty() {
                    true => self.graph.tips(&self.on_branch(name, self.applied)?),
                    false => starts,
                };
                Ids::from([self.up(name, at_most_one(&starts)?, steps.number)?])
            }
            (None, _) => return None,
        };
        let leads_to_the_base = targets.is_empty();
        (!leads_to_the_base).then(|| self.applied | &self.graph.below(&targets))
    }

    /// Removes what comes next after the target, on the branch if the way forks, and all that needs it.
    fn downgrade(&self, name: Name<'_>) -> Option<Ids> {
        let doomed = match (name.symbol, name.steps) {
            (Some(_), _) => {
                let target = at_most_one(&self.place(name)?)?;
                if target.is_some_and(|id| !self.applied.contains(&id)) {
                    return None;
                }
                let next = target.map_or_else(|| self.graph.bases(), |id| self.graph.children(id));
                match self.branch(name)? {
                    Some(branch) if next.len() > 1 => {
                        let way = &next & &self.graph.ancestors(&Ids::from([branch]));
                        Some(way).filter(|way| !way.is_empty())?
                    }
                    _ => next,
                }
            }
            (None, Some(steps)) if !steps.up && steps.number > 0 => {
                Ids::from([self.last_of(name, steps.number)?])
            }
            (None, _) => return None,
        };
        Some(self.applied - &self.graph.above(&doomed))
    }

    /// The last of so many steps down from the end of what is applied. A branch whose end another one needs ends
    /// there nevertheless.
    fn last_of(&self, name: Name<'_>, steps: usize) -> Option<i64> {
        let ends = self.on_branch(name, &self.graph.tips(self.applied))?;
        let ends = match (ends.is_empty(), name.branch) {
            (true, Some(_)) => {
                let ends = self.applied.iter().copied();
                let ends = ends.filter(|id| self.graph.children(*id).is_disjoint(self.applied));
                self.on_branch(name, &ends.collect())?
            }
            _ => ends,
        };
        self.down(only(&ends)?, steps - 1)?
    }

    /// Replaces the heads that have to do with what is meant, and leaves the others.
    fn stamp(&self, names: &[Name<'_>]) -> Option<Ids> {
        let (mut wanted, mut replaced) = (Ids::new(), Ids::new());
        for name in names {
            let mut meant = self.place(*name)?;
            let kin = match (meant.is_empty(), self.branch(*name)?) {
                (false, _) => meant.clone(),
                (true, Some(branch)) => Ids::from([branch]),
                (true, None) => self.graph.ids(),
            };
            replaced.append(&mut (&self.graph.below(&kin) | &self.graph.above(&kin)));
            wanted.append(&mut meant);
        }
        let kept = &self.graph.tips(self.applied) - &replaced;
        Some(self.graph.below(&(&wanted | &kept)))
    }

    /// The revision that stands for the branch of a name, if it has one.
    fn branch(&self, name: Name<'_>) -> Option<Option<i64>> {
        match name.branch {
            None => Some(None),
            Some(branch) => Some(Some(find(self.graph, branch, None)?)),
        }
    }

    fn on_branch(&self, name: Name<'_>, ids: &Ids) -> Option<Ids> {
        Some(match self.branch(name)? {
            None => ids.clone(),
            Some(branch) => ids & &self.graph.family(branch),
        })
    }

    /// What a name with a symbol means; nothing is the base.
    fn place(&self, name: Name<'_>) -> Option<Ids> {
        let branch = self.branch(name)?;
        let meant = match name.symbol? {
            "base" => Ids::new(),
            "heads" if branch.is_none() => self.graph.tips(&self.graph.ids()),
            "heads" => self.on_branch(name, &self.graph.heads())?,
            "head" => {
                let heads = self.on_branch(name, &self.graph.heads())?;
                at_most_one(&heads)?.into_iter().collect()
            }
            word => Ids::from([find(self.graph, word, branch)?]),
        };
        let Some(steps) = name.steps else {
            return Some(meant);
        };
        let start = at_most_one(&meant)?;
        let end = match steps {
            Steps { number: 0, .. } => Some(start?),
            Steps { up: true, number } => Some(self.up(name, start, number)?),
            Steps { up: false, number } => self.down(start?, number)?,
        };
        Some(end.into_iter().collect())
    }

    /// So many steps up, of which each leads to one revision.
    fn up(&self, name: Name<'_>, start: Option<i64>, steps: usize) -> Option<i64> {
        let mut at = start;
        for _ in 0..steps {
            let next = at.map_or_else(|| self.graph.bases(), |id| self.graph.children(id));
            at = Some(only(&self.on_branch(name, &next)?)?);
        }
        at
    }

    /// So many steps down, of which each leads to one revision, or the last to the base.
    fn down(&self, start: i64, steps: usize) -> Option<Option<i64>> {
        let mut at = Some(start);
        for _ in 0..steps {
            at = at_most_one(&self.graph.parents(at?))?;
        }
        Some(at)
    }
}

fn only(ids: &Ids) -> Option<i64> {
    at_most_one(ids)?
}

fn at_most_one(ids: &Ids) -> Option<Option<i64>> {
    (ids.len() <= 1).then(|| ids.first().copied())
}
