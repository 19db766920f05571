//! The rules: what each is called, what it guards, how grave it is unless a project says otherwise, and what to do instead.
//!
//! Those of squawk are called as squawk calls them, so that its documentation can be read.

use super::rule::{Guards, Level, Rule};

/// The rule of this name.
pub(crate) fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

const fn squawk(name: &'static str, level: Level, guards: Guards, remedy: &'static str) -> Rule {
    Rule {
        name,
        level,
        guards,
        is_squawks: true,
        remedy,
    }
}

const fn own(name: &'static str, level: Level, guards: Guards, remedy: &'static str) -> Rule {
    Rule {
        is_squawks: false,
        ..squawk(name, level, guards, remedy)
    }
}

use Guards::{Clients, Data, Form, Locks, Release};
use Level::{Allow, Deny, Warn};

const REWRITE: &str = "add a column beside it, fill it in batches (`-- repeat: until-no-rows`), and go over to it in a later revision";
const NOT_VALID: &str = "add it with `not valid`, and `validate constraint` in a revision after it, with `-- transaction: none`";
const KEY: &str = "`create unique index concurrently` in a revision with `-- transaction: none`, then `add constraint … using index`";
const TWO_RELEASES: &str =
    "let a release go out first whose programs do with both, and take the old one away after it";
const NO_TRANSACTION: &str = "leave it out: the migrator begins and commits the transaction; `-- transaction: none` is for what cannot run in one";
const ADD_COLUMN: &str = "add the column without it, fill it in batches (`-- repeat: until-no-rows`), and set it afterwards";

/// The queries of the release before work on the new schema.
pub const PREVIOUS_RELEASE_QUERIES: Rule = own(
    "previous-release-queries",
    Deny,
    Release,
    "keep what that release uses until none of its programs runs, and take it away in the release after this one",
);

/// What the release before writes satisfies the new constraints.
pub const PREVIOUS_RELEASE_WRITES: Rule = own(
    "previous-release-writes",
    Warn,
    Release,
    "see that what that release writes satisfies it",
);

