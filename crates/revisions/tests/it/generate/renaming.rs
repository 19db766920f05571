//! New names.
