--- Which storage the files of this database are in, if any program has opened one.
--! registered_storage
select storage_id
  from result_storage;

--- Says which storage it is, if nothing is said yet. Whoever comes second changes nothing.
--! register_storage
insert into result_storage (storage_id)
values (:storage_id)
    on conflict on constraint result_storage_pkey do nothing
returning storage_id;

--- Which storage it is; until the transaction ends, no upload begins.
--! lock_storage
select storage_id
  from result_storage
   for update;

--- Has another storage count from now on.
--! adopt_storage
insert into result_storage (storage_id)
values (:storage_id)
    on conflict on constraint result_storage_pkey do update
   set storage_id = excluded.storage_id,
       adopted_at = excluded.adopted_at
returning storage_id;

--- Whether there is any file that the storage may have.
--! has_files
--# full-scan: the first row ends it
select exists (select from job_files) as has_files;

--- How many files the storage has to have, because results have them.
--! kept_files
--# full-scan: it counts all of them, for people who change the storage
select count(*) as file_count
  from job_files
 where status = 'kept';

--- One file that the storage has to have, if there is any.
--! some_kept_file
--# full-scan: most files are kept, and the first one ends it
select file_path
  from job_files
 where status = 'kept'
 limit 1;
