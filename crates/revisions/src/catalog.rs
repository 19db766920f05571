//! What a schema consists of, read from PostgreSQL's own catalog, so that it can be compared.
//!
//! Every definition is PostgreSQL's (`pg_get_constraintdef`, `format_type`, …), with all names qualified, so schemas that
//! are equal give equal snapshots, however they were written. What belongs to an extension, and the tables of the
//! migrator, is left out. The order of columns is left out too: a column that a migration adds comes last, wherever the
//! model shows it. Privileges and owners are read where they are asked for ([`Scope`]).
//!
//! What an object needs is read as well, for whoever has to make the objects in some order; it is not compared.
//!
//! How it is read is in `read.rs` and `queries.sql`, and again and again in `follow.rs`; how two are compared is in `difference.rs`, how it is stored in
//! `stored.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

mod canonical;
mod difference;
mod follow;
mod patch;
mod privileges;
mod read;
mod scope;
mod stored;
mod versions;

pub(crate) use difference::without_last;
pub use difference::{Change, Difference};
pub use follow::{Changes, Follower};
pub use patch::Patch;
pub(crate) use privileges::{Grants, OWNER};
pub use read::Reader;
pub use scope::Scope;

/// All objects of a schema. It can be stored as JSON and compared later.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(into = "stored::Form", from = "stored::Form")]
pub struct Catalog {
    pub(crate) objects: BTreeMap<Key, Facts>,
    pub(crate) ties: BTreeMap<Key, Ties>,
    pub(crate) scope: Scope,
}

/// Schemas are equal when their objects are.
impl PartialEq for Catalog {
    fn eq(&self, other: &Self) -> bool {
        self.objects == other.objects
    }
}

impl Eq for Catalog {}

/// Where an object stands among the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ties {
    /// The number of a column.
    #[serde(default)]
    pub(crate) position: i32,
    /// What has to be there before it.
    #[serde(default)]
    pub(crate) needs: BTreeSet<Key>,
    /// What has to be there before the default, or the expression, of a column.
    #[serde(default)]
    pub(crate) default_needs: BTreeSet<Key>,
    /// Whether privileges were granted on it. Which is not known.
    #[serde(default)]
    pub(crate) has_grants: bool,
    /// Whether it belongs to somebody else than whoever made the others. To whom is not known.
    #[serde(default)]
    pub(crate) has_other_owner: bool,
}

/// What is known of an object, by name: `type`, `default`, `definition`, …
pub type Facts = BTreeMap<String, String>;

/// What an object is, and how it is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Its class.
    pub class: Class,
    /// Its name, with schema, and with the table that it belongs to: `public.users.email`.
    pub name: String,
}

/// The classes of objects, in an order in which they could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Class {
    /// A schema.
    Schema,
    /// An extension.
    Extension,
    /// A collation.
    Collation,
    /// A dictionary of text search.
    TextSearchDictionary,
    /// A configuration of text search.
    TextSearchConfiguration,
    /// An enumeration.
    Enum,
    /// A domain.
    Domain,
    /// A composite type that is no table.
    CompositeType,
    /// A range type.
    RangeType,
    /// A sequence, that of an identity column too.
    Sequence,
    /// A table, partitioned or not, or a foreign table.
    Table,
    /// A column of a table, a view or a composite type.
    Column,
    /// A key, a foreign key, a check or an exclusion.
    Constraint,
    /// An index that belongs to no constraint.
    Index,
    /// Extended statistics.
    Statistics,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// An aggregate.
    Aggregate,
    /// An operator.
    Operator,
    /// A cast.
    Cast,
    /// A trigger.
    Trigger,
    /// A rewrite rule.
    Rule,
    /// A policy of row level security.
    Policy,
    /// An event trigger.
    EventTrigger,
    /// A publication.
    Publication,
    /// What objects that are made later are granted.
    DefaultPrivileges,
    /// Something else, of which only its description is known: an operator class, a language, a foreign server.
    Other,
}

impl Class {
    /// All classes, in their order.
    pub const ALL: [Self; 29] = [
        Self::Schema,
        Self::Extension,
        Self::Collation,
        Self::TextSearchDictionary,
        Self::TextSearchConfiguration,
        Self::Enum,
        Self::Domain,
        Self::CompositeType,
        Self::RangeType,
        Self::Sequence,
        Self::Table,
        Self::Column,
        Self::Constraint,
        Self::Index,
        Self::Statistics,
        Self::View,
        Self::MaterializedView,
        Self::Function,
        Self::Procedure,
        Self::Aggregate,
        Self::Operator,
        Self::Cast,
        Self::Trigger,
        Self::Rule,
        Self::Policy,
        Self::EventTrigger,
        Self::Publication,
        Self::DefaultPrivileges,
        Self::Other,
    ];

    /// The class in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Extension => "extension",
            Self::Collation => "collation",
            Self::TextSearchDictionary => "text search dictionary",
            Self::TextSearchConfiguration => "text search configuration",
            Self::Enum => "enum",
            Self::Domain => "domain",
            Self::CompositeType => "composite type",
            Self::RangeType => "range type",
            Self::Sequence => "sequence",
            Self::Table => "table",
            Self::Column => "column",
            Self::Constraint => "constraint",
            Self::Index => "index",
            Self::Statistics => "statistics",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Function => "function",
            Self::Procedure => "procedure",
            Self::Aggregate => "aggregate",
            Self::Operator => "operator",
            Self::Cast => "cast",
            Self::Trigger => "trigger",
            Self::Rule => "rule",
            Self::Policy => "policy",
            Self::EventTrigger => "event trigger",
            Self::Publication => "publication",
            Self::DefaultPrivileges => "default privileges",
            Self::Other => "object",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.class.words(), self.name)
    }
}

impl Catalog {
    /// The objects, by class and name.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = (&Key, &Facts)> {
        self.objects.iter()
    }

    /// What is known of an object.
    #[must_use]
    pub fn get(&self, class: Class, name: &str) -> Option<&Facts> {
        self.objects.get(&Key {
            class,
            name: name.to_owned(),
        })
    }

    /// The objects of a class whose names begin with that of what they belong to.
    pub(crate) fn parts(&self, class: Class, of: &str) -> impl Iterator<Item = (&Key, &Facts)> {
        let prefix = format!("{of}.");
        let first = Key {
            class,
            name: prefix.clone(),
        };
        let from = self.objects.range(first..);
        from.take_while(move |(key, _)| key.class == class && key.name.starts_with(&prefix))
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// How much of the schema was read: what it is compared with is to be read so too.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The same without privileges and owners.
    pub(crate) fn without_privileges(&self) -> Self {
        let mut catalog = self.clone();
        catalog.scope.privileges = false;
        let kept = |key: &Key, _: &mut Facts| key.class != Class::DefaultPrivileges;
        catalog.objects.retain(kept);
        for facts in catalog.objects.values_mut() {
            facts.remove("owner");
            facts.remove("privileges");
        }
        catalog
    }

    /// What has to change for this schema to become `wanted`. Privileges are compared if both have been read with them.
    #[must_use]
    pub fn difference(&self, wanted: &Self) -> Difference {
        match self.scope.privileges == wanted.scope.privileges {
            true => difference::between(self, wanted),
            false => difference::between(&self.without_privileges(), &wanted.without_privileges()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Class;

    /// The numbers that the compiler gives to the variants have no gap, so a class that is not in the list is the last.
    #[test]
    fn the_list_of_all_classes_has_each() {
        assert_eq!(Class::ALL.last(), Some(&Class::Other));
        for (number, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, number);
        }
    }
}
