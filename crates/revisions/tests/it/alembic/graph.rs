//! Graphs of revisions as plain data, what can be reached in them, and the files that ours are read from. How things are
//! reached is written out here once more, so that a mistake in the crate is not a mistake in its tests.

use std::collections::BTreeSet;

use revisions::Revisions;

pub type Ids = BTreeSet<i64>;

/// A revision.
#[derive(Debug, Clone)]
pub struct Node {
    pub id: i64,
    pub parents: Ids,
    pub depends_on: Ids,
    pub label: Option<String>,
}

impl Node {
    fn needs(&self) -> Ids {
        &self.parents | &self.depends_on
    }
}

/// Revisions in the order of their ids, which is one that can be applied.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    pub nodes: Vec<Node>,
}

impl Graph {
    pub fn ids(&self) -> Ids {
        self.nodes.iter().map(|node| node.id).collect()
    }

    pub fn parents(&self, id: i64) -> Ids {
        let node = self.nodes.iter().find(|node| node.id == id).unwrap();
        node.parents.clone()
    }

    pub fn children(&self, id: i64) -> Ids {
        self.ids_where(|node| node.parents.contains(&id))
    }

    pub fn bases(&self) -> Ids {
        self.ids_where(|node| node.parents.is_empty())
    }

    /// Those that nobody revises.
    pub fn heads(&self) -> Ids {
        let parents = self.nodes.iter().flat_map(|node| &node.parents);
        &self.ids() - &parents.copied().collect()
    }

    pub fn ids_where(&self, condition: impl Fn(&Node) -> bool) -> Ids {
        let nodes = self.nodes.iter().filter(|node| condition(node));
        nodes.map(|node| node.id).collect()
    }

    /// These and all that they need.
    pub fn below(&self, ids: &Ids) -> Ids {
        self.down(ids, Node::needs)
    }

    /// These and all that need one of them.
    pub fn above(&self, ids: &Ids) -> Ids {
        self.up(ids, Node::needs)
    }

    /// These and all that they revise.
    pub fn ancestors(&self, ids: &Ids) -> Ids {
        self.down(ids, |node| node.parents.clone())
    }

    /// A revision, all that it revises, and all that revise it.
    pub fn family(&self, id: i64) -> Ids {
        let id = Ids::from([id]);
        &self.ancestors(&id) | &self.up(&id, |node| node.parents.clone())
    }

    /// Those of a set that none other of it needs. Of all that is applied it is what Alembic's version table says.
    pub fn tips(&self, ids: &Ids) -> Ids {
        let within = self.nodes.iter().filter(|node| ids.contains(&node.id));
        ids - &within.flat_map(Node::needs).collect()
    }

    fn down(&self, ids: &Ids, links: impl Fn(&Node) -> Ids) -> Ids {
        let mut found = ids.clone();
        for node in self.nodes.iter().rev() {
            if found.contains(&node.id) {
                found.append(&mut links(node));
            }
        }
        found
    }

    fn up(&self, ids: &Ids, links: impl Fn(&Node) -> Ids) -> Ids {
        let mut found = ids.clone();
        for node in &self.nodes {
            if !links(node).is_disjoint(&found) {
                found.insert(node.id);
            }
        }
        found
    }

    /// Ours, read from files.
    pub fn revisions(&self) -> Revisions {
        let dir = tempfile::tempdir().unwrap();
        for node in &self.nodes {
            let mut text = format!("-- revises: {}\n", list(&node.parents));
            if !node.depends_on.is_empty() {
                text += &format!("-- depends-on: {}\n", list(&node.depends_on));
            }
            if let Some(label) = &node.label {
                text += &format!("-- branch: {label}\n");
            }
            text += "select 1;\n";
            std::fs::write(dir.path().join(format!("U{}__r.sql", node.id)), text).unwrap();
        }
        Revisions::read_with_several_heads(dir.path()).unwrap()
    }
}

fn list(ids: &Ids) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    match ids.is_empty() {
        true => "none".to_owned(),
        false => ids.join(", "),
    }
}
