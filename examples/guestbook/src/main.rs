//! The guestbook's program: its `db` commands, on the revisions that its build has proved and embedded.

include!(concat!(env!("OUT_DIR"), "/revisions.rs"));

/// A book that visitors write in.
#[derive(clap::Parser)]
enum Guestbook {
    /// Look at and change the schema of the database
    Db(revisions::cli::Db),
}

fn main() -> std::process::ExitCode {
    let Guestbook::Db(db) = clap::Parser::parse();
    db.main("guestbook db", Some(REVISIONS))
}
