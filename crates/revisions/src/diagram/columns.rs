//! The columns of a part, and the order in each: what is referred to on the left, what refers to it on the right.
//!
//! dagre decides, also how high each box stands and where lines pass a column. Where it would make one column out of very
//! many tables, it is told to put some of them further to the right.

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

use super::Diagram;
use super::layout::{Layout, Place};
use super::measure::Measures;

/// Between two boxes of a column.
const BETWEEN_BOXES: i32 = 36;
/// Between two lines that pass a column.
const BETWEEN_LANES: i32 = 14;
/// A column up to this height is never too high.
const HEIGHT: i32 = 1_000;
/// Between two columns, more or less.
const GAP: i32 = 70;

/// The tables of each column, from left to right, and what connects them.
pub(super) struct Columns {
    pub(super) tables: Vec<Vec<usize>>,
    pub(super) wires: Vec<Wire>,
}

/// A relation, on its way from the left to the right.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub(super) relation: usize,
    /// The table at its left end; at both, if a table refers to itself.
    pub(super) left: usize,
    pub(super) right: usize,
    /// How high it passes the columns between.
    pub(super) lanes: Vec<i32>,
    /// How many columns it goes on, at least.
    span: i32,
}

/// The columns of tables that are connected. How high each stands is put into the layout.
pub(super) fn columns(
    diagram: &Diagram,
    tables: &[usize],
    sizes: &[Measures],
    layout: &mut Layout,
) -> Columns {
    let relations = diagram.relations.iter().enumerate();
    let relations = relations.filter(|(_, it)| tables.binary_search(&it.from).is_ok());
    let wires: Vec<Wire> = relations
        .map(|(index, relation)| {
            let (left, right) = match goes_left(diagram, relation.to, relation.from) {
                true => (relation.to, relation.from),
                false => (relation.from, relation.to),
            };
            Wire {
                relation: index,
                left,
                right,
                lanes: Vec::new(),
                span: 1,
            }
        })
        .collect();
    let columns = arrange(tables, wires.clone(), sizes, layout);
    match spread(&columns, sizes) {
        Some(moved) => {
            let mut wires = wires;
            let place = |table: usize| {
                let column = columns.tables.iter().position(|it| it.contains(&table));
                i32::try_from(column.unwrap_or(0)).unwrap_or(0)
            };
            for wire in &mut wires {
                if let Some((_, further)) = moved.iter().find(|(table, _)| *table == wire.right) {
                    wire.span = (place(wire.right) + further - place(wire.left)).max(1);
                }
            }
            arrange(tables, wires, sizes, layout)
        }
        None => columns,
    }
}

/// Whether `referred` stands left of `referring`. If each refers to the other, the one stands left to which more
/// refer.
fn goes_left(diagram: &Diagram, referred: usize, referring: usize) -> bool {
    let mut relations = diagram.relations.iter();
    if !relations.any(|it| it.from == referred && it.to == referring) {
        return true;
    }
    let rank = |table: usize| {
        let others = diagram.relations.iter();
        let others = others.filter(|it| it.to == table && it.from != table);
        (std::cmp::Reverse(others.count()), table)
    };
    rank(referred) <= rank(referring)
}

/// Which tables go further to the right, and how far, so that no column is much higher than the whole is wide. Only those
/// can to which nothing refers.
fn spread(columns: &Columns, sizes: &[Measures]) -> Option<Vec<(usize, i32)>> {
    let height = |table: usize| sizes[table].height + BETWEEN_BOXES;
    let boxes = || columns.tables.iter().flatten().copied();
    let area = boxes().map(|it| i64::from(height(it)) * i64::from(sizes[it].width + GAP));
    let side = i32::try_from(area.sum::<i64>().isqrt()).unwrap_or(i32::MAX);
    let good = side.saturating_add(side / 5).max(HEIGHT);
    let mut moved = Vec::new();
    for column in &columns.tables {
        if column.iter().map(|&it| height(it)).sum::<i32>() <= good.saturating_add(good / 2) {
            continue;
        }
        let is_last = |table: &usize| !columns.wires.iter().any(|it| it.left == *table);
        let total: i32 = column.iter().map(|&it| height(it)).sum();
        let count = total.div_euclid(good) + 1;
        // In turn, so that those beside each other stand at about the same height.
        let turns = (0..count).cycle();
        let last = column.iter().copied().filter(is_last).zip(turns);
        moved.extend(last.filter(|(_, further)| *further > 0));
    }
    (!moved.is_empty()).then_some(moved)
}

