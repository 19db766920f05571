-- Everything that a schema has, as rows of class, name and facts. Facts that are null, false or empty are left out by the
-- reader. The search path is empty meanwhile, so all names that PostgreSQL writes are qualified. Numbers from 16384 on are
-- of objects that somebody has made; PostgreSQL's own are thousands. Catalog, object and part say where `pg_depend` knows
-- the object by.

with
-- What belongs to an extension, or is made by PostgreSQL for another object.
owned as (
    select classid, objid from pg_depend where deptype = 'e'
),
namespaces as (
    select oid, nspname, quote_ident(nspname) as name
      from pg_namespace
     where nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
       and nspname !~ '^pg_(toast_)?temp_'
       and not exists (select from owned where classid = 'pg_namespace'::regclass and objid = pg_namespace.oid)
),
relations as (
    select c.*, n.name || '.' || quote_ident(c.relname) as name
      from pg_class c
      join namespaces n on n.oid = c.relnamespace
     where c.relname not in ('refinery_schema_history', 'refinery_schema_progress')
       and not exists (select from owned where classid = 'pg_class'::regclass and objid = c.oid)
),
domains as (
    select t.oid, n.name || '.' || quote_ident(t.typname) as name
      from pg_type t
      join namespaces n on n.oid = t.typnamespace
     where t.typtype = 'd'
       and not exists (select from owned where classid = 'pg_type'::regclass and objid = t.oid)
),
objects as (
select 'schema' as class, name, '{}'::jsonb as facts,
       'pg_namespace'::regclass::oid as catalog, oid as object, 0 as part
  from namespaces

union all
select 'extension', quote_ident(extname), jsonb_build_object(
           'schema', extnamespace::regnamespace::text), 'pg_extension'::regclass::oid, e.oid, 0
  from pg_extension e
 where extname <> 'plpgsql'

-- The columns of collations differ between versions of PostgreSQL.
union all
select 'collation', n.name || '.' || quote_ident(c.collname), jsonb_build_object(
           'definition', 'create collation ' || n.name || '.' || quote_ident(c.collname) || ' ('
               || concat_ws(', ',
                      'provider = ' || case c.collprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end,
                      'locale = ' || quote_literal(coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale',
                                                            case when c.collprovider = 'i' then c.collcollate end)),
                      case when c.collprovider = 'c' then 'lc_collate = ' || quote_literal(c.collcollate) end,
                      case when c.collprovider = 'c' then 'lc_ctype = ' || quote_literal(c.collctype) end,
                      case when not c.collisdeterministic then 'deterministic = false' end,
                      'rules = ' || quote_literal(to_jsonb(c) ->> 'collicurules')) || ')'),
       'pg_collation'::regclass::oid, c.oid, 0
  from pg_collation c
  join namespaces n on n.oid = c.collnamespace
 where c.collencoding in (-1, (select encoding from pg_database where datname = current_database()))
   and not exists (select from owned where classid = 'pg_collation'::regclass and objid = c.oid)

union all
select 'text_search_dictionary', n.name || '.' || quote_ident(d.dictname), jsonb_build_object(
           'definition', 'create text search dictionary ' || n.name || '.' || quote_ident(d.dictname) || ' ('
               || concat_ws(', ', 'template = ' || (select s.nspname::regnamespace || '.' || quote_ident(t.tmplname)
                                                      from pg_ts_template t
                                                      join pg_namespace s on s.oid = t.tmplnamespace
                                                     where t.oid = d.dicttemplate), d.dictinitoption) || ')'),
       'pg_ts_dict'::regclass::oid, d.oid, 0
  from pg_ts_dict d
  join namespaces n on n.oid = d.dictnamespace
 where not exists (select from owned where classid = 'pg_ts_dict'::regclass and objid = d.oid)

union all
select 'text_search_configuration', n.name || '.' || quote_ident(c.cfgname), jsonb_build_object(
           'parser', (select s.nspname::regnamespace || '.' || quote_ident(p.prsname)
                        from pg_ts_parser p
                        join pg_namespace s on s.oid = p.prsnamespace
                       where p.oid = c.cfgparser),
           'mappings', (select string_agg(quote_ident(t.alias) || ' (' || m.dictionaries || ')', ', ' order by t.alias)
                          from ts_token_type(c.cfgparser) t
                          join (select maptokentype, string_agg(mapdict::regdictionary::text, ', ' order by mapseqno)
                                       as dictionaries
                                  from pg_ts_config_map where mapcfg = c.oid group by maptokentype) m
                            on m.maptokentype = t.tokid)), 'pg_ts_config'::regclass::oid, c.oid, 0
  from pg_ts_config c
  join namespaces n on n.oid = c.cfgnamespace
 where not exists (select from owned where classid = 'pg_ts_config'::regclass and objid = c.oid)

