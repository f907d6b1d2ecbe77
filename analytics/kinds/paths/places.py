"""Where a node's people stand: "<steps>.<digest>.<which>", of the whole path, because nodes may be thousands.

steps    how many steps lead there
digest   of these steps (questions/behind.group_digest); "all" of none
which    "here", everybody who came there; "end", whose path ends there; "rest-<digest>-…", who went on, but on none of
         the paths with these digests, which are shown
"""

from collections.abc import Sequence

from analytics.questions.behind import ALL, REST, group_digest

HERE, ENDED, BETWEEN = "here", "end", "-"


def step_place(steps: Sequence[str]) -> str:
    return f"{_path(steps)}.{HERE}"


def end_place(steps: Sequence[str]) -> str:
    return f"{_path(steps)}.{ENDED}"


def rest_place(steps: Sequence[str], shown: Sequence[str]) -> str:
    """Of all next steps but the `shown` ones."""
    return f"{_path(steps)}.{BETWEEN.join([REST, *(group_digest([*steps, each]) for each in shown)])}"


def _path(steps: Sequence[str]) -> str:
    return f"{len(steps)}.{group_digest(steps) if steps else ALL}"
