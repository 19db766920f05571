//! How much two objects have in common: whether the one can be altered to be the other, and whether it is the other
//! under a new name.

use super::text::{fact, schema};
use super::types;
use crate::catalog::{Catalog, Class, Facts, Key, without_last};

/// All that tells a constraint, an index or a sequence of a column from others, except for its name.
pub(super) fn signature(catalog: &Catalog, key: &Key) -> Option<(Class, String, Facts)> {
    let mut facts = catalog.objects.get(key)?.clone();
    facts.remove("comment");
    let place = match key.class {
        Class::Constraint if facts.contains_key("inherited") => return None,
        Class::Constraint => without_last(&key.name).to_owned(),
        Class::Index if facts.contains_key("partition of") => return None,
        Class::Index => {
            let definition = facts.get("definition")?;
            let (_, rest) = definition.split_once(" ON ")?;
            let is_unique = definition.starts_with("CREATE UNIQUE");
            facts.insert("definition".to_owned(), format!("{is_unique} {rest}"));
            schema(&key.name).to_owned()
        }
        Class::Sequence => {
            // That of the same column; what else differs is altered.
            let identity = fact(&facts, "identity of").map(|column| format!("identity {column}"));
            let place = identity.or(fact(&facts, "owned by").map(str::to_owned))?;
            facts.clear();
            place
        }
        _ => return None,
    };
    Some((key.class, place, facts))
}

/// Whether an object can be altered where it is, instead of being dropped and made again.
pub(super) fn can_be_altered(key: &Key, found: &Facts, wanted: &Facts) -> bool {
    let same = |names: &[&str]| {
        names
            .iter()
            .all(|name| found.get(*name) == wanted.get(*name))
    };
    match key.class {
        Class::Schema | Class::Extension | Class::DefaultPrivileges | Class::Other => true,
        Class::Enum => types::only_adds_labels(found, wanted),
        Class::Domain => same(&["type", "collation"]),
        Class::TextSearchConfiguration => same(&["parser"]),
        Class::CompositeType => types::attribute_changes(&key.name, found, wanted).is_some(),
        Class::Sequence => same(&["identity of"]),
        Class::Table => same(&[
            "kind",
            "partition by",
            "of type",
            "server",
            "foreign options",
        ]),
        Class::Column => {
            let becomes_plain =
                found.contains_key("generated") && !wanted.contains_key("generated");
            same(&["generated", "generated kind"]) || becomes_plain
        }
        Class::Constraint => {
            let definition = |facts: &Facts| facts.get("definition").cloned().unwrap_or_default();
            let (found, wanted) = (definition(found), definition(wanted));
            found == wanted || found.strip_suffix(" NOT VALID") == Some(&wanted)
        }
        Class::Function | Class::Procedure => {
            let head = |facts: &Facts| {
                let definition = facts.get("definition").cloned().unwrap_or_default();
                definition
                    .split_once("\n LANGUAGE")
                    .map(|(head, _)| head.to_owned())
            };
            head(found) == head(wanted)
        }
        Class::Index => same(&["definition", "table", "invalid", "partition of"]),
        Class::Collation
        | Class::TextSearchDictionary
        | Class::Operator
        | Class::Cast
        | Class::Statistics
        | Class::View
        | Class::MaterializedView
        | Class::Trigger
        | Class::Rule => same(&["definition"]),
        Class::EventTrigger => same(&["event", "function", "tags"]),
        Class::Aggregate | Class::RangeType | Class::Policy | Class::Publication => {
            let without = |facts: &Facts| {
                let mut facts = facts.clone();
                // What can be changed where it is.
                for name in ["comment", "owner", "privileges"] {
                    facts.remove(name);
                }
                facts
            };
            without(found) == without(wanted)
        }
    }
}
