//! `openapi`: the document without a server, settings or a database.

use crate::support::program::{Program, printed};

#[tokio::test]
async fn it_prints_the_document_and_needs_nothing_for_it() {
    let program = Program::new().set("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
    let output = program.run(&["openapi"]).await;
    assert!(output.status.success(), "{}", printed(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, divine_whispers::http::document());
    // The same each time, and nothing of a private database is left behind.
    let again = Program::new();
    let output = again.run(&["openapi"]).await;
    assert_eq!(text.as_bytes(), output.stdout);
    assert_eq!(
        std::fs::read_dir(again.directory.path()).unwrap().count(),
        0
    );
}
