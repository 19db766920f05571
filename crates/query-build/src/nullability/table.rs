//! Where the value of a column comes from: a table, a subquery, a common table, a list, or a function.

use super::node::{Node, Value};
use super::prove::{Prover, Why};
use super::scope::{Command, Scope};

impl Prover<'_> {
    pub(super) fn var(&self, scope: &Scope, it: &Node) -> Result<(), Why> {
        let scope = scope.up(it.number("varlevelsup").unwrap_or(0));
        let (Some(scope), Some(table), Some(column)) =
            (scope, it.number("varno"), it.number("varattno"))
        else {
            return Err("it is not traced".to_owned());
        };
        // PostgreSQL 18: `old` has no row for what is inserted, `new` none for what is deleted.
        let returning = it.number("varreturningtype").unwrap_or(0);
        if returning != 0 && scope.command() != Command::Update {
            return Err("there is not always an old and a new row".to_owned());
        }
        if scope.not_null.contains(&(table, column)) && returning == 0 {
            return Ok(());
        }
        if scope.unmatched.contains(&table) {
            let name = table_name(scope, table);
            return Err(format!(
                "it is null where an outer join finds no row of {name}"
            ));
        }
        self.of_table(scope, table, column)
    }

    /// A column of a table, subquery, … in the rows that it has.
    pub(super) fn of_table(&self, scope: &Scope, number: i64, column: i64) -> Result<(), Why> {
        let untraced = || Err("it is not traced".to_owned());
        let Some(table) = scope.table(number) else {
            return untraced();
        };
        match table.number("rtekind") {
            // Columns of the system and whole rows are always there.
            Some(0) if column <= 0 => Ok(()),
            Some(0) => match self
                .catalog
                .column(table.number("relid").unwrap_or(0), column)
            {
                Some((_, column)) if column.is_not_null => Ok(()),
                Some(_) if table.atom("relkind") == Some("v") => {
                    Err("a column of a view is not traced".to_owned())
                }
                Some((table, column)) => Err(format!(
                    "`{}.{}` is not declared not null",
                    table.name, column.name
                )),
                None => untraced(),
            },
            Some(1) => match table.node("subquery") {
                Some(query) => self.column(&Scope::new(query, Some(scope), self.catalog), column),
                None => untraced(),
            },
            Some(2) => self.nth(scope, table.list("joinaliasvars"), column),
            Some(3) => self.of_function(scope, table, column),
            Some(5) => table
                .list("values_lists")
                .iter()
                .try_for_each(|row| match row {
                    Value::List(row) => self.nth(scope, row, column),
                    _ => untraced(),
                }),
            Some(6) => self.of_common_table(scope, table, column),
            // What PostgreSQL 18 groups by.
            Some(9) => self.nth(scope, table.list("groupexprs"), column),
            _ => untraced(),
        }
    }

    fn nth(&self, scope: &Scope, expressions: &[Value], column: i64) -> Result<(), Why> {
        let index = usize::try_from(column - 1).ok();
        let expression = index.and_then(|index| expressions.get(index)?.as_node());
        match expression {
            Some(expression) => self.expression(scope, expression),
            None => Err("it is not traced".to_owned()),
        }
    }

    fn of_common_table(&self, scope: &Scope, table: &Node, column: i64) -> Result<(), Why> {
        let name = table.atom("ctename").unwrap_or_default();
        let around = scope.up(table.number("ctelevelsup").unwrap_or(0));
        let common = around.and_then(|around| {
            let mut all = around.query.nodes("cteList");
            let common = all.find(|common| common.atom("ctename") == Some(name))?;
            Some((around, common.node("ctequery")?))
        });
        let Some((around, query)) = common else {
            return Err("it is not traced".to_owned());
        };
        let key = (name.to_owned(), column);
        if table.is_true("self_reference") && self.under_proof.borrow().contains(&key) {
            return Ok(());
        }
        self.under_proof.borrow_mut().push(key);
        let proof = self.column(&Scope::new(query, Some(around), self.catalog), column);
        self.under_proof.borrow_mut().pop();
        proof
    }

    /// A column of the rows of a function.
    fn of_function(&self, scope: &Scope, table: &Node, column: i64) -> Result<(), Why> {
        let mut functions = table.nodes("functions");
        let (Some(call), None) = (functions.next(), functions.next()) else {
            // Where one has fewer rows than another, there are nulls.
            return Err("of several functions, one may have fewer rows".to_owned());
        };
        let width = call.number("funccolcount").unwrap_or(0);
        if table.is_true("funcordinality") && column == width + 1 {
            return Ok(());
        }
        let Some(call) = call.node("funcexpr") else {
            return Err("it is not traced".to_owned());
        };
        let function = self.catalog.function(call.number("funcid"));
        let array = call
            .nodes("args")
            .next()
            .and_then(|argument| self.given(argument));
        let is_unnest =
            function.is_some_and(|function| function.is_built_in && function.name == "unnest");
        match array {
            Some(array) if is_unnest && array.elements_may_be_null => Err(format!(
                "the elements of the parameter `{}` may be null",
                array.name
            )),
            Some(_) if is_unnest && call.nodes("args").count() == 1 => Ok(()),
            _ if is_unnest => Err("an array may have null elements".to_owned()),
            _ => self.expression(scope, call),
        }
    }
}

fn table_name(scope: &Scope, number: i64) -> String {
    let names = scope.table(number).and_then(|table| table.node("eref"));
    match names.and_then(|names| names.atom("aliasname")) {
        Some(name) => format!("`{}`", name.replace('\\', "")),
        None => "the table".to_owned(),
    }
}
