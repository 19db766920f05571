-- Seal the audit log.
-- revises: 20261125213404

create table public.audit_seals (
    seal_number bigint not null,
    last_audit_log_id bigint not null,
    entry_count bigint not null,
    seal bytea not null,
    sealed_at timestamp with time zone not null,
    constraint audit_seals_pkey primary key (seal_number),
    constraint audit_seals_last_audit_log_id_key unique (last_audit_log_id),
    constraint audit_seals_entry_count_check check ((entry_count >= 1)),
    constraint audit_seals_seal_check check ((length(seal) = 32)),
    constraint audit_seals_seal_number_check check ((seal_number >= 1))
);

comment on table public.audit_seals is 'The chain of seals over the audit log. Never changed.';
comment on column public.audit_seals.seal_number is 'Place in the chain: 1, 2, 3 without a gap.';
comment on column public.audit_seals.last_audit_log_id is 'The last entry under this seal; the first is the one after the last entry of the seal before.';
comment on column public.audit_seals.entry_count is 'How many entries are under it.';
comment on column public.audit_seals.seal is 'SHA-256 over the seal before it, this row, and its entries.';
comment on column public.audit_seals.sealed_at is 'When it was made.';
set local check_function_bodies = off;

create or replace function public.refuse_audit_change()
 returns trigger
 language plpgsql
as $function$
begin
    raise exception 'the audit log is never changed: % of % is refused', lower(tg_op), tg_table_name
        using errcode = 'restrict_violation', constraint = tg_table_name || '_append_only', table = tg_table_name;
end
$function$;

comment on function public.refuse_audit_change() is 'Holds the audit log and its seals unchangeable.';
create trigger audit_seals_append_only before delete or update on public.audit_seals for each row execute function public.refuse_audit_change();
create trigger audit_seals_append_only_truncate before truncate on public.audit_seals for each statement execute function public.refuse_audit_change();
