//! Tables that inherit, and partitions.

use super::Forms;

pub const PIECES: &[Forms] = &[
    (
        "h",
        &["a"],
        &[
            "create table h (extra int) inherits (a);",
            "create table h (extra int) inherits (a); alter table h alter t set default '1'; create index h_extra on h (extra); alter table h add constraint h_extra check (extra > 0);",
            "create table h () inherits (a); comment on column h.n is 'N'; alter table h alter n set default 9;",
        ],
    ),
    (
        "parents",
        &[],
        &[
            "create table one (x int, y text); create table two (x int not null, z date); create table three (w int) inherits (one, two);",
            "create table one (x int constraint x check (x > 0), y text); create table two (x int, z date); create table three (w int) inherits (two, one);",
            "create table one (x int, y varchar(5)); create table two (x int, z date default now()); create table three (w int, x int, y varchar(5)) inherits (one);",
        ],
    ),
    (
        "p",
        &[],
        &[
            "create table p (d date not null, x int) partition by range (d); create table p_1 partition of p for values from ('2025-01-01') to ('2026-01-01');",
            "create table p (d date not null, x bigint, y text) partition by range (d); create table p_1 partition of p for values from ('2025-01-01') to ('2027-01-01'); create index p_x on p (x);",
            "create table p (d date not null, x int, y text default 'y', primary key (d)) partition by range (d); create table p_1 partition of p for values from (minvalue) to ('2026-01-01'); create table p_2 partition of p default;
             create index p_y on p (y) where x > 0; comment on index p_y is 'Y';",
            "create table p (d date not null, x int check (x > 0)) partition by range (d); create table p_1 partition of p for values from ('2025-01-01') to ('2026-01-01') partition by list (x);
             create table p_1_1 partition of p_1 for values in (1, 2, null); create table p_1_2 partition of p_1 default; create table p_2 partition of p for values from ('2026-01-01') to (maxvalue);",
            "create table p (d date not null, x int) partition by hash (x); create table p_1 partition of p for values with (modulus 2, remainder 0); create table p_2 partition of p for values with (modulus 2, remainder 1);",
        ],
    ),
    (
        "p_parts",
        &["p", "f", "touch"],
        &[
            "create trigger p_touch after insert on p for each row execute function touch();",
            "create index p_f on p (f(x)); alter table p_1 alter x set default 3; comment on column p_1.x is 'X';",
            "alter table p add constraint p_f check (f(x) > 0); create trigger p_touch before update of d on p for each row execute function touch(); comment on table p_1 is 'One';",
            "alter table p add z bigint default f(1) not null; create statistics p_st on x, d from p; alter table p_1 add constraint own check (x <> 7);",
        ],
    ),
    (
        "l",
        &["mood"],
        &[
            "create table l (id int, m mood, primary key (id, m)) partition by list (m); create table l_calm partition of l for values in ('calm');",
            "create table l (id bigint, m mood) partition by list (m); create table l_calm partition of l for values in ('calm', null) with (fillfactor = 60); create table l_rest partition of l default;",
            "create table l (id int, m text not null) partition by list (lower(m)); create table l_calm partition of l for values in ('calm'); create index l_id on l (id);",
        ],
    ),
    (
        "keys",
        &[],
        &[
            "create table goal (id int, k int, primary key (id, k)) partition by hash (k); create table goal_0 partition of goal for values with (modulus 1, remainder 0);
             create table source (id int, k int, constraint source_goal foreign key (id, k) references goal) partition by list (k); create table source_1 partition of source for values in (1); create table source_2 partition of source for values in (2);",
            "create table goal (id bigint, k int, unique (k, id)) partition by hash (k); create table goal_0 partition of goal for values with (modulus 1, remainder 0);
             create table source (id bigint, k int, constraint source_goal foreign key (k, id) references goal (k, id) on delete cascade deferrable) partition by list (k); create table source_1 partition of source for values in (1, 2);",
            "create table goal (id int primary key, k int); create table source (id int references goal, k int) partition by list (k); create table source_1 partition of source for values in (1);",
        ],
    ),
    (
        "attached",
        &["keys"],
        &[
            "create table attached (k int, id int); create index attached_k on attached (k);",
            "create table attached (like source including all); alter table source attach partition attached for values in (9);",
        ],
    ),
];
