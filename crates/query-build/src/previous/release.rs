//! A release: its migrations and its queries, from a directory or from git.

use std::fs;
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use revisions::{Revisions, SourceError};

use crate::build::Build;
use crate::error::{Error, Problem};
use crate::output;
use crate::prove::Model;
use crate::query_file::QueryFile;
use crate::read::read_files;

/// The variable with the release that is checked too.
pub(crate) const VARIABLE: &str = "QUERY_BUILD_PREVIOUS_RELEASE";

/// A release that was read.
pub(crate) struct Release {
    /// As it was asked for: `v1.2.0`, or a directory.
    pub(crate) name: String,
    pub(crate) revisions: Revisions,
    pub(crate) queries: Vec<QueryFile>,
    /// The roles that its model names.
    pub(crate) roles: Vec<String>,
    /// The directories that cargo has to watch.
    pub(crate) watched: Vec<PathBuf>,
    root: PathBuf,
    /// What messages put before a path of it.
    prefix: String,
}

impl Release {
    /// Reads the release `name`: a directory, relative to `package`, or else a revision of git.
    ///
    /// # Errors
    /// If it is neither, or cannot be read.
    pub(crate) fn read(
        build: &Build,
        package: &Path,
        name: &str,
        out_dir: &Path,
    ) -> Result<Self, Error> {
        let directory = package.join(name);
        if directory.is_dir() {
            let prefix = format!("{}/", name.trim_end_matches('/'));
            return Self::of_directory(build, name, &directory, prefix).map(|mut release| {
                let directories = std::iter::once(&build.migrations).chain(&build.queries);
                release.watched = directories.map(|it| directory.join(it)).collect();
                release
            });
        }
        let git = Git { package, name };
        let temporary = output::working_directory(out_dir)?;
        let commit = git.check_out(build, &temporary)?;
        let root = temporary.path().join(&commit.prefix);
        let mut release =
            Self::of_directory(build, name, &root, format!("{name}:{}", commit.prefix))?;
        release.watched = commit.watched;
        Ok(release)
    }

    fn of_directory(build: &Build, name: &str, root: &Path, prefix: String) -> Result<Self, Error> {
        let migrations = root.join(&build.migrations);
        if !migrations.is_dir() {
            let what = format!("it has no directory {}", build.migrations.display());
            return Err(unreadable(name, &what));
        }
        let mut release = Self {
            name: name.to_owned(),
            revisions: Revisions::default(),
            queries: Vec::new(),
            roles: Vec::new(),
            watched: Vec::new(),
            root: root.to_owned(),
            prefix,
        };
        let read = Revisions::read(&migrations);
        release.revisions = read.map_err(|error| Error::refused(vec![error.into()]))?;
        let model = release.named(&build.migrations.display().to_string());
        let model = Model::read(&migrations, &model, None)?;
        release.roles = model.map(|model| model.scope.roles).unwrap_or_default();
        if let Some(queries) = build.queries.as_ref().filter(|it| root.join(it).is_dir()) {
            let shown = release.named(&queries.display().to_string());
            let mut problems = Vec::new();
            // The other rules are those of today; it was built by the rules of its day.
            release.queries = read_files(&root.join(queries), &shown, &mut problems)?.files;
            if !problems.is_empty() {
                let problems = problems.into_iter().map(|problem| unread(name, problem));
                return Err(Error::refused(problems.collect()));
            }
        }
        Ok(release)
    }

    /// A path of the release, as messages name it.
    pub(crate) fn named(&self, path: &str) -> String {
        let path = path.replace('\\', "/");
        let root = self.root.display().to_string().replace('\\', "/");
        let path = path.strip_prefix(&root).unwrap_or(&path);
        format!("{}{}", self.prefix, path.trim_start_matches('/'))
    }
}

/// That a file of a release cannot be taken apart: nobody has to correct it.
fn unread(name: &str, problem: SourceError) -> Problem {
    let message = format!("`{name}` cannot be read: {}", problem.message);
    let remedy = "it was built by another version of query-build; name a release that this one can read, or a directory \
                  with a copy of it, corrected";
    let problem = SourceError { message, ..problem };
    problem.remedy(remedy).into()
}

fn unreadable(name: &str, what: &str) -> Error {
    let what = format!("the previous release `{name}` cannot be read: {what}");
    let remedy = format!(
        "name a directory with its migrations and queries, relative to the package, or a revision of git, in {VARIABLE} or \
         in `.previous_release(…)`; a shallow clone has only the newest (git fetch --tags --unshallow)"
    );
    let problem = SourceError::of_file("build.rs", what).remedy(remedy);
    Error::refused(vec![problem.into()])
}

/// What was found of a commit.
struct Commit {
    /// Where the package lies in the repository: empty, or ending in `/`.
    prefix: String,
    watched: Vec<PathBuf>,
}

/// A release in the repository that the package lies in.
struct Git<'a> {
    package: &'a Path,
    name: &'a str,
}