union all
select 'enum', n.name || '.' || quote_ident(t.typname), jsonb_build_object(
           'labels', (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder)
                        from pg_enum where enumtypid = t.oid)), 'pg_type'::regclass::oid, t.oid, 0
  from pg_type t
  join namespaces n on n.oid = t.typnamespace
 where t.typtype = 'e'
   and not exists (select from owned where classid = 'pg_type'::regclass and objid = t.oid)

union all
select 'domain', n.name || '.' || quote_ident(t.typname), jsonb_build_object(
           'type', format_type(t.typbasetype, t.typtypmod),
           'default', t.typdefault,
           'not null', t.typnotnull,
           'collation', (select l.oid::regcollation::text from pg_collation l
                           join pg_type b on b.oid = t.typbasetype
                          where l.oid = t.typcollation and l.oid <> b.typcollation)), 'pg_type'::regclass::oid, t.oid, 0
  from pg_type t
  join namespaces n on n.oid = t.typnamespace
 where t.typtype = 'd'
   and not exists (select from owned where classid = 'pg_type'::regclass and objid = t.oid)

union all
select 'composite_type', r.name, jsonb_build_object(
           'attributes', (select string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', '
                                            order by attnum)
                            from pg_attribute where attrelid = r.oid and attnum > 0 and not attisdropped),
           'comment', (select description from pg_description
                        where classoid = 'pg_type'::regclass and objoid = r.reltype)), 'pg_class'::regclass::oid, r.oid, 0
  from relations r
 where r.relkind = 'c'

union all
select 'range_type', n.name || '.' || quote_ident(t.typname), jsonb_build_object(
           'subtype', format_type(g.rngsubtype, null),
           'multirange', g.rngmultitypid::regtype::text,
           'collation', nullif(g.rngcollation, 0)::regcollation::text,
           'operator class', (select opc.opcname from pg_opclass opc where opc.oid = g.rngsubopc),
           'canonical', nullif(g.rngcanonical::oid, 0)::regproc::text,
           'difference', nullif(g.rngsubdiff::oid, 0)::regproc::text), 'pg_type'::regclass::oid, t.oid, 0
  from pg_range g
  join pg_type t on t.oid = g.rngtypid
  join namespaces n on n.oid = t.typnamespace
 where not exists (select from owned where classid = 'pg_type'::regclass and objid = t.oid)

union all
select 'sequence', r.name, jsonb_build_object(
           'type', format_type(s.seqtypid, null),
           'start', s.seqstart, 'increment', s.seqincrement, 'minimum', s.seqmin, 'maximum', s.seqmax,
           'cache', s.seqcache,
           'cycle', s.seqcycle,
           'unlogged', r.relpersistence = 'u',
           'identity of', (select a.attrelid::regclass || '.' || quote_ident(a.attname)
                             from pg_depend d
                             join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
                            where d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype = 'i'
                              and d.refclassid = 'pg_class'::regclass),
           'owned by', (select a.attrelid::regclass || '.' || quote_ident(a.attname)
                          from pg_depend d
                          join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
                         where d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype = 'a'
                           and d.refclassid = 'pg_class'::regclass)), 'pg_class'::regclass::oid, r.oid, 0
  from relations r
  join pg_sequence s on s.seqrelid = r.oid

union all
select 'table', r.name, jsonb_build_object(
           'kind', case r.relkind when 'p' then 'partitioned' when 'f' then 'foreign' end,
           'unlogged', r.relpersistence = 'u',
           'partition by', case when r.relkind = 'p' then pg_get_partkeydef(r.oid) end,
           'partition bound', case when r.relispartition then pg_get_expr(r.relpartbound, r.oid) end,
           'inherits', (select string_agg(inhparent::regclass::text, ', ' order by inhseqno)
                          from pg_inherits where inhrelid = r.oid),
           'of type', nullif(r.reloftype, 0)::regtype::text,
           'options', (select string_agg(item, ', ' order by item) from unnest(r.reloptions) as item),
           'access method', (select amname from pg_am where oid = r.relam and amname <> 'heap'),
           'row level security', r.relrowsecurity,
           'forced row level security', r.relforcerowsecurity,
           'replica identity', case r.relreplident when 'n' then 'nothing' when 'f' then 'full' when 'i' then 'index' end,
           'server', (select srvname from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver
                       where f.ftrelid = r.oid),
           'foreign options', (select string_agg(quote_ident(option_name) || ' ' || quote_literal(option_value), ', '
                                                 order by option_name)
                                 from pg_foreign_table f, pg_options_to_table(f.ftoptions)
                                where f.ftrelid = r.oid)), 'pg_class'::regclass::oid, r.oid, 0
  from relations r
 where r.relkind in ('r', 'p', 'f')

