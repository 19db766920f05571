//! What the build script made.

include!(concat!(env!("OUT_DIR"), "/revisions.rs"));

pub mod queries {
    //! The queries of `queries/`.
    include!(concat!(env!("OUT_DIR"), "/queries.rs"));
}
