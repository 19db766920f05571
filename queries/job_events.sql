--- The events of a job of its owner after a number, in their order, with how the job stands in the same snapshot. One row
--- without an event when there are none; no row when there is no such job of this user.
--! events_of_job (): (event_number?, kind?, details?, created_at?)
select jobs.event_count, jobs.finished_at is not null as has_ended, later.event_number, later.kind, later.details,
       later.created_at
  from jobs
  left join lateral (
      select event_number, kind, details, created_at
        from job_events
       where job_events.job_id = jobs.id
         and event_number > :after_number
       order by event_number
       limit :limit
  ) as later on true
 where jobs.id = :job_id
   and jobs.user_id = :user_id
 order by later.event_number;

--- Writes the event of a locked job whose number its change has drawn.
--! write_job_event
insert into job_events (job_id, event_number, kind, details)
values (:job_id, :event_number, :kind, :details)
returning event_number;

--- How many events some jobs have.
--! event_counts
select id, event_count
  from jobs
 where id = any(:job_ids);

--- Removes events of jobs that ended some time ago, at most so many rows, the last event of each job last: by it the job
--- is found again. At most so many jobs are looked at: those that another process is at are skipped.
--! remove_old_job_events
with ended as (
    select job_id
      from job_events
     where kind in ('completed', 'failed', 'cancelled', 'expired')
       and created_at <= now() - make_interval(secs => :retention_seconds)
     order by created_at
     limit :job_limit
       for update skip locked
), due as (
    select job_events.job_id, job_events.event_number
      from ended
     cross join lateral (
         select job_id, event_number
           from job_events
          where job_events.job_id = ended.job_id
          order by event_number
          limit :limit
     ) as job_events
     limit :limit
)
delete from job_events
 using due
 where job_events.job_id = due.job_id
   and job_events.event_number = due.event_number
returning job_events.job_id;
