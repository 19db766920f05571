#!/usr/bin/env python3
"""Tries `revisions diff FROM TO --sql` on the schemas of other projects.

    trial.py [--tool PROGRAM] [--migra PROGRAM] [--keep DIR] DIRECTORY [NAME ...]

DIRECTORY has a directory for each project, with a file for each version, which psql can load into an empty database:

    DIRECTORY/pagila/2.1.sql
    DIRECTORY/synapse/1.20.0.sql
    DIRECTORY/synapse/1.163.2.sql

NAME picks projects. The server is the one that psql reaches (PGHOST, a directory of a socket, and PGUSER, who has to be
a superuser); the databases `trial_*` on it are dropped and made.

For every version, the statements from an empty database to it are applied to an empty database. For two versions that
follow each other, those between them, both ways, on a database that was loaded with the one. Each time

- `pg_dump --schema-only --no-owner --no-privileges` of what came out and of what was wanted has to be equal, save for the
  order of the storage options of a table. Between two versions, the columns within a table are sorted before: an added column is the last one. If they differ, both
  are put through `pg_dump | psql` once more: PostgreSQL does not always write what it would write after reading that
  (`x in ('a')` on a varchar, literals in a union), so not even a backup gives the same dump. That is told as `restored`;
- a second `diff` has to find nothing;
- migra, if it is given, has to find nothing, in both directions.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse

OPTIONS = "-c client_min_messages=error"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default="revisions")
    parser.add_argument("--migra")
    parser.add_argument("--keep", type=pathlib.Path, help="where statements and dumps are left")
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    trial = Trial(options)
    names = options.names or sorted(path.name for path in options.directory.iterdir() if list(path.glob("*.sql")))
    for name in names:
        versions = sorted((options.directory / name).glob("*.sql"), key=order)
        for version in versions:
            trial.made(name, version)
        for one, other in zip(versions, versions[1:]):
            trial.moved(name, one, other)
            trial.moved(name, other, one)
    sys.exit(1 if trial.failed else 0)


def order(path):
    """1.9 before 1.10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.stem)]


class Trial:
    def __init__(self, options):
        self.options = options
        self.failed = False

    def made(self, name, version):
        """From nothing to a version."""
        database("trial_wanted", version)
        database("trial_empty")
        database("trial_reached")
        self.lead(f"{name} {version.stem}", "trial_empty", "trial_reached", "trial_wanted", in_order=True)

    def moved(self, name, one, other):
        """From a version to another."""
        database("trial_wanted", other)
        database("trial_reached", one)
        what = f"{name} {one.stem} -> {other.stem}"
        self.lead(what, "trial_reached", "trial_reached", "trial_wanted", in_order=False)

    def lead(self, what, found, reached, wanted, in_order):
        began = time.monotonic()
        statements = self.diff(found, wanted, "--sql")
        seconds = time.monotonic() - began
        self.keep(what, "sql", statements)
        # Each statement runs by itself, where `set local` would be forgotten at once.
        script = re.sub("^set local ", "set ", statements, flags=re.M)
        told = run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", reached], script, check=False)
        problems, as_restored = [], False
        if told.returncode != 0:
            problems.append(told.stderr.strip())
        rest = self.diff(reached, wanted).strip()
        if rest != "no difference":
            problems.append("a second diff finds:\n" + rest)
        shape = (lambda text: text) if in_order else sorted_columns
        dumps = [shape(dump(reached)), shape(dump(wanted))]
        if dumps[0] != dumps[1]:
            as_restored = True
            for name in (reached, wanted):
                restore(name, f"{name}_restored")
            reached, wanted = f"{reached}_restored", f"{wanted}_restored"
            dumps = [shape(dump(reached)), shape(dump(wanted))]
        self.keep(what, "reached.dump", dumps[0])
        self.keep(what, "wanted.dump", dumps[1])
        if dumps[0] != dumps[1]:
            problems.append("the dumps differ")
        problems.extend(self.migra(reached, wanted))
        problems.extend(self.migra(wanted, reached))
        tables = "select count(*) from pg_class where relkind in ('r', 'p') and oid >= 16384"
        objects = len(re.findall("^-- Name: ", dump(wanted), re.M))
        count = run(["psql", "-XAt", "-d", wanted, "-c", tables]).stdout.strip()
        outcome = "DIFFERS" if problems else "equal, restored" if as_restored else "equal"
        print(f"{what}: {outcome}; {count} tables, {objects} objects, {len(statements.splitlines())} lines in {seconds:.2f} s", flush=True)
        for problem in problems:
            self.failed = True
            print("    " + problem[:1500].replace("\n", "\n    "), flush=True)

    def diff(self, found, wanted, *more):
        return run([self.options.tool, "diff", url(found), url(wanted), *more]).stdout

    def migra(self, one, other):
        if not self.options.migra:
            return []
        host, user = os.environ["PGHOST"], os.environ["PGUSER"]
        addresses = [f"postgresql://{user}@/{name}?host={host}" for name in (one, other)]
        told = run([self.options.migra, "--unsafe", *addresses], check=False)
        found = (told.stdout + told.stderr).strip()
        return [f"migra finds, from {one} to {other}:\n{found[:1500]}"] if found or told.returncode else []

    def keep(self, what, kind, text):
        if self.options.keep:
            self.options.keep.mkdir(parents=True, exist_ok=True)
            name = re.sub(r"[^\w.]+", "_", what)
            (self.options.keep / f"{name}.{kind}").write_text(text)


def database(name, file=None):
    run(["psql", "-Xqc", f"drop database if exists {name}", "-d", "postgres"])
    run(["createdb", "-T", "template0", name])
    if file:
        told = run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", name, "-f", str(file)], check=False)
        if told.returncode != 0:
            sys.exit(f"{file} cannot be loaded: {told.stderr}")


def restore(name, into):
    database(into)
    run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", into], dump(name))


def dump(name):
    text = run(["pg_dump", "--schema-only", "--no-owner", "--no-privileges", name]).stdout
    # Two lines that have a random word.
    text = re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.M)
    # Storage options are kept in the order in which they were set, which means nothing.
    options = lambda match: f"WITH ({', '.join(sorted(match.group(1).split(', ')))});"
    return re.sub(r"^WITH \(([^()]*)\);$", options, text, flags=re.M)


def sorted_columns(text):
    """The lines of each `create table` in the order of their names."""

    def body(match):
        lines = sorted(line.rstrip(",") for line in match.group(2).splitlines())
        return match.group(1) + "\n".join(lines) + match.group(3)

    return re.sub(r"(^CREATE (?:UNLOGGED |FOREIGN )?TABLE [^\n]* \(\n)(.*?)(\n\))", body, text, flags=re.M | re.S)


def url(name):
    host, user = (urllib.parse.quote(os.environ[key], safe="") for key in ("PGHOST", "PGUSER"))
    return f"postgres://{user}@{host}/{name}"


def run(command, text=None, check=True):
    told = subprocess.run(command, input=text, capture_output=True, text=True, env={**os.environ, "PGOPTIONS": OPTIONS})
    if check and told.returncode != 0:
        sys.exit(f"{' '.join(command)}: {told.stderr}")
    return told


if __name__ == "__main__":
    main()
