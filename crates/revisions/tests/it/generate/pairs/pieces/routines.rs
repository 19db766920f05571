//! Functions, procedures and aggregates, over the types.

use super::Forms;

pub const PIECES: &[Forms] = &[
    (
        "f",
        &[],
        &[
            "create function f(x bigint) returns bigint language sql immutable as 'select x';",
            "create function f(x bigint) returns bigint language sql immutable as 'select x + 1'; comment on function f is 'F';",
            "create function f(x bigint) returns int language sql immutable as 'select 1';",
            "create function f(y bigint) returns bigint language sql immutable strict as 'select y';",
        ],
    ),
    (
        "label",
        &[],
        &[
            "create function label(t text default 'x', variadic more text[] default '{}') returns text language sql immutable parallel safe as 'select t';",
            "create function label(t text default 'y', variadic more text[] default '{}') returns text language sql immutable as $$ select t || '''' $$;",
        ],
    ),
    (
        "overloaded",
        &[],
        &[
            "create function over(int) returns int language sql immutable as 'select $1'; create function over(text) returns int language sql immutable as 'select 1';",
            "create function over(x int, y int default 1) returns int language sql immutable as 'select x';",
            "create function over(int) returns int language plpgsql immutable as 'begin return $1; end'; create procedure over(x text) language sql as 'select 1';",
        ],
    ),
    (
        "standard",
        &["f"],
        &[
            "create function standard(x int) returns bigint language sql immutable begin atomic select f(x); end;",
            "create function standard(x int) returns bigint immutable return f(x) + 1;",
        ],
    ),
    (
        "of_mood",
        &["mood"],
        &[
            "create function of_mood(m mood default 'calm') returns int language sql immutable as $$ select case m when 'calm' then 1 else 2 end $$;",
            "create function of_mood(m mood) returns int language sql immutable as 'select 3';",
            "create function of_mood(m mood[]) returns mood language sql immutable as 'select m[1]';",
        ],
    ),
    (
        "of_home",
        &["home"],
        &[
            "create function of_home(h home) returns int language sql immutable as 'select (h).zip';",
            "create function of_home(h home) returns int language sql immutable begin atomic select (h).zip + 1; end;",
            "create function of_home(h home, n int default 0) returns home language sql immutable as 'select h';",
        ],
    ),
    (
        "of_points",
        &["points"],
        &[
            "create function of_points(p points) returns points language sql immutable as 'select p';",
            "create function of_points(p points, out one int, out two points) language sql immutable as 'select 1, p';",
            "create function of_points(p points) returns table (one points) language sql stable as 'select p';",
        ],
    ),
    (
        "of_route",
        &["route"],
        &[
            "create function of_route(r route) returns setof place language sql stable as 'select (r).start';",
            "create function of_route(r route[]) returns place language sql stable begin atomic select (r[1]).start; end;",
        ],
    ),
    (
        "procedure",
        &[],
        &[
            "create procedure work(n int) language sql as 'select n';",
            "create procedure work(n int) language plpgsql as 'begin commit; end'; comment on procedure work is 'W';",
            "create procedure work(inout n int, t text default 'x') language plpgsql as 'begin n := 1; end';",
        ],
    ),
    (
        "touch",
        &[],
        &[
            "create function touch() returns trigger language plpgsql as 'begin return new; end';",
            "create function touch() returns trigger language plpgsql security definer set search_path = '' as 'begin return null; end';",
            "create function touch() returns trigger language plpgsql as 'begin return old; end'; comment on function touch() is 'T';",
        ],
    ),
    (
        "step",
        &[],
        &[
            "create function step(state bigint, n bigint) returns bigint language sql immutable as 'select state + n';",
            "create function step(state bigint, n bigint) returns bigint language sql immutable strict as 'select state * n';",
        ],
    ),
    (
        "total",
        &["step"],
        &[
            "create aggregate total (bigint) (sfunc = step, stype = bigint, initcond = '0');",
            "create aggregate total (bigint) (sfunc = step, stype = bigint, initcond = '1', parallel = safe, combinefunc = step); comment on aggregate total (bigint) is 'T';",
            "create aggregate total (bigint) (sfunc = step, stype = bigint, initcond = '0'); comment on aggregate total (bigint) is 'Total';",
        ],
    ),
    (
        "best",
        &["points"],
        &[
            "create function better(a points, b points) returns points language sql immutable as 'select greatest(a, b)';
             create aggregate best (points) (sfunc = better, stype = points);",
            "create function better(a points, b points) returns points language sql immutable as 'select least(a, b)';
             create aggregate best (p points) (sfunc = better, stype = points);",
        ],
    ),
];
