//! The indexes of the schema.

use std::collections::BTreeMap;

use tokio_postgres::Client;

/// The indexes by their names, schema first.
pub(crate) type Indexes = BTreeMap<(String, String), Index>;

/// An index.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) table: String,
    /// The first of its columns, or the expression that stands there.
    pub(crate) leading: String,
    /// Whether it has an order, so that it finds nothing fast without its first column.
    pub(crate) is_ordered: bool,
    /// The constraint that it enforces, or that it is unique.
    pub(crate) enforces: Option<String>,
}

const INDEXES: &str = "
select n.nspname::text, i.relname::text, t.relname::text, pg_catalog.pg_get_indexdef(x.indexrelid, 1, true),
       m.amname = 'btree',
       coalesce(
           (select 'the constraint ' || c.conname from pg_catalog.pg_constraint as c
             where c.conindid = x.indexrelid and c.contype in ('p', 'u', 'x') limit 1),
           case when x.indisunique then 'that its values are unique' end)
  from pg_catalog.pg_index as x
  join pg_catalog.pg_class as i on i.oid = x.indexrelid
  join pg_catalog.pg_class as t on t.oid = x.indrelid
  join pg_catalog.pg_namespace as n on n.oid = i.relnamespace
  join pg_catalog.pg_am as m on m.oid = i.relam
 where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')";

/// Reads the indexes.
///
/// # Errors
/// Only if the connection fails.
pub(crate) async fn read(client: &Client) -> Result<Indexes, tokio_postgres::Error> {
    let mut indexes = Indexes::new();
    for row in client.query_typed(INDEXES, &[]).await? {
        let index = Index {
            table: row.try_get(2)?,
            leading: row.try_get(3)?,
            is_ordered: row.try_get(4)?,
            enforces: row.try_get(5)?,
        };
        indexes.insert((row.try_get(0)?, row.try_get(1)?), index);
    }
    Ok(indexes)
}

impl Index {
    /// Whether `condition`, the `Index Cond` of a scan of a table with this alias, finds a beginning in the index: it
    /// compares the first column with something.
    pub(crate) fn is_entered_by(&self, condition: &str, alias: &str) -> bool {
        let quoted = format!("\"{}\".", alias.replace('"', "\"\""));
        let condition = condition
            .replace(&quoted, "")
            .replace(&format!("{alias}."), "");
        if !self.is_ordered {
            return true;
        }
        let mut places = condition.match_indices(&self.leading);
        places.any(|(at, leading)| {
            let before = condition[..at].ends_with('(');
            let after = &condition[at + leading.len()..];
            let goes_on = after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            // That something is there is true of all rows, or of most.
            before && !goes_on && !after.starts_with(" IS NOT NULL")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Index;

    #[test]
    fn an_index_is_entered_by_its_first_column() {
        let index = |leading: &str| Index {
            table: "t".to_owned(),
            leading: leading.to_owned(),
            is_ordered: true,
            enforces: None,
        };
        for (leading, condition, is_entered) in [
            ("id", "(t.id = $1)", true),
            ("id", "((t.id > $1) AND (t.kind = $2))", true),
            ("id", "(ROW(t.id, t.kind) < ROW($1, $2))", true),
            ("name", "((t.name)::text = $1)", true),
            ("lower(email)", "(lower(t.email) = lower($1))", true),
            ("(a || b)", "((t.a || t.b) = $1)", true),
            ("id", "(t.kind = other.id)", false),
            ("id", "(t.id_of = $1)", false),
            ("id", "(t.id IS NOT NULL)", false),
            ("id", "(t.id IS NULL)", true),
        ] {
            assert_eq!(
                index(leading).is_entered_by(condition, "t"),
                is_entered,
                "{condition}"
            );
        }
        assert!(index("id").is_entered_by("(\"T x\".id = $1)", "T x"));
        let mut other = index("id");
        other.is_ordered = false;
        assert!(other.is_entered_by("(t.tags @> $1)", "t"));
    }
}
