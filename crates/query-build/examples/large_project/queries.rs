//! The queries: five of each table, in a file of its own.

use crate::table::Table;

/// How many queries a table has.
pub(crate) const OF_A_TABLE: usize = 5;

/// The query file of a table.
pub(crate) fn file(table: Table) -> String {
    let (name, row) = (table.name(), table.row());
    let one = name.trim_end_matches('s');
    let columns = "id, title, state, amount, details, remark, created_at, updated_at";
    let mut text = format!("--: {row}(remark?)\n\n");
    text.push_str(&format!(
        "--- Finds one of {name} by its number.\n\
         --! {one}_by_id : {row}\n\
         select {columns}\n  from {name}\n where id = :id;\n\n"
    ));
    text.push_str(&format!(
        "--- A page of {name} in one state, the oldest first.\n\
         --! {name}_in_state : {row}\n\
         select {columns}\n  from {name}\n where state = :state\n   and created_at > :after\n \
         order by created_at\n limit :page_size;\n\n"
    ));
    let (parameter, column) = match table.parent() {
        Some(_) => (", parent_id", ", :parent_id"),
        None => ("", ""),
    };
    text.push_str(&format!(
        "--- Enters one of {name}.\n\
         --! enter_{one} (remark?)\n\
         insert into {name} (title, amount, details, remark{parameter})\n\
         values (:title, :amount, :details, :remark{column})\n\
         returning id, created_at;\n\n"
    ));
    text.push_str(&moved(table));
    text.push_str(&summary(table));
    text
}

/// One statement that changes a row and enters another for it.
fn moved(table: Table) -> String {
    let name = table.name();
    let one = name.trim_end_matches('s');
    let next = Table(table.0 + 1);
    let is_child = |it: Table| it.parent().is_some_and(|parent| parent.0 == table.0);
    let child = (table.0 + 1..crate::table::COUNT)
        .map(Table)
        .find(|it| is_child(*it));
    let child = child.filter(|_| next.0 < crate::table::COUNT);
    let Some(child) = child else {
        return format!(
            "--- Moves one of {name} on, if it is still in the state that is expected.\n\
             --! move_{one}\n\
             update {name}\n   set state = :new_state, updated_at = now()\n \
             where id = :id\n   and state = :expected_state\n\
             returning id, amount;\n\n"
        );
    };
    let child = child.name();
    format!(
        "--- Moves one of {name} on, if it is still in the state that is expected, and enters what follows from it.\n\
         --! move_{one}\n\
         with moved as (\n    \
             update {name}\n       set state = :new_state, updated_at = now()\n     \
             where id = :id\n       and state = :expected_state\n    \
             returning id, title, amount\n\
         ), entered as (\n    \
             insert into {child} (title, amount, details, parent_id)\n    \
             select title || ' (' || :new_state || ')', amount,\n           \
                    jsonb_build_object('from', :expected_state::text, 'to', :new_state::text), id\n      \
             from moved\n    \
             returning id, parent_id\n\
         )\n\
         select moved.id, moved.amount, entered.id as follower_id\n  from moved\n  \
         join entered on entered.parent_id = moved.id;\n\n"
    )
}

/// What rows have with the row that they belong to.
fn summary(table: Table) -> String {
    let name = table.name();
    match table.parent() {
        Some(parent) => {
            let parent = parent.name();
            format!(
                "--- How many of {name} a row of {parent} has in each state, and what they are worth.\n\
                 --! summary_of_{name} : (newest?)\n\
                 select {parent}.title, {name}.state, count(*) as count, sum({name}.amount)::bigint as amount,\n       \
                        max({name}.created_at) filter (where {name}.remark is not null) as newest\n  \
                 from {parent}\n  join {name} on {name}.parent_id = {parent}.id\n \
                 where {parent}.id = :parent_id\n \
                 group by {parent}.id, {name}.state\n order by {name}.state;\n"
            )
        }
        None => format!(
            "--- What is done in {name} and was changed since.\n\
             --! done_{name} : (remark?)\n\
             select id, title, remark, coalesce(details ->> 'source', 'unknown') as source\n  from {name}\n \
             where state = 'done'\n   and created_at >= :since\n   and updated_at > created_at;\n"
        ),
    }
}
