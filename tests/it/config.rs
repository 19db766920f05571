//! `.env.example` and the settings say the same.

use std::collections::BTreeSet;

/// Every variable that the source reads, by the calls that read them.
fn variables_in_source() -> BTreeSet<String> {
    let source = [
        include_str!("../../src/config.rs"),
        include_str!("../../src/config/jobs.rs"),
        include_str!("../../src/config/auth.rs"),
        include_str!("../../src/config/storage.rs"),
        include_str!("../../src/cli/logging.rs"),
    ]
    .concat();
    let quoted = source.split('"').skip(1).step_by(2);
    let is_variable = |text: &&str| {
        text.len() > 3
            && text
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    quoted.filter(is_variable).map(str::to_owned).collect()
}

#[test]
fn every_setting_has_a_line_in_the_example_and_its_comment() {
    let example = include_str!("../../.env.example");
    let shown: BTreeSet<String> = example
        .lines()
        .filter_map(|line| line.strip_prefix('#')?.split_once('='))
        .map(|(name, _)| name.to_owned())
        .filter(|name| !name.contains(' '))
        .collect();
    let mut known = variables_in_source();
    assert!(known.len() > 10, "{known:?}");
    // Read by other crates than this one.
    let elsewhere = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
        "AWS_ENDPOINT",
        "DATABASE_URL",
        "DB_HOST",
        "DB_PORT",
        "DB_USER",
        "DB_PASSWORD",
        "DB_NAME",
        "MIGRATION_DATABASE_URL",
        "MIGRATIONS_DIR",
        "NO_COLOR",
        "PG_DUMP",
        "SCRATCH_POSTGRES",
    ];
    known.extend(elsewhere.map(str::to_owned));
    assert_eq!(shown, known);
    for line in example.lines().filter(|line| !line.starts_with('#')) {
        assert_eq!(
            line, "",
            "every setting is commented out, so that the file changes nothing when copied"
        );
    }
}
