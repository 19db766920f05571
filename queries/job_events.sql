--- The events of a job of its owner after a number, in their order, with how the job stands in the same snapshot: the kind
--- of its last event, and what its end came to. One row without an event when there are none; no row when there is no such
--- job of this user.
--! events_of_job (): (last_kind?, finished_at?, last_error?, refunded_amount?, event_number?, kind?, details?, created_at?)
select jobs.event_count, jobs.status, jobs.attempts, jobs.finished_at, jobs.last_error, last.kind as last_kind,
       case when jobs.finished_at is not null
            then (select amount from transactions where refunded_job_id = jobs.id)
        end as refunded_amount,
       later.event_number, later.kind, later.details, later.created_at
  from jobs
  left join job_events as last on last.job_id = jobs.id and last.event_number = jobs.event_count
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

--- How many events some jobs have. One more once a job has ended: if its end was not written, as by a release without
--- events, whoever watches is to look; and nobody watches for long what has ended.
--! event_counts
select id, event_count + (finished_at is not null)::integer as event_count
  from jobs
 where id = any(:job_ids);

--- Removes events of jobs that ended some time ago, at most so many rows, the first event of each job last: by it the job
--- is found again, also if whoever ended it wrote no event. Looks at so many jobs behind a place in the order of their first
--- events, whether they have ended or not, and says where the next look goes on: nowhere when it came to the end. Jobs that
--- another process is at are skipped. Each row is looked up by itself, whatever the planner thinks of limits that it does
--- not know: joined to all of them it would read the tables.
--! remove_old_job_events (): (created_at?, job_id?)
with looked_at as (
    select created_at, job_id
      from job_events
     where event_number = 1
       and created_at <= now() - make_interval(secs => :retention_seconds)
       and (created_at, job_id) > (:after_created_at, :after_job_id)
     order by created_at, job_id
     limit :look_limit
), ended as (
    select looked_at.created_at, looked_at.job_id
      from looked_at
     cross join lateral (
         select finished_at
           from jobs
          where jobs.id = looked_at.job_id
          limit 1
     ) as job
     where job.finished_at <= now() - make_interval(secs => :retention_seconds)
     order by looked_at.created_at, looked_at.job_id
     limit :job_limit
), locked as (
    select ended.created_at, ended.job_id
      from ended
     cross join lateral (
         select job_id
           from job_events
          where job_events.created_at = ended.created_at
            and job_events.job_id = ended.job_id
            and job_events.event_number = 1
          limit 1
            for update skip locked
     ) as first
), due as (
    select locked.created_at, locked.job_id, job_events.place
      from locked
     cross join lateral (
         select ctid as place
           from job_events
          where job_events.job_id = locked.job_id
          order by event_number desc
          limit :row_limit
     ) as job_events
     limit :row_limit
), removed as (
    delete from job_events
     where ctid = any(array(select place from due))
    returning job_id
), round as (
    select (select count(*) from removed) as removed_count,
           (select count(*) from due) = :row_limit or (select count(*) from ended) = :job_limit as is_cut,
           (select count(*) from looked_at) = :look_limit as has_more
)
select round.removed_count, place.created_at, place.job_id
  from round
  left join lateral (
      -- The last of them may not be done.
      (select created_at, job_id - 1 as job_id
         from due
        where round.is_cut
        order by created_at desc, job_id desc
        limit 1)
      union all
      (select created_at, job_id
         from looked_at
        where round.has_more and not round.is_cut
        order by created_at desc, job_id desc
        limit 1)
  ) as place on true;

--- Removes events of jobs that have no first one any more, since the release before this one began with it and did not come
--- to the last one. That one goes last here too, and by it they are found; the rest is as above. It goes in the next release,
--- with its index.
--! remove_headless_job_events (): (created_at?, job_id?)
with looked_at as (
    select created_at, job_id, event_number
      from job_events
     where kind in ('completed', 'failed', 'cancelled', 'expired')
       and created_at <= now() - make_interval(secs => :retention_seconds)
       and (created_at, job_id) > (:after_created_at, :after_job_id)
     order by created_at, job_id
     limit :look_limit
), ended as (
    select looked_at.created_at, looked_at.job_id, looked_at.event_number
      from looked_at
     where (
               select count(*)
                 from job_events as first
                where first.job_id = looked_at.job_id
                  and first.event_number = 1
           ) = 0
     order by looked_at.created_at, looked_at.job_id
     limit :job_limit
), locked as (
    select ended.created_at, ended.job_id
      from ended
     cross join lateral (
         select job_id
           from job_events
          where job_events.job_id = ended.job_id
            and job_events.event_number = ended.event_number
          limit 1
            for update skip locked
     ) as last
), due as (
    select locked.created_at, locked.job_id, job_events.place
      from locked
     cross join lateral (
         select ctid as place
           from job_events
          where job_events.job_id = locked.job_id
          order by event_number
          limit :row_limit
     ) as job_events
     limit :row_limit
), removed as (
    delete from job_events
     where ctid = any(array(select place from due))
    returning job_id
), round as (
    select (select count(*) from removed) as removed_count,
           (select count(*) from due) = :row_limit or (select count(*) from ended) = :job_limit as is_cut,
           (select count(*) from looked_at) = :look_limit as has_more
)
select round.removed_count, place.created_at, place.job_id
  from round
  left join lateral (
      (select created_at, job_id - 1 as job_id
         from due
        where round.is_cut
        order by created_at desc, job_id desc
        limit 1)
      union all
      (select created_at, job_id
         from looked_at
        where round.has_more and not round.is_cut
        order by created_at desc, job_id desc
        limit 1)
  ) as place on true;
