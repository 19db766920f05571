//! That each place in the sources where a problem is made has its pair: whoever adds a rule adds it here, with the names of the
//! fixtures that are refused by it. A fixture is a pair of this directory, or the snapshot of another room.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{pairs, whole};

/// What makes a problem, in the sources.
const MAKES: &[&str] = &[
    ".refuse(",
    ".problem(",
    "unexpected(",
    "SourceError::of_file(",
    "SourceError::at(",
    "SourceError::from_database(",
    "SourceError::not_utf8(",
];

/// A file, a function in it, how often it makes a problem, and its fixtures; none for what only passes problems on.
type Place = (&'static str, &'static str, usize, &'static [&'static str]);

const PLACES: &[Place] = &[
    ("annotation.rs", "query_line", 1, &["query_row"]),
    ("annotation.rs", "type_line", 1, &["type_fields"]),
    (
        "annotation.rs",
        "name",
        1,
        &[
            "query_without_name",
            "type_without_name",
            "query_field_name",
            "type_trait",
        ],
    ),
    ("annotation.rs", "fields", 1, &["query_fields"]),
    ("annotation.rs", "field_name", 1, &["query_field_quote"]),
    (
        "annotation.rs",
        "end",
        1,
        &["query_line_end", "type_line_end"],
    ),
    ("steps.rs", "read_revisions", 1, &["no_directories"]),
    ("check.rs", "refuse", 1, &[]),
    (
        "check.rs",
        "column_names",
        2,
        &["two_columns_of_a_name", "column_without_name"],
    ),
    (
        "check.rs",
        "nullable_columns",
        2,
        &["row_of_no_rows", "mark_of_no_column"],
    ),
    (
        "check.rs",
        "column_types",
        1,
        &["void_column", "interval_column", "column_type"],
    ),
    (
        "check.rs",
        "parameter_types",
        2,
        &["interval_parameter", "parameter_type", "domain_parameter"],
    ),
    ("declared.rs", "unknown", 2, &["small_table", "mapped_type"]),
    ("declared.rs", "problem", 2, &["small_table", "mapped_type"]),
    (
        "generate.rs",
        "explain",
        2,
        &["one_name_in_rust", "backslash_at_the_end"],
    ),
    ("nullability/judge.rs", "judge", 1, &["needless_mark"]),
    (
        "nullability/judge.rs",
        "unmarked",
        1,
        &["column_that_may_be_null"],
    ),
    (
        "nullability/judge.rs",
        "waivers",
        2,
        &["waiver_of_no_column", "needless_not_null"],
    ),
    (
        "nullability/judge.rs",
        "written",
        1,
        &[
            "insert_without_a_column",
            "null_in_a_column_that_is_not_null",
            "null_parameter_of_a_column_that_is_not_null",
        ],
    ),
    ("plan.rs", "judge", 2, &["needless_full_scan", "full_scan"]),
    (
        "prepare.rs",
        "refused",
        1,
        &[
            "postgresql_refuses",
            "parameter_without_type",
            "postgresql_cannot_plan",
        ],
    ),
    (
        "previous/lineage.rs",
        "gone",
        1,
        &["previous__released_migrations_are_there_and_as_they_were"],
    ),
    (
        "previous/lineage.rs",
        "edited",
        3,
        &["previous__released_migrations_are_there_and_as_they_were"],
    ),
    (
        "previous/look.rs",
        "finding",
        1,
        &["previous__nulls_are_looked_at_where_it_reads_and_where_it_writes"],
    ),
    (
        "previous/release.rs",
        "unreadable",
        1,
        &["previous__a_release_that_is_neither_a_directory_nor_known_to_git_is_refused"],
    ),
    (
        "prove.rs",
        "read",
        1,
        &["model_not_utf8", "model_commits", "model_header"],
    ),
    (
        "prove.rs",
        "not_undone",
        1,
        &["proof__a_down_script_that_leaves_something_behind_is_refused_by_name"],
    ),
    ("prove.rs", "not_the_same_again", 1, &["not_the_same_again"]),
    (
        "prove.rs",
        "load",
        1,
        &["proof__a_model_that_is_no_sql_is_shown_where_it_is"],
    ),
    (
        "prove.rs",
        "compare",
        1,
        &["proof__a_model_that_is_ahead_of_the_migrations_is_refused_with_the_difference"],
    ),
    ("query_file.rs", "statement", 1, &["attribute_of_nothing"]),
    ("query_file.rs", "type_block", 1, &[]),
    ("query_file.rs", "query", 1, &[]),
    ("query_file.rs", "waivers", 1, &["waiver_of_no_rule"]),
    ("query_file.rs", "unended", 1, &["no_semicolon"]),
    ("query_file.rs", "nameless", 1, &["nameless_sql"]),
    ("query_file.rs", "unexpected", 1, &[]),
    ("query_file.rs", "refuse", 1, &[]),
    (
        "read.rs",
        "read_queries",
        2,
        &["no_directories", "no_query_files"],
    ),
    (
        "same_tree.rs",
        "judge",
        1,
        &["same_tree__tests_with_postgresql"],
    ),
    (
        "same_tree.rs",
        "refused_as_written",
        1,
        &["same_tree__tests_with_postgresql"],
    ),
    (
        "same_tree.rs",
        "without_tree",
        1,
        &["statement_without_a_tree"],
    ),
    (
        "shipped.rs",
        "compare",
        1,
        &["unit test: another_word_a_missing_and_an_added_one_are_found_where_they_are"],
    ),
    (
        "source.rs",
        "read",
        2,
        &["not_utf8", "unreadable_query_file"],
    ),
    ("source.rs", "problem", 1, &[]),
    ("vet.rs", "refuse", 1, &[]),
    ("vet.rs", "name", 1, &["function_name"]),
    ("vet.rs", "second_of_a_name", 1, &["second_of_a_name"]),
    ("vet.rs", "docs", 1, &["doc_line"]),
    ("vet.rs", "misplaced_annotations", 1, &["doc_line_too_late"]),
    (
        "vet.rs",
        "named_shapes",
        1,
        &["undeclared_type", "fields_given_twice"],
    ),
    (
        "vet.rs",
        "parameter_names",
        2,
        &["parameter_name", "mark_of_no_parameter"],
    ),
    ("vet.rs", "sql", 1, &["no_sql"]),
    (
        "vet.rs",
        "token",
        5,
        &[
            "never_closed",
            "line_break_in_a_literal",
            "line_break_in_a_dollar_quote",
            "line_break_in_a_name",
            "parameter_with_a_number",
            "space_that_is_a_letter",
            "dollar_in_a_name",
        ],
    ),
    (
        "vet.rs",
        "pair",
        2,
        &["literal_in_two_lines", "number_behind_a_colon"],
    ),
    (
        "vet.rs",
        "vet_modules",
        3,
        &[
            "module_name",
            "module_of_the_generated_code",
            "file_and_directory_of_a_name",
        ],
    ),
    (
        "waiver.rs",
        "read",
        3,
        &[
            "waiver_of_no_rule",
            "waiver_without_column",
            "waiver_without_reason",
        ],
    ),
];

