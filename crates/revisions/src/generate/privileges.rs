//! Who owns what and who may do what with it, set when everything is there.
//!
//! What is made gets what the default privileges of the time say, so these are changed last of all. An object that is made
//! again is granted what it had. Nothing is written where privileges are not compared.

use std::collections::BTreeSet;

use super::Step;
use super::comment::address;
use super::plan::Plan;
use super::text::{fact, schema};
use crate::catalog::{Class, Grants, Key, OWNER};

/// Whoever runs the statements.
const SELF: &str = "current_user";

pub(super) fn steps(plan: &Plan<'_>) -> Vec<Step> {
    if !plan.wanted.scope.privileges {
        return Vec::new();
    }
    let mut steps = Vec::new();
    for key in plan.wanted.objects.keys() {
        steps.extend(of_object(plan, key));
    }
    let all = plan.found.objects.keys().chain(plan.wanted.objects.keys());
    let defaults: BTreeSet<&Key> = all
        .filter(|key| key.class == Class::DefaultPrivileges)
        .collect();
    for key in defaults {
        steps.extend(of_default(plan, key));
    }
    steps.into_iter().map(Step::new).collect()
}

/// The owner first: what was granted to the new one is then his own.
fn of_object(plan: &Plan<'_>, key: &Key) -> Vec<String> {
    let Some(kind) = kind(key.class) else {
        return owner(plan, key).into_iter().collect();
    };
    let mut granted = match plan.comes(key) {
        true => when_made(plan, key, kind),
        false => grants(was(plan, key, "privileges"), usual(kind)),
    };
    let new_owner = plan.wanted_fact(key, "owner");
    if new_owner != owner_before(plan, key) {
        granted
            .0
            .retain(|(who, _), _| Some(who.as_str()) != new_owner);
    }
    let is_gone = |what: &str| {
        let column = what
            .split_once('(')
            .map(|(_, column)| column.trim_end_matches(')'));
        let key_of = |column: &str| super::text::column(&format!("{}.{column}", key.name));
        column.is_some_and(|column| plan.goes(&key_of(column)))
    };
    granted.0.retain(|(_, what), _| !is_gone(what));
    let wanted = grants(plan.wanted_fact(key, "privileges"), usual(kind));
    let target = match key.class {
        Class::View | Class::MaterializedView | Class::Table => format!("table {}", key.name),
        Class::Aggregate => format!("function {}", key.name.replace(" ORDER BY ", ", ")),
        _ => address(plan.wanted, key),
    };
    let mut steps: Vec<String> = owner(plan, key).into_iter().collect();
    let owner = new_owner.unwrap_or(SELF);
    steps.extend(between(&granted, &wanted, &target, owner));
    steps
}

fn owner(plan: &Plan<'_>, key: &Key) -> Option<String> {
    let wanted = plan.wanted_fact(key, "owner");
    (wanted != owner_before(plan, key)).then(|| {
        let owner = wanted.unwrap_or(SELF);
        format!("alter {} owner to {owner}", address(plan.wanted, key))
    })
}

/// Who owns an object when all else is done.
fn owner_before<'a>(plan: &Plan<'a>, key: &Key) -> Option<&'a str> {
    match plan.comes(key) {
        true => None,
        false => was(plan, key, "owner"),
    }
}

/// A fact of an object that stays, perhaps under a new name.
fn was<'a>(plan: &Plan<'a>, key: &Key, name: &str) -> Option<&'a str> {
    plan.found_fact(plan.renamed.get(key).unwrap_or(key), name)
}

/// What an object is granted when it is made.
fn when_made(plan: &Plan<'_>, key: &Key, kind: &str) -> Grants {
    let found = |name: &str| {
        let facts = plan.found.get(Class::DefaultPrivileges, name)?;
        fact(facts, "privileges")
    };
    let mut granted = grants(found(kind), usual(kind));
    let schema = Key {
        class: Class::Schema,
        name: schema(&key.name).to_owned(),
    };
    if key.class != Class::Schema && !plan.goes(&schema) {
        let of_schema = found(&format!("{kind} in schema {}", schema.name));
        for (what, grantable) in of_schema.map(Grants::of_fact).unwrap_or_default().0 {
            *granted.0.entry(what).or_default() |= grantable;
        }
    }
    granted.0.retain(|(who, _), _| who != OWNER);
    granted
}

