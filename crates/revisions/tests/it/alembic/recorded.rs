//! What Alembic did, as `tests/alembic/record.py` wrote it down. Nothing here compares it with ours.

use serde::Deserialize;

use super::command::{Command, Kind};
use super::graph::{Graph, Ids, Node};

/// `cases.json`.
#[derive(Debug, Deserialize)]
struct Recorded {
    graphs: Vec<RecordedGraph>,
}

#[derive(Debug, Deserialize)]
struct RecordedGraph {
    revisions: Vec<RecordedRevision>,
    operations: Vec<(Kind, String, RecordedAnswer)>,
}

/// Id, places of the parents, places of the dependencies, label.
#[derive(Debug, Deserialize)]
struct RecordedRevision(String, Vec<usize>, Vec<usize>, Option<String>);

/// The places of the applied revisions, or the refusal.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum RecordedAnswer {
    Applied(Vec<usize>),
    Refused(String),
}

/// A command on a graph.
#[derive(Debug, Clone)]
pub struct Operation {
    kind: Kind,
    arguments: String,
    applied: Ids,
    /// What was applied after it, or the refusal: the class of the error, and what tells it from others of the class.
    pub answer: Result<Ids, String>,
}

impl Operation {
    pub fn command<'g>(&self, graph: &'g Graph) -> Command<'g> {
        Command {
            graph,
            applied: self.applied.clone(),
            kind: self.kind,
            arguments: self.arguments.clone(),
        }
    }
}

/// The graphs, each with what Alembic was asked to do on it, one after the other.
pub fn cases() -> Vec<(Graph, Vec<Operation>)> {
    let text = include_str!("../../alembic/cases.json");
    let recorded: Recorded = serde_json::from_str(text).unwrap();
    recorded.graphs.into_iter().map(case).collect()
}

fn case(recorded: RecordedGraph) -> (Graph, Vec<Operation>) {
    let ids = recorded
        .revisions
        .iter()
        .map(|revision| revision.0.parse().unwrap());
    let ids: Vec<i64> = ids.collect();
    let at = |places: Vec<usize>| -> Ids { places.into_iter().map(|place| ids[place]).collect() };
    let nodes = recorded.revisions.into_iter().zip(&ids);
    let nodes = nodes.map(
        |(RecordedRevision(_, parents, depends_on, label), &id)| Node {
            id,
            parents: at(parents),
            depends_on: at(depends_on),
            label,
        },
    );
    let nodes = nodes.collect();
    let mut applied = Ids::new();
    let operations = recorded.operations.into_iter();
    let operations = operations.map(|(kind, arguments, answer)| {
        let answer = match answer {
            RecordedAnswer::Applied(places) => Ok(at(places)),
            RecordedAnswer::Refused(class) => Err(class),
        };
        let after = answer.as_ref().unwrap_or(&applied).clone();
        Operation {
            kind,
            arguments,
            applied: std::mem::replace(&mut applied, after),
            answer,
        }
    });
    let operations = operations.collect();
    (Graph { nodes }, operations)
}
