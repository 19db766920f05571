//! The diagram as SVG: one file, which is light or dark as its reader likes it. Where things stand is `layout.rs`'s.

use svg::Document;
use svg::node::Node;
use svg::node::element::{
    Description, Element, Group, Line as Rule, Path, Rectangle, Style, TSpan, Title,
};

use super::layout::{Line, Place, layout};
use super::measure::{HEAD, MARK, PADDING, marks, measures, row_middle, shown, text_width};
use super::{Column, Diagram, Relation, Table};

/// Around everything.
const MARGIN: i32 = 20;
/// How round the corners of lines are.
const RADIUS: i32 = 6;
/// From the middle of a line of text to where its letters stand.
const BASELINE: i32 = 4;
/// For what explains the marks, below the boxes.
const LEGEND: i32 = 40;

pub(super) fn document(diagram: &Diagram) -> String {
    let layout = layout(diagram);
    let legend = legend(diagram);
    let width = layout.width.max(text_width(&legend)) + 2 * MARGIN;
    let height = layout.height + LEGEND + 2 * MARGIN;
    let mut lines = Group::new();
    for (relation, line) in diagram.relations.iter().zip(&layout.lines) {
        lines = lines.add(drawn(diagram, relation, line));
    }
    let mut boxes = Group::new();
    for (table, &place) in diagram.tables.iter().zip(&layout.places) {
        boxes = boxes.add(table_box(table, place));
    }
    let inside = Group::new()
        .set("transform", format!("translate({MARGIN} {MARGIN})"))
        .add(lines)
        .add(boxes)
        .add(text(&legend, 0, layout.height + LEGEND - 8, "legend"));
    let document = Document::new()
        .set("width", width)
        .set("height", height)
        .set("viewBox", (0, 0, width, height))
        .set("role", "img")
        .set("aria-labelledby", "title description")
        .add(Title::new("The tables of the database").set("id", "title"))
        .add(
            Description::new()
                .set("id", "description")
                .add(raw(&description(diagram))),
        )
        .add(Style::new(format!("\n{}", include_str!("style.css"))))
        .add(
            Rectangle::new()
                .set("class", "ground")
                .set("width", width)
                .set("height", height)
                .set("rx", 8),
        )
        .add(inside);
    format!("{document}\n")
}

fn raw(text: &str) -> svg::node::Text {
    svg::node::Text::new(shown(text))
}

/// A line of text. The crate's own element for it would begin and end with a line break.
fn text(content: &str, x: i32, y: i32, class: &str) -> Element {
    let mut text = Element::new("text");
    text.append(raw(content));
    text.assign("class", class);
    text.assign("x", x);
    text.assign("y", y);
    text
}

/// What it shows, for who cannot see it.
fn description(diagram: &Diagram) -> String {
    let names: Vec<&str> = diagram.tables.iter().map(|it| it.name.as_str()).collect();
    let relations: Vec<String> = diagram
        .relations
        .iter()
        .map(|it| diagram.words(it))
        .collect();
    match relations.as_slice() {
        [] => format!("Tables: {}.", names.join(", ")),
        _ => format!(
            "Tables: {}. References: {}.",
            names.join(", "),
            relations.join("; ")
        ),
    }
}

/// What the marks mean, of those that there are.
fn legend(diagram: &Diagram) -> String {
    let columns = || diagram.tables.iter().flat_map(|it| &it.columns);
    let relations = || diagram.relations.iter();
    let has_mark = |mark| columns().any(|it| marks(it).iter().any(|(it, _)| *it == mark));
    let parts = [
        (has_mark("PK"), "PK primary key"),
        (has_mark("FK"), "FK foreign key"),
        (has_mark("UK"), "UK unique"),
        (columns().any(|it| it.nullable), "? may be null"),
        (relations().any(|it| !it.unique), "crow’s foot: many"),
        (relations().next().is_some(), "bar: one"),
        (relations().any(|it| it.optional), "dashed: optional"),
    ];
    let parts: Vec<&str> = parts
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, text)| *text)
        .collect();
    parts.join(" · ")
}

fn table_box(table: &Table, place: Place) -> Group {
    let Place {
        x,
        y,
        width,
        height,
    } = place;
    let mut group = Group::new().set("transform", format!("translate({x} {y})"));
    if let Some(comment) = &table.comment {
        group = group.add(Title::new(shown(comment)));
    }
    group = group
        .add(rectangle(width, height).set("class", "box"))
        .add(Path::new().set("class", "head").set("d", head(width)))
        .add(
            Rule::new()
                .set("class", "rule")
                .set("x2", width)
                .set("y1", HEAD)
                .set("y2", HEAD),
        )
        .add(text(&table.name, PADDING, HEAD / 2 + BASELINE, "name"));
    let type_at = measures(table).type_at;
    for (row, column) in table.columns.iter().enumerate() {
        group = group.add(row_of(column, row_middle(row) + BASELINE, type_at, width));
    }
    group
}

