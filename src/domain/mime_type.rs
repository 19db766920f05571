//! Media types of files: `text/csv`, in lower case and without parameters.

/// Types that the program has a file extension for. Others are saved as `.bin`.
const EXTENSIONS: [(&str, &str); 22] = [
    ("text/csv", "csv"),
    ("text/plain", "txt"),
    ("text/html", "html"),
    ("text/markdown", "md"),
    ("application/json", "json"),
    ("application/jsonl", "jsonl"),
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("application/gzip", "gz"),
    ("application/xml", "xml"),
    ("application/epub+zip", "epub"),
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/webp", "webp"),
    ("image/gif", "gif"),
    ("image/svg+xml", "svg"),
    ("image/avif", "avif"),
    ("audio/mpeg", "mp3"),
    ("audio/ogg", "ogg"),
    ("audio/wav", "wav"),
    ("video/mp4", "mp4"),
    ("video/webm", "webm"),
];
/// As long as the table has room for.
const MAX_CHARACTERS: usize = 100;

/// A media type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MimeType(String);

/// What is no media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a media type such as text/csv")]
pub struct MimeTypeError;

impl MimeType {
    /// Reads the value of a `Content-Type`. The only parameter that it may have is `charset=utf-8`, which is left out: a
    /// file in another encoding would be handed out as something that it is not.
    ///
    /// # Errors
    /// If it is no media type, too long, or has another parameter.
    pub fn parse(text: &str) -> Result<Self, MimeTypeError> {
        let mut parts = text.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let is_utf8 = |parameter: &str| {
            let parameter = parameter.to_ascii_lowercase().replace('"', "");
            parameter == "charset=utf-8"
        };
        let (kind, subtype) = essence.split_once('/').ok_or(MimeTypeError)?;
        let is_good = is_name(kind)
            && is_name(subtype)
            && essence.len() <= MAX_CHARACTERS
            && parts.all(is_utf8);
        if is_good {
            Ok(Self(essence))
        } else {
            Err(MimeTypeError)
        }
    }

    /// `text/csv`.
    pub fn csv() -> Self {
        Self("text/csv".to_owned())
    }

    /// The type.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How the name of a file of this type ends, without the dot.
    pub fn extension(&self) -> &'static str {
        extension(&self.0)
    }
}

/// The same for a type as the database has it, which a newer release may have written.
pub fn extension(mime_type: &str) -> &'static str {
    let known = EXTENSIONS.iter().find(|(name, _)| *name == mime_type);
    known.map_or("bin", |(_, extension)| extension)
}

/// A name as RFC 6838 has it.
fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.bytes().all(is_allowed)
}
