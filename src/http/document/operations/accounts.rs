//! Registering, signing in and out, and the own account.

use crate::http::document::about::{About, Tag};
use crate::http::error::Code;

const SESSION: &str = r#"{
  "user": {
    "id": 2, "email": "ada@example.com", "role": "user", "status": "active", "full_name": "Ada", "birth_date": "1990-12-10",
    "location": "London", "preferred_language": "en", "created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z",
    "last_login_at": "2026-03-01T12:00:00Z"
  },
  "tokens": {
    "access_token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIyIn0.c2lnbmF0dXJl",
    "refresh_token": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "token_type": "Bearer", "expires_in": 1800, "refresh_expires_in": 2592000
  }
}"#;

const USER: &str = r#"{
  "id": 2, "email": "ada@example.com", "role": "user", "status": "active", "full_name": "Ada", "birth_date": "1990-12-10",
  "location": "London", "preferred_language": "en", "created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-02T08:30:00Z",
  "last_login_at": "2026-03-01T12:00:00Z"
}"#;

pub(in crate::http) const REGISTER: About = About {
    id: "register",
    summary: "Register",
    description: "Makes a user with a wallet, which starts with some points, and signs in. The password has 12 to 128 characters, is \
                  not one of the commonest, and neither the email address nor its part before the @.",
    tag: Tag::Account,
    refuses: &[Code::EmailTaken],
    request: Some(
        r#"{"email": "ada@example.com", "password": "correct horse battery staple", "full_name": "Ada", "birth_date": "1990-12-10",
            "location": "London", "preferred_language": "en"}"#,
    ),
    answer: Some(SESSION),
    ..About::NOTHING
};

pub(in crate::http) const LOG_IN: About = About {
    id: "log_in",
    summary: "Sign in",
    description: "Begins a session. Attempts are limited for each account and for each address, whether somebody has such an account \
                  or not.",
    tag: Tag::Account,
    refuses: &[
        Code::InvalidCredentials,
        Code::AccountNotActive,
        Code::TooManyAttempts,
    ],
    request: Some(r#"{"email": "ada@example.com", "password": "correct horse battery staple"}"#),
    answer: Some(SESSION),
    ..About::NOTHING
};

pub(in crate::http) const REFRESH: About = About {
    id: "refresh",
    summary: "Go on with a session",
    description: "Exchanges a refresh token for new tokens. It is taken once: who sends it again ends the session, and so does a client \
                  that lost the answer.",
    tag: Tag::Account,
    refuses: &[
        Code::InvalidRefreshToken,
        Code::RefreshTokenReused,
        Code::AccountNotActive,
    ],
    request: Some(r#"{"refresh_token": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#),
    answer: Some(
        r#"{"tokens": {
            "access_token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIyIn0.c2lnbmF0dXJl",
            "refresh_token": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE", "token_type": "Bearer", "expires_in": 1800,
            "refresh_expires_in": 2592000}}"#,
    ),
    ..About::NOTHING
};

pub(in crate::http) const LOG_OUT: About = About {
    id: "log_out",
    summary: "Sign out",
    description: "Ends the session of the refresh token, or of the access token without one; with `all`, every session of the user. \
                  No body is the same as `{}`.",
    tag: Tag::Account,
    refuses: &[
        Code::InvalidRefreshToken,
        Code::RefreshTokenReused,
        Code::AccountNotActive,
    ],
    request: Some(r#"{"all": false}"#),
    ..About::NOTHING
};

pub(in crate::http) const ME: About = About {
    id: "me",
    summary: "Who the access token speaks for",
    description: "The account of who is signed in.",
    tag: Tag::Account,
    refuses: &[],
    answer: Some(USER),
    ..About::NOTHING
};

pub(in crate::http) const CHANGE_PROFILE: About = About {
    id: "change_profile",
    summary: "Change the profile",
    description: "What is left out stays, null clears it.",
    tag: Tag::Account,
    refuses: &[Code::AccountNotActive],
    request: Some(r#"{"full_name": "Ada", "location": null}"#),
    answer: Some(USER),
    ..About::NOTHING
};

pub(in crate::http) const CHANGE_PASSWORD: About = About {
    id: "change_password",
    summary: "Change the password",
    description: "Ends the other sessions. Attempts at the current password are limited as those at signing in.",
    tag: Tag::Account,
    refuses: &[Code::AccountNotActive, Code::TooManyAttempts],
    request: Some(
        r#"{"current_password": "correct horse battery staple", "new_password": "quite another password"}"#,
    ),
    ..About::NOTHING
};
