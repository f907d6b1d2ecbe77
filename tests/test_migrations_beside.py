"""Each migration says whether servers of the version before may go on while it runs, and afterwards.

Who says yes does nothing that old code cannot bear, as far as that can be read in it.
"""

import re
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from heapadmin.old_code import in_words, runs_beside

SAID_NOTHING = {  # the last of each app that was released before they had to say it
    "accounts": "0008",
    "analytics": "0008",
    "collector": "0008",
    "events": "0012",
    "ipfilter": "0004",
    "projects": "0009",
    "support": "0004",
}
BREAKS_OLD_CODE = (  # what old code reads or calls goes, or refuses what old code writes
    migrations.RemoveField,
    migrations.DeleteModel,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.AlterModelTable,
    migrations.AlterField,
    migrations.AlterUniqueTogether,
    migrations.AddConstraint,
)
BREAKING_SQL = re.compile(
    r"\b(?:drop\s+(?:table|column|function|trigger|view|type|schema)|rename\s+(?:to|column)|alter\s+column|"
    r"add\s+constraint|add\s+column\b(?![^;]*\bdefault\b)[^;]*\bnot\s+null|create\s+unique\s+index|truncate)",
    re.IGNORECASE,
)
LOCK_TIMEOUT = re.compile(r"\bset\s+(?:local\s+)?lock_timeout\b", re.IGNORECASE)


def new_migrations():
    for app, last in SAID_NOTHING.items():
        for file in sorted((settings.BASE_DIR / app / "migrations").glob("[0-9]*.py")):
            if file.stem[:4] > last:
                yield import_module(f"{app}.migrations.{file.stem}").Migration(file.stem, app)


def faults(migration):
    """What is wrong with what `migration` says."""
    if not isinstance(getattr(migration, "runs_beside_old_code", None), bool):
        return ["it does not say runs_beside_old_code = True or False"]
    return list(objections(migration.operations)) if runs_beside(migration) else []


def objections(operations):
    """Old code would fail, or wait for long behind a lock."""
    made = {operation.name_lower for operation in operations if isinstance(operation, migrations.CreateModel)}
    sql = [text for operation in operations if isinstance(operation, migrations.RunSQL) for text in texts(operation)]
    added = {(each.model_name_lower, each.name_lower) for each in operations if isinstance(each, migrations.AddField)}
    touches_others = False
    for operation in operations:
        if isinstance(operation, migrations.CreateModel | migrations.RunPython | migrations.RunSQL):
            continue
        if getattr(operation, "model_name_lower", None) in made:
            continue
        if isinstance(operation, migrations.SeparateDatabaseAndState) and not operation.database_operations:
            continue
        touches_others = True
        if isinstance(operation, BREAKS_OLD_CODE) and not concerns(operation, added):
            yield f"{operation.describe()}: old code may not bear it"
        if isinstance(operation, migrations.AddField) and not may_be_left_out(operation.field):
            yield f"{operation.describe()}: old code leaves it out, so it must be null or have a db_default"
    yield from (f"{found[0]}: old code may not bear it" for text in sql for found in BREAKING_SQL.finditer(text))
    if (touches_others or sql) and not any(LOCK_TIMEOUT.search(text) for text in sql):
        yield "it sets no lock_timeout, so what old code does may wait behind it for as long as it waits itself"


def concerns(operation, added):
    """Whether it only checks columns that were added with it, which old code leaves as they are."""
    check = getattr(getattr(operation, "constraint", None), "condition", None)
    if check is None or isinstance(operation.constraint, models.UniqueConstraint):
        return False
    return all((operation.model_name_lower, column) in added for column in columns(check))


def columns(condition):
    """The columns that a condition names."""
    for each in condition.children:
        yield from columns(each) if isinstance(each, Q) else [each[0].split("__")[0]]


def texts(operation):
    given = operation.sql
    return [given] if isinstance(given, str) else [one if isinstance(one, str) else one[0] for one in given or []]


