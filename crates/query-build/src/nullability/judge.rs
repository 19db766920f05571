//! Compares the marks of the annotations with what was traced.

use std::collections::BTreeMap;
use std::ops::Range;

use revisions::SourceError;

use super::{Given, Mark, Traced};
use crate::annotation::Name;
use crate::plan::place_of_table;
use crate::prepare::Prepared;
use crate::query_file::{Query, QueryFile};
use crate::waiver::Rule;

/// Compares what was traced with what is marked. What is refused goes to `problems`, the rest to `warnings`.
pub(crate) fn judge(
    files: &[QueryFile],
    prepared: &[Prepared],
    traced: &[Traced],
    problems: &mut Vec<SourceError>,
    warnings: &mut Vec<SourceError>,
) {
    // A row that several queries return: a mark is needed if any of them needs it.
    let mut marks: BTreeMap<(usize, usize), MarkInUse> = BTreeMap::new();
    for (prepared, traced) in prepared.iter().zip(traced) {
        let (file, query) = prepared.of(files);
        let fields = file.fields_of(&query.line.row);
        for (index, column) in prepared.statement.columns().iter().enumerate() {
            let field = fields.iter().find(|field| field.text == column.name());
            let field = field.filter(|field| Mark::of(&file.source, field).may_be_null);
            let why = traced.columns.get(index).and_then(Option::as_ref);
            let is_waived = is_waived(query, column.name());
            match (field, why) {
                (None, Some(why)) if !is_waived => {
                    let place = traced.places.get(index).cloned();
                    problems.push(unmarked(file, query, column.name(), why, place));
                }
                (Some(field), _) => {
                    let mark =
                        marks
                            .entry((prepared.file, field.range.start))
                            .or_insert(MarkInUse {
                                field,
                                is_needed: false,
                            });
                    mark.is_needed |= why.is_some() && !is_waived;
                }
                _ => {}
            }
        }
        waivers(file, query, prepared, traced, problems, warnings);
        problems.extend(written(file, query, traced));
    }
    for ((file, _), mark) in &marks {
        if !mark.is_needed {
            let (source, name) = (&files[*file].source, &mark.field.text);
            let what = format!("the column `{name}` is marked with `?`, and is never null");
            let remedy =
                format!("write `{name}` without the mark: its Rust type is then no `Option`");
            warnings.push(
                source
                    .problem(mark.field.range.clone(), what)
                    .remedy(remedy),
            );
        }
    }
}

/// A `?`, and whether any query needs it.
struct MarkInUse<'a> {
    field: &'a Name,
    is_needed: bool,
}

fn is_waived(query: &Query, column: &str) -> bool {
    let mut waivers = query.waivers.iter();
    waivers.any(|waiver| matches!(&waiver.rule, Rule::NotNull(name) if name.text == column))
}

fn unmarked(
    file: &QueryFile,
    query: &Query,
    column: &str,
    why: &str,
    place: Option<Range<usize>>,
) -> SourceError {
    let place = place.unwrap_or_else(|| query.line.name.range.clone());
    let marked = match (&query.line.row.name, &query.line.row.fields) {
        (Some(name), None) => format!("`{column}?` in the line of `{}`", name.text),
        _ => format!("`: ({column}?)` in the line of `{}`", query.line.name.text),
    };
    file.source
        .problem(place, format!("the column `{column}` may be null, and is not marked with `?`"))
        .note("query", format!("`{}`", query.line.name.text))
        .note("reason", why)
        .remedy(format!(
            "mark it: {marked}; or say under that line why it never is: `--# not-null: {column}: reason`"
        ))
}

/// Nulls that PostgreSQL is sure to refuse when the query runs.
fn written(file: &QueryFile, query: &Query, traced: &Traced) -> Vec<SourceError> {
    let nulls = traced.writes.iter().flat_map(|write| &write.nulls);
    let refused = nulls.filter_map(|null| {
        let column = format!("`{}.{}`", null.table, null.column);
        let of_table = || place_of_table(query, &file.source, &null.table);
        let (place, what, remedy) = match &null.given {
            Given::Another => return None,
            Given::Nothing => (
                of_table(),
                format!(
                    "rows are inserted without {column}, which must have a value and has no default"
                ),
                "give it a value here, or a default in a migration".to_owned(),
            ),
            Given::Null => (
                of_table(),
                format!("null is written to {column}, which must have a value"),
                "write a value; or let the column be null, in a migration".to_owned(),
            ),
            Given::Parameter(name) => (
                query.place_of(&file.source, name)?,
                format!("the parameter `{name}` may be null, and {column} must have a value"),
                format!("take the mark off: `{name}`; or let the column be null, in a migration"),
            ),
        };
        let problem = file.source.problem(place, what);
        let problem = problem.note("query", format!("`{}`", query.line.name.text));
        Some(problem.remedy(remedy))
    });
    refused.collect()
}

/// Waivers of columns that are not there, or that are proved.
fn waivers(
    file: &QueryFile,
    query: &Query,
    prepared: &Prepared,
    traced: &Traced,
    problems: &mut Vec<SourceError>,
    warnings: &mut Vec<SourceError>,
) {
    let columns = prepared.statement.columns();
    for waiver in &query.waivers {
        let Rule::NotNull(name) = &waiver.rule else {
            continue;
        };
        let index = columns.iter().position(|column| column.name() == name.text);
        let Some(index) = index else {
            let what = format!("the result has no column `{}`", name.text);
            let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
            let remedy = format!("its columns are: {}", names.join(", "));
            problems.push(file.source.problem(name.range.clone(), what).remedy(remedy));
            continue;
        };
        if traced.columns[index].is_none() {
            let what = format!(
                "nothing is waived here: that `{}` is never null is proved",
                name.text
            );
            warnings.push(
                file.source
                    .problem(waiver.range.clone(), what)
                    .remedy("take the line out"),
            );
        }
    }
}
