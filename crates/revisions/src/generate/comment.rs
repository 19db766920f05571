//! How an object is called in a statement, and its comment.

use super::Step;
use super::plan::Plan;
use super::text::{fact, last, literal};
use crate::catalog::{Catalog, Class, Facts, Key, without_last};

/// What follows `drop` or `comment on`.
pub(super) fn address(catalog: &Catalog, key: &Key) -> String {
    let name = key.name.as_str();
    let on_owner = |class: &str| format!("{class} {} on {}", last(name), without_last(name));
    match key.class {
        Class::CompositeType | Class::RangeType | Class::Enum => format!("type {name}"),
        Class::Table => match catalog
            .get(Class::Table, name)
            .and_then(|facts| fact(facts, "kind"))
        {
            Some("foreign") => format!("foreign table {name}"),
            _ => format!("table {name}"),
        },
        Class::Constraint => {
            let owner = without_last(name);
            let domain = match catalog.get(Class::Domain, owner) {
                Some(_) => "domain ",
                None => "",
            };
            format!("constraint {} on {domain}{owner}", last(name))
        }
        Class::Trigger => on_owner("trigger"),
        Class::Rule => on_owner("rule"),
        Class::Policy => on_owner("policy"),
        Class::Aggregate => format!("aggregate {}", name.replace("()", "(*)")),
        class => format!("{} {name}", class.words()),
    }
}

/// The comment of an object that is made.
pub(super) fn of_new(plan: &Plan<'_>, key: &Key) -> Option<Step> {
    let comment = plan.wanted_fact(key, "comment")?;
    Some(on(plan.wanted, key, Some(comment)))
}

/// The comment of an object that stays.
pub(super) fn change(plan: &Plan<'_>, key: &Key, found: &Facts, wanted: &Facts) -> Option<Step> {
    let (found, wanted) = (fact(found, "comment"), fact(wanted, "comment"));
    (found != wanted).then(|| on(plan.wanted, key, wanted))
}

fn on(catalog: &Catalog, key: &Key, comment: Option<&str>) -> Step {
    let comment = comment.map_or("null".to_owned(), literal);
    Step::new(format!("comment on {} is {comment}", address(catalog, key)))
}
