//! What has been tried: that every class of objects was added, removed and altered.

use std::collections::BTreeSet;

use revisions::catalog::{Change, Class, Difference};

/// All classes that are made and altered.
const CLASSES: [Class; 22] = [
    Class::Schema,
    Class::Extension,
    Class::Enum,
    Class::Domain,
    Class::CompositeType,
    Class::RangeType,
    Class::Sequence,
    Class::Table,
    Class::Column,
    Class::Constraint,
    Class::Index,
    Class::Statistics,
    Class::View,
    Class::MaterializedView,
    Class::Function,
    Class::Procedure,
    Class::Aggregate,
    Class::Trigger,
    Class::Rule,
    Class::Policy,
    Class::EventTrigger,
    Class::Publication,
];

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
        for class in CLASSES {
            if class == Class::Extension && !has_extensions {
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
