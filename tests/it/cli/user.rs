//! `user create`

use serde_json::json;

use crate::needs_many_connections;
use crate::support::TestDatabase;
use crate::support::api::PASSWORD;
use crate::support::program::{Program, printed};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_admin_is_made_from_the_command_line_and_can_sign_in() {
    let database = TestDatabase::empty().await;
    needs_many_connections!(database);
    let program = Program::new().set("DATABASE_URL", &database.connection_url());
    let arguments = [
        "user",
        "create",
        "--email",
        "Admin@example.com",
        "--role",
        "admin",
    ];
    let created = program
        .run_with_input(&arguments, &format!("{PASSWORD}\n"))
        .await;
    assert!(created.status.success(), "{}", printed(&created));
    assert_eq!(
        String::from_utf8_lossy(&created.stdout),
        "created user 1: admin@example.com, role admin\n"
    );
    assert!(!printed(&created).contains(PASSWORD));

    let again = program.run_with_input(&arguments, PASSWORD).await;
    assert!(!again.status.success());
    assert!(
        printed(&again).contains("a user with this email address exists"),
        "{}",
        printed(&again)
    );

    let server = program.serve().await;
    let login = crate::support::client()
        .post(format!("{}/api/v1/auth/login", server.url))
        .json(&json!({"email": "admin@example.com", "password": PASSWORD}));
    let session: serde_json::Value = login.send().await.unwrap().json().await.unwrap();
    assert_eq!(session["user"]["role"], "admin");
    server.stop().await;
}

#[tokio::test]
async fn a_bad_address_role_or_password_is_refused_before_anything_is_started() {
    let program = Program::new();
    for (arguments, input, reason) in [
        (
            vec!["user", "create", "--email", "nobody"],
            PASSWORD,
            "must be an email address",
        ),
        (
            vec![
                "user",
                "create",
                "--email",
                "a@example.com",
                "--role",
                "king",
            ],
            PASSWORD,
            "invalid value 'king'",
        ),
        (
            vec!["user", "create", "--email", "a@example.com"],
            "short",
            "must have 12 to 128 characters",
        ),
        (
            vec!["user", "create", "--email", "a@example.com"],
            "",
            "must have 12 to 128 characters",
        ),
        (
            vec!["user", "create", "--email", "a@example.com"],
            "passwordpassword",
            "commonest",
        ),
    ] {
        let refused = program.run_with_input(&arguments, input).await;
        assert!(!refused.status.success());
        assert!(printed(&refused).contains(reason), "{}", printed(&refused));
    }
    assert!(!program.directory.path().join(".divine-whispers").exists());
}
