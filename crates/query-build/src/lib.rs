//! A build script that proves the migrations on a real PostgreSQL, checks every SQL query against the schema they
//! produce, and generates typed Rust for it.
//!
//! ```no_run
//! // In the main function of build.rs:
//! query_build::Build::new()
//!     .map_type("pg_catalog.timestamptz", "chrono::DateTime<chrono::Utc>")
//!     .run();
//! ```

mod annotation;
mod assemble;
mod build;
mod check;
mod colour;
mod declared;
mod embed;
mod error;
mod examine;
mod generate;
mod lints;
mod nullability;
mod output;
mod place;
mod plan;
mod plan_document;
mod prepare;
mod previous;
mod prove;
mod query_file;
mod read;
mod report;
mod run;
mod same_tree;
mod scratch;
mod shipped;
mod source;
mod steps;
mod support;
mod vet;
mod waiver;

pub use build::Build;
pub use error::{Error, Problem};
pub use report::{Module, Report};
pub use revisions::SourceError;
