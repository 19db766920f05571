-- Files of results.
-- revises: 20261126001306

create table public.job_files (
    file_path text collate "C" not null,
    job_id bigint not null,
    lease_token uuid not null,
    status text not null default 'uploading'::text,
    mime_type text not null,
    size_bytes bigint,
    created_at timestamp with time zone not null default now(),
    touched_at timestamp with time zone not null default clock_timestamp(),
    constraint job_files_pkey primary key (file_path),
    constraint job_files_file_path_check check (((length(file_path) >= 1) and (length(file_path) <= 200))),
    constraint job_files_mime_type_check check (((length(mime_type) >= 3) and (length(mime_type) <= 100))),
    constraint job_files_size_bytes_check check (((size_bytes >= 0) and ((status <> all (array['stored'::text, 'kept'::text])) or (size_bytes is not null)))),
    constraint job_files_status_check check ((status = any (array['uploading'::text, 'stored'::text, 'kept'::text, 'removing'::text])))
);

comment on table public.job_files is 'What the storage may have: a row is here before its file is there, and until it is gone.';
comment on column public.job_files.file_path is 'Where the storage keeps it; made by the program, never of what somebody sent.';
comment on column public.job_files.job_id is 'The job that it is a result of.';
comment on column public.job_files.lease_token is 'The claim under which it was uploaded; only that one can keep it.';
comment on column public.job_files.status is 'uploading, stored (all of it is there), kept (of a result), or removing (to be removed).';
comment on column public.job_files.mime_type is 'Media type, by the word of the worker.';
comment on column public.job_files.size_bytes is 'Size, once all of it is there.';
comment on column public.job_files.created_at is 'When its upload began.';
comment on column public.job_files.touched_at is 'The last sign of life of its upload, change of its status, or attempt to remove it.';
comment on column public.job_results.file_path is 'Where the storage keeps the file of the result, as job_files has it.';
create index job_files_job_id_idx on public.job_files using btree (job_id, lease_token);
create index job_files_touched_at_idx on public.job_files using btree (status, touched_at) where (status <> 'kept'::text);
alter table public.job_files add constraint job_files_job_id_fkey foreign key (job_id) references public.jobs(id) on delete restrict;
alter table public.job_results add constraint job_results_file_path_fkey foreign key (file_path) references public.job_files(file_path) on delete restrict not valid;
