//! `.env.example` and the settings say the same.

use std::collections::BTreeSet;

/// Every variable that the source reads, by the calls that read them.
fn variables_in_source() -> BTreeSet<String> {
    let source = [
        include_str!("../../src/config.rs"),
        include_str!("../../src/cli/logging.rs"),
    ]
    .concat();
    let quoted = source.split('"').skip(1).step_by(2);
    let is_variable = |text: &&str| {
        text.len() > 3
            && text
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            && *text != "DEBUG_"
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
    let read = variables_in_source();
    assert!(read.len() > 10, "{read:?}");
    assert_eq!(
        read.difference(&shown).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
    for line in example.lines().filter(|line| !line.starts_with('#')) {
        assert_eq!(
            line, "",
            "every setting is commented out, so that the file changes nothing when copied"
        );
    }
}
