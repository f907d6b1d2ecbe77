"""No request keeps a worker busy for long, whatever it holds: meanwhile nobody else is answered."""

import gzip
import json
import time
from contextlib import contextmanager

from collector.counts.excluded import RecentlyExcluded
from collector.protocol import answers
from tests.collector.asking import APP_ID, EXCLUDED, JSON, ask, track

MOST_SECONDS = 0.3  # of a processor. Each of these took between one second and an hour.
EMPTY_MEMBER = gzip.compress(b"", mtime=0)


@contextmanager
def quickly():
    began = time.thread_time()
    yield
    assert time.thread_time() - began < MOST_SECONDS


def test_a_time_of_thousands_of_blanks():
    with quickly():
        assert track(timestamp="x" + " " * 20_000 + "y").answer.status == 400


def test_a_time_of_thousands_of_blanks_from_an_app():
    message = {"envId": APP_ID, "user": {"id": "1"}, "timestamp": "x" + " " * 20_000 + "y"}

    with quickly():
        assert ask("/api/integrations/ios/track", {"messages": [message]}).answer.status == 400


def test_a_gzip_body_of_thousands_of_empty_members():
    event = json.dumps({"app_id": APP_ID, "event": "E", "identity": "ann"}).encode()
    body = EMPTY_MEMBER * 50_000 + gzip.compress(event)

    with quickly():
        decision = ask("/api/track", body, headers=JSON | {b"content-encoding": b"gzip"})

    assert decision.records[0].name == "E"


def test_thousands_of_keys_from_an_excluded_address():
    recently = RecentlyExcluded(3)
    for first in (0, 35_000, 70_000):
        events = [{"idempotency_key": first + number} for number in range(35_000)]
        decision = ask("/api/track", {"app_id": APP_ID, "events": events}, client=EXCLUDED)

        assert decision.answer == answers.OK_DROPPED
        with quickly():
            assert recently.once(decision).weight == 35_000

    events = [{"idempotency_key": number} for number in (104_996, 104_997, 104_998, 104_999)]
    assert recently.once(ask("/api/track", {"app_id": APP_ID, "events": events}, client=EXCLUDED)).weight == 1
