//! A schema as a picture: tables, their columns and keys, and what refers to what.
//!
//! [`Diagram`] is what there is to be shown. It is taken from a [`Catalog`] (`read.rs`) and written as SVG (`svg.rs`), for
//! Mermaid (`mermaid.rs`) or for Graphviz (`dot.rs`). The text depends on the schema alone: the same on every machine,
//! so it can be kept in a repository and compared.
//!
//! Where things stand in the SVG is decided in `layout.rs` and what it uses, without a word of SVG. No database is asked
//! here.

use crate::catalog::Catalog;

mod columns;
mod definition;
mod dot;
mod layout;
mod measure;
mod mermaid;
mod read;
mod route;
mod svg;
mod tracks;

/// What a diagram shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagram {
    tables: Vec<Table>,
    relations: Vec<Relation>,
}

/// A table. Partitions are not shown: their table is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    /// As it is written in SQL, without `public`.
    name: String,
    comment: Option<String>,
    columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    /// As it is written in SQL.
    name: String,
    /// PostgreSQL's name of the type, or the shorter one that it also understands.
    data_type: String,
    comment: Option<String>,
    nullable: bool,
    in_primary_key: bool,
    in_foreign_key: bool,
    /// By itself, not together with others.
    unique: bool,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Relation {
    name: String,
    /// The table that refers, by its index.
    from: usize,
    /// The table that is referred to.
    to: usize,
    /// The columns that refer, each with that which it refers to.
    columns: Vec<(usize, usize)>,
    /// Whether a row need not refer to one.
    optional: bool,
    /// Whether no two rows refer to the same.
    unique: bool,
}

impl Diagram {
    /// The tables of a schema, in the order of their names.
    #[must_use]
    pub fn of(catalog: &Catalog) -> Self {
        read::diagram(catalog)
    }

    /// Of these, the tables whose name fits one of the patterns, in which `*` stands for any text. The schema `public` is
    /// not a part of the name, others are.
    #[must_use]
    pub fn only(&self, patterns: &[String]) -> Self {
        // In `public`, a table has two names.
        let fits = |table: &Table| {
            let full = match table.name.contains('.') {
                true => table.name.clone(),
                false => format!("public.{}", table.name),
            };
            let mut patterns = patterns.iter();
            patterns.any(|pattern| fits(pattern, &table.name) || fits(pattern, &full))
        };
        let kept: Vec<usize> = (0..self.tables.len())
            .filter(|&index| fits(&self.tables[index]))
            .collect();
        let new_index = |old: usize| kept.binary_search(&old).ok();
        let relations = self.relations.iter().filter_map(|relation| {
            Some(Relation {
                from: new_index(relation.from)?,
                to: new_index(relation.to)?,
                ..relation.clone()
            })
        });
        Self {
            relations: relations.collect(),
            tables: kept
                .iter()
                .map(|&index| self.tables[index].clone())
                .collect(),
        }
    }

    /// Whether there is no table.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The picture, light or dark as its reader likes it.
    #[must_use]
    pub fn svg(&self) -> String {
        svg::document(self)
    }

    /// An `erDiagram` for Mermaid.
    #[must_use]
    pub fn mermaid(&self) -> String {
        mermaid::text(self)
    }

    /// A graph for Graphviz.
    #[must_use]
    pub fn dot(&self) -> String {
        dot::text(self)
    }

    /// The columns between which a relation is drawn. Of several, the one that tells it from others of its table.
    fn anchor(&self, relation: &Relation) -> (usize, usize) {
        let uses = |column: usize| {
            let others = self.relations.iter().filter(|it| it.from == relation.from);
            let columns = others.flat_map(|it| &it.columns);
            columns.filter(|(it, _)| *it == column).count()
        };
        let anchor = relation.columns.iter().min_by_key(|(it, _)| uses(*it));
        anchor.copied().unwrap_or_default()
    }

    /// `wallets.user_id → users.id`, for people.
    fn words(&self, relation: &Relation) -> String {
        let side = |table: usize, columns: Vec<usize>| {
            let table = &self.tables[table];
            let names: Vec<&str> = columns
                .iter()
                .map(|&column| table.columns[column].name.as_str())
                .collect();
            match names.as_slice() {
                [name] => format!("{}.{name}", table.name),
                names => format!("{} ({})", table.name, names.join(", ")),
            }
        };
        let (from, to) = relation.columns.iter().copied().unzip();
        format!("{} → {}", side(relation.from, from), side(relation.to, to))
    }
}

/// Whether a name fits a pattern, in which `*` stands for any text.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(rest) = name.strip_prefix(before) else {
        return false;
    };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.into_iter().any(|at| fits(after, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_text_and_all_else_for_itself() {
        assert!(fits("job*", "jobs"));
        assert!(fits("*", ""));
        assert!(fits("shop.*s", "shop.orders"));
        assert!(fits("*é*", "café au lait"));
        assert!(!fits("job", "jobs"));
        assert!(!fits("job*s", "job_results_old"));
    }
}
