"""Clients that send without rest, and remember what was acknowledged."""

import http.client
import json
import threading
import time
from itertools import count
from uuid import uuid4

RETRY_SECONDS = 0.02


class Sender(threading.Thread):
    """Sends numbered events one after the other until `stop` is set.

    With `retrying` each has an idempotency key and is sent again until it is acknowledged; without, each is sent once.
    """

    def __init__(self, server, app_id, name, stop, *, retrying, deadline_seconds=60):
        super().__init__(daemon=True)
        self.server, self.app_id, self.label = server, app_id, name
        self.stop_event, self.retrying = stop, retrying
        self.deadline = time.monotonic() + deadline_seconds
        self.acknowledged = []
        self.refused = []  # statuses that were not 200
        self.connection = None

    def run(self):
        for number in count():
            if self.stop_event.is_set():
                break
            event = f"{self.label}-{number}"
            while not self.send(event) and self.retrying and time.monotonic() < self.deadline:
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
    """Several senders at once: `with Load(...) as load: do harm`; afterwards all have ended."""

    def __init__(self, server, app_id, *, retrying, senders=8, deadline_seconds=60):
        self.stop = threading.Event()
        self.label = uuid4().hex  # begins the name of every event
        self.senders = [
            Sender(server, app_id, f"{self.label}-{n}", self.stop, retrying=retrying, deadline_seconds=deadline_seconds)
            for n in range(senders)
        ]

    def __enter__(self):
        for sender in self.senders:
            sender.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for sender in self.senders:
            sender.join()

    @property
    def acknowledged(self):
        return [event for sender in self.senders for event in sender.acknowledged]

    @property
    def refused(self):
        return {status for sender in self.senders for status in sender.refused}

    def wait_for_more(self, events, seconds=60):
        """Until so many more were acknowledged."""
        goal = len(self.acknowledged) + events
        deadline = time.monotonic() + seconds
        while len(self.acknowledged) < goal:
            assert time.monotonic() < deadline, "nothing is acknowledged any more"
            time.sleep(0.01)
