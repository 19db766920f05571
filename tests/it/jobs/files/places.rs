//! Which storage the files of a database are in: the first one that is opened, and no other while there are files.

use std::path::Path;
use std::time::Duration;

use divine_whispers::config::StorageLocation;
use divine_whispers::db::DbError;
use divine_whispers::domain::jobs::files::{
    FileRules, Files, PlaceError, Removal, SILENCE, adopt, remove_due, settle,
};
use divine_whispers::domain::jobs::lease::{ClaimedJob, Output};
use divine_whispers::domain::jobs::rescue;
use divine_whispers::domain::text::JobType;
use divine_whispers::storage::{Storage, StorageError};
use divine_whispers::worker::{Failure, Kind, WalletStatement, Work};
use futures_util::future::BoxFuture;
use futures_util::poll;
use serde_json::json;
use tempfile::TempDir;

use super::super::workers::crew;
use super::super::{claim_one, order};
use super::{deliver, download, rows, stored, upload, with_files};
use crate::audit::entries;
use crate::needs_many_connections;
use crate::support::{Api, eventually};

/// As a program on another host sees it, whose directory is its own.
fn at(api: &Api, directory: &Path) -> Files {
    let location = StorageLocation::Directory(directory.to_owned());
    let rules = FileRules::clone(&api.app.files.rules);
    Files::new(api.app.db.clone(), Storage::open(&location).unwrap(), rules)
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_storage_says_which_one_it_is_to_all_who_come_at_once() {
    let home = TempDir::new().unwrap();
    let location = StorageLocation::Directory(home.path().to_owned());
    let open = || Storage::open(&location).unwrap();
    let asked = (0..8).map(|_| open()).collect::<Vec<_>>();
    let ids = futures_util::future::join_all(asked.iter().map(Storage::id)).await;
    let first = *ids[0].as_ref().unwrap();
    assert!(ids.into_iter().all(|id| id.unwrap() == first));
    assert_eq!(open().id().await.unwrap(), first);
    std::fs::write(home.path().join("storage-id"), "nonsense").unwrap();
    let broken = open().id().await;
    assert!(matches!(broken, Err(StorageError::Failed(_))), "{broken:?}");
}

/// Two programs that both find the table as it is before either changes it.
async fn settle_at_once(api: &Api, first: &Files, second: &Files) -> [Result<(), PlaceError>; 2] {
    let other = api.database.connect().await;
    let lock = "begin; lock table result_storage in exclusive mode";
    other.batch_execute(lock).await.unwrap();
    let waiting = "select count(*) from pg_locks
                    where relation = 'result_storage'::regclass and not granted";
    let let_go = async {
        eventually("both are about to change it", async || {
            api.database.number(waiting).await == 2
        })
        .await;
        other.batch_execute("commit").await.unwrap();
    };
    let (first, second, ()) =
        tokio::join!(settle_in_the_end(first), settle_in_the_end(second), let_go);
    [first, second]
}

/// A lock is waited for no longer than a few seconds, and the other one may be late.
async fn settle_in_the_end(files: &Files) -> Result<(), PlaceError> {
    loop {
        match settle(files).await {
            Err(PlaceError::Database(DbError::Timeout { .. })) => {}
            settled => return settled,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_storages_that_come_at_once_one_counts_and_the_other_program_is_told() {
    let api = Api::start().await;
    needs_many_connections!(api.database);
    let homes = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let [first, second] = homes.each_ref().map(|home| at(&api, home.path()));
    // The first time none counted, the second time one that has no files.
    for former in [None, Some(&api.app.files)] {
        api.database.execute("delete from result_storage").await;
        if let Some(former) = former {
            settle(former).await.unwrap();
        }
        let settled = settle_at_once(&api, &first, &second).await;
        let counts = api.app.db.registered_storage().await.unwrap().unwrap();
        for (files, settled) in [&first, &second].into_iter().zip(settled) {
            let here = files.storage.id().await.unwrap();
            match settled {
                Ok(()) => assert_eq!(here, counts),
                Err(PlaceError::Another { registered, .. }) => {
                    assert_eq!(registered, counts);
                    assert_ne!(here, counts);
                }
                Err(error) => panic!("{error}"),
            }
            assert_eq!(files.accepts_uploads().await, here == counts);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_programs_that_come_at_once_with_one_storage_both_may() {
    let api = Api::start().await;
    needs_many_connections!(api.database);
    settle(&api.app.files).await.unwrap();
    let home = TempDir::new().unwrap();
    let (first, second) = (at(&api, home.path()), at(&api, home.path()));
    for settled in settle_at_once(&api, &first, &second).await {
        settled.unwrap();
    }
    let counts = api.app.db.registered_storage().await.unwrap();
    assert_eq!(counts, Some(first.storage.id().await.unwrap()));
}

#[tokio::test]
async fn a_storage_that_was_away_at_the_start_is_looked_at_later() {
    let (mut api, user, service) = with_files(|_| {}).await;
    settle(&api.app.files).await.unwrap();
    let home = TempDir::new().unwrap();
    let marker = home.path().join("storage-id");
    std::fs::write(&marker, "out of order").unwrap();
    let mut app = api.app.clone();
    app.files = at(&api, home.path());
    let away = settle(&app.files).await.unwrap_err();
    assert!(matches!(away, PlaceError::Storage(_)), "{away}");
    assert!(!away.is_final());
    assert!(!app.files.accepts_uploads().await);
    api.serve_also(app.clone()).await;
    order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let refused = upload(&api, &service, &job, "too early").await;
    assert_eq!(refused.status.as_u16(), 503);
    // As at a start: the former one has no files.
    std::fs::remove_file(marker).unwrap();
    upload(&api, &service, &job, "in time").await.success();
    assert!(app.files.accepts_uploads().await);
    let counts = api.app.db.registered_storage().await.unwrap();
    assert_eq!(counts, Some(app.files.storage.id().await.unwrap()));
}

#[tokio::test]
async fn jobs_whose_results_are_files_are_not_claimed_where_none_are_taken() {
    let (api, user, service) = with_files(|_| {}).await;
    deliver(&api, &user, &service, "here").await;
    let home = TempDir::new().unwrap();
    let elsewhere = at(&api, home.path());
    let crew_of = |files: &Files, kinds| {
        let (mut crew, shutdown) = crew(&api, kinds, Duration::ZERO);
        crew.work.files = files.clone();
        (crew, shutdown)
    };
    let names = |job_types: Vec<JobType>| -> Vec<String> {
        let names = job_types.iter().map(|name| name.as_str().to_owned());
        names.collect()
    };
    let both = || -> Vec<Box<dyn Kind>> { vec![Box::new(WalletStatement), Box::new(Plain)] };
    let (here, _) = crew_of(&api.app.files, both());
    assert_eq!(
        names(here.claimable().await),
        ["wallet_statement", "daily_horoscope"]
    );
    let (there, _) = crew_of(&elsewhere, both());
    assert_eq!(names(there.claimable().await), ["daily_horoscope"]);

    // Who could do nothing else waits until it may, or is told to stop.
    let alone = || crew_of(&elsewhere, vec![Box::new(WalletStatement)]);
    let ((waiting, _), (told, shutdown)) = (alone(), alone());
    let (mut waits, mut stops) = (Box::pin(waiting.claimable()), Box::pin(told.claimable()));
    assert!(poll!(&mut waits).is_pending() && poll!(&mut stops).is_pending());
    shutdown.cancel();
    assert!(stops.await.is_empty());
    adopt(&elsewhere).await.unwrap();
    settle(&elsewhere).await.unwrap();
    assert_eq!(names(waits.await), ["wallet_statement"]);
}

/// Its results have no files.
struct Plain;

impl Kind for Plain {
    fn job_type(&self) -> &'static str {
        "daily_horoscope"
    }

    fn run<'a>(&'a self, _: &'a Work, _: &'a ClaimedJob) -> BoxFuture<'a, Result<Output, Failure>> {
        Box::pin(async { Ok(Output::new(Some(json!(1)), None).unwrap()) })
    }
}

#[tokio::test]
async fn a_host_with_other_files_is_refused_and_forgets_none() {
    let (api, user, service) = with_files(|_| {}).await;
    let id = deliver(&api, &user, &service, "here").await;
    let home = TempDir::new().unwrap();
    let elsewhere = at(&api, home.path());
    let refused = settle(&elsewhere).await.unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, PlaceError::Another { .. }), "{text}");
    for part in [
        api.app.files.storage.id().await.unwrap().to_string(),
        elsewhere.storage.id().await.unwrap().to_string(),
        home.path().display().to_string(),
        "RESULT_STORAGE_URL".to_owned(),
        "storage adopt".to_owned(),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }

    // Its housekeeping leaves alone what it does not have.
    let sql = "update job_results set expires_at = now()";
    api.database.execute(sql).await;
    rescue::round(&api.app.db, &api.app.jobs.policy)
        .await
        .unwrap();
    let idle = remove_due(&elsewhere, SILENCE).await.unwrap();
    assert_eq!((idle, rows(&api).await), (Removal::default(), 1));
    assert_eq!(download(&api, &user, id, &[]).await.status().as_u16(), 410);
    let removal = remove_due(&api.app.files, SILENCE).await.unwrap();
    assert_eq!((removal.removed, rows(&api).await), (1, 0));
    assert!(stored(&api).is_empty());
}

#[tokio::test]
async fn a_storage_that_was_copied_is_the_same() {
    let (mut api, user, service) = with_files(|_| {}).await;
    let id = deliver(&api, &user, &service, "moved").await;
    let home = TempDir::new().unwrap();
    copy(api.storage.path(), home.path());
    let files = at(&api, home.path());
    settle(&files).await.unwrap();
    let mut app = api.app.clone();
    app.files = files;
    api.serve_also(app).await;
    let bytes = download(&api, &user, id, &[]).await.bytes().await.unwrap();
    assert_eq!(&bytes[..], b"moved");
}

#[tokio::test]
async fn while_there_are_no_files_another_storage_may_count_and_the_former_one_takes_none() {
    let (api, user, service) = with_files(|_| {}).await;
    settle(&api.app.files).await.unwrap();
    let home = TempDir::new().unwrap();
    let elsewhere = at(&api, home.path());
    settle(&elsewhere).await.unwrap();
    order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let refused = upload(&api, &service, &job, "too late").await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (503, "SERVICE_UNAVAILABLE")
    );
    assert_eq!((rows(&api).await, stored(&api).len()), (0, 0));
    // Who starts there again has it count again.
    settle(&api.app.files).await.unwrap();
    upload(&api, &service, &job, "in time").await.success();
    let refused = settle(&elsewhere).await.unwrap_err();
    assert!(matches!(refused, PlaceError::Another { .. }), "{refused}");
}

#[tokio::test]
async fn files_of_an_older_release_are_looked_for_before_a_storage_counts() {
    let (api, user, service) = with_files(|_| {}).await;
    deliver(&api, &user, &service, "old").await;
    api.database.execute("delete from result_storage").await;
    let home = TempDir::new().unwrap();
    let refused = settle(&at(&api, home.path())).await.unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, PlaceError::WithoutFiles { .. }), "{text}");
    settle(&at(&api, api.storage.path())).await.unwrap();
    let refused = settle(&at(&api, home.path())).await.unwrap_err();
    assert!(matches!(refused, PlaceError::Another { .. }), "{refused}");
}

