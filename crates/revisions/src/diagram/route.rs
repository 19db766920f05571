//! The ways of the lines: level to the gap between two columns of boxes, up or down in it, level again.
//!
//! In a gap, each line has a track of its own (`tracks.rs`), unless they begin at the same place. Lines that pass a column
//! do so in the lanes that `columns.rs` has got for them.

use super::Diagram;
use super::columns::{Columns, Wire};
use super::layout::{Layout, Line};
use super::measure::row_middle;
use super::tracks::{NEAR, Net, tracks};

/// From a box to the first track, and from the last track to a box: room for what the ends look like.
const STUB: i32 = 24;
/// Between two tracks.
const TRACK: i32 = 12;
/// Between lines that leave a box at the same row.
const BESIDE: i32 = 6;

/// Where lines leave a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Port {
    table: usize,
    at_right: bool,
    row: usize,
    /// The relation that begins there; none where relations end, which may share it.
    relation: Option<usize>,
}

/// Gives the boxes of a part their horizontal places and the relations their lines; how much room that takes.
pub(super) fn route(diagram: &Diagram, columns: &Columns, layout: &mut Layout) -> (i32, i32) {
    let mut width = 0;
    // Where rows of two columns are level, two lines can be bound to lie on each other; then those of one edge are moved.
    for lowered in [0, 4, -4] {
        let (taken, are_apart) = draw(diagram, columns, lowered, layout);
        width = taken;
        if are_apart {
            break;
        }
    }
    (width, to_top(columns, layout))
}

/// Draws with the lines at the left edges of boxes lowered; how wide that is, and whether no line lies on another.
fn draw(diagram: &Diagram, columns: &Columns, lowered: i32, layout: &mut Layout) -> (i32, bool) {
    let tables = &columns.tables;
    let mut wires = columns.wires.clone();
    let mut are_apart = true;
    let mut column_of = vec![0; diagram.tables.len()];
    for (column, tables) in tables.iter().enumerate() {
        tables.iter().for_each(|&table| column_of[table] = column);
    }
    let ends: Vec<[(Port, i32); 2]> = ends(diagram, &wires, lowered, layout);
    straighten(tables, &mut wires, &ends, &column_of, layout);
    let heights: Vec<Vec<i32>> = wires
        .iter()
        .zip(&ends)
        .map(|(wire, [left, right])| {
            let inner = wire.lanes.iter().copied();
            [left.1].into_iter().chain(inner).chain([right.1]).collect()
        })
        .collect();
    let mut ways: Vec<Vec<(i32, i32)>> = vec![Vec::new(); wires.len()];
    let mut x = 0;
    for (column, in_column) in tables.iter().enumerate() {
        let width = in_column
            .iter()
            .map(|&table| layout.places[table].width)
            .max()
            .unwrap_or(0);
        for &table in in_column {
            layout.places[table].x = x;
            layout.places[table].width = width;
        }
        for (at, wire) in wires.iter().enumerate() {
            if column_of[wire.right] == column && wire.left != wire.right {
                ways[at].push((x, ends[at][1].1));
            }
        }
        x += width;
        let nets = nets(column, &wires, &ends, &heights, &column_of);
        let (tracks, is_clear) = tracks(&nets);
        are_apart &= is_clear;
        let count = tracks.iter().copied().max().map_or(0, |last| last + 1);
        for (at, wire) in wires.iter().enumerate() {
            if column_of[wire.left] == column {
                ways[at].push((x, ends[at][0].1));
            }
        }
        for (net, track) in nets.iter().zip(&tracks) {
            let track_x = x + STUB + track * TRACK;
            for &wire in &net.wires {
                let step = column - column_of[wires[wire].left];
                ways[wire].push((track_x, heights[wire][step]));
                ways[wire].push((track_x, heights[wire][step + 1]));
                if wires[wire].left == wires[wire].right {
                    ways[wire].push((x, heights[wire][step + 1]));
                }
            }
        }
        let is_last = column + 1 == tables.len();
        x += match (is_last, count) {
            (true, 0) => 0,
            (true, count) => STUB + (count - 1) * TRACK,
            (false, count) => 2 * STUB + (count - 1).max(0) * TRACK,
        };
    }
    for (wire, mut points) in wires.iter().zip(ways) {
        let relation = &diagram.relations[wire.relation];
        // From the left: where that is not the table that refers, the other way round. A loop begins at what is referred to.
        if wire.left != relation.from || wire.left == wire.right {
            points.reverse();
        }
        layout.lines[wire.relation] = Line { points };
    }
    (x, are_apart)
}

