//! What `SCRATCH_POSTGRES` can say, and what is said when nothing is found.

use scratch_postgres::{Builder, Error, Search, Source};

use crate::common::{local_binaries, say_skipped};

fn refusal(value: &str) -> String {
    match value.parse::<Source>() {
        Err(error @ Error::InvalidSource { .. }) => error.to_string(),
        other => panic!("{value}: {other:?}"),
    }
}

#[test]
fn the_three_kinds_of_value_are_understood() {
    assert_eq!("embedded".parse::<Source>().unwrap(), Source::Embedded);
    let url = "postgresql://me@localhost/db";
    assert_eq!(url.parse::<Source>().unwrap(), Source::Url(url.into()));
    let Some(directory) = local_binaries() else {
        return;
    };
    let named = directory.to_str().unwrap().parse::<Source>().unwrap();
    assert_eq!(named, Source::Binaries(directory.clone()));
}

#[test]
fn the_directory_above_bin_will_do() {
    let prefix = tempfile::tempdir().unwrap();
    let bin = prefix.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for name in ["postgres", "initdb"] {
        std::fs::write(
            bin.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)),
            "",
        )
        .unwrap();
    }
    let named = prefix.path().to_str().unwrap().parse::<Source>().unwrap();
    assert_eq!(named, Source::Binaries(bin));
}

#[test]
fn a_wrong_value_is_refused_by_name_with_what_is_allowed() {
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().to_str().unwrap();
    for (value, reason) in [
        ("mysql://localhost/db", "must begin with postgres://"),
        ("postgres://localhost:notaport/db", "no valid URL"),
        (
            "/nowhere/at/all",
            "neither a URL nor a directory that exists",
        ),
        ("embeded", "neither a URL nor a directory that exists"),
        (empty, "has no `postgres` and `initdb`"),
    ] {
        let text = refusal(value);
        assert!(text.contains("SCRATCH_POSTGRES"), "{text}");
        assert!(text.contains(reason), "{text}");
        assert!(text.contains("allowed are a URL"), "{text}");
        assert!(text.contains("`embedded`"), "{text}");
    }
}

#[test]
fn a_password_is_never_shown() {
    for value in [
        "mysql://me:hush@localhost/db",
        "postgres://me:hush@localhost:notaport/db",
    ] {
        assert!(!refusal(value).contains("hush"));
    }
    let source: Source = "postgres://me:hush@localhost/db".parse().unwrap();
    assert!(!format!("{source:?}").contains("hush"));
    assert!(!format!("{:?}", Builder::new().source(source)).contains("hush"));
}

#[test]
fn binaries_that_are_too_old_or_broken_are_refused() {
    #[cfg(unix)]
    for (says, reason) in [
        ("echo 'postgres (PostgreSQL) 14.2'", "older than 15"),
        (
            "echo 'cannot load libpq' >&2; exit 127",
            "cannot load libpq",
        ),
    ] {
        use std::os::unix::fs::PermissionsExt;
        let bin = tempfile::tempdir().unwrap();
        for name in ["postgres", "initdb"] {
            let path = bin.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{says}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let source = Source::Binaries(bin.path().to_owned());
        let text = Builder::new()
            .source(source)
            .start()
            .unwrap_err()
            .to_string();
        assert!(text.contains(reason), "{text}");
    }
}

#[test]
fn the_newest_of_several_wins() {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        for version in ["14.9", "15.2", "17.1", "16.10"] {
            let bin = home.path().join(version);
            std::fs::create_dir(&bin).unwrap();
            for name in ["postgres", "initdb"] {
                let script = format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n");
                std::fs::write(bin.join(name), script).unwrap();
                let executable = std::fs::Permissions::from_mode(0o755);
                std::fs::set_permissions(bin.join(name), executable).unwrap();
            }
        }
        let search = Search::only([home.path().join("*")]);
        assert_eq!(search.newest(), Some(home.path().join("17.1")));
    }
}

#[test]
fn when_nothing_is_found_every_place_and_the_three_ways_out_are_named() {
    let error = Error::NotFound {
        looked_in: vec!["/one: nothing there".into(), "/two: too old".into()],
    };
    insta::assert_snapshot!(error, @"
    no PostgreSQL 15 or newer was found. Looked for it in:
      - /one: nothing there
      - /two: too old
    Three ways out: install PostgreSQL (the package is called postgresql nearly everywhere); build with the feature `embedded`; or set SCRATCH_POSTGRES to a URL or to a directory of PostgreSQL binaries
    ");
}

#[cfg(not(feature = "embedded"))]
#[test]
fn without_binaries_and_without_the_engine_nothing_is_found() {
    for preference in [
        scratch_postgres::Preference::Local,
        scratch_postgres::Preference::Embedded,
    ] {
        let builder = Builder::new().prefer(preference);
        let error = builder
            .search(Search::only(["/nowhere/bin".into()]))
            .start();
        match error.unwrap_err() {
            Error::NotFound { looked_in } => assert!(looked_in[0].contains("/nowhere/bin")),
            other => panic!("{other}"),
        }
    }
    let error = Builder::new().source(Source::Embedded).start().unwrap_err();
    assert!(
        error.to_string().contains("without the feature `embedded`"),
        "{error}"
    );
}

#[test]
fn the_usual_places_are_searched() {
    // Not by a `Search`: should one find nothing where there is something, the other tests would all be skipped.
    let packages = std::fs::read_dir("/usr/lib/postgresql");
    let has_server = packages.into_iter().flatten().flatten().any(|package| {
        let major = package.file_name().to_string_lossy().parse::<u32>();
        let bin = package.path().join("bin");
        major.is_ok_and(|major| major >= 15)
            && bin.join("postgres").is_file()
            && bin.join("initdb").is_file()
    });
    if !has_server {
        return say_skipped("where /usr/lib/postgresql has no PostgreSQL 15 or newer");
    }
    let search = Search::only(["/usr/lib/postgresql/*/bin".into()]);
    assert!(search.newest().is_some());
    assert!(Search::default().newest().is_some());
}
