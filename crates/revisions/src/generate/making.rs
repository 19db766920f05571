//! Objects that are made.

use super::plan::{Plan, owner};
use super::text::{fact, last, literal, lower, options, schema};
use super::{Step, column, comment, index, sequence, table, text_search, types};
use crate::catalog::{Class, Facts, Key, without_last};

/// The steps that make an object, and those that have to wait for others.
pub(super) type Steps = (Vec<Step>, Vec<Step>);

/// Makes an object of the wanted schema; nothing for one that another statement makes.
pub(super) fn make(plan: &Plan<'_>, key: &Key) -> Steps {
    let Some(facts) = plan.wanted.objects.get(key) else {
        return Steps::default();
    };
    let name = key.name.as_str();
    let definition = || lower(fact(facts, "definition").unwrap_or_default());
    let owner = owner(plan.wanted, key);
    if owner
        .as_ref()
        .is_some_and(|owner| plan.is_inline(key, owner))
    {
        return Steps::default();
    }
    let (mut steps, mut later) = match key.class {
        Class::Schema => (vec![Step::new(format!("create schema {name}"))], vec![]),
        Class::Extension => {
            let schema = fact(facts, "schema").unwrap_or("public");
            let sql = format!("create extension {name} schema {schema}");
            (vec![Step::new(sql)], vec![])
        }
        Class::Collation
        | Class::Enum
        | Class::Domain
        | Class::CompositeType
        | Class::RangeType => (types::make(plan, key, facts), vec![]),
        Class::Sequence => sequence::make(plan, key, facts),
        Class::Table => (table::make(plan, key, facts), vec![]),
        Class::Column => (column::make(plan, key, facts), vec![]),
        Class::Constraint => constraint(plan, key, facts),
        Class::Index => (index::make(plan, key, facts), vec![]),
        Class::View | Class::MaterializedView => {
            let with = fact(facts, "options").map(options);
            let with = with.map_or(String::new(), |with| format!(" with ({with})"));
            let body = definition();
            let body = body.trim_start().trim_end_matches(';');
            let sql = format!("create {} {name}{with} as\n{body}", key.class.words());
            (vec![Step::new(sql)], vec![])
        }
        Class::Function | Class::Procedure => {
            let sql = definition().replacen("create or replace ", "create ", 1);
            (vec![Step::new(sql.trim_end())], vec![])
        }
        Class::Aggregate => (vec![aggregate(name, facts)], vec![]),
        Class::Trigger if has_parents(plan, key) => Steps::default(),
        Class::TextSearchConfiguration => (text_search::make(name, facts), vec![]),
        Class::Trigger
        | Class::Rule
        | Class::Statistics
        | Class::Operator
        | Class::Cast
        | Class::TextSearchDictionary => (vec![Step::new(definition().trim_end())], vec![]),
        Class::Policy => (vec![policy(key, facts)], vec![]),
        Class::EventTrigger => (vec![event_trigger(name, facts)], vec![]),
        Class::DefaultPrivileges | Class::Other => Steps::default(),
        Class::Publication => (vec![publication(plan, name, facts)], vec![]),
    };
    let settings = super::altering::settings(plan, key, &Facts::new(), facts);
    // What only an object that is there can be given.
    match later.is_empty() || key.class == Class::Sequence {
        true => steps.extend(settings),
        false => later.extend(settings),
    }
    if !matches!(key.class, Class::Column | Class::Table) {
        steps.extend(comment::of_new(plan, key));
    }
    (together(steps), together(later))
}

/// What follows a statement outside of a transaction can be there too, so that it needs no revision of its own.
pub(super) fn together(mut steps: Vec<Step>) -> Vec<Step> {
    if steps.iter().any(|step| step.outside_transaction) {
        steps
            .iter_mut()
            .for_each(|step| step.outside_transaction = true);
    }
    steps
}

/// Whether the table inherits this part from another.
fn has_parents(plan: &Plan<'_>, key: &Key) -> bool {
    !Plan::of_parents(plan.wanted, key).is_empty()
        && plan
            .wanted_fact(
                &super::plan::table(without_last(&key.name)),
                "partition bound",
            )
            .is_some()
}

/// Whether a check has to be there before a table becomes a partition.
fn is_for_attaching(plan: &Plan<'_>, key: &Key, facts: &Facts) -> bool {
    let table = table_of(key);
    fact(facts, "definition").is_some_and(|it| it.starts_with("CHECK"))
        && plan.wanted_fact(&table, "partition bound").is_some()
        && !plan.comes(&table)
        && plan.links(&table.name).is_empty()
}

fn table_of(key: &Key) -> Key {
    super::plan::table(without_last(&key.name))
}

fn constraint(plan: &Plan<'_>, key: &Key, facts: &Facts) -> Steps {
    let (on, name) = (without_last(&key.name), last(&key.name));
    if facts.contains_key("inherited") && !is_for_attaching(plan, key, facts) {
        let is_alone = super::altering::is_valid_alone(plan, key) && !plan.comes(&table_of(key));
        let validate = format!("alter table {on} validate constraint {name}");
        let later = is_alone.then(|| Step::new(validate).outside());
        return (vec![], later.into_iter().collect());
    }
    let definition = fact(facts, "definition").unwrap_or_default();
    let Some(table) = owner(plan.wanted, key).filter(|owner| owner.class == Class::Table) else {
        let sql = format!(
            "alter domain {on} add constraint {name} {}",
            lower(definition)
        );
        return (vec![Step::new(sql)], vec![]);
    };
    let add = format!(
        "alter table {on} add constraint {name} {}",
        lower(definition)
    );
    let is_partitioned = plan.wanted_fact(&table, "kind").is_some();
    let is_foreign_key = definition.starts_with("FOREIGN KEY");
    let can_wait = is_foreign_key && !is_partitioned || definition.starts_with("CHECK");
    if plan.comes(&table) || definition.ends_with("NOT VALID") {
        (vec![Step::new(add)], vec![])
    } else if can_wait {
        let validate = format!("alter table {on} validate constraint {name}");
        let first = Step::new(format!("{add} not valid"));
        (vec![first], vec![Step::new(validate).outside()])
    } else if let Some(index) = super::unique::by_index(plan, key, definition) {
        (index, vec![])
    } else {
        (vec![Step::new(add)], vec![])
    }
}

