//! Views and materialized views, over tables, functions, aggregates and each other.

use super::Forms;

pub const PIECES: &[Forms] = &[
    (
        "v",
        &["a"],
        &[
            "create view v as select id, n from a;",
            "create view v with (security_barrier) as select n, t, id from a; comment on view v is 'V'; comment on column v.n is 'N';",
            "create view v as select id, n from a where id between 1 and 5 with check option;",
            "create materialized view v as select n, id from a; create index v_n on v (n);",
        ],
    ),
    (
        "w",
        &["v"],
        &[
            "create view w as select n from v;",
            "create view w as select count(*) as n from v;",
            "create view w as select v.n, a.id from v join a using (id) where a.id > 0;",
        ],
    ),
    (
        "x",
        &["w", "f"],
        &[
            "create view x as select f(n::bigint) as n from w;",
            "create view x as with recursive r as (select 1::bigint as n union all select f(n) + 1 from r where n < 5) select r.n from r join w on true;",
            "create materialized view x as select f(n::bigint) as n from w; create unique index \"X.n\" on x (n); comment on materialized view x is 'X';",
        ],
    ),
    (
        "homes",
        &["of_home", "home"],
        &[
            "create view homes as select of_home(null::place::home) as h;",
            "create view homes as select null::home as h, null::home[] as hs; comment on view homes is 'H';",
        ],
    ),
    (
        "totals",
        &["total", "a", "s"],
        &[
            "create view totals as select total(id) as total from a;",
            "create view totals as select t, total(id) over (order by t) as total from a, s;",
            "create materialized view totals as select t, total(id) as total from a group by t with no data; create unique index totals_t on totals (t) with (fillfactor = 80); comment on index totals_t is 'T';",
            "create materialized view totals with (autovacuum_enabled = false) as select t, total(id) as total from a group by t;",
        ],
    ),
    (
        "bests",
        &["best", "a_points"],
        &[
            "create view bests as select best(1::points) over () as best, a.* from a;",
            "create view bests as select a as whole, best(2::points) as best from a group by a.id;",
        ],
    ),
    (
        "routes",
        &["route", "of_route", "booking"],
        &[
            "create table routes (r text, p text); create view route_list as select null::route as r;",
            "create view route_list as select span, row(1, 2)::text as r from booking;",
        ],
    ),
    (
        "of_rows",
        &["a"],
        &[
            "create function of_rows() returns setof a language sql stable as 'select * from a';",
            "create function of_rows(a) returns int language sql stable as 'select 1'; create view over_rows as select of_rows(a) as o from a;",
            "create function of_rows() returns bigint language sql stable begin atomic select count(*) from a where id > 0; end;",
            "create function of_rows(x a[]) returns a language plpgsql stable as 'begin return x[1]; end'; create view over_rows as select (of_rows(array[a])).id as o from a;",
        ],
    ),
    (
        "partitions",
        &["p"],
        &[
            "create view partitions as select d, x from p;",
            "create materialized view partitions as select p.tableoid::regclass::text as t, p_1.d from p join p_1 using (x);",
        ],
    ),
    (
        "users",
        &["user", "table"],
        &[
            "create view \"Users.of it\" as select \"select\", \"Odd.name x\" as \"From\" from \"User\"; comment on column \"Users.of it\".\"From\" is 'F';",
            "create view \"Users.of it\" as select u.\"order\", t.\"user\" from \"User\" u, \"My.odd one\".\"table\" t;",
            "create view \"Users.of it\" (a, b) with (security_invoker = true) as select \"user\", t from \"My.odd one\".\"table\"; create function \"Users.of it\"() returns setof \"Users.of it\" language sql stable as 'select * from \"Users.of it\"';",
        ],
    ),
];
