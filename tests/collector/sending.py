"""Clients that send all the time and remember what was acknowledged."""

import http.client
import json
import threading
import time
from collections import Counter
from itertools import count
from uuid import uuid4

RETRY_SECONDS = 0.02
PATIENCE_SECONDS = 300  # without any acknowledgement; then the test fails


class Sender(threading.Thread):
    """Sends numbered events one after the other until `stop` is set.

    With `retrying` each has an idempotency key and is sent again until it is acknowledged, or until `given_up` is set;
    without, each is sent once.
    """

    def __init__(self, server, app_id, name, stop, given_up, *, retrying):
        super().__init__(daemon=True)
        self.server, self.app_id, self.label = server, app_id, name
        self.stop_event, self.given_up, self.retrying = stop, given_up, retrying
        self.acknowledged = []
        self.refused = []  # statuses that were not 200
        self.connection = None

    def run(self):
        for number in count():
            if self.stop_event.is_set():
                break
            event = f"{self.label}-{number}"
            while not self.send(event) and self.retrying and not self.given_up.is_set():
                time.sleep(RETRY_SECONDS)
        self.disconnect()

    def send(self, event):
        """Whether it was acknowledged."""
        payload = {"app_id": self.app_id, "event": event, "identity": self.label}
        if self.retrying:
            payload["idempotency_key"] = event
        status = self.post(json.dumps(payload))
        if status == 200:
            self.acknowledged.append(event)
        else:
            self.refused.append(status)
        return status == 200

    def post(self, body):
        """The status of the answer, None when there was none."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
            self.connection.request("POST", "/api/track", body, {"Content-Type": "application/json"})
            response = self.connection.getresponse()
            response.read()
            return response.status
        except (OSError, http.client.HTTPException):
            self.disconnect()
            return None

    def disconnect(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Load:
    """Several senders at once: `with Load(...) as load: do harm`. At the end, all of them have stopped."""

    def __init__(self, server, app_id, *, retrying, senders=8):
        self.server, self.retrying = server, retrying
        self.stop, self.given_up = threading.Event(), threading.Event()
        self.label = uuid4().hex  # begins the name of every event
        self.senders = [
            Sender(server, app_id, f"{self.label}-{number}", self.stop, self.given_up, retrying=retrying)
            for number in range(senders)
        ]

    def __enter__(self):
        for sender in self.senders:
            sender.start()
        return self

    def __exit__(self, failure, *_):
        """Wait until the last event of each is acknowledged, unless the test has failed."""
        self.stop.set()
        try:
            if failure is None:
                self._wait_until(lambda: not any(sender.is_alive() for sender in self.senders))
        finally:
            self.given_up.set()
            for sender in self.senders:
                sender.join()

    @property
    def acknowledged(self):
        return [event for sender in self.senders for event in sender.acknowledged]

    @property
    def refused(self):
        return {status for sender in self.senders for status in sender.refused}

    def wait_for_more(self, events):
        """Wait until so many more events are acknowledged."""
        goal = len(self.acknowledged) + events
        self._wait_until(lambda: len(self.acknowledged) >= goal)

    def _wait_until(self, what):
        """Wait as long as events are acknowledged from time to time."""
        known, since = len(self.acknowledged), time.monotonic()
        while not what():
            if len(self.acknowledged) > known:
                known, since = len(self.acknowledged), time.monotonic()
            assert time.monotonic() - since < PATIENCE_SECONDS, "nothing is acknowledged any more"
            time.sleep(0.01)

    def stored(self, environment):
        """How often each event is in the database."""
        names = Counter(name for (name,) in self.server.events(environment))
        return Counter({name: count for name, count in names.items() if name.startswith(self.label)})

    def check(self, environment):
        """Check that every acknowledged event is stored; with keys and retries, exactly once and no other."""
        there = self.stored(environment)
        assert not set(self.acknowledged) - set(there)
        if self.retrying:
            assert set(there.values()) == {1}
            assert set(there) == set(self.acknowledged)
