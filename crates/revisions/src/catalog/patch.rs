//! What a revision changes in a schema, small enough to be embedded beside it, so that a program knows the schema at each of
//! its revisions without a PostgreSQL to try them on. Only what is compared is in it, not what needs what.

use serde::{Deserialize, Serialize};

use super::{Catalog, Change, Class, Facts, Key, Scope, difference};

/// The changes of a revision, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// The PostgreSQL that described the schema: others may use other words for the same.
    pub server: String,
    /// What the model says of privileges and roles, if it says anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<Scope>,
    objects: Vec<Changed>,
}

/// An object as it is afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Changed {
    class: Class,
    name: String,
    /// Nothing if it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    facts: Option<Facts>,
}

impl Patch {
    /// What leads from one schema to the next, as `server` describes them.
    #[must_use]
    pub fn between(before: &Catalog, after: &Catalog, server: &str) -> Self {
        let changes = difference::between(before, after).changes;
        let object = |(key, change): (Key, Change)| {
            let facts = match change {
                Change::Remove(_) => None,
                Change::Add(facts) => Some(facts),
                Change::Alter(_) => after.objects.get(&key).cloned(),
            };
            (key, facts)
        };
        Self::of_objects(&after.scope, changes.into_iter().map(object), server)
    }

    /// The objects that change, in the order of their keys, as they are afterwards.
    pub(super) fn of_objects(
        scope: &Scope,
        objects: impl Iterator<Item = (Key, Option<Facts>)>,
        server: &str,
    ) -> Self {
        let changed = |(key, facts)| {
            let Key { class, name } = key;
            Changed { class, name, facts }
        };
        Self {
            server: server.to_owned(),
            scope: (*scope != Scope::default()).then(|| scope.clone()),
            objects: objects.map(changed).collect(),
        }
    }

    /// As it is embedded.
    ///
    /// # Errors
    ///
    /// None is known: it consists of text.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

impl Catalog {
    /// Changes this schema.
    pub fn apply(&mut self, patch: Patch) {
        if let Some(scope) = patch.scope {
            self.scope = scope;
        }
        for Changed { class, name, facts } in patch.objects {
            let key = Key { class, name };
            match facts {
                Some(facts) => self.objects.insert(key, facts),
                None => self.objects.remove(&key),
            };
        }
    }
}
