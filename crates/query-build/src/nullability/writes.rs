//! What a statement writes, and where it would leave a column without a value that must have one.

use std::collections::BTreeSet;

use super::catalog::Table;
use super::node::Node;
use super::prove::Prover;
use super::scope::Scope;

/// One change of a table by a statement, which may have several: by common tables, or `on conflict`.
#[derive(Debug)]
pub(crate) struct Write {
    /// The number of the table in PostgreSQL's catalog.
    pub(crate) table: i64,
    pub(crate) change: Change,
    /// The columns that it gives values to, by their numbers.
    pub(crate) columns: BTreeSet<i64>,
    /// The columns that refuse null and may get it.
    pub(crate) nulls: Vec<Null>,
}

/// What is done to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Insert,
    Update,
    Delete,
}

/// A null where there must be none.
#[derive(Debug)]
pub(crate) struct Null {
    pub(crate) table: String,
    pub(crate) column: String,
    /// Why it may be null; nothing if an insert leaves the column out, which has no default.
    pub(crate) why: Option<String>,
    /// What is written there, where it is plain.
    pub(crate) given: Given,
}

/// What a column gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// Nothing: each row is refused.
    Nothing,
    /// Null: each row is refused.
    Null,
    /// A parameter that may be null: null is always refused.
    Parameter(String),
    /// What is computed, or what a trigger may replace.
    Another,
}

impl Change {
    /// The number of a command in parse trees.
    fn of(command: Option<i64>) -> Option<Self> {
        match command {
            Some(2) => Some(Self::Update),
            Some(3) => Some(Self::Insert),
            Some(4) => Some(Self::Delete),
            _ => None,
        }
    }
}

impl Prover<'_> {
    /// All that a query writes, and its common tables.
    pub(super) fn writes(&self, scope: &Scope) -> Vec<Write> {
        let mut writes = Vec::new();
        for common in scope.query.nodes("cteList") {
            if let Some(query) = common.node("ctequery") {
                writes.extend(self.writes(&Scope::new(query, Some(scope), self.catalog)));
            }
        }
        let query = scope.query;
        let number = query.number("resultRelation").unwrap_or(0);
        let relation = scope
            .table(number)
            .and_then(|table| Some((table.number("relid")?, self.catalog)));
        let Some((relation, catalog)) = relation else {
            return writes;
        };
        let Some(table) = catalog.table(relation) else {
            return writes;
        };
        let mut add = |change, assigned: Vec<&Node>, conditions: &[Option<&Node>]| {
            let mut write = self.write(scope, (relation, table), change, &assigned);
            let conditions: Vec<&Node> = conditions.iter().copied().flatten().collect();
            self.forget_what_conditions_decide(&mut write, query, &conditions);
            writes.push(write);
        };
        let tree = query.node("jointree");
        if let Some(change) = Change::of(query.number("commandType")) {
            add(change, query.nodes("targetList").collect(), &[tree]);
        }
        if let Some(conflict) = query.node("onConflict") {
            let set: Vec<&Node> = conflict.nodes("onConflictSet").collect();
            // `do nothing` sets nothing.
            if !set.is_empty() {
                add(Change::Update, set, &[conflict.node("onConflictWhere")]);
            }
        }
        for action in query.nodes("mergeActionList") {
            if let Some(change) = Change::of(action.number("commandType")) {
                let set = action.nodes("targetList").collect();
                add(change, set, &[tree, action.node("qual")]);
            }
        }
        writes
    }

    fn write(
        &self,
        scope: &Scope,
        (relation, table): (i64, &Table),
        change: Change,
        assigned: &[&Node],
    ) -> Write {
        let assigned = assigned.iter().filter(|it| !it.is_true("resjunk"));
        let assigned: Vec<_> = assigned
            .filter_map(|it| Some((it.number("resno")?, it.node("expr")?)))
            .filter(|_| change != Change::Delete)
            .collect();
        let mut nulls = Vec::new();
        for (number, column) in &table.columns {
            let mut null = |why, given| {
                nulls.push(Null {
                    table: table.name.clone(),
                    column: column.name.clone(),
                    why,
                    given: match table.changes_rows {
                        true => Given::Another,
                        false => given,
                    },
                });
            };
            let given = assigned.iter().find(|(of, _)| of == number);
            let given = given.filter(|(_, value)| value.name != "SETTODEFAULT");
            match given {
                _ if !column.refuses_null => {}
                Some((_, value)) => {
                    if let Err(why) = self.expression(scope, value) {
                        null(Some(why), self.plain(value));
                    }
                }
                None if change == Change::Insert && !column.has_default => {
                    null(None, Given::Nothing);
                }
                None => {}
            }
        }
        Write {
            table: relation,
            change,
            columns: assigned.iter().map(|(number, _)| *number).collect(),
            nulls,
        }
    }

    /// A condition on a parameter, here or where the rows come from, may see to it that null is not written.
    fn forget_what_conditions_decide(&self, write: &mut Write, query: &Node, conditions: &[&Node]) {
        let tree = query.node("jointree");
        let is_of_rows = tree.is_some_and(|tree| !tree.list("fromlist").is_empty());
        let is_of_rows = write.change == Change::Insert && is_of_rows;
        // `overriding user value`: what is given is not written.
        let is_overridden = query.number("override") == Some(1);
        for null in &mut write.nulls {
            let is_decided = match &null.given {
                Given::Parameter(name) => {
                    let is_it = |node: &Node| self.given(node).is_some_and(|it| it.name == *name);
                    let mut conditions = conditions.iter();
                    is_overridden || is_of_rows || conditions.any(|it| it.any(&is_it))
                }
                Given::Null => is_overridden,
                Given::Nothing | Given::Another => false,
            };
            if is_decided {
                null.given = Given::Another;
            }
        }
    }

    /// What a value is under its casts.
    fn plain(&self, value: &Node) -> Given {
        match value.name {
            "RELABELTYPE" | "COERCEVIAIO" | "COERCETODOMAIN" => match value.node("arg") {
                Some(inner) => self.plain(inner),
                None => Given::Another,
            },
            "CONST" if value.is_true("constisnull") => Given::Null,
            _ => match self.given(value) {
                Some(parameter) => Given::Parameter(parameter.name.clone()),
                None => Given::Another,
            },
        }
    }
}
