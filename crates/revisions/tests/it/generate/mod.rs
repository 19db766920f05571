//! What leads from one schema to another: that it does, both ways, on a real PostgreSQL.

mod everything;
mod hazards;
mod inheritance;
mod operators;
mod pairs;
mod privileges;
mod relations;
mod renaming;
mod routines;
mod safety;
mod tables;
mod text_search;
mod types;

use revisions::catalog::Catalog;
use revisions::generate::{Step, steps};
use tokio_postgres::Client;

use super::catalog::catalog_of;

/// The steps from `before` to `after` as a person reads them. They are run, and those of the way back, and both have to
/// lead where they should.
async fn there_and_back(before: &str, after: &str) -> String {
    let (client, found) = catalog_of(before).await;
    let (_, wanted) = catalog_of(after).await;
    let up = steps(&found, &wanted);
    let told = shown(&up);
    let reached = run(&client, &up).await;
    let rest = reached.difference(&wanted);
    assert!(
        rest.is_empty(),
        "there, left over:\n{rest}\n\nafter:\n{told}"
    );
    let again = steps(&reached, &wanted);
    assert!(again.is_empty(), "generated again:\n{}", shown(&again));
    let down = steps(&reached, &found);
    let back = run(&client, &down).await;
    let rest = back.difference(&found);
    let down = shown(&down);
    assert!(
        rest.is_empty(),
        "back, left over:\n{rest}\n\nafter:\n{down}\n\nhaving been there by:\n{told}"
    );
    told
}

/// Runs steps, each by itself, and reads what there is then.
async fn run(client: &Client, steps: &[Step]) -> Catalog {
    let in_use = hazards::in_use(client).await;
    for step in steps {
        // Outside of a transaction, what is set for it would be forgotten at once.
        let sql = step.sql.replacen("set local ", "set ", 1);
        let alone = Step {
            sql,
            ..step.clone()
        };
        if let Err(error) = hazards::run_and_compare(client, &alone, &in_use).await {
            let problem = error
                .as_db_error()
                .map(|error| format!("{} {:?}", error.message(), error.detail()));
            panic!("{problem:?}: {}\n\nin:\n{}", step.sql, shown(steps));
        }
    }
    Catalog::read(client).await.unwrap()
}

fn shown(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        if let Some(what) = &step.loses_data {
            text.push_str(&format!("-- loses: {what}\n"));
        }
        if let Some(warning) = &step.warning {
            text.push_str(&format!("-- warning: {warning}\n"));
        }
        if step.outside_transaction {
            text.push_str("-- outside\n");
        }
        text.push_str(&format!("{}\n", step.sql));
    }
    text
}
