//! Two operators who ask for the same at once: a name that counts from where the database is means another revision for
//! the one who had to wait.

use revisions::{Error, Event, Migrator, Revisions};

use crate::support::{Database, applied, column, needs_many_connections, three};

const LOCK_KEY: i64 = i64::from_be_bytes(*b"revision");
const FIRST: &str = "20250101000000";
const SECOND: &str = "20250202000000";
const THIRD: &str = "20250303000000";

/// What one operator asks for while another one holds the lock, who moves the database then.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Upgrade(&'static str),
    DryRun(&'static str),
    Downgrade(&'static str),
    Redo(Option<&'static str>),
}

async fn ask(migrator: &mut Migrator<'_>, asked: Asked) -> Result<usize, Error> {
    match asked {
        Asked::Upgrade(name) => migrator.upgrade(name).await.map(|it| it.len()),
        Asked::DryRun(name) => migrator.dry_run(name).await.map(|it| it.len()),
        Asked::Downgrade(name) => migrator.downgrade(name).await.map(|it| it.len()),
        Asked::Redo(name) => migrator.redo(name).await.map(|it| it.len()),
    }
}

/// On a database at `start`, which is moved to `moved` while `asked` waits: what becomes of it, and what is applied then.
async fn raced(
    revisions: &Revisions,
    start: &str,
    moved: &str,
    asked: Asked,
) -> (Result<usize, Error>, Vec<String>) {
    let database = Database::new().await;
    let mut first = database.connect("first").await;
    let mut migrator = Migrator::new(&mut first, revisions);
    migrator.upgrade(start).await.unwrap();
    // A lock is counted: the session that has it can take it again, and go on having it.
    column(&first, &format!("select pg_advisory_lock({LOCK_KEY})")).await;
    let mut second = database.connect("second").await;
    let (waiting, mut waits) = tokio::sync::mpsc::unbounded_channel();
    let mut listener = move |event: Event<'_>| {
        if matches!(event, Event::Waiting(_)) {
            waiting.send(()).unwrap();
        }
    };
    let mut waiter = Migrator::new(&mut second, revisions).on_event(&mut listener);
    let other = async {
        waits.recv().await.unwrap();
        let mut migrator = Migrator::new(&mut first, revisions);
        match moved != "base" && start < moved {
            true => migrator.upgrade(moved).await.map(drop).unwrap(),
            false => migrator.downgrade(moved).await.map(drop).unwrap(),
        }
        column(&first, &format!("select pg_advisory_unlock({LOCK_KEY})")).await;
    };
    let (outcome, ()) = tokio::join!(ask(&mut waiter, asked), other);
    (outcome, applied(&first).await)
}

#[tokio::test]
async fn a_relative_name_is_refused_when_somebody_else_has_moved_the_database() {
    needs_many_connections!();
    let revisions = three();
    for (start, moved, asked) in [
        (THIRD, SECOND, Asked::Downgrade("-1")),
        (SECOND, FIRST, Asked::Redo(None)),
        (FIRST, SECOND, Asked::Upgrade("+1")),
        (FIRST, SECOND, Asked::DryRun("+1")),
        // There is no such revision any more.
        (SECOND, THIRD, Asked::Upgrade("+1")),
        (FIRST, "base", Asked::Downgrade("-1")),
    ] {
        let (outcome, applied) = raced(&revisions, start, moved, asked).await;
        let Err(Error::Moved { heads }) = &outcome else {
            panic!("{asked:?}: {outcome:?}");
        };
        let heads: Vec<String> = heads.iter().map(i64::to_string).collect();
        let known = [FIRST, SECOND, THIRD];
        let left = known
            .iter()
            .position(|id| *id == moved)
            .map_or(0, |at| at + 1);
        assert_eq!(
            heads,
            known[..left]
                .last()
                .map(|id| vec![(*id).to_owned()])
                .unwrap_or_default()
        );
        assert_eq!(applied, known[..left], "{asked:?}");
    }
}

#[tokio::test]
async fn the_refusal_says_where_the_database_is_and_what_to_do() {
    needs_many_connections!();
    let (outcome, _) = raced(&three(), THIRD, SECOND, Asked::Downgrade("-1")).await;
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "somebody else has moved the database to 20250202000000, so the name means something else than when it was \
         given; nothing was done\n  = help: look where it is, and run the command again"
    );
}

#[tokio::test]
async fn a_name_that_says_where_to_go_means_the_same_wherever_the_database_is() {
    needs_many_connections!();
    let revisions = three();
    for (start, moved, asked, done, left) in [
        (THIRD, SECOND, Asked::Downgrade(FIRST), 1, 1),
        (THIRD, SECOND, Asked::Downgrade("20250303000000-2"), 1, 1),
        (FIRST, SECOND, Asked::Upgrade("head"), 1, 3),
        (FIRST, SECOND, Asked::Upgrade(SECOND), 0, 2),
        (THIRD, SECOND, Asked::Redo(Some(SECOND)), 1, 2),
    ] {
        let (outcome, applied) = raced(&revisions, start, moved, asked).await;
        assert_eq!(outcome.unwrap(), done, "{asked:?}");
        assert_eq!(applied.len(), left, "{asked:?}");
    }
}
