-- Register the storage of results.
-- revises: 20261126015835

create table public.result_storage (
    only_row boolean not null default true,
    storage_id uuid not null,
    adopted_at timestamp with time zone not null default clock_timestamp(),
    constraint result_storage_pkey primary key (only_row),
    constraint result_storage_only_row_check check (only_row)
);

comment on table public.result_storage is 'Which storage the files of results are in: one row, once a program has opened one.';
comment on column public.result_storage.only_row is 'There is one row.';
comment on column public.result_storage.storage_id is 'What the storage says of itself, in its file storage-id.';
comment on column public.result_storage.adopted_at is 'When this database began to use it.';
comment on column public.wallets.updated_at is 'When the balance last changed, or up to when a statement was drawn: no later transaction has an earlier time.';
