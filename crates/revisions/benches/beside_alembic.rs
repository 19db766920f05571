//! The commands on a project of 2,000 revisions, beside Alembic with the same project on the same server.
//!
//! Whole processes are measured, from their start to their end, in turns: that is what a person, or a deployment, waits
//! for. Alembic is taken from the variable ALEMBIC, else from the PATH (`pip install alembic psycopg2-binary`); without
//! it, ours are measured alone. Each revision makes a table; both sides have the same statements.
//!
//! The memory is the peak of the process as Linux has it (`VmHWM`), looked at every millisecond.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)] // Results are for reading.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use scratch_postgres::{Builder, Server};

/// How large, and how often.
struct Plan {
    revisions: usize,
    runs: usize,
}

const MEASURE: Plan = Plan {
    revisions: 2_000,
    runs: 7,
};

/// Without `--bench`, as `cargo test --benches` calls it, it only has to show that it works.
const TRY: Plan = Plan {
    revisions: 20,
    runs: 1,
};

/// What is measured: the words for both, how often of the runs, and the goal in milliseconds.
struct Case {
    name: &'static str,
    words: &'static [&'static str],
    goal_ms: f64,
    once: bool,
}

const CASES: [Case; 6] = [
    Case {
        name: "history",
        words: &["history"],
        goal_ms: 60.0,
        once: false,
    },
    Case {
        name: "heads",
        words: &["heads"],
        goal_ms: 60.0,
        once: false,
    },
    Case {
        name: "upgrade head --sql",
        words: &["upgrade", "head", "--sql"],
        goal_ms: 150.0,
        once: false,
    },
    Case {
        name: "upgrade head",
        words: &["upgrade", "head"],
        goal_ms: 3_900.0,
        once: true,
    },
    Case {
        name: "current",
        words: &["current"],
        goal_ms: 60.0,
        once: false,
    },
    Case {
        name: "upgrade head, nothing to do",
        words: &["upgrade", "head"],
        goal_ms: 60.0,
        once: false,
    },
];

