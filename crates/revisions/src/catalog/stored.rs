//! A schema as it is stored: a list of objects; with privileges, that and the roles that were asked for.

use serde::{Deserialize, Serialize};

use super::{Catalog, Class, Facts, Key, Scope, Ties};

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "a schema as `snapshot` writes it")]
pub(super) enum Form {
    List(Vec<Stored>),
    Scoped { scope: Scope, objects: Vec<Stored> },
}

/// An object as it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    class: Class,
    name: String,
    facts: Facts,
    #[serde(default)]
    ties: Ties,
}

impl From<Form> for Catalog {
    fn from(form: Form) -> Self {
        let (scope, stored) = match form {
            Form::List(stored) => (Scope::default(), stored),
            Form::Scoped { scope, objects } => (scope, objects),
        };
        let mut catalog = Self {
            scope,
            ..Self::default()
        };
        for Stored {
            class,
            name,
            facts,
            ties,
        } in stored
        {
            let key = Key { class, name };
            catalog.ties.insert(key.clone(), ties);
            catalog.objects.insert(key, facts);
        }
        catalog
    }
}

impl From<Catalog> for Form {
    fn from(mut catalog: Catalog) -> Self {
        let mut stored = Vec::with_capacity(catalog.objects.len());
        for (key, facts) in catalog.objects {
            let ties = catalog.ties.remove(&key).unwrap_or_default();
            let Key { class, name } = key;
            stored.push(Stored {
                class,
                name,
                facts,
                ties,
            });
        }
        match catalog.scope.privileges {
            false => Self::List(stored),
            true => Self::Scoped {
                scope: catalog.scope,
                objects: stored,
            },
        }
    }
}
