-- Takes back: Refund each job once, expire jobs that wait too long.

alter table public.transactions drop constraint transactions_refunded_job_id_fkey;
alter table public.transactions drop constraint transactions_refunded_job_id_check;

-- Data is lost: the values of the column public.jobs.last_lease_token.
alter table public.jobs drop column last_lease_token;

-- Data is lost: the values of the column public.transactions.refunded_job_id.
alter table public.transactions drop column refunded_job_id;

-- Data is lost: the values of the column public.jobs.expires_at.
alter table public.jobs drop column expires_at;
