//! The files of the package.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use crate::migrations::{REVISIONS, revision};
use crate::queries::{self, OF_A_TABLE};
use crate::table::{COUNT, Table};

/// Writes the package into a directory, which it makes.
pub(crate) fn write(directory: &Path) -> io::Result<()> {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = crate_root.join("../..").canonicalize()?;
    for part in ["sql", "queries", "src"] {
        fs::create_dir_all(directory.join(part))?;
    }
    for number in 0..REVISIONS {
        let it = revision(number);
        fs::write(directory.join(format!("sql/{}.sql", it.file)), it.up)?;
        fs::write(directory.join(format!("sql/{}.down.sql", it.file)), it.down)?;
    }
    let model = Table::all().map(|table| table.definition(table.grows()));
    let model: Vec<String> = model.collect();
    fs::write(directory.join("sql/schema.sql"), model.join("\n"))?;
    for table in Table::all() {
        let path = directory.join(format!("queries/{}.sql", table.name()));
        fs::write(path, queries::file(table))?;
    }
    let sample = fs::read_to_string(crate_root.join("tests/sample/Cargo.toml.in"))?;
    fs::write(directory.join("Cargo.toml"), manifest(&sample, &root)?)?;
    // The versions of the workspace, which are downloaded.
    fs::copy(root.join("Cargo.lock"), directory.join("Cargo.lock"))?;
    fs::copy(
        crate_root.join("tests/sample/build.rs"),
        directory.join("build.rs"),
    )?;
    fs::write(directory.join("src/main.rs"), PROGRAM)?;
    let queries = COUNT * OF_A_TABLE;
    writeln!(
        io::stdout(),
        "{REVISIONS} revisions, {queries} queries of {COUNT} tables"
    )
}

/// The manifest of the sample, with the profile of the workspace and the engine inside the build script.
fn manifest(sample: &str, root: &Path) -> io::Result<String> {
    let of_workspace = fs::read_to_string(root.join("Cargo.toml"))?;
    let profile = of_workspace
        .find("[profile.dev]")
        .map(|at| &of_workspace[at..]);
    let own = sample.find("# As in the workspace").map(|at| &sample[..at]);
    let (Some(profile), Some(own)) = (profile, own) else {
        return Err(io::Error::other("the manifests are not the known ones"));
    };
    let own = own
        .replace("name = \"sample\"", "name = \"large-project\"")
        .replace("@ROOT@", &root.display().to_string())
        .replace(
            "/crates/query-build\", default-features = false",
            "/crates/query-build\"",
        );
    Ok(format!("{own}{profile}"))
}

const PROGRAM: &str = "\
//! A program with many queries.

include!(concat!(env!(\"OUT_DIR\"), \"/revisions.rs\"));

pub mod queries {
    //! The queries of `queries/`.
    include!(concat!(env!(\"OUT_DIR\"), \"/queries.rs\"));
}

fn main() {
    println!(\"{} revisions\", REVISIONS.len());
}
";
