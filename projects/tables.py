"""Finds the tables that can hold data of an account, and the conditions that select its rows there.

Nothing is listed by hand. A table belongs to accounts if a chain of foreign keys leads from it to accounts_account, or
if it has a column that is named like one of these keys and has no constraint (the events tables, for speed). So a new
table is found without any change here. A table with neither must be named, with the reason, in KEPT in
support/closing/unlinked_rows.py, or a test fails; that file also removes what an account leaves in such tables.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from django.db import connection
from psycopg import sql

ACCOUNT = "accounts_account"
LOOSE_KEYS = {  # columns that may hold the id of a row of the account without a constraint
    "account_id": ACCOUNT,
    "project_id": "projects_project",
    "environment_id": "projects_environment",
}
NUMBERS = ("bigint", "integer")

FOREIGN_KEYS = """
select child.relname, attribute.attname, parent.relname, target.attname, cardinality(c.conkey) = 1
from pg_constraint c
cross join lateral unnest(c.conkey, c.confkey) as pair(child_column, parent_column)
join pg_class child on child.oid = c.conrelid and not child.relispartition
join pg_class parent on parent.oid = c.confrelid and not parent.relispartition
join pg_namespace space on space.oid = child.relnamespace and space.nspname = current_schema()
join pg_attribute attribute on attribute.attrelid = child.oid and attribute.attnum = pair.child_column
join pg_attribute target on target.attrelid = parent.oid and target.attnum = pair.parent_column
where c.contype = 'f'
"""
TRIGGERED = """
select distinct class.relname from pg_trigger trigger
join pg_class class on class.oid = trigger.tgrelid
join pg_namespace space on space.oid = class.relnamespace and space.nspname = current_schema()
where not trigger.tgisinternal and trigger.tgtype & 8 = 8
"""
LEAVES = """
select leaf.relname from pg_partition_tree(quote_ident(%s)::regclass) tree
join pg_class leaf on leaf.oid = tree.relid
where tree.isleaf order by 1
"""
COLUMNS = """
select class.relname, attribute.attname, format_type(attribute.atttypid, null)
from pg_class class
join pg_namespace space on space.oid = class.relnamespace and space.nspname = current_schema()
join pg_attribute attribute on attribute.attrelid = class.oid and attribute.attnum > 0 and not attribute.attisdropped
where class.relkind in ('r', 'p') and not class.relispartition and class.relname !~ '^events_(moving|packing)'
"""
"""Copies that are there for a while are left out: they follow the events (events/moving.py, events/packing.py)."""


@dataclass(frozen=True)
class KeyColumn:
    """A column of `table` that refers to `parent_column` of `parent`.

    `is_alone` is false if it is one of several columns of the same foreign key.
    """

    table: str
    column: str
    parent: str
    parent_column: str = "id"
    is_alone: bool = True

    @property
    def is_sufficient(self) -> bool:
        """Whether this column alone identifies the parent row. Of several columns, the one that refers to `id` does."""
        return self.is_alone or self.parent_column == "id"


@dataclass(frozen=True)
class Schema:
    """The tables of the database: their columns with types, and which column refers to which table.

    `loose` are the keys without a foreign key: the database never deletes their rows by itself, so we must.
    `triggered` are the tables with delete triggers: deleting a row there may delete rows in other tables.
    """

    columns: dict[str, dict[str, str]]
    keys: frozenset[KeyColumn]
    loose: frozenset[KeyColumn]
    triggered: frozenset[str]

    @property
    def tables(self) -> frozenset[str]:
        return frozenset(self.columns)


def read_schema() -> Schema:
    """Read the schema from the database. Partitions count as part of their table."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        columns: dict[str, dict[str, str]] = {}
        for table, column, kind in cursor.fetchall():
            columns.setdefault(table, {})[column] = kind
        cursor.execute(FOREIGN_KEYS)
        keys = {KeyColumn(*row) for row in cursor.fetchall()}
        cursor.execute(TRIGGERED)
        triggered = frozenset(row[0] for row in cursor.fetchall())
    named = {
        KeyColumn(table, column, LOOSE_KEYS[column])
        for table, kinds in columns.items()
        for column, kind in kinds.items()
        if column in LOOSE_KEYS and kind in NUMBERS
    }
    constrained = {(key.table, key.column) for key in keys}
    loose = frozenset(key for key in named if (key.table, key.column) not in constrained)
    sufficient = {(key.table, key.column) for key in keys if key.is_sufficient}
    keys |= {key for key in named if (key.table, key.column) not in sufficient}
    return Schema(columns, frozenset(keys), loose, triggered)


def leaves(table: str) -> list[str]:
    """The partitions that hold the rows of a table; the table itself if it has none."""
    with connection.cursor() as cursor:
        cursor.execute(LEAVES, [table])
        return [row[0] for row in cursor.fetchall()] or [table]