/// All rules, those of squawk first.
pub const RULES: &[Rule] = &[
    squawk("adding-field-with-default", Deny, Locks, ADD_COLUMN),
    squawk("adding-foreign-key-constraint", Deny, Locks, NOT_VALID),
    squawk(
        "adding-not-nullable-field",
        Deny,
        Locks,
        "`add constraint … check (… is not null) not valid`; in a revision after it, with `-- transaction: none`, `validate constraint`, `set not null`, and drop the check",
    ),
    squawk(
        "adding-required-field",
        Deny,
        Clients,
        "give it a default, or let it be null until all programs fill it",
    ),
    squawk("adding-serial-primary-key-field", Deny, Locks, KEY),
    squawk(
        "ban-alter-domain-with-add-constraint",
        Deny,
        Locks,
        "add it with `not valid`, and `alter domain … validate constraint` in a later revision",
    ),
    squawk("ban-char-field", Allow, Form, "use `text`"),
    squawk(
        "ban-concurrent-index-creation-in-transaction",
        Deny,
        Form,
        "move it to a revision with `-- transaction: none`",
    ),
    squawk(
        "ban-create-domain-with-constraint",
        Allow,
        Form,
        "let the constraint be one of the tables",
    ),
    squawk(
        "ban-drop-column",
        Deny,
        Data,
        "let a release go out first whose programs do not use it; keep what is needed of it elsewhere",
    ),
    squawk(
        "ban-drop-database",
        Deny,
        Data,
        "leave it out: a migration changes the schema of one database",
    ),
    squawk(
        "ban-drop-not-null",
        Warn,
        Clients,
        "see that the programs that run can read a null there",
    ),
    squawk(
        "ban-drop-table",
        Deny,
        Data,
        "let a release go out first whose programs do not use it; keep what is needed of it elsewhere",
    ),
    squawk(
        "ban-truncate-cascade",
        Deny,
        Data,
        "name the tables that are to be emptied, without `cascade`",
    ),
    squawk("ban-uncommitted-transaction", Deny, Form, NO_TRANSACTION),
    squawk("changing-column-type", Deny, Locks, REWRITE),
    squawk("constraint-missing-not-valid", Deny, Locks, NOT_VALID),
    squawk("disallowed-unique-constraint", Deny, Locks, KEY),
    squawk("prefer-bigint-over-int", Allow, Form, "use `bigint`"),
    squawk("prefer-bigint-over-smallint", Allow, Form, "use `bigint`"),
    squawk(
        "prefer-identity",
        Allow,
        Form,
        "use `generated always as identity`",
    ),
    squawk(
        "prefer-robust-stmts",
        Allow,
        Form,
        "write `if exists` or `if not exists`",
    ),
    squawk(
        "prefer-text-field",
        Allow,
        Form,
        "use `text`, with a check of its length",
    ),
    squawk("prefer-timestamp-tz", Allow, Form, "use `timestamptz`"),
    squawk("renaming-column", Warn, Clients, TWO_RELEASES),
    squawk("renaming-table", Warn, Clients, TWO_RELEASES),
    squawk(
        "require-concurrent-index-creation",
        Deny,
        Locks,
        "`create index concurrently`, in a revision of its own with `-- transaction: none`",
    ),
    squawk(
        "require-concurrent-index-deletion",
        Deny,
        Locks,
        "`drop index concurrently`, in a revision of its own with `-- transaction: none`",
    ),
    squawk(
        "require-enum-value-ordering",
        Allow,
        Form,
        "say `before` or `after` which value it comes",
    ),
    squawk(
        "require-timeout-settings",
        Deny,
        Locks,
        "leave it out: a statement that waits for a lock lets nobody else have it; the migrator gives up after a moment, and tries again",
    ),
    squawk("transaction-nesting", Deny, Form, NO_TRANSACTION),
    squawk(
        "unused-ignore",
        Warn,
        Form,
        "write `-- allow: rule reason` into the header",
    ),
    own(
        "adding-checked-field",
        Deny,
        Locks,
        "add the column without it; then `add constraint … check (…) not valid`, and `validate constraint` in a revision after it",
    ),
    own("adding-serial-field", Deny, Locks, ADD_COLUMN),
    own(
        "ban-delete-without-where",
        Deny,
        Data,
        "say which rows; or `-- repeat: until-no-rows` and a `where … in (select … limit 5000)`, so that nobody waits",
    ),
    own(
        "ban-drop-attribute",
        Deny,
        Data,
        "let a release go out first whose programs do not use it; keep what is needed of it elsewhere",
    ),
    own(
        "ban-drop-cascade",
        Deny,
        Data,
        "name what is to be dropped, in its order, without `cascade`",
    ),
    own(
        "ban-lock-table",
        Deny,
        Locks,
        "leave it out: a statement takes the locks that it needs",
    ),
    own(
        "ban-table-rewrite",
        Deny,
        Locks,
        "do it by hand when nobody uses the table; or make a new table, and fill it in batches (`-- repeat: until-no-rows`)",
    ),
    own(
        "ban-truncate",
        Deny,
        Data,
        "delete in batches (`-- repeat: until-no-rows`) what is really to go",
    ),
    PREVIOUS_RELEASE_QUERIES,
    PREVIOUS_RELEASE_WRITES,
    own(
        "require-batched-update",
        Deny,
        Locks,
        "change some thousand rows at a time: `-- repeat: until-no-rows`, and `where … in (select … limit 5000)`",
    ),
    own(
        "require-concurrent-refresh",
        Deny,
        Locks,
        "`refresh materialized view concurrently`; it needs a unique index",
    ),
    own(
        "require-concurrent-reindex",
        Deny,
        Locks,
        "`reindex … concurrently`, in a revision of its own with `-- transaction: none`",
    ),
    own(
        "require-down-script",
        Allow,
        Form,
        "write it, with the same name and the ending `.down.sql`; or say in the header why there is no way back: `-- down: irreversible: reason`",
    ),
    own(
        "several-table-locks",
        Warn,
        Locks,
        "let each table have a revision of its own",
    ),
    own(
        "unlinted-statement",
        Warn,
        Form,
        "see for yourself which locks it takes, and what it loses",
    ),
];

#[cfg(test)]
mod tests {
    use super::{RULES, find};

    #[test]
    fn every_rule_of_squawk_is_known_and_no_other_is_called_so() {
        let linter = squawk_linter::Linter::with_all_rules();
        let names: Vec<String> = linter.rules.iter().map(ToString::to_string).collect();
        for name in &names {
            assert!(find(name).is_some_and(|rule| rule.is_squawks), "{name}");
        }
        for rule in RULES.iter().filter(|rule| rule.is_squawks) {
            assert!(names.iter().any(|name| name == rule.name), "{}", rule.name);
        }
        let count = RULES.iter().filter(|rule| rule.is_squawks).count();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn they_are_in_the_order_of_their_names() {
        let keys = RULES.iter().map(|rule| (!rule.is_squawks, rule.name));
        assert!(keys.is_sorted());
    }
}