union all
select 'column', r.name || '.' || quote_ident(a.attname), jsonb_build_object(
           'type', case when r.relkind in ('r', 'p', 'f') then format_type(a.atttypid, a.atttypmod) end,
           'not null', r.relkind in ('r', 'p', 'f') and a.attnotnull,
           'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
           'generated', case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end,
           'generated kind', case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end,
           'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
           'collation', case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
           'storage', case when r.relkind in ('r', 'p', 'f') and a.attstorage <> t.typstorage then a.attstorage::text end,
           'compression', nullif(a.attcompression::text, ''),
           'statistics target', nullif(a.attstattarget, -1),
           'options', case when a.attoptions is not null then (
               select string_agg(item, ', ' order by item) from unnest(a.attoptions) as item) end,
           'foreign options', case when a.attfdwoptions is not null then (
               select string_agg(quote_ident(option_name) || ' ' || quote_literal(option_value), ', ' order by option_name)
                 from pg_options_to_table(a.attfdwoptions)) end), 'pg_class'::regclass::oid, r.oid, a.attnum::int
  from relations r
  join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
 where r.relkind in ('r', 'p', 'f')
    or (r.relkind in ('v', 'm', 'c') and exists (
           select from pg_description
            where classoid = 'pg_class'::regclass and objoid = r.oid and objsubid = a.attnum))

union all
select 'constraint', coalesce(r.name, t.name) || '.' || quote_ident(c.conname),
       jsonb_build_object(
           'definition', pg_get_constraintdef(c.oid),
           'no inherit', c.connoinherit and c.contype <> 'c' and r.relkind is null,
           'inherited', not c.conislocal,
           'clustered', i.indisclustered,
           'replica identity', i.indisreplident,
           'options', case when i.indexrelid is not null then (
               select string_agg(item, ', ' order by item)
                 from pg_class, unnest(reloptions) as item
                where oid = i.indexrelid) end), 'pg_constraint'::regclass::oid, c.oid, 0
  from pg_constraint c
  left join relations r on r.oid = c.conrelid
  left join domains t on t.oid = c.contypid
  left join pg_index i on i.indexrelid = c.conindid and c.contype in ('p', 'u', 'x')
  -- One for each partition of the table that a foreign key refers to is a part of that foreign key.
  left join pg_constraint p on p.oid = c.conparentid and p.conrelid = c.conrelid
 where c.contype in ('p', 'u', 'f', 'c', 'x')
   and (r.oid is not null or t.oid is not null)
   and p.oid is null

union all
select 'index', r.name, jsonb_build_object(
           'definition', pg_get_indexdef(r.oid),
           'table', i.indrelid::regclass::text,
           'invalid', not i.indisvalid and r.relkind = 'i',
           'clustered', i.indisclustered,
           'replica identity', i.indisreplident,
           'partition of', (select inhparent::regclass::text from pg_inherits where inhrelid = r.oid)),
       'pg_class'::regclass::oid, r.oid, 0
  from relations r
  join pg_index i on i.indexrelid = r.oid
  join relations o on o.oid = i.indrelid
 where not exists (select from pg_constraint c where c.conindid = r.oid and c.contype in ('p', 'u', 'x'))

union all
select 'statistics', n.name || '.' || quote_ident(s.stxname), jsonb_build_object(
           'definition', pg_get_statisticsobjdef(s.oid),
           'target', nullif(to_jsonb(s) ->> 'stxstattarget', '-1')), 'pg_statistic_ext'::regclass::oid, s.oid, 0
  from pg_statistic_ext s
  join namespaces n on n.oid = s.stxnamespace

union all
select case r.relkind when 'v' then 'view' else 'materialized_view' end, r.name, jsonb_build_object(
           'definition', pg_get_viewdef(r.oid),
           'options', (select string_agg(item, ', ' order by item) from unnest(r.reloptions) as item)),
       'pg_class'::regclass::oid, r.oid, 0
  from relations r
 where r.relkind in ('v', 'm')

