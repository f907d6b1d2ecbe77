"""What docs/ lists is what there is."""

import re
from datetime import UTC, date, datetime, time
from itertools import product

import pytest
import yaml
from django.conf import settings
from django.db import connection
from django.db.migrations import RunSQL, SeparateDatabaseAndState
from django.db.migrations.loader import MigrationLoader
from prometheus_client import Counter

from analytics.models import MAX_NOTE
from analytics.rollups import builder, reader
from analytics.rollups.refresh import KEPT_DAYS
from analytics.store.postgresql import suggestions
from analytics.views.read_api import paging
from collector.counts import metrics, proxies
from collector.counts.excluded import MOST_KEYS
from collector.decide import Outcome
from collector.environments.directory import MAX_UNKNOWN
from collector.imports.importer import MAX_REASONS
from collector.jobs import HOURS_KEPT
from collector.protocol import limits
from collector.protocol.noted import MOST_LISTED
from collector.views.public_api import MAX_DIGITS
from common import token_buckets
from common.user_agent import REMEMBERED
from events import queue
from events.catalogue import announcements
from events.catalogue import rows as catalogue
from events.faults import Why
from events.identity import MAX_VISITOR
from events.upkeep import KEY_DAYS
from heapadmin import (
    held_bodies,
    page_metrics,  # noqa: F401  it defines some
)
from heapadmin.database_metrics import DatabaseGauges
from ipfilter.rules.lists import MAX_RULES
from tests.access_table import PERSONAL, PUBLIC

DOCS = settings.BASE_DIR / "docs"
TEMPLATES = settings.BASE_DIR / "templates"


def page(name):
    return (DOCS / name).read_text()


def rows(text, first_heading):
    """The cells of the table whose first column has this heading."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {first_heading} |"))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))])
    return found


def named(cell):
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def asked(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return set(cursor.fetchall())


# --- What the database does by itself -------------------------------------------------------------------------------

ARCHITECTURE = page("architecture.md")
OURS = "space.nspname = current_schema() and {name} not like 'procrastinate%'"
TRIGGERS = f"""
select trigger.tgname, class.relname, function.proname
  from pg_trigger trigger
  join pg_class class on class.oid = trigger.tgrelid
  join pg_proc function on function.oid = trigger.tgfoid
  join pg_namespace space on space.oid = class.relnamespace
 where not trigger.tgisinternal and trigger.tgparentid = 0 and {OURS.format(name="trigger.tgname")}
"""
FUNCTIONS = f"""
select function.proname from pg_proc function join pg_namespace space on space.oid = function.pronamespace
 where {OURS.format(name="function.proname")}
"""
CASCADES = f"""
select class.relname
  from pg_constraint c
  join pg_class class on class.oid = c.conrelid
  join pg_namespace space on space.oid = class.relnamespace
 where c.contype = 'f' and c.confdeltype <> 'a' and {OURS.format(name="class.relname")}
