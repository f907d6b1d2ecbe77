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
