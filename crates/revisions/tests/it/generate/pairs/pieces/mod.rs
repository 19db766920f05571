//! The pieces that schemas are put together from, each with the ones that it relies on, in several forms. A piece relies
//! on earlier ones in any of their forms. In every schema any of them may be missing, and what relies on it with it.
//!
//! Where it hurts is between the pieces: a view over a function over a domain over a composite type.

mod operators;
mod partitions;
mod relations;
mod routines;
mod rules;
mod tables;
mod types;

/// Its name, the pieces that it relies on, and its forms.
pub type Forms = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// All pieces, in an order in which they can be made.
pub fn all() -> impl Iterator<Item = Forms> {
    let all = [
        types::PIECES,
        routines::PIECES,
        tables::PIECES,
        partitions::PIECES,
        relations::PIECES,
        rules::PIECES,
        operators::PIECES,
        operators::GRANTS,
    ];
    all.into_iter().flatten().copied()
}
