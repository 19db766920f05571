//! A file of SQL and places in it: reading, lines and columns, and problems that point at them.
//!
//! Nothing here knows what the file means.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use revisions::{Location, SourceError};

/// A text file as the build reads it: UTF-8, line ends normalised to LF, no byte order mark.
#[derive(Debug)]
pub(crate) struct Source {
    /// From where the reader is, with `/` between the parts: the name that messages use.
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Source {
    /// Reads `path`, which messages will call `name`.
    pub(crate) fn read(path: &Path, name: String) -> Result<Arc<Self>, Box<SourceError>> {
        let bytes = std::fs::read(path).map_err(|error| {
            SourceError::of_file(&name, format!("cannot be read: {error}"))
                .remedy("make the file readable for the build")
        })?;
        let text =
            String::from_utf8(bytes).map_err(|error| SourceError::not_utf8(&name, &error))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let text = text.replace("\r\n", "\n");
        Ok(Arc::new(Self { name, text }))
    }

    /// A problem of the words at `range`.
    pub(crate) fn problem(&self, range: Range<usize>, what: impl Into<String>) -> SourceError {
        let location = Location::of_range(&self.text, range);
        SourceError::at(self.name.clone(), location, what)
    }

    /// The range of the line, without its line end, in which the byte `at` lies.
    pub(crate) fn line_at(&self, at: usize) -> Range<usize> {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let length = self.text[at..].find('\n');
        start..length.map_or(self.text.len(), |length| at + length)
    }
}
