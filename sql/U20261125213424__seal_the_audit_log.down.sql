-- Takes back: Seal the audit log.

-- Data is lost: the rows of the table public.audit_seals.
drop table public.audit_seals;

create or replace function public.refuse_audit_change()
 returns trigger
 language plpgsql
as $function$
begin
    raise exception 'the audit log is never changed: % of audit_logs is refused', lower(tg_op)
        using errcode = 'restrict_violation', constraint = 'audit_logs_append_only', table = 'audit_logs';
end
$function$;

comment on function public.refuse_audit_change() is 'Holds the audit log unchangeable.';
