//! What the messages say is to be typed: it can be.

use std::path::Path;

use clap::Parser;
use revisions::cli::Db;
use walkdir::WalkDir;

#[derive(Parser)]
#[command(name = "cargo db")]
struct CargoDb {
    #[command(flatten)]
    _db: Db,
}

/// How a remedy begins: in a source file with a place for the name of the program, in a snapshot with the name.
const BEGINNINGS: [&str; 3] = ["`{program} ", "`{} ", "`cargo db "];

/// The commands between backquotes in a text, without the name of the program.
fn commands(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for beginning in BEGINNINGS {
        let pieces = text.split(beginning).skip(1);
        found.extend(pieces.filter_map(|piece| Some(piece.split_once('`')?.0)));
    }
    found
}

/// The words of a command: a place for a value has one, and so has what is quoted.
fn words(command: &str) -> Vec<String> {
    let command = command.replace("\\\"", "\"");
    let mut text = String::new();
    for (index, piece) in command.split('"').enumerate() {
        text.push_str(if index % 2 == 0 { piece } else { "quoted" });
    }
    let words = text
        .split_whitespace()
        // What comes then is the shell's.
        .take_while(|word| *word != ">")
        .map(|word| match word.contains('{') {
            true => "1".to_owned(),
            false => word.to_owned(),
        });
    words.collect()
}

#[test]
fn every_command_that_a_message_shows_is_one_that_there_is() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut count, mut wrong) = (0, Vec::new());
    for directory in [
        "revisions/src",
        "revisions/tests",
        "query-build/src",
        "query-build/tests",
    ] {
        for entry in WalkDir::new(crates.join(directory)) {
            let entry = entry.unwrap();
            let is_text = |ending| entry.path().extension().is_some_and(|it| it == ending);
            if !is_text("rs") && !is_text("snap") || entry.file_name() == "remedies.rs" {
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap();
            // In the documentation `cargo db …` stands for any command.
            for command in commands(&text)
                .into_iter()
                .filter(|it| !it.starts_with('…'))
            {
                let words = words(command);
                let typed = ["cargo db"]
                    .into_iter()
                    .chain(words.iter().map(String::as_str));
                if CargoDb::try_parse_from(typed).is_err() {
                    wrong.push(format!("{}: `{command}`", entry.path().display()));
                }
                count += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "no such command:\n{}", wrong.join("\n"));
    assert!(count > 20, "only {count} commands were found");
}
