"""Questions in words: "Unique users of Signed up by plan, last 30 days"."""

from analytics.definitions.catalogue import Catalogue
from analytics.questions.query import Counts, Funnel, Graph, Query, Retention, Users
from analytics.questions.spans import Span

COUNTED = {
    Counts.EVENTS: "Count of",
    Counts.USERS: "Unique users of",
    Counts.SESSIONS: "Sessions with",
    Counts.PER_USER: "Count per user of",
}
KINDS = {"graph": "Graph", "funnel": "Funnel", "retention": "Retention", "users": "Users"}


def query_words(query: Query, catalogue: Catalogue) -> str:
    """One line that names the question, without its range."""
    name = catalogue.event_label
    match query:
        case Graph():
            words = f"{COUNTED[query.counts]} {name(query.event)}"
            return words + (f" by {query.by.label}" if query.by else "")
        case Funnel():
            return " → ".join(name(step.event) for step in query.steps)
        case Retention():
            return f"{name(query.start.event)}, then {name(query.returning.event)}, by {query.unit}"
        case Users():
            return "People by last activity"


def span_words(span: Span) -> str:
    """ "last 30 days", or "1 Mar 2026 to 31 Mar 2026"."""
    if span.days is not None:
        return "today" if span.days == 1 else f"last {span.days:,} days"
    return " to ".join(f"{day.day} {day:%b %Y}" for day in (span.first, span.last) if day)