union all
select case p.prokind when 'p' then 'procedure' else 'function' end,
       n.name || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')',
       jsonb_build_object(
           'definition', pg_get_functiondef(p.oid)), 'pg_proc'::regclass::oid, p.oid, 0
  from pg_proc p
  join namespaces n on n.oid = p.pronamespace
 where p.prokind in ('f', 'p', 'w')
   and p.oid >= 16384
   -- Those that PostgreSQL makes for a range type.
   and not exists (select from pg_depend d
                    where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype in ('e', 'i'))

union all
select 'aggregate', n.name || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')',
       jsonb_build_object(
           'kind', nullif(a.aggkind::text, 'n'),
           'arguments', pg_get_function_arguments(p.oid),
           'result', pg_get_function_result(p.oid),
           'state function', a.aggtransfn::regproc::text,
           'state type', format_type(a.aggtranstype, null),
           'state space', nullif(a.aggtransspace, 0),
           'final function', nullif(a.aggfinalfn::oid, 0)::regproc::text,
           'final function extra', a.aggfinalextra,
           'combine function', nullif(a.aggcombinefn::oid, 0)::regproc::text,
           'serial function', nullif(a.aggserialfn::oid, 0)::regproc::text,
           'deserial function', nullif(a.aggdeserialfn::oid, 0)::regproc::text,
           'moving state function', nullif(a.aggmtransfn::oid, 0)::regproc::text,
           'moving inverse function', nullif(a.aggminvtransfn::oid, 0)::regproc::text,
           'moving state type', case when a.aggmtranstype <> 0 then format_type(a.aggmtranstype, null) end,
           'moving final function', nullif(a.aggmfinalfn::oid, 0)::regproc::text,
           'initial state', a.agginitval,
           'moving initial state', a.aggminitval,
           'sort operator', nullif(a.aggsortop, 0)::regoperator::text,
           'parallel', nullif(p.proparallel::text, 'u')), 'pg_proc'::regclass::oid, p.oid, 0
  from pg_proc p
  join pg_aggregate a on a.aggfnoid = p.oid
  join namespaces n on n.oid = p.pronamespace
 where p.oid >= 16384
   and not exists (select from owned where classid = 'pg_proc'::regclass and objid = p.oid)

-- One without a function was only named by another, as its commutator or negator.
union all
select 'operator', o.oid::regoperator::text, jsonb_build_object(
           'definition', 'create operator ' || n.name || '.' || o.oprname || ' ('
               || concat_ws(', ',
                      'function = ' || o.oprcode::regproc,
                      'leftarg = ' || format_type(nullif(o.oprleft, 0), null),
                      'rightarg = ' || format_type(nullif(o.oprright, 0), null),
                      'commutator = ' || (select 'operator(' || other.oprnamespace::regnamespace || '.' || other.oprname || ')'
                                            from pg_operator other where other.oid = o.oprcom),
                      'negator = ' || (select 'operator(' || other.oprnamespace::regnamespace || '.' || other.oprname || ')'
                                         from pg_operator other where other.oid = o.oprnegate),
                      'restrict = ' || nullif(o.oprrest::oid, 0)::regproc,
                      'join = ' || nullif(o.oprjoin::oid, 0)::regproc,
                      case when o.oprcanhash then 'hashes' end,
                      case when o.oprcanmerge then 'merges' end) || ')'), 'pg_operator'::regclass::oid, o.oid, 0
  from pg_operator o
  join namespaces n on n.oid = o.oprnamespace
 where o.oprcode <> 0
   and not exists (select from owned where classid = 'pg_operator'::regclass and objid = o.oid)

union all
select 'cast', format('(%s as %s)', format_type(c.castsource, null), format_type(c.casttarget, null)), jsonb_build_object(
           'definition', format('create cast (%s as %s) ', format_type(c.castsource, null), format_type(c.casttarget, null))
               || case c.castmethod when 'f' then 'with function ' || c.castfunc::regprocedure
                                    when 'i' then 'with inout' else 'without function' end
               || case c.castcontext when 'a' then ' as assignment' when 'i' then ' as implicit' else '' end),
       'pg_cast'::regclass::oid, c.oid, 0
  from pg_cast c
 where c.oid >= 16384
   -- The cast from a range type to its multirange type comes with them.
   and not exists (select from pg_depend d
                    where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype in ('e', 'i'))

