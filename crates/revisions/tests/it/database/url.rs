//! URLs and variables.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use revisions::{DatabaseUrl, UrlError};
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

fn parse(text: &str) -> DatabaseUrl {
    DatabaseUrl::parse(text).unwrap()
}

fn from(variables: &[(&str, &str)]) -> Result<Option<DatabaseUrl>, UrlError> {
    let variables: HashMap<&str, &str> = variables.iter().copied().collect();
    DatabaseUrl::from_lookup(|name| variables.get(name).map(|&value| value.to_owned()))
}

#[test]
fn every_usual_scheme_is_understood() {
    for scheme in [
        "postgres",
        "postgresql",
        "postgresql+asyncpg",
        "postgresql+psycopg",
        "postgres+psycopg2",
    ] {
        let url = parse(&format!("{scheme}://user:secret@host:5433/db"));
        assert_eq!(url.config().get_user(), Some("user"), "{scheme}");
        assert_eq!(url.config().get_password(), Some(b"secret".as_slice()));
        assert_eq!(url.config().get_hosts(), [Host::Tcp("host".to_owned())]);
        assert_eq!(url.config().get_ports(), [5433]);
        assert_eq!(url.config().get_dbname(), Some("db"));
        assert_eq!(url.expose(), "postgresql://user:secret@host:5433/db");
    }
}

#[test]
fn several_hosts_and_the_session_that_is_wanted_are_understood() {
    let url = parse(
        "postgresql://u@one:1,two:2,[::1]:3/db?target_session_attrs=read-write&connect_timeout=3",
    );
    assert_eq!(url.config().get_hosts().len(), 3);
    assert_eq!(url.config().get_ports(), [1, 2, 3]);
    assert_eq!(
        url.config().get_target_session_attrs(),
        TargetSessionAttrs::ReadWrite
    );
    assert_eq!(
        url.config().get_connect_timeout(),
        Some(&Duration::from_secs(3))
    );
    assert_eq!(url.to_string(), "postgresql://u@one:1,two:2,[::1]:3/db");
}

#[test]
fn what_is_left_out_is_filled_in() {
    let url = parse("postgresql:///db");
    assert_eq!(
        url.config().get_hosts(),
        [Host::Tcp("localhost".to_owned())]
    );
    assert_eq!(
        url.config().get_connect_timeout(),
        Some(&Duration::from_secs(10))
    );
    assert_eq!(url.config().get_ssl_mode(), SslMode::Prefer);
}

#[test]
fn an_address_without_a_name_is_no_socket() {
    let url = parse("postgresql://u@/db?hostaddr=127.0.0.1&sslmode=require");
    assert_eq!(
        url.config().get_hosts(),
        [Host::Tcp("127.0.0.1".to_owned())]
    );
    assert_eq!(url.config().get_ssl_mode(), SslMode::Require);
}

#[cfg(unix)]
#[test]
fn what_is_shown_is_read_again_and_names_the_same_place() {
    for (text, shown) in [
        (
            "postgresql:///postgres?host=/tmp/a%20place/of%2520mine&user=postgres",
            "postgresql://postgres@%2Ftmp%2Fa%20place%2Fof%2520mine/postgres",
        ),
        (
            "postgresql://ada%40home:secret@%2Frun:5433/d%2Fb",
            "postgresql://ada%40home@%2Frun:5433/d%2Fb",
        ),
        (
            "postgres://u:secret@host/db?sslmode=disable",
            "postgresql://u@host:5432/db",
        ),
    ] {
        let url = parse(text);
        assert_eq!(url.to_string(), shown);
        let again = parse(shown);
        assert_eq!(again.config().get_hosts(), url.config().get_hosts());
        assert_eq!(again.config().get_user(), url.config().get_user());
        assert_eq!(again.config().get_dbname(), url.config().get_dbname());
        assert_eq!(again.to_string(), shown);
    }
}

