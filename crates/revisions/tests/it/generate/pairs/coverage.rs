//! What has been tried: that every class of objects was added, removed and altered.

use std::collections::BTreeSet;

use revisions::catalog::{Change, Class, Difference};

/// The classes of which something was changed, and how.
#[derive(Debug, Default)]
pub struct Coverage {
    seen: BTreeSet<(Class, &'static str)>,
}

impl Coverage {
    pub fn add(&mut self, differences: &[Difference]) {
        for (key, change) in differences.iter().flat_map(|one| &one.changes) {
            self.seen.insert((key.class, word(change)));
        }
    }

    /// Fails if a class was left out.
    pub fn assert_complete(&self, has_extensions: bool) {
        let seen = |class: Class, word| self.seen.contains(&(class, word));
        let mut missing = Vec::new();
        for class in Class::ALL {
            // What is refused is not made, and where the machine has no extension, none is.
            let is_left_out = class == Class::Other || class == Class::Extension && !has_extensions;
            if is_left_out {
                continue;
            }
            let words = ["added", "removed", "altered"].into_iter();
            let not_seen = words.filter(|word| !seen(class, word));
            missing.extend(not_seen.map(|word| format!("no {} was {word}", class.words())));
        }
        assert!(missing.is_empty(), "{}", missing.join(", "));
    }
}

fn word(change: &Change) -> &'static str {
    match change {
        Change::Add(_) => "added",
        Change::Remove(_) => "removed",
        Change::Alter(_) => "altered",
    }
}
