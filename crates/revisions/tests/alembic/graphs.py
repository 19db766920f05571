"""Graphs of revisions, and commands that can be given on them: some written here, most of them random. They know
nothing of Alembic; `record.py` asks it."""

from datetime import datetime, timedelta

LABELS = ["audit", "billing", "media", "reports", "search"]
MOST_REVISIONS, MOST_BRANCHES = 30, 5
# What chance seldom hits. A revision is its parents, its dependencies and its label; `{2}` is the id of the third.
EXAMPLES = [
    # The end of a branch, beside a revision of it that another branch depends on.
    (
        [([], [], "media"), ([0], [], None), ([0], [], None), ([2], [], None), ([], [1], "search")],
        ["upgrade {2}", "upgrade {4}", "upgrade media@+1", "downgrade media@-1", "downgrade search@-1"],
    ),
    # One branch depends on the whole of another.
    (
        [([], [], "media"), ([0], [], None), ([], [1], "search"), ([2], [], None)],
        ["upgrade heads", "downgrade heads", "downgrade heads-1", "upgrade head", "stamp media@base", "upgrade heads+0"]
        + ["upgrade search@head", "downgrade media@-1", "stamp {3}", "stamp {1}", "stamp {2}", "stamp heads"]
        + ["downgrade base+0", "downgrade search@base", "downgrade media@base"],
    ),
    # A branch that is merged, and one that is not yet begun.
    (
        [([], [], None), ([0], [], "media"), ([0], [], "search"), ([1, 2], [], None), ([0], [], "audit")],
        ["upgrade {3}", "upgrade audit@+1", "downgrade audit@-1", "downgrade search@{0}", "upgrade search@+2"]
        + ["downgrade {3}", "downgrade {1}", "downgrade -1", "downgrade -1"],
    ),
]


class Graph:
    """Revisions by their places; parents and dependencies come before what needs them, and have smaller ids."""

    def __init__(self):
        self.ids, self.parents, self.depends_on, self.labels = [], [], [], []

    @classmethod
    def written(cls, revisions):
        graph = cls()
        for place, (parents, depends_on, label) in enumerate(revisions):
            graph.ids.append(f"202401010900{place:02}")
            graph.parents.append(parents)
            graph.depends_on.append(depends_on)
            graph.labels.append(label)
        return graph

    @classmethod
    def random(cls, rng):
        graph = cls()
        graph.grow(rng)
        graph.give_labels(rng)
        return graph

    def grow(self, rng):
        time = datetime(2024, rng.randint(1, 6), rng.randint(1, 28), 9)
        size = rng.choice([3, 6, 9, 12, 16, 22, MOST_REVISIONS])
        for place in range(size):
            time += timedelta(seconds=rng.choice([1, 40, 4_000, 90_000, 900_000, 9_000_000]))
            self.ids.append(time.strftime("%Y%m%d%H%M%S"))
            self.parents.append(self.some_parents(rng, place))
            self.depends_on.append(self.some_dependencies(rng, place))
            self.labels.append(None)

    def heads(self):
        return sorted(set(range(len(self.parents))) - {p for parents in self.parents for p in parents})

    def some_parents(self, rng, place):
        heads, chance = self.heads(), rng.random()
        if not heads or (chance < 0.1 and len(heads) < MOST_BRANCHES):
            return []
        if chance < 0.25 and len(heads) < MOST_BRANCHES:
            return [rng.randrange(place)]
        if chance < 0.37 and len(heads) > 1:
            return sorted(rng.sample(heads, 3 if len(heads) > 2 and rng.random() < 0.2 else 2))
        return [rng.choice(heads)]

    def some_dependencies(self, rng, place):
        if rng.random() > 0.2:
            return []
        ancestors = self.reach(self.parents[place], lambda at: self.parents[at])
        others = [at for at in range(place) if at not in ancestors]
        return sorted(rng.sample(others, min(len(others), rng.choice([1, 1, 1, 2]))))

    def give_labels(self, rng):
        """Mostly where a branch begins, since that is what labels are for."""
        begins = [at for at, parents in enumerate(self.parents) if not parents or self.children(parents[0]) != [at]]
        labels = rng.sample(LABELS, rng.randint(0, len(LABELS)))
        for label in labels:
            at = rng.choice(begins if rng.random() < 0.8 else range(len(self.ids)))
            self.labels[at] = self.labels[at] or label

    def children(self, place):
        return [at for at, parents in enumerate(self.parents) if place in parents]

    def needs(self, place):
        return self.parents[place] + self.depends_on[place]

    @staticmethod
    def reach(start, step):
        found, left = set(), list(start)
        while left:
            at = left.pop()
            if at not in found:
                found.add(at)
                left.extend(step(at))
        return found

    def closure(self, ids):
        """The places of these ids and of all that they need."""
        return self.reach([self.ids.index(id_) for id_ in ids], self.needs)


