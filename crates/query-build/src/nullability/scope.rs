//! A query in its parse tree: its tables, which of them an outer join may leave without a row, and which columns its
//! conditions keep from being null.

use std::collections::HashSet;

use super::catalog::Catalog;
use super::node::Node;

/// A column of a table of a query: the number of the table in it, and of the column.
type Column = (i64, i64);

/// A query, and the queries around it.
pub(crate) struct Scope<'a, 't> {
    pub(crate) query: &'a Node<'t>,
    pub(crate) parent: Option<&'a Scope<'a, 't>>,
    /// The tables that an outer join may leave without a row.
    pub(crate) unmatched: HashSet<i64>,
    /// The columns that are not null in any row that satisfies the conditions.
    pub(crate) not_null: HashSet<Column>,
}

impl<'a, 't> Scope<'a, 't> {
    pub(crate) fn new(
        query: &'a Node<'t>,
        parent: Option<&'a Scope<'a, 't>>,
        catalog: &Catalog,
    ) -> Self {
        let mut joins = Joins {
            catalog,
            not_null: HashSet::new(),
            unmatched: HashSet::new(),
        };
        if let Some(tree) = query.node("jointree") {
            // What one condition says can turn an outer join, far from it, into an inner one, whose condition says more.
            let mut before = usize::MAX;
            while before != joins.not_null.len() {
                before = joins.not_null.len();
                joins.unmatched.clear();
                joins.tree(tree);
            }
        }
        let mut scope = Self {
            query,
            parent,
            unmatched: joins.unmatched,
            not_null: joins.not_null,
        };
        scope.forget_what_is_written();
        scope
    }

    /// The conditions are those of the old row; what is returned is the new one, and triggers have had their say.
    fn forget_what_is_written(&mut self) {
        let written = self.query.number("resultRelation").unwrap_or(0);
        if !matches!(self.command(), Command::Select | Command::Delete) {
            self.not_null.retain(|(table, _)| *table != written);
        }
    }

    pub(crate) fn command(&self) -> Command {
        match self.query.number("commandType") {
            Some(1) => Command::Select,
            Some(2) => Command::Update,
            Some(3) => Command::Insert,
            Some(4) => Command::Delete,
            _ => Command::Other,
        }
    }

    /// The query that is some levels around this one.
    pub(crate) fn up(&self, levels: i64) -> Option<&Self> {
        let mut scope = self;
        for _ in 0..levels {
            scope = scope.parent?;
        }
        Some(scope)
    }

    /// The table, subquery, or whatever else has this number in the query.
    pub(crate) fn table(&self, number: i64) -> Option<&'a Node<'t>> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.query.list("rtable").get(index)?.as_node()
    }

    /// Whether each group has a row, because there are groups of rows and not one group of all.
    pub(crate) fn has_groups(&self) -> bool {
        !self.query.list("groupClause").is_empty()
    }

    /// Whether the query gives exactly one row, whatever there is.
    pub(crate) fn is_one_row(&self) -> bool {
        let query = self.query;
        let all_in_one =
            query.is_true("hasAggs") && !self.has_groups() && query.node("havingQual").is_none();
        let no_table = query
            .node("jointree")
            .is_none_or(|tree| tree.list("fromlist").is_empty() && tree.node("quals").is_none());
        let plain = query.list("groupingSets").is_empty()
            && query.node("setOperations").is_none()
            && query.node("limitCount").is_none()
            && query.node("limitOffset").is_none()
            && !query.is_true("hasTargetSRFs");
        plain && (all_in_one || no_table && !query.is_true("hasAggs"))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Select,
    Update,
    Insert,
    Delete,
    Other,
}

struct Joins<'c> {
    catalog: &'c Catalog,
    not_null: HashSet<Column>,
    unmatched: HashSet<i64>,
}

