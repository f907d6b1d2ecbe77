"""The rows that an export reads, in pieces whose order comes from an index.

The tables come from projects/tables.py, so a new table is exported without a change here. A piece is one table, or
one environment of a table that stores rows per environment (events, people). Collected data is read through the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db import connection
from psycopg import sql

from analytics.store.current import event_store
from analytics.store.protocol import Collected
from projects.tables import ACCOUNT, AccountScope, AccountTable, Schema, account_tables, any_of, conditions, read_schema

LEFT_OUT = {  # of no use outside Heapadmin, or the export itself
    "accounts_samlanswer",
    "analytics_labelticket",
    "collector_collectedhour",
    "idempotency_keys",
    "ipfilter_keptout",
    "support_accountexport",
    "support_exportpart",
}
ROLLUP_PREFIX = "rollup_"  # left out too: these tables hold only sums of other tables
SECRET_WORDS = ("digest", "nonce", "secret", "password", "token")  # a column whose name contains one is left out

PRIMARY_KEY = """
select attribute.attname from pg_index index
cross join lateral unnest(index.indkey) with ordinality as part(number, position)
join pg_attribute attribute on attribute.attrelid = index.indrelid and attribute.attnum = part.number
where index.indrelid = %s::regclass and index.indisprimary order by part.position
"""


class Piece(Protocol):
    """Rows of `table`, in the order of a unique key."""

    @property
    def name(self) -> str: ...

    @property
    def table(self) -> str: ...

    def page(self, after: Sequence[str] | None, rows: int) -> list[tuple[str, ...]]:
        """The next `rows` rows after the key `after`: each row as JSON text, followed by its key as text."""
        ...


@dataclass(frozen=True)
class CollectedPiece:
    """The rows of one environment in one table of collected data, which only the store reads."""

    table: Collected
    environment_id: int

    @property
    def name(self) -> str:
        return f"{self.table} {self.environment_id}"

    def page(self, after: Sequence[str] | None, rows: int) -> list[tuple[str, ...]]:
        return event_store().export_page(self.table, self.environment_id, after, rows)


@dataclass(frozen=True)
class TablePiece:
    """Rows of `table` that match `condition`, in the order of the unique key `key`, without the columns `secrets`."""

    name: str
    table: str
    condition: sql.Composed
    key: tuple[tuple[str, str], ...]  # (column, type)
    secrets: tuple[str, ...] = ()

    def page(self, after: Sequence[str] | None, rows: int) -> list[tuple[str, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(self._statement(after, rows))
            return list(cursor.fetchall())

    def _statement(self, after: Sequence[str] | None, rows: int) -> sql.Composed:
        columns = [sql.Identifier("t", column) for column, _ in self.key]  # not the selected columns, which are text
        beyond: sql.Composable = sql.SQL("true")
        if after is not None:
            values = [
                sql.SQL("{}::{}").format(sql.Literal(value), sql.SQL(kind))  # the database itself named the type
                for value, (_, kind) in zip(after, self.key, strict=True)
            ]
            beyond = sql.SQL("({}) > ({})").format(sql.SQL(", ").join(columns), sql.SQL(", ").join(values))
        return sql.SQL(
            "select (to_jsonb(t) - {secrets}::text[])::text, {keys} from {table} t "
            "where {condition} and {beyond} order by {order} limit {rows}"
        ).format(
            secrets=sql.Literal(list(self.secrets)),
            keys=sql.SQL(", ").join(sql.SQL("{}::text").format(column) for column in columns),
            table=sql.Identifier(self.table),
            condition=self.condition,
            beyond=beyond,
            order=sql.SQL(", ").join(columns),
            rows=sql.Literal(rows),
        )


def pieces(scope: AccountScope) -> list[Piece]:
    """All pieces of the account, in an order that stays the same while an export is made."""
    schema = read_schema()
    tables = account_tables(schema)
    by_name = {table.name: table for table in tables}
    found: list[Piece] = []
    for table in sorted(tables, key=lambda each: (each.name != ACCOUNT, each.name)):
        if table.name not in LEFT_OUT and not table.name.startswith(ROLLUP_PREFIX):
            found += _pieces_of(table, by_name, schema, scope)
    return [*found, _people(scope)]


def _pieces_of(
    table: AccountTable, tables: dict[str, AccountTable], schema: Schema, scope: AccountScope
) -> list[Piece]:
    if table.name in tuple(Collected):
        return [CollectedPiece(Collected(table.name), each) for each in scope.ids["projects_environment"]]
    kinds = schema.columns[table.name]
    secrets = tuple(sorted(name for name in kinds if any(word in name for word in SECRET_WORDS)))
    with connection.cursor() as cursor:
        cursor.execute(PRIMARY_KEY, [table.name])
        key = tuple((row[0], kinds[row[0]]) for row in cursor.fetchall())
    if key[0][0] == "environment_id" and len(key) > 1:
        return [
            TablePiece(
                f"{table.name} {environment}",
                table.name,
                sql.SQL("environment_id = {}").format(sql.Literal(environment)),
                key[1:],
                secrets,
            )
            for environment in scope.ids["projects_environment"]
        ]
    return [TablePiece(table.name, table.name, any_of(conditions(table, tables, scope)), key, secrets)]


def _people(scope: AccountScope) -> Piece:
    """The teammates: name and address only, because logins belong to no single account."""
    condition = sql.SQL("id in (select user_id from accounts_membership where account_id = {})")
    kept = ("id", "email", "name")
    with connection.cursor() as cursor:
        cursor.execute(
            "select attname from pg_attribute where attrelid = 'accounts_user'::regclass and attnum > 0 "
            "and not attisdropped and attname <> all(%s)",
            [list(kept)],
        )
        others = tuple(sorted(row[0] for row in cursor.fetchall()))
    account = sql.Literal(scope.ids[ACCOUNT][0])
    return TablePiece("accounts_user", "accounts_user", condition.format(account), (("id", "bigint"),), others)
