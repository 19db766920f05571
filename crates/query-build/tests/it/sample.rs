//! The sample application: built by cargo with its build script, and run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use scratch_postgres::Builder;

use crate::postgresql::needs_postgresql;
use crate::project::Project;

/// The sample as a package of its own that cargo can build.
pub(crate) fn package(name: &str) -> Project {
    let project = Project::sample(name);
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = crate_root
        .join("../..")
        .canonicalize()
        .expect("the workspace");
    let sample = crate_root.join("tests/sample");
    for file in ["build.rs", "src/main.rs", "src/db.rs"] {
        project.write(file, fs::read(sample.join(file)).expect("a file"));
    }
    let manifest = fs::read_to_string(sample.join("Cargo.toml.in")).expect("the manifest");
    let manifest = manifest.replace("@ROOT@", &root.display().to_string());
    project.write("Cargo.toml", manifest);
    // The versions of the workspace: they are here, and nothing may be downloaded.
    project.write(
        "Cargo.lock",
        fs::read(root.join("Cargo.lock")).expect("the lock file"),
    );
    project
}

/// The same under a name of its own: packages of one name share an output directory in a target directory, wherever they are.
pub(crate) fn package_called(name: &str, directory: &str) -> Project {
    let project = package(directory);
    let name = format!("name = \"{name}\"");
    project.edit("Cargo.toml", "name = \"sample\"", &name);
    project
}

/// Runs `cargo build` for the package, in the target directory that holds its dependencies already. Not quietly: cargo would
/// keep the warnings of build scripts to itself.
pub(crate) fn cargo_build(project: &Project) -> Output {
    cargo(project).output().expect("cargo runs")
}

fn cargo(project: &Project) -> Command {
    cargo_command(project, "build")
}

/// `cargo build`, `cargo check` and so on for the package, as [`cargo_build`] runs it.
pub(crate) fn cargo_command(project: &Project, command: &str) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args([command, "--offline"])
        .current_dir(&project.package)
        .env("CARGO_TARGET_DIR", target_directory())
        .env_remove("CARGO_MANIFEST_DIR")
        .env_remove("CARGO_TERM_COLOR")
        .env_remove("QUERY_BUILD_REPORT");
    cargo
}

fn target_directory() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary
        .parent()
        .expect("the target directory")
        .to_path_buf()
}

#[test]
fn the_sample_builds_without_warnings_and_its_queries_do_what_they_say() {
    needs_postgresql!();
    let project = package("sample");
    let build = cargo_build(&project);
    let said = String::from_utf8_lossy(&build.stderr);
    assert!(build.status.success(), "{said}");
    assert!(!said.contains("warning"), "{said}");

    let server = Builder::new().start().expect("a PostgreSQL");
    let run = Command::new(target_directory().join("debug/sample"))
        .env("DATABASE_URL", server.url())
        .output()
        .expect("the sample runs");
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );

    // What cargo shows when nobody calls a query, a mark is not needed, and a report is asked for.
    let queries = fs::read_to_string(project.package.join("queries/customers.sql"));
    let queries = queries.expect("the queries");
    let unused = "\n--- Nobody calls it.\n--! forgotten : (email?)\nselect email from customers where id = :id;\n";
    let denied = "#![deny(warnings";
    project
        .write("queries/customers.sql", format!("{queries}{unused}"))
        .edit("src/main.rs", denied, "#![warn(warnings");
    let mut build = cargo(&project);
    let build = build.env("QUERY_BUILD_REPORT", "queries.md").output();
    let build = build.expect("cargo runs");
    let said = String::from_utf8_lossy(&build.stderr);
    assert!(build.status.success(), "{said}");
    assert!(
        said.contains("function `forgotten` is never used"),
        "{said}"
    );
    assert!(
        said.contains("the column `email` is marked with `?`"),
        "{said}"
    );
    assert_eq!(said.matches("is never used").count(), 1, "{said}");
    let report = fs::read_to_string(project.package.join("queries.md")).expect("the report");
    assert!(report.contains("\n### forgotten\n"), "{report}");
    project
        .write("queries/customers.sql", queries)
        .edit("src/main.rs", "#![warn(warnings", denied);

    // What cargo shows when a query no longer fits.
    project.edit("queries/customers.sql", "set nickname", "set nicknam");
    let build = cargo_build(&project);
    let said = String::from_utf8_lossy(&build.stderr);
    assert!(!build.status.success());
    assert!(said.contains("--> queries/customers.sql:21:22"), "{said}");
    assert!(!said.contains("stack backtrace"), "{said}");
}
