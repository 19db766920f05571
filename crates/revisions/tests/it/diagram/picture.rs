//! The SVG: that it is XML, shows everything, and hides nothing.

use proptest::prelude::*;
use revisions::diagram::Diagram;
use roxmltree::{Document, Node};

use super::{MadeUp, SHOP, diagram_of};
use crate::catalog::catalog_of;
use crate::support::needs_many_connections;

#[tokio::test]
async fn each_table_and_each_column_is_shown_and_what_has_a_meaning_in_xml_is_escaped() {
    needs_many_connections!();
    let (_, catalog) = catalog_of(SHOP).await;
    let svg = Diagram::of(&catalog).svg();
    let document = Document::parse(&svg).unwrap();
    let texts = |class: &str| -> Vec<&str> {
        let texts = document
            .descendants()
            .filter(|it| it.attribute("class") == Some(class));
        texts.filter_map(|it| Some(it.text()?.trim())).collect()
    };
    assert_eq!(
        texts("name"),
        [
            "addresses",
            "customers",
            "events",
            "settings",
            "shop.\"Orders\"",
            "shop.receipts"
        ]
    );
    for name in ["recommended_by", "ships_to", "\"order\"", "scan"] {
        assert!(texts("column").contains(&name), "{name}");
    }
    for data_type in [
        "varchar(254)",
        "shop.mood",
        "text[]",
        "numeric(10,2)",
        "timestamptz",
    ] {
        assert!(texts("type").contains(&data_type), "{data_type}");
    }
    let titles: Vec<&str> = document
        .descendants()
        .filter(|it| it.has_tag_name(("http://www.w3.org/2000/svg", "title")))
        .filter_map(|it| Some(it.text()?.trim()))
        .collect();
    assert!(
        titles.contains(&"What <can> be \"set\" & how"),
        "{titles:?}"
    );
    let relation =
        "shop.\"Orders\" (customer_id, bills_to) → addresses (customer_id, number) (bills_to_fkey)";
    assert!(titles.contains(&relation), "{titles:?}");
}

#[test]
fn a_name_with_anything_in_it_is_still_xml() {
    let name = "\"<&'\u{1}\n]]> 日本\"".to_owned();
    let diagram = diagram_of(&[(name, 1, vec![])]);
    let svg = diagram.svg();
    let document = Document::parse(&svg).unwrap();
    let mut texts = document.descendants().filter_map(|it| it.text());
    assert!(texts.any(|it| it == "\"<&'  ]]> 日本\""), "{svg}");
}

#[test]
fn tables_without_relations_and_tables_without_columns_have_their_place() {
    let tables: Vec<MadeUp> = (0..40)
        .map(|it| (format!("t{it}"), it % 5, vec![]))
        .collect();
    assert_nothing_is_hidden(&diagram_of(&tables), 40);
}

#[test]
fn many_tables_that_refer_to_one_have_their_place() {
    let mut tables: Vec<MadeUp> = vec![("hub".to_owned(), 1, vec![])];
    tables.extend((0..60).map(|it| (format!("t{it}"), 2 + it % 5, vec![(1, 0, 0)])));
    let diagram = diagram_of(&tables);
    assert_nothing_is_hidden(&diagram, 61);
}

