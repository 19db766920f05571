//! A plan, as `explain (format json)` gives it.

use std::fmt::{self, Display, Formatter};

use serde_json::Value;

/// A node of a plan, and what is below it.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    fields: serde_json::Map<String, Value>,
    pub(crate) children: Vec<Node>,
}

impl Node {
    /// Takes the answer of `explain` apart; none if it is none.
    pub(crate) fn parse(json: &str) -> Option<Self> {
        let plans: Value = serde_json::from_str(json).ok()?;
        Self::of(plans.get(0)?.get("Plan")?.clone())
    }

    fn of(value: Value) -> Option<Self> {
        let Value::Object(mut fields) = value else {
            return None;
        };
        let children = match fields.remove("Plans") {
            Some(Value::Array(plans)) => plans.into_iter().filter_map(Self::of).collect(),
            _ => Vec::new(),
        };
        Some(Self { fields, children })
    }

    /// A field of the node, such as `Index Cond`.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// A field of the node that is a list of texts.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.fields.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// What the node does, such as `Index Scan`.
    pub(crate) fn kind(&self) -> &str {
        self.text("Node Type").unwrap_or_default()
    }

    /// The schema and the table that it reads.
    pub(crate) fn table(&self) -> Option<(&str, &str)> {
        Some((self.text("Schema")?, self.text("Relation Name")?))
    }

    /// This node and all below it.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let below = self.children.iter().flat_map(Self::all);
        std::iter::once(self).chain(below).collect()
    }

    fn write(&self, f: &mut Formatter<'_>, depth: usize) -> fmt::Result {
        let indent = "  ".repeat(depth);
        if let Some(name) = self.text("Subplan Name") {
            write!(f, "{indent}{name}: ")?;
        } else {
            write!(f, "{indent}")?;
        }
        let kind = match self.text("Operation") {
            Some(operation) => operation,
            None => self.kind(),
        };
        write!(f, "{kind}")?;
        if let Some(join @ ("Left" | "Right" | "Full" | "Semi" | "Anti")) = self.text("Join Type") {
            write!(f, " {join}")?;
        }
        if let Some(index) = self.text("Index Name") {
            write!(f, " using {index}")?;
        }
        let names = ["Relation Name", "CTE Name", "Function Name"];
        let name = names.iter().find_map(|name| self.text(name));
        let alias = self.text("Alias");
        if let Some(name) = name.or(alias) {
            write!(f, " on {name}")?;
        }
        if let Some(alias) = alias.filter(|alias| name.is_some_and(|name| name != *alias)) {
            write!(f, " {alias}")?;
        }
        for condition in [
            "Index Cond",
            "Recheck Cond",
            "TID Cond",
            "Hash Cond",
            "Merge Cond",
            "Join Filter",
            "Filter",
        ] {
            if let Some(text) = self.text(condition) {
                write!(f, "\n{indent}  {condition}: {text}")?;
            }
        }
        for child in &self.children {
            writeln!(f)?;
            child.write(f, depth + 1)?;
        }
        Ok(())
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}
