//! Ours beside the model, on graphs that proptest makes up and makes small, and what holds for every graph.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use revisions::Revisions;

use super::command::{Command, Kind};
use super::graph::{Graph, Ids, Node};
use super::model;

const MOST_REVISIONS: usize = 30;
/// In a graph in which everything is tried.
const FEW_REVISIONS: usize = 8;
const MOST_BRANCHES: usize = 5;
const LABELS: [&str; 5] = ["audit", "billing", "media", "reports", "search"];

/// How a revision continues a graph.
#[derive(Debug, Clone)]
struct Growth {
    how: How,
    at: Index,
    depends_on: Option<Index>,
    labelled: bool,
    /// To the next id. Small and large ones, so that ids have beginnings in common.
    distance: i64,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Root,
    Fork,
    Merge,
    Continue,
}

fn growth() -> impl Strategy<Value = Growth> {
    let how = prop_oneof![
        6 => Just(How::Continue),
        1 => Just(How::Root),
        2 => Just(How::Fork),
        2 => Just(How::Merge),
    ];
    let distance = select(vec![1, 40, 4_000, 1_000_000, 100_000_000]);
    let depends_on = proptest::option::weighted(0.3, any::<Index>());
    (how, any::<Index>(), depends_on, any::<bool>(), distance).prop_map(
        |(how, at, depends_on, labelled, distance)| Growth {
            how,
            at,
            depends_on,
            labelled,
            distance,
        },
    )
}

fn graphs(most_revisions: usize) -> impl Strategy<Value = Graph> {
    proptest::collection::vec(growth(), 1..=most_revisions).prop_map(grown)
}

fn grown(growths: Vec<Growth>) -> Graph {
    let mut graph = Graph::default();
    let mut labels = LABELS.iter();
    let mut id = 20_250_101_090_000;
    for growth in growths {
        id += growth.distance;
        let heads: Vec<i64> = graph.heads().into_iter().collect();
        let ids: Vec<i64> = graph.ids().into_iter().collect();
        let room = heads.len() < MOST_BRANCHES;
        let parents = match growth.how {
            _ if ids.is_empty() => vec![],
            How::Root if room => vec![],
            How::Fork if room => vec![*growth.at.get(&ids)],
            How::Merge if heads.len() > 1 => {
                let first = growth.at.index(heads.len());
                vec![heads[first], heads[(first + 1) % heads.len()]]
            }
            _ => vec![*growth.at.get(&heads)],
        };
        let begins = parents.is_empty() || matches!(growth.how, How::Fork);
        let dependency = growth.depends_on.filter(|_| !ids.is_empty());
        graph.nodes.push(Node {
            id,
            parents: parents.into_iter().collect(),
            depends_on: dependency.map(|at| *at.get(&ids)).into_iter().collect(),
            label: match growth.labelled && begins {
                true => labels.next().map(|label| (*label).to_owned()),
                false => None,
            },
        });
    }
    graph
}

/// A name whose revision is chosen when there is a graph.
#[derive(Debug, Clone)]
struct Spoken {
    branch: Option<Word>,
    symbol: Option<Word>,
    steps: &'static str,
}