impl Git<'_> {
    /// Writes the migrations and the queries of the release to `directory`, as they lie in the repository.
    fn check_out(&self, build: &Build, directory: &TempDir) -> Result<Commit, Error> {
        let commit = format!("{}^{{commit}}", self.name);
        if self.name.starts_with('-') {
            return Err(self.failed("git has no such revision"));
        }
        let commit = self.ask(&["rev-parse", "--verify", "--quiet", &commit])?;
        let prefix = self.ask(&["rev-parse", "--show-prefix"])?;
        let mut list = vec![
            "ls-tree",
            "-r",
            "-z",
            "--full-tree",
            "--name-only",
            &commit,
            "--",
        ];
        let directories = std::iter::once(&build.migrations).chain(&build.queries);
        let directories: Vec<String> = directories
            .map(|it| format!("{}/", normal(&Path::new(&prefix).join(it))))
            .collect();
        list.extend(directories.iter().map(String::as_str));
        let paths = self.ask(&list)?;
        let paths: Vec<&str> = paths.split('\0').filter(|path| !path.is_empty()).collect();
        let contents = self.contents(&commit, &paths)?;
        for (path, content) in paths.iter().zip(contents) {
            let file = directory.path().join(path);
            let parent = file.parent().unwrap_or(directory.path());
            fs::create_dir_all(parent).map_err(Error::io(parent))?;
            fs::write(&file, content).map_err(Error::io(&file))?;
        }
        let package = directory.path().join(&prefix);
        fs::create_dir_all(&package).map_err(Error::io(&package))?;
        let watched = self.what_moves()?;
        Ok(Commit { prefix, watched })
    }

    /// The files that change when the name comes to mean another commit: those of a branch or a tag.
    fn what_moves(&self) -> Result<Vec<PathBuf>, Error> {
        let reference = self.ask(&["rev-parse", "--symbolic-full-name", self.name])?;
        if reference.is_empty() {
            return Ok(Vec::new());
        }
        let mut files = Vec::new();
        for name in [reference.as_str(), "packed-refs"] {
            let path = self
                .package
                .join(self.ask(&["rev-parse", "--git-path", name])?);
            // What is not there would make cargo run the script each time.
            files.extend(Some(path).filter(|path| path.is_file()));
        }
        Ok(files)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.package).args(arguments);
        // Where git itself has started the build, these are of another directory.
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
            git.env_remove(variable);
        }
        git
    }

    /// What git answers, without the line end.
    fn ask(&self, arguments: &[&str]) -> Result<String, Error> {
        let output = self.command(arguments).output();
        let output = output.map_err(|error| self.failed(&format!("git does not run: {error}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim().trim_start_matches("fatal: ");
            return Err(self.failed(match said.is_empty() {
                true => "git has no such revision",
                false => said,
            }));
        }
        let answer = String::from_utf8(output.stdout);
        let answer = answer.map_err(|_| self.failed("a path in it is not UTF-8"))?;
        Ok(answer.trim_end_matches('\n').to_owned())
    }

    /// The contents of files, all from one process.
    fn contents(&self, commit: &str, paths: &[&str]) -> Result<Vec<Vec<u8>>, Error> {
        let failed = |error: std::io::Error| self.failed(&format!("git does not run: {error}"));
        let mut git = self.command(&["cat-file", "--batch"]);
        let git = git.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut git = git.spawn().map_err(failed)?;
        let wanted: String = paths
            .iter()
            .map(|path| format!("{commit}:{path}\n"))
            .collect();
        let mut input = git.stdin.take();
        let asking = std::thread::spawn(move || match &mut input {
            Some(input) => input.write_all(wanted.as_bytes()),
            None => Ok(()),
        });
        let output = git.wait_with_output().map_err(failed)?;
        if !matches!(asking.join(), Ok(Ok(()))) {
            return Err(self.failed("git ended before it had answered"));
        }
        let mut rest = output.stdout.as_slice();
        let contents = paths.iter().map(|path| {
            next(&mut rest).ok_or_else(|| self.failed(&format!("git does not give {path}")))
        });
        contents.collect()
    }

    fn failed(&self, said: &str) -> Error {
        unreadable(
            self.name,
            &format!("there is no such directory, and {said}"),
        )
    }
}

/// A path without `..`, and with `/` between its parts, as git names it.
fn normal(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            _ => {}
        }
    }
    parts.join("/")
}

/// The next file in the answer of `git cat-file --batch`: `<object> blob <size>`, the content, a line end.
fn next(answer: &mut &[u8]) -> Option<Vec<u8>> {
    let line = answer.iter().position(|&byte| byte == b'\n')?;
    let head = std::str::from_utf8(&answer[..line]).ok()?;
    let size: usize = head.rsplit_once(" blob ")?.1.parse().ok()?;
    let content = answer.get(line + 1..line + 1 + size)?.to_vec();
    *answer = answer.get(line + 2 + size..)?;
    Some(content)
}
