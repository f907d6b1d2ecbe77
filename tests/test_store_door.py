"""One door to what was collected: nothing else names its tables."""

import ast
import re

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
BEHIND = ("events/", "analytics/store/", "analytics/sql/", "analytics/rollups/")
NO_APPS = ("tests/", "bench/")  # and virtual environments, whose folders begin with a dot
MODELS = {"Event", "Person", "Merge"}
TABLES = r'"?(?:events|people|merges)(?:_\d{4}_\d\d|_default)?"?'
NO_SQL = re.compile(r"--[^\n]*|/\*.*?\*/|%\(\w+\)s", re.DOTALL)  # comments and parameters
NEXT = re.compile(
    r"\b(?:using\s+|(?:from|join|into|update|table|truncate|copy|analyze|lock)[\s(]+)"
    rf"(?:only\s+|table\s+|lateral\s+)*(?:\w+\.)?({TABLES})(?![\w.])",
    re.IGNORECASE,
)
LISTED = re.compile(rf"[,(]\s*(?:\w+\.)?({TABLES})(?![\w.])", re.IGNORECASE)
CALL = re.compile(r"\b(?!(?:from|join|lateral|only)\b)\w+\s*\([^()]*\)", re.IGNORECASE)  # or a list of columns
BEGINS = re.compile(r"\b(?:from|join|using)\b", re.IGNORECASE)
ENDS = re.compile(
    r"\b(?:where|select|set|values|order|group|limit|on|union|returning|having|cross|in|to)\b|[;=<>]", re.IGNORECASE
)
ALONE = re.compile(TABLES, re.IGNORECASE)
IDENTIFIERS = ("Identifier", "Table")  # of psycopg.sql, which take a name alone
STATEMENT = re.compile(r"\b(?:select|insert|update|delete|truncate|copy|lock|analyze|table|merge)\b", re.IGNORECASE)


def sources():
    for path in sorted(ROOT.glob("[a-z]*/**/*.py")):
        name = str(path.relative_to(ROOT))
        if not name.startswith(NO_APPS) and "/migrations/" not in name:
            yield name, path.read_text()


def texts_of(tree):
    """Every text in the code but docstrings; of an f-string its fixed parts, with a word for the others."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "something" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (docstrings | parts):
            yield node.value


def tables_in(text):
    """The tables that SQL names where tables stand: after FROM, JOIN, INTO …, also behind a comma or a bracket."""
    plain = NO_SQL.sub(" ", text)
    yield from NEXT.findall(plain)
    if not STATEMENT.search(plain):
        return
    while (shorter := CALL.sub("f", plain)) != plain:
        plain = shorter
    for begin in BEGINS.finditer(plain):
        rest = plain[begin.end() :]
        end = ENDS.search(rest)
        yield from LISTED.findall(rest[: end.start()] if end else rest)


def models_in(tree):
    """How the code gets at the models of those tables: by import under any name, by the module, by the registry."""
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "events.models":
            yield from (each.name for each in node.names if each.name in MODELS | {"*"})
        elif isinstance(node, ast.ImportFrom) and node.module == "events":
            modules |= {each.asname or each.name for each in node.names if each.name == "models"}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("get_model"):
            named = " ".join(str(each.value) for each in node.args if isinstance(each, ast.Constant)).lower()
            if re.search(r"\bevents\b", named):
                yield ast.unparse(node)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in MODELS:
            whole = ast.unparse(node)
            if whole.startswith("events.models.") or whole.split(".")[0] in modules:
                yield whole


def identifiers_in(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in IDENTIFIERS:
            yield from (
                each.value
                for each in node.args
                if isinstance(each, ast.Constant) and isinstance(each.value, str) and ALONE.fullmatch(each.value)
            )


def names_of_tables(code):
    """How the code names what was collected: in SQL, as an identifier, as a name put into SQL, or as a model."""
    tree = ast.parse(code)
    texts = list(texts_of(tree))
    found = [name for text in texts for name in tables_in(text)]
    if any(re.search(r"\{[^}]*\}|%s", text) and STATEMENT.search(text) and BEGINS.search(text) for text in texts):
        found += [text for text in texts if re.fullmatch(r"(?:public\.)?(?:events|merges)(?:_\d{4}_\d\d)?", text)]
    return [*found, *identifiers_in(tree), *models_in(tree)]


@pytest.mark.parametrize(
    "code",
    [
        'SQL = "select 1 from events where environment_id = %s"',
        'SQL = """\n  delete\n  from   only events e using gone"""',
        'SQL = f"select {columns} from {source} left join merges on true"',
        'SQL = "INSERT INTO public.people" + values',
        'SQL = "lock table events in share mode"',
        'SQL = "select 1 from environments, events"',
        'SQL = "select 1 from environments e , public.people as p where true"',
        'SQL = "select 1 from (events)"',
        'SQL = "select 1 from (select * from (merges m))"',
        'SQL = "truncate events"',
        'SQL = "truncate table only people cascade"',
        'SQL = "copy events (id) to stdout"',
        'SQL = "copy (select * from merges) to stdout"',
        'SQL = "select 1 from events_2026_01"',
        "SQL = 'select 1 from \"events\"'",
        'SQL = "select 1 from /* all of */ events"',
        'SQL = "select 1 from -- all of\\n people"',
        'SQL = "analyze events"',
        'TABLE = "events"\nSQL = "select count(*) from {} where true".format(TABLE)',
        'sql.SQL("select 1 from {}").format(sql.Identifier("people"))',
        'sql.Identifier("public", "merges")',
        "from events.models import Event",
        "from events.models import Kind, Person as Somebody",
        "from events.models import *",
        "from events import models\nmodels.Event.objects.all()",
        "from events import models as collected\ncollected.Merge",
        "import events.models\nevents.models.Event.objects",
        'apps.get_model("events", "Event")',
        'django.apps.apps.get_model("events.Person")',
    ],
)
def test_what_names_a_table_is_found(code):
    assert names_of_tables(code)


@pytest.mark.parametrize(
    "code",
    [
        '"""Days are read from events alone."""',
        "from events.models import Kind",
        "from events import erasure",
        'SQL = f"select 1 from {table} where events = 1"',
        'SQL = "select kept.events, kept.people from rollup_counts kept"',
        'SQL = "update collected set events = events + 1"',
        'SQL = "insert into rollup_counts (events, people_bitmap) values (1, 2)"',
        'SQL = "select events from something"',
        'SQL = "select 1 from unnest(%s, %s) as row (time, events, people) order by events"',
        'SQL = "select 1 from something join other using (events)"',
        'SQL = "delete from people_of_interest"',
        'TABS = ["people", "reports"]',
        'WORDS = "Words from somebody, people and events (people only)"',
        'path("people/", view, name="people")',
        "Environment.objects.all()",
        'apps.get_model("projects", "Environment")',
    ],
)
def test_what_names_none_is_not(code):
    assert not names_of_tables(code)


def test_tables_of_what_was_collected_are_named_behind_the_door_only():
    found = {name: named for name, code in sources() if (named := names_of_tables(code))}

    assert {"events/batch.py", "events/erasure.py", "analytics/sql/rows.py"} & set(found), "nothing was looked at"
    assert {name: named for name, named in found.items() if not name.startswith(BEHIND)} == {}


def test_sql_is_put_together_in_one_place_and_executed_in_another():
    building = [(name, code) for name, code in sources() if name.startswith("analytics/sql/")]

    assert len(building) > 5
    assert [name for name, code in building if re.search(r"django\.db|psycopg|\.execute\(", code)] == []
