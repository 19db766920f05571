-- Takes back: Refund each job once, expire jobs that wait too long, part 2.

alter table public.transactions drop constraint transactions_refunded_job_id_fkey;
alter table public.transactions drop constraint transactions_refunded_job_id_check;
drop index public.transactions_refunded_job_id_key;
drop index public.jobs_expires_at_idx;
alter table public.transactions add constraint transactions_refunded_job_id_check check (((refunded_job_id is null) or (type = 'refund'::text))) not valid;
alter table public.transactions add constraint transactions_refunded_job_id_fkey foreign key (refunded_transaction_id, refunded_job_id) references public.transactions(id, job_id) on delete restrict not valid;
