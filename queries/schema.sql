--- Which of these revisions are applied. It answers when the database does.
--! applied_revisions
select version
  from refinery_schema_history
 where version = any(:versions);