@dataclass(frozen=True)
class AccountTable:
    """A table with rows of accounts, and every column through which a row can belong to an account."""

    name: str
    keys: tuple[KeyColumn, ...]


def account_tables(schema: Schema) -> list[AccountTable]:
    """The tables with rows of accounts, each before the tables that it refers to; accounts_account is last.

    Raises ValueError if tables refer to each other in a circle, because then no order of deletion works.
    """
    found = {ACCOUNT}
    while more := {key.table for key in schema.keys if key.is_sufficient and key.parent in found} - found:
        found |= more
    within = [key for key in schema.keys if {key.table, key.parent} <= found and key.table != key.parent]
    return [AccountTable(table, _ways(table, within)) for table in _ordered(found, within, schema.triggered)]


def _ways(table: str, keys: Iterable[KeyColumn]) -> tuple[KeyColumn, ...]:
    own = [key for key in keys if key.table == table and key.is_sufficient]
    return tuple(sorted(own, key=lambda key: (key.column, key.parent)))


def _ordered(tables: set[str], keys: Iterable[KeyColumn], triggered: frozenset[str]) -> list[str]:
    """Tables in order of deletion: a table comes after those that refer to it.

    Tables with triggers come as late as possible, so that rows are counted before a trigger deletes them."""
    order: TopologicalSorter[str] = TopologicalSorter({table: set() for table in tables})
    for key in keys:
        order.add(key.parent, key.table)
    try:
        order.prepare()
    except CycleError as error:
        raise ValueError(f"tables point to each other in a circle: {error.args[1]}") from error
    ready: set[str] = set()
    found = []
    while order.is_active():
        ready.update(order.get_ready())
        table = min(ready, key=lambda each: (each == ACCOUNT, each in triggered, each))
        ready.remove(table)
        order.done(table)
        found.append(table)
    return found


@dataclass(frozen=True)
class AccountScope:
    """The ids of one account's rows, by table.

    Stored before the account's own rows are deleted, so that rows which arrive late are found too.
    """

    ids: dict[str, tuple[int, ...]]

    def as_json(self) -> dict[str, list[int]]:
        return {table: list(ids) for table, ids in self.ids.items()}

    @classmethod
    def from_json(cls, kept: dict[str, list[int]]) -> "AccountScope":
        return cls({table: tuple(ids) for table, ids in kept.items()})


def scope_of(account_id: int) -> AccountScope:
    """The ids that all other rows refer to: of the account, its projects and environments."""
    with connection.cursor() as cursor:
        cursor.execute("select id from projects_project where account_id = %s order by id", [account_id])
        projects = tuple(row[0] for row in cursor.fetchall())
        cursor.execute("select id from projects_environment where project_id = any(%s) order by id", [list(projects)])
        environments = tuple(row[0] for row in cursor.fetchall())
    return AccountScope({ACCOUNT: (account_id,), "projects_project": projects, "projects_environment": environments})


def conditions(table: AccountTable, tables: dict[str, AccountTable], scope: AccountScope) -> list[sql.Composed]:
    """SQL conditions for rows of `table` that belong to the account. A row belongs to it if at least one holds."""
    if table.name == ACCOUNT:
        return [one_of("id", scope.ids[ACCOUNT])]
    found = []
    for key in table.keys:
        ids = scope.ids.get(key.parent) if key.parent_column == "id" else None
        if ids is not None:
            found.append(one_of(key.column, ids))
            continue
        for condition in conditions(tables[key.parent], tables, scope) if key.parent != table.name else []:
            found.append(
                sql.SQL("{column} in (select {target} from {parent} where {condition})").format(
                    column=sql.Identifier(key.column),
                    target=sql.Identifier(key.parent_column),
                    parent=sql.Identifier(key.parent),
                    condition=condition,
                )
            )
    return found


def one_of(column: str, ids: Sequence[int]) -> sql.Composed:
    """SQL for "`column` is one of `ids`". One id makes it an equality, which every index serves in order."""
    values = sql.SQL(", ").join(sql.Literal(each) for each in ids) if ids else sql.SQL("null")
    return sql.SQL("{} in ({})").format(sql.Identifier(column), values)


def any_of(parts: list[sql.Composed]) -> sql.Composed:
    """SQL for "at least one of `parts` holds"."""
    return sql.SQL("({})").format(sql.SQL(" or ").join(parts))


def deletion(leaf: str, condition: sql.Composable) -> sql.Composed:
    """The statement that deletes rows of one leaf. Its parameter is the maximum number of rows."""
    return sql.SQL(
        "delete from only {leaf} where ctid = any(array(select ctid from only {leaf} where {condition} limit %s))"
    ).format(leaf=sql.Identifier(leaf), condition=condition)
