//! The lines that a refused build says are to be typed, typed.

use std::path::Path;
use std::process::Command;

use clap::Parser;
use revisions::cli::Db;

/// `cargo db`, as its program has it.
#[derive(Parser)]
struct CargoDb {
    #[command(flatten)]
    db: Db,
}

/// The line between backquotes that follows some words.
pub(crate) fn line_after<'a>(refusal: &'a str, words: &str) -> &'a str {
    let (_, rest) = refusal.split_once(&format!("{words}`")).expect("a remedy");
    rest.split_once('`').expect("an end of the line").0
}

/// Types a line: what a shell makes of it is what the program gets. `root` is where it is typed.
pub(crate) fn type_line(line: &str, root: &Path) {
    let typed = format!("cargo() {{ printf '%s\\n' \"$@\"; }}; {line}");
    let shell = Command::new("sh").args(["-c", &typed]).output();
    let words = String::from_utf8(shell.expect("a shell").stdout).expect("UTF-8");
    let mut db = CargoDb::parse_from(words.lines()).db;
    // The program would find `sql` in its directory; that of a test is another.
    let dir = db.place.dir.take().unwrap_or_else(|| "sql".into());
    db.place.dir = Some(root.join(dir));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let done = runtime
        .expect("a runtime")
        .block_on(db.run("cargo db", None));
    done.expect("the line does what it is for");
}
