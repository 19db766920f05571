//! What a script looks at before it changes anything: whether it may, on this database. One statement, so that a
//! database that is refused is left as it is, without even a history table.

use std::collections::BTreeSet;

use crate::history::{HISTORY_TABLE, PROGRESS_TABLE, is_unsettled, table_query};
use crate::migrator::LOCK_KEY;
use crate::revision::Revision;
use crate::revisions::Revisions;

/// Where a database has to be for a script.
pub(super) struct Guard<'g> {
    pub(super) revisions: &'g Revisions,
    /// What has to be applied.
    pub(super) applied: &'g BTreeSet<i64>,
    /// What must not be.
    pub(super) absent: BTreeSet<i64>,
    /// How the commands are called.
    pub(super) program: &'g str,
}

impl Guard<'_> {
    /// The statement that takes the migration lock and makes the history table, or refuses the database. A database that
    /// has revisions that are not known here is refused as the migrator refuses it.
    pub(super) fn statement(&self) -> String {
        let known: BTreeSet<i64> = self.revisions.iter().map(Revision::id).collect();
        let make = table_query();
        let program = self
            .program
            .replace(['\n', '\r'], " ")
            .replace('\'', "''")
            .replace('%', "%%");
        // A name that could be closed by the program's would be a strange one, but it is not ours.
        let program = program.replace("$guard$", "");
        format!(
            "do $guard$
declare
    at_start int8[] := {applied};
    absent int8[] := {absent};
    known int8[] := {known};
    met int8;
begin
    if not pg_try_advisory_lock({LOCK_KEY}) then
        raise exception 'another migrator is at work on this database';
    end if;
    if to_regclass('{HISTORY_TABLE}') is null then
        {make};
    end if;
    select version into met from {HISTORY_TABLE} where version <> all (known) limit 1;
    if met is not null then
        raise exception 'the database has the revision %, which this script does not know', met;
    end if;
    select id into met from unnest(at_start) as id
        where not exists (select from {HISTORY_TABLE} where version = id) limit 1;
    if met is not null then
        raise exception 'this script starts where the revision % is applied, and it is not', met;
    end if;
    select version into met from {HISTORY_TABLE} where version = any (absent) limit 1;
    if met is not null then
        raise exception 'this script starts where the revision % is not applied, and it is', met;
    end if;
    if to_regclass('{PROGRESS_TABLE}') is not null then
        select version into met from {PROGRESS_TABLE} it where {unsettled} limit 1;
        if met is not null then
            raise exception 'the revision % was interrupted half way on this database', met
                using hint = '`{program} status` tells how far it came, and the command that was interrupted goes on.';
        end if;
    end if;
end $guard$;
",
            applied = list(self.applied),
            absent = list(&self.absent),
            known = list(&known),
            unsettled = is_unsettled("it", HISTORY_TABLE),
            make = make.trim().trim_end_matches(';'),
        )
    }
}

fn list(ids: &BTreeSet<i64>) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    format!("array[{}]::int8[]", ids.join(", "))
}
