"""The constraints of our tables, read from PostgreSQL's catalogue: so those that SQL made are there too.

A constraint is whatever makes PostgreSQL refuse a row: a check, a unique constraint or index, an exclusion, a key, a
column that is not null, a trigger that raises. The keys and `not null` that Django makes for a field are left out.
"""

import re
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import CompositePrimaryKey

TABLES = "select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')"
# A partition inherits constraints from its table: these count once. Django's own foreign keys never cascade.
CONSTRAINTS = r"""
select conname from pg_constraint join pg_class on pg_class.oid = conrelid
 where relname = any(%(ours)s) and coninhcount = 0
   and (contype in ('c', 'u', 'x')
        or contype = 'p' and relname = any(%(by_sql)s)
        or contype = 'f' and not (conname like '%%\_fk\_%%' and confdeltype = 'a'))
"""
UNIQUE_INDEXES = """
select indexrelid::regclass::text from pg_index
  join pg_class on pg_class.oid = indrelid join pg_class own on own.oid = indexrelid
 where pg_class.relname = any(%(ours)s) and indisunique and not own.relispartition
   and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x'))
"""
NOT_NULL = """
select relname || '.' || attname from pg_attribute join pg_class on pg_class.oid = attrelid
 where relname = any(%(by_sql)s) and attnum > 0 and not attisdropped and attnotnull and attinhcount = 0
"""
TRIGGERS = """
select relname, tgname, tgtype, proname from pg_trigger
  join pg_class on pg_class.oid = tgrelid join pg_proc on pg_proc.oid = tgfoid
 where relname = any(%(ours)s) and not tgisinternal and tgparentid = 0
"""
FUNCTIONS = """
select proname, string_agg(prosrc, ' ') from pg_proc
 where pronamespace = current_schema()::regnamespace group by proname
"""
RAISES = re.compile(r"\b(?:assert|raise)\b(?!\s+(?:debug|log|info|notice|warning)\b)", re.IGNORECASE)
EVENTS = {4: "insert", 8: "delete", 16: "update", 32: "truncate"}  # bits of tgtype
PARENT = """
select parent.relname from pg_inherits
  join pg_class part on part.oid = inhrelid join pg_class parent on parent.oid = inhparent
 where part.relname = %s
"""


def constraints() -> list[str]:
    """Their names: "user_email_unique"; for a column that is not null "people.actor_id".

    A trigger has a name for each kind of change that it watches: "activity_is_append_only: delete accounts_activity".
    """
    tables = _tables()
    found = [name for query in (CONSTRAINTS, UNIQUE_INDEXES, NOT_NULL) for (name,) in _ask(query, tables)]
    raising = _raising(dict(_ask(FUNCTIONS)))
    for table, trigger, bits, function in _ask(TRIGGERS, tables):
        if function in raising:
            found += [f"{trigger}: {event} {table}" for bit, event in EVENTS.items() if bits & bit]
    return found


def constraints_of_models() -> set[str]:
    """The names of those that our models declare."""
    return {constraint.name for model in apps.get_models() if _is_ours(model) for constraint in model._meta.constraints}


def name_of(error) -> str:
    """The name of the constraint that `error` tells of; for a trigger the part before the colon."""
    if error.diag.constraint_name:
        return _whole(error.diag.constraint_name)
    return f"{_whole(error.diag.table_name)}.{error.diag.column_name}"


def _whole(name: str) -> str:
    """The table or index that `name` is a partition of, or else `name`."""
    return next((parent for (parent,) in _ask(PARENT, [name])), name)


def _tables() -> dict[str, list[str]]:
    """`ours`: all tables but those of packages. `by_sql`: those of ours that Django did not make from a model."""
    models = apps.get_models(include_auto_created=True)
    theirs = {model._meta.db_table for model in models if not _is_ours(model)} | {"django_migrations"}
    ours = {table for (table,) in _ask(TABLES)} - theirs
    by_django = {model._meta.db_table for model in models if not isinstance(model._meta.pk, CompositePrimaryKey)}
    return {"ours": sorted(ours), "by_sql": sorted(ours - by_django)}


def _is_ours(model) -> bool:
    return Path(model._meta.app_config.path).parent == settings.BASE_DIR


def _raising(functions: dict[str, str]) -> set[str]:
    """The names of the functions that raise an error or call one that does."""
    found = {name for name, source in functions.items() if RAISES.search(source)}
    while more := {name for name in functions.keys() - found if _calls(functions[name], found)}:
        found |= more
    return found


def _calls(source: str, names: set[str]) -> bool:
    return any(re.search(rf"\b{name}\s*\(", source) for name in names)


def _ask(query: str, values=None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()
