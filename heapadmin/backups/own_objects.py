"""What in a database is Heapadmin's own. Others may have theirs beside it, even in the same schema and as one role.

So neither an owner nor a schema tells: names do, and partitions by their table. `tests/heapadmin/backups/test_dump.py`
compares them with a database that was migrated from nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
from django.apps import apps
from psycopg import sql

# Made by SQL, so Django does not know them. What a later version drops stays in these lists, for databases of before.
TABLES = (
    "cache_entries",
    "catalogue_counts",
    "catalogue_gone",
    "catalogue_keys",
    "catalogue_left_out",
    "catalogue_marks",
    "catalogue_names",
    "django_migrations",
    "events_moving",  # only while months are moved
    "events_packing",  # only while a month is packed
    "events_packing_noted",
    "rollup_counts",
    "rollup_days",
    "rollup_marks",
    "rollup_pending",
    "rollup_positions",
    "rollup_values",
)
SEQUENCES = ("ipfilter_stamp",)  # without those that belong to a table
FUNCTIONS = (
    "activity_is_append_only()",
    "add_to_catalogue(json, integer, integer, integer)",
    "add_to_catalogue(json, integer, integer, integer, integer)",
    "alert_webhook_stays_in_its_environment()",
    "alertdelivery_stays_in_its_account()",
    "alertdelivery_stays_in_its_environment()",
    "alertrecipient_stays_in_its_account()",
    "apitoken_stays_in_its_account()",
    "app_id_stays_with_its_account()",
    "bounded(jsonb, jsonb, integer, integer)",
    "by_sender(jsonb, json)",
    "change_people(json)",
    "change_people(json, integer, integer)",
    "collect(json, json, json, json, json)",
    "collect(json, json, json, json, json, integer, integer)",
    "copy_moving()",
    "directory_changed()",
    "ensure_event_partitions(date, date)",
    "excludedip_stamp()",
    "excludediplist_stays_in_its_account()",
    "fold_visitor(bigint, bigint, bigint)",
    "fold_visitor(bigint, bigint, bigint, integer, integer)",
    "forget_counted()",
    "forget_merges()",
    "index_names(text)",
    "keptout_where_its_rule_holds()",
    "left_out(jsonb, jsonb)",
    "login_switched_off()",
    "make_event_partition(text, date)",
    "membership_lost()",
    "message_stays_in_its_account()",
    "note_gone_months()",
    "note_merges()",
    "note_packing()",
    "projectrole_stays_in_its_account()",
    "property_bytes(text, jsonb)",
    "require_full_access(bigint)",
    "set_customers(json)",
    "set_customers(json, integer, integer)",
    "set_people(json)",
    "set_people(json, integer, integer)",
    "store_events(json, json)",
    "subscription_stays_in_its_account()",
    "subtract_count(bigint, timestamp with time zone, text, text, bigint, integer[], integer[])",
    "subtract_labels(bigint, timestamp with time zone, text, text, jsonb)",
    "summed_changes(json, bigint[], boolean)",
)
JOBS = "procrastinate_"  # what begins like this is procrastinate's: functions, types

# Statements that drop all of it, in an order in which nothing of ours depends on what goes. None says CASCADE.
OURS = """
with recursive tables as (
    select oid from pg_class
     where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and relname = any(%(tables)s)
     union select inhrelid from pg_inherits join tables on inhparent = tables.oid
      join pg_class part on part.oid = inhrelid and part.relispartition),
foreign_objects as (select classid, objid from pg_depend where deptype = 'e'),
sequences as (
    select oid from pg_class
     where relnamespace = current_schema()::regnamespace and relkind = 'S' and relname = any(%(sequences)s)),
functions as (
    select oid, tableoid from pg_proc
     where pronamespace = current_schema()::regnamespace
       and (starts_with(proname, %(jobs)s)
            or format('%%s(%%s)', proname, oidvectortypes(proargtypes)) = any(%(functions)s))
       and (tableoid, oid) not in (select * from foreign_objects)),
types as (
    select t.oid from pg_type t left join pg_class c on c.oid = typrelid
     where typnamespace = current_schema()::regnamespace and starts_with(typname, %(jobs)s)
       and (typtype = 'e' or typtype = 'c' and c.relkind = 'c')),
triggers as (
    select t.oid from pg_trigger t
     where tgrelid in (select oid from tables) and tgfoid in (select oid from functions) and not tgisinternal)
"""
DROP = f"""{OURS}
select format('drop trigger %%I on %%s', tgname, tgrelid::regclass)
  from pg_trigger where oid in (select oid from triggers) and tgparentid = 0
union all
select 'drop function ' || string_agg(oid::regprocedure::text, ', ') from functions having count(*) > 0
union all
select 'drop table ' || string_agg(oid::regclass::text, ', ') from tables having count(*) > 0
union all
select 'drop sequence ' || string_agg(oid::regclass::text, ', ') from sequences having count(*) > 0
union all
select 'drop type ' || string_agg(oid::regtype::text, ', ') from types having count(*) > 0
"""  # noqa: S608  fixed text
# What goes with a table without a word, although others made it.
HANGING = f"""{OURS}
select format('trigger %%I on table %%s', tgname, tgrelid::regclass)
  from pg_trigger where tgrelid in (select oid from tables) and not tgisinternal and tgparentid = 0
   and oid not in (select oid from triggers)
