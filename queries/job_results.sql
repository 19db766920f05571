--- The result of a job of its owner; the status tells why there is none.
--! result_of_job (): (output?, output_text?, result_created_at?, expires_at?)
select jobs.id as job_id, jobs.status, job_results.output, job_results.output_text,
       job_results.created_at as result_created_at, job_results.expires_at
  from jobs
  left join job_results on job_results.job_id = jobs.id and (job_results.expires_at is null or job_results.expires_at > now())
 where jobs.id = :job_id
   and jobs.user_id = :user_id;

--- Removes results whose time is over, the oldest first, at most so many. What another process is removing is skipped.
--! remove_expired_results
with expired as (
    select job_id
      from job_results
     where expires_at <= now()
     order by expires_at
     limit :limit
       for update skip locked
)
delete from job_results
 using expired
 where job_results.job_id = expired.job_id
returning job_results.job_id;
