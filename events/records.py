"""What is written: one type per thing that can be told of an environment. Times are unix seconds.

Whoever makes a record has checked it: PostgreSQL takes it as it is (events/migrations/sql has the bounds).
Field names are those of the SQL function `collect`.
"""

from msgspec import Struct, field

Scalar = str | int | float | bool | None
Properties = dict[str, Scalar]


class EventRecord(Struct, omit_defaults=True, kw_only=True):
    """One event. This is the one list of its columns (events/columns.py), in the order in which people read them.

    `actor_id` comes from events/identity.py; `identity` goes with it when it is negative.
    `key` is `key_digest` of an idempotency key: of several events with one key in 7 days only the first is stored.
    """

    environment_id: int
    time: float
    actor_id: int
    identity: str | None = None
    key: str | None = None
    session_id: int | None = None
    pageview_id: int | None = None
    kind: str = "custom"
    name: str = ""
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
    """Properties set for a person, who is made when unknown; the last value of a property stays.

    For a visitor who has become somebody they go to that identity.
    """

    environment_id: int
    actor_id: int
    at: float
    identity: str | None = None
    properties: Properties = field(default_factory=dict)


class Identified(Struct, omit_defaults=True, kw_only=True):
    """A visitor became somebody: everything of `visitor`, past included, is `actor_id`'s, unless he was another's."""

    environment_id: int
    visitor: int
    actor_id: int
    identity: str
    at: float


class CustomerChange(Struct, omit_defaults=True, kw_only=True):
    """Properties set for a customer of the one who collects; the last value of a property stays."""

    environment_id: int
    account_id: str
    at: float
    properties: Properties = field(default_factory=dict)


Record = EventRecord | PersonChange | Identified | CustomerChange
