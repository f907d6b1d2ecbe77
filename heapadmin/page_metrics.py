"""Metrics of pages: how many requests each view answered, how, and how long that took."""

from prometheus_client import Counter, Histogram

from common.metrics import REGISTRY, SECONDS
from common.request_ids import RequestNote

OTHER = "other"  # a path that leads to no view: static files, and what somebody tries
GONE = "gone"  # the client went away before there was an answer

_requests = Counter("heapadmin_page_requests", "Requests for pages.", ["view", "status"], registry=REGISTRY)
_seconds = Histogram(
    "heapadmin_page_seconds", "How long a page took, waiting for its turn included.", ["view"], buckets=SECONDS,
    registry=REGISTRY,
)  # fmt: skip


def observe(note: RequestNote, status: int, seconds: float) -> None:
    """`status` is 0 if nothing was answered."""
    view = note.view or OTHER
    _requests.labels(view, str(status) if status else GONE).inc()
    _seconds.labels(view).observe(seconds)
