//! How schemas are put together from pieces, and pairs from schemas.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;

use super::{pieces, tables};

/// A part of a schema, in one of its forms, and the pieces that it relies on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub name: String,
    pub needs: Vec<String>,
    pub sql: String,
}

/// Pieces in an order in which they can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema(pub Vec<Piece>);

/// A schema, and another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub before: Schema,
    pub after: Schema,
}

/// The places of a schema, some of them without a piece. A place has the same pieces in all schemas, in other forms.
pub type Places = Vec<Option<Piece>>;

impl Schema {
    /// What of the pieces can be made: those that rely on one that is missing are left out.
    pub fn of(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut there: BTreeSet<String> = BTreeSet::new();
        let mut kept = Vec::new();
        for piece in pieces {
            if piece.needs.iter().all(|need| there.contains(need)) {
                there.insert(piece.name.clone());
                kept.push(piece);
            }
        }
        Self(kept)
    }

    pub fn without(&self, names: &[&str]) -> Self {
        let rest = self
            .0
            .iter()
            .filter(|piece| !names.contains(&piece.name.as_str()));
        Self::of(rest.cloned())
    }

    pub fn sql(&self) -> String {
        let lines = self.0.iter().map(|piece| format!("{}\n", piece.sql));
        lines.collect()
    }
}

/// Pairs of schemas, of which the second keeps nothing, half, or most of the first. Some have few pieces and some have
/// many: the small ones are fast, and the large ones have what depends on much.
pub fn pairs(extensions: &[String]) -> impl Strategy<Value = Pair> {
    let one = places(extensions).boxed();
    let kept = prop::sample::select(vec![0_u8, 50, 85]);
    let filled = prop::sample::select(vec![30_u8, 60, 100]);
    let chances = prop::collection::vec((0..100_u8, 0..100_u8), 1_000);
    let parts = (one.clone(), one, kept, filled, chances);
    parts.prop_map(|(before, other, kept, filled, chances)| {
        let all = before.iter().zip(other).zip(chances);
        let all = all.filter(|(_, (_, is_there))| *is_there < filled);
        let (before, after): (Vec<_>, Vec<_>) = all
            .map(|((before, other), (is_kept, _))| match is_kept < kept {
                true => (before.clone(), before.clone()),
                false => (before.clone(), other),
            })
            .unzip();
        Pair {
            before: Schema::of(before.into_iter().flatten()),
            after: Schema::of(after.into_iter().flatten()),
        }
    })
}

fn places(extensions: &[String]) -> impl Strategy<Value = Places> + use<> {
    let fixed: Vec<_> = pieces::all()
        .filter(|(.., forms)| forms.iter().all(|form| is_possible(form, extensions)))
        .collect();
    let choices = prop::collection::vec(any::<Index>(), fixed.len());
    let chosen = choices.prop_map(move |choices| {
        let all = fixed.iter().zip(choices);
        let piece = |((name, needs, forms), choice): (&pieces::Forms, Index)| {
            // One of them is nothing.
            let at = choice.index(forms.len() + 1).checked_sub(1)?;
            Some(Piece {
                name: (*name).to_owned(),
                needs: needs.iter().map(|need| (*need).to_owned()).collect(),
                sql: forms[at].to_owned(),
            })
        };
        all.map(piece).collect::<Places>()
    });
    let all = (chosen, tables::tables());
    all.prop_map(|(mut places, tables)| {
        // What relies on the tables that are made up comes after both.
        places.extend(tables);
        places
    })
}

/// Whether the extensions that a form makes are installed.
fn is_possible(form: &str, extensions: &[String]) -> bool {
    let mut made = form.split("create extension ").skip(1);
    made.all(|rest| {
        let name = rest.split([' ', ';']).next().unwrap_or_default();
        extensions.iter().any(|known| known == name)
    })
}
