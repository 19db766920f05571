//! Proves of an expression that it is never null, or says why it may be.
//!
//! What is not known is taken for nullable: a proof here is one for every database with this schema.

use std::cell::RefCell;

use super::catalog::Catalog;
use super::functions;
use super::node::{Node, Value};
use super::scope::{Command, Scope};

/// Why something may be null.
pub(crate) type Why = String;

/// A parameter of the query: what may be null of it.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) may_be_null: bool,
    pub(crate) elements_may_be_null: bool,
}

pub(crate) struct Prover<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) parameters: &'a [Parameter],
    /// The columns of recursive queries that are being proved: each row of one comes from rows that were proved before.
    pub(crate) under_proof: RefCell<Vec<(String, i64)>>,
}

/// The columns that a query gives, without those that only sort it.
pub(crate) fn columns<'a, 't>(query: &'a Node<'t>) -> impl Iterator<Item = &'a Node<'t>> {
    let list = if query.number("commandType") == Some(1) {
        "targetList"
    } else {
        "returningList"
    };
    query
        .nodes(list)
        .filter(|column| !column.is_true("resjunk"))
}

impl Prover<'_> {
    /// A column of a query, by its number.
    pub(crate) fn column(&self, scope: &Scope, number: i64) -> Result<(), Why> {
        if let Some(operation) = scope.query.node("setOperations") {
            return self.arm(scope, operation, number);
        }
        if scope.command() == Command::Other {
            return Err("what `merge` returns is not traced".to_owned());
        }
        let column = columns(scope.query).find(|column| column.number("resno") == Some(number));
        let expression = column.and_then(|column| column.node("expr"));
        let expression = expression.ok_or_else(|| "it is not traced".to_owned())?;
        if !scope.query.list("groupingSets").is_empty() && expression.name != "AGGREF" {
            return Err("it is null in the rows of other grouping sets".to_owned());
        }
        self.expression(scope, expression)
    }

    /// A column of an arm of `union`, `intersect` or `except`.
    fn arm(&self, scope: &Scope, arm: &Node, number: i64) -> Result<(), Why> {
        if let Some(table) = arm.number("rtindex") {
            return self.of_table(scope, table, number);
        }
        let side = |name: &str| match arm.node(name) {
            Some(side) => self.arm(scope, side, number),
            None => Err("it is not traced".to_owned()),
        };
        match arm.number("op") {
            Some(1) => side("larg").and_then(|()| side("rarg")),
            Some(2) => side("larg").or_else(|_| side("rarg")),
            _ => side("larg"),
        }
    }

    pub(crate) fn expression(&self, scope: &Scope, it: &Node) -> Result<(), Why> {
        match it.name {
            "VAR" => self.var(scope, it),
            "CONST" if it.is_true("constisnull") => Err("it is null".to_owned()),
            "CONST" => Ok(()),
            "PARAM" => self.parameter(it),
            "FUNCEXPR" => self.function(scope, it),
            "OPEXPR" => self.operator(scope, it),
            "AGGREF" => self.aggregate(scope, it),
            "WINDOWFUNC" => self.window_function(scope, it),
            "COALESCEEXPR" | "COALESCE" | "MINMAXEXPR" | "MINMAX" => self.any(scope, it),
            "CASEEXPR" | "CASE" => self.case(scope, it),
            "BOOLEXPR" => self.all(scope, it.nodes("args")),
            "SCALARARRAYOPEXPR" => self.any_of_array(scope, it),
            "SUBLINK" => self.sublink(scope, it),
            "RELABELTYPE" | "COERCEVIAIO" | "COERCETODOMAIN" | "COLLATEEXPR" | "COLLATE"
            | "NAMEDARGEXPR" | "ARRAYCOERCEEXPR" | "CONVERTROWTYPEEXPR" => self.argument(scope, it),
            "NULLTEST" | "BOOLEANTEST" | "DISTINCTEXPR" | "ARRAYEXPR" | "ARRAY" | "ROWEXPR"
            | "ROW" | "GROUPINGFUNC" => Ok(()),
            // `current_schema` alone can be null.
            "SQLVALUEFUNCTION" if it.number("op").is_some_and(|op| op < 14) => Ok(()),
            "CASETESTEXPR" => Err("it is not traced".to_owned()),
            "NULLIFEXPR" => Err("`nullif` gives null where both are equal".to_owned()),
            // A slice is empty where the array has no such elements.
            "SUBSCRIPTINGREF" if !it.list("reflowerindexpr").is_empty() => {
                let bounds = it
                    .nodes("refupperindexpr")
                    .chain(it.nodes("reflowerindexpr"));
                self.all(scope, it.node("refexpr").into_iter().chain(bounds))
            }
            "SUBSCRIPTINGREF" => Err("an array has null where it has no element".to_owned()),
            name => Err(format!("it is not traced through {}", name.to_lowercase())),
        }
    }

    fn argument(&self, scope: &Scope, it: &Node) -> Result<(), Why> {
        match it.node("arg") {
            Some(argument) => self.expression(scope, argument),
            None => Err("it is not traced".to_owned()),
        }
    }

    fn all<'n, 't: 'n>(
        &self,
        scope: &Scope,
        of: impl Iterator<Item = &'n Node<'t>>,
    ) -> Result<(), Why> {
        let mut of = of;
        of.try_for_each(|argument| self.expression(scope, argument))
    }

    /// `coalesce`, `greatest` and `least` are null only if all arguments are; the last one says why.
    fn any(&self, scope: &Scope, it: &Node) -> Result<(), Why> {
        let nothing = Err("all of its arguments may be null".to_owned());
        it.nodes("args").fold(nothing, |known, argument| {
            known.or_else(|_| self.expression(scope, argument))
        })
    }

    fn case(&self, scope: &Scope, it: &Node) -> Result<(), Why> {
        self.all(
            scope,
            it.nodes("args").filter_map(|when| when.node("result")),
        )?;
        match it.node("defresult") {
            Some(default) if default.name == "CONST" && default.is_true("constisnull") => {
                Err("`case` is null where no condition holds".to_owned())
            }
            Some(default) => self.expression(scope, default),
            None => Err("`case` is null where no condition holds".to_owned()),
        }
    }

    fn parameter(&self, it: &Node) -> Result<(), Why> {
        let parameter = self.given(it);
        match parameter {
            Some(parameter) if parameter.may_be_null => {
                Err(format!("the parameter `{}` may be null", parameter.name))
            }
            Some(_) => Ok(()),
            // The column of a subquery in `x in (select …)`, which is looked at where that is.
            None => Err("it is not traced".to_owned()),
        }
    }

    fn given(&self, it: &Node) -> Option<&Parameter> {
        let number = it
            .number("paramid")
            .filter(|_| it.name == "PARAM" && it.number("paramkind") == Some(0))?;
        self.parameters
            .get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    fn function(&self, scope: &Scope, it: &Node) -> Result<(), Why> {
        let Some(function) = self.catalog.function(it.number("funcid")) else {
            return Err("it is not traced".to_owned());
        };
        if functions::is_never_null(function) {
            return Ok(());
        }
        // 1 and 2 are casts, written or not.
        let is_cast = matches!(it.number("funcformat"), Some(1 | 2));
        let is_part =
            ["extract", "date_part"].contains(&function.name.as_str()) && function.is_built_in;
        let is_known = functions::is_null_for_null(function)
            || is_cast && functions::is_null_for_null_as_cast(function)
            || is_part && has_finite_part(it)
            || it.is_true("funcretset") && functions::has_rows_not_null(function);
        if !is_known {
            return Err(match is_part {
                true => format!(
                    "`{}` of this part is null for an infinite time",
                    function.name
                ),
                false => format!("`{}` may give null for all that is known", function.name),
            });
        }
        self.all(scope, it.nodes("args"))
    }

    fn operator(&self, scope: &Scope, it: &Node) -> Result<(), Why> {
        match self.catalog.function(it.number("opfuncid")) {
            Some(function) if functions::is_operator_null_for_null(function) => {
                self.all(scope, it.nodes("args"))
            }
            Some(function) => {
                let name = function.operators.first().unwrap_or(&function.name);
                Err(format!(
                    "the operator `{name}` may give null for all that is known"
                ))
            }
            None => Err("it is not traced".to_owned()),
        }
    }

    fn aggregate(&self, scope: &Scope, it: &Node) -> Result<(), Why> {
        let Some(function) = self.catalog.function(it.number("aggfnoid")) else {
            return Err("it is not traced".to_owned());
        };
        if functions::is_never_null(function) {
            return Ok(());
        }
        let name = &function.name;
        if !functions::is_null_for_no_rows(function) {
            return Err(format!(
                "the aggregate `{name}` may give null for all that is known"
            ));
        }
        if !scope.has_groups() || !scope.query.list("groupingSets").is_empty() {
            return Err(format!("`{name}` is null where there are no rows"));
        }
        if it.node("aggfilter").is_some() || it.number("agglevelsup") != Some(0) {
            return Err(format!("`{name}` is null where its filter leaves no rows"));
        }
        // Its arguments are columns, without those that only order it.
        let arguments = it
            .nodes("args")
            .filter(|argument| !argument.is_true("resjunk"));
        self.all(
            scope,
            arguments.filter_map(|argument| argument.node("expr")),
        )
    }

    fn window_function(&self, scope: &Scope, it: &Node) -> Result<(), Why> {
        let Some(function) = self.catalog.function(it.number("winfnoid")) else {
            return Err("it is not traced".to_owned());
        };
        let has_default =
            ["lag", "lead"].contains(&function.name.as_str()) && it.nodes("args").count() == 3;
        match functions::is_never_null(function) {
            true => Ok(()),
            false if has_default || function.name == "ntile" => self.all(scope, it.nodes("args")),
            false => Err(format!(
                "`{}` is null where its window has no such row",
                function.name
            )),
        }
    }

    /// `x = any (array)`, `x in (1, 2)`.
    fn any_of_array(&self, scope: &Scope, it: &Node) -> Result<(), Why> {
        let (Some(value), Some(array)) = (it.nodes("args").next(), it.nodes("args").nth(1)) else {
            return Err("it is not traced".to_owned());
        };
        self.expression(scope, value)?;
        match (array.name, self.given(array)) {
            ("ARRAYEXPR" | "ARRAY", _) => self.all(scope, array.nodes("elements")),
            (_, Some(parameter)) if !parameter.elements_may_be_null => self.parameter(array),
            _ => Err("the array may have null elements".to_owned()),
        }
    }

    fn sublink(&self, scope: &Scope, it: &Node) -> Result<(), Why> {
        let Some(query) = it.node("subselect") else {
            return Err("it is not traced".to_owned());
        };
        let below = Scope::new(query, Some(scope), self.catalog);
        match it.number("subLinkType") {
            // `exists` and `array`
            Some(0 | 6) => Ok(()),
            // A value
            Some(4) if below.is_one_row() => self.column(&below, 1),
            Some(4) => Err("it is null where the subquery gives no row".to_owned()),
            _ => Err("it is null where a null is compared".to_owned()),
        }
    }

    fn var(&self, scope: &Scope, it: &Node) -> Result<(), Why> {
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
    fn of_table(&self, scope: &Scope, number: i64, column: i64) -> Result<(), Why> {
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
                Some((_, _, true)) => Ok(()),
                Some(_) if table.atom("relkind") == Some("v") => {
                    Err("a column of a view is not traced".to_owned())
                }
                Some((table, column, false)) => {
                    Err(format!("`{table}.{column}` is not declared not null"))
                }
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

/// Whether `extract` takes a part that infinite times have too.
fn has_finite_part(call: &Node) -> bool {
    let part = call.nodes("args").next();
    let Some(part) = part.filter(|part| part.name == "CONST") else {
        return false;
    };
    let bytes = part.bytes("constvalue");
    let text = bytes.get(4..).map(String::from_utf8_lossy);
    text.is_some_and(|text| functions::is_part_of_infinity(&text))
}

fn table_name(scope: &Scope, number: i64) -> String {
    let names = scope.table(number).and_then(|table| table.node("eref"));
    match names.and_then(|names| names.atom("aliasname")) {
        Some(name) => format!("`{}`", name.replace('\\', "")),
        None => "the table".to_owned(),
    }
}
