"""One person's data as a file of JSON lines: what is known of them, the visitors they were, all their events.

The lines after the first are those of an account's export: a table and a row with all its columns. The last line counts
them, so that a file that was cut off can be told.

Whoever may view people may have it: it holds nothing that their page and its timeline do not show. It is asked for with
a POST, so that visits of support, which only look, cannot take it.
"""

import json
from collections.abc import Iterator

from accounts.models import User
from analytics import actions
from analytics.erasure import TARGET
from analytics.store.current import event_store
from analytics.store.people import KnownPerson
from analytics.store.protocol import Collected
from projects.models import Environment

PAGE_ROWS = 1_000


def note(*, environment: Environment, by: User) -> None:
    """Who took such a file is in the account's activity, and whose it was is not: that would outlive the person."""
    actions.note(environment, by, "person.download", TARGET)


def lines(environment: Environment, person: KnownPerson) -> Iterator[str]:
    """The file, read page by page while it is written. What changes meanwhile may or may not be in it."""
    yield _line({"heapadmin_person": 1, "project": environment.project.name, "environment": environment.name})
    counts = dict.fromkeys(Collected, 0)
    for table in (Collected.PEOPLE, Collected.MERGES, Collected.EVENTS):
        for row in _rows(environment.pk, person, table):
            counts[table] += 1
            yield f'{{"table":"{table}","row":{row}}}\n'
    yield _line({"end": {table.value: number for table, number in counts.items()}})


def _line(values: dict[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False) + "\n"


def _rows(environment_id: int, person: KnownPerson, table: Collected) -> Iterator[str]:
    for actor_id in person.actors if table is Collected.EVENTS else (person.actor_id,):
        after = None
        while True:
            rows = event_store().person_page(table, environment_id, actor_id, after, PAGE_ROWS)
            yield from (line for line, *_ in rows)
            if len(rows) < PAGE_ROWS:
                break
            after = rows[-1][1:]