fn schemas() -> impl Strategy<Value = Vec<MadeUp>> {
    (1_usize..14).prop_flat_map(|count| {
        let references = prop::collection::vec((0_usize..3, 0..count, 0_usize..3), 0..4);
        prop::collection::vec((3_usize..9, references), count).prop_map(|tables| {
            let tables = tables.into_iter().enumerate();
            let named = tables.map(|(at, (columns, references))| {
                (
                    format!("{}{at}", "t".repeat(1 + at % 3 * 9)),
                    columns,
                    references,
                )
            });
            named.collect()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_schema_no_box_overlaps_another_and_no_line_goes_through_one(tables in schemas()) {
        let diagram = diagram_of(&tables);
        assert_nothing_is_hidden(&diagram, tables.len());
        prop_assert_eq!(diagram.svg(), diagram_of(&tables).svg());
    }
}

/// Left, top, right, bottom.
type Area = [i32; 4];

fn assert_nothing_is_hidden(diagram: &Diagram, count: usize) {
    let svg = diagram.svg();
    let document = Document::parse(&svg).unwrap();
    let boxes: Vec<Area> = with_class(&document, "box").map(area).collect();
    assert_eq!(boxes.len(), count);
    let number = |name| {
        document
            .root_element()
            .attribute(name)
            .unwrap()
            .parse::<i32>()
            .unwrap()
    };
    let (width, height) = (number("width"), number("height"));
    for (at, &[left, top, right, bottom]) in boxes.iter().enumerate() {
        assert!(
            left >= 0 && top >= 0 && right < width && bottom < height,
            "{svg}"
        );
        for other in &boxes[..at] {
            let apart = right < other[0] || other[2] < left || bottom < other[1] || other[3] < top;
            assert!(apart, "boxes overlap: {svg}");
        }
    }
    let lines = with_class(&document, "line").chain(with_class(&document, "line optional"));
    let mut steps: Vec<(String, Area)> = Vec::new();
    for line in lines {
        let title = line
            .prev_siblings()
            .filter_map(|it| it.text())
            .find(|it| it.contains('→'));
        let (_, referred) = title.unwrap().split_once('→').unwrap();
        let (referred, _) = referred.trim().split_once(" (").unwrap();
        let points = points(line.attribute("d").unwrap());
        for step in points.windows(2) {
            let ((x, y), (to_x, to_y)) = (step[0], step[1]);
            let (left, right, top, bottom) = (x.min(to_x), x.max(to_x), y.min(to_y), y.max(to_y));
            assert!(
                left >= 0 && top >= 0 && right < width && bottom < height,
                "{svg}"
            );
            let through =
                |it: &&Area| left < it[2] && right > it[0] && top < it[3] && bottom > it[1];
            assert_eq!(
                boxes.iter().find(through),
                None,
                "{step:?} goes through it: {svg}"
            );
            steps.push((referred.to_owned(), [left, top, right, bottom]));
        }
    }
    assert_apart(&steps, &svg);
}

/// Lines that do not end at the same place may cross, but not lie on each other.
fn assert_apart(steps: &[(String, Area)], svg: &str) {
    for (at, (referred, one)) in steps.iter().enumerate() {
        for (other_referred, other) in &steps[..at] {
            let common =
                |low: usize, high: usize| one[high].min(other[high]) - one[low].max(other[low]);
            let are_level = one[1] == one[3] && other[1] == other[3] && one[1] == other[1];
            let are_upright = one[0] == one[2] && other[0] == other[2] && one[0] == other[0];
            let lies_on = (are_level && common(0, 2) > 0) || (are_upright && common(1, 3) > 0);
            assert!(
                referred == other_referred || !lies_on,
                "{one:?}, {other:?}: {svg}"
            );
        }
    }
}

fn with_class<'a>(
    document: &'a Document<'a>,
    class: &'a str,
) -> impl Iterator<Item = Node<'a, 'a>> {
    document
        .descendants()
        .filter(move |it| it.attribute("class") == Some(class))
}

/// The area of a box, from the group that it is in.
fn area(node: Node<'_, '_>) -> Area {
    let number = |name| node.attribute(name).unwrap().parse::<i32>().unwrap();
    let moved = node.parent().unwrap().attribute("transform").unwrap();
    let moved = moved.trim_start_matches("translate(").trim_end_matches(')');
    let (x, y) = moved.split_once(' ').unwrap();
    let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
    [x, y, x + number("width"), y + number("height")]
}

/// The points of a path of lines, without those of its ends, which are drawn by themselves and touch the box.
fn points(path: &str) -> Vec<(i32, i32)> {
    if path.contains('v') || path.contains('H') {
        return Vec::new();
    }
    let numbers: Vec<i32> = path
        .split(|it: char| !it.is_ascii_digit() && it != '-')
        .filter(|it| !it.is_empty())
        .map(|it| it.parse().unwrap())
        .collect();
    numbers.chunks(2).map(|pair| (pair[0], pair[1])).collect()
}
