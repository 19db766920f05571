//! A copy of this project: made of its files, broken, built by cargo, and made whole again.
//!
//! It lies in the target directory of this test, whose compiled dependencies it uses: cargo has given back its lock when
//! tests run. Its crates are the ones of this workspace, where they are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::way::{Edit, Way};

/// What a build needs of the project; cargo wants to see the benchmarks that a manifest names.
const PARTS: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "benches",
    "build.rs",
    "queries",
    "sql",
    "src",
];

/// The directory with the release before, and the variable that names it.
const RELEASE: &str = "release-before";
const RELEASE_VARIABLE: &str = "QUERY_BUILD_PREVIOUS_RELEASE";

/// A copy of this project.
pub(super) struct Copy {
    root: PathBuf,
}

/// How a build ended.
pub(super) struct Built {
    pub(super) succeeded: bool,
    pub(super) said: String,
}

/// What was done to a copy.
pub(super) struct Broken {
    pub(super) changes: Vec<Change>,
    /// `FILE:LINE:COLUMN`, or `FILE`: where the message has to point.
    pub(super) place: String,
    /// How many characters it has to underline.
    pub(super) underlined: Option<usize>,
}

/// A file before and after; none where it is not there.
pub(super) struct Change {
    pub(super) file: &'static str,
    pub(super) before: Option<Vec<u8>>,
    pub(super) after: Option<Vec<u8>>,
}

impl Copy {
    pub(super) fn of_this_project() -> Self {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        // With a space, as some people have in their paths.
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("a copy of this project");
        let mut files = BTreeSet::new();
        for part in PARTS {
            for file in files_below(project, Path::new(part)) {
                let mut content = fs::read(project.join(&file)).unwrap();
                if part == "Cargo.toml" {
                    content = manifest(project, &content).into_bytes();
                }
                write_if_other(&root.join(&file), &content);
                files.insert(file);
            }
        }
        // What an earlier run has left, or the project has no more.
        let release = Path::new(RELEASE);
        for part in PARTS
            .map(PathBuf::from)
            .into_iter()
            .chain([release.to_owned()])
        {
            for file in files_below(&root, &part) {
                if !files.contains(file.strip_prefix(release).unwrap_or(&file)) {
                    fs::remove_file(root.join(file)).unwrap();
                }
            }
        }
        // The same files are a release, which a build is told of or not.
        for file in files
            .iter()
            .filter(|file| file.starts_with("sql") || file.starts_with("queries"))
        {
            let content = fs::read(root.join(file)).unwrap();
            write_if_other(&root.join(RELEASE).join(file), &content);
        }
        Self { root }
    }

    /// Builds what a way has broken.
    pub(super) fn build_broken(&self, way: &Way) -> Built {
        self.build_after(way.is_after_release.then_some(RELEASE))
    }

    /// Leaves nothing of the program but what is generated, which it prints: what follows is about that, and the rest takes
    /// long to compile.
    pub(super) fn empty_the_program(&self) {
        let main = "//! Empty.\n\nfn main() {\n    print!(\"{}\", include_str!(concat!(env!(\"OUT_DIR\"), \"/queries.rs\")));\n}\n";
        fs::write(self.root.join("src/lib.rs"), "//! Empty.\n").unwrap();
        fs::write(self.root.join("src/main.rs"), main).unwrap();
    }

