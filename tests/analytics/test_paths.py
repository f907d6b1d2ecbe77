"""What a path is: examples, and SQL and plain loops give the same answers to random questions."""

from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from analytics.definitions.glossary import Glossary
from analytics.kinds.paths.question import Along, Sort
from analytics.kinds.registry import parse
from analytics.questions.query import Scope
from analytics.questions.spans import Unit
from analytics.sql.dialect import POSTGRESQL
from tests.analytics import oracle_of_paths
from tests.analytics.oracle import FakeEvent, World
from tests.analytics.random_questions import paths_questions
from tests.analytics.random_worlds import store, thorough, visited_worlds, worlds
from tests.analytics.test_sql_against_oracle import MOMENT, answer, answer_or_none, asked, cut_of

pytestmark = pytest.mark.django_db


@thorough
@given(st.one_of(worlds(), visited_worlds()), st.data())
def test_paths(world, data):
    with asked(data, world, paths_questions) as questions, pytest.MonkeyPatch.context() as patch:
        most = data.draw(st.integers(1, 2))
        patch.setattr("analytics.kinds.paths.sql.MOST_BRANCHES", most)
        patch.setattr("analytics.kinds.paths.answer.MOST_BRANCHES", most)
        patch.setattr("analytics.kinds.paths.answer.step_label", lambda step: step)
        for paths in questions:
            result = answer_or_none(paths, world)
            cut = cut_of(paths, Unit.DAY, world)
            assert (result is None) == (cut is None), paths
            if result is None:
                continue

            expected = oracle_of_paths.paths(world, paths, cut[0].start, cut[-1].end, most)
            assert (result.root.people, branches_of(result.root)) == expected, paths


def branches_of(node):
    """The tree below the node as the oracle writes it."""
    return [(step_of(each), each.people, branches_of(each)) for each in node.branches]


def step_of(node):
    if node.sort is not Sort.STEP:
        return ... if node.sort is Sort.OTHERS else None
    kind = next(each for each in Along if node.label.startswith((f"{each}=", f"{each}-")))
    return str(kind), None if node.label == f"{kind}-" else node.label[len(kind) + 1 :]


@pytest.mark.parametrize(
    ("people", "anchor", "parameters", "expected"),
    [
        (["A /x /x /y", "A /x"], "event:A", "", (2, "/x 2 (/y 1 (ended 1), ended 1)")),
        (["A /x A /x"], "event:A", "steps=4", (1, "/x 1 (A 1 (/x 1 (ended 1)))")),
        (["/x A /x /y A"], "event:A", "direction=before", (1, "/x 1 (began 1)")),
        (["/y /x /x A"], "event:A", "direction=before&steps=1", (1, "/x 1")),
        (["A A /x"], "event:A", "", (1, "/x 1 (ended 1)")),
        (["/x /y"], "builtin:session", "", (1, "/x 1 (/y 1 (ended 1))")),
        (["A /x", "A /y", "A /z", "A"], "event:A", "most=1", (4, "/x 1 (ended 1), everything else 2, ended 1")),
        (["A /x/1 /x/2 /y/007f/3"], "event:A", "clean=1", (1, "/x/* 1 (/y/007f/* 1 (ended 1))")),
        (["A /y", "A /x", "A /x"], "event:A", "most=1&steps=1", (3, "/x 2, everything else 1")),
        (["A /y", "A /x"], "event:A", "steps=1", (2, "/x 1, /y 1")),
        (["A /x click /y"], "event:A", "along=click&steps=1", (1, "Click: Buy 1")),
    ],
)
def test_paths_of_a_few_people(monkeypatch, people, anchor, parameters, expected):
    def event(person, minute, word):
        when = MOMENT + timedelta(minutes=minute)
        at = {"time": when, "id": 100 * person + minute, "actor": person, "session": person}
        if word == "click":
            return FakeEvent(**at, kind="click", columns={"target_text": "Buy"})
        return (
            FakeEvent(**at, kind="pageview", columns={"path": word}) if word[0] == "/" else FakeEvent(**at, name=word)
        )

    def written(node):
        below = ", ".join(written(each) for each in node.branches)
        return f"{node.label} {node.people}" + (f" ({below})" if below else "")

    events = [event(number, at, word) for number, line in enumerate(people, 1) for at, word in enumerate(line.split())]
    world = World(events, {}, {}, Glossary({}, {}, False), MOMENT)
    link = QueryDict(f"days=7&anchor.event={anchor}&{parameters}")
    for module in ("sql", "answer") if "most" in link else ():
        monkeypatch.setattr(f"analytics.kinds.paths.{module}.MOST_BRANCHES", int(link["most"]))

    result = answer(parse("paths", link, Scope(store(world))).query, world)

    assert (result.root.people, ", ".join(written(each) for each in result.root.branches)) == expected


@pytest.mark.parametrize(
    "path",
    ["/1", "1", "/1/2/3", "/a1/1a/", "//7//", "/0123456789abcdef", "/0123456789ABCDEF0", "/0123456789abcde", "", "/*",
     "/6D1F6F0E-5d0a-4bb8-9c1c-6d1b7f1a2c3e/1", "/6d1f6f0e-5d0a-4bb8-9c1c-6d1b7f1a2c3e7", "/1\n/2\n", "/é/12/", "/1.5",
     "/٣"],
)  # fmt: skip
def test_ids_in_paths_become_stars(path):
    with connection.cursor() as cursor:
        cursor.execute(f"select {POSTGRESQL.without_ids('%s')}", [path])

        assert cursor.fetchone()[0] == oracle_of_paths.cleaned(path)
