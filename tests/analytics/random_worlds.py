"""Random environments, drawn from few values so that many coincide. Their questions are in random_questions.py."""

import itertools
import json
import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from analytics.definitions.bodies import ClauseGroup, DefinitionBody, SegmentBody
from analytics.definitions.glossary import Glossary, Named
from analytics.questions.conditions import Condition, Field, Group, Match, Operator, Source, write_list
from analytics.questions.query import (
    PAGEVIEW,
    SESSION,
    Comparison,
    Did,
    EventReference,
    RefersTo,
    Selection,
)
from analytics.store.postgresql.snapshot import TimedStatements
from tests.analytics.factories import ANY_EVENT
from tests.analytics.oracle import FakeEvent, FakePerson, World

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # half an hour of summer time
    "America/Havana",  # clocks change at midnight
    "Asia/Kathmandu",
)
MOMENTS = (  # around clock changes, and ends of months and years
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 2, 28, 23, tzinfo=UTC),
    datetime(2028, 2, 29, 12, tzinfo=UTC),
)
TEXTS = (
    *("a", "A", "b", "ab", "/a/b", "", "é", "日本", "%", "_", "a*b", "\\", "a\nb", "true"),
    *("10", "9", "9.50", "-1", "1e2", "100"),
    *("%C3%A9", "%c3%a9", "xn--9ca", "%2F", "%C3", "a b", "a%20b", "/a/b/%E6%97%A5%E6%9C%AC"),
)
VALUES = (*TEXTS, 10, 9, 9.5, 100, -1, 0, 0.00001, 1e22, True, False, None)
DEFINITIONS = tuple(UUID(int=n) for n in range(1, 4))
SEGMENTS = tuple(UUID(int=n) for n in range(101, 104))
AMOUNTS = (0, 1, 2.5, 0.1, "0.2", "1.0", "1e19", "99999999999999999999.5", 1e20, "-0.1234567899", "x", None, True)
AMOUNT = Field(Source.PROPERTY, "amount")
KEYS = ("plan", "größe", "x.y")
COLUMNS = ("path", "title", "target_text", "referrer")
DEVICES = (None, "desktop", "robot", "robot")
NAMES = ("Signed up", "Paid", "日本", "%")
_environment_ids = itertools.count(1_000_000)

# HYPOTHESIS_EXAMPLES=2000 tries more than the usual run.
thorough = settings(
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")),
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    phases=[each for each in Phase if os.environ.get("HYPOTHESIS_SHRINK", "1") == "1" or each is not Phase.shrink],
)
ask = TimedStatements(time.monotonic() + 100_000)

texts = st.sampled_from(TEXTS)
matches = st.sampled_from(list(Match))
event_fields = st.one_of(
    st.sampled_from([Field(Source.EVENT, key) for key in (*COLUMNS, "device", "name", "kind")]),
    st.sampled_from([Field(Source.PROPERTY, key) for key in KEYS]),
)
person_fields = st.sampled_from([Field(Source.USER, key) for key in KEYS] + [Field(Source.PERSON, "identity")])
all_fields = st.one_of(event_fields, person_fields)
NUMBERS = ("10", "9.5", "-1", "0", "1e1", "099")


def conditions(fields):
    operators = st.sampled_from(list(Operator))
    values = st.one_of(
        texts,
        st.sampled_from(
            ("*a*", "a*", "*", "%*", "*\\*", "*é", "*日本", "*%A9", "Signed*", "custom", "pageview", "Paid")
        ),
    )
    single = operators.filter(lambda each: not each.is_numeric and not each.takes_list)
    plain = st.builds(Condition, fields, single, values)
    lists = st.lists(texts.filter(str.strip), min_size=1, max_size=3).map(lambda each: write_list(tuple(each)))
    listed = st.builds(Condition, fields, operators.filter(lambda each: each.takes_list), lists)
    numeric = st.builds(Condition, fields, operators.filter(lambda each: each.is_numeric), st.sampled_from(NUMBERS))
    return st.one_of(plain, listed, numeric)


