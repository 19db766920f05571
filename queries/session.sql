--- Bounds what every later statement of this connection may take: its time, its wait for a lock, and how long it goes on
--- when its client has hung up ('0' where the server cannot tell).
--! limit_statements
select set_config('statement_timeout', :statement_timeout, false) as statement_timeout,
       set_config('lock_timeout', :lock_timeout, false) as lock_timeout,
       set_config('client_connection_check_interval', :hang_up_check_interval, false) as hang_up_check_interval;

--- Tells every process that listens that a job may be due, and who says so: that one knows.
--! announce_jobs
select pg_notify('jobs_queued', :sender)::text as announced;

--- Has this connection told of it.
--! listen_for_jobs
listen jobs_queued;

--- Tells every process that listens which jobs have new events: who says so, a colon, and their numbers with commas between.
--! announce_job_events
select pg_notify('job_events', :sender_and_job_ids)::text as announced;

--- Has this connection told of it.
--! listen_for_job_events
listen job_events;