fn main() {
    let plan = match std::env::args().any(|argument| argument == "--bench") {
        true => MEASURE,
        false => TRY,
    };
    let server = Builder::new().start().expect("a PostgreSQL");
    if server.max_connections() == 1 {
        println!("skipped: the embedded PostgreSQL serves one connection; install PostgreSQL");
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary directory");
    let sides = [
        Some(ours(&server, dir.path(), plan.revisions)),
        alembic(&server, dir.path(), plan.revisions),
    ];
    println!("{} revisions, {server}", plan.revisions);
    if sides[1].is_none() {
        println!("without Alembic: there is none on the PATH, nor in ALEMBIC");
    }
    println!(
        "milliseconds, the median of {} runs, and the peak of memory",
        plan.runs
    );
    println!(
        "  {:<28} {:>8} {:>8}   {:>8} {:>8}   {:>6}",
        "", "ours", "MB", "Alembic", "MB", "goal"
    );
    for case in &CASES {
        let mut row = format!("  {:<28}", case.name);
        for side in &sides {
            match side.as_ref().map(|side| side.measure(case, plan.runs)) {
                Some((ms, mb)) => write!(row, " {ms:>8.1} {mb:>8.1}  ").unwrap(),
                None => row.push_str("        -        -  "),
            }
        }
        println!("{row} {:>6.0}", case.goal_ms);
    }
    if let Some(single) = sides.into_iter().flatten().next() {
        let small = single.with_one_revision(&server, dir.path());
        let (ms, mb) = small.measure(&CASES[0], plan.runs.max(5));
        println!(
            "  {:<28} {ms:>8.1} {mb:>8.1}   {:>8} {:>8}   {:>6.0}",
            "history of 1 revision", "", "", 30.0
        );
    }
}

/// One of the two programs, and its project.
struct Side {
    program: PathBuf,
    dir: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Side {
    /// The median of the times, and the largest memory.
    fn measure(&self, case: &Case, runs: usize) -> (f64, f64) {
        let runs = if case.once { 1 } else { runs };
        let mut times = Vec::new();
        let mut peak_kb = 0;
        for _ in 0..runs {
            let started = Instant::now();
            let mut child = Command::new(&self.program)
                .current_dir(&self.dir)
                .envs(self.variables.iter().cloned())
                .args(case.words)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the program");
            let (success, kb) = watch(&mut child);
            times.push(started.elapsed());
            assert!(
                success,
                "{} failed: {:?}",
                self.program.display(),
                case.words
            );
            peak_kb = peak_kb.max(kb);
        }
        times.sort_unstable();
        let median = times[times.len() / 2];
        (median.as_secs_f64() * 1_000.0, peak_kb as f64 / 1_024.0)
    }

    fn with_one_revision(&self, server: &Server, dir: &Path) -> Self {
        let side = ours(server, &dir.join("one"), 1);
        Self {
            program: self.program.clone(),
            ..side
        }
    }
}

/// Waits for the end, and looks at the memory meanwhile.
fn watch(child: &mut Child) -> (bool, u64) {
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0;
    loop {
        if let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kb = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            peak_kb = peak_kb.max(kb.unwrap_or(0));
        }
        if let Some(status) = child.try_wait().expect("a child") {
            return (status.success(), peak_kb);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn id(number: usize) -> usize {
    20_200_101_000_000 + number
}

fn table(number: usize) -> String {
    format!("create table t{number} (id bigint primary key, name text not null)")
}

fn ours(server: &Server, dir: &Path, revisions: usize) -> Side {
    let sql = dir.join("ours/sql");
    std::fs::create_dir_all(&sql).unwrap();
    for number in 1..=revisions {
        let parent = match number {
            1 => "none".to_owned(),
            number => id(number - 1).to_string(),
        };
        let stem = format!("U{}__table_{number}", id(number));
        let up = format!(
            "-- Table {number}.\n-- revises: {parent}\n\n{};\n",
            table(number)
        );
        std::fs::write(sql.join(format!("{stem}.sql")), up).unwrap();
        std::fs::write(
            sql.join(format!("{stem}.down.sql")),
            format!("drop table t{number};\n"),
        )
        .unwrap();
    }
    Side {
        program: env!("CARGO_BIN_EXE_revisions").into(),
        dir: dir.join("ours"),
        variables: vec![(
            "DATABASE_URL",
            database(server, &format!("ours_{revisions}")),
        )],
    }
}

fn alembic(server: &Server, dir: &Path, revisions: usize) -> Option<Side> {
    let program = PathBuf::from(std::env::var_os("ALEMBIC").unwrap_or_else(|| "alembic".into()));
    let is_there = Command::new(&program).arg("--version").output();
    is_there.ok().filter(|output| output.status.success())?;
    let dir = dir.join("alembic");
    let versions = dir.join("migrations/versions");
    std::fs::create_dir_all(&versions).unwrap();
    std::fs::write(
        dir.join("alembic.ini"),
        "[alembic]\nscript_location = migrations\n",
    )
    .unwrap();
    std::fs::write(dir.join("migrations/env.py"), ENVIRONMENT).unwrap();
    for number in 1..=revisions {
        let parent = match number {
            1 => "None".to_owned(),
            number => format!("'{}'", id(number - 1)),
        };
        let text = format!(
            "\"\"\"Table {number}.\"\"\"\nfrom alembic import op\nrevision = '{}'\ndown_revision = {parent}\n\n\
             def upgrade():\n    op.execute('{}')\n\ndef downgrade():\n    op.execute('drop table t{number}')\n",
            id(number),
            table(number)
        );
        std::fs::write(
            versions.join(format!("{}_table_{number}.py", id(number))),
            text,
        )
        .unwrap();
    }
    Some(Side {
        program,
        dir,
        variables: vec![("BENCHMARK_URL", database(server, "alembic"))],
    })
}

const ENVIRONMENT: &str = "
import os
import urllib.parse
from alembic import context
from sqlalchemy import create_engine, pool

if context.is_offline_mode():
    context.configure(dialect_name='postgresql', literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    parts = urllib.parse.urlsplit(os.environ['BENCHMARK_URL'])
    name = parts.path.lstrip('/')
    host = urllib.parse.unquote(parts.netloc.rpartition('@')[2].partition(':')[0])
    port = parts.netloc.rpartition(':')[2] if ':' in parts.netloc.rpartition('@')[2] else ''
    query = dict(urllib.parse.parse_qsl(parts.query))
    query.setdefault('host', host)
    if port.isdigit():
        query.setdefault('port', port)
    user = urllib.parse.unquote(parts.netloc.rpartition('@')[0].partition(':')[0]) or query.get('user', 'postgres')
    dsn = dict(query, dbname=name, user=user)
    import psycopg2
    engine = create_engine('postgresql+psycopg2://', creator=lambda: psycopg2.connect(**dsn), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
";

/// A database of the side's own.
fn database(server: &Server, name: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let url = revisions::DatabaseUrl::parse(&server.database_url(name)).unwrap();
    runtime
        .block_on(url.create_if_missing("benchmark"))
        .unwrap();
    server.database_url(name)
}
