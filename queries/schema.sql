--- Which of these revisions are applied. It answers when the database does.
--! applied_revisions
select version
  from refinery_schema_history
 where version = any(:versions);

--- The history of the schema, in the order of the revisions.
--! history : (applied_on?)
select version::bigint as version, applied_on
  from refinery_schema_history
 order by version;
