"""Removing every row of a closed account, in steps (common/steps.py).

Steps are short, and each is followed by a pause of the same length, so that other work is hardly slowed down.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from django.db import connection
from django.utils import timezone
from psycopg import sql

from common import steps
from projects.tables import (
    ACCOUNT,
    AccountScope,
    AccountTable,
    account_tables,
    conditions,
    deletion,
    leaves,
    read_schema,
)
from support.closing import row_counts, unlinked_rows
from support.closing.actions import start_purge
from support.closing.models import Closing, ClosingState

STEP_SECONDS = 0.15  # how long a step should take; Pace chooses the number of rows accordingly
FEWEST, MOST = 200, 20_000  # rows per step
PAUSE = 1.0  # after a step, as a multiple of its duration

MEMBERSHIP = "accounts_membership"


class Unfinished(Exception):
    """Something is left that will end by itself in a moment, so the purge must try again later."""


@dataclass
class Pace:
    """How many rows a step removes so that it takes `STEP_SECONDS`, and the pause after it."""

    rows: int = 1_000
    pause: float = PAUSE

    def note(self, took_seconds: float) -> None:
        """Adapt the number of rows to the duration of a step that removed the full number."""
        factor = min(max(STEP_SECONDS / max(took_seconds, 0.001), 0.5), 2.0)
        self.rows = min(max(int(self.rows * factor), FEWEST), MOST)


def run(
    closing_id: int, *, seconds: float, pace: Pace | None = None, after_step: Callable[[Closing], None] | None = None
) -> bool:
    """Purge for about `seconds`. Returns True if nothing is left to do for this closing, False to continue later.

    Two purges may run at once: one waits, or finds nothing to remove. Raises Unfinished if only waiting helps.
    """
    closing = start_purge(closing_id, timezone.now())
    if closing is None or closing.state == ClosingState.DONE:
        return True
    pace = pace or Pace()
    scope = AccountScope.from_json(closing.scope)
    todo = (partial(_run_paced, closing, step, pace, after_step) for step in _steps(scope))
    return steps.run(todo, seconds=seconds, pause=pace.pause) and finish(closing, scope)


def _run_paced(closing: Closing, step: "RemovalStep", pace: Pace, after_step: Callable[[Closing], None] | None) -> int:
    """Run one step with as many rows as the pace allows, and adapt the pace. Returns how many rows were removed."""
    started = time.monotonic()
    removed = _run_step(closing, step, pace.rows)
    if removed >= pace.rows:
        pace.note(time.monotonic() - started)
    if after_step is not None:
        after_step(closing)
    return removed


RemovalStep = Callable[[Closing, int], dict[str, int]]  # (the locked closing, the most rows) -> {table: rows removed}


def _steps(scope: AccountScope) -> Iterator[RemovalStep]:
    """The steps, in order. Each is repeated until it removes nothing. Rows go before the rows that they point to."""
    tables = account_tables(read_schema())
    by_name = {table.name: table for table in tables}
    yield lambda closing, rows: unlinked_rows.remove_jobs(scope)
    for table in tables:
        if table.name == MEMBERSHIP:
            yield _remove_some_logins
        elif table.name != ACCOUNT:
            yield from _table_steps(table, by_name, scope)
    yield lambda closing, rows: unlinked_rows.remove_sessions(closing)


def _remove_some_logins(closing: Closing, rows: int) -> dict[str, int]:
    """Remove logins, once the mail about the closing is sent: without a grace period the purge may begin before."""
    _wait_until_settled(closing, "its people are being told by mail")
    return unlinked_rows.remove_some_logins(closing)


def _wait_until_settled(closing: Closing, why: str) -> None:
    if not steps.is_settled(closing.closed_at):
        raise Unfinished(why)


def _table_steps(table: AccountTable, tables: dict[str, AccountTable], scope: AccountScope) -> Iterator[RemovalStep]:
    """One step per partition and per key that links the table to the account, because each uses its own index."""
    for leaf in leaves(table.name):
        for condition in conditions(table, tables, scope):
            yield _deletion_step(table.name, deletion(leaf, condition))


def _deletion_step(table: str, statement: sql.Composed) -> RemovalStep:
    def step(closing: Closing, rows: int) -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute(statement, [rows])
            return {table: cursor.rowcount} if cursor.rowcount else {}

    return step


@contextmanager
def _purging(closing: Closing) -> Iterator[Closing]:
    """A transaction with the closing locked, in which protected rows may be deleted (see accounts 0004)."""
    with steps.locked(Closing.objects.all(), closing.pk) as locked, connection.cursor() as cursor:
        cursor.execute("select set_config('heapadmin.purging', %s, true)", [str(closing.account_number)])
        yield locked


def _run_step(closing: Closing, step: RemovalStep, rows: int) -> int:
    """Run one step and add the removed rows to the receipt, in one transaction. Returns how many were removed."""
    with _purging(closing) as locked:
        if locked.state != ClosingState.PURGING:
            return 0
        removed = step(locked, rows)
        steps.count_in(locked.rows, removed)
        if removed:
            locked.save(update_fields=["rows", "scope"])
        closing.rows = locked.rows
    return sum(removed.values())


def finish(closing: Closing, scope: AccountScope) -> bool:
    """Make sure that nothing is left, remove the account itself and write the receipt. Raises Unfinished."""
    with _purging(closing) as locked:
        if locked.state != ClosingState.PURGING:
            return True
        left = row_counts.tables_with_rows(scope)
        if left:
            raise Unfinished(f"rows in {', '.join(left)}")
        if unlinked_rows.jobs_left(scope):
            raise Unfinished("a job of the account still runs")
        _wait_until_settled(locked, "what was on its way when the account was closed may still arrive")
        with connection.cursor() as cursor:
            cursor.execute("delete from accounts_account where id = %s", [locked.account_number])
        _write_receipt(locked)
        closing.rows, closing.state = locked.rows, locked.state
    return True


def _write_receipt(closing: Closing) -> None:
    closing.rows |= {ACCOUNT: 1}
    closing.account_name = closing.asked_by = ""
    closing.scope, closing.expected = {}, {}
    closing.state, closing.done_at = ClosingState.DONE, timezone.now()
    closing.save(update_fields=["rows", "account_name", "asked_by", "scope", "expected", "state", "done_at"])
