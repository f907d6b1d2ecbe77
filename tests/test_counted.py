"""Numbers with their nouns: "1 event" and "2 events", on every page, made in one way."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from common.counted import counted
from tests.access_table import TABLE
from tests.analytics.factories import DefinitionFactory
from tests.analytics.rows import add_event
from tests.world import make_world

ROOT = Path(settings.BASE_DIR)
NOUNS = [
    "accounts",
    "addresses",
    "characters",
    "codes",
    "conditions",
    "copies",
    "days",
    "definitions",
    "environments",
    "events",
    "exports",
    "fields",
    "hours",
    "identities",
    "invitations",
    "keys",
    "members",
    "messages",
    "minutes",
    "months",
    "names",
    "pageviews",
    "people",
    "projects",
    "properties",
    "reports",
    "requests",
    "rows",
    "rules",
    "seconds",
    "segments",
    "sessions",
    "steps",
    "teammates",
    "texts",
    "tiles",
    "times",
    "users",
    "visitors",
    "visits",
    "weeks",
    "years",
]
COUNTING = {"event": "event:Signed up", "days": "1"}
WRONG = re.compile(rf"(?<![\d.,:/–-])\b1 (?:[a-z]+ )?({'|'.join(NOUNS)})\b")


@pytest.mark.parametrize(
    ("number", "one", "words"),
    [
        (0, "event", "0 events"),
        (1, "event", "1 event"),
        (1200, "event", "1,200 events"),
        (1, "person", "1 person"),
        (2, "person", "2 people"),
        (2, "property", "2 properties"),
        (2, "key", "2 keys"),
        (2, "IPv4 address", "2 IPv4 addresses"),
        (2, "open invitation", "2 open invitations"),
        ("over 1,000,000", "event", "over 1,000,000 events"),
        ("1", "day", "1 day"),
    ],
)
def test_a_noun_follows_its_number(number, one, words):
    assert counted(number, one) == words


def test_no_template_makes_a_plural_of_its_own():
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / "templates").rglob("*.*"))
        for line in path.read_text().splitlines()
        if "|pluralize" in line or re.search(rf"(count|length|number)[^}}]*\}}\}} ({'|'.join(NOUNS)})\b", line)
    ]

    assert found == []


@pytest.mark.django_db
def test_no_page_says_1_events_where_there_is_one_of_everything():
    world = make_world()
    environment = world.account.projects.get().environments.get()
    add_event(environment, actor_id=world.ids["actor_id"], session_id=1, properties={"plan": "team"})
    add_event(environment, actor_id=world.ids["actor_id"], session_id=1, kind="pageview", path="/")
    DefinitionFactory(environment=environment, lineage=uuid4())
    environment.collected_hours.create(
        hour=timezone.now().replace(minute=0, second=0, microsecond=0), outcome="accepted",
        requests=1, events=1, robots=1, last_at=timezone.now(), last_seconds=0, slowest_seconds=0,
        properties_left_out=1, texts_cut=1, identities_ignored=1, protobufs_refused=1,
    )  # fmt: skip
    browser = world.client("full")
    queries = {
        "analytics:graph": [COUNTING, *(COUNTING | {"counts": each} for each in ("users", "sessions"))],
        "analytics:funnel": [{"step.0.event": "builtin:pageview", "step.1.event": "event:Signed up"}],
    }

    wrong = []
    for name, (method, *_, full) in TABLE.items():
        for query in queries.get(name, [{}]) if method == "get" and full == 200 else []:
            response = browser.get(world.url(name), query)
            if response.streaming or "text" not in response.get("Content-Type", ""):
                continue
            text = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
            text = re.sub(r"<[^>]+?(?:title|aria-label)=\"([^\"]*)\"[^>]*>", r" \1 ", text)
            text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
            wrong += [f"{name}: {found[0]}" for found in WRONG.finditer(text)]

    assert wrong == []