union all
select 'trigger', r.name || '.' || quote_ident(g.tgname), jsonb_build_object(
           'definition', pg_get_triggerdef(g.oid),
           'state', case g.tgenabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end),
       'pg_trigger'::regclass::oid, g.oid, 0
  from pg_trigger g
  join relations r on r.oid = g.tgrelid
 where not g.tgisinternal

union all
select 'rule', r.name || '.' || quote_ident(w.rulename), jsonb_build_object(
           'definition', pg_get_ruledef(w.oid),
           'state', case w.ev_enabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end),
       'pg_rewrite'::regclass::oid, w.oid, 0
  from pg_rewrite w
  join relations r on r.oid = w.ev_class
 where w.rulename <> '_RETURN'

union all
select 'policy', r.name || '.' || quote_ident(p.polname), jsonb_build_object(
           'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
                                    when 'd' then 'delete' else 'all' end,
           'restrictive', not p.polpermissive,
           'roles', (select string_agg(case when role = 0 then 'public' else role::regrole::text end, ', ' order by role)
                       from unnest(p.polroles) as role),
           'using', pg_get_expr(p.polqual, p.polrelid),
           'with check', pg_get_expr(p.polwithcheck, p.polrelid)), 'pg_policy'::regclass::oid, p.oid, 0
  from pg_policy p
  join relations r on r.oid = p.polrelid

union all
select 'event_trigger', quote_ident(e.evtname), jsonb_build_object(
           'event', e.evtevent,
           'function', e.evtfoid::regprocedure::text,
           'tags', (select string_agg(tag, ', ' order by tag) from unnest(e.evttags) as tag),
           'state', case e.evtenabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end),
       'pg_event_trigger'::regclass::oid, e.oid, 0
  from pg_event_trigger e
 where not exists (select from owned where classid = 'pg_event_trigger'::regclass and objid = e.oid)

union all
select 'publication', quote_ident(p.pubname), jsonb_build_object(
           'all tables', p.puballtables,
           'publishes', concat_ws(', ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
                                        case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end),
           'via partition root', p.pubviaroot,
           'tables', (select string_agg(t.prrelid::regclass::text
                                        || coalesce(' (' || (select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
                                                               from pg_attribute a
                                                              where a.attrelid = t.prrelid
                                                                and a.attnum = any (t.prattrs::int2[])) || ')', '')
                                        || coalesce(' where ' || pg_get_expr(t.prqual, t.prrelid), ''), ', '
                                        order by t.prrelid::regclass::text)
                        from pg_publication_rel t where t.prpubid = p.oid),
           'schemas', (select string_agg(s.pnnspid::regnamespace::text, ', ' order by s.pnnspid::regnamespace::text)
                         from pg_publication_namespace s where s.pnpubid = p.oid)), 'pg_publication'::regclass::oid, p.oid, 0
  from pg_publication p

-- What is known by its description only, so that it is not overlooked.
union all
select 'other', pg_describe_object(o.classid, o.objid, 0), '{}', o.classid, o.objid, 0
  from (select 'pg_opclass'::regclass::oid as classid, oid as objid from pg_opclass
        union all select 'pg_opfamily'::regclass, oid from pg_opfamily
        union all select 'pg_am'::regclass, oid from pg_am
        union all select 'pg_conversion'::regclass, oid from pg_conversion
        union all select 'pg_language'::regclass, oid from pg_language
        union all select 'pg_transform'::regclass, oid from pg_transform
        union all select 'pg_ts_parser'::regclass, oid from pg_ts_parser
        union all select 'pg_ts_template'::regclass, oid from pg_ts_template
        union all select 'pg_foreign_data_wrapper'::regclass, oid from pg_foreign_data_wrapper
        union all select 'pg_foreign_server'::regclass, oid from pg_foreign_server
        union all select 'pg_type'::regclass, oid from pg_type where typtype = 'b' and typcategory <> 'A') as o
 where o.objid >= 16384
   and not exists (select from pg_depend d
                    where d.classid = o.classid and d.objid = o.objid and d.deptype in ('e', 'i'))
)
-- A function that gives the comment of an object would run a query for each.
select o.class, o.name, o.facts, o.catalog, o.object, o.part, d.description as comment
  from objects o
  left join pg_description d
         on d.classoid = o.catalog and d.objoid = o.object and d.objsubid = o.part and o.class <> 'other'