"""


@pytest.mark.django_db
def test_every_trigger_is_told_with_its_table_and_its_function():
    told = [
        triple
        for names, tables, _, _, functions, _ in rows(ARCHITECTURE, "trigger")
        for triple in product(named(names), named(tables), named(functions))
    ]

    assert len(told) == len(set(told))
    assert set(told) == asked(TRIGGERS)


@pytest.mark.django_db
def test_every_function_is_told():
    told = {function for row in rows(ARCHITECTURE, "trigger") for function in named(row[4])}
    told |= {function for row in rows(ARCHITECTURE, "function") for function in named(row[0])}

    assert told == {name for (name,) in asked(FUNCTIONS)}


@pytest.mark.django_db
def test_every_table_is_told_in_which_the_database_deletes():
    sentence = ARCHITECTURE.split("(`on delete cascade`)")[1].split("\n\n")[0]

    assert set(named(sentence)) == {name for (name,) in asked(CASCADES)}


def made_in(kind):
    """{name: the migrations whose SQL makes a trigger or a function of this name, as "ipfilter 0003"}."""
    found = {}
    for (app, name), migration in MigrationLoader(None, ignore_no_migrations=True).disk_migrations.items():
        for sql in sql_of(migration.operations):
            for made in re.findall(rf"\bcreate (?:or replace )?(?:constraint )?{kind} (\w+)", sql, re.IGNORECASE):
                found.setdefault(made, set()).add(f"{app} {name[:4]}")
    return found


def sql_of(operations):
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from sql_of(operation.database_operations)
        elif isinstance(operation, RunSQL):
            yield operation.sql if isinstance(operation.sql, str) else str(operation.sql)


@pytest.mark.parametrize("kind", ["trigger", "function"])
def test_it_is_told_in_which_migration_it_is_made(kind):
    made = made_in(kind)

    for row in rows(ARCHITECTURE, kind):
        for name in named(row[0]):
            assert row[-1] in made[name], name


# --- What one environment can make grow ------------------------------------------------------------------------------
ENDS = {  # what is kept: numbers that its row names
    "`events`": (limits.MAX_EVENT, limits.MAX_PROPERTIES, limits.MAX_PROPERTIES_BYTES),
    "`rollup_pending`": (reader.MAX_PENDING,),
    "`idempotency_keys`": (KEY_DAYS,),
    "`rollup_days`": (KEPT_DAYS, builder.MAX_SHARED),
    "`rollup_counts`": (builder.MAX_NAMES,),
    "`rollup_values`": (builder.MAX_LABELS,),
    "`rollup_positions`, and a bit in each row of `rollup_counts`": (builder.MAX_PEOPLE,),
    "`collector_collectedhour`": (HOURS_KEPT.days,),
    "`ipfilter_keptout`": (MAX_RULES,),
    "`collector_sharedaddress`": (proxies.MOST_ADDRESSES, proxies.KEPT_DAYS),
    "`catalogue_names`, `catalogue_keys`": (catalogue.MOST_NAMES, catalogue.MOST_KEYS),
    "`catalogue_counts`, `catalogue_left_out`": (catalogue.MOST_PAIRS, catalogue.MOST_ROWS),
    "`cache_entries`": (suggestions.MOST,),
    "memory of a worker: names to announce": (announcements.MOST_SHAPES,),
    "memory of a worker: waiting records": (queue.CAPACITY_RECORDS, queue.CAPACITY_BYTES // 2**20),
    "memory of a worker: buckets, unknown `app_id`s, addresses": (token_buckets.MOST_KEPT,),
    "memory of a worker: repeats of excluded events": (MOST_KEYS,),
    "memory of a worker: bodies sent to pages and imports, beyond 64 KiB each": (
        held_bodies.MOST_BYTES // 2**20,
        held_bodies.MOST_BYTES_OF_ADDRESS // 2**20,
    ),
    "memory of a worker: browsers": (REMEMBERED,),
}


def test_what_one_environment_can_make_grow_ends_where_it_is_told():
    told = {row[0]: row[2] for row in rows(page("operations.md"), "kept")}

    assert set(ENDS) <= set(told)
    for kept, numbers in ENDS.items():
        for number in numbers:
            assert re.search(rf"(?<![\d,]){number:,}(?![\d,]*\d)", told[kept]), (kept, number)
    assert token_buckets.MOST_KEPT == MAX_UNKNOWN == proxies.MOST_ADDRESSES


@pytest.mark.django_db
def test_each_table_that_is_filled_by_sending_is_told():
    told = {name for row in rows(page("operations.md"), "kept") for name in named(row[0])}
    tables = {name for (name,) in asked("select tablename from pg_tables where schemaname = current_schema()")}
    filled = {name for name in tables if name.startswith(("rollup_", "catalogue_"))} | {
        "events",
        "people",
        "merges",
        "customers",
    }

    assert filled - {"rollup_marks", "catalogue_marks"} <= told
    assert "idempotency_keys" in told and told & tables == told - {"app_id"}


# --- Pages that pass no door, templates that cross floors ------------------------------------------------------------


def test_every_page_without_a_door_is_told():
    told = {name for row in rows(ARCHITECTURE, "what") for name in named(row[0]) if ":" in name}

    assert told == PERSONAL | PUBLIC


FLOORS = {
    **dict.fromkeys(["account", "accounts", "allauth", "mfa", "usersessions"], 1),
    "projects": 2,
    "ipfilter": 3,
    "collector": 5,
    "analytics": 6,
    **dict.fromkeys(["admin", "support"], 7),
}
"""Of the folders of templates, and of the libraries of tags. Frames, components and mails lie below all of them."""


def floor(name):
    return FLOORS.get(name.split("/")[0], 0)


def test_every_template_that_takes_something_from_a_floor_above_is_told():
    takes = re.compile(r"""\{% (?:include|extends) "([^"]+)"|\{% load ([\w ]+) %\}""")
    crossing = set()
    for path in TEMPLATES.rglob("*.html"):
        name = path.relative_to(TEMPLATES).as_posix()
        for template, tags in takes.findall(path.read_text()):
            crossing |= {(name, taken) for taken in [template, *tags.split()] if taken and floor(taken) > floor(name)}

    told = {pair for row in rows(ARCHITECTURE, "template") for pair in product(named(row[0]), named(row[1]))}

    assert told == crossing


# --- Limits ---------------------------------------------------------------------------------------------------------


def mib(count):
    assert count % 2**20 == 0
    return f"{count // 2**20} MiB"


