//! The rules of a schema that a row can break: constraints, unique indexes, triggers. That what a program writes satisfies
//! new ones cannot be proved in general; it can be seen that it writes what they are about.

use std::collections::{BTreeMap, HashMap};

use tokio_postgres::{Client, Row, SimpleQueryMessage};

use crate::nullability::{Change, Write};

/// The rules of a schema, and its tables, by the numbers that the catalog has for them.
#[derive(Debug, Default)]
pub(super) struct Constraints {
    all: Vec<Constraint>,
    tables: HashMap<i64, Table>,
}

/// A table: its name as SQL has it, and its columns by their numbers.
#[derive(Debug, Default)]
struct Table {
    name: String,
    columns: BTreeMap<i64, Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    r#type: String,
    /// What a row has here that nobody gives a value to; none is null.
    default: Option<String>,
    /// It is made of other columns.
    is_generated: bool,
}

/// A rule.
#[derive(Debug)]
pub(super) struct Constraint {
    table: i64,
    /// As it is defined: `orders_number_key UNIQUE (number)`.
    pub(super) definition: String,
    /// What it is known by again.
    pub(super) key: String,
    /// The columns that it is about, where they are all that it is about.
    columns: Vec<i64>,
    is_of_the_row: bool,
    on_insert: bool,
    on_update: bool,
    on_delete: bool,
    /// Whether a row with a null in one of the columns satisfies it.
    is_satisfied_by_null: bool,
    /// The expression of a check.
    check: Option<String>,
}

/// A foreign key binds both tables. A unique constraint is its index, and triggers of foreign keys are PostgreSQL's own. What
/// a rule is known by again leaves out its name, and whether the rows before it were looked at.
const ALL: &str = r"
select c.conrelid::int8, format('%s %s', c.conname, pg_get_constraintdef(c.oid)),
       case when c.contype in ('p', 'u') then regexp_replace(pg_get_indexdef(c.conindid), '^.*? ON ', '')
            else regexp_replace(pg_get_constraintdef(c.oid), ' NOT VALID$', '') end,
       case when 0 = any(c.conkey) or i.indpred is not null then '{}' else c.conkey::int8[] end, true, true, false,
       c.contype = 'f' and c.confmatchtype = 's' or c.contype = 'u' and not i.indnullsnotdistinct,
       pg_get_expr(c.conbin, c.conrelid)
  from pg_catalog.pg_constraint as c
  left join pg_catalog.pg_index as i on i.indexrelid = c.conindid and c.contype in ('p', 'u', 'x')
 where c.conrelid <> 0 and c.conparentid = 0 and c.contype in ('c', 'f', 'p', 'u', 'x')
union all
select c.confrelid::int8, format('%s %s of %s', c.conname, pg_get_constraintdef(c.oid), c.conrelid::regclass),
       format('%s of %s', regexp_replace(pg_get_constraintdef(c.oid), ' NOT VALID$', ''), c.conrelid::regclass),
       c.confkey::int8[], false, c.confupdtype in ('a', 'r'), c.confdeltype in ('a', 'r'), false, null
  from pg_catalog.pg_constraint as c
 where c.contype = 'f' and c.conparentid = 0
union all
select i.indrelid::int8, pg_get_indexdef(i.indexrelid), regexp_replace(pg_get_indexdef(i.indexrelid), '^.*? ON ', ''),
       case when 0 = any(i.indkey) or i.indpred is not null then '{}'
            else (i.indkey::int8[])[0:i.indnkeyatts - 1] end, true, true, false,
       not i.indnullsnotdistinct, null
  from pg_catalog.pg_index as i
 where i.indisunique
   and not exists (select from pg_catalog.pg_constraint as c
                    where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))
union all
select t.tgrelid::int8, pg_get_triggerdef(t.oid), pg_get_triggerdef(t.oid), t.tgattr::int8[],
       t.tgtype & 4 > 0, t.tgtype & 16 > 0, t.tgtype & 8 > 0, false, null
  from pg_catalog.pg_trigger as t
 where not t.tgisinternal
order by 1, 2";

const COLUMNS: &str = "
select c.oid::int8, c.oid::regclass::text, a.attnum::int8, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
       coalesce(pg_get_expr(d.adbin, d.adrelid), pg_get_expr(y.typdefaultbin, 0), case when a.attidentity <> '' then 'nextval(null)' end),
       a.attgenerated <> ''
  from pg_catalog.pg_attribute as a
  join pg_catalog.pg_class as c on c.oid = a.attrelid
  join pg_catalog.pg_type as y on y.oid = a.atttypid
  left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p')
   and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)";

