#!/usr/bin/env python3
"""Asks Alembic itself what it does, and writes the answers to `cases.json` beside this file.

    pip install alembic==1.20.1
    python record.py

The graphs and the upgrades, downgrades and stamps on them are those of `graphs.py`. Every operation runs in Alembic's
own `ScriptDirectory` and `MigrationContext`, on a version table in an SQLite in memory. The seeds are fixed, so the
same Alembic writes the same file. `tests/it/alembic/` replays it.

What is written of an operation is its kind, its arguments, and the set of revisions that are applied after it: those in
the version table, and all that they need. Where Alembic refused, it is the class of the error instead; `crash: ` before
it means that it was no refusal but an exception that Alembic does not mean to raise.

What must not be in here: anything about how the crate under test answers.
"""

import json
import os
import random
import re
import sys
import types
import warnings
from pathlib import Path

if os.environ.get("PYTHONHASHSEED") != "0":  # Alembic iterates over sets of strings.
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
sys.dont_write_bytecode = True

import alembic
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionMap
from alembic.util import CommandError

from graphs import EXAMPLES, Graph, Names

ALEMBIC = "1.20.1"
SEED = 20251122
GRAPHS = 220


class Alembic:
    """One project of Alembic's with one database."""

    def __init__(self, graph):
        self.graph, self.ran = graph, set()
        self.script = ScriptDirectory(".")
        self.script.revision_map = RevisionMap(self.scripts)
        self.connection = sa.create_engine("sqlite://").connect()
        MigrationContext.configure(self.connection)._ensure_version_table()
        self.connection.commit()

    def scripts(self):
        for place, id_ in enumerate(self.graph.ids):
            module = types.ModuleType(id_)
            module.revision = id_
            module.down_revision = tuple(self.graph.ids[at] for at in self.graph.parents[place]) or None
            module.depends_on = tuple(self.graph.ids[at] for at in self.graph.depends_on[place]) or None
            module.branch_labels = self.graph.labels[place]
            module.upgrade = lambda place=place, **_: self.ran.add(place)
            module.downgrade = lambda place=place, **_: self.ran.remove(place)
            yield Script(module, id_, f"{id_}.py")

    def rows(self):
        with self.connection.begin():
            return MigrationContext.configure(self.connection).get_current_heads()

    def run(self, kind, arguments):
        """The applied revisions afterwards, or the class of the error."""
        functions = {
            "upgrade": lambda heads, _: self.script._upgrade_revs(arguments[0], heads),
            "downgrade": lambda heads, _: self.script._downgrade_revs(arguments[0], heads),
            "stamp": lambda heads, _: self.script._stamp_revs(tuple(arguments), heads),
        }
        before = set(self.ran)
        try:
            with self.connection.begin(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                MigrationContext.configure(self.connection, opts={"fn": functions[kind]}).run_migrations()
        except CommandError as error:
            self.ran = before
            return refusal(error)
        except Exception as error:
            self.ran = before
            return f"crash: {type(error).__name__}"
        applied = self.graph.closure(self.rows())
        if kind == "stamp":
            self.ran = set(applied)
        assert self.ran == applied, "the version table tells what has been run"
        self.tidy()
        return sorted(applied)

    def tidy(self):
        """Removes the rows that others imply. A stamp can leave them, and Alembic refuses to go on from there."""
        rows = self.rows()
        with self.connection.begin():
            for row in rows:
                if any(self.graph.ids.index(row) in self.graph.closure([other]) for other in rows if other != row):
                    self.connection.execute(sa.text("delete from alembic_version where version_num = :id"), {"id": row})


def refusal(error):
    """The class of the error, and the words of its message that say which it is."""
    cause = error.__cause__
    if type(cause).__name__ != "RevisionError":
        return type(cause).__name__
    words = re.sub(r"[0-9]{14}|'[^']*'|[+-][0-9]+|\(.*\)", "", str(cause)).split()
    return "RevisionError: " + " ".join(words[:3])


def example(revisions, operations):
    graph = Graph.written(revisions)
    operations = (operation.format(*graph.ids).split(" ") for operation in operations)
    return answered(graph, lambda project: ((kind, arguments) for kind, *arguments in operations))


def invented(seed):
    rng = random.Random(seed)
    graph = Graph.random(rng)

    def operations(project):
        names = Names(rng, graph, lambda: project.ran)
        return (names.operation() for _ in range(6 + len(graph.ids)))

    return answered(graph, operations)


def answered(graph, operations):
    """The graph, and what Alembic says to the operations, one after the other."""
    project = Alembic(graph)
    answers = [[kind, " ".join(arguments), project.run(kind, arguments)] for kind, arguments in operations(project)]
    project.connection.close()
    revisions = [list(row) for row in zip(graph.ids, graph.parents, graph.depends_on, graph.labels)]
    return {"revisions": revisions, "operations": answers}


def written(cases):
    """JSON with one line for each graph and one for each operation, so that a change of it can be read."""
    short = lambda value: json.dumps(value, separators=(",", ":"))
    lines = []
    for case in cases:
        operations = ",\n".join(short(operation) for operation in case["operations"])
        lines.append('{"revisions":%s,"operations":[\n%s]}' % (short(case["revisions"]), operations))
    about = (
        "Written by record.py; do not edit. To write it again: pip install alembic==%s; python record.py. "
        "A revision is its id, the places of its parents and of its dependencies, and its label. "
        "An operation is its kind, its arguments, and the places of the applied revisions after it, or the refusal."
    )
    return '{"about":%s,\n"graphs":[\n%s]}\n' % (short(about % ALEMBIC), ",\n".join(lines))


def main():
    if alembic.__version__ != ALEMBIC:
        sys.exit(f"this is Alembic {alembic.__version__}, not {ALEMBIC}: pip install alembic=={ALEMBIC}")
    cases = [example(*known) for known in EXAMPLES] + [invented(SEED + number) for number in range(GRAPHS)]
    Path(__file__).with_name("cases.json").write_text(written(cases))


if __name__ == "__main__":
    main()