def groups(fields, most=2):
    """Groups of conditions, some of them with groups in them."""
    some = st.lists(conditions(fields), max_size=most).map(tuple)
    flat = st.builds(Group, some, matches)
    return st.one_of(flat, st.builds(Group, some, matches, st.lists(flat, max_size=2).map(tuple)))


plain_references = st.one_of(
    st.just(PAGEVIEW),
    st.just(ANY_EVENT),
    st.sampled_from([EventReference(RefersTo.CUSTOM, name) for name in NAMES]),
    st.just(EventReference(RefersTo.KIND, "click")),
)


def reference_to(lineage):
    return EventReference(RefersTo.DEFINITION, str(lineage))


references = st.one_of(
    plain_references, st.sampled_from([reference_to(each) for each in DEFINITIONS]), st.just(SESSION)
)
simple_references = st.sampled_from([PAGEVIEW, ANY_EVENT, SESSION, reference_to(DEFINITIONS[0])])
simple_selections = st.builds(Selection, simple_references)
selections = st.one_of(simple_selections, st.builds(Selection, references, groups(all_fields, 1)))
few_groups = st.one_of(
    st.just(Group()), st.just(Group()), groups(all_fields, 1)
)  # mostly no conditions, or else questions would find hardly anything


@st.composite
def glossarys(draw):
    """Three definitions, each of which may contain earlier ones, and three segments."""
    definitions = {}
    for number, lineage in enumerate(DEFINITIONS):
        known = [reference_to(each) for each in DEFINITIONS[:number]]
        events = st.one_of(plain_references, st.sampled_from(known)) if known else plain_references
        alternatives = st.lists(st.builds(Selection, events, groups(event_fields)), min_size=1, max_size=2)
        definitions[lineage] = Named(f"Definition {number}", DefinitionBody(tuple(draw(alternatives))))
    dids = st.builds(
        lambda event, where, comparison, times, days: Did(
            Selection(event, where), comparison, max(times, int(comparison is Comparison.AT_LEAST)), days
        ),
        references,
        groups(event_fields, 1),
        st.sampled_from(list(Comparison)),
        st.integers(0, 2),
        st.sampled_from([None, 1, 7, 60]),
    )
    clauses = st.lists(st.one_of(conditions(person_fields), dids), min_size=1, max_size=2).map(tuple)
    bodies = st.builds(
        SegmentBody, st.lists(st.builds(ClauseGroup, clauses, matches), min_size=1, max_size=2).map(tuple), matches
    )
    return Glossary(definitions, {each: Named(f"Segment {each.int}", draw(bodies)) for each in SEGMENTS}, True)


properties_of_events = st.builds(
    lambda properties, amount: properties if amount is ... else {**properties, "amount": amount},
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2),
    st.sampled_from((..., *AMOUNTS)),
)
columns_of_events = st.builds(
    lambda columns, device: {**columns, "device": device},
    st.dictionaries(st.sampled_from(COLUMNS), st.one_of(st.none(), texts), max_size=2),
    st.sampled_from(DEVICES),
)
columns_and_properties = st.tuples(columns_of_events, properties_of_events)


@st.composite
def worlds(draw):
    """Up to 25 events around one moment, of few people, of whom some are identified and some merged."""
    moment = draw(st.sampled_from(MOMENTS))
    offsets = st.one_of(
        st.integers(-6, 6).map(lambda n: timedelta(minutes=30 * n)),
        st.integers(-15, 15).map(lambda n: timedelta(minutes=10 * n)),
        st.integers(-80, 80).map(lambda n: timedelta(hours=n)),
        st.integers(-40, 40).map(lambda n: timedelta(days=n)),
        st.sampled_from([timedelta(microseconds=-1), timedelta(microseconds=1)]),
    )
    actors = st.sampled_from((0, 1, 2, 3, -1, -2))
    kinds = st.sampled_from(["pageview", "click", *(f"custom {name}" for name in NAMES)])
    columns, properties = columns_of_events, properties_of_events
    drawn = draw(
        st.lists(st.tuples(offsets, actors, st.sampled_from([None, 7, 8, 9]), kinds, columns, properties), max_size=25)
    )
    events = [
        FakeEvent(moment + offset, stored_id(number, columns), actor, session, *named(kind), columns, properties)
        for number, (offset, actor, session, kind, columns, properties) in enumerate(drawn, 1)
    ]
    merges = draw(st.dictionaries(st.sampled_from((0, 1, 2)), st.sampled_from((-1, -2)), max_size=2))
    last_seen = st.none() | offsets.map(lambda offset: moment + offset)
    people = {
        actor: FakePerson(
            actor,
            f"person {-actor}" if actor < 0 else None,
            draw(properties),
            draw(last_seen),
            draw(st.sampled_from((None, False, True) if actor >= 0 else (None, False))),
        )
        for actor in (-2, -1, 0, 1, 2)
        if actor not in merges and draw(st.booleans())
    }
    now = moment + draw(st.sampled_from([timedelta(0), timedelta(hours=5), timedelta(days=2), timedelta(days=35)]))
    return World(events, merges, people, draw(glossarys()), now)


