//! Triggers, rules, policies, event triggers and publications.

use super::Forms;

pub const PIECES: &[Forms] = &[
    (
        "t",
        &["a", "touch"],
        &[
            "create trigger t before insert on a for each row execute function touch();",
            "create trigger t before update of n on a for each row when (new.id > 0) execute function touch(); alter table a disable trigger t;",
            "create constraint trigger t after update of n, t on a deferrable initially deferred for each row execute function touch('x', '1'); comment on trigger t on a is 'T';",
            "create trigger t after insert on a referencing new table as fresh for each statement execute function touch(); alter table a enable always trigger t;",
        ],
    ),
    (
        "t_f",
        &["a", "f", "touch"],
        &[
            "create trigger \"T.f\" before update on a for each row when (f(new.id) > 0 and old.t is distinct from new.t) execute function touch();",
            "create trigger \"T.f\" after delete on a for each statement execute function touch(); comment on trigger \"T.f\" on a is 'F';",
        ],
    ),
    (
        "t_v",
        &["w", "touch"],
        &[
            "create trigger t_w instead of insert on w for each row execute function touch();",
            "create rule r_w as on insert to w do instead nothing; comment on rule r_w on w is 'R';",
            "create trigger t_w instead of update on w for each row execute function touch(); create rule r_w as on delete to w do instead delete from a;",
        ],
    ),
    (
        "q",
        &["a"],
        &[
            "create rule q as on delete to a do instead nothing;",
            "create rule q as on update to a where old.id between 1 and 2 do also select new.n; comment on rule q on a is 'Q';",
            "create rule q as on delete to a do instead nothing; alter table a disable rule q;",
        ],
    ),
    (
        "r",
        &["a"],
        &[
            "alter table a enable row level security; create policy r on a using (n > 0);",
            "create policy r on a for select to public using (n > 1); alter table a force row level security;",
            "create policy r on a as restrictive for update using (t in ('a', 'b')) with check (id > 0); comment on policy r on a is 'R';",
            "alter table a enable row level security; create policy r on a for insert to current_user with check (n > 0);",
        ],
    ),
    (
        "r_f",
        &["a", "f", "standard"],
        &[
            "create policy \"R.f\" on a using (f(id) > 0);",
            "create policy \"R.f\" on a for select using (exists (select from pg_roles where standard(1) = a.id));",
            "create policy \"R.f\" on a using (f(id) > 0); comment on policy \"R.f\" on a is 'F';",
        ],
    ),
    (
        "r_v",
        &["v", "b"],
        &["create policy r_v on b using (id in (select id from v)); alter table b enable row level security;"],
    ),
    (
        "events",
        &[],
        &[
            "create function on_event() returns event_trigger language plpgsql as 'begin end'; create event trigger events on ddl_command_end execute function on_event();",
            "create function on_event() returns event_trigger language plpgsql as 'begin end'; create event trigger events on sql_drop when tag in ('DROP TABLE', 'DROP VIEW') execute function on_event();
             comment on event trigger events is 'E'; alter event trigger events disable;",
            "create function on_event() returns event_trigger language plpgsql as 'begin perform 1; end'; create event trigger events on ddl_command_end execute function on_event(); alter event trigger events enable replica;",
        ],
    ),
    (
        "news",
        &["a", "settings"],
        &[
            "create publication news for table a;",
            "create publication news for table settings (k), a where (id > 0) with (publish = 'insert'); comment on publication news is 'N';",
            "create publication news for table only a; comment on publication news is 'A';",
            "create publication news for all tables with (publish_via_partition_root);",
        ],
    ),
    (
        "schemas",
        &["odd", "p"],
        &[
            "create publication \"News.of it\" for tables in schema \"My.odd one\";",
            "create publication \"News.of it\" for table p, tables in schema \"My.odd one\" with (publish_via_partition_root);",
            "create publication \"News.of it\"; comment on publication \"News.of it\" is 'N';",
        ],
    ),
];
