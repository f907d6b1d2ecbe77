"""What the catalogue has, the same in plain loops, and letting time pass for it."""

import json
import re
from collections import defaultdict
from datetime import date, timedelta

from django.utils import timezone

from common.numbers import NUMBER
from events.catalogue import counting
from events.catalogue.rows import OF_PEOPLE
from tests.events.making import rows

CATALOGUE = """
select n.kind, n.name, k.key, c.month, c.events, c.numbers, c.texts, c.booleans, c.first_at, c.last_at
  from catalogue_counts c join catalogue_names n on n.id = c.name_id left join catalogue_keys k on k.id = c.key_id
 where c.environment_id = %s
"""
NAMES = "select kind, name from catalogue_names where environment_id = %s order by 1, 2"
KEYS = "select key from catalogue_keys where environment_id = %s order by 1"


def found(environment):
    return {row[:4]: row[4:] for row in rows(CATALOGUE, environment.pk)}


def naive(environment):
    """The same from all events and people, in plain loops."""
    counted = defaultdict(list)
    for kind, name, time, properties in rows(
        "select kind, name, time, properties from events where environment_id = %s", environment.pk
    ):
        month = date(time.year, time.month, 1)
        counted[kind, name, None, month].append((None, time, time))
        for key, value in _read(properties).items():
            counted[kind, name, key, month].append((value, time, time))
    for properties, first, last in rows(
        "select properties, first_seen_at, last_seen_at from people where environment_id = %s", environment.pk
    ):
        counted["person", "", None, OF_PEOPLE].append((None, first, last))
        for key, value in _read(properties).items():
            counted["person", "", key, OF_PEOPLE].append((value, first, last))
    return {key: _summed(key, values) for key, values in counted.items()}


def _read(properties):
    return json.loads(properties)


def _summed(key, found_values):
    values = [value for value, _, _ in found_values]
    numbers = sum(is_number(value) for value in values)
    booleans = sum(isinstance(value, bool) for value in values)
    texts = sum(isinstance(value, str) and not is_number(value) for value in values)
    times = [time for _, first, last in found_values for time in (first, last) if time is not None]
    return (len(values), numbers, texts, booleans, min(times, default=None), max(times, default=None))


def is_number(value):
    if isinstance(value, str):
        return re.fullmatch(NUMBER, value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def settle(environment, until=None):
    """Count all that has arrived, and what was noted, as the job does when time has passed."""
    later = timezone.now() + timedelta(days=2)  # so that people, who are counted daily, are due
    rows("update catalogue_marks set people_at = people_at - interval '2 days' returning 1")
    counting.count(environment.pk, max(later, until or later))
    for environment_id, month in counting.noted(later):
        counting.recount(environment_id, month)


def arrived(environment, at):
    """Give all events that came in this transaction a moment at which they arrived."""
    rows("update events set received_at = %s where environment_id = %s and received_at = now() returning 1",
         at, environment.pk)  # fmt: skip