def first_day():
    first = datetime.fromtimestamp(limits.FIRST_TIME, UTC)
    assert first.time() == time(0)
    return first.date()


def days(seconds):
    return {86_400: "a day"}[seconds]


def bits():
    assert (limits.SMALLEST_WHOLE, limits.LARGEST_WHOLE) == (-(2**63), 2**64 - 1)
    return 64


LIMITS_IN_WORDS = {
    "FIRST_TIME": lambda: f"between {first_day()} and",
    "LARGEST_WHOLE": lambda: f"whole numbers of up to {bits()} bits",
    "MAX_AHEAD_SECONDS": lambda: f"and {days(limits.MAX_AHEAD_SECONDS)} from now",
    "MAX_BODY_BYTES": lambda: f"at most {mib(limits.MAX_BODY_BYTES)}, also after decompression (`Content-Encoding",
    "MAX_DELETIONS": lambda: f"1 to {limits.MAX_DELETIONS:,}; at most",
    "MAX_DELETION_BYTES": lambda: f"; at most {mib(limits.MAX_DELETION_BYTES)}, also after decompression |",
    "MAX_DEPTH": lambda: f"at most {limits.MAX_DEPTH} levels deep",
    "MAX_EVENT": lambda: f"| `event` | 1 to {limits.MAX_EVENT:,} characters",
    "MAX_EVENTS_IN_BEACON": lambda: f"A beacon holds at most {limits.MAX_EVENTS_IN_BEACON:,} events",
    "MAX_HIERARCHY": lambda: f"(hierarchy: {limits.MAX_HIERARCHY:,})",
    "MAX_IDEMPOTENCY_KEY": lambda: f"| `idempotency_key` | up to {limits.MAX_IDEMPOTENCY_KEY:,} characters",
    "MAX_IDENTITY": lambda: f"| `identity`, `account_id` | 1 to {limits.MAX_IDENTITY} characters",
    "MAX_KEY": lambda: f"| `properties` | names of 1 to {limits.MAX_KEY:,} characters",
    "MAX_NESTED_NAMES": lambda: f"have at most {limits.MAX_NESTED_NAMES:,} characters together",
    "MAX_PARAMETERS": lambda: f"and {limits.MAX_PARAMETERS:,} parameters",
    "MAX_PROPERTIES": lambda: f"of an event the first {limits.MAX_PROPERTIES:,}, and",
    "MAX_PROPERTIES_BYTES": lambda: f"and at most {limits.MAX_PROPERTIES_BYTES:,} bytes as JSON",
    "MAX_TEXT": lambda: f"texts of up to {limits.MAX_TEXT:,}",
    "MAX_TRACKER_ID": lambda: "up to 10^16",
    "MAX_USERS": lambda: f"`users`: an array of these, at most {limits.MAX_USERS:,}",
    "SMALLEST_WHOLE": lambda: f"whole numbers of up to {bits()} bits",
}


def test_every_limit_of_the_protocol_is_in_a_sentence():
    assert set(LIMITS_IN_WORDS) == {name for name in vars(limits) if name.isupper()}


@pytest.mark.parametrize("name", LIMITS_IN_WORDS)
def test_a_limit_is_told_as_it_is(name):
    assert LIMITS_IN_WORDS[name]() in " ".join(page("collection-api.md").split())


BOUNDS_IN_SCHEMA = {
    "components/parameters/i/schema/maxLength": limits.MAX_IDENTITY,
    "components/parameters/t0/schema/maxLength": limits.MAX_EVENT,
    "components/schemas/AccountProperties/oneOf/0/properties/accounts/maxItems": limits.MAX_USERS,
    "components/parameters/limit/schema/maximum": paging.MOST,
    "components/schemas/AppId/pattern": f"^[0-9]{{1,{limits.MAX_KEY}}}$",
    "components/schemas/Beacon/properties/i/maxLength": limits.MAX_IDENTITY,
    "components/schemas/Beacon/properties/t0/maxLength": limits.MAX_EVENT,
    "components/schemas/EventName/maxLength": limits.MAX_EVENT,
    "components/schemas/IdempotencyKey/maxLength": limits.MAX_IDEMPOTENCY_KEY,
    "components/schemas/IdentityText/maxLength": limits.MAX_IDENTITY,
    "components/schemas/Imported/properties/errors/maxItems": MAX_REASONS,
    "paths//api/public/v0/import/post/parameters/1/schema/maximum": 10**MAX_DIGITS - 1,
    "paths//api/public/v0/notes/post/requestBody/content/application/json/schema/properties/text/maxLength": MAX_NOTE,
    "components/schemas/Literals/items/maxLength": limits.MAX_TEXT,
    "components/schemas/Properties/propertyNames/maxLength": limits.MAX_KEY,
    "components/schemas/PropertiesBeacon/properties/i/maxLength": limits.MAX_IDENTITY,
    "components/schemas/PropertiesBeacon/propertyNames/maxLength": limits.MAX_KEY,
    "components/schemas/Partly/properties/refusals/maxItems": MOST_LISTED,
    "components/schemas/Properties/maxItems": 0,
    "components/schemas/TrackerId/maximum": limits.MAX_TRACKER_ID,
    "components/schemas/UserProperties/oneOf/0/properties/users/maxItems": limits.MAX_USERS,
    "components/schemas/Value/anyOf/1/maximum": limits.LARGEST_WHOLE,
    "components/schemas/Value/anyOf/1/minimum": limits.SMALLEST_WHOLE,
    "components/schemas/Visitor/maximum": MAX_VISITOR,
    "paths//api/public/v0/user_deletion/post/requestBody/content/application/json/schema/properties/users/maxItems": (
        limits.MAX_DELETIONS
    ),
}


