--- The result of a job of its owner; the status tells why there is none.
--! result_of_job (): (output?, output_text?, file_size_bytes?, mime_type?, result_created_at?, expires_at?)
select jobs.id as job_id, jobs.status, job_results.output, job_results.output_text, job_results.file_size_bytes,
       job_results.mime_type, job_results.created_at as result_created_at, job_results.expires_at
  from jobs
  left join job_results on job_results.job_id = jobs.id and (job_results.expires_at is null or job_results.expires_at > now())
 where jobs.id = :job_id
   and jobs.user_id = :user_id;

--- Removes results whose time is over, the oldest first, at most so many, and marks their files: the file goes next, and its
--- row last. What another process is removing is skipped.
--! remove_expired_results
with expired as (
    select job_id
      from job_results
     where expires_at <= now()
     order by expires_at
     limit :limit
       for update skip locked
), removed as (
    delete from job_results
     using expired
     where job_results.job_id = expired.job_id
    returning job_results.job_id, job_results.file_path
), marked as (
    update job_files
       set status = 'removing',
           touched_at = clock_timestamp()
      from removed
     where job_files.file_path = removed.file_path
)
select job_id
  from removed;
