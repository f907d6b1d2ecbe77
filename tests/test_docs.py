"""What docs/ lists is what there is."""

import re
from datetime import date
from itertools import product

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations import RunSQL, SeparateDatabaseAndState
from django.db.migrations.loader import MigrationLoader

from tests.test_access import PERSONAL, PUBLIC

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
