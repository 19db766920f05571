//! Values of the domain: what is accepted and what is not.

use divine_whispers::domain::idempotency::{Idempotency, IdempotencyKey};
use divine_whispers::domain::ids::JobId;
use divine_whispers::domain::jobs::files::name_of;
use divine_whispers::domain::mime_type::MimeType;
use divine_whispers::domain::passwords::Password;
use divine_whispers::domain::permissions::Permission;
use divine_whispers::domain::points::{Adjustment, Amount, SPEND_LIMITS};
use divine_whispers::domain::refresh_tokens::RefreshToken;
use divine_whispers::domain::text::{Description, JobType, Text};
use divine_whispers::domain::users::{Email, Role};
use proptest::prelude::*;
use serde_json::json;

proptest! {
    #[test]
    fn an_amount_is_positive_and_within_its_limits(points in any::<i64>()) {
        let accepted = Amount::within(points, SPEND_LIMITS).map(|amount| amount.get());
        prop_assert_eq!(accepted.ok(), (1..=10_000).contains(&points).then_some(points));
    }

    #[test]
    fn an_adjustment_is_anything_within_its_limits_but_zero(points in -60_000..60_000_i64) {
        let accepted = Adjustment::new(points).map(|adjustment| adjustment.get());
        prop_assert_eq!(accepted.ok(), (points != 0 && points.abs() <= 50_000).then_some(points));
    }

    #[test]
    fn a_text_is_trimmed_and_can_be_stored(text in any::<String>()) {
        if let Ok(accepted) = Text::<20>::parse(&text) {
            prop_assert_eq!(accepted.as_str(), text.trim());
            prop_assert!((1..=20).contains(&accepted.as_str().chars().count()));
            prop_assert!(!accepted.as_str().contains('\0'));
        }
    }

    #[test]
    fn an_email_address_is_folded_to_lower_case(name in "[a-zA-Z][a-zA-Z0-9.+-]{0,20}[a-z]", domain in "[a-zA-Z]{1,20}") {
        prop_assume!(!name.contains(".."));
        let text = format!("{name}@{domain}.com");
        let email = Email::parse(&text).unwrap();
        prop_assert_eq!(email.as_str(), text.to_lowercase());
    }

    #[test]
    fn nothing_crashes_an_email_address(text in any::<String>()) {
        drop(Email::parse(&text));
    }
}

#[test]
fn what_is_no_email_address_is_refused() {
    let long = format!("{}@example.com", "x".repeat(250));
    for text in [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@example",
        "a b@example.com",
        "ada@exämple.com",
        "Ada <ada@example.com>",
        "ada@[127.0.0.1]",
        &long,
    ] {
        assert!(Email::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_password_is_long_and_neither_the_address_nor_common() {
    let email = Email::parse("ada.lovelace@example.com").unwrap();
    let parse = |text: &str| {
        Password::parse(text.into(), &email)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    assert_eq!(parse("twelve chars"), Ok(()));
    assert_eq!(parse(&"ü".repeat(128)), Ok(()));
    assert_eq!(
        parse("eleven char"),
        Err("must have 12 to 128 characters".to_owned())
    );
    assert_eq!(
        parse(&"x".repeat(129)),
        Err("must have 12 to 128 characters".to_owned())
    );
    for text in ["Ada.Lovelace@Example.com", "ADA.lovelace"] {
        assert_eq!(
            parse(text),
            Err("must be neither the email address nor a part of it".to_owned())
        );
    }
    assert_eq!(parse("ada.lovelace!"), Ok(()));
    assert_eq!(
        parse("Password1234"),
        Err("is one of the commonest passwords".to_owned())
    );
}

#[test]
fn a_password_never_shows_itself() {
    let email = Email::parse("ada@example.com").unwrap();
    let password = Password::parse("an unmistakable password".into(), &email).unwrap();
    assert!(!format!("{password:?}").contains("unmistakable"));
}

#[test]
fn a_refresh_token_is_read_as_it_was_written_and_never_shows_itself() {
    let token = RefreshToken::random();
    let again = RefreshToken::parse(&token.expose().into()).unwrap();
    assert_eq!(again.hash(), token.hash());
    assert_ne!(RefreshToken::random().hash(), token.hash());
    assert!(!format!("{token:?}").contains(token.expose()));
    let (cut, longer) = (&token.expose()[1..], format!("{}A", token.expose()));
    for text in ["", cut, &longer, &"+".repeat(43), &"A".repeat(42)] {
        assert!(RefreshToken::parse(&text.into()).is_err(), "{text}");
    }
}

#[test]
fn a_job_type_is_a_plain_name() {
    assert_eq!(
        JobType::parse("fortune_draw_2").unwrap().as_str(),
        "fortune_draw_2"
    );
    for text in [
        "",
        "Fortune",
        "fortune draw",
        "fortune-draw",
        "\u{fc}",
        &"x".repeat(101),
    ] {
        assert!(JobType::parse(text).is_err(), "{text}");
    }
}

#[test]
fn the_fingerprint_of_a_request_ignores_the_order_of_fields_and_nothing_else() {
    let key = || IdempotencyKey::parse(b"key").unwrap();
    let of = |operation: &str, request| {
        Idempotency::new(key(), operation, &request)
            .unwrap()
            .fingerprint
    };
    assert_eq!(
        of("spend", json!({"a": 1, "b": 2})),
        of("spend", json!({"b": 2, "a": 1}))
    );
    // A later release knows one more field.
    assert_eq!(
        of("spend", json!({"a": 1})),
        of("spend", json!({"a": 1, "b": null}))
    );
    assert_ne!(of("spend", json!({"a": 1})), of("spend", json!({"a": 2})));
    assert_ne!(
        of("spend", json!({"a": 1})),
        of("transfer", json!({"a": 1}))
    );
}

#[test]
fn descriptions_refuse_control_characters_but_not_line_breaks() {
    assert!(Description::parse("two\nlines").is_ok());
    assert!(Description::parse("a \u{1b}[31m colour").is_err());
}

#[test]
fn roles_have_names_and_unknown_names_have_no_role() {
    for (name, role) in Role::NAMES {
        assert_eq!((role.name(), Role::from_name(name)), (name, Some(role)));
    }
    assert_eq!(Role::from_name("king"), None);
    assert!(!Permission::AdjustBalances.is_granted_to(Role::Service));
}

#[test]
fn a_media_type_is_lower_case_and_has_no_parameter_but_utf_8() {
    for (text, accepted) in [
        ("text/csv", "text/csv"),
        ("Text/CSV", "text/csv"),
        (" text/csv ; charset=\"UTF-8\"", "text/csv"),
        ("image/svg+xml", "image/svg+xml"),
    ] {
        let mime_type = MimeType::parse(text);
        assert_eq!(mime_type.as_ref().map(MimeType::as_str), Ok(accepted));
    }
    let long = format!("text/{}", "x".repeat(100));
    for text in [
        "",
        "text",
        "text/",
        "/csv",
        "text/csv/x",
        "text/c sv",
        "text/csv; charset=latin1",
        "text/csv;",
        "text/../x",
        "t\u{e9}xt/csv",
        "text/csv\r\nX: y",
        &long,
    ] {
        assert!(MimeType::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn the_name_of_a_file_has_nothing_that_could_leave_its_header_or_directory() {
    assert_eq!(
        name_of("wallet_statement", JobId(7), "text/csv"),
        "wallet_statement-7.csv"
    );
    assert_eq!(
        name_of("../a\"\r\nb", JobId(7), "application/x-new"),
        "ab-7.bin"
    );
}
