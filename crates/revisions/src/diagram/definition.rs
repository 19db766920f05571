//! The columns of a key or an index, out of the definition that PostgreSQL writes.

use crate::lexer::{Kind, significant};

/// What the definition of a key or an index has in it.
#[derive(Default)]
pub(super) struct Lists {
    /// The words before the first bracket.
    pub(super) words: Vec<String>,
    /// What each pair of brackets has: the names of columns, or nothing if one of them is an expression.
    pub(super) names: Vec<Option<Vec<String>>>,
    /// The table after `REFERENCES`.
    pub(super) table: Option<String>,
    /// The condition of an index, without brackets.
    pub(super) condition: Vec<String>,
}

impl Lists {
    /// Taken apart by its tokens.
    pub(super) fn of(definition: &str) -> Self {
        let tokens = significant(definition);
        let mut lists = Self::default();
        let (mut depth, mut begins) = (0_usize, false);
        let (mut in_table, mut in_condition) = (false, false);
        for token in &tokens {
            let text = token.text(definition);
            match text {
                "WHERE" if depth == 0 => in_condition = true,
                "(" | ")" if in_condition => {}
                _ if in_condition => lists.condition.push(text.to_owned()),
                "(" => {
                    match depth {
                        0 => lists.names.push(Some(Vec::new())),
                        // An expression, or the call of a function.
                        _ => drop(lists.names.last_mut().map(Option::take)),
                    }
                    (depth, begins, in_table) = (depth + 1, true, false);
                }
                ")" => depth = depth.saturating_sub(1),
                "," if depth == 1 => begins = true,
                // What a period is called by.
                "PERIOD" if begins => {}
                _ if depth == 1 && begins => {
                    begins = false;
                    let is_name = matches!(token.kind, Kind::Word | Kind::QuotedName);
                    let list = lists.names.last_mut();
                    match list {
                        Some(list) if !is_name => *list = None,
                        Some(Some(list)) => list.push(text.to_owned()),
                        _ => {}
                    }
                }
                "REFERENCES" if depth == 0 => in_table = true,
                _ if in_table => lists.table.get_or_insert_default().push_str(text),
                _ if lists.names.is_empty() => lists.words.push(text.to_owned()),
                _ => {}
            }
        }
        lists
    }
}

#[cfg(test)]
mod tests {
    use super::Lists;

    #[test]
    fn columns_are_read_and_expressions_are_not_taken_for_columns() {
        let names = |definition| Lists::of(definition).names;
        let some = |names: &[&str]| Some(names.iter().map(|&it| it.to_owned()).collect());
        let foreign =
            r#"FOREIGN KEY (a, "b (c") REFERENCES s."T"(x, PERIOD y) ON DELETE SET NULL (a)"#;
        assert_eq!(
            names(foreign)[..2],
            [some(&["a", "\"b (c\""]), some(&["x", "y"])]
        );
        assert_eq!(Lists::of(foreign).table.as_deref(), Some("s.\"T\""));
        let index = "CREATE UNIQUE INDEX i ON public.t USING btree (a DESC, b COLLATE \"C\")";
        assert_eq!(names(index), [some(&["a", "b"])]);
        let expression = "CREATE UNIQUE INDEX i ON public.t USING btree (lower(a), b)";
        assert_eq!(names(expression), [None]);
        let expression = "CREATE UNIQUE INDEX i ON public.t USING btree (b, ((a + 1)))";
        assert_eq!(names(expression), [None]);
    }
}
