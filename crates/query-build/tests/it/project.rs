//! A package in a directory of its own, for a build to run on.

use std::fs;
use std::path::{Path, PathBuf};

use query_build::{Build, Error, Report};

/// A package with migrations and queries, and an output directory.
pub(crate) struct Project {
    pub(crate) package: PathBuf,
    pub(crate) out_dir: PathBuf,
}

impl Project {
    /// An empty project; `name` is a directory of the test.
    pub(crate) fn empty(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let package = root.join("packages").join(name);
        let out_dir = root.join("build").join(name).join("out");
        for directory in [&package, &out_dir] {
            if directory.exists() {
                fs::remove_dir_all(directory).expect("the last run's directory can go");
            }
            fs::create_dir_all(directory).expect("a directory");
        }
        Self { package, out_dir }
    }

    /// The sample project.
    pub(crate) fn sample(name: &str) -> Self {
        let project = Self::empty(name);
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample");
        for directory in ["sql", "queries", "queries/admin"] {
            fs::create_dir_all(project.package.join(directory)).expect("a directory");
            for entry in fs::read_dir(sample.join(directory)).expect("the sample") {
                let path = entry.expect("an entry").path();
                if path.is_file() {
                    let name = path.file_name().expect("a name");
                    let target = project.package.join(directory).join(name);
                    fs::copy(&path, target).expect("a copy");
                }
            }
        }
        project
    }

    /// Writes a file of the package.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.package.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
        self
    }

    /// Replaces text of a file of the package.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) -> &Self {
        let text = fs::read_to_string(self.package.join(path)).expect("a file");
        assert!(text.contains(from), "{path} has no `{from}`");
        self.write(path, text.replace(from, to))
    }

    /// Builds.
    pub(crate) fn build(&self) -> Result<Report, Error> {
        Build::new()
            .map_type("pg_catalog.timestamptz", "chrono::DateTime<chrono::Utc>")
            .try_run(&self.package, &self.out_dir)
    }

    /// Builds, and gives back what was refused.
    pub(crate) fn refusal(&self) -> String {
        self.refused(self.build())
    }

    /// The same with other settings.
    pub(crate) fn refusal_of(&self, build: &Build) -> String {
        self.refused(build.try_run(&self.package, &self.out_dir))
    }

    /// Builds with other settings, which succeeds.
    pub(crate) fn report_of(&self, build: &Build) -> Report {
        match build.try_run(&self.package, &self.out_dir) {
            Ok(report) => report,
            Err(error) => panic!("the build was refused: {error}"),
        }
    }

    /// The warnings, without the directory of the test.
    pub(crate) fn warnings_of(&self, report: &Report) -> String {
        let package = format!("{}/", self.package.display());
        report.warnings.join("\n").replace(&package, "")
    }

    fn refused(&self, built: Result<Report, Error>) -> String {
        match built {
            Ok(report) => panic!("the build should have been refused: {report:#?}"),
            Err(error) => {
                let package = format!("{}/", self.package.display());
                error.to_string().replace(&package, "")
            }
        }
    }

    /// A file of the output directory.
    pub(crate) fn output(&self, name: &str) -> String {
        fs::read_to_string(self.out_dir.join(name)).expect("an output file")
    }
}