fn aggregate(name: &str, facts: &Facts) -> Step {
    let mut parts = Vec::new();
    let with = |name: &str, fact: &str| facts.get(fact).map(|value| format!("{name} = {value}"));
    let text = |name: &str, fact: &str| {
        let value = facts.get(fact);
        value.map(|value| format!("{name} = {}", literal(value)))
    };
    parts.extend(with("sfunc", "state function"));
    parts.extend(with("stype", "state type"));
    parts.extend(with("sspace", "state space"));
    parts.extend(with("finalfunc", "final function"));
    parts.extend(
        facts
            .get("final function extra")
            .map(|_| "finalfunc_extra".to_owned()),
    );
    parts.extend(with("combinefunc", "combine function"));
    parts.extend(with("serialfunc", "serial function"));
    parts.extend(with("deserialfunc", "deserial function"));
    parts.extend(with("msfunc", "moving state function"));
    parts.extend(with("minvfunc", "moving inverse function"));
    parts.extend(with("mstype", "moving state type"));
    parts.extend(with("mfinalfunc", "moving final function"));
    parts.extend(text("initcond", "initial state"));
    parts.extend(text("minitcond", "moving initial state"));
    parts.extend(facts.get("sort operator").map(|operator| {
        let operator = operator.split('(').next().unwrap_or_default();
        match operator.rsplit_once('.') {
            Some(_) => format!("sortop = operator({operator})"),
            None => format!("sortop = {operator}"),
        }
    }));
    parts.extend(
        facts
            .get("parallel")
            .map(|parallel| match parallel.as_str() {
                "s" => "parallel = safe".to_owned(),
                _ => "parallel = restricted".to_owned(),
            }),
    );
    parts.extend(
        facts
            .get("kind")
            .filter(|kind| *kind == "h")
            .map(|_| "hypothetical".to_owned()),
    );
    let called = name.find('(').map_or(name, |at| &name[..at]);
    let arguments = match fact(facts, "arguments") {
        None | Some("") => "*".to_owned(),
        Some(arguments) => lower(arguments),
    };
    Step::new(format!(
        "create aggregate {called} ({arguments}) (\n    {}\n)",
        parts.join(",\n    ")
    ))
}

fn policy(key: &Key, facts: &Facts) -> Step {
    let mut sql = format!(
        "create policy {} on {}",
        last(&key.name),
        without_last(&key.name)
    );
    if facts.contains_key("restrictive") {
        sql.push_str(" as restrictive");
    }
    sql.push_str(&format!(" for {}", fact(facts, "command").unwrap_or("all")));
    sql.push_str(&format!(" to {}", fact(facts, "roles").unwrap_or("public")));
    for (name, words) in [("using", "using"), ("with check", "with check")] {
        if let Some(expression) = fact(facts, name) {
            sql.push_str(&format!("\n    {words} ({})", lower(expression)));
        }
    }
    Step::new(sql)
}

fn event_trigger(name: &str, facts: &Facts) -> Step {
    let mut sql = format!(
        "create event trigger {name} on {}",
        fact(facts, "event").unwrap_or_default()
    );
    if let Some(tags) = fact(facts, "tags") {
        let tags: Vec<String> = tags.split(", ").map(literal).collect();
        sql.push_str(&format!("\n    when tag in ({})", tags.join(", ")));
    }
    let function = fact(facts, "function").unwrap_or_default();
    let function = function.find('(').map_or(function, |at| &function[..at]);
    Step::new(format!("{sql}\n    execute function {function}()"))
}

fn publication(plan: &Plan<'_>, name: &str, facts: &Facts) -> Step {
    let mut sql = format!("create publication {name}");
    if facts.contains_key("all tables") {
        sql.push_str(" for all tables");
    } else {
        let mut of = Vec::new();
        if let Some(tables) = fact(facts, "tables") {
            let all = &plan.wanted.objects;
            let has_heirs = |table: &str| {
                let name = table.split(" where ").next().unwrap_or_default();
                let name = name.split(" (").next().unwrap_or_default();
                all.keys().any(|key| {
                    key.class == Class::Table
                        && Plan::parents(plan.wanted, &key.name)
                            .iter()
                            .any(|it| it == name)
                })
            };
            of.extend(super::text::items(tables).into_iter().map(|table| {
                // Those that inherit from it are in the list themselves.
                let only = if has_heirs(table) { "only " } else { "" };
                format!("table {only}{}", lower(table))
            }));
        }
        if let Some(schemas) = fact(facts, "schemas") {
            of.push(format!("tables in schema {schemas}"));
        }
        if !of.is_empty() {
            sql.push_str(&format!(" for {}", of.join(", ")));
        }
    }
    let publishes = literal(fact(facts, "publishes").unwrap_or_default());
    sql.push_str(&format!(" with (publish = {publishes}"));
    if facts.contains_key("via partition root") {
        sql.push_str(", publish_via_partition_root = true");
    }
    Step::new(format!("{sql})"))
}

/// The index of a constraint, or an index itself, as a statement calls it.
pub(super) fn index_name(key: &Key) -> String {
    match key.class {
        Class::Constraint => format!("{}.{}", schema(&key.name), last(&key.name)),
        _ => key.name.clone(),
    }
}
