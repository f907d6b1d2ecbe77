"""What is noted of each question: how it ended and how long it took, and a line in the log if that was long."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from prometheus_client import Counter, Histogram

from accounts.current_request import current_person
from analytics.questions.conditions import BadQuery
from analytics.questions.query import Query
from analytics.store.failures import QueryBusy, QueryCancelled, QueryDisturbed, QueryLocked, QueryTimeout
from analytics.store.protocol import TIME_LIMIT
from common.metrics import REGISTRY, SECONDS

log = logging.getLogger(__name__)

questions = Counter("heapadmin_questions", "Questions about the data.", ["kind", "outcome"], registry=REGISTRY)
question_seconds = Histogram(
    "heapadmin_question_seconds", "How long a question took.", ["kind"], buckets=SECONDS, registry=REGISTRY
)

ANSWERED, PUT_OFF, FAILED = "answered", "put_off", "failed"
OUTCOMES = {  # the first that fits
    QueryBusy: "busy",
    QueryTimeout: "too_slow",
    QueryCancelled: "cancelled",
    QueryLocked: "locked",
    QueryDisturbed: "disturbed",
    BadQuery: "bad",
}


@contextmanager
def watched(query: Query[Any], limit: timedelta) -> Iterator[None]:
    """Runs a question within. A shorter limit than the usual one puts it off, and the page asks again."""
    began = time.monotonic()
    outcome = ANSWERED
    try:
        yield
    except Exception as error:
        outcome = next((name for kind, name in OUTCOMES.items() if isinstance(error, kind)), FAILED)
        if outcome == OUTCOMES[QueryTimeout] and limit < TIME_LIMIT:
            outcome = PUT_OFF
        raise
    finally:
        seconds = time.monotonic() - began
        questions.labels(query.kind, outcome).inc()
        question_seconds.labels(query.kind).observe(seconds)
        if seconds >= settings.SLOW_QUESTION_SECONDS:
            _tell(query, outcome, seconds)


def _tell(query: Query[Any], outcome: str, seconds: float) -> None:
    """Who asked for what, without the values of conditions, which may be personal."""
    fields = {
        "kind": query.kind,
        "environment_id": query.scope.environment_id,
        "user_id": current_person(),  # None for jobs
        "outcome": outcome,
        "seconds": round(seconds, 3),
        "range": query.range_words(),
        "events": ", ".join(str(event) for event in query.events()),
        "segments": ", ".join(str(segment) for segment in query.named_segments()),
        "conditions": len(list(query.where.every())),
    }
    told = ", ".join(f"{name} {value}" for name, value in fields.items() if value not in ("", None))
    who = (query.kind, query.scope.environment_id, fields["user_id"])
    log.warning("Slow question: %s", told, extra={"fields": fields, "apart": who})
