//! What build.rs declares of the database, and where it is wrong.

use query_build::Build;

use crate::postgresql::needs_postgresql;
use crate::project::Project;

#[test]
fn tables_and_types_that_are_not_there_are_refused_where_build_rs_names_them() {
    needs_postgresql!();
    let project = Project::sample("declared");
    let script = "fn main() {\n    query_build::Build::new()\n        \
                  .map_type(\"pg_catalog.timestamp_tz\", \"chrono::DateTime<chrono::Utc>\")\n        \
                  .small_table(\"custommers\", \"there are few\")\n        .run();\n}\n";
    project.write("build.rs", script);
    let built = Build::new()
        .map_type("pg_catalog.timestamp_tz", "chrono::DateTime<chrono::Utc>")
        .small_table("custommers", "there are few")
        .small_table("orderz", "there are few")
        .try_run(&project.package, &project.out_dir);
    let refusal = built.expect_err("it is wrong").to_string();
    insta::assert_snapshot!(refusal);
}
