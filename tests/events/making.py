"""Records with the least that is valid, and what the tables then hold."""

import json
import time

from django.db import connection

from events.identity import actor_of, key_digest
from events.records import CustomerChange, EventRecord, Identified, PersonChange

ENVIRONMENT = 7


def who(name_or_number, environment_id=ENVIRONMENT):
    """actor_id and identity: a text is an identity, a number a visitor."""
    if isinstance(name_or_number, str):
        return {"actor_id": actor_of(environment_id, name_or_number), "identity": name_or_number}
    return {"actor_id": name_or_number}


def event(actor="ann", name="Order", key=None, environment_id=ENVIRONMENT, **fields):
    digest = None if key is None else key_digest(environment_id, key)
    given = {"environment_id": environment_id, "time": time.time(), "name": name, "key": digest}
    return EventRecord(**given | who(actor, environment_id) | fields)


def change(actor="ann", environment_id=ENVIRONMENT, **properties):
    return PersonChange(
        environment_id=environment_id, at=time.time(), properties=properties, **who(actor, environment_id)
    )


def identified(visitor, name, environment_id=ENVIRONMENT):
    return Identified(environment_id=environment_id, visitor=visitor, at=time.time(), **who(name, environment_id))


def customer(account_id="acme", environment_id=ENVIRONMENT, **properties):
    return CustomerChange(environment_id=environment_id, account_id=account_id, at=time.time(), properties=properties)


def rows(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def people():
    """{actor: properties}"""
    return {actor: json.loads(properties) for actor, properties in rows("select actor_id, properties from people")}


def seen():
    """{actor: when they were first and last seen}"""
    moments = ", ".join(f"extract(epoch from {column})::float8" for column in ("first_seen_at", "last_seen_at"))
    found = rows(f"select actor_id, {moments} from people")
    return {actor: (first, last) for actor, first, last in found}


def merges():
    return dict(rows("select from_actor, to_actor from merges"))


def events():
    """(actor, name), in the order in which they were stored."""
    return rows("select actor_id, name from events order by id")