    /// The code that is generated for the queries: what ships.
    pub(super) fn shipped(&self) -> String {
        let output = self.cargo("run").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && !said.contains("warning"),
            "{said}"
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `cargo build`.
    pub(super) fn build(&self) -> Built {
        self.build_after(None)
    }

    /// Runs `cargo build`, with the name of a release that runs.
    fn build_after(&self, release: Option<&str>) -> Built {
        let mut cargo = self.cargo("build");
        cargo.envs(release.map(|release| (RELEASE_VARIABLE, release)));
        let output = cargo.output().unwrap();
        Built {
            succeeded: output.status.success(),
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn cargo(&self, command: &str) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([command, "--offline"]).current_dir(&self.root);
        // As this test was built, so that the dependencies serve.
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        if !cfg!(feature = "embedded") {
            cargo.arg("--no-default-features");
        }
        // What cargo has said to this test is not meant for the copy, nor what changes what a build does or says.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let is_of_this_test = ["CARGO_PKG_", "CARGO_BIN_", "CARGO_MANIFEST_"];
            if is_of_this_test.iter().any(|it| text.starts_with(it)) {
                cargo.env_remove(&name);
            }
        }
        for name in [
            "CARGO_CRATE_NAME",
            "CARGO_PRIMARY_PACKAGE",
            "CARGO_TARGET_TMPDIR",
            "OUT_DIR",
            "QUERY_BUILD_REPORT",
            RELEASE_VARIABLE,
            "SCRATCH_POSTGRES",
        ] {
            cargo.env_remove(name);
        }
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        cargo
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_TERM_COLOR", "never");
        cargo
    }

    /// Breaks it. Cargo sees that by the times of files, and each build takes longer than the finest of these.
    pub(super) fn break_it(&self, way: &Way) -> Result<Broken, String> {
        let mut changes: Vec<Change> = Vec::new();
        for edit in &way.edits {
            let file = edit.file();
            let known = changes.iter().position(|change| change.file == file);
            let mut change = known
                .map(|at| changes.remove(at))
                .unwrap_or_else(|| self.unchanged(file));
            change.after = edited(edit, change.after.as_deref())?;
            changes.push(change);
        }
        let mut place = way.place.map(|(place, length)| (place.to_owned(), length));
        for change in &mut changes {
            let marked = change.after.as_deref().and_then(unmarked);
            if let Some((text, mark)) = marked {
                change.after = Some(text);
                let at = format!("{}:{}:{}", change.file, mark.line, mark.column);
                if place.replace((at, Some(mark.length))).is_some() {
                    return Err("says twice where the message points".to_owned());
                }
            }
        }
        let (place, underlined) = place.ok_or("does not say where the message points")?;
        for change in &changes {
            self.put(change.file, change.after.as_deref());
        }
        Ok(Broken {
            changes,
            place,
            underlined,
        })
    }

    fn unchanged(&self, file: &'static str) -> Change {
        let before = fs::read(self.root.join(file)).ok();
        let after = before.clone();
        Change {
            file,
            before,
            after,
        }
    }

    fn put(&self, file: &str, content: Option<&[u8]>) {
        let path = self.root.join(file);
        match content {
            Some(content) => write(&path, content),
            None => fs::remove_file(path).unwrap(),
        }
    }

    /// Puts a comment into a query, with all in it that SQL or the generator could stumble over.
    pub(super) fn comment_a_query(&self) {
        let file = "queries/wallets.sql";
        let text = fs::read_to_string(self.root.join(file)).unwrap();
        let place = "  join users on users.id = wallets.user_id\n where";
        assert_eq!(text.matches(place).count(), 1, "{file} has another query");
        let comment =
            "  -- It isn't shipped; :nor $1 \"this /* is.\n  /* Nor is 'this; -- either */\n where";
        let text = text.replace(place, &place.replace(" where", comment));
        write(&self.root.join(file), text.as_bytes());
    }

    pub(super) fn restore(&self, broken: &Broken) {
        for change in &broken.changes {
            self.put(change.file, change.before.as_deref());
        }
    }
}

/// The content of a file after an edit; none if it is gone.
fn edited(edit: &Edit, before: Option<&[u8]>) -> Result<Option<Vec<u8>>, String> {
    let (file, from, to) = match edit {
        Edit::Write { text, .. } => return Ok(Some(text.clone())),
        Edit::Remove { .. } => return Ok(None),
        Edit::Replace { file, from, to } => (file, from, to),
    };
    let text = String::from_utf8_lossy(before.unwrap_or_default());
    match text.matches(from).count() {
        1 => Ok(Some(text.replace(from, to).into_bytes())),
        times => Err(format!("{file} has {from:?} {times} times, not once")),
    }
}

/// What was marked, counted from 1 in characters.
struct Mark {
    line: usize,
    column: usize,
    length: usize,
}

/// The text without its mark, and the mark.
fn unmarked(text: &[u8]) -> Option<(Vec<u8>, Mark)> {
    let text = std::str::from_utf8(text).ok()?;
    let (before, rest) = text.split_once('«')?;
    let (marked, after) = rest.split_once('»')?;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let mark = Mark {
        line: before.matches('\n').count() + 1,
        column: before[start..].chars().count() + 1,
        length: marked.chars().count().max(1),
    };
    Some((format!("{before}{marked}{after}").into_bytes(), mark))
}

/// The files of a part of a project, relative to it.
fn files_below(project: &Path, part: &Path) -> Vec<PathBuf> {
    let path = project.join(part);
    if path.is_file() {
        return vec![part.to_owned()];
    }
    let Ok(entries) = fs::read_dir(path) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name());
    names
        .flat_map(|name| files_below(project, &part.join(name)))
        .collect()
}

/// The manifest of a package that is a workspace by itself. Its program has another name: the one beside it is for other
/// tests.
fn manifest(project: &Path, content: &[u8]) -> String {
    let text = String::from_utf8(content.to_vec()).unwrap();
    let crates = project.join("crates");
    let crates = crates.to_str().unwrap();
    // Line by line: a message names the lines of the original.
    let lines = text.lines().map(|line| {
        if line.starts_with("members = ") {
            "members = []".to_owned()
        } else if line.starts_with("default-run = ") {
            "autobins = false".to_owned()
        } else {
            line.replace("path = \"crates/", &format!("path = \"{crates}/"))
        }
    });
    let manifest: Vec<String> = lines.collect();
    let program = "[[bin]]\nname = \"a-copy-of-divine-whispers\"\npath = \"src/main.rs\"";
    format!("{}\n\n{program}\n", manifest.join("\n"))
}

/// Leaves the time of a file that is as it should be: what was compiled of it serves again.
fn write_if_other(path: &Path, content: &[u8]) {
    if fs::read(path).ok().as_deref() != Some(content) {
        write(path, content);
    }
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
