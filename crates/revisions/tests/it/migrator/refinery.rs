//! refinery continues what was begun here, and the other way round.

use refinery_core::{Migration, Runner};
use revisions::{Migrator, Revisions};

use crate::support::{Database, applied, needs_many_connections, three};

fn migrations(revisions: &Revisions) -> Vec<Migration> {
    revisions
        .iter()
        .map(|revision| revision.migration().clone())
        .collect()
}

#[tokio::test]
async fn refinery_continues_after_an_upgrade() {
    needs_many_connections!();
    let (mut client, revisions) = (Database::new().await.connect("test").await, three());
    Migrator::new(&mut client, &revisions)
        .upgrade("+2")
        .await
        .unwrap();
    let runner = Runner::new(&migrations(&revisions));
    let before = runner
        .get_applied_migrations_async(&mut client)
        .await
        .unwrap();
    assert_eq!(before.len(), 2);
    let report = runner.run_async(&mut client).await.unwrap();
    assert_eq!(report.applied_migrations().len(), 1);
    assert_eq!(applied(&client).await.len(), 3);
}

#[tokio::test]
async fn an_upgrade_continues_after_refinery() {
    needs_many_connections!();
    let (mut client, revisions) = (Database::new().await.connect("test").await, three());
    Runner::new(&migrations(&revisions)[..2])
        .run_async(&mut client)
        .await
        .unwrap();
    let mut migrator = Migrator::new(&mut client, &revisions);
    let now = migrator.upgrade("head").await.unwrap();
    assert_eq!(
        now.iter().map(|applied| applied.id).collect::<Vec<_>>(),
        [20250303000000]
    );
    migrator.downgrade("base").await.unwrap();
    let report = Runner::new(&migrations(&revisions))
        .run_async(&mut client)
        .await
        .unwrap();
    assert_eq!(report.applied_migrations().len(), 3);
}