#[cfg(unix)]
#[test]
fn through_a_socket_there_is_no_tls() {
    for text in [
        "postgresql://u@%2Frun%2Fpostgresql/db?sslmode=require",
        "postgresql://u@/db?host=/run/postgresql",
        "postgresql:///db?host=%2Frun%2Fpostgresql&user=u",
    ] {
        let url = parse(text);
        assert_eq!(
            url.config().get_hosts(),
            [Host::Unix("/run/postgresql".into())],
            "{text}"
        );
        assert_eq!(url.config().get_ssl_mode(), SslMode::Disable, "{text}");
        assert_eq!(url.config().get_user(), Some("u"));
    }
    let url = from(&[
        ("DB_HOST", "/run/postgresql"),
        ("DB_USER", "u"),
        ("DB_NAME", "d"),
    ]);
    let url = url.unwrap().unwrap();
    assert_eq!(
        url.config().get_hosts(),
        [Host::Unix("/run/postgresql".into())]
    );
}

#[test]
fn every_sslmode_of_libpq_is_understood() {
    let modes = [
        ("disable", SslMode::Disable),
        ("allow", SslMode::Prefer),
        ("prefer", SslMode::Prefer),
        ("require", SslMode::Require),
        ("verify-ca", SslMode::Require),
        ("verify-full", SslMode::Require),
    ];
    for (mode, expected) in modes {
        let url = parse(&format!(
            "postgresql://h/d?sslmode={mode}&application_name=x"
        ));
        assert_eq!(url.config().get_ssl_mode(), expected, "{mode}");
        assert_eq!(url.config().get_application_name(), Some("x"));
    }
    assert_eq!(
        parse("postgresql+asyncpg://h/d?ssl=require")
            .config()
            .get_ssl_mode(),
        SslMode::Require
    );
}

#[test]
fn the_certificates_of_the_system_are_used_to_verify() {
    for parameters in ["", "&sslmode=verify-full"] {
        let url = parse(&format!("postgresql://h/d?sslrootcert=system{parameters}"));
        assert_eq!(url.config().get_ssl_mode(), SslMode::Require);
    }
}

#[test]
fn what_cannot_be_understood_is_refused_without_the_password() {
    let texts = [
        "",
        "hunter2",
        "mysql://u:hunter2@h/d",
        "postgresql://u:hunter2@@h/d",
        "postgresql://u:hun@ter2@h/d",
        "postgresql://u:hun/ter2@h/d",
        "postgresql://u:hun?ter2@h/d",
        "postgresql://u:hun#ter2@h/d",
        "postgresql://u:12?hunter2@h/d",
        "postgresql://u:12?hun=ter2@h/d",
        "postgresql://u:12?port=hunter2@h/d",
        "postgresql://u:12/hun?ter2@h/d",
        "postgresql://u:hunter2@h/d?sslmode=require&sslrootcert=system",
        "postgresql://u:hunter2%@h/d",
        "postgresql://u:hunter2%zz@h/d",
        "postgresql://u:hun ter2@h/d",
        "postgresql://u:hunter2@h:port/d",
        "postgresql://u:hunter2@h:70000/d",
        "postgresql://u:hunter2@[::1/d",
        "postgresql://u:hunter2@h/d?sslmode=maybe",
        "postgresql://u:hunter2@h/d?ssl=require",
        "postgresql://u:hunter2@h/d?sslcert=x",
        "postgresql://u:hunter2@h/d?connect_timeout=soon",
        "postgresql://u:hunter2@h/d?flag",
    ];
    let refusals: Vec<String> = texts
        .iter()
        .map(|text| DatabaseUrl::parse(text).expect_err(text).to_string())
        .collect();
    let refusals = refusals.join("\n\n");
    for piece in ["hunter2", "hun", "ter2"] {
        assert!(!refusals.contains(piece), "{refusals}");
    }
    insta::assert_snapshot!(refusals);
}

