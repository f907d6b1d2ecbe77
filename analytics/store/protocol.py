"""What a store of events does: everything that is read of `events`, `people` and `merges`.

What is written, deleted and kept in shape is not here: events are always accepted by PostgreSQL (`events/`).
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Protocol

from projects.registry import Usage


class Ask(Protocol):
    """Runs one statement of a question (text from analytics/sql, its parameters) and returns all rows."""

    def __call__(self, sql: str, parameters: dict[str, Any], /) -> list[tuple[Any, ...]]: ...


class EventStore(Protocol):
    """Each operation raises QueryTimeout when it takes longer than its limit."""

    def asking(self, environment_id: int, *, token: str, limit: timedelta) -> AbstractContextManager[Ask]:
        """Statements that see the same data and end together after `limit`; with a `token` they can be cancelled.

        Raises QueryTimeout and QueryCancelled.
        """
        ...

    def cancel(self, environment_id: int, token: str) -> bool:
        """Stop the statements of this environment that have this token; whether any were running."""
        ...

    def usage(self, environment_ids: Sequence[int]) -> dict[int, Usage]:
        """By environment, without those that nothing ever arrived at. However many they are, as many statements."""
        ...
