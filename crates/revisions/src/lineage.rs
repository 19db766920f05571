//! Who descends from whom: ancestors, descendants, branches and their labels. Nothing here reads names or databases.

use std::collections::{BTreeMap, BTreeSet};

use crate::revision::Revision;
use crate::revisions::Revisions;

impl Revisions {
    /// The revisions that revise nothing.
    pub fn bases(&self) -> impl Iterator<Item = &Revision> {
        self.iter().filter(|revision| revision.parents().is_empty())
    }

    /// The revisions that several others revise.
    pub fn branch_points(&self) -> impl Iterator<Item = &Revision> {
        self.iter()
            .filter(|revision| self.children(revision.id()).len() > 1)
    }

    /// The revision whose header gives this branch label.
    #[must_use]
    pub fn labelled(&self, label: &str) -> Option<&Revision> {
        self.iter()
            .find(|revision| revision.headers().branch.as_deref() == Some(label))
    }

    /// The labels of the branches that each revision is on. A label reaches from its revision up to all descendants,
    /// and down to where the branch begins: the child of a branch point or of a merge.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<i64, Vec<&str>> {
        let mut labels: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
        for revision in self.iter() {
            let Some(label) = revision.headers().branch.as_deref() else {
                continue;
            };
            let mut reached = self.descendants([revision.id()]);
            let mut lowest = revision;
            while let [parent] = lowest.parents()
                && let Some(parent) = self.get(*parent)
                && self.children(parent.id()).len() == 1
                && parent.parents().len() <= 1
            {
                reached.insert(parent.id());
                lowest = parent;
            }
            for id in reached {
                labels.entry(id).or_default().push(label);
            }
        }
        labels
    }

    /// These revisions and all that they revise, directly or not. What they depend on besides is not among them.
    pub(crate) fn ancestors(&self, ids: impl IntoIterator<Item = i64>) -> BTreeSet<i64> {
        reach(ids, |id| {
            self.get(id).map_or(&[][..], Revision::parents).to_vec()
        })
    }

    /// These revisions and all that revise them, directly or not.
    pub(crate) fn descendants(&self, ids: impl IntoIterator<Item = i64>) -> BTreeSet<i64> {
        reach(ids, |id| self.children(id).to_vec())
    }

    /// The revisions on a way through this one: its ancestors and its descendants, and itself.
    pub(crate) fn lineage(&self, id: i64) -> BTreeSet<i64> {
        let mut lineage = self.ancestors([id]);
        lineage.append(&mut self.descendants([id]));
        lineage
    }

    /// These revisions and all that has to be applied before them.
    pub(crate) fn all_with_needs(&self, ids: impl IntoIterator<Item = i64>) -> BTreeSet<i64> {
        reach(ids, |id| {
            self.get(id)
                .map(|revision| revision.needs().collect())
                .unwrap_or_default()
        })
    }

    /// These revisions and all that need one of them, directly or not.
    pub(crate) fn all_with_needing(&self, ids: impl IntoIterator<Item = i64>) -> BTreeSet<i64> {
        let mut found: BTreeSet<i64> = ids.into_iter().collect();
        // The order is one that can be applied, so whatever needs a revision comes after it.
        for revision in self.iter() {
            if revision.needs().any(|need| found.contains(&need)) {
                found.insert(revision.id());
            }
        }
        found
    }

    /// A revision that is applied, and one that it needs, and that should be as well. A file without a header revises the
    /// one before it in the order of the versions, whichever that is by now: one that was merged late is missing
    /// rightly, unless refinery would never apply it.
    #[cfg(feature = "cli")]
    pub(crate) fn gap(&self, is_applied: impl Fn(i64) -> bool) -> Option<(i64, i64)> {
        let applied = self.iter().filter(|revision| is_applied(revision.id()));
        let mut gaps = applied.filter_map(|revision| {
            let headers = revision.headers();
            let is_named = |need: &i64| {
                let mut named = headers.revises.iter().flatten().chain(&headers.depends_on);
                named.any(|named| named == need)
            };
            let is_versioned = |need: &i64| {
                let need = self.get(*need);
                need.is_some_and(|need| need.file_name().starts_with('V'))
            };
            let mut missing = revision.needs().filter(|&need| !is_applied(need));
            let missing = missing.find(|need| is_named(need) || is_versioned(need));
            missing.map(|missing| (revision.id(), missing))
        });
        gaps.next()
    }

    /// The ids of all revisions.
    pub(crate) fn all(&self) -> BTreeSet<i64> {
        self.iter().map(Revision::id).collect()
    }

    /// Those of `ids` that none of the others needs.
    pub(crate) fn tips(&self, ids: &BTreeSet<i64>) -> Vec<i64> {
        let needed: BTreeSet<i64> = ids
            .iter()
            .filter_map(|&id| self.get(id))
            .flat_map(Revision::needs)
            .collect();
        ids.difference(&needed).copied().collect()
    }

    /// Those of `ids` that none of the others revises. One that another only depends on is the end of its branch.
    pub(crate) fn branch_tips(&self, ids: &BTreeSet<i64>) -> Vec<i64> {
        let has_child = |id: i64| self.children(id).iter().any(|child| ids.contains(child));
        ids.iter().copied().filter(|&id| !has_child(id)).collect()
    }
}

/// All that can be reached from `ids`, themselves included.
fn reach(ids: impl IntoIterator<Item = i64>, next: impl Fn(i64) -> Vec<i64>) -> BTreeSet<i64> {
    let mut found = BTreeSet::new();
    let mut left: Vec<i64> = ids.into_iter().collect();
    while let Some(id) = left.pop() {
        if found.insert(id) {
            left.extend(next(id));
        }
    }
    found
}
