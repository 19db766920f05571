//! The ledger checked, the schema, and the audit log.

use crate::http::document::about::{About, Link, Tag};
use crate::http::error::Code;

pub(in crate::http) const LEDGER: About = About {
    id: "verify_ledger",
    summary: "Check the ledger",
    description: "Every rule in every wallet, and the first thousand breaches, if there are any.",
    tag: Tag::Admin,
    answer: Some(
        r#"{"in_order": true, "wallets": 2, "breach_count": 0,
            "rules": [{"rule": "balance_is_sum", "sentence": "the balance is the sum of the successful amounts", "holds": true}],
            "breaches": []}"#,
    ),
    ..About::NOTHING
};

pub(in crate::http) const SCHEMA: About = About {
    id: "schema",
    summary: "The schema of the database",
    description: "Which revisions are applied and pending, and the tables that they make, as a diagram for Mermaid.",
    tag: Tag::Admin,
    answer: Some(
        r#"{"is_current": true,
            "applied": [{"id": "20251122090000", "message": "Initial schema", "applied_on": "2026-03-01T12:00:00Z", "is_unknown": false}],
            "pending": [], "diagram": "erDiagram"}"#,
    ),
    ..About::NOTHING
};

pub(in crate::http) const PICTURE: About = About {
    id: "schema_diagram",
    summary: "The tables as a picture",
    description: "SVG. There is none if the database is of a release that this program does not know.",
    tag: Tag::Admin,
    refuses: &[Code::NotFound],
    answer: Some("<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>"),
    ..About::NOTHING
};

pub(in crate::http) const AUDIT: About = About {
    id: "audit_logs",
    summary: "Search the audit log",
    description: "Newest first. A `resource_id` comes with its `resource_type`, and a `resource_type` with a `resource_id`, an `action` or \
                  a `user_id`.",
    tag: Tag::Admin,
    answer: Some(
        r#"{"entries": [{
            "id": 40, "actor_user_id": 2, "action": "wallet.spend", "resource_type": "wallet", "resource_id": "2",
            "outcome": "success", "ip_address": "192.0.2.1", "user_agent": "curl/8.0",
            "request_id": "01a208a0-2b69-7017-9fc4-d73d0be11826", "details": {"amount": -30},
            "created_at": "2026-03-01T12:00:00Z"}],
            "next_cursor": null}"#,
    ),
    links: &[Link {
        operation: "audit_logs",
        parameter: "cursor",
        pointer: "/next_cursor",
    }],
    ..About::NOTHING
};

pub(in crate::http) const EXPORT: About = About {
    id: "export_audit_logs",
    summary: "Export the audit log",
    description: "All entries of a search, one JSON object a line, newest first, as they are found. A body that ends without its last chunk \
                  is not the whole.",
    tag: Tag::Admin,
    answer: Some("{\"id\":40,\"action\":\"wallet.spend\",\"outcome\":\"success\"}\n"),
    ..About::NOTHING
};
