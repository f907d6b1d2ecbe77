"""The errors of a query that got no answer. `message` is for people."""


class QueryFailed(Exception):
    """The question was valid, but the answer did not come."""

    message = "The query failed."


class QueryTimeout(QueryFailed):
    message = (
        "The query took too long and was stopped. Narrow it down: take a shorter range, a named event instead of any, "
        "fewer steps, or no grouping."
    )


class QueryCancelled(QueryFailed):
    message = "The query was cancelled."


class QueryBusy(QueryTimeout):
    """So many run already that this one was not begun (analytics/store/places.py)."""

    message = "Other questions are still running. Ask again when one of them has its answer."


class QueryDisturbed(QueryFailed):
    """The server that answered could not go on; at once it, or another one, may be able to."""

    message = "The replica of the database broke this question off: it could not keep what it read. Ask again."


class QueryLocked(QueryFailed):
    message = "The events are locked by maintenance of the database at the moment. Ask again in a while."


PASSING = (QueryBusy, QueryDisturbed, QueryLocked)
"""They say nothing about the question: it may be answered in a minute. For what asks when nobody waits."""
