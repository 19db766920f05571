//! Proves of an expression that it is never null, or says why it may be.
//!
//! What is not known is taken for nullable: a proof here is one for every database with this schema.

use std::cell::RefCell;

use super::catalog::Catalog;
use super::functions;
use super::node::Node;
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
            // Of an insert of several rows: what the column has by default.
            "SETTODEFAULT" => Ok(()),
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

    pub(super) fn given(&self, it: &Node) -> Option<&Parameter> {
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