#[derive(Debug, Clone)]
enum Word {
    Id(Index),
    /// So many characters of an id or of a label.
    Part(Index, usize),
    Label(Index),
    Symbol(&'static str),
}

impl Word {
    fn on(&self, graph: &Graph) -> String {
        let ids: Vec<String> = graph.ids().iter().map(i64::to_string).collect();
        let labels: Vec<String> = graph
            .nodes
            .iter()
            .filter_map(|node| node.label.clone())
            .collect();
        match self {
            Self::Label(at) if !labels.is_empty() => at.get(&labels).clone(),
            Self::Id(at) | Self::Label(at) => at.get(&ids).clone(),
            Self::Part(at, length) => {
                let words = [ids, labels].concat();
                at.get(&words).chars().take(*length).collect()
            }
            Self::Symbol(symbol) => (*symbol).to_owned(),
        }
    }
}

impl Spoken {
    fn on(&self, graph: &Graph) -> String {
        let branch = self.branch.as_ref().map(|word| word.on(graph) + "@");
        let symbol = self.symbol.as_ref().map(|word| word.on(graph));
        [branch, symbol, Some(self.steps.to_owned())]
            .into_iter()
            .flatten()
            .collect()
    }
}

fn spoken() -> impl Strategy<Value = Spoken> {
    let word = || {
        prop_oneof![
            5 => any::<Index>().prop_map(Word::Id),
            1 => (any::<Index>(), 1_usize..14).prop_map(|(at, length)| Word::Part(at, length)),
            2 => any::<Index>().prop_map(Word::Label),
        ]
    };
    let symbol = prop_oneof![
        5 => word(),
        3 => select(vec!["head", "heads", "base", "nothing"]).prop_map(Word::Symbol),
    ];
    let steps = select(vec![
        "", "", "+1", "+1", "+2", "-1", "-1", "-2", "-3", "+0", "-0",
    ]);
    let branch = proptest::option::weighted(0.4, word());
    (branch, proptest::option::weighted(0.6, symbol), steps).prop_map(|(branch, symbol, steps)| {
        let symbol = symbol.or((steps.is_empty()).then_some(Word::Symbol("heads")));
        Spoken {
            branch,
            symbol,
            steps,
        }
    })
}

fn commands() -> impl Strategy<Value = Vec<(Kind, Vec<Spoken>)>> {
    let kind = select(vec![
        Kind::Upgrade,
        Kind::Upgrade,
        Kind::Downgrade,
        Kind::Stamp,
    ]);
    let command = (kind, proptest::collection::vec(spoken(), 1..3));
    proptest::collection::vec(command, 1..=24)
}

/// Every name that says something else, with an id or nothing for the branch.
fn every_name(graph: &Graph) -> Vec<String> {
    let ids = || graph.ids().into_iter().map(|id| id.to_string());
    let branches: Vec<String> = ids().map(|id| id + "@").chain([String::new()]).collect();
    let symbols = ["", "head", "heads", "base"].map(str::to_owned);
    let symbols: Vec<String> = ids().chain(symbols).collect();
    let mut names = Vec::new();
    for branch in &branches {
        for symbol in &symbols {
            names.extend(["", "+1", "-1", "-2"].map(|steps| format!("{branch}{symbol}{steps}")));
        }
    }
    names
}

/// Compares ours with the model, looks at what must hold of every answer, and gives what is applied afterwards.
fn compare(command: &Command<'_>, revisions: &Revisions) -> Result<Ids, TestCaseError> {
    let (graph, applied) = (command.graph, &command.applied);
    let ours = command.ours(revisions).ok();
    prop_assert_eq!(&ours, &model::after(command), "{}", command);
    let after = ours.unwrap_or_else(|| applied.clone());
    prop_assert_eq!(
        &graph.below(&after),
        &after,
        "without what it needs: {}",
        command
    );
    match command.kind {
        Kind::Upgrade => prop_assert!(after.is_superset(applied), "{}", command),
        Kind::Downgrade => prop_assert!(after.is_subset(applied), "{}", command),
        Kind::Stamp => {}
    }
    Ok(after)
}

/// What is applied where some revisions are, chosen at random.
fn applied(graph: &Graph, at: &[Index]) -> Ids {
    let ids: Vec<i64> = graph.ids().into_iter().collect();
    graph.below(&at.iter().map(|at| *at.get(&ids)).collect())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn after_any_commands_that_is_applied_which_the_documentation_of_alembic_says(
        graph in graphs(MOST_REVISIONS),
        commands in commands(),
    ) {
        let revisions = graph.revisions();
        let mut applied = Ids::new();
        for (kind, names) in commands {
            let names = match kind {
                Kind::Stamp => &names[..],
                _ => &names[..1],
            };
            let names: Vec<String> = names.iter().map(|name| name.on(&graph)).collect();
            let command = Command { graph: &graph, applied, kind, arguments: names.join(" ") };
            applied = compare(&command, &revisions)?;
        }
    }
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn every_name_leads_where_the_documentation_of_alembic_says(
        graph in graphs(FEW_REVISIONS),
        ats in proptest::collection::vec(proptest::collection::vec(any::<Index>(), 0..4), 11),
    ) {
        let revisions = graph.revisions();
        let ats = ats.iter().cycle();
        for (arguments, at) in every_name(&graph).into_iter().zip(ats) {
            for kind in [Kind::Upgrade, Kind::Downgrade, Kind::Stamp] {
                let (applied, arguments) = (applied(&graph, at), arguments.clone());
                compare(&Command { graph: &graph, applied, kind, arguments }, &revisions)?;
            }
        }
    }

    #[test]
    fn from_anywhere_heads_is_everything_and_base_is_nothing(
        graph in graphs(MOST_REVISIONS),
        at in proptest::collection::vec(any::<Index>(), 0..4),
    ) {
        let revisions = graph.revisions();
        let to = |kind, name: &str| {
            let (applied, arguments) = (applied(&graph, &at), name.to_owned());
            Command { graph: &graph, applied, kind, arguments }.ours(&revisions).ok()
        };
        prop_assert_eq!(to(Kind::Upgrade, "heads"), Some(graph.ids()));
        prop_assert_eq!(to(Kind::Stamp, "heads"), Some(graph.ids()));
        prop_assert_eq!(to(Kind::Downgrade, "base"), Some(Ids::new()));
        prop_assert_eq!(to(Kind::Stamp, "base"), Some(Ids::new()));
    }
}
