-- Takes back: Events of jobs.

-- Data is lost: the values of the column public.jobs.event_count.
alter table public.jobs drop column event_count;

-- Data is lost: the rows of the table public.job_events.
drop table public.job_events;
