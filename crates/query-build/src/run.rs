//! The build as a build script: what cargo is told, and how an error is shown.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::build::Build;
use crate::colour;
use crate::error::{Error, heading};
use crate::lints::MANIFEST;
use crate::output;
use crate::place::{Place, workspace_of};
use crate::previous::VARIABLE;
use crate::report::Report;
use crate::scratch;

/// The variable with the file that the report of the queries goes to, relative to the package.
const REPORT: &str = "QUERY_BUILD_REPORT";

impl Build {
    /// Builds from the environment that cargo gives to build scripts, into OUT_DIR.
    ///
    /// Ends the process with exit code 1, and the error on standard error, when the build is refused: cargo
    /// shows it as the error of the compilation.
    pub fn run(mut self) {
        if let Some(release) = env::var_os(VARIABLE) {
            let release = release.to_string_lossy().into_owned();
            self.previous_release = Some(release).filter(|release| !release.is_empty());
        }
        if let Err(error) = self.run_for_cargo() {
            match colour::is_wanted() {
                true => eprintln!("{}{error:#}", heading(true)),
                false => eprintln!("{}{error}", heading(false)),
            }
            std::process::exit(1);
        }
    }

    fn run_for_cargo(&self) -> Result<(), Error> {
        let package = directory("CARGO_MANIFEST_DIR")?;
        let out_dir = directory("OUT_DIR")?;
        keep_temporary_files_in(&scratch::directory_for(&out_dir))?;
        let report = self.try_run_at_the_root(&package, &out_dir)?;
        if let Some(path) = env::var_os(REPORT) {
            let path = package.join(path);
            fs::write(&path, &report.document).map_err(Error::io(&path))?;
        }
        // Not before: cargo shows what a script that fails has printed, and runs it again in any case.
        self.tell_cargo(&package, &report);
        Ok(())
    }

    /// Cargo runs a build script in its package; whoever reads a message is most often at the root of the workspace, from
    /// where rustc names files too.
    fn try_run_at_the_root(&self, package: &Path, out_dir: &Path) -> Result<Report, Error> {
        let here = workspace_of(package);
        let before = env::current_dir().map_err(Error::io(package))?;
        env::set_current_dir(here).map_err(Error::io(here))?;
        let report = self.try_run_from(&Place { package, here }, out_dir);
        env::set_current_dir(&before).map_err(Error::io(&before))?;
        report
    }

    /// What makes cargo run the script again, and nothing else does, and what it shows. Cargo looks at all that lies in a
    /// directory.
    #[expect(
        clippy::print_stdout,
        reason = "this is how a build script talks to cargo"
    )]
    fn tell_cargo(&self, package: &Path, report: &Report) {
        for directory in std::iter::once(&self.migrations).chain(&self.queries) {
            println!(
                "cargo::rerun-if-changed={}",
                package.join(directory).display()
            );
        }
        println!(
            "cargo::rerun-if-changed={}",
            package.join(MANIFEST).display()
        );
        println!("cargo::rerun-if-env-changed=SCRATCH_POSTGRES");
        println!("cargo::rerun-if-env-changed={REPORT}");
        println!("cargo::rerun-if-env-changed={VARIABLE}");
        for directory in &report.watched {
            println!("cargo::rerun-if-changed={}", directory.display());
        }
        for line in report.warnings.iter().flat_map(|warning| warning.lines()) {
            println!("cargo::warning={line}");
        }
    }
}

fn directory(variable: &'static str) -> Result<PathBuf, Error> {
    match env::var_os(variable) {
        Some(directory) => Ok(PathBuf::from(directory)),
        None => Err(Error::NoBuildScript(variable)),
    }
}

/// cornucopia writes its code to the system's temporary directory first; a build writes nothing there.
///
/// There it runs rustfmt, where there is one. The code is formatted already, and has to be the same whether there is
/// one or not, and whatever the application's `rustfmt.toml` says.
fn keep_temporary_files_in(directory: &Path) -> Result<(), Error> {
    let directory = directory.join("temporary");
    fs::create_dir_all(&directory).map_err(Error::io(&directory))?;
    // Never half written: a build beside this one may be reading it.
    output::write_changed(
        &directory,
        &[("rustfmt.toml", "disable_all_formatting = true\n".to_owned())],
    )?;
    // It is set already if the application's build script has done so: that is its choice.
    tempfile::env::override_temp_dir(&directory).ok();
    Ok(())
}
