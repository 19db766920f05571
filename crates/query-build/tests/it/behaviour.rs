//! In which surroundings a build works, and what it leaves alone. Each sentence is one of the README.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::postgresql::needs_postgresql;
use crate::project::Project;
use crate::sample::cargo_command;
use crate::script::{self, checked, contents, out_dir, run, script, state, target};

/// What the build of the sample writes, wherever it runs.
fn expected() -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let made = contents(&checked().out_dir);
    let names: Vec<&Path> = made.keys().map(PathBuf::as_path).collect();
    assert_eq!(names, [Path::new("queries.rs"), Path::new("revisions.rs")]);
    made
}

/// A directory below which nobody can make anything, not even root: there is a file in its place.
fn nowhere(name: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, "").expect("a file");
    file.join("nowhere")
}

#[test]
fn offline_after_a_fetch() {
    needs_postgresql!();
    let sample = checked();
    let fetched = cargo_command(&sample.project, "fetch").output();
    assert!(fetched.expect("cargo runs").status.success());
    // Where this system lets a program be started without a network, without one; else no proxy answers.
    let wrapper = script::wrapper(&["--net"]).unwrap_or_default();
    let out_dir = out_dir("offline");
    let mut script = script(&wrapper, &sample.project.package, &out_dir);
    for proxy in ["http_proxy", "https_proxy", "ALL_PROXY"] {
        script.env(proxy, "http://127.0.0.1:9");
    }
    assert_eq!(run(&mut script, &out_dir), expected());
}

#[test]
fn two_builds_of_the_same_sources_are_the_same_byte_for_byte() {
    needs_postgresql!();
    let sample = checked();
    let elsewhere = Project::sample("bytes/in another directory");
    let out_dir = out_dir("bytes, and a longer name");
    let first = run(&mut script(&[], &elsewhere.package, &out_dir), &out_dir);
    assert_eq!(first, expected());
    let again = run(
        &mut script(&[], &sample.project.package, &out_dir),
        &out_dir,
    );
    assert_eq!(again, expected());
    for (name, text) in &first {
        let text = String::from_utf8_lossy(text);
        assert!(
            !text.contains(env!("CARGO_TARGET_TMPDIR")),
            "{name:?} names a directory"
        );
    }
    elsewhere.edit(
        "queries/customers.sql",
        "select count(*)",
        "select count(id)",
    );
    let other = run(&mut script(&[], &elsewhere.package, &out_dir), &out_dir);
    assert_ne!(other, expected());
}

#[test]
fn a_target_directory_anywhere_has_all_that_is_written() {
    needs_postgresql!();
    let project = Project::sample("target_directory");
    let before = state(&project.package);
    let out_dir = out_dir("anywhere");
    let made = run(&mut script(&[], &project.package, &out_dir), &out_dir);
    assert_eq!(made, expected());
    assert_eq!(state(&project.package), before);
    // The servers are gone, and so is what the code was made in.
    let left = contents(&target("anywhere").join("debug/scratch-postgres/temporary"));
    let left: Vec<&Path> = left.keys().map(PathBuf::as_path).collect();
    assert_eq!(left, [Path::new("rustfmt.toml")]);
}