impl Joins<'_> {
    /// Goes through what is joined by inner joins: all of its conditions hold.
    fn tree(&mut self, tree: &Node) {
        // 0 is an inner join, 1 left, 2 full, 3 right; what is no join has none.
        let (left_may_be_unmatched, right_may_be_unmatched) = match tree.number("jointype") {
            None | Some(0) => (false, false),
            Some(1) => (false, true),
            Some(3) => (true, false),
            _ => (true, true),
        };
        let left = self.is_matched(tree.node("larg"), left_may_be_unmatched);
        let right = self.is_matched(tree.node("rarg"), right_may_be_unmatched);
        if left
            && right
            && let Some(condition) = tree.node("quals")
        {
            let columns = self.of_condition(condition);
            self.not_null.extend(columns);
        }
        tree.nodes("fromlist").for_each(|part| self.tree(part));
        for (side, is_matched) in [(tree.node("larg"), left), (tree.node("rarg"), right)] {
            match side {
                Some(side) if is_matched => self.tree(side),
                Some(side) => self.unmatched.extend(tables(side)),
                None => {}
            }
        }
    }

    /// Whether each row has one of this side of a join: the join says so, or a condition that needs it.
    fn is_matched(&self, side: Option<&Node>, may_be_unmatched: bool) -> bool {
        let Some(side) = side.filter(|_| may_be_unmatched) else {
            return true;
        };
        let tables = tables(side);
        self.not_null
            .iter()
            .any(|(table, _)| tables.contains(table))
    }

    /// The columns that are not null where the condition is true.
    fn of_condition(&self, condition: &Node) -> HashSet<Column> {
        let arguments = || {
            condition
                .nodes("args")
                .map(|argument| self.of_condition(argument))
        };
        match (condition.name, condition.atom("boolop")) {
            ("BOOLEXPR", Some("and")) => arguments().flatten().collect(),
            ("BOOLEXPR", Some("or")) => {
                let both =
                    |a: HashSet<Column>, b: HashSet<Column>| a.intersection(&b).copied().collect();
                arguments().reduce(both).unwrap_or_default()
            }
            // It is false then, and no more null than when it is true.
            ("BOOLEXPR", _) => condition
                .nodes("args")
                .flat_map(|argument| self.of_value(argument))
                .collect(),
            ("NULLTEST", _)
                if condition.number("nulltesttype") == Some(1)
                    && !condition.is_true("argisrow") =>
            {
                let argument = condition.node("arg");
                argument
                    .map(|argument| self.of_value(argument))
                    .unwrap_or_default()
            }
            ("SCALARARRAYOPEXPR", _) if condition.is_true("useOr") => {
                let first = condition.nodes("args").next();
                first
                    .filter(|_| self.is_strict(condition))
                    .map(|first| self.of_value(first))
                    .unwrap_or_default()
            }
            ("SUBLINK", _) if condition.number("subLinkType") == Some(2) => {
                let test = condition.node("testexpr");
                test.map(|test| self.of_condition(test)).unwrap_or_default()
            }
            _ => self.of_value(condition),
        }
    }

    /// The columns that are not null where the value is not null.
    fn of_value(&self, value: &Node) -> HashSet<Column> {
        match value.name {
            "VAR" if value.number("varlevelsup") == Some(0) => {
                let (table, column) = (value.number("varno"), value.number("varattno"));
                table.zip(column).into_iter().collect()
            }
            "RELABELTYPE" | "COERCEVIAIO" | "COLLATEEXPR" | "NAMEDARGEXPR" => {
                let argument = value.node("arg");
                argument
                    .map(|argument| self.of_value(argument))
                    .unwrap_or_default()
            }
            "OPEXPR" | "FUNCEXPR" if self.is_strict(value) => value
                .nodes("args")
                .flat_map(|argument| self.of_value(argument))
                .collect(),
            _ => HashSet::new(),
        }
    }

    fn is_strict(&self, call: &Node) -> bool {
        let number = call.number("opfuncid").or_else(|| call.number("funcid"));
        self.catalog
            .function(number)
            .is_some_and(|function| function.is_strict)
    }
}

/// The numbers of the tables in a part of a join tree.
fn tables(tree: &Node) -> HashSet<i64> {
    let mut numbers: HashSet<i64> = tree.number("rtindex").into_iter().collect();
    for part in tree
        .nodes("fromlist")
        .chain(tree.node("larg"))
        .chain(tree.node("rarg"))
    {
        numbers.extend(tables(part));
    }
    numbers
}
