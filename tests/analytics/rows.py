"""Rows as the collector writes them."""

import json
from datetime import datetime, timedelta
from itertools import count

from django.db import connection
from django.utils import timezone

from events.records import ROBOT

_numbers = count(1)


def add_event(environment, *, ago: timedelta = timedelta(), at: datetime | None = None, actor_id=1, **columns) -> int:
    """Write one event, by default the custom event "Signed up". Returns its id."""
    if "kind" not in columns:
        columns = {"kind": "custom", "name": "Signed up"} | columns
    columns["properties"] = json.dumps(columns.get("properties", {}))
    columns |= {"environment_id": environment.pk, "actor_id": actor_id, "time": at or timezone.now() - ago}
    columns.setdefault("id", next(_numbers) - (10**6 if columns.get("device") == ROBOT else 0))
    names = ", ".join(columns)
    holes = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.execute(f"insert into events ({names}) values ({holes})", list(columns.values()))
    return columns["id"]


def add_person(
    environment, actor_id, *, identity=None, properties=None, first=None, last=None, seen=True, is_robot=False
) -> None:
    """With `seen` off, a person who has properties alone."""
    now = timezone.now()
    first, last = (first or last or now, last or now) if seen else (None, None)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into people (environment_id, actor_id, identity, properties, first_seen_at, last_seen_at,"
            " is_robot) values (%s, %s, %s, %s, %s, %s, %s)",
            [environment.pk, actor_id, identity, json.dumps(properties or {}), first, last, is_robot],
        )


def merge(environment, from_actor, to_actor) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into merges (environment_id, from_actor, to_actor, at) values (%s, %s, %s, now())",
            [environment.pk, from_actor, to_actor],
        )
