--- Notes that an upload begins, before the storage has anything of it. No row when the lease is lost, or the files of this
--- database are in another storage; which one it is, nobody changes before this is committed.
--! begin_file
insert into job_files (file_path, job_id, lease_token, mime_type)
select :file_path, jobs.id, jobs.lease_token, :mime_type
  from jobs
 cross join result_storage
 where jobs.id = :job_id
   and jobs.status = 'running'
   and jobs.lease_token = :lease_token
   and jobs.lease_expires_at > clock_timestamp()
   and result_storage.storage_id = :storage_id
   for key share of result_storage
returning file_path;

--- A sign of life of an upload. No row when its lease is lost, or it is being removed.
--! touch_file
update job_files
   set touched_at = clock_timestamp()
  from jobs
 where job_files.file_path = :file_path
   and job_files.status = 'uploading'
   and jobs.id = job_files.job_id
   and jobs.status = 'running'
   and jobs.lease_token = job_files.lease_token
   and jobs.lease_expires_at > clock_timestamp()
returning job_files.file_path;

--- Notes that the storage has all of a file, which replaces what the same claim has uploaded before. No row when the lease
--- is lost, or it is being removed.
--! finish_file
with stored as (
    update job_files
       set status = 'stored',
           size_bytes = :size_bytes,
           touched_at = clock_timestamp()
      from jobs
     where job_files.file_path = :file_path
       and job_files.status = 'uploading'
       and jobs.id = job_files.job_id
       and jobs.status = 'running'
       and jobs.lease_token = job_files.lease_token
       and jobs.lease_expires_at > clock_timestamp()
    returning job_files.file_path, job_files.job_id, job_files.lease_token
), replaced as (
    update job_files
       set status = 'removing',
           touched_at = clock_timestamp()
      from stored
     where job_files.job_id = stored.job_id
       and job_files.lease_token = stored.lease_token
       and job_files.status = 'stored'
       and job_files.file_path <> stored.file_path
)
select file_path
  from stored;

--- Marks what a claim has uploaded and will not keep: the file goes next, and the row last.
--! discard_file
update job_files
   set status = 'removing',
       touched_at = clock_timestamp()
 where file_path = :file_path
   and status in ('uploading', 'stored')
returning file_path;

--- Marks uploads whose claim has ended without keeping them, and that gave no sign of life for some time, at most so many.
--! mark_orphaned_files
with orphaned as (
    select job_files.file_path
      from job_files
     where job_files.status in ('uploading', 'stored')
       and job_files.touched_at < now() - make_interval(secs => :silence_seconds)
       and not exists (
           select from jobs
            where jobs.id = job_files.job_id
              and jobs.status = 'running'
              and jobs.lease_token = job_files.lease_token
              and jobs.lease_expires_at > now()
       )
     order by job_files.touched_at
     limit :limit
       for update skip locked
)
update job_files
   set status = 'removing',
       touched_at = clock_timestamp()
  from orphaned
 where job_files.file_path = orphaned.file_path
returning job_files.file_path;

--- Files that are to be removed, the longest first.
--! files_to_remove
select file_path
  from job_files
 where status = 'removing'
 order by touched_at
 limit :limit;

--- Puts off a file that could not be removed, behind the others.
--! put_off_file
update job_files
   set touched_at = clock_timestamp()
 where file_path = :file_path
   and status = 'removing'
returning file_path;

--- Forgets a file that the storage no longer has.
--! forget_file
delete from job_files
 where file_path = :file_path
   and status = 'removing'
returning file_path;

--- The file of a job of its owner, if its result has one; the status tells why there is no result.
--! file_of_job (): (file_path?, file_size_bytes?, mime_type?, result_created_at?)
select jobs.status, jobs.job_type, job_results.file_path, job_results.file_size_bytes, job_results.mime_type,
       job_results.created_at as result_created_at
  from jobs
  left join job_results on job_results.job_id = jobs.id and (job_results.expires_at is null or job_results.expires_at > now())
 where jobs.id = :job_id
   and jobs.user_id = :user_id;
