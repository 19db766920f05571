--- The last entry that there is. Entries with smaller numbers may still come: from transactions that have drawn their
--- number, and have not ended.
--! newest_entry
select coalesce(max(id), 0) as id
  from audit_logs;

--- The transactions that may have drawn the number of an entry and have not ended: whoever inserts holds this lock from
--- before it draws the number until its end.
--! transactions_that_write
--# not-null: transaction: whoever holds a lock is a transaction
select virtualtransaction as transaction
  from pg_locks
 where locktype = 'relation'
   and database = (select oid from pg_database where datname = current_database())
   and relation = 'audit_logs'::regclass
   and mode = 'RowExclusiveLock'
   and granted
   and pid is distinct from pg_backend_pid();

--- Makes this transaction the only one that seals, unless another one does already.
--! try_to_become_sealer
select pg_try_advisory_xact_lock(:lock_key) as is_sealer;

--: Seal()

--- The end of the chain; no row when nothing is sealed. Times are microseconds since 1970 as text, which no setting and no
--- value can change or make unreadable.
--! newest_seal : Seal
select seal_number, last_audit_log_id, entry_count, seal,
       trunc(extract(epoch from sealed_at) * 1000000)::text as sealed_at_us
  from audit_seals
 order by seal_number desc
 limit 1;

--- A part of the chain, from its beginning on.
--! seals_after : Seal
select seal_number, last_audit_log_id, entry_count, seal,
       trunc(extract(epoch from sealed_at) * 1000000)::text as sealed_at_us
  from audit_seals
 where seal_number > :seal_number
 order by seal_number
 limit :limit;

--- Entries in the order of their numbers, as they are sealed: everything whose text could depend on a setting or on what a
--- client can read is text here. jsonb has one text for a value: keys in one order, numbers with the digits they have.
--! entries_to_seal : (actor_user_id?, resource_id?, ip_address?, user_agent?, request_id?)
select id, actor_user_id, action, resource_type, resource_id, outcome, ip_address::text as ip_address, user_agent,
       request_id, details::text as details, trunc(extract(epoch from created_at) * 1000000)::text as created_at_us
  from audit_logs
 where id > :after_id
   and id <= :last_id
 order by id
 limit :limit;

--- Adds a seal to the chain.
--! add_seal
insert into audit_seals (seal_number, last_audit_log_id, entry_count, seal, sealed_at)
values (:seal_number, :last_audit_log_id, :entry_count, :seal, :sealed_at)
returning seal_number;

--- How many entries are not sealed yet.
--! count_entries_after
select count(*) as entry_count
  from audit_logs
 where id > :id;