#[tokio::test]
async fn an_operator_has_another_storage_count_and_the_audit_log_has_it() {
    let (api, user, service) = with_files(|_| {}).await;
    let lost = deliver(&api, &user, &service, "lost").await;
    let former = api.app.files.storage.id().await.unwrap();
    let home = TempDir::new().unwrap();
    let mut app = api.app.clone();
    app.files = at(&api, home.path());
    let id = app.files.storage.id().await.unwrap();
    for before in [former, id] {
        let adopted = adopt(&app.files).await.unwrap();
        assert_eq!((adopted.id, adopted.former), (id, Some(before)));
        assert_eq!(adopted.kept_files, 1);
    }
    settle(&app.files).await.unwrap();
    let entries = entries(&api.database, "storage.adopt").await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0]["details"], json!({"former_storage_id": former}));
    assert_eq!(entries[0]["resource_id"], id.to_string());

    // What is lost is the server's doing, until the time of the result is over.
    let mut api = api;
    api.serve_also(app.clone()).await;
    assert_eq!(
        download(&api, &user, lost, &[]).await.status().as_u16(),
        500
    );
    api.database
        .execute("update job_results set expires_at = now()")
        .await;
    rescue::round(&app.db, &app.jobs.policy).await.unwrap();
    assert_eq!(remove_due(&app.files, SILENCE).await.unwrap().removed, 1);
    assert_eq!(rows(&api).await, 0);
}