#[test]
fn each_place_that_makes_a_problem_has_its_fixture() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    for path in files(&sources) {
        let text = std::fs::read_to_string(&path).expect("a source");
        let name = path.strip_prefix(&sources).expect("a path below");
        count(
            &name.display().to_string().replace('\\', "/"),
            &text,
            &mut found,
        );
    }
    let known = PLACES.iter();
    let known: BTreeMap<(String, String), usize> = known
        .map(|(file, function, count, _)| ((file.to_string(), function.to_string()), *count))
        .collect();
    for (place, count) in &found {
        assert_eq!(
            known.get(place),
            Some(count),
            "{place:?}: give each rule a pair in tests/it/rules, and write it into PLACES"
        );
    }
    for place in known.keys() {
        assert!(
            found.contains_key(place),
            "{place:?} makes no problem any more"
        );
    }
}

#[test]
fn each_fixture_is_there_and_each_pair_belongs_to_a_place() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts: Vec<String> = Vec::new();
    for directory in [
        "tests/it/snapshots",
        "tests/it/rules/snapshots",
        "src/snapshots",
    ] {
        let entries = std::fs::read_dir(here.join(directory)).expect("the snapshots");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        texts.extend(names.map(|name| name.to_string_lossy().into_owned()));
    }
    let fixtures = PLACES.iter().flat_map(|place| place.3).copied();
    let fixtures: Vec<&str> = fixtures.collect();
    for fixture in &fixtures {
        let is_snapshot = texts
            .iter()
            .any(|name| name.contains(&format!("__{fixture}")));
        let is_test = fixture.strip_prefix("unit test: ").is_some_and(|test| {
            let mut sources = files(&here.join("src")).into_iter();
            sources.any(|path| {
                let text = std::fs::read_to_string(path).expect("a source");
                text.contains(&format!("fn {test}()"))
            })
        });
        assert!(is_snapshot || is_test, "there is no fixture `{fixture}`");
    }
    for name in pairs().map(|pair| pair.name).chain(whole::names()) {
        assert!(fixtures.contains(&name), "`{name}` belongs to no place");
    }
}

/// The sources below a directory, in order.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("the sources");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let below = paths.into_iter().flat_map(|path| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    });
    below
        .filter(|path| path.extension().is_some_and(|it| it == "rs"))
        .collect()
}

/// Counts the problems that each function of a source makes, without its tests.
fn count(file: &str, text: &str, found: &mut BTreeMap<(String, String), usize>) {
    let mut function = String::new();
    for line in text.lines() {
        if line.starts_with("#[cfg(test)]") {
            return;
        }
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        let mut words = code.split_whitespace().skip_while(|word| *word != "fn");
        let is_head = ["fn ", "pub", "async fn ", "const fn "]
            .iter()
            .any(|it| code.starts_with(it));
        if let (true, Some(_), Some(name)) = (is_head, words.next(), words.next()) {
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
            function = name[..end.unwrap_or(name.len())].to_owned();
            continue;
        }
        let made: usize = MAKES.iter().map(|it| code.matches(it).count()).sum();
        if made > 0 {
            *found
                .entry((file.to_owned(), function.clone()))
                .or_default() += made;
        }
    }
}
