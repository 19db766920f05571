//! The schema that a database at some revision should have, put together from what the build has embedded.

use crate::catalog::{Catalog, Patch, Scope};
use crate::revision::Revision;
use crate::revisions::Revisions;

/// What the build has seen of the schema at some revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedSchema {
    /// Its objects.
    pub catalog: Catalog,
    /// The PostgreSQL that described them, such as `17.5`; nothing if there is no revision yet.
    pub server: Option<String>,
}

/// Why it is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaUnknown {
    /// The revisions come from a directory, or from an older build.
    #[error("the revisions were not embedded with their schema")]
    NotEmbedded,
    /// Others than the first are applied: the build has seen them in another order.
    #[error(
        "revision {missing} is not applied, and a later one is: the build has seen them in another order"
    )]
    OtherOrder {
        /// The first that is missing.
        missing: i64,
    },
    /// What was embedded cannot be read.
    #[error("what the build has embedded of revision {id} cannot be read: {source}")]
    Unreadable {
        /// The revision.
        id: i64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Revisions {
    /// The schema of a database that has just the revisions that `is_applied` tells.
    ///
    /// # Errors
    ///
    /// [`SchemaUnknown`], if the build has never seen that.
    pub fn expected_schema(
        &self,
        is_applied: impl Fn(i64) -> bool,
    ) -> Result<ExpectedSchema, SchemaUnknown> {
        let mut expected = ExpectedSchema {
            catalog: Catalog::default(),
            server: None,
        };
        let mut missing = None;
        for revision in self.iter() {
            let id = revision.id();
            match (is_applied(id), missing) {
                (false, _) => missing = missing.or(Some(id)),
                (true, Some(missing)) => return Err(SchemaUnknown::OtherOrder { missing }),
                (true, None) => {
                    let patch = patch(revision)?.ok_or(SchemaUnknown::NotEmbedded)?;
                    expected.server = Some(patch.server.clone());
                    expected.catalog.apply(patch);
                }
            }
        }
        Ok(expected)
    }

    /// How much of the schema the build has compared; nothing if it has embedded none.
    ///
    /// # Errors
    ///
    /// [`SchemaUnknown::Unreadable`].
    pub fn embedded_scope(&self) -> Result<Option<Scope>, SchemaUnknown> {
        let last = self.iter().next_back().map(patch).transpose()?.flatten();
        Ok(last.map(|patch| patch.scope.unwrap_or_default()))
    }
}

fn patch(revision: &Revision) -> Result<Option<Patch>, SchemaUnknown> {
    let id = revision.id();
    let patch = revision.schema_change().map(serde_json::from_str);
    let patch = patch.transpose();
    patch.map_err(|source| SchemaUnknown::Unreadable { id, source })
}
