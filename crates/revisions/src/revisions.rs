//! A validated set of revisions, in an order that can be applied.

use std::collections::HashMap;
use std::path::Path;

use crate::graph;
use crate::read::{self, ReadError};
use crate::revision::{Embedded, Revision};

/// All revisions of a project.
///
/// They come in an order that can be applied: parents before children, and else by version.
#[derive(Debug, Clone, Default)]
pub struct Revisions {
    ordered: Vec<Revision>,
    positions: HashMap<i64, usize>,
    children: HashMap<i64, Vec<i64>>,
}

impl Revisions {
    /// Reads a directory of migrations and those below it; an empty one is an empty set.
    ///
    /// # Errors
    ///
    /// Whatever would make refinery, or the next reader, do something else than was meant: see [`ReadError`].
    /// Several heads are refused, with the command that joins them.
    pub fn read(dir: &Path) -> Result<Self, ReadError> {
        let named = dir.strip_prefix(".").unwrap_or(dir);
        let named = (named != Path::new(read::DEFAULT_DIRECTORY)).then_some(dir);
        Self::new(read::directory(dir)?)?.with_one_head(named)
    }

    /// As [`Revisions::read`], but several heads are let through: for whoever shows or joins them.
    ///
    /// # Errors
    ///
    /// As [`Revisions::read`], but for [`ReadError::SeveralHeads`].
    pub fn read_with_several_heads(dir: &Path) -> Result<Self, ReadError> {
        Self::new(read::directory(dir)?)
    }

    /// The revisions that a build embedded.
    ///
    /// # Errors
    ///
    /// As [`Revisions::read`].
    pub fn embedded(files: &[Embedded]) -> Result<Self, ReadError> {
        Self::new(read::embedded(files)?)?.with_one_head(None)
    }

    fn new(revisions: Vec<Revision>) -> Result<Self, ReadError> {
        Ok(Self::in_order(graph::order(revisions)?))
    }

    /// Some of them by themselves: what the others are to them is forgotten.
    #[cfg(feature = "cli")]
    pub(crate) fn only(&self, is_kept: impl Fn(i64) -> bool) -> Self {
        let kept = self.iter().filter(|revision| is_kept(revision.id()));
        let mut kept: Vec<Revision> = kept.cloned().collect();
        for revision in &mut kept {
            revision.parents.retain(|&id| is_kept(id));
            revision.headers.depends_on.retain(|&id| is_kept(id));
        }
        Self::in_order(kept)
    }

    fn in_order(ordered: Vec<Revision>) -> Self {
        let positions = ordered
            .iter()
            .enumerate()
            .map(|(index, revision)| (revision.id(), index))
            .collect();
        let mut children: HashMap<i64, Vec<i64>> = HashMap::new();
        for revision in &ordered {
            for parent in revision.parents() {
                children.entry(*parent).or_default().push(revision.id());
            }
        }
        Self {
            ordered,
            positions,
            children,
        }
    }

    /// `dir` is what the command that joins several has to name.
    fn with_one_head(self, dir: Option<&Path>) -> Result<Self, ReadError> {
        let heads: Vec<&Revision> = self.heads().collect();
        if heads.len() <= 1 {
            return Ok(self);
        }
        Err(ReadError::SeveralHeads {
            heads: heads.iter().map(|head| head.id()).collect(),
            files: heads.iter().map(|head| head.path().to_owned()).collect(),
            dir: dir.map(Path::to_owned),
        })
    }

    /// The revisions, parents first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Revision> + ExactSizeIterator {
        self.ordered.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ordered.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ordered.is_empty()
    }

    /// The revision with this id.
    #[must_use]
    pub fn get(&self, id: i64) -> Option<&Revision> {
        self.positions
            .get(&id)
            .and_then(|&index| self.ordered.get(index))
    }

    /// The one head; `None` if there is no revision at all, or several heads.
    #[must_use]
    pub fn head(&self) -> Option<&Revision> {
        let mut heads = self.heads();
        heads.next().filter(|_| heads.next().is_none())
    }

    /// The revisions that no other revises.
    pub fn heads(&self) -> impl Iterator<Item = &Revision> {
        self.ordered
            .iter()
            .filter(|revision| !self.children.contains_key(&revision.id()))
    }

    /// The ids of the revisions that revise this one.
    #[must_use]
    pub fn children(&self, id: i64) -> &[i64] {
        self.children.get(&id).map_or(&[], Vec::as_slice)
    }
}
