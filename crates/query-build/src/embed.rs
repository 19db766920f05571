//! Writes the revisions as Rust: what the binary embeds.

use revisions::{Down, Revisions};

use crate::error::Error;
use crate::prove::Proof;

/// The text of `revisions.rs`.
pub(crate) fn revisions_file(revisions: &Revisions, proof: &Proof) -> Result<String, Error> {
    let mut text = String::from(
        "// Written by query-build from the files in sql/. Changes here are lost.\n\n\
         /// The revisions in the order in which they are applied.\n\
         pub static REVISIONS: &[::revisions::Embedded] = &[\n",
    );
    for revision in revisions.iter() {
        let down = match revision.down() {
            Down::Sql(down) => format!("::core::option::Option::Some({})", literal(down)),
            Down::Irreversible(_) | Down::Missing => "::core::option::Option::None".to_owned(),
        };
        text.push_str(&format!(
            "    ::revisions::Embedded {{\n        file_name: {},\n        up: {},\n        down: {down},\n        schema: {},\n    }},\n",
            literal(revision.file_name()),
            literal(revision.up()),
            schema(revision.id(), proof)?,
        ));
    }
    text.push_str("];\n");
    Ok(text)
}

/// What a revision changes in the schema, as JSON in Rust.
fn schema(id: i64, proof: &Proof) -> Result<String, Error> {
    let Some(patch) = proof.patches.get(&id) else {
        return Ok("::core::option::Option::None".to_owned());
    };
    let json = patch
        .to_json()
        .map_err(|error| Error::Generator(error.to_string()))?;
    Ok(format!("::core::option::Option::Some({})", literal(&json)))
}

/// `text` as a Rust literal, with the line ends that every checkout has.
fn literal(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    if text.contains('\r') {
        // A raw literal cannot hold a lone carriage return.
        return format!("{text:?}");
    }
    let mut hashes = String::from("#");
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_literal_survives_quotes_hashes_and_line_ends() {
        for (text, read_back) in [
            ("select '\"#'", "select '\"#'"),
            ("a\r\nb", "a\nb"),
            ("a\rb\\", "a\rb\\"),
            ("\"###\"", "\"###\""),
        ] {
            let parsed: syn::LitStr = syn::parse_str(&literal(text)).expect("a literal");
            assert_eq!(parsed.value(), read_back);
        }
    }
}
