"""How many rows an account has: for the page that confirms a closing, and for the check that nothing is left."""

from django.db import OperationalError, connection, transaction
from psycopg import sql

from analytics.store.current import event_store
from analytics.store.protocol import EventSpan
from projects.tables import AccountScope, AccountTable, account_tables, any_of, conditions, read_schema, scope_of
from support.closing import unlinked_rows

PATIENCE_MS = 20_000  # for counting one table; a table that takes longer is estimated


def count_rows(account_id: int) -> dict[str, int]:
    """{table: rows of this account}, without empty tables. The number of a very large table is an estimate."""
    tables = account_tables(read_schema())
    by_name = {table.name: table for table in tables}
    scope = scope_of(account_id)
    counts = {table.name: _count(table, by_name, scope) for table in tables}
    counts |= {"accounts_user": len(unlinked_rows.logins_that_go(account_id))}
    return {name: count for name, count in sorted(counts.items()) if count}


def _count(table: AccountTable, tables: dict[str, AccountTable], scope: AccountScope) -> int:
    parts = {"table": sql.Identifier(table.name), "condition": any_of(conditions(table, tables, scope))}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select set_config('statement_timeout', %s, true)", [str(PATIENCE_MS)])
            cursor.execute(sql.SQL("select count(*) from {table} where {condition}").format(**parts))
            return int(cursor.fetchone()[0])
    except OperationalError:  # cancelled by the timeout
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("explain (format json) select 1 from {table} where {condition}").format(**parts))
            return int(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])


def tables_with_rows(scope: AccountScope) -> list[str]:
    """The tables that still hold rows of the account, except accounts_account itself."""
    tables = account_tables(read_schema())
    by_name = {table.name: table for table in tables}
    left = []
    with connection.cursor() as cursor:
        for table in tables[:-1]:
            condition = any_of(conditions(table, by_name, scope))
            question = sql.SQL("select exists (select 1 from {} where {})")
            cursor.execute(question.format(sql.Identifier(table.name), condition))
            if cursor.fetchone()[0]:
                left.append(table.name)
    return left


def event_span(account_id: int) -> EventSpan:
    """The times of the account's oldest and newest event."""
    return event_store().span(scope_of(account_id).ids["projects_environment"])
