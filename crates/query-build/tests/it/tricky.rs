//! Random queries of what is easily mistaken: each is refused, or what is shipped gives the rows that what is written gives.
//!
//! The rows are those of a second PostgreSQL, which knows nothing of the build.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use scratch_postgres::{Builder, Preference};
use tokio_postgres::{Client, NoTls, types::Type};

use crate::postgresql::needs_postgresql;
use crate::project::Project;
use crate::shipped::shipped_in;

/// Values. What is refused is among them too.
const VALUES: &[&str] = &[
    "'it''s'",
    "'--x'",
    "'/*'",
    "'*/'",
    "';'",
    "':no'",
    r"'\'",
    r"'\\'",
    r"E'\''",
    r"E'\\'",
    r"e'\\\';--'",
    r"E'a\nb'",
    r"U&'d\0061t'",
    r"U&'d!0061t' uescape '!'",
    "N'n'",
    "x'1F'::text",
    "b'01'::text",
    "$$a;'b$$",
    "$t$ $$ --'$t$",
    "$é$:a$é$",
    "'é;—\u{2028}x'",
    "'\u{a0}'",
    "1-/**/-1",
    "1 - --c\n-1",
    "2/*/*;*/'*/+1",
    "4/ /*:a*/2",
    "@-5",
    "1.5e+3",
    "1::text",
    ":a::text",
    ":b::text || :a::text",
    "':a' || :b::text",
    "(array[1, 2, 3])[1 : 2]",
    "(array[1, 2, 3])[1:2]",
    "(select \"q --;x\" from (select 1 as \"q --;x\") as s)",
    "(select U&\"\\0061\" from (select 7 as a) as s)",
    "(select a$ from (select 1 as a$) as s)",
    "case when 1 <>-1 then 'y' end",
    "'two\n  lines'",
    "$$two\n  lines$$",
    "'a'\n  'b'",
    r"E'a\'' 'b'",
    "'a'/*c*/::/*'*/text",
    "1 AS \u{a0}",
];

/// What may stand between two words.
const SPACES: &[&str] = &[
    " ",
    "\n",
    "\n\n\t  ",
    " -- it's; :a\n",
    "/* ; ' */",
    " /* a /* b */ \" */ ",
    "--\u{a0}\n",
    " --$$\n",
    "\t",
    "\r",
    "\u{b}",
    "\u{a0}\n",
];

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => Just(" "), 6 => Just("\n  "), 3 => select(SPACES)]
}

/// A list of values with names.
fn query() -> impl Strategy<Value = (String, usize)> {
    let value = (any::<Index>(), space(), space());
    (prop::collection::vec(value, 1..5), space()).prop_map(|(values, last)| {
        let items: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(number, (value, before, after))| {
                format!("{before}{}{after}as x{number}", value.get(VALUES))
            })
            .collect();
        (format!("select{}{last}", items.join(" ,")), values.len())
    })
}

/// Builds what is not refused of `queries`; the numbers of those, and the generated code.
fn build(queries: &[(String, usize)]) -> (Vec<usize>, String) {
    let project = Project::sample("tricky");
    std::fs::remove_dir_all(project.package.join("queries")).expect("the sample's queries");
    let mut numbers: Vec<usize> = (0..queries.len()).collect();
    for number in &numbers {
        let (sql, columns) = &queries[*number];
        let marks: Vec<String> = (0..*columns).map(|column| format!("x{column}?")).collect();
        let text = format!("--- Any.\n--! any : ({})\n{sql};\n", marks.join(", "));
        project.write(&format!("queries/q{number}.sql"), text);
    }
    // One that is never refused: a package has a query.
    project.write("queries/one.sql", "--- One.\n--! one\nselect 1 as one;\n");
    loop {
        let refusal = match project.build() {
            Ok(_) => return (numbers, project.output("queries.rs")),
            Err(error) => error.to_string(),
        };
        let before = numbers.len();
        numbers.retain(|number| {
            let file = format!("queries/q{number}.sql");
            let is_refused = refusal.contains(&format!("--> {file}:"));
            if is_refused {
                std::fs::remove_file(project.package.join(file)).expect("the file is there");
            }
            !is_refused
        });
        assert!(numbers.len() < before, "{refusal}");
    }
}

/// The parameters get numbers in the order in which they stand; those in literals and comments are none.
fn numbered(sql: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut numbered = String::new();
    let mut rest = sql;
    while let Some(at) = [":a::text", ":b::text"]
        .iter()
        .filter_map(|it| rest.find(it))
        .min()
    {
        let name = &rest[at..at + 2];
        let number = names
            .iter()
            .position(|known| *known == name)
            .unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
        numbered.push_str(&format!("{}${}", &rest[..at], number + 1));
        rest = &rest[at + 2..];
    }
    numbered + rest
}

/// The rows, as one text.
async fn rows(client: &Client, sql: &str) -> String {
    let values =
        [&"first", &"it's"].map(|value| value as &(dyn tokio_postgres::types::ToSql + Sync));
    let statement = client.prepare(sql).await;
    let statement = statement.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let parameters = &values[..statement.params().len()];
    let rows = client.query(&statement, parameters).await;
    let row = &rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"))[0];
    let columns = row.columns().iter().enumerate();
    let texts = columns.map(|(index, column)| {
        let value = match *column.type_() {
            Type::INT4 => format!("{:?}", row.get::<_, Option<i32>>(index)),
            Type::INT4_ARRAY => format!("{:?}", row.get::<_, Option<Vec<i32>>>(index)),
            Type::TEXT => format!("{:?}", row.get::<_, Option<String>>(index)),
            // What else there is.
            ref other => format!("a {other}"),
        };
        format!("{} = {value}", column.name())
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// What was built of `queries` gives the rows of what is written.
async fn compare(
    queries: &[(String, usize)],
    built: &[usize],
    code: &str,
) -> Result<(), TestCaseError> {
    let server = Builder::new().prefer(Preference::Embedded).start();
    let server = server.expect("a PostgreSQL");
    let connected = tokio_postgres::connect(&server.url(), NoTls).await;
    let (client, connection) = connected.expect("a connection");
    tokio::spawn(connection);
    for number in built {
        let written = rows(&client, &numbered(&queries[*number].0)).await;
        let shipped = rows(&client, &shipped_in(code, &format!("q{number}"))).await;
        prop_assert_eq!(shipped, written, "{}", queries[*number].0);
    }
    Ok(())
}

#[test]
fn a_tricky_query_is_refused_or_gives_the_rows_of_what_is_written() {
    needs_postgresql!();
    let config = ProptestConfig {
        cases: 3,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let queries = prop::collection::vec(query(), 60);
    let outcome = TestRunner::new(config).run(&queries, |queries| {
        let (built, code) = build(&queries);
        prop_assert!(built.len() > 10, "{} of 60 are built", built.len());
        runtime.block_on(compare(&queries, &built, &code))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
