"""One door to what was collected: nothing else names its tables."""

import ast
import re

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
BEHIND = ("events/", "analytics/store/", "analytics/sql/")
NO_APPS = ("tests/", "bench/")  # and virtual environments, whose folders begin with a dot
TABLE = re.compile(
    r'\b(from|join|into|update|using|table)\s+(only\s+)?(\w+\.)?"?(events|people|merges)\b', re.IGNORECASE
)
MODELS = {"Event", "Person", "Merge"}
MANAGERS = {"objects", "_default_manager", "_base_manager"}


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


def names_of_tables(code):
    """How the code names what was collected: as SQL text or through a model."""
    tree = ast.parse(code)
    found = [match[0] for text in texts_of(tree) if (match := TABLE.search(text))]
    looked_up = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in MANAGERS)
    return found + [ast.unparse(node) for node in looked_up if ast.unparse(node.value) in MODELS]


@pytest.mark.parametrize(
    "code",
    [
        'SQL = "select 1 from events where environment_id = %s"',
        'SQL = """\n  delete\n  from   only events e using gone"""',
        'SQL = f"select {columns} from {source} left join merges on true"',
        'SQL = "INSERT INTO public.people" + values',
        'SQL = "lock table events in share mode"',
        "Event.objects.filter(environment_id=1)",
        "Person._default_manager.all()",
    ],
)
def test_what_names_a_table_is_found(code):
    assert names_of_tables(code)


@pytest.mark.parametrize(
    "code",
    [
        '"""Days are read from events alone."""',
        "from events.models import Event",
        'SQL = f"select 1 from {table} where events = 1"',
        'TITLE = "Only people in the segment"',
        'SQL = "delete from people_of_interest"',
        "Environment.objects.all()",
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