def stored_id(number: int, columns: dict) -> int:
    """Events of robots have ids below zero, in their order."""
    return number - 1_000 if columns["device"] == "robot" else number


def named(kind: str) -> tuple[str, str]:
    kind, _, name = kind.partition(" ")
    return kind, name


@st.composite
def visited_worlds(draw):
    """Worlds of a few sessions, whose events follow each other by minutes."""
    world = draw(worlds())
    gaps = st.sampled_from((0, 1, 5, 10, 20, 29, 30, 31))
    kinds = st.sampled_from(["pageview", "pageview", "click", f"custom {NAMES[0]}"])
    actors, sessions = st.sampled_from((0, 1, -1, -2)), st.sampled_from([None, 7, 7, 8, 8])
    drawn = draw(st.lists(st.tuples(gaps, actors, sessions, kinds, columns_of_events), min_size=8, max_size=25))
    at, events = world.now - timedelta(hours=draw(st.integers(-1, 30))), []
    for number, (minutes, actor, session, kind, columns) in enumerate(drawn, 1):
        at += timedelta(minutes=minutes, microseconds=number % 2)
        events.append(FakeEvent(at, stored_id(number, columns), actor, session, *named(kind), columns, {}))
    return replace(world, events=events)


def store(world: World) -> int:
    """Write the world into the database as one environment, beside a second one. Returns its id."""
    environment_id = next(_environment_ids)
    insert_world(environment_id, world)
    insert_world(-environment_id, replace(world, merges={}, people={}))
    return environment_id


def insert_world(environment_id: int, world: World, received_at: datetime | None = None) -> None:
    """Write the rows of the world. Existing merges stay."""
    own = {"environment_id": environment_id}
    arrived = {"received_at": received_at.isoformat()} if received_at else {}
    events = [
        own
        | {"time": each.time.isoformat(), "id": each.id, "actor_id": each.actor, "session_id": each.session}
        | {"kind": each.kind, "name": each.name, "properties": each.properties, **each.columns, **arrived}
        for each in world.events
    ]
    people = [
        own
        | {"actor_id": each.actor, "identity": each.identity, "properties": each.properties, "is_robot": each.is_robot}
        | dict.fromkeys(("first_seen_at", "last_seen_at"), each.last_seen_at and each.last_seen_at.isoformat())
        for each in world.people.values()
    ]
    merges = [own | {"from_actor": visitor, "to_actor": identity} for visitor, identity in world.merges.items()]
    columns = ["time", "id", "actor_id", "session_id", "kind", "name", "properties", *COLUMNS, "device", *arrived]
    insert("events", columns, events)
    insert("people", ["actor_id", "identity", "properties", "first_seen_at", "last_seen_at", "is_robot"], people)
    insert("merges", ["from_actor", "to_actor"], merges)


def insert(table: str, columns: list[str], rows: list[dict]) -> None:
    if not rows:
        return
    names = ", ".join(["environment_id", *columns])
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {table} ({names}) select {names} from jsonb_populate_recordset(null::{table}, %s::jsonb) "
            "on conflict do nothing",
            [json.dumps(rows)],
        )
