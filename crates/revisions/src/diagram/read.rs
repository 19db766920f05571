//! What a diagram shows, taken from a catalog. How it looks is decided elsewhere.
//!
//! Keys are read from the definitions that PostgreSQL writes (`definition.rs`).

use std::collections::BTreeMap;

use super::definition::Lists;
use super::{Column, Diagram, Relation, Table};
use crate::catalog::{Catalog, Class, Facts, Key, without_last};

pub(super) fn diagram(catalog: &Catalog) -> Diagram {
    let mut tables: BTreeMap<&str, Table> = BTreeMap::new();
    for (key, facts) in of_class(catalog, Class::Table) {
        if !facts.contains_key("partition bound") {
            let table = Table {
                name: without_public(&key.name).to_owned(),
                comment: facts.get("comment").cloned(),
                columns: Vec::new(),
            };
            tables.insert(&key.name, table);
        }
    }
    let mut columns: Vec<(&Key, &Facts)> = of_class(catalog, Class::Column).collect();
    columns.sort_by_key(|(key, _)| catalog.ties.get(key).map(|ties| ties.position));
    for (key, facts) in columns {
        let table = without_last(&key.name);
        if let Some(found) = tables.get_mut(table) {
            found.columns.push(Column {
                name: last(&key.name).to_owned(),
                data_type: short_type(facts.get("type").map_or("", String::as_str)),
                comment: facts.get("comment").cloned(),
                nullable: !facts.contains_key("not null"),
                in_primary_key: false,
                in_foreign_key: false,
                unique: false,
            });
        }
    }
    let mut keys = Keys::default();
    for (key, facts) in of_class(catalog, Class::Constraint) {
        keys.constraint(catalog, key, facts);
    }
    for (_, facts) in of_class(catalog, Class::Index) {
        keys.index(facts);
    }
    keys.mark(&mut tables);
    let relations = keys.relations(&tables);
    Diagram {
        tables: tables.into_values().collect(),
        relations,
    }
}

fn of_class(catalog: &Catalog, class: Class) -> impl Iterator<Item = (&Key, &Facts)> {
    catalog.objects().filter(move |(key, _)| key.class == class)
}

/// The keys of all tables, by the names of tables and columns.
#[derive(Default)]
struct Keys {
    primary: Vec<(String, Vec<String>)>,
    /// Also primary keys, and unique indexes whose condition is only that a column is not null.
    unique: Vec<(String, Vec<String>)>,
    foreign: Vec<Foreign>,
}

struct Foreign {
    name: String,
    from: String,
    to: String,
    columns: Vec<(String, String)>,
}

impl Keys {
    fn constraint(&mut self, catalog: &Catalog, key: &Key, facts: &Facts) {
        let Some(definition) = facts.get("definition") else {
            return;
        };
        let table = without_last(&key.name);
        let lists = Lists::of(definition);
        let Some(columns) = lists.names.first().cloned().flatten() else {
            return;
        };
        match lists.words.first().map(String::as_str) {
            Some("PRIMARY") => {
                self.primary.push((table.to_owned(), columns.clone()));
                self.unique.push((table.to_owned(), columns));
            }
            Some("UNIQUE") => self.unique.push((table.to_owned(), columns)),
            Some("FOREIGN") => {
                let Some(Some(referred)) = lists.names.get(1).cloned() else {
                    return;
                };
                let mut to = lists.table.unwrap_or_default();
                let is_partition = |name: &str| {
                    let facts = catalog.get(Class::Table, name);
                    facts.is_some_and(|facts| facts.contains_key("partition bound"))
                };
                // PostgreSQL keeps one for each partition, besides that for their table.
                if is_partition(&to) && facts.contains_key("inherited") {
                    return;
                }
                while is_partition(&to) {
                    let parent = catalog
                        .get(Class::Table, &to)
                        .and_then(|it| it.get("inherits"));
                    match parent {
                        Some(parent) => to = parent.clone(),
                        None => return,
                    }
                }
                self.foreign.push(Foreign {
                    name: last(&key.name).to_owned(),
                    from: table.to_owned(),
                    to,
                    columns: columns.into_iter().zip(referred).collect(),
                });
            }
            _ => {}
        }
    }

    fn index(&mut self, facts: &Facts) {
        let (Some(definition), Some(table)) = (facts.get("definition"), facts.get("table")) else {
            return;
        };
        if !definition.starts_with("CREATE UNIQUE INDEX") || facts.contains_key("invalid") {
            return;
        }
        let lists = Lists::of(definition);
        let Some(Some(columns)) = lists.names.first() else {
            return;
        };
        let condition = lists.condition.iter().map(String::as_str);
        let holds_always = match condition.collect::<Vec<_>>().as_slice() {
            [] => true,
            [column, "IS", "NOT", "NULL"] => columns.iter().any(|name| name == column),
            _ => false,
        };
        if holds_always {
            self.unique.push((table.clone(), columns.clone()));
        }
    }

