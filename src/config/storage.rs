//! Where files of results are kept, and which ones are taken. Nothing here opens a directory or a connection.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use super::Variables;
use crate::domain::jobs::files::FileRules;
use crate::domain::mime_type::MimeType;
use crate::domain::seats::Limits;

/// Beside the other private things of a first run.
const DEFAULT_DIRECTORY: &str = ".divine-whispers/files";
/// Which types are taken without `RESULT_FILE_TYPES`.
const DEFAULT_TYPES: &str = "text/csv,text/plain,application/json,application/jsonl,application/pdf,application/zip,\
                             image/png,image/jpeg,image/webp,audio/mpeg,audio/ogg,video/mp4";
const BYTES_PER_MIB: u64 = 1024 * 1024;

/// Files of results.
#[derive(Debug, Clone)]
pub struct StorageSettings {
    /// `RESULT_STORAGE_URL`, a directory below `.divine-whispers/`: `file:///directory` or `s3://bucket/prefix`.
    pub location: StorageLocation,
    /// `RESULT_FILE_TYPES`, `RESULT_FILE_MAX_MIB`, 1024, `RESULT_FILE_IDLE_SECONDS`, 30, `RESULT_FILE_DOWNLOADS`, 200, and
    /// `RESULT_FILE_DOWNLOADS_PER_USER`, 10.
    pub rules: FileRules,
}

/// A place for files.
#[derive(Clone, PartialEq, Eq)]
pub enum StorageLocation {
    /// A directory of this machine, made if it is not there.
    Directory(PathBuf),
    /// A bucket of S3, or of what speaks like it.
    Bucket {
        /// `s3://bucket/prefix`.
        url: Url,
        /// `AWS_ACCESS_KEY_ID` and whatever else object_store knows of `AWS_…`, in lower case. Secrets.
        options: Vec<(String, String)>,
    },
}

impl StorageSettings {
    pub(super) fn read(variables: &mut Variables) -> Self {
        let location = match variables.text("RESULT_STORAGE_URL") {
            None => StorageLocation::Directory(DEFAULT_DIRECTORY.into()),
            Some(text) => StorageLocation::parse(&text, || variables.beginning_with("aws_"))
                .unwrap_or_else(|| {
                    // Not shown: somebody may have put a key into it.
                    let allowed = "file:///directory or s3://bucket/prefix";
                    variables.refuse("RESULT_STORAGE_URL", "cannot be used", allowed);
                    StorageLocation::Directory(DEFAULT_DIRECTORY.into())
                }),
        };
        let allowed = "media types such as text/csv, without parameters";
        let mut types = variables.list("RESULT_FILE_TYPES", allowed, |text| {
            MimeType::parse(text).ok()
        });
        if types.is_empty() {
            types = DEFAULT_TYPES
                .split(',')
                .filter_map(|text| MimeType::parse(text).ok())
                .collect();
        }
        // S3 takes 10,000 parts of an upload, and a part has 5 MiB.
        let max_mib = variables.number("RESULT_FILE_MAX_MIB", 1024, 1..=48_000);
        Self {
            location,
            rules: FileRules {
                types,
                max_bytes: max_mib * BYTES_PER_MIB,
                idle_timeout: variables.seconds("RESULT_FILE_IDLE_SECONDS", 30, 1..=3600),
                downloads: Limits {
                    per_process: variables.number("RESULT_FILE_DOWNLOADS", 200, 1..=800) as usize,
                    per_user: variables.number("RESULT_FILE_DOWNLOADS_PER_USER", 10, 1..=800)
                        as usize,
                },
            },
        }
    }
}

impl Default for StorageSettings {
    /// As with an empty environment.
    fn default() -> Self {
        Self::read(&mut Variables::new(std::collections::BTreeMap::new()))
    }
}

impl StorageLocation {
    /// Reads a URL; `None` if it is none of a storage. A bucket takes its options too.
    pub fn parse(text: &str, options: impl FnOnce() -> Vec<(String, String)>) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_plain = url.query().is_none() && url.fragment().is_none();
        match (url.scheme(), url.host_str()) {
            ("file", None) if is_plain => url.to_file_path().ok().map(Self::Directory),
            ("s3", Some(_)) if is_plain && url.username().is_empty() => Some(Self::Bucket {
                url,
                options: options(),
            }),
            _ => None,
        }
    }
}

impl fmt::Debug for StorageLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Display for StorageLocation {
    /// The directory or the URL, without options: they are secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(formatter),
            Self::Bucket { url, .. } => url.fmt(formatter),
        }
    }
}
