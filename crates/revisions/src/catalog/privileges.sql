-- Who owns what, and who may do what with it, as rows of kind, address, and what the kind says:
--
--   owner    the role, if it counts
--   granted  who, what (sorted), and whether it may be granted on: what the object has
--   usual    the same, of what it would have if nobody had said anything
--   default  an entry of `alter default privileges`: what its name is, and nothing else
--
-- An owner appears as `(owner)`, `public` as itself. Of objects without any entry nothing is said. $1 are the roles whose
-- ownership counts; null is all but the one who reads, and the owner of the database.

with
ours as (
    select oid from pg_roles where rolname in (current_user, 'pg_database_owner')
    union
    select datdba from pg_database where datname = current_database()
),
foreign_roles as (
    select r.oid from pg_roles r
     where case when $1::text[] is null then r.oid not in (select oid from ours) else r.rolname = any ($1::text[]) end
),
namespaces as (
    select oid, quote_ident(nspname) as name, nspowner, nspacl
      from pg_namespace
     where nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and nspname !~ '^pg_(toast_)?temp_'
),
things as (
    select 'pg_namespace'::regclass::oid as classid, oid as objid, nspowner as owner, nspacl as acl,
           acldefault('n', nspowner) as usual, true as has_owner
      from namespaces
    union all
    -- The sequence of a column has the owner of the table.
    select 'pg_class'::regclass, c.oid, c.relowner, c.relacl,
           acldefault((case c.relkind when 'S' then 's' else 'r' end)::"char", c.relowner),
           c.relkind <> 'S' or not exists (select from pg_depend d
                                            where d.classid = 'pg_class'::regclass and d.objid = c.oid
                                              and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
                                              and d.deptype in ('a', 'i'))
      from pg_class c join namespaces n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
    union all
    select 'pg_proc'::regclass, p.oid, p.proowner, p.proacl, acldefault('f', p.proowner), true
      from pg_proc p join namespaces n on n.oid = p.pronamespace
    union all
    -- A composite type is known by its relation.
    select case when t.typtype = 'c' then 'pg_class'::regclass else 'pg_type'::regclass end,
           case when t.typtype = 'c' then t.typrelid else t.oid end, t.typowner, t.typacl, acldefault('T', t.typowner), true
      from pg_type t
      join namespaces n on n.oid = t.typnamespace
      left join pg_class c on c.oid = t.typrelid
     where t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c')
    union all
    select 'pg_statistic_ext'::regclass, oid, stxowner, null, null, true from pg_statistic_ext
    union all
    select 'pg_event_trigger'::regclass, oid, evtowner, null, null, true from pg_event_trigger
    union all
    select 'pg_publication'::regclass, oid, pubowner, null, null, true from pg_publication
),
defaults as (
    select d.oid, d.defaclrole as owner, d.defaclacl as acl,
           case when d.defaclnamespace = 0
                then acldefault((case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end)::"char", d.defaclrole) end
           as usual,
           case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
                                when 'T' then 'types' when 'n' then 'schemas' else 'large objects' end
           || coalesce(' in schema ' || n.name, '')
           || case when d.defaclrole in (select oid from foreign_roles) then ' for role ' || d.defaclrole::regrole::text
                   else '' end as name
      from pg_default_acl d
      left join namespaces n on n.oid = d.defaclnamespace
     where d.defaclnamespace = 0 or n.oid is not null
),
entries as (
    select t.classid, t.objid, t.owner, list.kind, e.grantee, e.privilege_type as privilege, e.is_grantable
      from things t
     cross join lateral (values ('granted', t.acl), ('usual', t.usual)) as list (kind, acl)
     cross join lateral aclexplode(list.acl) as e
     where t.acl is not null
    union all
    select t.classid, t.objid, t.owner, 'granted', e.grantee, e.privilege_type || '(' || quote_ident(a.attname) || ')',
           e.is_grantable
      from pg_attribute a
      join things t on t.classid = 'pg_class'::regclass and t.objid = a.attrelid
     cross join lateral aclexplode(a.attacl) as e
     where a.attacl is not null and a.attnum > 0 and not a.attisdropped
    union all
    select 'pg_default_acl'::regclass, d.oid, d.owner, list.kind, e.grantee, e.privilege_type, e.is_grantable
      from defaults d
     cross join lateral (values ('granted', d.acl), ('usual', d.usual)) as list (kind, acl)
     cross join lateral aclexplode(list.acl) as e
),
-- Several may have granted the same.
merged as (
    select classid, objid, kind,
           case when grantee = 0 then 'public' when grantee = owner then '(owner)' else grantee::regrole::text end as who,
           privilege, bool_or(is_grantable) as grantable
      from entries
     group by classid, objid, kind, 4, privilege
)
select 'owner' as kind, classid, objid, owner::regrole::text as who, null as what, false as grantable
  from things
 where has_owner and owner in (select oid from foreign_roles)

union all
select kind, classid, objid, who, string_agg(privilege, ',' order by privilege collate "C"), grantable
  from merged
 group by kind, classid, objid, who, grantable

union all
select 'default', 'pg_default_acl'::regclass, oid, name, null, false
  from defaults