fn rectangle(width: i32, height: i32) -> Rectangle {
    Rectangle::new()
        .set("width", width)
        .set("height", height)
        .set("rx", 6)
}

/// The area of the head, within the border, round at the top.
fn head(width: i32) -> String {
    let bottom = HEAD - 1;
    format!(
        "M.5 {bottom}.5V6Q.5 .5 6 .5H{}Q{}.5 .5 {}.5 6V{bottom}.5Z",
        width - 6,
        width - 1,
        width - 1
    )
}

fn row_of(column: &Column, y: i32, type_at: i32, width: i32) -> Group {
    let name = if column.in_primary_key {
        "key"
    } else {
        "column"
    };
    let mut data_type = text(&column.data_type, type_at, y, "type");
    if column.nullable {
        data_type.append(TSpan::new("?").set("class", "maybe"));
    }
    let mut group = Group::new();
    if let Some(comment) = &column.comment {
        group = group.add(Title::new(shown(comment)));
    }
    group = group
        .add(text(&column.name, PADDING, y, name))
        .add(data_type);
    let mut x = width - PADDING;
    for (mark, class) in marks(column).into_iter().rev() {
        let mut mark = text(mark, x, y, &format!("mark {class}"));
        mark.assign("text-anchor", "end");
        group = group.add(mark);
        x -= MARK;
    }
    group
}

/// The line of a relation with its ends: a crow's foot, or a bar, where it begins, and a bar where it ends.
fn drawn(diagram: &Diagram, relation: &Relation, line: &Line) -> Group {
    let class = if relation.optional {
        "line optional"
    } else {
        "line"
    };
    let mut ends = String::new();
    if let [first, second, .., before, last] = line.points.as_slice() {
        let (begin, end) = ((second.0 - first.0).signum(), (before.0 - last.0).signum());
        ends = match relation.unique {
            true => bar(*first, begin),
            false => foot(*first, begin),
        };
        ends.push_str(&bar(*last, end));
    }
    let words = format!("{} ({})", diagram.words(relation), relation.name);
    // From the shared end, so that the dashes of lines on the same way are at the same places.
    let way: Vec<(i32, i32)> = line.points.iter().rev().copied().collect();
    Group::new()
        .add(Title::new(shown(&words)))
        .add(Path::new().set("class", class).set("d", rounded(&way)))
        .add(Path::new().set("class", "line").set("d", ends))
}

fn bar((x, y): (i32, i32), direction: i32) -> String {
    format!("M{} {}v10", x + 8 * direction, y - 5)
}

fn foot((x, y): (i32, i32), direction: i32) -> String {
    let tip = x + 11 * direction;
    format!("M{x} {}L{tip} {y}L{x} {}M{tip} {y}H{x}", y - 5, y + 5)
}

/// Through the points, level and upright in turn, with round corners.
fn rounded(points: &[(i32, i32)]) -> String {
    let mut kept: Vec<(i32, i32)> = Vec::new();
    for &point in points {
        if let [.., before, last] = kept.as_slice() {
            let is_level = before.1 == last.1 && last.1 == point.1;
            let is_upright = before.0 == last.0 && last.0 == point.0;
            if is_level || is_upright || *last == point {
                kept.pop();
            }
        }
        if kept.last() != Some(&point) {
            kept.push(point);
        }
    }
    let mut path = String::new();
    if let Some((x, y)) = kept.first() {
        path = format!("M{x} {y}");
    }
    for window in kept.windows(3) {
        let [before, corner, after] = [window[0], window[1], window[2]];
        let length =
            |one: (i32, i32), other: (i32, i32)| (one.0 - other.0).abs() + (one.1 - other.1).abs();
        let radius = RADIUS
            .min(length(before, corner) / 2)
            .min(length(corner, after) / 2);
        let towards = |to: (i32, i32)| {
            let step = |from: i32, to: i32| from + (to - from).signum() * radius;
            (step(corner.0, to.0), step(corner.1, to.1))
        };
        let (begin, end) = (towards(before), towards(after));
        path.push_str(&format!(
            "L{} {}Q{} {} {} {}",
            begin.0, begin.1, corner.0, corner.1, end.0, end.1
        ));
    }
    if let Some((x, y)) = kept.last() {
        path.push_str(&format!("L{x} {y}"));
    }
    path
}
