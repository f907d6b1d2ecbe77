"""What one process has stored within the last second, for the catalogue: it is there before anybody counts.

Nothing is remembered for longer, so whatever was deleted is announced again as soon as it comes back. What is lost, by
a kill or for want of room, is found when it is counted.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from itertools import islice

import msgspec
from django.db import connection

from common.periodic_writer import BoundStatement
from events.catalogue.rows import ADD, BOUNDS, OF_PEOPLE, PERSON, month_of
from events.names import stored_name
from events.records import EventRecord, PersonChange, Record

WRITE_SECONDS = 1.0
MOST_SHAPES = 500  # of one environment in one period; sites have some dozens
# Of one environment, in one period; the rest waits for the count. All environments are announced in one statement, and
# one that sends whatever it can must leave it short.
MOST_ROWS = 2_000
MOST_LETTERS = 500_000  # of the names in these
MOST_MONTHS = 6  # full ones are counted each time
MOST_LOOKED_AT = 20_000  # names, of which many may be the same

Shape = tuple[str, str, tuple[str, ...]]
"""Kind, name, names of properties."""
Shapes = dict[Shape, float]
"""When the first of them happened, in unix seconds."""

_encode = msgspec.json.Encoder().encode


class AnnouncedRow(msgspec.Struct):
    """A row for `add_to_catalogue`. Without a key it is the event itself."""

    environment_id: int
    kind: str
    name: str
    key: str | None
    month: date
    first_at: datetime
    last_at: datetime
    events: int = 0
    numbers: int = 0
    texts: int = 0
    booleans: int = 0


class Announcements:
    """The shapes that one process has stored and not announced yet, by environment."""

    def __init__(self) -> None:
        self._shapes: dict[int, Shapes] = {}

    def __bool__(self) -> bool:
        return bool(self._shapes)

    def note(self, records: Iterable[Record]) -> None:
        """Note records that are stored. Called for every request: well under a microsecond for each event."""
        for record in records:
            if type(record) is EventRecord:
                shape = (record.kind, record.name, tuple(record.properties))
                at = record.time
            elif type(record) is PersonChange and record.properties:
                shape = (PERSON, "", tuple(record.properties))
                at = record.at
            else:
                continue
            found = self._shapes.get(record.environment_id)
            if found is None:
                found = self._shapes[record.environment_id] = {}
            if shape not in found and len(found) < MOST_SHAPES:
                found[shape] = at

    def take(self) -> Mapping[int, Shapes]:
        taken, self._shapes = self._shapes, {}
        return taken

    def give_back(self, taken: Mapping[int, Shapes]) -> None:
        """Keep them for the next time, beside what has come meanwhile."""
        for environment_id, shapes in taken.items():
            now = self._shapes.setdefault(environment_id, {})
            now.update(islice(shapes.items(), max(0, MOST_SHAPES - len(now))))

    def statement(self, taken: Mapping[int, Shapes]) -> BoundStatement:
        rows = [row for environment_id, shapes in sorted(taken.items()) for row in _rows(environment_id, shapes)]
        return BoundStatement(ADD, {"rows": _encode(rows).decode(), **BOUNDS})


def announce(records: Iterable[Record]) -> None:
    """Announce what these records, which are stored, have, at once."""
    gathered = Announcements()
    gathered.note(records)
    with connection.cursor() as cursor:
        cursor.execute(*gathered.statement(gathered.take()))


def _rows(environment_id: int, shapes: Shapes) -> Iterable[AnnouncedRow]:
    """The rows of one environment, each once."""
    rows: dict[tuple[str, str, str | None, date], AnnouncedRow] = {}
    months: set[date] = set()
    looked_at = letters = 0
    for (kind, name, keys), seconds in shapes.items():
        if looked_at >= MOST_LOOKED_AT:
            break
        looked_at += 1 + len(keys)
        at = datetime.fromtimestamp(seconds, UTC)
        month = OF_PEOPLE if kind == PERSON else month_of(at)
        if month not in months and len(months) >= MOST_MONTHS:
            continue
        months.add(month)
        name = stored_name(name)
        for key in (None, *keys):
            place = (kind, name, key, month)
            if place not in rows and len(rows) < MOST_ROWS and letters < MOST_LETTERS:
                rows[place] = AnnouncedRow(environment_id, *place, at, at)
                letters += len(name) + len(key or "")
    return rows.values()
