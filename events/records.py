"""The records that the writers take, one type for each kind. Times are unix seconds.

The caller checks the values, because the writers do not (events/migrations/sql has the bounds). The SQL function
`collect` uses the same field names.
"""

from typing import NamedTuple

from msgspec import Struct, field

Scalar = str | int | float | bool | None
Properties = dict[str, Scalar]

ROBOT = "robot"  # the `device` of events that no person caused (common/crawlers.py)


class EventRecord(Struct, omit_defaults=True, kw_only=True):
    """One event. This is the one list of its columns (events/columns.py), in the order in which people read them.

    `actor_id` comes from events/identity.py. If it is negative, `identity` is given too.
    `key` is `key_digest` of an idempotency key: of all events with the same key within 7 days, the first is stored.
    `id` is given by imports alone (events/imports.py); any other event gets the next one.
    """

    environment_id: int
    time: float
    id: int | None = None
    actor_id: int
    identity: str | None = None
    key: str | None = None
    session_id: int | None = None
    pageview_id: int | None = None
    kind: str = "custom"
    name: str = ""
    long_name: str | None = None  # filled in by the writers (events/names.py)
    domain: str | None = None
    path: str | None = None
    query: str | None = None
    hash: str | None = None
    title: str | None = None
    referrer: str | None = None
    target_tag: str | None = None
    target_text: str | None = None
    target_href: str | None = None
    target_id: str | None = None
    target_class: str | None = None
    target_hierarchy: str | None = None
    platform: str | None = None
    browser: str | None = None
    os: str | None = None
    device: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None
    properties: Properties = field(default_factory=dict)


class PersonChange(Struct, omit_defaults=True, kw_only=True):
    """Sets properties of a person. Creates the person if they are new; the last value of a property stays.

    If the visitor has been identified, the properties go to that identity.
    """

    environment_id: int
    actor_id: int
    at: float
    identity: str | None = None
    properties: Properties = field(default_factory=dict)


class Identified(Struct, omit_defaults=True, kw_only=True):
    """Merges `visitor`, with their past, into `actor_id`, unless the visitor already belongs to another identity."""

    environment_id: int
    visitor: int
    actor_id: int
    identity: str
    at: float


class CustomerChange(Struct, omit_defaults=True, kw_only=True):
    """Sets properties of a customer of the account that collects; the last value of a property stays."""

    environment_id: int
    account_id: str
    at: float
    properties: Properties = field(default_factory=dict)


Record = EventRecord | PersonChange | Identified | CustomerChange


class Stored(NamedTuple):
    """What a request learns about its records, all of which are stored."""

    repeats: int = 0  # of its events had come before
    left_out: int = 0  # of its properties: the person or customer has as many as they may
