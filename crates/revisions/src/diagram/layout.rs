//! Where the boxes stand and the lines go. In pixels, without a word of SVG.
//!
//! What is connected stands together, as a part; the parts are put beside each other here. The boxes of a part stand in
//! columns (`columns.rs`), with the lines in the gaps between these (`route.rs`).

use super::Diagram;
use super::columns::columns;
use super::measure::{Measures, measures};
use super::route::route;

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
            let columns = columns(diagram, &tables, &sizes, &mut layout);
            let size = route(diagram, &columns, &mut layout);
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
