//! What a plan must not do: read all of a table that grows.

use std::collections::BTreeMap;

use super::index::Indexes;
use super::tree::Node;

/// A table that is read from one end to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What is read, in one sentence.
    pub(crate) what: String,
    pub(crate) table: String,
    /// The index that it is read through, schema first.
    pub(crate) index: Option<(String, String)>,
}

/// What is known besides the plan.
pub(crate) struct Judge<'a> {
    pub(crate) indexes: &'a Indexes,
    /// The tables that do not grow.
    pub(crate) small_tables: &'a BTreeMap<String, String>,
}

/// Where a node stands.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    /// A `limit` ends the scan after so many rows, since nothing between them drops rows or waits for all of them.
    is_page: bool,
    /// It runs once for each row of something else.
    is_repeated: bool,
    /// The table above a scan of its index.
    heap: Option<&'a Node>,
}

impl Judge<'_> {
    /// Each table that a plan reads completely, once.
    pub(crate) fn findings(&self, plan: &Node) -> Vec<Finding> {
        let mut findings = Vec::new();
        let place = Place {
            is_page: false,
            is_repeated: false,
            heap: None,
        };
        self.node(plan, place, &mut findings);
        findings.dedup();
        findings
    }

    fn node(&self, node: &Node, place: Place, findings: &mut Vec<Finding>) {
        findings.extend(self.finding(node, place));
        let is_page = keeps_page(node, place.is_page);
        for child in &node.children {
            let relation = child.text("Parent Relationship").unwrap_or_default();
            let is_inner = relation == "Inner";
            let place = match relation {
                "InitPlan" => Place {
                    is_page: false,
                    is_repeated: false,
                    heap: None,
                },
                "SubPlan" => Place {
                    is_page: false,
                    is_repeated: !is_common_table(child),
                    heap: None,
                },
                _ => Place {
                    is_page: is_page && !is_inner,
                    is_repeated: place.is_repeated || is_inner && node.kind() == "Nested Loop",
                    heap: Some(node)
                        .filter(|node| node.kind() == "Bitmap Heap Scan")
                        .or(place.heap),
                },
            };
            self.node(child, place, findings);
        }
    }

    fn finding(&self, node: &Node, place: Place) -> Option<Finding> {
        let scanned = match node.kind() {
            "Bitmap Index Scan" => place.heap?,
            _ => node,
        };
        let (schema, table) = scanned.table()?;
        let is_of_the_system = ["pg_catalog", "information_schema", "pg_toast"].contains(&schema);
        let qualified = format!("{schema}.{table}");
        if is_of_the_system
            || [table, &qualified]
                .iter()
                .any(|name| self.small_tables.contains_key(*name))
        {
            return None;
        }
        let how = self.reads_all(node, scanned, schema, place.is_page)?;
        let again = if place.is_repeated {
            ", once for each row of another one"
        } else {
            ""
        };
        let index = node.text("Index Name");
        Some(Finding {
            what: format!("the query reads all of `{table}`{again}: {how}"),
            table: table.to_owned(),
            index: index.map(|index| (schema.to_owned(), index.to_owned())),
        })
    }

    /// How a scan reads everything, if it does.
    fn reads_all(
        &self,
        node: &Node,
        scanned: &Node,
        schema: &str,
        is_page: bool,
    ) -> Option<String> {
        let filter = node.text("Filter");
        let ends_early = is_page && filter.is_none();
        if ends_early {
            return None;
        }
        match node.kind() {
            "Seq Scan" | "Sample Scan" => Some(match filter {
                Some(filter) => format!("no index serves {filter}"),
                None => "there is no condition".to_owned(),
            }),
            "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" => {
                let index_name = node.text("Index Name").unwrap_or_default();
                let index = self
                    .indexes
                    .get(&(schema.to_owned(), index_name.to_owned()))?;
                let condition = node.text("Index Cond");
                let alias = scanned.text("Alias").unwrap_or_default();
                if condition.is_some_and(|condition| index.is_entered_by(condition, alias)) {
                    return None;
                }
                Some(match (condition, filter) {
                    (Some(condition), _) => {
                        format!(
                            "the index {index_name} starts with `{}`, and there is only {condition}",
                            index.leading
                        )
                    }
                    (None, Some(filter)) => format!(
                        "the index {index_name} gives the order, and no index serves {filter}"
                    ),
                    (None, None) => "there is no condition".to_owned(),
                })
            }
            _ => None,
        }
    }
}

/// Whether a `limit`, here or above, ends what is below this node.
fn keeps_page(node: &Node, is_page: bool) -> bool {
    let drops_rows = node.text("Filter").is_some() || node.text("Join Filter").is_some();
    match node.kind() {
        "Limit" => true,
        "Result" | "ProjectSet" | "LockRows" | "Subquery Scan" | "Append" | "Merge Append"
        | "Memoize" => is_page && !drops_rows,
        // It gives at least one row for each row of the outer side.
        "Nested Loop" => is_page && node.text("Join Type") == Some("Left"),
        _ => false,
    }
}

/// A `with` query stands below the node that uses it, and runs once.
fn is_common_table(node: &Node) -> bool {
    node.text("Subplan Name")
        .is_some_and(|name| name.starts_with("CTE "))
}