union all
select format('policy %%I on table %%s', polname, polrelid::regclass)
  from pg_policy where polrelid in (select oid from tables)
union all
select format('rule %%I on table %%s', rulename, ev_class::regclass)
  from pg_rewrite where ev_class in (select oid from tables)
union all
select format('publication %%I of table %%s', pubname, prrelid::regclass)
  from pg_publication_rel join pg_publication p on p.oid = prpubid where prrelid in (select oid from tables)
 order by 1
"""  # noqa: S608
NOT_OURS = f"""{OURS}
select format('%%I.%%I', nspname, relname)
  from pg_class c join pg_namespace n on n.oid = relnamespace
 where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
   and c.oid not in (select oid from tables union all select oid from sequences)
   and not exists (
       select from pg_depend
        where classid = 'pg_class'::regclass and objid = c.oid and relkind = 'S' and deptype in ('a', 'i')
          and refobjid in (select oid from tables))
"""  # noqa: S608


def tables() -> set[str]:
    """The names of our tables, without those of partitions."""
    return {model._meta.db_table for model in apps.get_models(include_auto_created=True)} | set(TABLES)


def drop_statements(database: psycopg.Connection) -> list[str]:
    """Statements that drop what is ours in the current schema, and refuse to drop what others hang on it."""
    return _ask(database, DROP)


def hanging(database: psycopg.Connection) -> list[str]:
    """What others have made that goes with a table of ours without a word: "trigger mine on table people"."""
    return _ask(database, HANGING)


def not_ours(database: psycopg.Connection) -> list[str]:
    """Tables, views and sequences of others in the current schema, as patterns for pg_dump."""
    return _ask(database, NOT_OURS)


def _ask(database: psycopg.Connection, query: str) -> list[str]:
    names = {"tables": list(tables()), "sequences": list(SEQUENCES), "functions": list(FUNCTIONS), "jobs": JOBS}
    return [text for (text,) in database.execute(sql.SQL(query), names).fetchall()]


# --- In a backup ----------------------------------------------------------------------------------------------------
ENTRY = re.compile(
    r"\d+; \d+ \d+ (?P<kind>TABLE ATTACH|TABLE DATA|TABLE|SEQUENCE SET|SEQUENCE OWNED BY|SEQUENCE|DEFAULT"
    r"|CHECK CONSTRAINT|FK CONSTRAINT|CONSTRAINT|INDEX ATTACH|INDEX|TRIGGER|FUNCTION|TYPE) \S+ (?P<rest>.*)"
)
PARTITION = re.compile(r"^ALTER TABLE ONLY \S+?\.(\w+) ATTACH PARTITION \S+?\.(\w+) ", re.MULTILINE)
INDEX = re.compile(r"^CREATE (?:UNIQUE )?INDEX (\S+) ON (?:ONLY )?\S+?\.(\S+) ", re.MULTILINE)
TRIGGER = re.compile(r"^CREATE (?:CONSTRAINT )?TRIGGER (\S+) .*? ON \S+?\.(\S+) .*EXECUTE FUNCTION \S+?\.(\w+)\(", re.M)


@dataclass
class BackupContents:
    """What is ours in a backup: `schema` is all SQL of it without data, as pg_restore writes it."""

    schema: str
    tables: set[str] = field(init=False)
    foreign_indexes: set[str] = field(init=False)
    triggers: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.tables = tables()
        parts = PARTITION.findall(self.schema)
        while more := {part for table, part in parts if table in self.tables} - self.tables:
            self.tables |= more
        self.foreign_indexes = {index for index, table in INDEX.findall(self.schema) if table not in self.tables}
        names = {function.partition("(")[0] for function in FUNCTIONS}
        found = TRIGGER.findall(self.schema)
        self.triggers = {f"{table} {name}" for name, table, call in found if call in names or call.startswith(JOBS)}

    def ours(self, listed: str) -> Iterator[str]:
        """Those lines of `pg_restore --list` that are about what is ours."""
        entries = [(line, found) for line in listed.splitlines() if (found := ENTRY.match(line))]
        for _, found in entries:
            if found["kind"] == "CONSTRAINT" and (words := found["rest"].split())[0] not in self.tables:
                self.foreign_indexes.add(words[1])
        for line, found in entries:
            if self._is_ours(found["kind"], found["rest"]):
                yield line

    def _is_ours(self, kind: str, rest: str) -> bool:
        first = rest.split()[0]
        match kind:
            case "FUNCTION":
                return rest.startswith(JOBS) or rest[: rest.index(")") + 1] in FUNCTIONS
            case "TYPE":
                return first.startswith(JOBS)
            case "TRIGGER":
                return " ".join(rest.split()[:2]) in self.triggers
            case "INDEX" | "INDEX ATTACH":
                return first not in self.foreign_indexes
            case "SEQUENCE" | "SEQUENCE SET" | "SEQUENCE OWNED BY":
                return first in SEQUENCES or any(first.startswith(f"{table}_") for table in self.tables)
        return first in self.tables
