--- How many jobs of each kind wait and run; of each status at most so many are counted. That those who wait have not
--- finished names the index.
--! unfinished_jobs
select unfinished.job_type, unfinished.status, count(*) as jobs
  from (
      (select job_type, status from jobs where status = 'queued' and finished_at is null
        order by expires_at limit :bound)
      union all
      (select job_type, status from jobs where status = 'running' order by lease_expires_at limit :bound)
  ) as unfinished
 group by unfinished.job_type, unfinished.status;

--- How long the job has waited that may be claimed for the longest time, one look into the index for each priority; the
--- last entry of the audit log that is sealed, and the last one.
--! standing
select coalesce(extract(epoch from now() - min(first_ready.scheduled_at)), 0)::float8 as oldest_ready_age_seconds,
       coalesce((select last_audit_log_id from audit_seals order by seal_number desc limit 1), 0) as last_sealed_entry,
       coalesce((select max(id) from audit_logs), 0) as last_entry
  from generate_series(0, 9) as priorities (priority)
 cross join lateral (
     select scheduled_at
       from jobs
      where status = 'queued'
        and jobs.priority = priorities.priority
        and scheduled_at <= now()
      order by scheduled_at
      limit 1
 ) as first_ready;
