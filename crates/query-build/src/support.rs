//! The part of cornucopia's generated crate that queries share: what of it a project needs.
//!
//! Arrays and domains need `postgres-protocol` in the application; a project without them is
//! spared the dependency and the code.

use proc_macro2::Span;
use syn::spanned::Spanned;

use crate::error::Error;

/// Which parts of the shared code the queries use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    arrays: bool,
    json: bool,
}

impl Parts {
    /// The parts that `queries`, the text of the generated modules, mentions.
    pub(crate) fn used_by(queries: &str) -> Self {
        let words = [
            "ArrayIterator",
            "ArraySql",
            "IterSql",
            "Domain",
            "DomainArray",
        ];
        let mentions = |word: &str| {
            queries
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|found| found == word)
        };
        Self {
            arrays: words.into_iter().any(mentions),
            json: mentions("JsonSql"),
        }
    }

    /// The names of the modules that are needed.
    pub(crate) fn modules(self) -> &'static [&'static str] {
        if self.arrays {
            &["array_iterator", "domain", "type_traits", "utils"]
        } else {
            &["type_traits", "utils"]
        }
    }

    /// What the modules import from their parent.
    pub(crate) fn imports(self) -> &'static str {
        if self.arrays {
            "use tokio_postgres::fallible_iterator;"
        } else {
            ""
        }
    }

    /// What the root exports for the queries and the application.
    pub(crate) fn exports(self) -> String {
        let mut names = vec!["type_traits::{BytesSql, StringSql}", "utils::slice_iter"];
        if self.json {
            names.push("type_traits::JsonSql");
        }
        if self.arrays {
            names.push("array_iterator::ArrayIterator");
            names.push("domain::{Domain, DomainArray}");
            names.push("type_traits::{ArraySql, IterSql}");
        }
        format!("pub use support::{{{}}};", names.join(", "))
    }

    /// The items of `traits`, the text of `type_traits.rs`, that are needed.
    pub(crate) fn traits(self, traits: &str) -> Result<String, Error> {
        if self.arrays {
            return Ok(traits.to_owned());
        }
        let file = syn::parse_file(traits)
            .map_err(|error| Error::Generator(format!("type_traits.rs: {error}")))?;
        let mut text = String::from("use std::borrow::Cow;\nuse tokio_postgres::types::ToSql;\n");
        for item in file.items {
            let name = match &item {
                syn::Item::Trait(item) => item.ident.to_string(),
                syn::Item::Impl(item) => match item.trait_.as_ref() {
                    Some((path, _)) => path
                        .segments
                        .last()
                        .map(|segment| segment.ident.to_string())
                        .unwrap_or_default(),
                    None => continue,
                },
                _ => continue,
            };
            if ["StringSql", "BytesSql", "JsonSql"].contains(&name.as_str()) {
                let span: Span = item.span();
                text.push_str(&traits[span.byte_range()]);
                text.push('\n');
            }
        }
        Ok(text)
    }
}