class Names:
    """Random arguments for commands. Most of them can be meant; nobody learns much from refusals."""

    def __init__(self, rng, graph, applied):
        self.rng, self.graph, self.applied = rng, graph, applied
        self.labels = [label for label in graph.labels if label]

    def of_revision(self):
        id_ = self.graph.ids[self.rng.choice(self.likely or range(len(self.graph.ids)))]
        return self.prefix(id_, 4) if self.rng.random() < 0.25 else id_

    def prefix(self, word, shortest):
        """A beginning of the word that nothing else has, if there is one, or sometimes any."""
        lengths = range(shortest, len(word))
        others = [other for other in self.graph.ids + self.labels if other != word]
        unique = [length for length in lengths if not any(other.startswith(word[:length]) for other in others)]
        return word[: self.rng.choice(unique if unique and self.rng.random() < 0.9 else lengths)]

    def of_branch(self):
        chance = self.rng.random()
        if self.labels and chance < 0.8:
            label = self.rng.choice(self.labels)
            return self.prefix(label, 1) if chance < 0.04 else label
        return self.rng.choice(["nothing", "2023"]) if chance < 0.83 else self.of_revision()

    def symbol(self, weights):
        symbol = self.rng.choices(["id", "head", "heads", "base", "label", "nothing"], weights)[0]
        if symbol == "id":
            return self.of_revision()
        return self.of_branch() if symbol == "label" else symbol

    def absolute(self, weights):
        symbol = self.symbol(weights)
        return f"{self.of_branch()}@{symbol}" if self.rng.random() < 0.3 else symbol

    def relative(self, sign):
        rng = self.rng
        sign = sign if rng.random() < 0.9 else {"+": "-", "-": "+"}[sign]
        steps = f"{sign}{rng.choice([0, 1, 1, 1, 1, 1, 2, 2, 3, 5])}"
        branch = f"{self.of_branch()}@" if rng.random() < 0.5 else ""
        symbol = self.symbol([5, 2, 1, 2, 1, 0.2]) if rng.random() < 0.4 else ""
        rest = "x" if rng.random() < 0.01 else ""
        return f"{branch}{symbol}{steps}{rest}"

    def operation(self):
        rng = self.rng
        kind = rng.choices(["upgrade", "downgrade", "stamp"], [10, 9, 6])[0]
        self.likely = sorted(self.applied()) if kind == "downgrade" and rng.random() < 0.8 else None
        if kind == "upgrade":
            return kind, [self.relative("+") if rng.random() < 0.45 else self.absolute([8, 3, 2, 0.3, 2, 0.2])]
        if kind == "downgrade":
            return kind, [self.relative("-") if rng.random() < 0.5 else self.absolute([9, 1, 0.5, 3, 2, 0.2])]
        if rng.random() < 0.08:
            return kind, [self.relative("-")]
        several = rng.choice([1, 1, 1, 2, 2, 3])
        return kind, [self.absolute([10, 2, 2, 2, 2, 0.2]) for _ in range(several)]