/// Both ends of each wire, and how high they are.
fn ends(diagram: &Diagram, wires: &[Wire], lowered: i32, layout: &Layout) -> Vec<[(Port, i32); 2]> {
    let ports: Vec<[Port; 2]> = wires
        .iter()
        .map(|wire| {
            let relation = &diagram.relations[wire.relation];
            let (from_row, to_row) = diagram.anchor(relation);
            let is_loop = wire.left == wire.right;
            let referring = Port {
                table: relation.from,
                at_right: is_loop || wire.left == relation.from,
                row: from_row,
                relation: Some(wire.relation),
            };
            let referred = Port {
                table: relation.to,
                at_right: is_loop || wire.left == relation.to,
                row: to_row,
                relation: None,
            };
            match wire.left == relation.to {
                true => [referred, referring],
                false => [referring, referred],
            }
        })
        .collect();
    let mut all: Vec<Port> = ports.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    let height = |port: Port| {
        let beside =
            |it: &&Port| (it.table, it.at_right, it.row) == (port.table, port.at_right, port.row);
        let beside: Vec<&Port> = all.iter().filter(beside).collect();
        // In the other order at the left edge, so that two tables that refer to each other need not cross their lines.
        let mut in_order = beside.iter();
        let place = match port.at_right {
            true => in_order.position(|it| **it == port),
            false => in_order.rev().position(|it| **it == port),
        };
        let place = place.unwrap_or(0);
        let signed = |count: usize| i32::try_from(count).unwrap_or(0);
        let lowered = if port.at_right { 0 } else { lowered };
        let offset = signed(place) * 2 - signed(beside.len()) + 1;
        layout.places[port.table].y
            + row_middle(port.row)
            + lowered
            + (offset * BESIDE / 2).clamp(-9, 9)
    };
    let ends = ports
        .iter()
        .map(|ports| ports.map(|port| (port, height(port))));
    ends.collect()
}

/// Moves lanes to where the line comes from, or another that began with it, or where it goes to; if nothing else is there.
fn straighten(
    tables: &[Vec<usize>],
    wires: &mut [Wire],
    ends: &[[(Port, i32); 2]],
    column_of: &[usize],
    layout: &Layout,
) {
    let mut lanes: Vec<Vec<(usize, i32)>> = vec![Vec::new(); tables.len()];
    for (at, wire) in wires.iter().enumerate() {
        for (step, &y) in wire.lanes.iter().enumerate() {
            lanes[column_of[wire.left] + 1 + step].push((at, y));
        }
    }
    let port = |at: usize| ends[at][0].0;
    let is_shared =
        |at: usize, other: usize| port(at).relation.is_none() && port(at) == port(other);
    for (at, wire) in wires.iter_mut().enumerate() {
        for step in 0..wire.lanes.len() {
            let column = column_of[wire.left] + 1 + step;
            let before = match step {
                0 => ends[at][0].1,
                _ => wire.lanes[step - 1],
            };
            let after = wire.lanes.get(step + 1).copied();
            let after = after.unwrap_or(ends[at][1].1);
            let is_free = |y: i32| {
                let mut boxes = tables[column].iter().map(|&table| layout.places[table]);
                let mut others = lanes[column].iter();
                boxes.all(|it| y < it.y - NEAR || y > it.y + it.height + NEAR)
                    && others.all(|&(other, lane)| {
                        other == at || is_shared(at, other) || (lane - y).abs() > NEAR
                    })
            };
            // Of those that begin at the same place and have theirs already.
            let shared = lanes[column]
                .iter()
                .filter(|(other, _)| *other < at && is_shared(at, *other));
            let nearest = shared
                .map(|(_, lane)| *lane)
                .min_by_key(|lane| (lane - wire.lanes[step]).abs());
            let wanted = [Some(before), nearest, Some(after)];
            if let Some(y) = wanted.into_iter().flatten().find(|&y| is_free(y)) {
                wire.lanes[step] = y;
                let own = lanes[column].iter_mut().filter(|(it, _)| *it == at);
                own.for_each(|lane| lane.1 = y);
            }
        }
    }
}

/// The lines in the gap right of a column.
fn nets(
    column: usize,
    wires: &[Wire],
    ends: &[[(Port, i32); 2]],
    heights: &[Vec<i32>],
    column_of: &[usize],
) -> Vec<Net> {
    let mut nets: Vec<(Option<(Port, i32)>, Net)> = Vec::new();
    for (at, wire) in wires.iter().enumerate() {
        let (left, right) = (column_of[wire.left], column_of[wire.right]);
        let is_loop = wire.left == wire.right;
        if !(left..right.max(left + 1)).contains(&column) {
            continue;
        }
        let step = column - left;
        // Those that begin at the same place, and came the same way, are one line.
        let port = Some(ends[at][0].0).filter(|port| port.relation.is_none());
        let shared = port.map(|port| (port, heights[at][step]));
        let found = nets
            .iter_mut()
            .find(|(port, _)| port.is_some() && *port == shared);
        let net = match found {
            Some((_, net)) => net,
            None => {
                nets.push((shared, Net::default()));
                let Some((_, net)) = nets.last_mut() else {
                    continue;
                };
                net
            }
        };
        net.lefts.push(heights[at][step]);
        match is_loop {
            true => net.lefts.push(heights[at][step + 1]),
            false => net.rights.push(heights[at][step + 1]),
        }
        net.wires.push(at);
    }
    nets.into_iter().map(|(_, net)| net).collect()
}

/// Moves a part up, or down, to where its highest point is at the top; how high it is.
fn to_top(Columns { tables, wires }: &Columns, layout: &mut Layout) -> i32 {
    let boxes = || tables.iter().flatten().copied();
    let lines = || wires.iter().map(|wire| wire.relation);
    let edges = boxes().flat_map(|it| {
        [
            layout.places[it].y,
            layout.places[it].y + layout.places[it].height,
        ]
    });
    let points = lines().flat_map(|it| layout.lines[it].points.iter().map(|point| point.1));
    let all: Vec<i32> = edges.chain(points).collect();
    let top = all.iter().copied().min().unwrap_or(0);
    let bottom = all.iter().copied().max().unwrap_or(0);
    boxes().for_each(|it| layout.places[it].y -= top);
    for relation in lines() {
        layout.lines[relation]
            .points
            .iter_mut()
            .for_each(|point| point.1 -= top);
    }
    bottom - top
}
