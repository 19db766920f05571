//! What a job produced: what is no result is found here, before it is sent to the database.

use serde_json::Value;

use super::files::FileId;

/// A result to be kept: JSON, text, a file, or several of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    json: Option<Value>,
    text: Option<String>,
    file: Option<FileId>,
}

/// What is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// There is nothing in it.
    #[error("needs output, output_text, or file_id")]
    Empty,
    /// PostgreSQL has no text with it.
    #[error("must not have the NUL character")]
    NulInText,
    /// Nor JSON with it.
    #[error("must not have the NUL character in a text or a key")]
    NulInJson,
}

impl OutputError {
    /// Which part is wrong, as the table calls it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Empty | Self::NulInJson => "output",
            Self::NulInText => "output_text",
        }
    }
}

impl Output {
    /// Puts a result together.
    ///
    /// # Errors
    /// If there is neither JSON nor text, or one of them has the NUL character.
    pub fn new(json: Option<Value>, text: Option<String>) -> Result<Self, OutputError> {
        Self::with_file(json, text, None)
    }

    /// The same, perhaps with a file that was uploaded under the same lease.
    ///
    /// # Errors
    /// If there is nothing in it, or JSON or text has the NUL character.
    pub fn with_file(
        json: Option<Value>,
        text: Option<String>,
        file: Option<FileId>,
    ) -> Result<Self, OutputError> {
        match (&json, &text, &file) {
            (None, None, None) => Err(OutputError::Empty),
            (_, Some(text), _) if text.contains('\0') => Err(OutputError::NulInText),
            (Some(json), _, _) if has_nul(json) => Err(OutputError::NulInJson),
            _ => Ok(Self { json, text, file }),
        }
    }

    /// The JSON of it.
    pub fn json(&self) -> Option<&Value> {
        self.json.as_ref()
    }

    /// The text of it.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The file of it.
    pub fn file(&self) -> Option<FileId> {
        self.file
    }
}

fn has_nul(json: &Value) -> bool {
    match json {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
