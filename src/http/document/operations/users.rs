//! Accounts, as those who administer them see them.

use crate::http::document::about::{About, Link, Tag};
use crate::http::error::Code;

const USER: &str = r#"{
  "id": 2, "email": "ada@example.com", "role": "moderator", "status": "active", "full_name": null, "birth_date": null,
  "location": null, "preferred_language": "en", "created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-02T08:30:00Z",
  "last_login_at": null
}"#;

pub(in crate::http) const LIST: About = About {
    id: "users",
    summary: "Search accounts",
    description: "By the beginning of the address, in the order of addresses; else newest first.",
    tag: Tag::Admin,
    answer: Some(
        r#"{"users": [{
            "id": 2, "email": "ada@example.com", "role": "user", "status": "active", "full_name": null, "birth_date": null,
            "location": null, "preferred_language": "en", "created_at": "2026-03-01T12:00:00Z",
            "updated_at": "2026-03-02T08:30:00Z", "last_login_at": null}],
            "next_cursor": "Mg"}"#,
    ),
    links: &[
        Link {
            operation: "user",
            parameter: "user_id",
            pointer: "/users/0/id",
        },
        Link {
            operation: "users",
            parameter: "cursor",
            pointer: "/next_cursor",
        },
    ],
    ..About::NOTHING
};

pub(in crate::http) const SHOW: About = About {
    id: "user",
    summary: "An account",
    description: "The account of any user.",
    tag: Tag::Admin,
    answer: Some(USER),
    ..About::NOTHING
};

pub(in crate::http) const CHANGE_ROLE: About = About {
    id: "change_role",
    summary: "Give and take roles",
    description: "Works at once. One active admin stays.",
    tag: Tag::Admin,
    refuses: &[Code::LastAdmin],
    request: Some(r#"{"role": "moderator", "reason": "looks after the forum"}"#),
    answer: Some(USER),
    ..About::NOTHING
};

pub(in crate::http) const CHANGE_STATUS: About = About {
    id: "change_status",
    summary: "Suspend, ban and let back",
    description: "Works at once. One active admin stays.",
    tag: Tag::Admin,
    refuses: &[Code::LastAdmin],
    request: Some(r#"{"status": "suspended", "reason": "a chargeback"}"#),
    answer: Some(USER),
    ..About::NOTHING
};