#[test]
fn a_source_tree_that_cannot_be_written() {
    needs_postgresql!();
    let project = Project::sample("read_only");
    let before = state(&project.package);
    let out_dir = out_dir("read_only");
    let package = project.package.display().to_string();
    // Permissions do not bind root: the tree is mounted once more, so that it can only be read.
    let wrapper = script::wrapper(&["--mount"]).unwrap_or_default();
    let mount = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && ! touch \"$0/x\" 2>/dev/null && cd \"$0\" && exec \"$@\"";
    let is_mounted = !wrapper.is_empty()
        && Command::new(wrapper[0])
            .args(&wrapper[1..])
            .args(["sh", "-c", mount, &package, "true"])
            .output()
            .is_ok_and(|it| it.status.success());
    let all: Vec<&str> = match is_mounted {
        true => [&wrapper, &["sh", "-c", mount, package.as_str()][..]].concat(),
        false => Vec::new(),
    };
    let mut modes = Vec::new();
    for path in before.keys() {
        let permissions = fs::metadata(path).expect("a file").permissions();
        modes.push((path, permissions.clone()));
        let mut read_only = permissions;
        read_only.set_readonly(true);
        fs::set_permissions(path, read_only).expect("permissions");
    }
    let output = script(&all, &project.package, &out_dir).output();
    for (path, permissions) in modes {
        fs::set_permissions(path, permissions).expect("permissions");
    }
    let output = output.expect("the script runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(contents(&out_dir), expected());
    assert_eq!(state(&project.package), before);
}

#[test]
fn a_home_and_temporary_directories_that_cannot_be_written() {
    needs_postgresql!();
    let project = Project::sample("read_only_home");
    let out_dir = out_dir("read_only_home");
    let nowhere = nowhere("a file in place of a home");
    let mut script = script(&[], &project.package, &out_dir);
    for variable in [
        "HOME",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
    ] {
        script.env(variable, &nowhere);
    }
    for variable in ["TMPDIR", "TMP", "TEMP", "XDG_RUNTIME_DIR"] {
        script.env(variable, &nowhere);
    }
    assert_eq!(run(&mut script, &out_dir), expected());
    script
        .env_remove("HOME")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("TMPDIR");
    assert_eq!(run(&mut script, &out_dir), expected());
}

#[test]
fn two_builds_at_the_same_time() {
    needs_postgresql!();
    let package = &checked().project.package;
    // Two programs in one target directory that is empty, and meanwhile two threads of one program.
    let first = out_dir("together");
    let second = target("together").join("debug/build/sample-1/out");
    let threads = [Project::sample("together_1"), Project::sample("together_2")];
    thread::scope(|scope| {
        let programs = [&first, &second].map(|out_dir| {
            let mut script = script(&[], package, out_dir);
            scope.spawn(move || run(&mut script, out_dir))
        });
        let built = threads
            .iter()
            .map(|project| scope.spawn(|| project.build().map(drop)));
        let built: Vec<_> = built.collect();
        for build in built {
            build.join().expect("no panic").expect("a good project");
        }
        for program in programs {
            assert_eq!(program.join().expect("no panic"), expected());
        }
    });
    assert_eq!(contents(&threads[0].out_dir), contents(&threads[1].out_dir));
}

#[test]
fn a_build_that_was_killed_disturbs_no_other() {
    needs_postgresql!();
    let project = Project::sample("killed");
    let out_dir = out_dir("killed");
    let temporary = target("killed").join("debug/scratch-postgres/temporary");
    let mut killed = script(&[], &project.package, &out_dir)
        .spawn()
        .expect("the script runs");
    let servers = || {
        let entries = fs::read_dir(&temporary).into_iter().flatten().flatten();
        entries.filter(|entry| entry.path().is_dir()).count()
    };
    wait_until("there is a server", || servers() > 0);
    killed.kill().expect("it can be killed");
    killed.wait().expect("it is gone");
    wait_until("the server is gone", || servers() == 0);
    // As it is when a build is killed while code is made.
    fs::create_dir_all(out_dir.join(".query-build-x/generated")).expect("a directory");
    fs::write(out_dir.join(".query-build-y"), "pub mod").expect("a file");
    let made = run(&mut script(&[], &project.package, &out_dir), &out_dir);
    assert_eq!(made, expected());
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "not within a minute: {what}"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(unix)]
#[test]
fn a_source_tree_without_git() {
    use std::os::unix::fs::PermissionsExt as _;

    needs_postgresql!();
    // Outside of this repository, and with a `git` that tells when it is called.
    let outside = std::env::temp_dir().join(format!("query-build-{}", std::process::id()));
    let project = Project::sample("without_git");
    let package = outside.join("package");
    for (name, text) in contents(&project.package) {
        let path = package.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    let programs = outside.join("programs");
    fs::create_dir_all(&programs).expect("a directory");
    let git = programs.join("git");
    fs::write(&git, "#!/bin/sh\necho called >> \"$0.called\"\nexit 128\n").expect("a file");
    fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).expect("permissions");
    let path = std::env::var("PATH").unwrap_or_default();
    let out_dir = out_dir("without_git");
    let mut script = script(&[], &package, &out_dir);
    let made = run(
        script.env("PATH", format!("{}:{path}", programs.display())),
        &out_dir,
    );
    let was_called = programs.join("git.called").exists();
    fs::remove_dir_all(&outside).expect("it can go");
    assert_eq!(made, expected());
    assert!(!was_called);
}
