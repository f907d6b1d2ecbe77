"""Which tables can hold something of an account, and how its rows are found there.

Nothing is listed by hand. A table is the account's when a chain of foreign keys leads from it to accounts_account, or
when it has a column that is named like one of these keys and has no constraint (the events tables, for speed). So a
table that somebody adds tomorrow is found here tomorrow. One that has neither must be named in KEPT in
support/closing/unlinked_rows.py with the reason, or a test fails; what an account leaves there is removed by it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from django.db import connection
from psycopg import sql

ACCOUNT = "accounts_account"
LOOSE_KEYS = {  # columns without a constraint that hold the id of a row of the account
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
where class.relkind in ('r', 'p') and not class.relispartition
"""


@dataclass(frozen=True)
class TableKey:
    """A column of `table` that holds what `parent_column` holds in a row of `parent`.

    `is_alone` is false for one of several columns that lead there together.
    """

    table: str
    column: str
    parent: str
    parent_column: str = "id"
    is_alone: bool = True

    @property
    def tells(self) -> bool:
        """Whether this column by itself tells whose the row is. Of several columns the `id` does."""
        return self.is_alone or self.parent_column == "id"


@dataclass(frozen=True)
class Schema:
    """What the database says of its tables: their columns with types, and which column points where.

    `loose` are those of the keys that no foreign key knows of: what they hold goes only if we remove it.
    `triggered` are those in which a row's going makes something else happen, rows going elsewhere perhaps.
    """

    columns: dict[str, dict[str, str]]
    keys: frozenset[TableKey]
    loose: frozenset[TableKey]
    triggered: frozenset[str]

    @property
    def tables(self) -> frozenset[str]:
        return frozenset(self.columns)


def read_schema() -> Schema:
    """Ask the database. Partitions count as part of their table."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        columns: dict[str, dict[str, str]] = {}
        for table, column, kind in cursor.fetchall():
            columns.setdefault(table, {})[column] = kind
        cursor.execute(FOREIGN_KEYS)
        keys = {TableKey(*row) for row in cursor.fetchall()}
        cursor.execute(TRIGGERED)
        triggered = frozenset(row[0] for row in cursor.fetchall())
    named = {
        TableKey(table, column, LOOSE_KEYS[column])
        for table, kinds in columns.items()
        for column, kind in kinds.items()
        if column in LOOSE_KEYS and kind in NUMBERS
    }
    constrained = {(key.table, key.column) for key in keys}
    loose = frozenset(key for key in named if (key.table, key.column) not in constrained)
    telling = {(key.table, key.column) for key in keys if key.tells}
    keys |= {key for key in named if (key.table, key.column) not in telling}
    return Schema(columns, frozenset(keys), loose, triggered)


def leaves(table: str) -> list[str]:
    """The partitions that hold the rows of a table; the table itself when it has none."""
    with connection.cursor() as cursor:
        cursor.execute(LEAVES, [table])
        return [row[0] for row in cursor.fetchall()] or [table]


@dataclass(frozen=True)
class AccountTable:
    """A table with rows of accounts, and every column through which a row can be one account's."""

    name: str
    keys: tuple[TableKey, ...]


def account_tables(schema: Schema) -> list[AccountTable]:
    """The account's tables, each before the tables that it points to; accounts_account itself is last.

    Raises ValueError when tables point to each other in a circle, which no order could clear.
    """
    found = {ACCOUNT}
    while more := {key.table for key in schema.keys if key.tells and key.parent in found} - found:
        found |= more
    within = [key for key in schema.keys if {key.table, key.parent} <= found and key.table != key.parent]
    return [AccountTable(table, _ways(table, within)) for table in _ordered(found, within, schema.triggered)]


def _ways(table: str, keys: Iterable[TableKey]) -> tuple[TableKey, ...]:
    own = [key for key in keys if key.table == table and key.tells]
    return tuple(sorted(own, key=lambda key: (key.column, key.parent)))


def _ordered(tables: set[str], keys: Iterable[TableKey], triggered: frozenset[str]) -> list[str]:
    """Those that others point to later; tables with triggers as late as may be, so that all that goes is counted."""
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
class AccountIds:
    """One account's ids, by the table that they are ids of.

    Kept while the account's own rows vanish, so that what arrives late is found as well.
    """

    ids: dict[str, tuple[int, ...]]

    def as_json(self) -> dict[str, list[int]]:
        return {table: list(ids) for table, ids in self.ids.items()}

    @classmethod
    def from_json(cls, kept: dict[str, list[int]]) -> "AccountIds":
        return cls({table: tuple(ids) for table, ids in kept.items()})


def scope_of(account_id: int) -> AccountIds:
    """The ids that everything else hangs on: the account, its projects and environments."""
    with connection.cursor() as cursor:
        cursor.execute("select id from projects_project where account_id = %s order by id", [account_id])
        projects = tuple(row[0] for row in cursor.fetchall())
        cursor.execute("select id from projects_environment where project_id = any(%s) order by id", [list(projects)])
        environments = tuple(row[0] for row in cursor.fetchall())
    return AccountIds({ACCOUNT: (account_id,), "projects_project": projects, "projects_environment": environments})


def conditions(table: AccountTable, tables: dict[str, AccountTable], scope: AccountIds) -> list[sql.Composed]:
    """The ways in which a row of `table` is the account's; a row is as soon as one of them holds."""
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
    """`column` is one of `ids`; with a single one as an equality, which every index serves in order."""
    values = sql.SQL(", ").join(sql.Literal(each) for each in ids) if ids else sql.SQL("null")
    return sql.SQL("{} in ({})").format(sql.Identifier(column), values)


def any_of(parts: list[sql.Composed]) -> sql.Composed:
    """One condition out of several: at least one holds."""
    return sql.SQL("({})").format(sql.SQL(" or ").join(parts))


def deletion(leaf: str, condition: sql.Composable) -> sql.Composed:
    """The statement that removes some rows of one leaf; its parameter says how many at most."""
    return sql.SQL(
        "delete from only {leaf} where ctid = any(array(select ctid from only {leaf} where {condition} limit %s))"
    ).format(leaf=sql.Identifier(leaf), condition=condition)
