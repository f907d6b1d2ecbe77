"""The metrics for Prometheus: of this process, or summed over all workers of its group (heapadmin/gunicorn_conf.py).

Requests are added every few seconds (tally.py) and commits one by one, so a request updates no metric itself. No label
names an account or an environment; the Collection page shows those numbers.
"""

import hmac
import platform
from collections.abc import Mapping

from django.conf import settings
from prometheus_client import Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from collector.protocol import answers
from collector.protocol.answers import Answer
from common import metrics_files, metrics_folder
from common.metrics import REGISTRY, SCRAPED
from events.writer import WriterWatch

PATH = "/metrics"

requests = Counter("heapadmin_requests", "Requests to collect.", ["endpoint", "outcome"], registry=REGISTRY)
events = Counter(
    "heapadmin_events", "Events, people and customers in those requests; accepted ones are stored.", ["outcome"],
    registry=REGISTRY,
)  # fmt: skip
left_out = Counter(
    "heapadmin_properties_left_out", "Properties that there was no room for, in requests that were accepted.",
    registry=REGISTRY,
)  # fmt: skip
_commit_seconds = Histogram(
    "heapadmin_commit_seconds", "How long the commit of a batch took.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10), registry=REGISTRY,
)  # fmt: skip
_batch_records = Histogram(
    "heapadmin_batch_records", "Records in a batch that was committed.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000), registry=REGISTRY,
)  # fmt: skip
_commit_failures = Counter("heapadmin_commit_failures", "Batches that could not be committed.", registry=REGISTRY)
_records_waiting = Gauge(
    "heapadmin_records_waiting", "Records that wait for a commit.", multiprocess_mode="livesum", registry=REGISTRY
)
_held_up = Gauge(
    "heapadmin_held_up", "Environments that are committed alone because rows of theirs are locked.",
    multiprocess_mode="livesum", registry=REGISTRY,
)  # fmt: skip
_build_info = Gauge(
    "heapadmin_build_info", "Which version this is.", ["version", "python"],
    multiprocess_mode="livemax", registry=REGISTRY,
)  # fmt: skip
_build_info.labels(settings.VERSION, platform.python_version()).set(1)


class Commits(WriterWatch):
    """Measures the batch writer."""

    def committed(self, records: int, seconds: float) -> None:
        _commit_seconds.observe(seconds)
        _batch_records.observe(records)

    def failed(self) -> None:
        _commit_failures.inc()

    def waiting(self, records: int) -> None:
        _records_waiting.set(records)

    def held_up(self, environments: int) -> None:
        _held_up.set(environments)


def scrape(method: str, headers: Mapping[bytes, bytes]) -> Answer:
    """All metrics as text, for requests with METRICS_TOKEN. 404 for all others, and while no token is set."""
    if not _is_allowed(headers.get(b"authorization", b"")):
        return answers.NOT_FOUND
    if method not in ("GET", "HEAD"):
        return answers.wrong_method("GET")
    body = _text()
    head = ((b"content-type", CONTENT_TYPE_LATEST.encode()), (b"content-length", b"%d" % len(body)))
    return Answer(200, body if method == "GET" else b"", (*head, *answers.NO_STORE))


def _text() -> bytes:
    """The metrics of this process, or of all workers of the group if they write into a shared folder."""
    metrics_folder.forget_gauges_of_dead()
    folder = metrics_folder.in_use()
    counted = generate_latest(REGISTRY) if folder is None else metrics_files.text(folder)
    return counted + generate_latest(SCRAPED)


def _is_allowed(authorization: bytes) -> bool:
    scheme, _, given = authorization.partition(b" ")
    token = settings.METRICS_TOKEN.encode()
    return bool(token) and scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), token)
