"""CountedRows for the catalogue: what has arrived since the last time, and anew what has lost something.

Whatever ends this at any point changes nothing: a mark moves, and a note goes, in the transaction of the counts.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from events.catalogue.counts import CountedRows, add_of_month, arrivals, of_month
from events.catalogue.room import make_room
from events.catalogue.rows import ADD, BOUNDS, OF_PEOPLE, month_of
from events.upkeep import settled_until

EVERY = timedelta(minutes=10)  # arrivals are counted so often: each time reads an hour that it has read before
SETTLING = timedelta(minutes=1)  # after the last deletion of a month, which seldom comes alone
MOST_AT_ONCE = timedelta(hours=6)  # of arrivals, in one transaction; only after a long stop there are more
AT_LAST = timedelta(hours=1)  # after the first one, if there is no end of them
PEOPLE_EVERY = timedelta(days=1)
NEW_OF_PEOPLE_AFTER = timedelta(hours=1)

HAS_ANY = """(exists (select from events where events.environment_id = e.id)
              or exists (select from people where people.environment_id = e.id))"""
# In any order: one that fails, or takes long, is not always the first.
DUE = f"""
select e.id from projects_environment e left join catalogue_marks k on k.environment_id = e.id
 where (k.mark is null or k.mark < %(before)s) and {HAS_ANY} order by random() limit 100
"""  # noqa: S608  fixed text
BEGIN = """
insert into catalogue_marks (environment_id, mark)
select id, %(until)s from projects_environment where id = %(environment)s
    on conflict do nothing
"""
# One look at the primary key for each month, or gap between months.
MONTHS = """
with recursive month(starts) as (
    (select date_trunc('month', time, 'UTC') from events where environment_id = %(environment)s order by time limit 1)
    union all
    select (select date_trunc('month', e.time, 'UTC') from events e
             where e.environment_id = %(environment)s and e.time >= month.starts + interval '1 month'
             order by e.time limit 1)
      from month where month.starts is not null)
insert into catalogue_gone (environment_id, month, at)
select %(environment)s, (starts at time zone 'UTC')::date, timestamptz 'epoch' from month where starts is not null
union all select %(environment)s, %(people)s::date, timestamptz 'epoch'
"""
LOCK = "select mark from catalogue_marks where environment_id = %s for update"
NOTED = """
select environment_id, month from catalogue_gone group by 1, 2
having max(at) < %(settled)s or min(at) < %(at_last)s
 order by min(at), month = %(people)s desc, month desc limit 100
"""
PEOPLE_DUE = """
insert into catalogue_gone (environment_id, month, at)
select environment_id, %(people)s::date, timestamptz 'epoch' from catalogue_marks k
 where environment_id = %(environment)s and not exists (
       select from catalogue_gone g where g.environment_id = k.environment_id and g.month = %(people)s)
   and (people_at < %(long_ago)s
        or people_at < %(a_while_ago)s and exists (
           select from catalogue_counts c where c.environment_id = k.environment_id and c.month = %(people)s
              and c.events = 0))
"""
LEFT_OUT = """
insert into catalogue_left_out as kept (environment_id, month, events, property_values)
values (%s, %s, %s, %s)
    on conflict (environment_id, month) do update
       set events = kept.events + excluded.events, property_values = kept.property_values + excluded.property_values
"""
# What was announced and had arrived for good is counted, or it is gone.
NOT_FOUND = """
delete from catalogue_counts
 where environment_id = %s and month <> %s and events = 0 and announced_at < %s
"""
OF_BEFORE = """
delete from catalogue_counts
 where environment_id = %s and month = %s and (events > 0 or announced_at < %s)
"""
# Each reads the names of one environment, however many others have.
UNUSED = (
    """delete from catalogue_names n where environment_id = %(environment)s and not exists (
        select from catalogue_counts c where c.environment_id = n.environment_id and c.name_id = n.id)""",
    """delete from catalogue_keys k where environment_id = %(environment)s and not exists (
        select from catalogue_counts c where c.environment_id = k.environment_id and c.key_id = k.id)""",
    """delete from catalogue_counts where environment_id = %(environment)s and (
        name_id not in (select id from catalogue_names where environment_id = %(environment)s)
        or key_id <> 0 and key_id not in (select id from catalogue_keys where environment_id = %(environment)s))""",
)


def due(now: datetime) -> list[int]:
    """Some of the environments whose arrivals were not counted lately."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"before": min(now - EVERY, settled_until())})
        return [environment_id for (environment_id,) in cursor.fetchall()]


