"""SQL that other databases understand too: every column has a name."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.rollups.refresh import refresh
from tests.analytics.kept import make_definition, make_segment
from tests.analytics.rows import add_event, add_person, merge

HOUR = timedelta(hours=1)
COLLECTED = re.compile(r"\b(from|join) (events|people|merges)\b")
NAMED = re.compile(r"(?!(?:null|true|false)\Z)[a-z_]\w*|(\w+\.)?\*|.* as [a-z_]\w*", re.DOTALL)
WORDS = re.compile(r"\(|\)|,|\bselect( distinct)?\b|\bfrom\b|\bunion\b|\Z")

QUESTIONS = [
    "graph/?event=event:Signed up",
    "graph/?event=event:Signed up&unit=hour&days=7",
    "graph/?event=event:Signed up&counts=users",
    "graph/?event=event:Signed up&counts=per_user",
    "graph/?event=builtin:session&counts=sessions",
    "graph/?event=event:Signed up&counts=users&by=property:plan",
    "graph/?event=event:Signed up&counts=per_user&by=event:path",
    "graph/?event=builtin:any&by=user:plan&segment={segment}",
    "graph/?event=event:Signed up&counts=users&cumulative=1",
    "graph/?event=event:Signed up&counts=median&of=property:n&by=property:plan&by.2=event:path",
    "graph/?series.0.event=event:Signed up&series.1.event=builtin:any&series.1.counts=sum&series.1.of=user:n"
    "&by=event:path",
    "graph/?event=definition:{definition}&where.0.field=person:identity&where.0.op=contains&where.0.value=a",
    "funnel/?step.0.event=event:Signed up&step.1.event=event:Paid&step.2.event=builtin:session",
    "funnel/?step.0.event=event:Signed up&step.1.event=definition:{definition}&segment={segment}",
    "funnel/?step.0.event=event:Signed up&step.1.event=definition:{definition}&order=any&by=user:plan&asks=times",
    "funnel/?step.0.event=event:Signed up&step.1.event=event:Paid&without.0.event=kind:click&order=strict&asks=trend",
    "retention/?start.event=event:Signed up&return.event=builtin:any",
    "retention/?start.event=builtin:session&return.event=builtin:session&unit=day&days=30",
    "retention/?start.event=event:Signed up&return.event=event:Paid&by=user:plan&entry=every&back=or_after",
    "retention/?start.event=builtin:session&return.event=event:Paid&by=event:path&entry=ever",
    "paths/?anchor.event=event:Signed up&steps=3&clean=1&segment={segment}",
    "paths/?direction=before&steps=2",
    "sessions/?event=builtin:session&segment={segment}&exit=/*",
    "stickiness/?event=event:Signed up&segment={segment}",
    "lifecycle/?event=event:Signed up&segment={segment}",
    "users/?search=a&segment={segment}",
    "live/",
    "people/-1/",
    "definitions/{definition}/",
    "segments/{segment}/",
]


def columns_of(sql):
    """The columns of every SELECT in the text, except in EXISTS, where they have no names."""
    depth, reading = 0, []  # open SELECTs: (depth, start of the next column)
    for match in WORDS.finditer(sql):
        word = match[0]
        depth += word == "("
        if word.startswith("select"):
            reading.append([depth, match.end()])
        elif word != "(" and reading and depth == reading[-1][0]:
            column = sql[reading[-1][1] : match.start()].strip()
            if column != "1":
                yield column
            if word == ",":
                reading[-1][1] = match.end()
            else:
                reading.pop()
        depth -= word == ")"


def unnamed(sql):
    return [column for column in columns_of(sql) if not NAMED.fullmatch(column)]


def without_values(sql):
    return re.sub(r"\s+", " ", re.sub(r"'(?:[^']|'')*'", "''", sql))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 0, null as key, count(*) from a", ["0", "count(*)"]),
        ("select l.key, a as b from (select *, f(a, b) from c) l", ["f(a, b)", "l.key"]),
        ("with a as (select x, y as z from b) select distinct a.* from a union all select null from a", ["null"]),
        ("select x from a where exists (select 1 from b) and c in (select d.e from d)", ["d.e"]),
        ("select coalesce(a, b) as c, case when d then e end as f from g", []),
    ],
)
def test_columns_without_a_name_are_found(sql, expected):
    assert sorted(unnamed(sql)) == sorted(expected)


@pytest.mark.parametrize("address", QUESTIONS)
def test_every_column_of_a_question_has_a_name(environment, full, address):
    for number in range(3):
        add_event(environment, ago=number * HOUR, actor_id=number)
    add_person(environment, -1, identity="ada@shop.example")
    merge(environment, 1, -1)
    names = {"definition": make_definition(environment), "segment": make_segment(environment)}
    address = address.format(**{noun: kept.lineage for noun, kept in names.items()})
    base = reverse("analytics:live", args=[environment.app_id]).removesuffix("live/")

    with CaptureQueriesContext(connection) as captured:
        response = full.get(base + address, headers={"HX-Request": "true"})  # htmx waits for the answer

    texts = [without_values(each["sql"]) for each in captured.captured_queries]
    asked = [text for text in texts if COLLECTED.search(text)]
    assert response.status_code == 200
    assert asked, "nothing was asked of the store"
    assert [column for text in asked for column in unnamed(text)] == []


def test_counting_days_names_its_columns_too(environment):
    add_event(environment, ago=timedelta(days=3))

    with CaptureQueriesContext(connection) as captured:
        refresh(environment)

    texts = [without_values(each["sql"]) for each in captured.captured_queries]
    asked = [text for text in texts if COLLECTED.search(text)]
    assert len(asked) > 4
    assert [column for text in asked for column in unnamed(text)] == []
