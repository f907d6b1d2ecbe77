"""Made-up events of a shop, so that a new installation has something to look at."""

from datetime import UTC, datetime, timedelta

from django.db import connection

from accounts.models import User
from events.blocking_writer import store
from events.catalogue.announcements import announce
from heapadmin.sample import questions
from heapadmin.sample.shop import Shop
from projects.models import Environment

DAYS = 90
BATCH = 2000  # records for each transaction


def fill(environment: Environment, by: User, now: datetime | None = None) -> int:
    """Write the last 90 days of a made-up shop into `environment`; returns the number of events.

    The same environment at the same moment always gets the same events. If the environment has no definitions yet,
    definitions, segments and reports about the shop are created, with `by` as their author.
    """
    end = now or datetime.now(UTC)
    shop = Shop(environment.pk, seed=int(environment.app_id))
    with connection.cursor() as cursor:
        cursor.execute("SELECT ensure_event_partitions(%s, %s)", [(end - timedelta(days=DAYS)).date(), end.date()])
    records = shop.days(end, DAYS)
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        store(batch)
        announce(batch)
    if not environment.definitions.exists():
        questions.ask(environment, by)
    return shop.events_made
