//! The service itself.

use crate::http::document::about::{About, Tag};
use crate::http::error::Code;

pub(in crate::http) const HEALTH: About = About {
    id: "health",
    summary: "Whether the process lives",
    description: "Asks nobody else.",
    tag: Tag::Service,
    answer: Some(r#"{"status": "ok", "version": "0.1.0"}"#),
    ..About::NOTHING
};

pub(in crate::http) const READY: About = About {
    id: "ready",
    summary: "Whether it can serve",
    description: "The database answers, the schema has every revision of this program, and the end has not begun.",
    tag: Tag::Service,
    answer: Some(r#"{"status": "ready"}"#),
    ..About::NOTHING
};

pub(in crate::http) const METRICS: About = About {
    id: "metrics",
    summary: "Counts for Prometheus",
    description: "In its text format. When the database is away, it says so and has the rest.",
    tag: Tag::Service,
    answer: Some("# TYPE divine_whispers_db_up gauge\ndivine_whispers_db_up 1\n"),
    ..About::NOTHING
};

pub(in crate::http) const OPENAPI: About = About {
    id: "openapi",
    summary: "This document",
    description: "OpenAPI 3.1. `divine-whispers openapi` prints the same.",
    tag: Tag::Service,
    ..About::NOTHING
};

pub(in crate::http) const DOCS: About = About {
    id: "docs",
    summary: "This document, to be browsed",
    description: "A page that needs nothing from elsewhere.",
    tag: Tag::Service,
    ..About::NOTHING
};

pub(in crate::http) const DOCS_ASSET: About = About {
    id: "docs_asset",
    summary: "A file of the page",
    description: "Scripts and styles of `/docs`.",
    tag: Tag::Service,
    refuses: &[Code::NotFound],
    ..About::NOTHING
};