impl Constraints {
    /// # Errors
    /// Only if the connection fails.
    pub(super) async fn read(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let mut constraints = Self::default();
        for row in client.query_typed(ALL, &[]).await? {
            constraints.all.push(constraint(&row)?);
        }
        for row in client.query_typed(COLUMNS, &[]).await? {
            let table = constraints.tables.entry(row.try_get(0)?).or_default();
            table.name = row.try_get(1)?;
            let column = Column {
                name: row.try_get(3)?,
                r#type: row.try_get(4)?,
                default: row.try_get(5)?,
                is_generated: row.try_get(6)?,
            };
            table.columns.insert(row.try_get(2)?, column);
        }
        for constraint in &mut constraints.all {
            let table = constraints.tables.get(&constraint.table);
            let is_generated = |number: &i64| {
                let column = table.and_then(|table| table.columns.get(number));
                column.is_some_and(|column| column.is_generated)
            };
            // Whoever changes a column changes what is made of it.
            constraint.is_of_the_row =
                constraint.columns.is_empty() || constraint.columns.iter().any(is_generated);
        }
        Ok(constraints)
    }

    /// The rules that `before` does not have, and that a program which does not know the new columns may break.
    ///
    /// # Errors
    /// Only if the connection fails.
    pub(super) async fn since(
        &self,
        before: &Self,
        client: &Client,
    ) -> Result<Vec<&Constraint>, tokio_postgres::Error> {
        let mut new = Vec::new();
        for constraint in &self.all {
            if !before.has(constraint) && !self.is_satisfied(constraint, before, client).await? {
                new.push(constraint);
            }
        }
        Ok(new)
    }

    fn has(&self, constraint: &Constraint) -> bool {
        self.all
            .iter()
            .any(|known| known.table == constraint.table && known.key == constraint.key)
    }

    /// Whether the new columns, which have their defaults, keep a rule from being broken.
    async fn is_satisfied(
        &self,
        constraint: &Constraint,
        before: &Self,
        client: &Client,
    ) -> Result<bool, tokio_postgres::Error> {
        let (Some(table), Some(old)) = (
            self.tables.get(&constraint.table),
            before.tables.get(&constraint.table),
        ) else {
            return Ok(false);
        };
        let columns = constraint.columns.iter();
        let new: Vec<&Column> = columns
            .filter(|number| !old.columns.contains_key(number))
            .filter_map(|number| table.columns.get(number))
            .collect();
        if let Some(check) = &constraint.check {
            return match new.is_empty() {
                true => Ok(false),
                false => is_true(check, table, old, client).await,
            };
        }
        let is_left_null = |column: &&Column| column.default.is_none();
        let is_counted = |column: &&Column| {
            let default = column.default.as_deref();
            default.is_some_and(|default| default.starts_with("nextval("))
        };
        Ok(
            constraint.is_satisfied_by_null && new.iter().any(is_left_null)
                || new.iter().any(is_counted),
        )
    }
}

/// Whether PostgreSQL finds a check to hold for whatever the old columns have: its planner simplifies expressions.
async fn is_true(
    check: &str,
    table: &Table,
    old: &Table,
    client: &Client,
) -> Result<bool, tokio_postgres::Error> {
    let columns = table.columns.iter().map(|(number, column)| {
        let Column { name, r#type, .. } = column;
        match (&column.default, old.columns.contains_key(number)) {
            (_, true) => name.clone(),
            (Some(default), false) => format!("({default})::{type} as {name}"),
            (None, false) => format!("null::{type} as {name}"),
        }
    });
    let columns: Vec<String> = columns.collect();
    let ask = format!(
        "explain (costs off) select from (select {} from {}) as written where not ({check})",
        columns.join(", "),
        table.name
    );
    match client.simple_query(&ask).await {
        Ok(lines) => Ok(lines.iter().any(|line| match line {
            SimpleQueryMessage::Row(row) => row
                .get(0)
                .is_some_and(|it| it.trim() == "One-Time Filter: false"),
            _ => false,
        })),
        // It is not known then, which is no reason to end the build.
        Err(error) if error.as_db_error().is_some() => Ok(false),
        Err(error) => Err(error),
    }
}

impl Constraint {
    /// Whether it may refuse a row that is written like this.
    pub(super) fn is_about(&self, write: &Write) -> bool {
        let mut columns = self.columns.iter();
        let changes_its_columns =
            self.is_of_the_row || columns.any(|column| write.columns.contains(column));
        self.table == write.table
            && match write.change {
                Change::Insert => self.on_insert,
                Change::Update => self.on_update && changes_its_columns,
                Change::Delete => self.on_delete,
            }
    }
}

fn constraint(row: &Row) -> Result<Constraint, tokio_postgres::Error> {
    Ok(Constraint {
        table: row.try_get(0)?,
        definition: row.try_get(1)?,
        key: row.try_get(2)?,
        columns: row.try_get::<_, Option<_>>(3)?.unwrap_or_default(),
        is_of_the_row: false,
        on_insert: row.try_get(4)?,
        on_update: row.try_get(5)?,
        on_delete: row.try_get(6)?,
        is_satisfied_by_null: row.try_get::<_, Option<_>>(7)?.unwrap_or_default(),
        check: row.try_get(8)?,
    })
}
