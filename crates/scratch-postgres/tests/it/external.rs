//! A server behind a URL: a database of our own there, dropped at the end; leftovers of others are swept.

use scratch_postgres::{Builder, Engine, Error, Server, Source};

use crate::common::{ask, block_on, connect, local};

/// A server of ours plays the external one.
fn host() -> Option<Server> {
    Some(local()?.start().unwrap())
}

fn guest_of(host: &Server) -> Server {
    let source = Source::Url(host.url());
    Builder::new().source(source).start().unwrap()
}

fn databases(host: &Server) -> String {
    let list = "select string_agg(datname, ' ' order by datname) from pg_database \
                where datname like 'scratch%'";
    block_on(async { ask(&connect(&host.url()).await, list).await })
}

#[test]
fn each_server_has_a_database_of_its_own_and_drops_it() {
    let Some(host) = host() else { return };
    let (one, two) = (guest_of(&host), guest_of(&host));
    assert_eq!(one.engine(), &Engine::External);
    assert_ne!(one.url(), two.url());
    assert!(one.max_connections() > 1);
    block_on(async {
        let client = connect(&one.url()).await;
        client
            .batch_execute("create table only_here ()")
            .await
            .unwrap();
        let client = connect(&two.url()).await;
        let found = ask(&client, "select to_regclass('only_here') is null").await;
        assert_eq!(found, "t");
    });
    assert_eq!(databases(&host).split(' ').count(), 2);
    // Although a client is connected.
    block_on(async {
        let _client = connect(&one.url()).await;
        tokio::task::spawn_blocking(|| one.stop())
            .await
            .unwrap()
            .unwrap();
    });
    drop(two);
    assert_eq!(databases(&host), "");
}

#[test]
fn leftovers_are_dropped_but_never_one_that_is_in_use_or_new_or_not_ours() {
    let Some(host) = host() else { return };
    let left = "scratch_postgres_1000000000_00000000000000aa";
    let used = "scratch_postgres_1000000000_00000000000000bb";
    let new = "scratch_postgres_99999999999_00000000000000cc";
    let other = "scratch_postgres_of_somebody_else";
    block_on(async {
        let client = connect(&host.url()).await;
        for name in [left, used, new, other] {
            let create = format!("create database {name}");
            client.batch_execute(&create).await.unwrap();
        }
        let _in_use = connect(&host.database_url(used)).await;
        tokio::task::block_in_place(|| drop(guest_of(&host)));
    });
    assert_eq!(databases(&host), format!("{used} {new} {other}"));
}

#[test]
fn a_server_that_does_not_answer_is_named_without_its_password() {
    let source = Source::Url("postgres://me:hush@127.0.0.1:1/db".to_owned());
    let error = Builder::new().source(source).start().unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::External { .. }), "{text}");
    assert!(text.contains("127.0.0.1:1/db"), "{text}");
    assert!(!text.contains("hush"), "{text}");
}

#[test]
fn a_user_who_may_not_make_databases_is_told_so() {
    let Some(host) = host() else { return };
    block_on(async {
        let client = connect(&host.url()).await;
        client
            .batch_execute("create role weak login")
            .await
            .unwrap();
    });
    let url = host.url().replace("//postgres@", "//weak@");
    let error = Builder::new().source(Source::Url(url)).start().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("createdb"), "{text}");
    assert!(text.contains("permission denied"), "{text}");
}

#[test]
fn a_data_directory_on_somebody_elses_server_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let source = Source::Url("postgres://localhost/db".to_owned());
    let builder = Builder::new().source(source).data_dir(place.path());
    let error = builder.start().unwrap_err();
    assert!(
        matches!(error, Error::ExternalWithDataDir { .. }),
        "{error}"
    );
}

#[test]
fn roles_are_gone_with_the_last_database_that_needs_them_and_those_of_others_stay() {
    let Some(host) = host() else { return };
    let roles = ["scratch_made".to_owned(), "scratch \"There\"".to_owned()];
    let there = |host: &Server| {
        let list = "select string_agg(rolname, ', ' order by rolname) from pg_roles where rolname like 'scratch%'";
        let url = host.url();
        block_on(async { ask(&connect(&url).await, list).await })
    };
    let make = |server: &Server| {
        let url = server.url();
        block_on(async {
            let client = connect(&url).await;
            scratch_postgres::make_roles(&client, &roles).await.unwrap();
            let grant = "create table if not exists t (); grant select on t to scratch_made; \
                         alter table t owner to \"scratch \"\"There\"\"\"";
            client.batch_execute(grant).await.unwrap();
        });
    };
    block_on(async {
        let client = connect(&host.url()).await;
        let role = "create role \"scratch \"\"There\"\"\"";
        client.batch_execute(role).await.unwrap();
    });
    let (one, two) = (guest_of(&host), guest_of(&host));
    make(&one);
    make(&one);
    make(&two);
    one.stop().unwrap();
    assert_eq!(there(&host), "scratch \"There\", scratch_made");
    two.stop().unwrap();
    assert_eq!(there(&host), "scratch \"There\"");
}
