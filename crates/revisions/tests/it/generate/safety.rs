//! What is marked for people.