#[test]
fn the_variables_are_put_together() {
    let parts = [
        ("DB_HOST", "db.example"),
        ("DB_USER", "me"),
        ("DB_NAME", "fortune"),
    ];
    let url = from(&parts).unwrap().unwrap();
    assert_eq!(url.to_string(), "postgresql://me@db.example:5432/fortune");
    assert_eq!(url.config().get_password(), None);
    let whole = [
        ("DATABASE_URL", "postgresql://whole/d"),
        ("DB_HOST", "part"),
        ("DB_USER", "u"),
    ];
    assert_eq!(
        from(&whole).unwrap().unwrap().to_string(),
        "postgresql://whole:5432/d"
    );
    let empty = [
        ("DATABASE_URL", ""),
        parts[0],
        parts[1],
        parts[2],
        ("DB_PORT", ""),
    ];
    assert_eq!(from(&empty).unwrap().unwrap().to_string(), url.to_string());
    assert!(from(&[]).unwrap().is_none());
    assert!(
        from(&[("DATABASE_URL", " "), ("DB_HOST", "")])
            .unwrap()
            .is_none()
    );
}

#[test]
fn wrong_variables_are_refused_by_name() {
    let refusals = [
        from(&[("DATABASE_URL", "postgresql://u:p%@h/d")]),
        from(&[("DB_HOST", "h"), ("DB_NAME", "d")]),
        from(&[("DB_HOST", "h"), ("DB_USER", "u")]),
        from(&[
            ("DB_HOST", "h"),
            ("DB_USER", "u"),
            ("DB_NAME", "d"),
            ("DB_PORT", "x"),
        ]),
    ]
    .map(|refused| refused.expect_err("it has to be refused").to_string());
    insta::assert_snapshot!(refusals.join("\n\n"));
}

#[test]
fn migrations_have_a_database_of_their_own_if_one_is_named() {
    let lookup = |name: &str| match name {
        "MIGRATION_DATABASE_URL" => Some("postgresql://owner@h/d".to_owned()),
        "DATABASE_URL" => Some("postgresql://writer@h/d".to_owned()),
        _ => None,
    };
    let url = DatabaseUrl::for_migrations_from_lookup(lookup)
        .unwrap()
        .unwrap();
    assert_eq!(url.config().get_user(), Some("owner"));
    assert_eq!(
        DatabaseUrl::from_lookup(lookup)
            .unwrap()
            .unwrap()
            .config()
            .get_user(),
        Some("writer")
    );
    let without = |name: &str| lookup(name).filter(|_| name == "DATABASE_URL");
    let url = DatabaseUrl::for_migrations_from_lookup(without)
        .unwrap()
        .unwrap();
    assert_eq!(url.config().get_user(), Some("writer"));
}

proptest! {
    #[test]
    fn any_password_survives(
        user in "\\PC{1,12}",
        password in "\\PC{1,30}|[@:/%? #&=+\\[\\]]{1,10}",
        name in "\\PC{1,12}",
    ) {
        let parts = [("DB_USER", &*user), ("DB_PASSWORD", &*password), ("DB_NAME", &*name)];
        let url = from(&parts).unwrap().unwrap();
        prop_assert_eq!(url.config().get_user(), Some(&*user));
        prop_assert_eq!(url.config().get_password(), Some(password.as_bytes()));
        prop_assert_eq!(url.config().get_dbname(), Some(&*name));
        let again = DatabaseUrl::parse(url.expose()).unwrap();
        prop_assert_eq!(again.config().get_password(), Some(password.as_bytes()));
    }

    #[test]
    fn a_password_is_never_shown(password in "[A-Za-z0-9]{8,20}", tail in "\\PC{0,20}") {
        let text = format!("postgresql://u:{password}@h{tail}");
        match DatabaseUrl::parse(&text) {
            Ok(url) => {
                let shown = format!("{url} {url:?}");
                prop_assert!(!shown.contains(&password));
            },
            Err(error) => {
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains(&password));
            },
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "(postgres(ql)?(\\+a)?://)?\\PC{0,40}") {
        let _ = DatabaseUrl::parse(&text);
    }
}