fn arrange(
    tables: &[usize],
    mut wires: Vec<Wire>,
    sizes: &[Measures],
    layout: &mut Layout,
) -> Columns {
    let graph = arranged(tables, &wires, sizes);
    let middle = |table: usize| {
        let node = graph.node(&table.to_string());
        node.map_or((0, 0), |node| (pixel(node.x), pixel(node.y)))
    };
    let mut middles: Vec<i32> = tables.iter().map(|&table| middle(table).0).collect();
    middles.sort_unstable();
    middles.dedup();
    let column_of = |table: usize| middles.partition_point(|&it| it < middle(table).0);
    let mut columns = vec![Vec::new(); middles.len()];
    for &table in tables {
        columns[column_of(table)].push(table);
        let Measures { width, height, .. } = sizes[table];
        layout.places[table] = Place {
            x: 0,
            y: middle(table).1 - height / 2,
            width,
            height,
        };
    }
    for column in &mut columns {
        column.sort_by_key(|&table| layout.places[table].y);
    }
    for wire in &mut wires {
        let name = wire.relation.to_string();
        let edge = graph.edge(&wire.left.to_string(), &wire.right.to_string(), Some(&name));
        // In a circle, one has to go the other way.
        if column_of(wire.left) > column_of(wire.right) {
            (wire.left, wire.right) = (wire.right, wire.left);
        }
        let points = edge.map_or(&[][..], |edge| &edge.points);
        let between = middles.iter().take(column_of(wire.right));
        for &x in between.skip(column_of(wire.left) + 1) {
            let distance = |point: &&dagre::Point| (pixel(Some(point.x)) - x).abs();
            let nearest = points.iter().min_by_key(distance);
            let lane = nearest.map_or(0, |point| pixel(Some(point.y)));
            wire.lanes.push(lane);
        }
    }
    Columns {
        tables: columns,
        wires,
    }
}

/// What dagre makes of it.
fn arranged(tables: &[usize], wires: &[Wire], sizes: &[Measures]) -> Graph<NodeLabel, EdgeLabel> {
    let mut graph = Graph::with_options(GraphOptions {
        directed: true,
        multigraph: true,
        compound: false,
    });
    for &table in tables {
        let label = NodeLabel {
            width: f64::from(sizes[table].width),
            height: f64::from(sizes[table].height),
            ..NodeLabel::default()
        };
        graph.set_node(table.to_string(), Some(label));
    }
    for wire in wires.iter().filter(|it| it.left != it.right) {
        let label = EdgeLabel {
            minlen: wire.span,
            ..EdgeLabel::default()
        };
        let (left, right) = (wire.left.to_string(), wire.right.to_string());
        let name = wire.relation.to_string();
        graph.set_edge(&left, &right, Some(label), Some(&name));
    }
    let options = LayoutOptions {
        rankdir: RankDir::LR,
        nodesep: f64::from(BETWEEN_BOXES),
        edgesep: f64::from(BETWEEN_LANES),
        ..LayoutOptions::default()
    };
    dagre::layout(&mut graph, Some(options));
    graph
}

fn pixel(coordinate: Option<f64>) -> i32 {
    // What dagre gives is far from the limits.
    #[allow(clippy::cast_possible_truncation)]
    let pixel = coordinate.unwrap_or_default().round() as i32;
    pixel
}