def may_be_left_out(field):
    return field.null or field.has_db_default() or isinstance(field, models.ManyToManyField)


def test_the_list_names_every_app():
    assert set(SAID_NOTHING) == {app.label for app in apps.get_app_configs() if is_ours(app)}


def is_ours(app):
    return (settings.BASE_DIR / app.label / "migrations").is_dir()


def test_new_migrations_say_whether_old_code_may_run_beside_them():
    found = {f"{migration.app_label}.{migration.name}": faults(migration) for migration in new_migrations()}

    assert {name: wrong for name, wrong in found.items() if wrong} == {}


TIMEOUT = migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop)
TEXT = models.TextField(db_default="")
CHECKED = models.CheckConstraint(condition=Q(n__lte=1), name="n")
BOTH_CHECKED = models.CheckConstraint(condition=Q(n=1) | Q(old=1), name="n")


@pytest.mark.parametrize(
    ("operations", "words"),
    [
        ([TIMEOUT, migrations.AddField("it", "note", TEXT)], None),
        ([TIMEOUT, migrations.AddField("it", "note", models.TextField(null=True))], None),
        ([migrations.CreateModel("It", [("note", models.TextField())])], None),
        ([migrations.SeparateDatabaseAndState(state_operations=[migrations.AlterField("it", "note", TEXT)])], None),
        ([migrations.SeparateDatabaseAndState([migrations.AlterField("it", "note", TEXT)])], "no lock_timeout"),
        ([migrations.AddField("it", "note", TEXT)], "no lock_timeout"),
        (
            [TIMEOUT, migrations.AddField("it", "note", models.TextField(default=""))],
            "must be null or have a db_default",
        ),
        ([TIMEOUT, migrations.RemoveField("it", "note")], "Remove field note"),
        ([TIMEOUT, migrations.DeleteModel("It")], "Delete model It"),
        ([TIMEOUT, migrations.RenameField("it", "note", "words")], "Rename field note"),
        ([TIMEOUT, migrations.AlterField("it", "note", TEXT)], "Alter field note"),
        ([TIMEOUT, migrations.AddConstraint("it", models.CheckConstraint(condition=Q(n=1), name="n"))], "constraint n"),
        ([TIMEOUT, migrations.AddField("it", "n", TEXT), migrations.AddConstraint("it", CHECKED)], None),
        ([TIMEOUT, migrations.AddField("other", "n", TEXT), migrations.AddConstraint("it", CHECKED)], "constraint n"),
        ([TIMEOUT, migrations.AddField("it", "n", TEXT), migrations.AddConstraint("it", BOTH_CHECKED)], "constraint n"),
        ([TIMEOUT, migrations.RunSQL("alter table it  drop\ncolumn note")], "drop\ncolumn"),
        ([TIMEOUT, migrations.RunSQL(["DROP FUNCTION f()"])], "DROP FUNCTION"),
        ([TIMEOUT, migrations.RunSQL("alter table it add column n int not null")], "add column n int not null"),
        ([TIMEOUT, migrations.RunSQL("alter table it add column n int not null default 0")], None),
        ([migrations.RunSQL("create index on it (n)")], "no lock_timeout"),
    ],
)
def test_what_old_code_cannot_bear_is_found(operations, words):
    migration = migrations.Migration("0001_it", "app")
    migration.operations = operations
    migration.runs_beside_old_code = True

    found = "; ".join(faults(migration))

    assert words in found if words else found == ""


def test_who_says_nothing_is_found():
    assert faults(migrations.Migration("0001_it", "app")) == ["it does not say runs_beside_old_code = True or False"]


def test_who_migrates_is_told_what_to_stop_for():
    beside, alone = migrations.Migration("0001_it", "app"), migrations.Migration("0002_it", "app")
    beside.runs_beside_old_code = True

    assert in_words([beside]) == "Servers of the version before may go on meanwhile."
    assert in_words([beside, alone]) == (
        "Stop servers of the version before first: app.0002_it may not run beside them."
    )
