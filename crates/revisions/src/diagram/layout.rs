//! Where the boxes stand and the lines go. In pixels, without a word of SVG.
//!
//! What is connected stands together, in columns: what is referred to on the left, what refers to it on the right. The
//! columns, the order in each, and the lanes of the lines between the boxes are dagre's; that lines leave a box where
//! their column of the table is, and do not share a way by accident, is in `route.rs`.

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

use super::Diagram;
use super::measure::{Measures, measures};
use super::route::{self, Wire};

/// Between two boxes of a column.
const BETWEEN_BOXES: i32 = 36;
/// Between two lines that pass a column.
const BETWEEN_LANES: i32 = 14;
/// Between parts that have nothing to do with each other.
const BETWEEN_PARTS: i32 = 40;
/// Parts are put beside each other up to this width, or that of the widest.
const WIDTH: i32 = 1_000;

/// A picture, as places.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    pub(super) width: i32,
    pub(super) height: i32,
    /// For each table.
    pub(super) places: Vec<Place>,
    /// For each relation.
    pub(super) lines: Vec<Line>,
}

/// Where a box stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// A line from the table that refers to that which is referred to.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) points: Vec<(i32, i32)>,
}

/// Of a part: the tables of each column, from left to right.
pub(super) struct Columns {
    pub(super) tables: Vec<Vec<usize>>,
    pub(super) wires: Vec<Wire>,
}

pub(super) fn layout(diagram: &Diagram) -> Layout {
    let sizes: Vec<Measures> = diagram.tables.iter().map(measures).collect();
    let mut layout = Layout {
        places: vec![Place::default(); diagram.tables.len()],
        lines: vec![Line::default(); diagram.relations.len()],
        ..Layout::default()
    };
    let mut parts: Vec<Part> = parts(diagram)
        .into_iter()
        .map(|tables| {
            let size = route::route(
                diagram,
                arrange(diagram, &tables, &sizes, &mut layout),
                &mut layout,
            );
            Part { tables, size }
        })
        .collect();
    parts.sort_by_key(|part| {
        let area = i64::from(part.size.0) * i64::from(part.size.1);
        (part.tables.len() == 1, -area, part.tables.clone())
    });
    shelve(diagram, &parts, &mut layout);
    layout
}

/// Tables that are connected, and what they take.
struct Part {
    tables: Vec<usize>,
    size: (i32, i32),
}

/// The tables, those together that are connected.
fn parts(diagram: &Diagram) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..diagram.tables.len()).collect();
    for relation in &diagram.relations {
        let (one, other) = (group[relation.from], group[relation.to]);
        let (low, high) = (one.min(other), one.max(other));
        group
            .iter_mut()
            .filter(|it| **it == high)
            .for_each(|it| *it = low);
    }
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); group.len()];
    for (table, &group) in group.iter().enumerate() {
        parts[group].push(table);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Asks dagre for the columns, and for the heights in them.
fn arrange(
    diagram: &Diagram,
    tables: &[usize],
    sizes: &[Measures],
    layout: &mut Layout,
) -> Columns {
    let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(GraphOptions {
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
    let mut wires = Vec::new();
    for (index, relation) in diagram.relations.iter().enumerate() {
        if tables.binary_search(&relation.from).is_err() {
            continue;
        }
        let (left, right) = match goes_left(diagram, relation.to, relation.from) {
            true => (relation.to, relation.from),
            false => (relation.from, relation.to),
        };
        if left != right {
            let label = EdgeLabel::default();
            let (left, right, name) = (left.to_string(), right.to_string(), index.to_string());
            graph.set_edge(&left, &right, Some(label), Some(&name));
        }
        wires.push(Wire {
            relation: index,
            left,
            right,
            lanes: Vec::new(),
        });
    }
    let options = LayoutOptions {
        rankdir: RankDir::LR,
        nodesep: f64::from(BETWEEN_BOXES),
        edgesep: f64::from(BETWEEN_LANES),
        ..LayoutOptions::default()
    };
    dagre::layout(&mut graph, Some(options));
    let middle = |table: usize| {
        let node = graph.node(&table.to_string());
        node.map_or((0, 0), |node| (pixel(node.x), pixel(node.y)))
    };
    let mut middles: Vec<i32> = tables.iter().map(|&table| middle(table).0).collect();
    middles.sort_unstable();
    middles.dedup();
    let mut columns = vec![Vec::new(); middles.len()];
    let mut column_of = vec![0; diagram.tables.len()];
    for &table in tables {
        let (x, y) = middle(table);
        let column = middles.partition_point(|&it| it < x);
        columns[column].push(table);
        column_of[table] = column;
        let Measures { width, height, .. } = sizes[table];
        layout.places[table] = Place {
            x: 0,
            y: y - height / 2,
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
        if column_of[wire.left] > column_of[wire.right] {
            (wire.left, wire.right) = (wire.right, wire.left);
        }
        let points = edge.map_or(&[][..], |edge| &edge.points);
        for &x in middles
            .iter()
            .take(column_of[wire.right])
            .skip(column_of[wire.left] + 1)
        {
            let distance = |point: &&dagre::Point| (pixel(Some(point.x)) - x).abs();
            let nearest = points.iter().min_by_key(distance);
            wire.lanes
                .push(nearest.map_or(0, |point| pixel(Some(point.y))));
        }
    }
    Columns {
        tables: columns,
        wires,
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
        let others = diagram
            .relations
            .iter()
            .filter(|it| it.to == table && it.from != table);
        (std::cmp::Reverse(others.count()), table)
    };
    rank(referred) <= rank(referring)
}

fn pixel(coordinate: Option<f64>) -> i32 {
    // What dagre gives is far from the limits.
    #[allow(clippy::cast_possible_truncation)]
    let pixel = coordinate.unwrap_or_default().round() as i32;
    pixel
}

/// Moves the parts beside and below each other.
fn shelve(diagram: &Diagram, parts: &[Part], layout: &mut Layout) {
    let widest = parts.iter().map(|part| part.size.0).max().unwrap_or(0);
    let (mut x, mut y, mut shelf) = (0, 0, 0);
    for part in parts {
        let (width, height) = part.size;
        if x > 0 && x + width > widest.max(WIDTH) {
            (x, y, shelf) = (0, y + shelf + BETWEEN_PARTS, 0);
        }
        for &table in &part.tables {
            layout.places[table].x += x;
            layout.places[table].y += y;
        }
        for (line, relation) in layout.lines.iter_mut().zip(&diagram.relations) {
            if part.tables.binary_search(&relation.from).is_ok() {
                line.points
                    .iter_mut()
                    .for_each(|point| *point = (point.0 + x, point.1 + y));
            }
        }
        layout.width = layout.width.max(x + width);
        layout.height = layout.height.max(y + height);
        x += width + BETWEEN_PARTS;
        shelf = shelf.max(height);
    }
}
