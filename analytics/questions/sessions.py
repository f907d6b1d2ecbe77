"""The rule by which events make sessions: the same for browsers, servers and every page. Pure."""

from datetime import timedelta

from analytics.questions.query import SESSION, Counts, Query

SESSION_GAP = timedelta(minutes=30)  # after so long a silence, the next event begins a new session
SESSION_RULE = "A session ends after 30 minutes without an event."


def counts_sessions(query: Query) -> bool:
    """Whether the answer has numbers of sessions, so that it should say what one is."""
    asked = (name.rpartition(".")[2] == "counts" and value == Counts.SESSIONS for name, value in query.parameters())
    return SESSION in query.events() or any(asked)