    fn mark(&self, tables: &mut BTreeMap<&str, Table>) {
        let mut mark = |table: &str, names: &[&String], set: fn(&mut Column)| {
            let columns = tables.get_mut(table).map(|table| table.columns.iter_mut());
            let columns = columns.into_iter().flatten();
            columns
                .filter(|column| names.contains(&&column.name))
                .for_each(set);
        };
        for (table, columns) in &self.primary {
            mark(table, &columns.iter().collect::<Vec<_>>(), |column| {
                column.in_primary_key = true;
            });
        }
        for (table, columns) in &self.unique {
            if let [column] = columns.as_slice() {
                mark(table, &[column], |column| column.unique = true);
            }
        }
        for key in &self.foreign {
            let names: Vec<&String> = key.columns.iter().map(|(from, _)| from).collect();
            mark(&key.from, &names, |column| column.in_foreign_key = true);
        }
    }

    fn relations(&self, tables: &BTreeMap<&str, Table>) -> Vec<Relation> {
        let find = |name: &str| {
            let at = tables.keys().position(|table| *table == name)?;
            Some((at, tables.get(name)?))
        };
        let relations = self.foreign.iter().filter_map(|key| {
            let ((from, referring), (to, referred)) = (find(&key.from)?, find(&key.to)?);
            let mut columns = Vec::new();
            for (name, other) in &key.columns {
                let here = referring.columns.iter().position(|it| it.name == *name)?;
                let there = referred.columns.iter().position(|it| it.name == *other)?;
                columns.push((here, there));
            }
            let is_part = |name: &String| key.columns.iter().any(|(it, _)| it == name);
            let mut unique = self.unique.iter().filter(|(table, _)| *table == key.from);
            Some(Relation {
                name: key.name.clone(),
                from,
                to,
                optional: columns
                    .iter()
                    .any(|&(it, _)| referring.columns[it].nullable),
                unique: unique.any(|(_, names)| names.iter().all(is_part)),
                columns,
            })
        });
        relations.collect()
    }
}

/// `email` of `public.users.email`.
fn last(name: &str) -> &str {
    let before = without_last(name).len();
    name.get(before + 1..).unwrap_or(name)
}

fn without_public(name: &str) -> &str {
    name.strip_prefix("public.").unwrap_or(name)
}

/// The shorter of two names that PostgreSQL understands, where there are two.
fn short_type(name: &str) -> String {
    let name = without_public(name);
    let (base, suffix) = match name.find('[') {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    let zoned = |short: &str| {
        let (begin, _) = base.split_once(' ')?;
        let digits = begin.split_once('(').map(|(_, digits)| digits);
        Some(match digits {
            Some(digits) => format!("{short}({digits}"),
            None => short.to_owned(),
        })
    };
    let ends = |end: &str| base.ends_with(end);
    let short = match base {
        _ if base.starts_with("timestamp") && ends(" with time zone") => zoned("timestamptz"),
        _ if base.starts_with("timestamp") && ends(" without time zone") => zoned("timestamp"),
        _ if base.starts_with("time") && ends(" with time zone") => zoned("timetz"),
        _ if base.starts_with("time") && ends(" without time zone") => zoned("time"),
        _ => None,
    };
    let others = [
        ("character varying", "varchar"),
        ("bit varying", "varbit"),
        ("character", "char"),
    ];
    let other = || {
        others.iter().find_map(|(long, short)| {
            let rest = base.strip_prefix(long)?;
            (rest.is_empty() || rest.starts_with('(')).then(|| format!("{short}{rest}"))
        })
    };
    let short = short.or_else(other).unwrap_or_else(|| base.to_owned());
    format!("{short}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::short_type;

    #[test]
    fn types_have_the_shorter_of_their_names() {
        assert_eq!(short_type("timestamp with time zone"), "timestamptz");
        assert_eq!(
            short_type("timestamp(3) without time zone[]"),
            "timestamp(3)[]"
        );
        assert_eq!(short_type("time(0) with time zone"), "timetz(0)");
        assert_eq!(short_type("character varying(20)[]"), "varchar(20)[]");
        assert_eq!(short_type("numeric(10,2)"), "numeric(10,2)");
        assert_eq!(short_type("public.mood"), "mood");
    }
}
