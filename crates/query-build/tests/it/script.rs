//! The build script of the sample, compiled once by cargo, and run as cargo runs it, in whatever surroundings.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::SystemTime;

use serde_json::Value;

use crate::project::Project;
use crate::sample;

/// What the sample is called here.
const NAME: &str = "behaviour";

/// What cargo said of the sample, in a directory whose name has whatever a name can have.
pub(crate) struct Sample {
    pub(crate) project: Project,
    /// The compiled build script.
    pub(crate) executable: PathBuf,
    /// Where cargo had it write.
    pub(crate) out_dir: PathBuf,
    /// What cargo wrote to standard error.
    pub(crate) said: String,
}

/// The sample after `cargo check --message-format=json`, which is what rust-analyzer runs.
pub(crate) fn checked() -> &'static Sample {
    static SAMPLE: OnceLock<Sample> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let project = sample::package_called(NAME, "the sample's \u{e9}t\u{e9} & more");
        let checked = check(&project);
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(checked.status.success(), "{said}");
        let messages = messages(&checked);
        let script = about(NAME, &messages, "compiler-artifact", |it| {
            it["target"]["kind"][0] == "custom-build"
        });
        let executed = about(NAME, &messages, "build-script-executed", |_| true);
        Sample {
            project,
            executable: path(&script.expect("the script")["filenames"][0]),
            out_dir: path(&executed.expect("that the script was run")["out_dir"]),
            said,
        }
    })
}

/// `cargo check` as rust-analyzer runs it.
pub(crate) fn check(project: &Project) -> Output {
    sample::cargo_command(project, "check")
        .arg("--message-format=json")
        .output()
        .expect("cargo runs")
}

/// The messages of cargo, one in each line.
pub(crate) fn messages(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// The message of a kind that is about the package of this name.
pub(crate) fn about<'m>(
    package: &str,
    messages: &'m [Value],
    reason: &str,
    is_meant: impl Fn(&Value) -> bool,
) -> Option<&'m Value> {
    let id = format!("#{package}@0.1.0");
    let is_of_sample = |it: &&Value| {
        it["package_id"]
            .as_str()
            .is_some_and(|it| it.ends_with(&id))
    };
    let mut all = messages.iter().filter(|it| it["reason"] == reason);
    all.find(|it| is_of_sample(it) && is_meant(it))
}

fn path(value: &Value) -> PathBuf {
    PathBuf::from(value.as_str().expect("a path"))
}

/// The script, to be run in `package` with an output directory as cargo makes one, in the way that `wrapper` runs programs.
pub(crate) fn script(wrapper: &[&str], package: &Path, out_dir: &Path) -> Command {
    fs::create_dir_all(out_dir).expect("an output directory");
    let executable = &checked().executable;
    let mut script = match wrapper {
        [] => Command::new(executable),
        [program, arguments @ ..] => {
            let mut script = Command::new(program);
            script.args(arguments).arg(executable);
            script
        }
    };
    script
        .current_dir(package)
        .env("CARGO_MANIFEST_DIR", package)
        .env("OUT_DIR", out_dir)
        .env_remove("QUERY_BUILD_REPORT");
    script
}

/// Runs it, and gives back what is in the output directory.
pub(crate) fn run(script: &mut Command, out_dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let output = script.output().expect("the script runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    contents(out_dir)
}

/// All files below a directory, by their names in it.
pub(crate) fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let read = |path: &Path| fs::read(path).expect("a file");
    let files = files(directory).into_iter();
    files
        .map(|path| {
            let name = path.strip_prefix(directory).expect("a file below");
            (name.to_owned(), read(&path))
        })
        .collect()
}

/// All files and directories below a directory, with when each was changed last and what is in it.
pub(crate) fn state(directory: &Path) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for path in entries(directory) {
        let changed = fs::symlink_metadata(&path).and_then(|it| it.modified());
        let text = fs::read(&path).unwrap_or_default();
        found.insert(path, (changed.expect("a time"), text));
    }
    found
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = entries(directory);
    found.retain(|path| path.is_file());
    found
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut found = vec![directory.to_owned()];
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(entries(&path)),
            false => found.push(path),
        }
    }
    found
}

/// An output directory as cargo makes one, in an empty target directory of this name.
pub(crate) fn out_dir(name: &str) -> PathBuf {
    let target = target(name);
    if target.exists() {
        fs::remove_dir_all(&target).expect("the last run's directory can go");
    }
    target.join("debug/build/sample-0/out")
}

/// The target directory of [`out_dir`].
pub(crate) fn target(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("targets")
        .join(name)
}

/// A way to start a program with something taken away from it, where this system lets one: root by itself, others in a
/// name space of their own.
pub(crate) fn wrapper(arguments: &[&'static str]) -> Option<Vec<&'static str>> {
    let try_with = |own: &[&'static str]| {
        let all: Vec<&str> = [&["unshare"], own, arguments].concat();
        let tried = Command::new(all[0]).args(&all[1..]).arg("true").output();
        tried.is_ok_and(|it| it.status.success()).then_some(all)
    };
    try_with(&[]).or_else(|| try_with(&["--map-current-user"]))
}
