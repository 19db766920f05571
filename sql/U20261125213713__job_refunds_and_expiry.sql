-- Refund each job once, expire jobs that wait too long.
-- revises: 20261125213424

alter table public.jobs add column expires_at timestamp with time zone not null default (now() + '7 days'::interval);
comment on column public.jobs.expires_at is 'If it still waits at this time, it is not done any more, and is refunded.';
alter table public.transactions add column refunded_job_id bigint;
comment on column public.transactions.refunded_job_id is 'The job that ended without a result, if that is why the spend is refunded; once per job.';
alter table public.jobs add column last_lease_token uuid;
comment on column public.jobs.last_lease_token is 'The claim whose worker completed or failed it last, so that a worker who lost the answer is answered again.';
alter table public.transactions add constraint transactions_refunded_job_id_check check (((refunded_job_id is null) or (type = 'refund'::text))) not valid;
alter table public.transactions add constraint transactions_refunded_job_id_fkey foreign key (refunded_transaction_id, refunded_job_id) references public.transactions(id, job_id) on delete restrict not valid;