def count(environment_id: int, until: datetime | None = None) -> None:
    """Count what arrived since the last time and before `until`; or for good, a part of that if it is much.

    The first time notes all months.
    """
    settled = settled_until()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BEGIN, {"environment": environment_id, "until": until or settled})
        if cursor.rowcount:
            cursor.execute(MONTHS, {"environment": environment_id, "people": OF_PEOPLE})
            return
        mark = _lock(environment_id)
        if mark is None:
            return
        until = until or min(settled, mark + MOST_AT_ONCE)
        if mark >= until:
            return
        counts = arrivals(environment_id, mark, until)
        _add(environment_id, counts, month_of(until))
        cursor.execute(NOT_FOUND, [environment_id, OF_PEOPLE, until])
        if cursor.rowcount | make_room(environment_id):
            _remove_unused(environment_id)
        cursor.execute("update catalogue_marks set mark = %s where environment_id = %s", [until, environment_id])
        now = timezone.now()
        times = {"long_ago": now - PEOPLE_EVERY, "a_while_ago": now - NEW_OF_PEOPLE_AFTER}
        cursor.execute(PEOPLE_DUE, {"environment": environment_id, "people": OF_PEOPLE, **times})


def noted(now: datetime) -> list[tuple[int, date]]:
    """Some environments and months that have lost something, the longest waiting first; of these, the newest."""
    with connection.cursor() as cursor:
        cursor.execute(NOTED, {"settled": now - SETTLING, "at_last": now - AT_LAST, "people": OF_PEOPLE})
        return list(cursor.fetchall())


def recount(environment_id: int, month: date) -> None:
    """Count one month of an environment anew, or its people. Whoever deletes meanwhile notes it again."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select id from catalogue_gone where environment_id = %s and month = %s",
                       [environment_id, month])  # fmt: skip
        notes = [note for (note,) in cursor.fetchall()]
        cursor.execute("select mark, clock_timestamp() from catalogue_marks where environment_id = %s",
                       [environment_id])  # fmt: skip
        until, began = cursor.fetchone() or (None, None)
    if until is None:  # nothing is counted yet, or the environment is gone
        _forget(notes)
        return
    counts = of_month(environment_id, month, until)
    with transaction.atomic(), connection.cursor() as cursor:
        mark = _lock(environment_id)
        if mark is None:
            _forget(notes)
            return
        if month == OF_PEOPLE:
            cursor.execute("update catalogue_marks set people_at = %s where environment_id = %s",
                           [began, environment_id])  # fmt: skip
        elif mark > until:
            add_of_month(counts, environment_id, month, until, mark)
        cursor.execute(OF_BEFORE, [environment_id, month, began if month == OF_PEOPLE else mark])
        cursor.execute("delete from catalogue_left_out where environment_id = %s and month = %s",
                       [environment_id, month])  # fmt: skip
        _remove_unused(environment_id)
        _add(environment_id, counts, month)
        if make_room(environment_id):
            _remove_unused(environment_id)
        _forget(notes)


def note(environment_id: int, month: date) -> None:
    """Note that this month of the environment, or its people, have lost something."""
    with connection.cursor() as cursor:
        cursor.execute("insert into catalogue_gone (environment_id, month) values (%s, %s)", [environment_id, month])


def _lock(environment_id: int) -> datetime | None:
    """Nobody else counts this environment until the transaction ends. Returns its mark."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [environment_id])
        row = cursor.fetchone()
        return row[0] if row else None


def _forget(notes: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from catalogue_gone where id = any(%s)", [list(notes)])


def _add(environment_id: int, counts: CountedRows, month: date) -> None:
    """Add what was counted. `month` is where it is noted what was too much to be told apart."""
    left: list[tuple[int, date, int, int]] = []
    with connection.cursor() as cursor:
        if counts:
            cursor.execute(ADD, {"rows": counts.as_json(), **BOUNDS})
            left = cursor.fetchall()
        if counts.left_events or counts.left_values:
            left.append((environment_id, month, counts.left_events, counts.left_values))
        cursor.executemany(LEFT_OUT, left)


def _remove_unused(environment_id: int) -> None:
    """Remove names that no event has any more."""
    with connection.cursor() as cursor:
        for statement in UNUSED:
            cursor.execute(statement, {"environment": environment_id})
