//! The tables: 60, of 12 areas with 5 kinds each. Each but the first belongs to an earlier one.

const AREAS: [&str; 12] = [
    "billing",
    "catalog",
    "delivery",
    "directory",
    "finance",
    "inventory",
    "marketing",
    "payroll",
    "procurement",
    "returns",
    "sales",
    "support",
];
const KINDS: [&str; 5] = ["accounts", "documents", "events", "items", "notes"];

/// How many tables there are.
pub(crate) const COUNT: usize = AREAS.len() * KINDS.len();

/// A table, by its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table(pub(crate) usize);

impl Table {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..COUNT).map(Self)
    }

    pub(crate) fn name(self) -> String {
        let area = AREAS[self.0 / KINDS.len() % AREAS.len()];
        format!("{area}_{}", KINDS[self.0 % KINDS.len()])
    }

    /// The name of one of its rows, as a Rust type.
    pub(crate) fn row(self) -> String {
        let name = self.name();
        let words = name.trim_end_matches('s').split('_');
        let capital = |word: &str| format!("{}{}", word[..1].to_uppercase(), &word[1..]);
        words.map(capital).collect()
    }

    /// The table that it belongs to.
    pub(crate) fn parent(self) -> Option<Self> {
        self.0.checked_sub(1).map(|number| Self(number / 2))
    }

    /// Whether a later revision gives it two columns more.
    pub(crate) fn grows(self) -> bool {
        self.0.is_multiple_of(3)
    }

    /// `create table` and its indexes, as it is at the beginning, or in the model as it is at the end.
    pub(crate) fn definition(self, is_grown: bool) -> String {
        let name = self.name();
        let mut lines = vec![
            "id bigint generated always as identity".to_owned(),
            "title text not null".to_owned(),
            "state text not null default 'open'".to_owned(),
            "amount bigint not null default 0".to_owned(),
            "details jsonb not null default '{}'".to_owned(),
            "remark text".to_owned(),
            "created_at timestamptz not null default now()".to_owned(),
            "updated_at timestamptz not null default now()".to_owned(),
        ];
        if self.parent().is_some() {
            lines.push("parent_id bigint not null".to_owned());
        }
        if is_grown {
            lines.push("priority integer".to_owned());
            lines.push("due_at timestamptz".to_owned());
        }
        lines.push(format!("constraint {name}_pkey primary key (id)"));
        lines.push(format!(
            "constraint {name}_state_check check (state in ('open', 'running', 'done', 'failed'))"
        ));
        lines.push(format!(
            "constraint {name}_amount_check check (amount >= 0)"
        ));
        let mut indexes =
            format!("create index {name}_state_created_at_idx on {name} (state, created_at);\n");
        if let Some(parent) = self.parent() {
            let parent = parent.name();
            lines.push(format!(
                "constraint {name}_parent_id_fkey foreign key (parent_id) references {parent}"
            ));
            lines.push(format!(
                "constraint {name}_parent_id_title_key unique (parent_id, title)"
            ));
        }
        if is_grown {
            lines.push(format!("constraint {name}_priority_check check {PRIORITY}"));
            indexes.push_str(&format!(
                "create index {name}_due_at_idx on {name} {};\n",
                DUE_AT_INDEX
            ));
        }
        format!(
            "create table {name} (\n    {}\n);\n\n{indexes}\n{}{}",
            lines.join(",\n    "),
            self.comments(),
            if is_grown {
                self.later_comments()
            } else {
                String::new()
            },
        )
    }

    fn comments(self) -> String {
        let name = self.name();
        let mut text = format!("comment on table {name} is 'What is known of {name}.';\n");
        let mut comment = |column: &str, words: &str| {
            text.push_str(&format!(
                "comment on column {name}.{column} is '{words}';\n"
            ));
        };
        comment("id", "Its number.");
        comment("title", "What people call it.");
        comment("state", "How far it is: open, running, done or failed.");
        comment("amount", "Its value, in cents.");
        comment("details", "What else was given with it.");
        comment("remark", "What somebody noted, if anybody did.");
        comment("created_at", "When it was entered.");
        comment("updated_at", "When it was changed last.");
        if let Some(parent) = self.parent() {
            comment(
                "parent_id",
                &format!("The row of {} that it belongs to.", parent.name()),
            );
        }
        text
    }

    /// The comments of the columns that come later.
    pub(crate) fn later_comments(self) -> String {
        let name = self.name();
        format!(
            "comment on column {name}.priority is 'From 0 to 9, if it has one.';\n\
             comment on column {name}.due_at is 'When it has to be done, if ever.';\n"
        )
    }
}

/// The condition on the column that comes later.
pub(crate) const PRIORITY: &str = "(priority between 0 and 9)";

/// What the index that comes later has.
pub(crate) const DUE_AT_INDEX: &str = "(due_at) where due_at is not null";
