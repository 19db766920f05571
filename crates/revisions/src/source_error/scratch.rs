//! What a scratch database lacks that the database has for which the SQL was written: roles, and the rights of its user.

use super::SourceError;

const INSUFFICIENT_PRIVILEGE: &str = "42501";
const UNDEFINED_OBJECT: &str = "42704";

/// What the user of a scratch database needs who may not do what PostgreSQL refused with `code`; nothing if it is
/// something else that is missing.
#[must_use]
pub(crate) fn rights_needed(code: &str) -> Option<&'static str> {
    (code == INSUFFICIENT_PRIVILEGE).then_some(
        "the user of the scratch PostgreSQL may not do that: whoever is no superuser gives things only to roles that they are in \
         (`grant ROLE to USER`), and that have the right `create` on the schema; grant that, or let SCRATCH_POSTGRES name a \
         superuser",
    )
}

impl SourceError {
    /// The role that PostgreSQL does not know, if that is what it complains about.
    fn missing_role(&self) -> Option<&str> {
        let is_undefined = self.code.as_deref() == Some(UNDEFINED_OBJECT);
        let rest = self
            .message
            .strip_prefix("role \"")
            .filter(|_| is_undefined);
        rest?.strip_suffix("\" does not exist")
    }

    /// For a scratch database that lacks a role, or whose user lacks a right: where roles are named that live outside of
    /// the schema, and what the user needs. What else went wrong stays as it is.
    #[must_use]
    pub fn naming_roles(mut self) -> Self {
        let rights = self.code.as_deref().and_then(rights_needed);
        if let Some(rights) = rights {
            self.remedy = Some(rights.to_owned());
        }
        if let Some(role) = self.missing_role() {
            self.remedy = Some(format!(
                "name the roles that live outside of the schema in the comment that opens the model, `schema.sql`: \
                 `-- roles: {role}`; a scratch database has them then"
            ));
        }
        self
    }
}
