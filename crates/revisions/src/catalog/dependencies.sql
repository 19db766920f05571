-- What needs what, by object identifiers: an object, and one that has to be there before it. The rows of the kind `same`
-- say that PostgreSQL keeps an object as several: a view and its rule, a constraint and its index, a type and its array;
-- those of the kind `granted` that somebody was given privileges on an object, those of the kind `owned` that it belongs to
-- somebody else than the one who reads, or the owner of the database.

select 'needs' as kind, classid, objid, objsubid, refclassid, refobjid, refobjsubid
  from pg_depend
 where deptype in ('n', 'a', 'i')
   and (refobjid >= 16384 or refclassid = 'pg_namespace'::regclass)

union all
select 'same', 'pg_rewrite'::regclass, oid, 0, 'pg_class'::regclass, ev_class, 0
  from pg_rewrite
 where rulename = '_RETURN' and oid >= 16384

union all
select 'same', 'pg_attrdef'::regclass, oid, 0, 'pg_class'::regclass, adrelid, adnum
  from pg_attrdef

union all
select 'same', 'pg_type'::regclass, oid, 0, 'pg_type'::regclass, typelem, 0
  from pg_type
 where typcategory = 'A' and typelem <> 0 and oid >= 16384

union all
select 'same', 'pg_type'::regclass, oid, 0, 'pg_class'::regclass, typrelid, 0
  from pg_type
 where typrelid <> 0 and oid >= 16384

union all
select 'same', 'pg_type'::regclass, rngmultitypid, 0, 'pg_type'::regclass, rngtypid, 0
  from pg_range
 where rngtypid >= 16384

union all
select 'same', 'pg_class'::regclass, conindid, 0, 'pg_constraint'::regclass, oid, 0
  from pg_constraint
 where contype in ('p', 'u', 'x') and conindid <> 0

union all
select 'same', 'pg_publication_rel'::regclass, oid, 0, 'pg_publication'::regclass, prpubid, 0
  from pg_publication_rel

union all
select 'same', 'pg_publication_namespace'::regclass, oid, 0, 'pg_publication'::regclass, pnpubid, 0
  from pg_publication_namespace

union all
select 'granted', 'pg_class'::regclass, oid, 0, 0, 0, 0 from pg_class where relacl is not null and oid >= 16384

union all
select 'granted', 'pg_proc'::regclass, oid, 0, 0, 0, 0 from pg_proc where proacl is not null and oid >= 16384

union all
select 'granted', 'pg_type'::regclass, oid, 0, 0, 0, 0 from pg_type where typacl is not null and oid >= 16384

union all
select 'owned', o.classid, o.objid, 0, 0, 0, 0
  from (select 'pg_class'::regclass, oid, relowner from pg_class where relkind in ('r', 'p', 'f', 'v', 'm', 'c')
        union all select 'pg_proc'::regclass, oid, proowner from pg_proc
        union all select 'pg_type'::regclass, oid, typowner from pg_type where typtype in ('e', 'd', 'r')
        union all select 'pg_statistic_ext'::regclass, oid, stxowner from pg_statistic_ext
        union all select 'pg_event_trigger'::regclass, oid, evtowner from pg_event_trigger
        union all select 'pg_publication'::regclass, oid, pubowner from pg_publication)
       as o (classid, objid, owner)
 where o.objid >= 16384
   and o.owner not in (select oid from pg_roles where rolname = current_user
                       union all
                       select datdba from pg_database where datname = current_database())
