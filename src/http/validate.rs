//! Collecting what is wrong with the fields of a request, so that a client learns all of it at once.

use std::fmt::Display;

use super::error::{ApiError, FieldError};

/// The fields of one request, as they are checked.
#[derive(Debug, Default)]
pub(super) struct Fields {
    errors: Vec<FieldError>,
}

impl Fields {
    /// A field that was read, or a note of why it is refused.
    pub fn check<T, E: Display>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        result
            .map_err(|error| {
                self.errors.push(FieldError {
                    field: field.to_owned(),
                    message: error.to_string(),
                });
            })
            .ok()
    }

    /// The same for a field that may be missing: `Some(None)` when it is.
    pub fn check_optional<T, E: Display>(
        &mut self,
        field: &str,
        value: Option<Result<T, E>>,
    ) -> Option<Option<T>> {
        match value {
            None => Some(None),
            Some(result) => self.check(field, result).map(Some),
        }
    }

    /// The refusal that names every field.
    pub fn into_error(self) -> ApiError {
        ApiError::ValidationFailed(self.errors)
    }
}
