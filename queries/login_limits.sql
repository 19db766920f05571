--- Counts an attempt to sign in for each of its subjects, before the password is looked at: so that attempts that come at
--- once cannot all pass. One too many is returned, with the seconds until the window of its subject ends; else no row. The
--- first one too many is counted too, and those that come at the same time; later ones are not, and write nothing.
--! count_login_attempt
--# not-null: is_first: there is a row only where something was refused, and of that it is known
with subjects as (
    select subject, attempt_limit
      from unnest(:subjects::text[], :attempt_limits::integer[]) as given (subject, attempt_limit)
), exhausted as (
    select max(window_ends_at) as window_ends_at
      from login_limits
      join subjects using (subject)
     where attempt_count > attempt_limit
       and window_ends_at > now()
), counted as (
    insert into login_limits as known (subject, attempt_count, window_ends_at)
    select subject, 1, now() + make_interval(secs => :window_seconds)
      from subjects
     where (select window_ends_at from exhausted) is null
     -- Two attempts lock the same rows in the same order.
     order by subject
    on conflict (subject) do update
       set attempt_count = case when known.window_ends_at > now() then known.attempt_count + 1 else 1 end,
           window_ends_at = case when known.window_ends_at > now() then known.window_ends_at
                                 else excluded.window_ends_at end
    returning subject, attempt_count, window_ends_at
), refused as (
    select window_ends_at, false as is_first
      from exhausted
     where window_ends_at is not null
    union all
    select counted.window_ends_at, true
      from counted
      join subjects using (subject)
     where counted.attempt_count > attempt_limit
)
select greatest(ceil(extract(epoch from max(window_ends_at) - clock_timestamp())), 1)::bigint as retry_after_seconds,
       bool_or(is_first) as is_first
  from refused
having count(*) > 0;

--- Takes an attempt back: it was no failure. The count of the subject that proved to be itself begins anew.
--! settle_login_attempt (proven_subject?)
with locked as (
    select subject
      from login_limits
     where subject = any(:subjects::text[])
     order by subject
       for update
)
update login_limits
   set attempt_count = case when login_limits.subject = :proven_subject::text then 0
                            else greatest(attempt_count - 1, 0) end
  from locked
 where login_limits.subject = locked.subject
returning login_limits.subject;

--- Removes counts whose window is over, the oldest first, as many at a time.
--! remove_expired_login_limits
delete from login_limits
 where subject in (
     select subject
       from login_limits
      where window_ends_at <= now()
      order by window_ends_at
      limit :rows
        for update skip locked
 )
returning subject;