/// Changes what objects get that are made later. Those of a schema that goes are gone with it.
fn of_default(plan: &Plan<'_>, key: &Key) -> Vec<String> {
    let end = [" in schema ", " for role "]
        .iter()
        .filter_map(|word| key.name.find(word))
        .min();
    let (kind, options) = key.name.split_at(end.unwrap_or(key.name.len()));
    let schema = options.strip_prefix(" in schema ").map(|rest| Key {
        class: Class::Schema,
        name: rest.split(" for role ").next().unwrap_or(rest).to_owned(),
    });
    // Those of a schema only add.
    let usual = || match schema {
        Some(_) => Grants::default(),
        None => usual(kind),
    };
    let is_gone = schema.as_ref().is_some_and(|schema| plan.goes(schema));
    let found = match is_gone {
        true => usual(),
        false => grants(plan.found_fact(key, "privileges"), usual()),
    };
    let wanted = grants(plan.wanted_fact(key, "privileges"), usual());
    let owner = options.split_once(" for role ").map(|(_, role)| role);
    let steps = between(&found, &wanted, kind, owner.unwrap_or(SELF));
    let steps = steps
        .into_iter()
        .map(|step| format!("alter default privileges{options} {step}"));
    steps.collect()
}

fn grants(fact: Option<&str>, usual: Grants) -> Grants {
    fact.map_or(usual, Grants::of_fact)
}

/// What default privileges call objects of a class that can be granted on.
fn kind(class: Class) -> Option<&'static str> {
    match class {
        Class::Schema => Some("schemas"),
        Class::Table | Class::View | Class::MaterializedView => Some("tables"),
        Class::Sequence => Some("sequences"),
        Class::Function | Class::Procedure | Class::Aggregate => Some("functions"),
        Class::Enum | Class::Domain | Class::CompositeType | Class::RangeType => Some("types"),
        _ => None,
    }
}

/// What everybody may do if nothing is said.
fn usual(kind: &str) -> Grants {
    Grants::of_fact(match kind {
        "functions" => "public=EXECUTE",
        "types" => "public=USAGE",
        _ => "none",
    })
}

/// What leads from one list of grants to another: statements without their semicolons.
fn between(found: &Grants, wanted: &Grants, target: &str, owner: &str) -> Vec<String> {
    let all = found.0.keys().chain(wanted.0.keys());
    let everybody: BTreeSet<&str> = all.map(|(who, _)| who.as_str()).collect();
    let (mut revokes, mut grants) = (Vec::new(), Vec::new());
    for who in everybody {
        let mut has: Vec<(&str, bool)> = found.of(who).collect();
        let should: Vec<(&str, bool)> = wanted.of(who).collect();
        if has == should {
            continue;
        }
        let name = if who == OWNER { owner } else { who };
        if who == OWNER {
            // The owner has everything unless something else is said.
            match should.is_empty() {
                true => grants.push(format!("grant all on {target} to {name}")),
                false => revokes.push(format!("revoke all on {target} from {name}")),
            }
            has.clear();
        }
        let mut gone: Vec<&str> = has.iter().map(|(what, _)| *what).collect();
        gone.retain(|what| !should.iter().any(|(it, _)| it == what));
        // Whoever loses a privilege on a table loses it on its columns.
        let goes_along = |what: &str| {
            let privilege = what.split_once('(').map(|(privilege, _)| privilege);
            privilege.is_some_and(|privilege| gone.contains(&privilege))
        };
        has.retain(|(what, _)| !goes_along(what));
        let lost: Vec<&str> = gone.iter().copied().filter(|it| !goes_along(it)).collect();
        if !lost.is_empty() {
            revokes.push(format!("revoke {} on {target} from {name}", list(&lost)));
        }
        let before = |what: &str| {
            has.iter()
                .find(|(it, _)| *it == what)
                .map(|(_, option)| *option)
        };
        let that = |test: &dyn Fn(&str, bool) -> bool| -> Vec<&str> {
            let some = should.iter().filter(|(what, option)| test(what, *option));
            some.map(|(what, _)| *what)
                .filter(|what| !what.is_empty())
                .collect()
        };
        let no_option = that(&|what, option| !option && before(what) == Some(true));
        let plain = that(&|what, option| !option && before(what).is_none());
        let with_option = that(&|what, option| option && before(what) != Some(true));
        if !no_option.is_empty() {
            let list = list(&no_option);
            revokes.push(format!(
                "revoke grant option for {list} on {target} from {name}"
            ));
        }
        if !plain.is_empty() {
            grants.push(format!("grant {} on {target} to {name}", list(&plain)));
        }
        if !with_option.is_empty() {
            let list = list(&with_option);
            grants.push(format!(
                "grant {list} on {target} to {name} with grant option"
            ));
        }
    }
    revokes.extend(grants);
    revokes
}

/// `select, update (n)` of `SELECT` and `UPDATE(n)`.
fn list(privileges: &[&str]) -> String {
    let written = privileges.iter().map(|what| match what.split_once('(') {
        Some((privilege, column)) => format!("{} ({column}", privilege.to_lowercase()),
        None => what.to_lowercase(),
    });
    written.collect::<Vec<_>>().join(", ")
}