def bounds_of(node, path=""):
    """{where it stands: every upper bound, and every lower one that says more than "not negative"}."""
    found = {}
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if key in ("maxLength", "maxItems", "maximum") or (key == "minimum" and value not in (0, 1)):
            found[f"{path}{key}"] = value
        found |= bounds_of(value, f"{path}{key}/")
    return found


def test_every_bound_in_openapi_is_the_limit_that_it_stands_for():
    document = yaml.safe_load(page("openapi.yaml"))
    pattern = document["components"]["schemas"]["AppId"]["pattern"]

    assert bounds_of(document) | {"components/schemas/AppId/pattern": pattern} == BOUNDS_IN_SCHEMA


@pytest.mark.parametrize(
    "words",
    [
        f"{mib(limits.MAX_BODY_BYTES)} is the most",
        f"The body is larger than {mib(limits.MAX_BODY_BYTES)}",
        f"between {first_day()} and {days(limits.MAX_AHEAD_SECONDS)} from now",
        f"Whole numbers have up to {bits()} bits, texts up to {limits.MAX_TEXT:,} characters",
    ],
)
def test_openapi_says_the_same_in_words(words):
    assert words in " ".join(page("openapi.yaml").split())


# --- Metrics --------------------------------------------------------------------------------------------------------


def exported():
    """{metric as it is scraped: its labels}; a histogram by the name that its parts begin with."""
    found = {}
    for metric in metrics.REGISTRY._collector_to_names:
        name = f"{metric._name}_total" if isinstance(metric, Counter) else metric._name
        found[name] = set(metric._labelnames)
    for family in DatabaseGauges().describe():
        found[family.name] = set(family._labelnames)
    return found


def test_every_metric_is_told_with_its_labels_and_no_other():
    told = {}
    for row in rows(page("operations.md"), "metric"):
        for name, labels in re.findall(r"`(\w+)(?:\{([\w,]+)\})?`", row[0]):
            told[name] = set(labels.split(",")) - {""}

    assert told == exported()


def test_metrics_that_are_named_elsewhere_exist():
    text = "".join(path.read_text() for path in DOCS.rglob("*.md"))

    assert set(re.findall(r"\bheapadmin_\w+", text)) <= set(exported())


def test_every_reason_of_a_503_is_told():
    told = {line for cell, _ in rows(page("collection-api.md"), "line of a 503") for line in named(cell)}

    assert told == {why.value for why in Why}


def test_every_outcome_of_a_request_is_told():
    [words] = [row[1] for row in rows(page("operations.md"), "metric") if "heapadmin_requests_total" in row[0]]

    assert set(named(words)) == {outcome.value for outcome in Outcome}


# --- Decisions ------------------------------------------------------------------------------------------------------

DECISIONS = sorted(path for path in (DOCS / "decisions").glob("*.md") if path.name != "README.md")
HEAD = re.compile(r"# (.+)\n(\d{4}-\d\d-\d\d), (accepted|superseded by \[[^]]+\]\(([\w-]+\.md)\))\.\n\n")


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_a_date_a_status_what_was_decided_and_what_was_given_up(path):
    text = path.read_text()
    head = HEAD.match(text)
    sections = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", text, re.MULTILINE))

    assert head is not None
    date.fromisoformat(head[2])
    assert head[4] is None or (path.parent / head[4]).is_file()
    for section in ("Decision", "Given up"):
        assert len(sections.get(section, "").split()) > 5, section


def test_the_index_has_every_decision_once_with_its_date_status_and_title():
    heads = {path.name: HEAD.match(path.read_text()) for path in DECISIONS}
    expected = [f"- {head[2]}, {head[3]}: [{head[1]}]({name})" for name, head in heads.items()]

    lines = [line for line in page("decisions/README.md").splitlines() if line.startswith("- 2")]

    assert sorted(lines) == sorted(expected)
