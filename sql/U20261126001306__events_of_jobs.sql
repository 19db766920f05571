-- Events of jobs.
-- revises: 20261125213714

create table public.job_events (
    job_id bigint not null,
    event_number integer not null,
    kind text not null,
    details jsonb not null default '{}'::jsonb,
    created_at timestamp with time zone not null default clock_timestamp(),
    constraint job_events_pkey primary key (job_id, event_number),
    constraint job_events_details_check check ((jsonb_typeof(details) = 'object'::text)),
    constraint job_events_event_number_check check ((event_number >= 1)),
    constraint job_events_kind_check check ((kind = any (array['queued'::text, 'running'::text, 'retrying'::text, 'completed'::text, 'failed'::text, 'cancelled'::text, 'expired'::text])))
);

comment on table public.job_events is 'What happened to jobs, for those who watch them. Removed some time after the job has ended.';
comment on column public.job_events.job_id is 'The job.';
comment on column public.job_events.event_number is 'Place among the events of its job: 1, 2, 3, drawn under the lock of the job.';
comment on column public.job_events.kind is 'The status that the job has by it; retrying is queued after a failed attempt.';
comment on column public.job_events.details is 'What belongs to it, such as progress_percent or error, a JSON object.';
comment on column public.job_events.created_at is 'When it happened.';
alter table public.jobs add column event_count integer not null default 0;
comment on column public.jobs.event_count is 'How many events were written of it; the last one has this number.';
create index job_events_ended_idx on public.job_events using btree (created_at) where (kind = any (array['completed'::text, 'failed'::text, 'cancelled'::text, 'expired'::text]));
alter table public.job_events add constraint job_events_job_id_fkey foreign key (job_id) references public.jobs(id) on delete restrict;
